"""Pairs of cells on the same test images: the mean difference of their networks, tested over images and over seeds.

Methods and what they assume: docs/metrics.md, "Pairs". Every pair of cells of a protocol that differ in one thing that a
paper asks about has a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmark.files import digest
from benchmark.image_variance import metric_of_means, moments
from benchmark.metrics import METRICS, PRIMARY
from benchmark.protocol.cells import LOSSES
from benchmark.report.axes import Place
from benchmark.report.grid import places
from benchmark.report.summary import SPLIT, Comparison, Run
from benchmark.report.tables import Entry, Table, differing, not_tested, text
from benchmark.statistics import Difference, Interval, holm, paired_t_over_seeds, resampled_means, sign_flip_exact

SEED = 0  # of the resamples of test images: equal for every pair, so that the report is the same each time
BASELINES = ("resnet18", "resnet18-smallstem")  # models; the first that has a cell of equal loss is the reference
COLUMNS = {"question": "Compared", "a": "A", "b": "B"}


class Pair(NamedTuple):
    """Cell labels a and b, and the one thing in which they differ."""

    question: str
    a: str
    b: str


@dataclass(frozen=True)
class Tested:
    """What the networks of two cells on their common seeds say, A minus B in the primary metric.

    Attributes:
        over_images: mean difference with its bootstrap interval, n test images, p over images.
        over_seeds: the same mean difference, paired t over n common seeds.
        discordant: mean number, a pair of networks, of images that A alone and that B alone has right; None for valence
            and arousal.
    """

    over_images: Difference
    over_seeds: Difference
    discordant: tuple[float, float] | None


def pairs(comparison: Comparison) -> list[Pair]:
    """The protocol's pairs: bounded shortcut against identity, adaptive against fixed, loss against the task's plain one,
    and every cell against the ResNet18 of its loss; each in one direction."""
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


def table(comparison: Comparison) -> Table | None:
    """`<slug>-pairs`; None without a pair."""
    own = pairs(comparison)
    if not own:
        return None
    drawn = resampled(comparison)
    found = {pair: _test(comparison, pair, drawn) for pair in own}
    done = {pair: result for pair, result in found.items() if isinstance(result, Tested)}
    images = _holm({pair: result.over_images.p for pair, result in done.items()})
    seeds = _holm({pair: result.over_seeds.p for pair, result in done.items()})
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
        row["difference"] = differing(result.over_images, metric.unit)
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
    return digest({"model": cell["model"], "options": dict(cell["options"])})


def _finished(comparison: Comparison, label: str) -> dict[int, Run]:
    return {run.record.seed: run for run in comparison.runs[label] if not run.record.diverged}


def right(run: Run) -> np.ndarray:
    """bool (N,): which test images a categorical run answers rightly."""
    targets, outputs = run.record.outputs(SPLIT)
    return outputs.argmax(axis=1) == targets


def resampled(comparison: Comparison) -> dict[tuple[str, int], np.ndarray]:
    """(cell, seed) -> the primary metric of each resample of the test images, the same resamples for all; float (2000,)."""
    runs = {(label, seed): run for label in comparison.runs for seed, run in _finished(comparison, label).items()}
    return dict(zip(runs, resample(list(runs.values()), comparison.task), strict=True))


def resample(runs: Sequence[Run], task: str) -> list[np.ndarray]:
    """For each of some finished runs on the same test images what `resampled` gives."""
    if not runs:
        return []
    if task == "dimensional":
        columns = [moments(*run.record.outputs(SPLIT)) for run in runs]
        value = partial(metric_of_means, PRIMARY[task])
    else:
        columns = [_accuracy_column(run) for run in runs]
        value = partial(np.squeeze, axis=1)
    means = resampled_means(np.concatenate(columns, axis=1), seed=SEED)
    width = columns[0].shape[1]
    return [value(means[:, width * place : width * (place + 1)]) for place in range(len(runs))]


def _accuracy_column(run: Run) -> np.ndarray:
    return right(run)[:, None].astype(np.float64)


def _test(comparison: Comparison, pair: Pair, resampled: Mapping[tuple[str, int], np.ndarray]) -> Tested | Entry:
    if waits := comparison.waits(pair.a, pair.b):
        return not_tested(waits)
    of_a, of_b = (comparison.metric(label, comparison.primary) for label in (pair.a, pair.b))
    seeds = [seed for seed in sorted(set(of_a) & set(of_b)) if None not in (of_a[seed], of_b[seed])]
    if not seeds:
        return Entry("diverged", {"note": "diverged"}) if not of_a or not of_b else not_tested("no common seed")
    a, b = ([_finished(comparison, label)[seed] for seed in seeds] for label in (pair.a, pair.b))
    return tested(a, b, *([resampled[label, seed] for seed in seeds] for label in (pair.a, pair.b)), comparison.task)


def tested(
    a: Sequence[Run], b: Sequence[Run], resampled_a: Sequence[np.ndarray], resampled_b: Sequence[np.ndarray], task: str
) -> Tested:
    """A minus B of finished runs in the primary metric, which must be defined: run i of a beside run i of b.

    Args:
        resampled_a, resampled_b: of each run, as `resample` of all of them together gives it.
    """
    over_seeds = paired_t_over_seeds(*([run.scores["none"][PRIMARY[task]] for run in runs] for runs in (a, b)))
    drawn = np.mean([x - y for x, y in zip(resampled_a, resampled_b, strict=True)], axis=0)
    interval = Interval(over_seeds.mean, None, None, len(a[0].record.outputs(SPLIT)[0]))
    if np.isfinite(drawn).all():
        low, high = np.quantile(drawn, [0.025, 0.975])
        interval = interval._replace(low=float(low), high=float(high))
    if task == "dimensional":
        return Tested(Difference(*interval, _normal_p(interval)), over_seeds, None)
    right_a, right_b = (np.stack([right(run) for run in runs]) for runs in (a, b))
    p = sign_flip_exact(right_a.sum(axis=0) - right_b.sum(axis=0))
    discordant = [float((x & ~y).sum(axis=1).mean()) for x, y in ((right_a, right_b), (right_b, right_a))]
    return Tested(Difference(*interval, p), over_seeds, tuple(discordant))


def _normal_p(interval: Interval) -> float | None:
    if interval.low is None:
        return None
    if interval.high == interval.low:
        return 1.0
    deviation = (interval.high - interval.low) / (2 * stats.norm.ppf(0.975))
    return float(2 * stats.norm.sf(abs(interval.mean) / deviation))


def _holm(found: Mapping[Pair, float | None]) -> dict[Pair, float]:
    tested = {pair: p for pair, p in found.items() if p is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def _p(value: float | None, reason: str) -> Entry:
    if value is None:
        return not_tested(reason)
    return Entry("< 0.001" if value < 0.001 else f"{value:.3f}", {"p": value})
