"""Chapter: the search for the learning rates of a study, as a table of all trials (cells x rates)."""

from collections.abc import Mapping, Sequence

from benchmark.protocol.cells import installed_cells
from benchmark.records.axes import sort_key
from benchmark.report.material import Material
from benchmark.report.parts import Chapter
from benchmark.report.tables import Entry, Table, not_tested, text

PLACE = 60


def chapter(material: Material) -> Chapter | None:
    """Every trial of a study's search; None without a search."""
    searched = [table(name, trials) for name, trials in material.searches.items()]
    return Chapter("Learning rates", tables=searched) if searched else None


def table(name: str, lines: Sequence[Mapping]) -> Table:
    """The table of one search. Rows: cells. Columns: rates from the highest to the lowest, with the best validation metric
    of each trial; and the rate that the cell got.

    If a trial was repeated (with other code or on another device), its last line in the log counts.
    """
    latest = {(line["cell"], line["recipe"]["learning_rate"]): line for line in lines}
    rates = sorted({rate for _, rate in latest}, reverse=True)
    cells = installed_cells()
    known = {cell: cells[cell].as_dict() if cell in cells else {"options": {}} for cell, _ in latest}
    order = sorted(known, key=lambda cell: sort_key(cell, known[cell]))
    rows = []
    for cell in order:
        own = cells[cell].learning_rate if cell in cells else None
        row = {"cell": text(cell)}
        row |= {f"rate_{rate:g}": _entry(latest[cell, rate]) for rate in rates if (cell, rate) in latest}
        missing = not_tested("not found, or not in cells.yaml yet")
        rows.append(row | {"chosen": missing if own is None else Entry(f"{own:g}", {"": own})})
    example = lines[-1]
    return Table(
        name=f"{name}-learning-rates",
        title=f"{example['protocol']}: the search of each cell's learning rate",
        notes=(
            f"Best validation accuracy of {example['epochs']} epochs in percent, seed {example['seed']}",
            "The test split was never loaded",
            "Across a row: how a cell's rate was found, with equal effort for every cell (docs/protocol.md, The study)",
            "Down a column: the same cells at one common rate, one seed, evidence for no verdict",
        ),
        columns={"cell": "Cell"} | {f"rate_{rate:g}": f"at {rate:g}" for rate in rates} | {"chosen": "The cell's rate"},
        rows=rows,
    )


def _entry(line: Mapping) -> Entry:
    best = line["best"]
    return Entry("diverged", {"": None}) if best is None else Entry(f"{100 * best:.1f}", {"": best})
