"""Chapter: the time and memory that the runs took, per cell and device, and per run."""

from collections import defaultdict

from benchmark.records.comparisons import ScoredRun, Summary
from benchmark.records.intervals import t_interval
from benchmark.report.environments import environments, number
from benchmark.report.material import Material
from benchmark.report.parts import COSTS, Chapter
from benchmark.report.tables import CELL, INTERVAL_NOTE, Entry, Table, measured, not_tested, of_cells, seeds, text

PLACE = 40

MIB = 2**20
TAKEN = {
    "train_seconds": "Training, s",
    "evaluate_seconds": "Evaluation, s",
    "images_per_second": "Images/s in training",
    "peak_memory_bytes": "Peak memory, MiB",
}


def chapter(material: Material) -> Chapter:
    """The cost of the runs."""
    return Chapter("Cost of the runs", tables=[cost_table(material.summary), run_table(material)], page=COSTS)


def cost_table(summary: Summary) -> Table:
    """Training time, throughput and memory of every cell, per device."""
    columns = CELL | {
        "device": "Device",
        "n": "Seeds",
        "train_seconds": "Training, s",
        "images_per_second": "Images/s in training",
        "peak_memory_mib": "Peak memory, MiB",
    }
    rows = []
    for comparison, label, cell in of_cells(summary):
        by_device = defaultdict(list)
        for run in comparison.runs[label]:
            by_device[run.record["cost"].get("device", "not recorded")].append(run)
        for device, own in sorted(by_device.items()):
            finished = [run for run in own if not run.record.diverged]
            row = cell | {"device": text(device), "n": seeds(len(finished), len(own) - len(finished))}
            row["train_seconds"] = _cost(finished, "train_seconds", lambda v: f"{v:,.1f}")
            row["images_per_second"] = _cost(finished, "images_per_second", lambda v: f"{v:,.0f}")
            row["peak_memory_mib"] = _cost(finished, "peak_memory_bytes", lambda v: f"{v:,.0f}", MIB)
            rows.append(row)
    notes = ("Training time without evaluation, as each run measured it on its device", INTERVAL_NOTE)
    return Table("cost", "Cost of the cells", notes, columns, rows, (*CELL, "device", "n"))


def run_table(material: Material) -> Table:
    """What every run took, and the number of its environment in the chapter of machines."""
    known, rows = environments(material), []
    for comparison, label, cell in of_cells(material.summary):
        for run in comparison.runs[label]:
            row = cell | {"seed": text(run.record.seed), "environment": text(number(known, run.record["environment"]))}
            rows.append(row | {key: _taken(run.record["cost"].get(key), key) for key in TAKEN})
    columns = CELL | {"seed": "Seed", "environment": "Environment"} | TAKEN
    notes = (
        "As each run measured itself",
        "Environment: the number in the table of environments",
        "A diverged run took what it took until then",
    )
    return Table("runs", "Cost of every run", notes, columns, rows, (*CELL, "seed"))


def _cost(runs: list[ScoredRun], key: str, show, scale: float = 1) -> Entry:
    if not runs:
        return Entry("diverged", {"note": "diverged"})
    values = [run.record["cost"].get(key) for run in runs]
    if None in values:
        return not_tested("not in every record")
    return measured(t_interval([value / scale for value in values]), show, (0, None))


def _taken(value: float | None, key: str) -> Entry:
    if value is None:
        return Entry("not recorded", {"note": "not recorded"})
    shown = f"{value / MIB:,.0f}" if key == "peak_memory_bytes" else f"{value:,.1f}"
    return Entry(shown, {"": value})
