"""Chapter: the CPU latency of networks, from latency.json, and the primary metric against it."""

from collections.abc import Mapping

from benchmark.measures.complexity.file import measured_network
from benchmark.records.comparisons import Summary
from benchmark.report.material import Material
from benchmark.report.parts import COSTS, Chapter, Drawing, drawn
from benchmark.report.sections.cost_figure import TIMES, accuracy_against_cost
from benchmark.report.tables import Entry, Table, not_tested, text

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
    own = [cell_table(material.summary, material.latency)]
    drawings = [
        Drawing(
            f"{comparison.slug}-latency",
            accuracy_against_cost(comparison, material.latency, TIMES),
            f"{comparison.slug}: test metric against the latency of a network. {comparison.header}; TTA: none",
        )
        for comparison in material.summary.comparisons
    ]
    tables = [*([networks] if networks else []), *own]
    return Chapter("Latency of the networks", tables=tables, pictures=drawn(drawings), page=COSTS)


def cell_table(summary: Summary, latency: Mapping | None) -> Table:
    """The latency of every cell with a record.

    Args:
        latency: contents of latency.json, or None.
    """
    rows = []
    for comparison in summary.comparisons:
        for label in comparison.runs:
            row = {"protocol": text(comparison.slug), "cell": text(label)}
            entry = measured_network(latency, comparison, label)
            missing = not_tested("no entry in latency.json" if latency else "no latency.json")
            rows.append(row | (_entries(entry) if entry else {"latency": missing}))
    columns = {"protocol": "Protocol", "cell": "Cell"} | COLUMNS
    return Table("latency", "Latency of the cells with a record", NOTES, columns, rows, ("protocol", "cell"))


def network_table(latency: Mapping | None) -> Table | None:
    """The same as `cell_table`, for every network of complexity.yaml; None if none was measured."""
    rows = [
        {"network": text(entry["name"]), "outputs": text(entry["outputs"])} | _entries(entry)
        for entry in (latency or {}).get("networks", ())
    ]
    columns = {"network": "Network", "outputs": "Outputs"} | COLUMNS
    title = "Latency of every network"
    return Table("network-latency", title, NOTES, columns, rows, ("network", "outputs", "input")) if rows else None


def _entries(entry: Mapping) -> dict[str, Entry]:
    latency = entry["latency"]
    quartiles = [latency[f"{name}_ms"] for name in ("median", "lower_quartile", "upper_quartile")]
    rate = 1000 / latency["median_ms"]
    return {
        "input": text("x".join(map(str, entry["input"][1:]))),
        "latency": Entry(
            "{:.2f} [{:.2f}, {:.2f}]".format(*quartiles),
            dict(zip(("median_ms", "lower_quartile_ms", "upper_quartile_ms"), quartiles, strict=True)),
        ),
        "rate": Entry(f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}", {"": rate}),
        "device": Entry(
            f"{latency['device']}, {latency['threads']} threads", {"": latency["device"], "threads": latency["threads"]}
        ),
    }
