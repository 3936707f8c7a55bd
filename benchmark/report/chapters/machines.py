"""Chapter: the machines, versions and commits that runs and measurements were made with."""

from collections.abc import Sequence

from benchmark.report.environments import Environment, environments
from benchmark.report.material import Material
from benchmark.report.parts import COSTS, Chapter
from benchmark.report.tables import Entry, Table, text

PLACE = 55


def chapter(material: Material) -> Chapter:
    """The table of environments."""
    return Chapter("Machines", tables=[table(environments(material))], page=COSTS)


def table(known: Sequence[Environment]) -> Table:
    """One row per environment, one column per entry."""
    names = list(dict.fromkeys(name for each in known for name in each.values))
    versions = [name for name in names if name.startswith("versions ")]
    others = [name for name in names if name not in versions]
    titles = {name: name.capitalize() for name in others} | {name: name.removeprefix("versions ") for name in versions}
    rows = []
    for at, each in enumerate(known, 1):
        row = {"number": text(at), "made": text("; ".join(each.made))}
        rows.append(row | {name: _entry(each.values.get(name)) for name in names})
    return Table(
        name="environments",
        title="Environments",
        notes=("What was made, on which machine, with which versions", "In brackets: the number of runs or files"),
        columns={"number": "Number", "made": "Made there"} | titles,
        rows=rows,
        labels=("number",),
        blocks=[block for block in (("made",), others, versions) if block],
    )


def _entry(value: object) -> Entry:
    return Entry("not recorded", {"note": "not recorded"}) if value is None else text(value)
