"""Finds the cells that may be called the best of their group: those of which the tests of pairs say so."""

from collections.abc import Iterator

from benchmark.claims.finding import ALPHA
from benchmark.records.comparisons import Comparison
from benchmark.records.metrics import METRICS
from benchmark.records.pairs import Pair, Tested
from benchmark.report.sections.grid import places
from benchmark.report.sections.pairs import Tests
from benchmark.report.tables import Best


def best_of(comparison: Comparison, tests: Tests) -> Best:
    """The best shortcut of every group: the cells of the grid with the same network, normalisation and loss.

    A cell is the best if it is better than every other of its group in the primary metric by both tests, over images and
    over seeds, each adjusted p below 0.05. A group of one cell, and one in which a run diverged, has none. Without a group
    of two or more there is no note either.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for where, label in places(comparison).items():
        groups.setdefault((where.network, where.key, where.normalisation, where.loss), []).append(label)
    several = [labels for labels in groups.values() if len(labels) > 1]
    whole = [labels for labels in several if not any(map(comparison.diverged, labels))]
    cells = frozenset(
        label
        for labels in whole
        for label in labels
        if all(_better(comparison, tests, label, other) for other in labels if other != label)
    )
    if not several:
        return Best()
    by = f"by both tests of {comparison.slug}-pairs"
    if not cells:
        none = "in no group of network, normalisation and loss is one better than every other"
        return Best(note=(f"No cell is marked best: {none} {by}",))
    return Best(cells, (f"Bold: best of its network, normalisation and loss {by}",))


def _better(comparison: Comparison, tests: Tests, one: str, other: str) -> bool:
    higher = METRICS[comparison.primary].direction == "higher"
    for pair, sign in _either(one, other):
        result = tests.found.get(pair)
        if isinstance(result, Tested):
            ahead = sign * result.over_seeds.mean * (1 if higher else -1) > 0
            return ahead and tests.images.get(pair, 1) < ALPHA and tests.seeds.get(pair, 1) < ALPHA
    return False


def _either(one: str, other: str) -> Iterator[tuple[Pair, int]]:
    """The pair of two cells in both directions, with the sign of the first one's advantage. Each pair is tested in one."""
    yield Pair("shortcut", one, other), 1
    yield Pair("shortcut", other, one), -1
