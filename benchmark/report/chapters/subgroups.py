"""Chapter: the results split by attributes of the test faces, with the largest gap between two groups."""

from collections.abc import Mapping, Sequence
from functools import partial

from benchmark.measures.subgroups.file import SMALLEST, Split
from benchmark.records.intervals import Interval
from benchmark.records.metrics import METRICS, possible, possible_difference
from benchmark.records.written import bracketed, number
from benchmark.report.material import Material
from benchmark.report.parts import Chapter
from benchmark.report.tables import Entry, Table, seeds, text, title

PLACE = 75

WHAT_GROUPS_ARE = (
    "The groups are attributes that a model or annotators gave to a face by its looks. They are not what people say of "
    "themselves, they have errors, and those errors need not be equal in all groups. A gap between groups can come from the "
    "network, from the labels, from the pictures, and from groups that hold the classes in other shares."
)
HOW_TO_READ = (
    "The largest gap is that between the best and the worst of several groups, so it is above 0 even where no group "
    "differs: read it beside the gap of random divisions of the same faces. docs/intended-use.md says what may be concluded."
)
VALUE_NOTE = (
    "Mean over seeds [95 % bootstrap interval over the faces of the group]; the CSV also has the t-interval over seeds; "
    f"groups of fewer than {SMALLEST} faces have no metric"
)
GAP_NOTE = (
    "Largest gap: best minus worst group [95 % bootstrap over the faces of both, each group by itself]; by chance up to: 95 "
    "of 100 random divisions of the faces into groups of these sizes have no larger gap"
)


def chapter(material: Material) -> Chapter | None:
    """A table for each comparison and attribute; None if nothing was split."""
    tables = [table(split, name) for split in material.subgroups for name in split.entry["by"] if split.cells]
    return Chapter("Results by subgroup", intro=[WHAT_GROUPS_ARE, HOW_TO_READ], tables=tables) if tables else None


def table(split: Split, name: str) -> Table:
    """The results of one comparison by one attribute, a block for each metric."""
    comparison, of_faces, metrics = split.comparison, split.entry["by"][name], split.entry["metrics"]
    groups = of_faces["groups"]
    columns, blocks = {"cell": "Cell", "n": "Seeds"}, []
    for metric in metrics:
        own = {f"{metric}_{group}": f"{group} (n = {faces:,})" for group, faces in groups.items()}
        own |= {f"{metric}_gap": "Largest gap", f"{metric}_chance": "By chance up to"}
        columns |= {key: f"{title(metric)}: {shown}" for key, shown in own.items()}
        blocks.append(list(own))
    rows = [
        {"cell": text(label), "n": seeds(cell["seeds"], comparison.diverged(label))}
        | {key: entry for metric in metrics for key, entry in _entries(cell["by"].get(name), metric, groups).items()}
        for label, cell in split.cells.items()
    ]
    return Table(
        name=f"{comparison.slug}-by-{name}",
        title=f"{comparison.slug}: results by {name}",
        notes=(
            comparison.header,
            "TTA: none",
            f"{name}: {split.attributes.get(name, 'groups as in the file')}; not known for {of_faces['unknown']:,} faces",
            VALUE_NOTE,
            GAP_NOTE,
        ),
        columns=columns,
        rows=rows,
        labels=("cell", "n"),
        blocks=blocks,
    )


def _entries(results: Mapping | None, metric: str, groups: Sequence[str]) -> dict[str, Entry]:
    """The entries of one metric in the row of one cell. `results`: of the cell, by the attribute; None if it has none."""
    if results is None:
        return {}
    row, unit = {}, METRICS[metric].unit
    for group in groups:
        value = results["groups"].get(group, {}).get(metric)
        row[f"{metric}_{group}"] = _value(value, metric) if value else Entry("too few", {"note": "too few"})
    if gap := results["gaps"].get(metric):
        interval = Interval(gap["mean"], gap["low"], gap["high"], 0)
        # Its sign is that of the best minus the worst group of these faces; of resampled faces it may be the other.
        shown = bracketed(interval, lambda v: number(v, unit), possible_difference(metric))
        part = {"mean": gap["mean"], "low": gap["low"], "high": gap["high"], "best": gap["best"], "worst": gap["worst"]}
        row[f"{metric}_gap"] = Entry(f"{shown} ({gap['best']} over {gap['worst']})", part)
        if gap["chance"] is not None:
            row[f"{metric}_chance"] = Entry(number(gap["chance"], unit), {"": gap["chance"]})
    return row


def _value(value: Mapping, metric: str) -> Entry:
    if value["mean"] is None:
        return Entry("not defined", {"note": "not defined"})
    interval = Interval(value["mean"], value["faces_low"], value["faces_high"], 0)
    shown = bracketed(interval, partial(number, unit=METRICS[metric].unit), possible(metric))
    return Entry(shown, dict(value))
