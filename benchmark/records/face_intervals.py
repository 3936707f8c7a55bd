"""The interval of one network's score over the test faces: how far it depends on which faces were drawn."""

from benchmark.records import metrics
from benchmark.records.bootstrapping import bootstrap
from benchmark.records.intervals import Interval, accuracy_interval
from benchmark.records.record import Record

RESAMPLES = 2000


def interval_of(record: Record, metric: str, view: str = "none") -> Interval:
    """The value of a metric on a record's test faces with its 95 % interval over these faces.

    Accuracy has Wilson's interval, as in the leaderboard: it has a width even if all answers are right. The others have a
    percentile bootstrap interval (2,000 resamples, seed 0); low and high are None if a resample does not define the metric.

    Args:
        metric: a name in `benchmark.records.metrics.METRICS` of the record's task.
        view: test-time augmentation.

    Raises:
        BadInput: an unknown metric; one that is not defined on the faces themselves.
    """
    targets, outputs = record.outputs("test", view)
    if metric == "accuracy":
        return accuracy_interval(int((outputs.argmax(1) == targets).sum()), len(targets))
    return bootstrap(metrics.metric_function(metric), targets, outputs, RESAMPLES, seed=0)
