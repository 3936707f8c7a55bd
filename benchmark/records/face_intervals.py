"""The interval of one network's score over the test faces: how far it depends on which faces were drawn."""

import numpy as np

from benchmark.records import metrics
from benchmark.records.bootstrapping import bootstrap, resampled_means
from benchmark.records.image_variance import OF_CONFUSION, confusion_columns, metric_of_means
from benchmark.records.intervals import Interval, accuracy_interval, quantile_level
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
    return resampled_interval(metric, targets, outputs)


def resampled_interval(metric: str, targets: np.ndarray, outputs: np.ndarray) -> Interval:
    """The value of a metric with its 95 % percentile bootstrap interval (2,000 resamples of the faces, seed 0).

    `benchmark.records.bootstrapping.bootstrap` gives the same for any metric, of the same resamples. Those of `OF_CONFUSION`
    are computed from the resampled confusion matrices all at once, in a fiftieth of the time.

    Args:
        metric: a name in `benchmark.records.metrics.METRICS`.
        targets, outputs: as for this metric, of at least 2 faces.

    Raises:
        BadInput: an unknown metric; fewer than 2 faces; one that is not defined on the faces themselves.
    """
    function = metrics.metric_function(metric)
    if metric not in OF_CONFUSION or len(targets) < 2:
        return bootstrap(function, targets, outputs, RESAMPLES, seed=0)
    value = function(targets, outputs)
    assert value is not None  # at least one class is present
    drawn = metric_of_means(metric, resampled_means(confusion_columns(targets, outputs), RESAMPLES, seed=0))
    upper = quantile_level(0.95)
    low, high = np.quantile(drawn, [1 - upper, upper]).tolist()
    return Interval(value, low, high, len(targets))
