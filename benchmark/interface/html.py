"""Results as HTML for notebooks. Plain tables; colours work on light and dark pages."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from benchmark.records.metrics import METRICS, PRIMARY

if TYPE_CHECKING:
    from benchmark.interface.comparison import Comparison
    from benchmark.interface.result import Result

RIGHT = "text-align:right;padding:1px 8px"
LEFT = "text-align:left;padding:1px 8px"
WARNING = "border-left:3px solid #d55e00;padding:2px 8px;margin:4px 0"
HUE = "86,180,233"  # of the confusion matrix: the share of a row is its opacity


def result_html(result: "Result") -> str:
    """The metrics of a result, its classes, its confusion matrix and its warnings as HTML."""
    title = f"<b>{escape(result.name)}</b> on {escape(result.protocol.name)} {escape(result.protocol.version)}, "
    parts = [f"<div>{title}{result.n:,} test faces</div>"]
    parts += [f'<div style="{WARNING}">warning: {escape(each)}</div>' for each in result.warnings]
    parts += [f"<div>{escape(each)}</div>" for each in result.said]
    rows = []
    for name, value in result.metrics.items():
        metric = METRICS[name]
        shown = "not tested" if name in result.not_tested else number_of(value, metric.unit)
        rows.append([metric.title, shown, _ends(result, name)])
    parts.append(_table(["metric", "test", "95 % over test faces"], rows))
    if result.classes:
        rows = [
            [str(name), f"{row.n:,.0f}", *(_percent(row[key]) for key in ("recall", "precision", "f1"))]
            for name, row in result.per_class.iterrows()
        ]
        parts += [_table(["class", "n", "recall", "precision", "F1"], rows), _confusion(result)]
    return f'<div style="font-size:90%">{"".join(parts)}</div>'


def number_of(value: float | None, unit: str) -> str:
    """A number as `repr` shows it: percent with two digits, others with four."""
    if value is None:
        return "not defined"
    return f"{100 * value:.2f} %" if unit == "%" else f"{value:.4f}"


def comparison_html(comparison: "Comparison") -> str:
    """The sentences of a comparison as HTML."""
    first, *others = repr(comparison).splitlines()
    lines = "".join(f"<div>{escape(each)}</div>" for each in others)
    return f'<div style="font-size:90%"><b>{escape(first)}</b>{lines}</div>'


def _ends(result: "Result", name: str) -> str:
    own = result.as_dict()["interval"]
    if name != PRIMARY[result.protocol.task] or own["low"] is None:
        return ""
    unit = METRICS[name].unit
    return f"{number_of(own['low'], unit)} to {number_of(own['high'], unit)}"


def _percent(value: float | None) -> str:
    return "" if value is None or value != value else f"{100 * value:.1f} %"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        styles = [LEFT] + [RIGHT] * (len(cells) - 1)
        return "".join(f'<{tag} style="{s}">{escape(c)}</{tag}>' for c, s in zip(cells, styles, strict=True))

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<table style="display:inline-table;vertical-align:top"><tr>{line(head, "th")}</tr>{body}</table>'


def _confusion(result: "Result") -> str:
    counts = result.confusion
    head = "".join(f'<th style="{RIGHT}">{escape(str(name))}</th>' for name in counts.columns)
    rows = []
    for name, row in counts.iterrows():
        share = row / max(1, row.sum())
        cells = "".join(
            f'<td style="{RIGHT};background:rgba({HUE},{part:.2f})">{count:,}</td>'
            for count, part in zip(row, share, strict=True)
        )
        rows.append(f'<tr><th style="{LEFT}">{escape(str(name))}</th>{cells}</tr>')
    caption = '<caption style="caption-side:top">true class (rows), answer (columns)</caption>'
    return f"<table>{caption}<tr><th></th>{head}</tr>{''.join(rows)}</table>"
