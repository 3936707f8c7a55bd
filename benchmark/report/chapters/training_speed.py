"""Chapter: the measurements of `ferbench bench`. One table for all devices, and per device a figure of how time and memory
grow."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, StrMethodFormatter

from benchmark.measures.speed.file import file_name
from benchmark.measures.speed.instructions import NATIVE
from benchmark.report.material import Material
from benchmark.report.parts import COSTS, Chapter, Drawing, drawn
from benchmark.report.style import BLUE, VERMILION, beside, fixed_panels, sentences
from benchmark.report.tables import Entry, Table, text

PLACE = 50
INTRO = "How this suite's training and evaluation compare with other ways to train the same network (docs/speed.md)."

MIB = 2**20


def chapter(material: Material) -> Chapter | None:
    """Speed of training and evaluation compared with other ways; None if it was not measured."""
    if not material.benches:
        return None
    found = tables(material.benches), drawn(drawings(material.benches))
    return Chapter("Speed of training", [INTRO], *found, page=COSTS)


def tables(benches: Sequence[Mapping]) -> list[Table]:
    """The table `speed`, with one row per contender of every comparison; empty without measurements."""
    columns = {
        "device": "Device",
        "network": "Network",
        "size": "Input",
        "shortcut": "Shortcut",
        "contender": "Contender",
        "train": "Training, images/s [quartiles]",
        "evaluate": "Evaluation, images/s [quartiles]",
        "memory": "Peak memory, MiB",
        "train_ratio": "Suite / it: training",
        "evaluate_ratio": "evaluation",
        "memory_ratio": "memory",
        "floor": "Of the floor: training, evaluation",
    }
    rows = []
    for contents in benches:
        environment = contents["environment"]
        device = f"{environment['device']}, {environment['threads']} threads" + _limit(contents)
        for each in contents["comparisons"]:
            for name, own in each["contenders"].items():
                own_network = not name.startswith("timm:")
                row = {"device": text(device), "network": text(each["network"] if own_network else "-")}
                row["size"] = text(f"{each['size']}x{each['size']}")
                row |= {"shortcut": text(each["shortcut"] if own_network else "-")}
                row["contender"] = text(contents["titles"][name])
                row |= {what: _spread(own[what], "{:,.0f}") for what in ("train", "evaluate")}
                if own["memory_bytes"] is not None:
                    row["memory"] = Entry(f"{own['memory_bytes'] / MIB:,.0f}", {"mib": own["memory_bytes"] / MIB})
                if ratio := each["ratios"].get(name):
                    row |= {f"{what}_ratio": _spread(ratio[what], "{:.2f}") for what in ("train", "evaluate")}
                    if ratio["memory"] is not None:
                        row["memory_ratio"] = Entry(f"{ratio['memory']:.2f}", {"": ratio["memory"]})
                if name == "suite":
                    reached = each["floor"]["achieved"]
                    shown = ", ".join(f"{reached[what]:.2f}" for what in ("train", "evaluate"))
                    row["floor"] = Entry(shown, dict(reached))
                rows.append(row)
    if not rows:
        return []
    batches = ", ".join(sorted({str(contents["batch"]) for contents in benches}))
    left_out = {f"{name} ({reason})": None for contents in benches for name, reason in contents["left_out"].items()}
    notes = (
        f"Networks with working BatchNorm, and timm's ResNets, batch {batches}, made-up pictures",
        "The ways beside this suite train the same network, written with torch's operators, in float32, from pictures of "
        "Pillow, and without worker processes (benchmark/measures/speed/ways)",
        *([f"Left out: {', '.join(left_out)}"] if left_out else []),
        "Contenders take turns in processes of their own; ratios are taken round by round; median [quartiles]",
        "Floor: the least time for the operations as direct sums and the bytes of a step at the speed of a large product "
        "and a large copy, measured beside it; Winograd's form takes fewer operations, so more than 1 is possible",
    )
    labels = ("device", "network", "size", "shortcut", "contender")
    return [Table("speed", "Speed of training and evaluation", notes, columns, rows, labels)]


def drawings(benches: Sequence[Mapping]) -> list[Drawing]:
    """The figures `speed-growth-<device type>[-<instructions>]`, for devices on which growth was measured. Must be called
    inside `benchmark.report.style.styled`."""
    made = []
    for contents in benches:
        if contents["growth"]:
            device = contents["environment"]["device"] + _limit(contents)
            caption = (
                f"{device}: the adaptive network's cost in this suite against batch size, side "
                f"of the input and weight layers, one at a time around batch {contents['batch']}, 64x64, 50 layers"
            )
            name = f"speed-growth-{file_name(contents['device_type'], contents['instructions'])}"
            made.append(Drawing(name, growth(contents["growth"]), caption, _described(contents)))
    return made


def _limit(contents: Mapping) -> str:
    """Words for the instruction set, if it is not the processor's own."""
    return "" if contents["instructions"] == NATIVE else f", {contents['instructions'].upper()} at most"


