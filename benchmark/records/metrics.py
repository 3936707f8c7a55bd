"""Metrics of predictions. Each has one function of `benchmark.records.definitions` and one entry of `METRICS`.

At module level only numpy is imported, and torch never. A metric that is not defined for the given data is None (JSON null),
never NaN.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.records import definitions
from benchmark.records.predictions import Predictions
from benchmark.records.selection_metric import DIMENSIONS, checked_dimensional, finite_or_none

SCORES = "scores"  # block of the categorical metrics that need scores: the predicted class alone does not determine them

OfColumns = Callable[[np.ndarray, np.ndarray], float | None]  # (targets, outputs) of one dimension -> value


class Metric(NamedTuple):
    """What a report needs to know about one scalar metric.

    Attributes:
        title: for table headers.
        unit: "%" (stored as a fraction, shown times 100), "nats" or "" (a number without a unit).
        direction: "higher" or "lower", whichever is better.
        source: where the definition comes from.
        task: "categorical" or "dimensional".
        function: computes the value from `Predictions`, or from checked float64 (N, 2) targets and outputs.
        block: the block of the results tables that shows it. Blocks are ordered by their first metric in `METRICS`.
    """

    title: str
    unit: str
    direction: str
    source: str
    task: str
    function: Callable[..., float | None]
    block: str


def _one(function: OfColumns, column: int, targets: np.ndarray, outputs: np.ndarray) -> float | None:
    return function(targets[:, column], outputs[:, column])


def _mean(function: OfColumns, targets: np.ndarray, outputs: np.ndarray) -> float | None:
    values = defined(_one(function, column, targets, outputs) for column in range(len(DIMENSIONS)))
    return None if values is None else float(np.mean(values))


def defined(values: Iterable[float | None]) -> list[float] | None:
    """The values of a metric, or None where it is not defined in one of them."""
    found: list[float] = []
    for value in values:
        if value is None:
            return None
        found.append(value)
    return found


# title, unit, direction, source, function, block
_CATEGORICAL: dict[str, tuple[str, str, str, str, Callable[[Predictions], float | None], str]] = {
    "accuracy": ("Accuracy", "%", "higher", "fraction of correct rows", definitions.accuracy, "recognition"),
    "balanced_accuracy": (
        "Balanced accuracy",
        "%",
        "higher",
        "Brodersen et al. 2010",
        definitions.balanced_accuracy,
        "recognition",
    ),
    "macro_f1": ("Macro F1", "%", "higher", "mean of the classes' F1", definitions.macro_f1, "recognition"),
    "weighted_f1": ("Weighted F1", "%", "higher", "the classes' F1 by support", definitions.weighted_f1, "recognition"),
    "macro_ppv": ("Macro PPV", "%", "higher", "mean of the classes' precision", definitions.macro_ppv, "recognition"),
    "kappa": ("Cohen's kappa", "", "higher", "Cohen 1960", definitions.kappa, "agreement"),
    "alpha": ("Krippendorff's alpha", "", "higher", "Krippendorff, nominal, two raters", definitions.alpha, "agreement"),
    "mcc": ("MCC", "", "higher", "Gorodkin 2004, R_K", definitions.mcc, "agreement"),
    "roc_auc": ("ROC-AUC", "", "higher", "macro one-vs-rest", definitions.roc_auc, SCORES),
    "pr_auc": ("PR-AUC", "", "higher", "macro average precision", definitions.pr_auc, SCORES),
    "nll": ("NLL", "nats", "lower", "mean negative log-probability of the label", definitions.nll, SCORES),
    "ece": ("ECE", "%", "lower", "Guo et al. 2017, top label, 15 equal-width bins", definitions.ece, SCORES),
    "brier": ("Brier score", "", "lower", "Brier 1950, sum over classes, 0 to 2", definitions.brier, SCORES),
}
# title, unit, direction, source, function; each gives three metrics: valence, arousal and their mean
_DIMENSIONAL: dict[str, tuple[str, str, str, str, OfColumns]] = {
    "rmse": ("RMSE", "", "lower", "root of the mean squared error", definitions.rmse),
    "mae": ("MAE", "", "lower", "mean absolute error", definitions.mae),
    "corr": ("CORR", "", "higher", "Pearson", definitions.corr),
    "ccc": ("CCC", "", "higher", "Lin 1989, ddof = 0", definitions.ccc),
    "sagr": ("SAGR", "%", "higher", "Nicolaou et al. 2011, sign(0) = 0", definitions.sagr),
}

# Task -> the metric that comparisons and verdicts use.
PRIMARY = {"categorical": "accuracy", "dimensional": "ccc_mean"}
METRICS: dict[str, Metric] = {
    name: Metric(title, unit, direction, source, "categorical", function, block)
    for name, (title, unit, direction, source, function, block) in _CATEGORICAL.items()
}
for _name, (_title, _unit, _direction, _source, _function) in _DIMENSIONAL.items():
    for _column, _dimension in enumerate((*DIMENSIONS, "mean")):
        _of_both = partial(_mean, _function) if _dimension == "mean" else partial(_one, _function, _column)
        METRICS[f"{_name}_{_dimension}"] = Metric(
            f"{_title} {_dimension}", _unit, _direction, _source, "dimensional", _of_both, _dimension
        )

# Metric -> the smallest difference of interest between two cells, in the metric's unit. A smaller one counts as equivalence
# (docs/reference/rules.md, "A comparison"). "recall" is the recall of one class.
SMALLEST_DIFFERENCE: dict[str, float] = {
    "accuracy": 0.01,
    "balanced_accuracy": 0.01,
    "macro_f1": 0.01,
    "recall": 0.05,
    **{f"{name}_{of}": 0.01 for name in ("ccc", "rmse") for of in (*DIMENSIONS, "mean")},
}


# Ranges of the values as they are stored; the names of dimensional metrics without their dimension.
_FRACTIONS = {"accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_ppv", "roc_auc", "pr_auc", "ece", "sagr",
              "recall"}  # fmt: skip
_SIGNED = {"kappa", "alpha", "mcc", "corr", "ccc"}


def possible(name: str) -> tuple[float | None, float | None]:
    """(lowest, highest) value that metric `name` can have, as stored; None: no bound."""
    family = name.rpartition("_")[0] if name.rpartition("_")[2] in (*DIMENSIONS, "mean") else name
    if family in _FRACTIONS:
        return (0.0, 1.0)
    if family in _SIGNED:
        return (-1.0, 1.0)
    return (0.0, 2.0 if family == "brier" else None)


def blocks(task: str) -> tuple[tuple[str, ...], ...]:
    """The names of a task's metrics, grouped by block of the results tables. For valence and arousal the block of their mean
    comes first."""
    found: dict[str, list[str]] = {} if task == "categorical" else {"mean": []}
    for name, metric in METRICS.items():
        if metric.task == task:
            found.setdefault(metric.block, []).append(name)
    return tuple(map(tuple, found.values()))


def categorical(
    labels: np.ndarray, scores: np.ndarray, class_names: Sequence[str], *, hard: bool = False
) -> dict[str, Json]:
    """Every categorical metric of one split.

    Args:
        labels: integer (N,), values 0..K-1, N >= 1.
        scores: float (N, K), finite logits, K >= 2.
        class_names: K names in label order.
        hard: the scores are one-hot rows: only the predicted class is known. The metrics of the block `SCORES` and
            "calibration" are then None.

    Returns:
        name of each categorical metric of `METRICS` -> float or None; also "n" (int), "classes" (K names), "support"
        (K ints), "recall", "precision", "f1" (K floats, None for a class that no label has), "confusion"
        (K x K ints, rows = true) and "calibration" (`Predictions.calibration` as lists). JSON-able.

    Raises:
        BadInput: as `Predictions`; also if the number of names is not K.
    """
    p = Predictions(labels, scores)
    if len(class_names) != p.k:
        raise BadInput("class names", f"{len(class_names)}", f"{p.k}, one for each column of the scores")
    asked = {name: m for name, m in METRICS.items() if m.task == "categorical"}
    result: dict[str, Json] = {
        name: None if hard and m.block == SCORES else finite_or_none(m.function(p)) for name, m in asked.items()
    }
    result |= {"n": p.n, "classes": list(class_names), "support": p.confusion.sum(axis=1).tolist()}
    for name, values in p.per_class.items():
        filled = dict(zip(p.present.tolist(), values.tolist(), strict=True))
        result[name] = [filled.get(k) for k in range(p.k)]
    result["calibration"] = None if hard else {name: values.tolist() for name, values in p.calibration.items()}
    return result | {"confusion": p.confusion.tolist()}


def dimensional(targets: np.ndarray, outputs: np.ndarray) -> dict[str, Json]:
    """Every dimensional metric of one split.

    Args:
        targets: float (N, 2), valence and arousal in [-1, 1], N >= 1, no NaN (rows without a label must be removed before).
        outputs: float (N, 2), finite; they are not clipped.

    Returns:
        name of each dimensional metric of `METRICS` -> float or None; also "n" (int). JSON-able.

    Raises:
        BadInput: an empty split, a wrong shape, values that are not finite, targets outside [-1, 1].
    """
    targets, outputs = checked_dimensional(targets, outputs)
    result = {n: finite_or_none(m.function(targets, outputs)) for n, m in METRICS.items() if m.task == "dimensional"}
    return result | {"n": len(targets)}


def metric_function(name: str) -> Callable[[np.ndarray, np.ndarray], float | None]:
    """A single metric of `METRICS`, as a function of (labels, scores) or (targets, outputs). Used for resampling.

    Raises:
        BadInput: a name that is not in `METRICS`.
    """
    if name not in METRICS:
        raise BadInput("metric", f"'{name}'", f"one of {', '.join(METRICS)}")
    metric = METRICS[name]
    if metric.task == "categorical":
        return lambda labels, scores: finite_or_none(metric.function(Predictions(labels, scores)))
    return lambda targets, outputs: finite_or_none(metric.function(*checked_dimensional(targets, outputs)))
