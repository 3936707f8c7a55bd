"""Calibration before and after temperature scaling (Guo et al. 2017), from the scores in a record."""

from collections.abc import Mapping

import numpy as np

from benchmark.files import Json
from benchmark.records.metrics import metric_function
from benchmark.records.predictions import Predictions
from benchmark.records.record import Record

HOTTEST = 1000.0  # the temperature is searched between 1/1000 and 1000
METRICS = ("ece", "nll")


def temperature(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """The temperature T > 0 at which softmax(scores / T) has the smallest mean negative log-likelihood.

    The log-likelihood is concave in b = 1/T. So its derivative, mean(score of the label - expected score under b), has one
    root (found by scipy's `brentq`).

    Args:
        labels: integer (N,); scores: finite (N, K).

    Returns:
        None if the best T is not in [1/1000, 1000]: every prediction is right, or the scores carry no information.

    Raises:
        BadInput: as `benchmark.records.predictions.Predictions`.
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
    """ECE and NLL of the test split, before and after scaling by the temperature fitted on the validation split.

    Returns:
        {temperature, before: {ece, nll}, after: {ece, nll}}; temperature and after are None if `temperature` finds none.
        None for records to which this does not apply: diverged; valence and arousal; class names instead of scores; no
        validation split; folds (a temperature fitted over all folds would have been fitted on the test faces too).
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