def growth(entries: Sequence[Mapping]) -> Figure:
    """One column of panels per axis of growth. Above: milliseconds per image in training and evaluation; below: peak
    memory."""
    names = list(dict.fromkeys(entry["axis"] for entry in entries))
    figure, axes = fixed_panels(2 * len(names), len(names), (2.5, 1.6), left=0.6, bottom=0.5, top=0.3, right=0.85, grid=True)
    ends: list[list[tuple[str, float, str]]] = [[] for _ in names]
    for place, name in enumerate(names):
        above, below = axes[place], axes[len(names) + place]
        own = [entry for entry in entries if entry["axis"] == name]
        x, suite = [entry["value"] for entry in own], [entry["contenders"]["suite"] for entry in own]
        for what, words, colour in (("train", "training", VERMILION), ("evaluate", "evaluation", BLUE)):
            times = [1000 / each[what]["median"] for each in suite]
            above.plot(x, times, "o-", color=colour, markersize=4, label=words)
            ends[place].append((words, times[-1], colour))
        memory = [each["memory_bytes"] / MIB if each["memory_bytes"] is not None else float("nan") for each in suite]
        below.plot(x, memory, "o-", color=VERMILION, markersize=4)
        below.set_xlabel({"size": "side of the input, pixels", "batch": "batch size"}.get(name, name))
        for axis, first in ((above, axes[0]), (below, axes[len(names)])):
            if axis is not first:
                axis.sharey(first)
            axis.set_xscale("log")
            axis.xaxis.set_major_locator(FixedLocator(x))
            axis.xaxis.set_major_formatter(StrMethodFormatter("{x:.0f}"))
            axis.xaxis.set_minor_locator(NullLocator())
            axis.yaxis.set_major_locator(MaxNLocator(5))
    for first, words in ((axes[0], "ms an image"), (axes[len(names)], "peak memory, MiB")):
        first.set_ylim(bottom=0)  # after all are drawn: they share the axis, and setting one end fixes the other end too
        first.set_ylabel(words)
    for axis, labels in zip(axes, ends, strict=False):
        beside(axis, labels)
    return figure


def _described(contents: Mapping) -> str:
    said = []
    for name in dict.fromkeys(entry["axis"] for entry in contents["growth"]):
        own = [entry for entry in contents["growth"] if entry["axis"] == name]
        first, last = (1000 / entry["contenders"]["suite"]["train"]["median"] for entry in (own[0], own[-1]))
        span = f"from {own[0]['value']} to {own[-1]['value']}"
        said.append(f"Training, {name} {span}: {first:.3g} to {last:.3g} ms an image.")
    return sentences(said, "And {} more.")


def _spread(spread: Mapping, form: str) -> Entry:
    names = ("median", "lower_quartile", "upper_quartile")
    values = [spread[name] for name in names]
    shown = [form.format(value) for value in values]
    return Entry(f"{shown[0]} [{shown[1]}, {shown[2]}]", dict(zip(names, values, strict=True)))
