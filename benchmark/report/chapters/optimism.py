"""Chapter: how much choosing the epoch on the test split would add to the reported metric."""

from benchmark.records.comparisons import Summary
from benchmark.records.metrics import METRICS, possible_difference
from benchmark.records.optimism import Optimism, selection_optimism
from benchmark.records.written import bracketed, number
from benchmark.report.cell_words import called
from benchmark.report.material import Material
from benchmark.report.parts import Chapter
from benchmark.report.tables import CELL, Entry, Table, not_tested, of_cells, seeds, text

PLACE = 30


def chapter(material: Material) -> Chapter:
    """How much a maximum over all epochs on the test split adds."""
    return Chapter("Choosing by the test split", largest(material.summary), [optimism_table(material.summary)])


def largest(summary: Summary) -> list[str]:
    """A sentence on the cell under each task for which the choice adds most; none without a run with a history."""
    found: dict[str, tuple[float, str]] = {}
    for comparison, label, _ in of_cells(summary):
        own = selection_optimism([run.record for run in comparison.runs[label]])
        if own is None:
            continue
        unit = METRICS[comparison.primary].unit
        added = f"{number(own.mean, unit, signed=True)}{' points' if unit == '%' else ''}"
        looks = ", ".join(map(str, own.looks))
        words = f"{added} ({called(comparison, label)}, {comparison.slug}, {looks} looks)"
        if comparison.primary not in found or own.mean > found[comparison.primary][0]:
            found[comparison.primary] = own.mean, f"to {METRICS[comparison.primary].title} at most {words}"
    if not found:
        return []
    return [
        "Choosing the epoch by the test split instead of validation adds, in the mean over a cell's seeds, "
        f"{'; '.join(words for _, words in found.values())}."
    ]


def optimism_table(summary: Summary) -> Table:
    """The table of best on test minus best on validation, for every cell with a history."""
    columns = CELL | {
        "n": "Seeds",
        "looks": "Looks at the test split",
        "optimism": "Best on test minus best on validation",
    }
    rows = []
    for comparison, label, row in of_cells(summary):
        found = selection_optimism([run.record for run in comparison.runs[label]])
        row["n"] = seeds(comparison.finished(label), comparison.diverged(label))
        if found is None:
            row["optimism"] = not_tested("no finished run with a history")
        else:
            row["looks"] = text(", ".join(map(str, found.looks)))
            row["optimism"] = _optimism(found, comparison.primary)
        rows.append(row)
    notes = (
        "What a maximum over every look at the test split, as the authors' script keeps it, adds to the epoch chosen by "
        "validation: test metric (accuracy in points, or mean CCC), mean over seeds [95 % t-interval over seeds]",
        "Looks = epochs; nothing is extrapolated to the script's 449 looks",
        "TTA: none; selection rule: as the columns say",
    )
    return Table("optimism", "What choosing by the test split is worth", notes, columns, rows, (*CELL, "n"))


def _optimism(found: Optimism, metric: str) -> Entry:
    unit, within = METRICS[metric].unit, (0.0, possible_difference(metric)[1])  # the best epoch is never below another one
    shown = bracketed(found, lambda v: number(v, unit, signed=True), within)
    return Entry(shown, {part: getattr(found, part) for part in ("mean", "low", "high")})
