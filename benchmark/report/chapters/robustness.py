"""Chapter: the measurements of `ferbench robustness`, and calibration computed from records. One table of each per protocol,
and curves over severities."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmark.measures.robustness.file import Measured, MeasuredEntries
from benchmark.records.calibration import calibration
from benchmark.records.comparisons import Comparison, ScoredRun, Summary
from benchmark.records.intervals import t_interval
from benchmark.records.metrics import METRICS, PRIMARY, Range, possible
from benchmark.records.outside_record import seen_in
from benchmark.records.written import number
from benchmark.report.boards import boards
from benchmark.report.cell_words import by_kind
from benchmark.report.chapters.leaderboard import SEEN_WORDS
from benchmark.report.material import Material
from benchmark.report.parts import Chapter, drawn
from benchmark.report.sections.severities import drawings
from benchmark.report.tables import INTERVAL_NOTE, TRUST_NOTE, Entry, Table, measured, not_tested, seeds, text

PLACE = 20
INTRO = (
    "How far results change on corrupted and mirrored faces and those of other data sets (measured where the weights are); "
    "whether the probabilities that a network gives are right, before and after temperature scaling (from the records)."
)


def chapter(material: Material) -> Chapter:
    """Results on corrupted and mirrored faces and on faces of other data sets, and calibration."""
    found = material.summary, material.robustness
    made = [*tables(*found), *tables_of_entries(material.summary, material.robustness_of_entries)]
    return Chapter("Robustness and calibration", [INTRO], made, drawn(drawings(*found)))


def tables(summary: Summary, found: Measured) -> list[Table]:
    """The tables `<slug>-robustness`, for protocols that were measured, and `<slug>-calibration`, for categorical ones."""
    made = []
    for comparison in by_kind(summary.comparisons):
        if own := found.get(comparison.slug):
            made.append(_robustness(comparison, own))
        if table := calibration_table(comparison):
            made.append(table)
    return made


def tables_of_entries(summary: Summary, found: MeasuredEntries) -> list[Table]:
    """The tables `<slug>-robustness-outside`: outside entries that were measured, apart from the runs, in the order of their
    names."""
    made, files = [], {id(run): contents for run, contents in found}
    for board in boards(summary):
        own = {run.record.cell: [files[id(run)]] for run in board.outside if id(run) in files}
        if own:
            protocol, metric = board.protocol, PRIMARY[board.protocol["task"]]
            notes = (
                f"Protocol {protocol['name']} version {protocol['version']} (hash {board.protocol_hash}) on "
                f"{board.data['name']} {board.data['version']}",
                "Outside models: one network each, so no interval, and no one ranking with the runs of this suite",
                "Corrupted at the protocol's input size, as for runs, then brought to the model's own size",
            )
            title = f"{board.slug}: robustness of outside models"
            table = _table(f"{board.slug}-robustness-outside", title, dict(sorted(own.items())), metric, notes)
            made.append(_with_origin(table, {run.record.cell: run for run in board.outside}))
    return made


def _with_origin(table: Table, runs: Mapping[str, ScoredRun]) -> Table:
    """A table of outside entries with what a reader must know of each in its first block."""
    columns = {"cell": table.columns["cell"], "saw": "Seen these faces", "trust": "Trust", **table.columns}
    rows = []
    for row in table.rows:
        run = runs[row["cell"].text]
        assert run.record.outside is not None
        own = {"cell": replace(row["cell"], foreign=True)}
        rows.append({**row, **own, "saw": text(SEEN_WORDS[seen_in(run.record.outside)]), "trust": text(run.trust)})
    blocks = [("saw", "trust", *table.blocks[0]), *table.blocks[1:]]
    return replace(table, columns=columns, rows=rows, blocks=blocks, notes=[*table.notes, TRUST_NOTE])


def calibration_table(comparison: Comparison) -> Table | None:
    """ECE and NLL before and after temperature scaling; None if no run has these figures."""
    found = {label: [calibration(run.record) for run in runs] for label, runs in comparison.runs.items()}
    if not any(each for own in found.values() for each in own):
        return None
    columns = {"cell": "Cell", "n": "Seeds", "temperature": "Temperature"}
    for name in ("ece", "nll"):
        unit = METRICS[name].unit
        columns |= {f"{name}_{when}": f"{METRICS[name].title} {when}, {unit}" for when in ("before", "after")}
    rows = []
    for label, own in found.items():
        own = [each for each in own if each]
        row = {"cell": text(label), "n": seeds(comparison.finished(label), comparison.diverged(label))}
        if not own:
            rows.append(row | {"temperature": Entry("diverged", {"note": "diverged"})})
            continue
        fitted = all(each["after"] for each in own)
        reason = not_tested("no temperature is best (validation answered without an error)")
        row["temperature"] = (
            measured(t_interval([each["temperature"] for each in own]), lambda v: f"{v:.3f}", (0, None))
            if fitted
            else reason
        )
        for name in ("ece", "nll"):
            for when in ("before", "after"):
                if when == "before" or fitted:
                    row[f"{name}_{when}"] = _mean([each[when][name] for each in own], METRICS[name].unit, possible(name))
        rows.append(row)
    notes = (
        comparison.header,
        "TTA: none",
        "Temperature: softmax(scores / T), T fitted on the validation split by its NLL, then applied to the test split; it "
        "changes no answer, so accuracy stays",
        INTERVAL_NOTE,
    )
    return Table(f"{comparison.slug}-calibration", f"{comparison.slug}: calibration", notes, columns, rows)


def _robustness(comparison: Comparison, own: Mapping[str, Sequence[Mapping]]) -> Table:
    name, title = f"{comparison.slug}-robustness", f"{comparison.slug}: robustness"
    return _table(name, title, own, comparison.primary, (comparison.header,), (INTERVAL_NOTE,), "Seeds measured")


def _table(
    name: str,
    title: str,
    own: Mapping[str, Sequence[Mapping]],
    metric: str,
    header: Sequence[str],
    footer: Sequence[str] = (),
    count: str = "Networks",
) -> Table:
    first = next(iter(own.values()))[0]
    unit, within, categorical = METRICS[metric].unit, possible(metric), metric == PRIMARY["categorical"]
    same = ("%", possible(metric)) if categorical else ("", (0, None))  # a share of the answers, or a mean distance
    corruptions = list(first["corrupted"])
    transfers = list(dict.fromkeys(name for of in own.values() for each in of for name in each["transfer"]))
    columns = {"cell": "Cell", "n": count, "clean": "Clean", "corrupted": "Mean of all corruptions"}
    columns |= {kind: kind for kind in corruptions}
    columns |= {"flip": "Mirrored", "consistency": "Same answer when mirrored, %" if categorical else "Change when mirrored"}
    columns |= {f"to_{other}": f"Transfer to {other}" for other in transfers}
    rows = []
    for label, of in own.items():
        row = {"cell": text(label), "n": Entry(f"n = {len(of)}", {"": len(of)})}
        row["clean"] = _mean([each["clean"][metric] for each in of], unit, within)
        by_kind = {kind: [_average([s[metric] for s in each["corrupted"][kind]]) for each in of] for kind in corruptions}
        row |= {kind: _mean(values, unit, within) for kind, values in by_kind.items()}
        row["corrupted"] = _mean([_average(values) for values in zip(*by_kind.values(), strict=True)], unit, within)
        row["flip"] = _mean([each["flip"][metric] for each in of], unit, within)
        row["consistency"] = _mean([each["flip"]["consistency"] for each in of], *same)
        for other in transfers:
            results = [each["transfer"].get(other, {"note": "not measured"}) for each in of]
            notes = [each["note"] for each in results if "note" in each]
            row[f"to_{other}"] = not_tested(notes[0]) if notes else _mean([each[metric] for each in results], unit, within)
        rows.append(row)
    notes = [
        f"{METRICS[metric].title}{', %' if unit == '%' else ''}",
        *header,
        "TTA: none",
        "A corruption: mean over severities 1 to 5 (corruptions.yaml); the same pixels for every network",
        *footer,
    ]
    if transfers:
        notes.append("Transfer: on the other set's test faces of the classes that both have, answers among those alone")
    blocks = [("n", "clean", "corrupted", "flip", "consistency"), tuple(corruptions), tuple(f"to_{n}" for n in transfers)]
    return Table(name, title, notes, columns, rows, ("cell",), [block for block in blocks if block])


def _average(values: Sequence[float | None]) -> float | None:
    return None if None in values else float(np.mean(values))


def _mean(values: Sequence[float | None], unit: str, within: Range) -> Entry:
    interval = None if None in values else t_interval(values)
    return measured(interval, lambda v: number(v, unit), within)
