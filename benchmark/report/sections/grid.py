"""The ablation grid: paired differences between cells that differ only in the compared axes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from benchmark.protocol.cells import LOSSES
from benchmark.records.axes import Place, place, rank
from benchmark.records.comparisons import Comparison
from benchmark.records.metrics import METRICS, possible_difference
from benchmark.records.statistics import Difference, holm, paired_t_over_seeds
from benchmark.report.sections.results import value_entry
from benchmark.report.tables import INTERVAL_NOTE, UNMARKED, Best, Entry, Table, differing, not_tested, seeds, text, title
from benchmark.report.wording import counted

AXES = ("shortcut", "normalisation", "loss")
COLUMNS = {"network": "Network", "shortcut": "Shortcut", "normalisation": "Normalisation", "loss": "Loss"}


class Pair(NamedTuple):
    """Cell a compared with cell b on their common seeds. `difference`: a - b of the primary metric; if it is None, `reason`
    says why."""

    place: Place
    a: str
    b: str | None
    difference: Difference | None
    reason: str


def places(comparison: Comparison) -> dict[Place, str]:
    """Position in the grid -> cell label, for the cells that are in the grid."""
    found = {}
    for label in comparison.runs:
        where = place(comparison.cell(label))
        if where is not None:
            found.setdefault(where, label)
    return found


def compare(comparison: Comparison, where: Place, a: str, b: str | None) -> Pair:
    """The paired difference of two cells in the primary metric, over the seeds that both finished."""
    if b is None:
        return Pair(where, a, b, None, "no record of the reference")
    if waits := comparison.waits(a, b):
        return Pair(where, a, b, None, waits)
    of_a, of_b = (comparison.metric(label, comparison.primary) for label in (a, b))
    common = [seed for seed in sorted(set(of_a) & set(of_b)) if None not in (of_a[seed], of_b[seed])]
    if not common:
        reason = "diverged" if not of_a or not of_b else "no common seed"
        return Pair(where, a, b, None, reason)
    return Pair(where, a, b, paired_t_over_seeds([of_a[s] for s in common], [of_b[s] for s in common]), "")


def reference_pairs(comparison: Comparison) -> list[Pair]:
    """Every cell of the grid compared with its reference: the same network with identity shortcut, working normalisation and
    plain loss."""
    cells, plain = places(comparison), LOSSES[comparison.task][0]
    pairs = []
    for where, label in cells.items():
        reference = where._replace(shortcut="identity", normalisation="working", loss=plain)
        if where != reference:
            pairs.append(compare(comparison, where, label, cells.get(reference)))
    return pairs


def shortcut_pairs(comparison: Comparison) -> list[Pair]:
    """Every cell with a bounded shortcut compared with the cell that has the identity shortcut and is otherwise equal."""
    cells = places(comparison)
    return [
        compare(comparison, where, label, cells.get(where._replace(shortcut="identity")))
        for where, label in cells.items()
        if where.shortcut != "identity"
    ]


def tables(comparison: Comparison, best: Best = UNMARKED) -> list[Table]:
    """The table of the grid and the table of shortcuts; empty for a protocol without cells of the grid. `best`: the cells
    that are marked in the table of the grid."""
    if not places(comparison):
        return []
    own = [grid(comparison, best)]
    if pairs := shortcut_pairs(comparison):
        own.append(shortcuts(comparison, pairs))
    return own


def grid(comparison: Comparison, best: Best = UNMARKED) -> Table:
    """The table shortcut x normalisation x loss of each network, with the difference to identity / working / plain. `best`:
    the cells that are marked."""
    cells, pairs = places(comparison), {pair.place: pair for pair in reference_pairs(comparison)}
    adjusted = _holm(list(pairs.values()))
    values = {axis: sorted({getattr(w, axis) for w in cells}, key=lambda v, a=axis: rank(a, v)) for axis in AXES}
    networks = dict.fromkeys((where.network, where.key) for where in cells)
    rows = []
    for network in networks:
        wanted = [
            Place(*network, shortcut, normalisation, loss)
            for loss in values["loss"]
            for normalisation in values["normalisation"]
            for shortcut in values["shortcut"]
        ]
        for where in wanted:
            row = _axes(where)
            if where not in cells:
                row |= {"n": seeds(0, 0), comparison.primary: not_tested("no record")}
            else:
                label = cells[where]
                row["n"] = seeds(comparison.finished(label), comparison.diverged(label))
                own = [(comparison.slug, label)]
                value = value_entry(comparison, label, comparison.primary)
                row[comparison.primary] = replace(value, cells=own, best=label in best.cells)
                if where in pairs:
                    row |= _difference(comparison, pairs[where], adjusted[where])
                else:
                    row["difference"] = Entry("reference", {"note": "reference"})
            rows.append(row)
    plain = LOSSES[comparison.task][0]
    untested = [loss for loss in LOSSES[comparison.task] if loss not in values["loss"]]
    notes = [comparison.header, "TTA: none", INTERVAL_NOTE, *_notes(f"identity / working / {plain}", adjusted), *best.note]
    if untested:
        notes.append(f"Not tested under this protocol: loss {', '.join(untested)}")
    return Table(
        name=f"{comparison.slug}-grid",
        title=f"{comparison.slug}: shortcut x normalisation x loss",
        notes=notes,
        columns=COLUMNS | {"n": "Seeds", comparison.primary: title(comparison.primary)} | _difference_columns(comparison),
        rows=rows,
        labels=tuple(COLUMNS),
    )


def shortcuts(comparison: Comparison, pairs: Sequence[Pair]) -> Table:
    """The table of differences between each bounded shortcut and identity, at equal normalisation and loss."""
    adjusted = _holm(pairs)
    rows = [_axes(pair.place) | _difference(comparison, pair, adjusted[pair.place]) for pair in pairs]
    return Table(
        name=f"{comparison.slug}-shortcuts",
        title=f"{comparison.slug}: bounded shortcut against identity at equal normalisation and loss",
        notes=(comparison.header, "TTA: none", *_notes("the same row with identity shortcut", adjusted)),
        columns=COLUMNS | _difference_columns(comparison),
        rows=rows,
        labels=tuple(COLUMNS),
    )


def _axes(where: Place) -> dict[str, Entry]:
    return {name: text(getattr(where, name)) for name in COLUMNS}


def _difference_columns(comparison: Comparison) -> dict[str, str]:
    metric = METRICS[comparison.primary]
    unit = f"{metric.title}, points" if metric.unit == "%" else metric.title
    return {"difference": f"Difference ({unit})", "pairs": "Paired seeds", "holm": "p (Holm)"}


def _notes(reference: str, adjusted: Mapping[Place, float | None]) -> tuple[str, ...]:
    tests = sum(p is not None for p in adjusted.values())
    return (
        f"Difference to {reference}: mean over equal seeds [95 % paired t-interval]",
        f"p: paired t-test over seeds, two-sided, Holm-adjusted over the {counted(tests, 'test')} of this table",
    )


def _holm(pairs: Sequence[Pair]) -> dict[Place, float | None]:
    tested = [pair for pair in pairs if pair.difference is not None and pair.difference.p is not None]
    adjusted = dict(zip([pair.place for pair in tested], holm([pair.difference.p for pair in tested]), strict=True))
    return {pair.place: adjusted.get(pair.place) for pair in pairs}


def _difference(comparison: Comparison, pair: Pair, adjusted: float | None) -> dict[str, Entry]:
    if pair.difference is None:
        entry = Entry("diverged", {"note": "diverged"}) if pair.reason == "diverged" else not_tested(pair.reason)
        return {"difference": entry, "pairs": Entry("n = 0", {"n": 0})}
    n, cells = pair.difference.n, [(comparison.slug, label) for label in (pair.a, pair.b)]
    shown = differing(pair.difference, METRICS[comparison.primary].unit, possible_difference(comparison.primary))
    entries = {
        "difference": replace(shown, cells=cells),
        "pairs": Entry(f"n = {n}" + (", no interval" if n == 1 else ""), {"n": n}),
    }
    if adjusted is None:
        reason = "one pair of seeds" if n == 1 else "no spread between seeds"
        return entries | {"holm": not_tested(reason)}
    return entries | {"holm": Entry("< 0.001" if adjusted < 0.001 else f"{adjusted:.3f}", {"p": adjusted}, cells[:1])}
