"""Chapter: parameters and operations of networks, from complexity.json; the shortcut functions. What they take in time is
on the page of costs."""

from collections.abc import Callable, Mapping

from benchmark.measures.complexity.file import measured_network
from benchmark.records.axes import rank
from benchmark.records.comparisons import Summary
from benchmark.report.material import Material
from benchmark.report.parts import Chapter, Picture
from benchmark.report.sections.figures import described, shortcut_functions
from benchmark.report.style import svg
from benchmark.report.tables import CELL, Entry, Table, not_tested, of_cells, text

PLACE = 40
SHORTCUTS = "The shortcuts H(x) = atan(a x / s) / (a s), s = sqrt(1 + c^2), and slopes; adaptive starts at (1, 1)"

PAPERS_NETWORK = "bregnext-50"  # the name of its model

NETWORK = {"network": "Network", "outputs": "Outputs"}  # the columns that name a network of complexity.yaml
COUNTS = {
    "input": "Input",
    "parameters": "Trainable parameters",
    "macs": "MACs",
    "flops": "FLOPs",
    "elementwise": "of which elementwise",
    "skipped": "Operators the MAC counter skipped",
    "uncounted": "Operators in no count",
}
BLOCKS = (tuple(COUNTS)[:5], tuple(COUNTS)[5:])
NOTES = (
    "One picture, evaluation mode",
    "MACs: multiply-adds of convolutions and matrix products (fvcore); FLOPs = 2 x MACs + elementwise operations",
    "What the MAC counter skipped is counted as elementwise unless it stands among the operators in no count",
)


def chapter(material: Material) -> Chapter:
    """Parameters and operations, and a figure of the shortcut functions."""
    networks = network_table(material.complexity)
    own = complexity_table(material.summary, material.complexity)
    picture = Picture("figures/shortcuts.svg", SHORTCUTS, svg(shortcut_functions()), described())
    found = [*([networks] if networks else []), own]
    return Chapter("Parameters and operations", cost_of_shortcuts(material.complexity), found, [picture])


def cost_of_shortcuts(complexity: Mapping | None) -> list[str]:
    """What each shortcut costs in the papers' network, at its largest counted input; none if it was not counted."""
    own = [
        entry
        for entry in (complexity or {}).get("networks", ())
        if entry["model"] == PAPERS_NETWORK and set(entry["options"]) == {"shortcut", "normalisation"}
    ]
    if not own:
        return []
    side = max(entry["input"][-1] for entry in own)
    counted = {entry["options"]["shortcut"]: entry for entry in own if entry["input"][-1] == side}
    each = [
        f"{name} {entry['parameters']['trainable']:,} parameters and {entry['macs']:,} multiply-adds"
        for name, entry in sorted(counted.items(), key=lambda one: rank("shortcut", one[0]))
    ]
    return [f"{PAPERS_NETWORK} at {side}x{side} pixels: {'; '.join(each)}."]


def complexity_table(summary: Summary, complexity: Mapping | None) -> Table:
    """Parameters, MACs, FLOPs and what the counters skipped, of every cell with a record."""
    rows, odd = [], []
    for comparison, label, row in of_cells(summary):
        entry, recorded = measured_network(complexity, comparison, label), comparison.runs[label][0].record["parameters"]
        if entry is None:
            reason = "no entry in complexity.json" if complexity else "no complexity.json"
            row |= {"parameters": _count(recorded), "macs": not_tested(reason)}
        else:
            row |= {"input": input_of(entry)} | _counts(entry)
            if entry["parameters"]["trainable"] != recorded:
                odd.append(f"{comparison.slug} / {label} ({recorded:,} in its record)")
        rows.append(row)
    notes = list(NOTES)
    if odd:
        notes.append(f"Parameters differ from the record's: {'; '.join(odd)}")
    title = "Complexity of the cells with a record"
    return Table("complexity", title, notes, CELL | COUNTS, rows, tuple(CELL), BLOCKS)


def network_table(complexity: Mapping | None) -> Table | None:
    """The same as `complexity_table`, for every network of complexity.yaml, with or without a record; None if no network was
    counted."""
    rows = network_rows(complexity, _counts)
    notes = (*NOTES, "No count needs a run: every registered network and the family's members that cells name are here")
    blocks = (("outputs", *BLOCKS[0]), *BLOCKS[1:])
    labels = ("network", "input")
    blocks = tuple(tuple(key for key in block if key not in labels) for block in blocks)
    title = "Parameters and operations of every network"
    return Table("networks", title, notes, NETWORK | COUNTS, rows, labels, blocks) if rows else None


def network_rows(measured: Mapping | None, entries: Callable[[Mapping], dict[str, Entry]]) -> list[dict[str, Entry]]:
    """A row for each network of complexity.yaml: `NETWORK`, the size of its input, and `entries` of it.

    Args:
        measured: contents of complexity.json or latency.json, or None.
    """
    return [
        {"network": text(each["name"]), "outputs": text(each["outputs"]), "input": input_of(each)} | entries(each)
        for each in (measured or {}).get("networks", ())
    ]


def input_of(entry: Mapping) -> Entry:
    """The size of a network's input: channels x height x width."""
    return text("x".join(map(str, entry["input"][1:])))


def _counts(entry: Mapping) -> dict[str, Entry]:
    return {
        "parameters": _count(entry["parameters"]["trainable"]),
        "macs": _count(entry["macs"]),
        "flops": _count(entry["flops"]),
        "elementwise": _count(sum(entry["elementwise"].values())),
        "skipped": _operators(entry["skipped"]),
        "uncounted": _operators(entry["uncounted"]),
    }


def _count(value: int) -> Entry:
    return Entry(f"{value:,}", {"": value})


def _operators(found: Mapping[str, int]) -> Entry:
    return text(", ".join(f"{name} x {times}" for name, times in found.items()) or "none")
