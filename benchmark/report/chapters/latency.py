"""Chapter: the CPU latency of networks, from latency.json, and the primary metric against it."""

from collections.abc import Mapping

from benchmark.measures.complexity.file import measured_network
from benchmark.records.comparisons import Summary
from benchmark.report.chapters.networks import NETWORK, input_of, network_rows
from benchmark.report.material import Material
from benchmark.report.parts import COSTS, Chapter, drawn
from benchmark.report.sections.cost_figure import CUT, TIMES, accuracy_against_cost, cuts
from benchmark.report.tables import CELL, Entry, Table, not_tested, of_cells

PLACE = 45

COLUMNS = {
    "input": "Input",
    "latency": "CPU latency, ms [quartiles]",
    "rate": "Images/s",
    "device": "Device",
}
NOTES = (
    "One picture, evaluation mode",
    "Latency: median over timed passes after warm-up, float32, batch 1, processor time of the one thread that works",
    "Images/s: the same as a rate, one picture at a time",
)


def chapter(material: Material) -> Chapter:
    """Latency of every network and of every cell with a record, and what the cells reach with it."""
    networks = network_table(material.latency)
    own = cell_table(material.summary, material.latency)
    drawings = []
    for comparison in material.summary.comparisons:
        made = accuracy_against_cost(comparison, material.latency, TIMES, f"{comparison.slug}-latency")
        said = f"test metric against the latency of a network{CUT if cuts(comparison) else ''}"
        drawings.append(made._replace(caption=f"{comparison.slug}: {said}. {comparison.header}; TTA: none"))
    tables = [*([networks] if networks else []), own]
    return Chapter("Latency of the networks", tables=tables, pictures=drawn(drawings), page=COSTS)


def cell_table(summary: Summary, latency: Mapping | None) -> Table:
    """The latency of every cell with a record.

    Args:
        latency: contents of latency.json, or None.
    """
    missing, rows = not_tested("no entry in latency.json" if latency else "no latency.json"), []
    for comparison, label, row in of_cells(summary):
        entry = measured_network(latency, comparison, label)
        rows.append(row | ({"input": input_of(entry)} | _times(entry) if entry else {"latency": missing}))
    return Table("latency", "Latency of the cells with a record", NOTES, CELL | COLUMNS, rows, tuple(CELL))


def network_table(latency: Mapping | None) -> Table | None:
    """The same as `cell_table`, for every network of complexity.yaml; None if none was measured."""
    rows, labels = network_rows(latency, _times), (*NETWORK, "input")
    return Table("network-latency", "Latency of every network", NOTES, NETWORK | COLUMNS, rows, labels) if rows else None


def _times(entry: Mapping) -> dict[str, Entry]:
    latency = entry["latency"]
    quartiles = [latency[f"{name}_ms"] for name in ("median", "lower_quartile", "upper_quartile")]
    rate = 1000 / latency["median_ms"]
    return {
        "latency": Entry(
            "{:.2f} [{:.2f}, {:.2f}]".format(*quartiles),
            dict(zip(("median_ms", "lower_quartile_ms", "upper_quartile_ms"), quartiles, strict=True)),
        ),
        "rate": Entry(f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}", {"": rate}),
        "device": Entry(
            f"{latency['device']}, {latency['threads']} threads", {"": latency["device"], "threads": latency["threads"]}
        ),
    }
