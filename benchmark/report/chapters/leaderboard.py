"""Chapter: leaderboards, one per protocol version, with runs of this suite, outside models evaluated here, and published
numbers.

The three kinds are in separate blocks and never in one column: a run was trained and selected by the protocol; an outside
model was only tested by it; a published number was made by rules that its authors chose.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from benchmark.claims.load import published
from benchmark.measures.complexity.file import measured_network
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.comparisons import Comparison, ScoredRun, Summary, seeds_interval
from benchmark.records.intervals import Interval, accuracy_interval
from benchmark.records.metrics import METRICS, PRIMARY
from benchmark.records.written import number
from benchmark.report.material import Material
from benchmark.report.parts import Chapter
from benchmark.report.tables import TRUST_NOTE, Entry, Table, measured, not_tested, seeds, text

PLACE = 10
INTRO = (
    "Runs of this suite, models of others evaluated here, and published numbers: three kinds that are made by different "
    "rules and stand in tables of their own, one set a protocol version."
)

FACTS = {
    "selection": "Selection rule",
    "tta": "TTA",
    "extra": "Extra training data",
    "parameters": "Parameters",
    "macs": "MACs, one view",
    "trust": "Trust",
}


def chapter(material: Material) -> Chapter:
    """The leaderboards with runs, outside models and published numbers."""
    return Chapter("Leaderboards", [INTRO], tables(material.summary, material.complexity, material.anchors))


class Board(NamedTuple):
    """One protocol version on one edition of its data. `comparison`: its runs; None if there are only outside models."""

    slug: str
    protocol: Mapping
    protocol_hash: str
    data: Mapping
    comparison: Comparison | None
    outside: Sequence[ScoredRun]


def boards(summary: Summary) -> list[Board]:
    """A board for every comparison, with the outside models of the same protocol and data; then boards for outside models
    without any runs."""
    of: dict[tuple, list[ScoredRun]] = {}
    for run in summary.outside:
        of.setdefault(_identity(run.record["protocol"], run.record["protocol_hash"], run.record["data"]), []).append(run)
    found, taken = [], set()
    for c in summary.comparisons:
        own = of.pop(_identity(c.protocol, c.protocol_hash, c.data), [])
        found.append(Board(c.slug, c.protocol, c.protocol_hash, c.data, c, own))
        taken.add(c.slug)
    for (name, protocol_hash, fingerprint), runs in sorted(of.items()):
        installed = name not in protocol_names() or load_protocol(name).hash == protocol_hash
        slug = name if installed and name not in taken else f"{name}-{protocol_hash[:8]}-{fingerprint[:8]}"
        taken.add(slug)
        record = runs[0].record
        found.append(Board(slug, record["protocol"], protocol_hash, record["data"], None, runs))
    return found


def tables(summary: Summary, counted: Mapping | None, anchors: Mapping[str, Mapping]) -> list[Table]:
    """The table `leaderboard-<slug>` of every board.

    Args:
        counted: contents of complexity.json, or None.
        anchors: `benchmark.claims.load.load_anchors`.
    """
    return [_table(board, counted, anchors) for board in boards(summary)]


def _table(board: Board, counted: Mapping | None, anchors: Mapping[str, Mapping]) -> Table:
    protocol = board.protocol
    metric = METRICS[PRIMARY[protocol["task"]]]
    unit = f"{metric.title}, {metric.unit}" if metric.unit else metric.title
    columns = {"protocol": "Protocol", "version": "Version", "cell": "Entry"}
    blocks = {
        "own": {"n": "Seeds", "value": f"Trained by this suite: {unit}"} | FACTS,
        "outside": {"value": f"Outside model, evaluated here: {unit}", "stated": "Its authors state", "kind": "Came in as"}
        | FACTS,
        "published": {"value": f"Published, quoted: {unit}", "source": "Source"},
    }
    columns |= {f"{block}_{key}": title for block, own in blocks.items() for key, title in own.items()}
    rows = [*_own(board.comparison, counted), *_outside(board.outside), *_published(board, anchors)]
    what = "Protocol" if protocol["name"] in protocol_names() else "Own protocol, which the suite does not have,"
    label = {"protocol": text(board.slug), "version": text(protocol["version"])}
    warnings = [f"{run.record.cell}: {line}" for run in board.outside for line in run.record.outside["warnings"]]
    notes = [
        f"{what} {protocol['name']} version {protocol['version']} (hash {board.protocol_hash}) on {board.data['name']} "
        f"{board.data['version']}; {unit}",
        "Trained by this suite: mean over seeds [95 % t-interval over seeds]",
        "Outside model: one network, trained by others in their way and on their data, tested here "
        + ("[95 % Wilson interval over test images]" if metric.unit == "%" else "(no interval)"),
        "Published: quoted from the source, not measured here; training, selection and TTA are its authors'",
        "The three kinds are no one ranking; highest first within each",
        TRUST_NOTE,
        *(f"Warning at {line}" for line in warnings),
    ]
    return Table(
        name=f"leaderboard-{board.slug}",
        title=f"{board.slug}: leaderboard",
        notes=notes,
        columns=columns,
        rows=[label | row for row in rows],
        labels=("protocol", "version", "cell"),
        blocks=[tuple(f"{block}_{key}" for key in own) for block, own in blocks.items()],
    )


def _own(comparison: Comparison | None, counted: Mapping | None) -> list[dict[str, Entry]]:
    """One row per cell and test-time augmentation: the best mean first, diverged cells last."""
    if comparison is None:
        return []
    found, unit = [], METRICS[comparison.primary].unit
    for label, runs in comparison.runs.items():
        entry = measured_network(counted, comparison, label)
        row = {
            "cell": text(label),
            "own_n": seeds(comparison.finished(label), comparison.diverged(label)),
            "own_selection": text(comparison.protocol["selection"]),
            "own_extra": text("none"),
            "own_parameters": _count(runs[0].record["parameters"]),
            "own_macs": _count(entry["macs"]) if entry else not_tested("not counted"),
            "own_trust": text(comparison.trust(label)),
        }
        if not comparison.finished(label):
            found.append((None, row | {"own_value": Entry("diverged", {"note": "diverged"}), "own_tta": text("none")}))
            continue
        for tta in comparison.protocol["tta"]:
            values = comparison.metric(label, comparison.primary, tta)
            if values:
                interval = seeds_interval(values)
                value = measured(interval, partial(number, unit=unit))
                found.append((interval.mean if interval else None, row | {"own_value": value, "own_tta": text(tta)}))
    return _ranked(found)


def _outside(runs: Sequence[ScoredRun]) -> list[dict[str, Entry]]:
    found = []
    for run in runs:
        record, outside = run.record, run.record.outside
        categorical = record["protocol"]["task"] == "categorical"
        name = PRIMARY[record["protocol"]["task"]]
        unit, stated = METRICS[name].unit, outside["stated"]
        row = {
            "cell": text(record.cell),
            "outside_kind": text(f"{outside['kind']} ({outside['source']})"),
            "outside_stated": Entry(f"{number(stated['accuracy'], '%')} ({stated['source']})", {"": stated["accuracy"]})
            if stated else text("nothing"),
            "outside_selection": text("its authors'"),
            "outside_extra": text(outside["extra_training_data"] or "not stated"),
            "outside_parameters": _count(record["parameters"]) if record["parameters"] is not None else text("not known"),
            "outside_macs": _count(outside["macs"]) if outside.get("macs") else text("not known"),
            "outside_trust": text(run.trust),
        }  # fmt: skip
        for tta, scores in run.scores.items():
            interval = None if scores[name] is None else Interval(scores[name], None, None, 1)
            if interval and categorical:
                interval = accuracy_interval(round(interval.mean * scores["n"]), scores["n"])
            value = measured(interval, partial(number, unit=unit))
            found.append((scores[name], row | {"outside_value": value, "outside_tta": text(tta)}))
    return _ranked(found)


def _published(board: Board, anchors: Mapping[str, Mapping]) -> list[dict[str, Entry]]:
    """The rows of published figures that are a single number; only for protocols of the suite with classes."""
    if board.protocol["task"] != "categorical" or board.protocol["name"] not in protocol_names():
        return []
    sources = {f["name"]: f["source"] for f in anchors.get(board.data["name"], {}).get("figures", ())}
    found = [
        (value, {"cell": text(name), "published_value": Entry(number(value, "%"), {"": value}),
                 "published_source": text(sources[name])})
        for name, value in published(board.data["name"], anchors)
    ]  # fmt: skip
    return _ranked(found)


def _ranked(rows: Sequence[tuple[float | None, dict]]) -> list[dict]:
    return [row for _, row in sorted(rows, key=lambda each: (each[0] is None, -(each[0] or 0)))]


def _identity(protocol: Mapping, protocol_hash: str, data: Mapping) -> tuple[str, str, str]:
    return protocol["name"], protocol_hash, data["fingerprint"]


def _count(value: int) -> Entry:
    return Entry(f"{value:,}", {"": value})
