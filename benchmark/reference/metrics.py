"""The pages of metrics and of statistics."""

from functools import partial

from benchmark.records.metrics import METRICS, PRIMARY, SMALLEST_DIFFERENCE, Metric
from benchmark.records.selection_metric import DIMENSIONS
from benchmark.reference.markdown import first_paragraph, labelled, page, sections, table

HEAD = ("name", "title", "definition", "range", "better", "unit", "special cases", "computed with", "source")


def metrics() -> str:
    """Every metric, from its entry and the docstring of its function."""
    categorical = [name for name, metric in METRICS.items() if metric.task == "categorical"]
    dimensional = [name for name, metric in METRICS.items() if metric.task == "dimensional" and name.endswith("_mean")]
    margins = ((f"`{name}`", _size(name, size)) for name, size in SMALLEST_DIFFERENCE.items())
    return page(
        "Metrics",
        "`benchmark/records/metrics.py` (entries and docstrings) and `benchmark/reference/metrics.yaml`",
        *sections("metrics", only=["Rules for all metrics"]),
        "## Categorical",
        table(HEAD, (_row(f"`{name}`", METRICS[name], METRICS[name].title) for name in categorical)),
        _PER_CLASS,
        "## Valence and arousal",
        f"Each gives three numbers: {', '.join(f'`_{each}`' for each in DIMENSIONS)}, and `_mean`, the mean of the two "
        "(null if either is). x are the targets, y the outputs, which are not clipped.",
        table(HEAD, (_row(f"`{name.removesuffix('_mean')}`", METRICS[name], METRICS[name].title.removesuffix(" mean"))
                     for name in dimensional)),
        _SAGR,
        *sections("metrics", only=["Video by video"]),
        "## Primary metric and smallest differences of interest",
        f"Comparisons and verdicts use {' and '.join(f'`{name}` ({task})' for task, name in PRIMARY.items())}. A difference "
        "below the following counts as none ([rules](rules.md)):",
        table(("metric", "smallest difference of interest"), margins),
    )  # fmt: skip


_PER_CLASS = (
    "Also written: `n`, `classes`, `support`, `recall`, `precision`, `f1` (one per class) and `confusion` (rows = true, "
    "columns = predicted). A rare class has the same weight in ROC-AUC and PR-AUC as any other. PR-AUC depends on the class "
    "frequencies and can not be compared between data sets."
)
_SAGR = (
    "SAGR counts an output of +0.001 as wrong if the target is exactly 0, and such targets are frequent in some data sets. "
    "So look at it together with CCC."
)


def _size(name: str, size: float) -> str:
    if name != "recall" and METRICS[name].unit != "%":
        return f"{size:g}"
    points = f"{100 * size:g}"
    return f"{points} point{'' if points == '1' else 's'}"


def _row(name: str, metric: Metric, title: str) -> list[str]:
    function = metric.function
    if isinstance(function, partial):  # a metric of one dimension or of both, made from the one of a column
        function = function.args[0]
    unit = {"%": "fraction, shown in %", "": "none"}.get(metric.unit, metric.unit)
    reach, special, computed = (labelled(function, each) for each in ("Range", "Special cases", "Computed with"))
    definition = first_paragraph(function).rstrip(".")
    return [name, title, definition, reach, metric.direction, unit, special, computed, metric.source]


def statistics() -> str:
    """How intervals and tests are made."""
    return page("Statistics", "`benchmark/reference/statistics.yaml`", *sections("statistics"))
