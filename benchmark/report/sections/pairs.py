"""The table of pairs of cells on the same test images: the mean difference of their networks, tested over images and over
seeds.

Methods and their assumptions: docs/reference/statistics.md, "Pairs". There is a row for every pair of cells of a
protocol that differ in one thing that a paper asks about.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from benchmark.files import digest
from benchmark.protocol.cells import LOSSES
from benchmark.records.axes import Place
from benchmark.records.comparisons import Comparison
from benchmark.records.metrics import METRICS, possible_difference
from benchmark.records.pairs import Pair, Tested, finished_by_seed, resampled, tested
from benchmark.records.statistics import holm
from benchmark.report.sections.grid import places
from benchmark.report.tables import Entry, Table, not_tested, over_images, text

BASELINES = ("resnet18", "resnet18-smallstem")  # models; the first one that has a cell with the same loss is the reference
COLUMNS = {"question": "Compared", "a": "A", "b": "B"}


def pairs(comparison: Comparison) -> list[Pair]:
    """The pairs of a protocol: bounded shortcut against identity, adaptive against fixed, other losses against the task's
    plain loss, and every cell against the ResNet18 with the same loss. Each pair occurs in one direction only."""
    plain = LOSSES[comparison.task][0]
    cells = {label: comparison.cell(label) for label in comparison.runs}
    of_place = places(comparison)
    found = []
    for where, label in of_place.items():
        for other in _other_shortcuts(where):
            if reference := of_place.get(where._replace(shortcut=other)):
                found.append(Pair("shortcut", label, reference))
    plain_of = {_network(cell): label for label, cell in cells.items() if cell["loss"] == plain}
    for label, cell in cells.items():
        if cell["loss"] != plain and (reference := plain_of.get(_network(cell))):
            found.append(Pair("loss", label, reference))
    for label, cell in cells.items():
        references = [
            other
            for model in BASELINES
            for other, own in cells.items()
            if own["model"] == model and own["loss"] == cell["loss"]
        ]
        if references and cell["model"] not in BASELINES:
            found.append(Pair("baseline", label, references[0]))
    return found


class Tests(NamedTuple):
    """The tests of every pair of a protocol.

    Attributes:
        found: pair -> its tests; an entry that says why, where there is none.
        images, seeds: pair -> p over images and p over seeds, each Holm-adjusted over all pairs that have one.
    """

    found: Mapping[Pair, Tested | Entry]
    images: Mapping[Pair, float]
    seeds: Mapping[Pair, float]


def tests_of(comparison: Comparison) -> Tests:
    """The tests of the pairs of a protocol. They resample its test images, which takes long: call it once."""
    own = pairs(comparison)
    drawn = resampled(comparison) if own else {}
    found = {pair: _test(comparison, pair, drawn) for pair in own}
    done = {pair: result for pair, result in found.items() if isinstance(result, Tested)}
    images = _holm({pair: result.over_images.p for pair, result in done.items()})
    return Tests(found, images, _holm({pair: result.over_seeds.p for pair, result in done.items()}))


def table(comparison: Comparison, tests: Tests | None = None) -> Table | None:
    """The table `<slug>-pairs`; None if there is no pair. `tests`: `tests_of` the comparison, if already made."""
    found, images, seeds = tests or tests_of(comparison)
    if not found:
        return None
    metric = METRICS[comparison.primary]
    columns = COLUMNS | {
        "seeds": "Paired seeds",
        "difference": f"A minus B ({metric.title}, points)" if metric.unit == "%" else f"A minus B ({metric.title})",
    }
    if comparison.task == "categorical":
        columns["discordant"] = "Right in A alone / in B alone"
    rows = []
    for pair, result in found.items():
        row = {"question": text(pair.question), "a": text(pair.a), "b": text(pair.b)}
        if not isinstance(result, Tested):
            rows.append(row | {"seeds": Entry("n = 0", {"": 0}), "difference": result})
            continue
        row["seeds"] = Entry(f"n = {result.over_seeds.n}", {"": result.over_seeds.n})
        row["difference"] = over_images(result.over_images, metric.unit, possible_difference(comparison.primary))
        if result.discordant is not None:
            only_a, only_b = result.discordant
            row["discordant"] = Entry(f"{only_a:.1f} / {only_b:.1f}", {"a": only_a, "b": only_b})
        row["images"] = _p(images.get(pair), "not defined in every resample")
        row["over_seeds"] = _p(seeds.get(pair), "one pair of seeds" if result.over_seeds.n == 1 else "no spread")
        rows.append(row)
    categorical = comparison.task == "categorical"
    test = "exact sign-flip test (McNemar's where n = 1)" if categorical else "bootstrap taken as normal"
    return Table(
        name=f"{comparison.slug}-pairs",
        title=f"{comparison.slug}: pairs of cells on the same test images",
        notes=(
            comparison.header,
            "TTA: none",
            "Difference: mean over equal seeds [95 % percentile interval over 2,000 resamples of the test images]: it holds "
            "for these trained networks, other seeds are not in it",
            f"p over images: {test}; p over seeds: paired t-test; each two-sided and Holm-adjusted over the tests of its "
            f"column ({len(images)} and {len(seeds)})",
            "A difference counts where both are small",
            *(["Right in one alone: images, mean over the pairs of networks"] if categorical else []),
        ),
        columns=columns | {"images": "p over images (Holm)", "over_seeds": "p over seeds (Holm)"},
        rows=rows,
        labels=tuple(COLUMNS),
    )


def _other_shortcuts(where: Place) -> tuple[str, ...]:
    return {"identity": (), "fixed": ("identity",)}.get(where.shortcut, ("identity", "fixed"))


def _network(cell: Mapping) -> str:
    return digest([cell["model"], dict(cell["options"])])


def _test(comparison: Comparison, pair: Pair, resampled: Mapping[tuple[str, int], np.ndarray]) -> Tested | Entry:
    if waits := comparison.waits(pair.a, pair.b):
        return not_tested(waits)
    of_a, of_b = (comparison.metric(label, comparison.primary) for label in (pair.a, pair.b))
    seeds = [seed for seed in sorted(set(of_a) & set(of_b)) if None not in (of_a[seed], of_b[seed])]
    if not seeds:
        return Entry("diverged", {"note": "diverged"}) if not of_a or not of_b else not_tested("no common seed")
    a, b = ([finished_by_seed(comparison, label)[seed] for seed in seeds] for label in (pair.a, pair.b))
    return tested(a, b, *([resampled[label, seed] for seed in seeds] for label in (pair.a, pair.b)), comparison.task)


def _holm(found: Mapping[Pair, float | None]) -> dict[Pair, float]:
    tested = {pair: p for pair, p in found.items() if p is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def _p(value: float | None, reason: str) -> Entry:
    if value is None:
        return not_tested(reason)
    return Entry("< 0.001" if value < 0.001 else f"{value:.3f}", {"p": value})
