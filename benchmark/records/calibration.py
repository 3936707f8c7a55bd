"""Calibration before and after temperature scaling (Guo et al. 2017), from the scores that a record holds."""

from collections.abc import Mapping

import numpy as np

from benchmark.files import Json
from benchmark.records.metrics import Predictions, metric_function
from benchmark.records.record import Record

HOTTEST = 1000.0  # temperatures sought: 1/1000 to 1000
METRICS = ("ece", "nll")


def temperature(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """The T > 0 at which softmax(scores / T) has the least mean negative log-likelihood.

    The likelihood is concave in b = 1/T, so its slope, mean(score of the label - expected score under b), has one root
    (scipy `brentq`).

    Args:
        labels: integer (N,); scores: finite (N, K).

    Returns:
        None where no T in [1/1000, 1000] is best: every answer right, or scores that say nothing.

    Raises:
        BadInput: as `benchmark.records.metrics.Predictions`.
    """
    from scipy.optimize import brentq

    checked = Predictions(labels, scores)
    z = checked.scores - checked.scores.max(axis=1, keepdims=True)
    of_label = z[np.arange(checked.n), checked.labels].mean()

    def slope(log_b: float) -> float:
        weights = np.exp(np.exp(log_b) * z)
        return float(of_label - ((weights * z).sum(axis=1) / weights.sum(axis=1)).mean())

    end = float(np.log(HOTTEST))
    if slope(-end) <= 0 or slope(end) >= 0:
        return None
    return float(np.exp(-brentq(slope, -end, end, xtol=1e-6)))


def calibration(record: Record) -> Mapping[str, Json] | None:
    """ECE and NLL of the test split as it is and after scaling by the temperature fitted on the validation split.

    Returns:
        {temperature, before: {ece, nll}, after: {ece, nll}}; temperature and after None where no temperature is best.
        None for records without such a figure: diverged, valence and arousal, named classes instead of scores, no
        validation split, folds (one temperature for the networks of all folds would have seen their test faces).
    """
    if record.diverged or record.hard or record.folds is not None or record["protocol"]["task"] != "categorical":
        return None
    if "validation_outputs_none" not in record.predictions:
        return None
    found = temperature(*record.outputs("validation"))
    labels, scores = record.outputs("test")
    before = {name: metric_function(name)(labels, scores) for name in METRICS}
    after = None
    if found is not None:
        scaled = scores.astype(np.float64) / found
        after = {name: metric_function(name)(labels, scaled) for name in METRICS}
    return {"temperature": found, "before": before, "after": after}
