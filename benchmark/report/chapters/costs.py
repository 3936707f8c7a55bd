"""Chapter: the cost of networks and runs. Operations and latency come from complexity.json, time and memory from records."""

from collections import defaultdict
from collections.abc import Mapping

from benchmark.measures.complexity.file import measured_network
from benchmark.records.comparisons import ScoredRun, Summary
from benchmark.records.statistics import t_interval
from benchmark.report.material import Material
from benchmark.report.parts import Chapter, Picture
from benchmark.report.sections.figures import shortcut_functions
from benchmark.report.style import svg
from benchmark.report.tables import INTERVAL_NOTE, Entry, Table, measured, not_tested, seeds, text

PLACE = 40
SHORTCUTS = "The shortcuts H(x) = atan(a x / s) / (a s), s = sqrt(1 + c^2), and slopes; adaptive starts at (1, 1)"

MIB = 2**20
COSTS = {
    "input": "Input",
    "parameters": "Trainable parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "elementwise": "of which elementwise",
    "skipped": "Operators the MAC counter skipped",
    "uncounted": "Operators in no count",
    "latency": "CPU latency, ms [quartiles]",
    "rate": "Images/s",
    "device": "Device",
}
BLOCKS = (tuple(COSTS)[:5], tuple(COSTS)[5:7], tuple(COSTS)[7:])
NOTES = (
    "One picture, evaluation mode",
    "MACs: multiply-adds of convolutions and matrix products (fvcore); FLOPs = 2 x MACs + elementwise operations",
    "What the MAC counter skipped is counted as elementwise unless it stands among the operators in no count",
    "Latency: median over timed passes after warm-up, float32, batch 1, processor time of the one thread that works",
    "Images/s: the same as a rate, one picture at a time",
)


def chapter(material: Material) -> Chapter:
    """The cost of networks and runs, and a figure of the shortcut functions."""
    networks = network_table(material.complexity)
    own = [complexity_table(material.summary, material.complexity), cost_table(material.summary)]
    picture = Picture("figures/shortcuts.svg", SHORTCUTS, svg(shortcut_functions()))
    return Chapter("Networks and cost", tables=[*([networks] if networks else []), *own], pictures=[picture])


def complexity_table(summary: Summary, complexity: Mapping | None) -> Table:
    """Parameters, MACs, FLOPs, what the counters skipped, and CPU latency of every cell with a record."""
    columns = {
        "protocol": "Protocol",
        "cell": "Cell",
    } | COSTS
    rows, odd = [], []
    for comparison in summary.comparisons:
        for label, runs in comparison.runs.items():
            row = {"protocol": text(comparison.slug), "cell": text(label)}
            entry = measured_network(complexity, comparison, label)
            if entry is None:
                reason = "no entry in complexity.json" if complexity else "no complexity.json"
                row |= {"parameters": _count(runs[0].record["parameters"]), "macs": not_tested(reason)}
                row |= {"latency": not_tested(reason)}
            else:
                row |= _network(entry)
                if entry["parameters"]["trainable"] != runs[0].record["parameters"]:
                    odd.append(f"{comparison.slug} / {label} ({runs[0].record['parameters']:,} in its record)")
            rows.append(row)
    notes = list(NOTES)
    if odd:
        notes.append(f"Parameters differ from the record's: {'; '.join(odd)}")
    return Table("complexity", "Complexity of the cells with a record", notes, columns, rows, ("protocol", "cell"), BLOCKS)


def network_table(complexity: Mapping | None) -> Table | None:
    """The same as `complexity_table`, for every network of complexity.yaml, with or without a record; None if no network was
    counted."""
    rows = [
        {"network": text(entry["name"]), "outputs": text(entry["outputs"])} | _network(entry)
        for entry in (complexity or {}).get("networks", ())
    ]
    columns = {"network": "Network", "outputs": "Outputs"} | COSTS
    notes = (*NOTES, "No count needs a run: every registered network and the family's members that cells name are here")
    blocks = (("outputs", *BLOCKS[0]), *BLOCKS[1:])
    labels = ("network", "input")
    blocks = tuple(tuple(key for key in block if key not in labels) for block in blocks)
    return Table("networks", "What every network costs", notes, columns, rows, labels, blocks) if rows else None


def cost_table(summary: Summary) -> Table:
    """Training time, throughput and memory of every cell, per device."""
    columns = {
        "protocol": "Protocol",
        "cell": "Cell",
        "device": "Device",
        "n": "Seeds",
        "train_seconds": "Training, s",
        "images_per_second": "Images/s in training",
        "peak_memory_mib": "Peak memory, MiB",
    }
    rows = []
    for comparison in summary.comparisons:
        for label, runs in comparison.runs.items():
            by_device = defaultdict(list)
            for run in runs:
                by_device[run.record["cost"].get("device", "not recorded")].append(run)
            for device, own in sorted(by_device.items()):
                finished = [run for run in own if not run.record.diverged]
                row = {"protocol": text(comparison.slug), "cell": text(label), "device": text(device)}
                row["n"] = seeds(len(finished), len(own) - len(finished))
                row["train_seconds"] = _cost(finished, "train_seconds", lambda v: f"{v:,.1f}")
                row["images_per_second"] = _cost(finished, "images_per_second", lambda v: f"{v:,.0f}")
                row["peak_memory_mib"] = _cost(finished, "peak_memory_bytes", lambda v: f"{v:,.0f}", MIB)
                rows.append(row)
    notes = ("Training time without evaluation, as each run measured it on its device", INTERVAL_NOTE)
    return Table("cost", "Cost of the runs", notes, columns, rows, ("protocol", "cell", "device", "n"))


def _cost(runs: list[ScoredRun], key: str, show, scale: float = 1) -> Entry:
    if not runs:
        return Entry("diverged", {"note": "diverged"})
    values = [run.record["cost"].get(key) for run in runs]
    if None in values:
        return not_tested("not in every record")
    return measured(t_interval([value / scale for value in values]), show)


def _network(entry: Mapping) -> dict[str, Entry]:
    latency = entry["latency"]
    quartiles = [latency[f"{name}_ms"] for name in ("median", "lower_quartile", "upper_quartile")]
    return {
        "input": text("x".join(map(str, entry["input"][1:]))),
        "parameters": _count(entry["parameters"]["trainable"]),
        "macs": _count(entry["macs"]),
        "flops": _count(entry["flops"]),
        "elementwise": _count(sum(entry["elementwise"].values())),
        "skipped": _operators(entry["skipped"]),
        "uncounted": _operators(entry["uncounted"]),
        "latency": Entry(
            "{:.2f} [{:.2f}, {:.2f}]".format(*quartiles),
            dict(zip(("median_ms", "lower_quartile_ms", "upper_quartile_ms"), quartiles, strict=True)),
        ),
        "rate": Entry(f"{1000 / latency['median_ms']:,.3g}", {"": 1000 / latency["median_ms"]}),
        "device": Entry(
            f"{latency['device']}, {latency['threads']} threads", {"": latency["device"], "threads": latency["threads"]}
        ),
    }


def _count(value: int) -> Entry:
    return Entry(f"{value:,}", {"": value})


def _operators(found: Mapping[str, int]) -> Entry:
    return text(", ".join(f"{name} x {times}" for name, times in found.items()) or "none")
