"""Which cells have the highest or the lowest mean, in words: an order, behind which no test stands.

A cell that waits for planned runs is compared with no other (docs/protocol.md), so no such sentence names it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmark.records.comparisons import Comparison
from benchmark.report.cell_words import called
from benchmark.report.wording import count, numeral, sentence


def comparable(comparison: Comparison, labels: Iterable[str]) -> list[str]:
    """Those of the cells that wait for no planned run."""
    return [label for label in labels if label not in comparison.unfinished]


def held(comparison: Comparison, labels: Iterable[str]) -> list[str]:
    """A sentence about the cells that wait for planned runs; none if there is no such cell."""
    waiting = [label for label in labels if label in comparison.unfinished]
    if not waiting:
        return []
    verbs = "waits for planned runs and is" if len(waiting) == 1 else "wait for planned runs and are"
    return [sentence(f"{count(len(waiting), 'cell')} {verbs} compared with no other yet: their order is no finding")]


def at_end(values: Mapping[str, float], show: Callable[[float], str], *, highest: bool) -> list[str]:
    """The labels of the highest, or the lowest, value: first its own, then those whose values are shown as the same."""
    end = (max if highest else min)(values, key=lambda label: values[label])
    return [end, *(label for label, value in values.items() if label != end and show(value) == show(values[end]))]


def named(comparison: Comparison, labels: Sequence[str]) -> str:
    """The first of the cells in words, and how many others have the same value."""
    return called(comparison, labels[0]) + (f" ({equal(labels)})" if len(labels) > 1 else "")


def equal(labels: Sequence[str]) -> str:
    """How many others have the value of the first, as far as it is shown; "" for none."""
    return f"{numeral(len(labels) - 1)} more with the same to these digits" if len(labels) > 1 else ""
