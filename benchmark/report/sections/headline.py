"""The figure at the top: what a bounded shortcut changes against identity, in every protocol of the suite."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.claims.claim import Check, Claim
from benchmark.faces.card import card
from benchmark.records.comparisons import Comparison, Summary
from benchmark.records.metrics import METRICS, possible, possible_difference
from benchmark.records.written import bracketed, number
from benchmark.report.sections.grid import Pair, shortcut_pairs
from benchmark.report.style import GREY, SMALL, capped, look, message, sentences
from benchmark.report.wording import capital, counted, sentence

LAST = ("generated faces", "drawn faces")  # kinds of faces that are nobody's
ROW, HEAD, FOOT, GAP = 0.21, 0.28, 0.46, 0.06  # inches: a row, the words above a group, its axis, space behind it
NOTHING = "not tested: no two records differ in the shortcut alone"


class Group(NamedTuple):
    """The differences of one protocol, under the kind of its faces."""

    kind: str
    comparison: Comparison
    pairs: Sequence[Pair]


def groups(summary: Summary, claims: Sequence[Claim] = ()) -> list[Group]:
    """Photographs first, then generated, then drawn faces; protocols that decide a claim before all others of a kind."""
    deciding = {name for claim in claims for name in _protocols(claim.test)}
    found = []
    for comparison in summary.of_suite:
        if pairs := [pair for pair in shortcut_pairs(comparison) if pair.difference]:
            found.append(Group(card(comparison.protocol["data"]).kind, comparison, pairs))

    def order(group: Group) -> tuple[object, ...]:
        last = 1 + LAST.index(group.kind) if group.kind in LAST else 0
        return last, group.kind != "photographs", group.kind, group.comparison.protocol["name"] not in deciding

    return sorted(found, key=order)


def _protocols(check: Check) -> Iterator[object]:
    yield check.parameters.get("protocol")
    for condition in check.conditions.values():
        yield from _protocols(condition)


def headline(found: Sequence[Group]) -> Figure:
    """A row per difference: names on the left, numbers on the right. Two columns, if there are two kinds of faces."""
    return _figure(found, 6.45, 2.75, 2.2, narrow=False) if found else message(NOTHING)


def headline_narrow(found: Sequence[Group]) -> Figure:
    """The same for a screen of 390 pixels: names and numbers stand above each interval."""
    return _figure(found, 3.75, 0.15, 0.15, narrow=True) if found else message(NOTHING, 3.75)


def description(found: Sequence[Group]) -> str:
    """What each difference is, as far as there is room."""
    said = [
        f"{group.comparison.slug}, {_name(pair)} minus identity: {_numbers(group.comparison, pair)}."
        for group in found
        for pair in group.pairs
    ]
    return sentences(said, "And {} more differences.") if said else sentence(NOTHING)


def _figure(found: Sequence[Group], width: float, left: float, right: float, *, narrow: bool) -> Figure:
    """`width`, `left`, `right`: inches of a column, and of the words beside its axes."""
    row = 0.5 if narrow else ROW
    kinds = [(kind, list(own)) for kind, own in groupby(found, key=lambda group: group.kind)]
    heights = [HEAD + sum(HEAD + row * len(g.pairs) + FOOT + GAP for g in own) for _, own in kinds]
    first = len(kinds) if narrow else _first_column(heights)
    columns = [kinds[:first], kinds[first:]] if first < len(kinds) else [kinds]
    whole, height = width * len(columns), max(sum(heights[:first]), sum(heights[first:])) + GAP
    figure = Figure(figsize=(whole, height))
    for at, column in enumerate(columns):
        start, top = at * width, height
        for kind, own in column:
            top -= HEAD
            place = ((start + 0.12) / whole, (top + 0.04) / height)
            figure.text(*place, capital(kind), fontsize=12, fontweight="bold", va="bottom")
            for group in own:
                tall = row * len(group.pairs)
                top -= HEAD + tall
                box = (start + left) / whole, top / height, (width - left - right) / whole, tall / height
                words = f"{group.comparison.slug}, {counted(group.comparison.protocol['epochs'], 'epoch')}"
                figure.text((start + 0.12) / whole, (top + tall + 0.07) / height, words, fontsize=10, va="bottom")
                _forest(figure.add_axes(box), group, 9, narrow)  # 9 points are 12 pixels
                top -= FOOT + GAP
    return figure


def _first_column(heights: Sequence[float]) -> int:
    """How many kinds of faces stand in the first of two columns, so that the higher one is as low as possible."""
    return min(range(1, len(heights) + 1), key=lambda n: (max(sum(heights[:n]), sum(heights[n:])), n))


def _forest(axis: Axes, group: Group, size: float, narrow: bool) -> None:
    comparison, metric = group.comparison, METRICS[group.comparison.primary]
    scale = 100 if metric.unit == "%" else 1
    least, most = possible(comparison.primary)
    widest = None if least is None or most is None else most - least
    if not narrow:  # there it would run through the words
        axis.axvline(0, color=GREY, linewidth=0.8)
    across = axis.get_yaxis_transform()
    for row, pair in enumerate(group.pairs):
        difference, own = pair.difference, look(pair.place.shortcut, pair.place.normalisation)
        assert difference is not None
        if difference.low is not None and difference.high is not None:
            ends = (None if widest is None else -widest, widest)
            draw_interval(axis, row, difference.low, difference.high, ends, scale, own.colour)
        if narrow:
            axis.vlines(0, row - 0.14, row + 0.14, color=GREY, linewidth=0.8)
        style = {"color": own.colour, "markerfacecolor": own.face, "markersize": 6}
        axis.plot(scale * difference.mean, row, own.marker, **style)
        name, numbers = _name(pair), _numbers(comparison, pair, "")
        if narrow:
            axis.text(0, row - 0.56, name, transform=axis.get_yaxis_transform(), fontsize=size, va="center")
            axis.text(0, row - 0.27, numbers, transform=across, fontsize=SMALL, va="center", color=GREY)
        else:
            axis.text(-0.02, row, name, transform=across, fontsize=size, va="center", ha="right")
            axis.text(1.02, row, numbers, transform=across, fontsize=size, va="center")
    axis.set_ylim(len(group.pairs) - (0.75 if narrow else 0.5), -0.75 if narrow else -0.5)
    axis.set_yticks([])
    axis.spines["left"].set_visible(False)
    axis.xaxis.set_major_locator(MaxNLocator(4))
    unit = f"{metric.title}, points" if metric.unit == "%" else metric.title
    axis.set_xlabel(f"{unit}; right of 0: better" + ("" if narrow else " than identity"), fontsize=9)


def draw_interval(
    axis: Axes, row: float, low: float, high: float, ends: tuple[float | None, float | None], scale: float, colour: str
) -> None:
    """A horizontal interval as far as its numbers are possible; an end that is cut has an arrow head."""
    low, high, cut_low, cut_high = capped(low, high, ends)
    axis.hlines(row, scale * low, scale * high, color=colour, linewidth=1.8)
    for end, marker in [(low, "<")] * cut_low + [(high, ">")] * cut_high:
        axis.plot(scale * end, row, marker, color=colour, markersize=5, clip_on=False)


def _name(pair: Pair) -> str:
    return f"{pair.place.network} · {pair.place.shortcut} · {pair.place.normalisation} · {pair.place.loss}"


def _numbers(comparison: Comparison, pair: Pair, points: str = "points") -> str:
    assert pair.difference is not None
    unit, n = METRICS[comparison.primary].unit, pair.difference.n
    shown = bracketed(pair.difference, partial(number, unit=unit, signed=True), possible_difference(comparison.primary))
    return f"{shown}{f' {points}' if points and unit == '%' else ''}, n = {n}" + (", no interval" if n == 1 else "")


def cuts(found: Iterable[Group]) -> bool:
    """Whether an interval of the figure is cut at the end of what is possible."""
    for group in found:
        least, most = possible(group.comparison.primary)
        own = [pair.difference for pair in group.pairs if pair.difference is not None]
        if least is None or most is None:
            continue
        ends = least - most, most - least
        if any(any(capped(d.low, d.high, ends)[2:]) for d in own if d.low is not None and d.high is not None):
            return True
    return False
