"""Chapter: the leaderboards of leaderboard.json (`benchmark.report.boards`), a table each.

The four kinds of rows are in separate blocks and never in one column.
"""

from collections.abc import Mapping
from dataclasses import replace

from benchmark.records.intervals import Interval
from benchmark.records.metrics import METRICS
from benchmark.records.outside_record import NO, UNKNOWN, YES
from benchmark.records.written import number
from benchmark.report.boards import FILE, OUTSIDE, PUBLISHED, RUN, SEEN
from benchmark.report.material import Material
from benchmark.report.parts import Chapter
from benchmark.report.tables import TRUST_NOTE, Entry, Table, metric_entry, not_tested, seeds, text

PLACE = 10
INTRO = (
    "Runs of this suite, models of others evaluated here, models that may have seen the test faces, and published numbers: "
    "four kinds that are made by different rules and stand in tables of their own, one set a protocol version. The same for "
    f"machines, with every metric: {FILE}."
)
BLOCKS = {RUN: "own", OUTSIDE: "outside", SEEN: "seen", PUBLISHED: "published"}  # kind -> the start of its columns' keys
SEEN_WORDS = {NO: "no", UNKNOWN: "may have", YES: "yes"}
RANK = {"rank": "Rank"}
TRUST = {"saw": "Seen these faces", "trust": "Trust"}  # beside the value: what it is worth
FACTS = {
    "selection": "Selection rule",
    "extra": "Extra training data",
    "parameters": "Parameters",
    "macs": "MACs, one view",
}
TTA = {"tta": "TTA"}
STATED = {"stated": "Its authors state", "where": "Where they state it"}
CAME = {"kind": "Came in as"}


def chapter(material: Material) -> Chapter:
    """The leaderboards with runs, outside models and published numbers."""
    return Chapter("Leaderboards", [INTRO], tables(material.leaderboard))


def tables(contents: Mapping) -> list[Table]:
    """The table `leaderboard-<slug>` of every board.

    Args:
        contents: of leaderboard.json.
    """
    return [_table(board) for board in contents["boards"]]


def _table(board: Mapping) -> Table:
    protocol, data, unit = board["protocol"], board["data"], board["metric"]["shown_in"] or ""
    shown = f"{board['metric']['title']}, {unit}" if unit else board["metric"]["title"]
    columns = {"protocol": "Protocol", "version": "Version", "cell": "Entry"}
    blocks = {
        RUN: RANK | {"n": "Seeds", "value": f"Trained by this suite: {shown}"} | TTA | TRUST | FACTS,
        OUTSIDE: RANK | {"value": f"Outside model, evaluated here: {shown}"} | TTA | TRUST | STATED | FACTS | CAME,
        SEEN: {"value": f"May have seen these faces, not ranked: {shown}"} | TTA | TRUST | STATED | FACTS | CAME,
        PUBLISHED: {"value": f"Published, quoted: {shown}"} | TRUST | {"source": "Source"},
    }
    columns |= {f"{BLOCKS[kind]}_{key}": title for kind, own in blocks.items() for key, title in own.items()}
    what = "Protocol" if protocol["of_the_suite"] else "Own protocol, which the suite does not have,"
    label = {"protocol": text(board["name"]), "version": text(protocol["version"])}
    warned: dict[str, dict[str, None]] = {}  # a sentence -> the entries that it is about
    for row in board["rows"]:
        for line in row["warnings"]:
            warned.setdefault(line, {})[row["entry"]] = None
    notes = [
        f"{what} {protocol['name']} version {protocol['version']} (hash {protocol['hash']}) on {data['name']} "
        f"{data['version']}; {shown}",
        "Trained by this suite: mean over seeds [95 % t-interval over seeds]",
        "Outside model: one network, trained by others in their way and on their data, tested here "
        f"[95 % {'Wilson' if unit == '%' else 'bootstrap'} interval over test images]",
        "May have seen these faces: nobody says that it was neither trained nor chosen with their help, so its number is no "
        "evidence; sorted by name",
        "Published: quoted from the source, not measured here; training, selection and TTA are its authors'",
        "The kinds are no one ranking; a rank is the order of the numbers among rows of one kind and one TTA, not a test",
        TRUST_NOTE,
        *(f"Warning at {', '.join(entries)}: {line}" for line, entries in warned.items()),
    ]
    return Table(
        name=f"leaderboard-{board['name']}",
        title=f"{board['name']}: leaderboard",
        notes=notes,
        columns=columns,
        rows=[label | _shown(row, board["metric"]["name"]) for row in board["rows"]],
        labels=("protocol", "version", "cell"),
        blocks=[tuple(f"{BLOCKS[kind]}_{key}" for key in own) for kind, own in blocks.items()],
    )


def _shown(row: Mapping, metric: str) -> dict[str, Entry]:
    own: dict[str, Entry] = {"value": value_entry(row, metric), "saw": text(SEEN_WORDS[row["seen_test_faces"]])}
    if row["kind"] == PUBLISHED:
        own |= {"trust": text("not measured here"), "source": text(row["source"])}
        own["saw"] = text("not known")
    else:
        own |= {
            "tta": text(row["view"]),
            "selection": text(row["selection"] or "its authors'"),
            "extra": text(row["extra_training_data"] or "not stated"),
            "parameters": _count(row["cost"]["parameters"], text("not known")),
            "macs": _count(row["cost"]["macs"], not_tested("not counted") if row["kind"] == RUN else text("not known")),
            "trust": text(row["trust"]),
        }
    if row["kind"] in (RUN, OUTSIDE):
        own["rank"] = text(row["rank"]) if row["rank"] is not None else Entry("none", {})
    if row["kind"] == RUN:
        own["n"] = seeds(row["seeds"], row["diverged"])
    if row["kind"] in (OUTSIDE, SEEN):
        came = row["came_in_as"]
        own |= stated(row["stated"]) | {"kind": text(f"{came['kind']} ({came['source']})")}
    block, entry = BLOCKS[row["kind"]], replace(text(row["entry"]), foreign=row["kind"] != RUN)
    return {"cell": entry} | {f"{block}_{key}": entry for key, entry in own.items()}


def stated(what: Mapping | None) -> dict[str, Entry]:
    """What a model's authors state of it: an accuracy, words or both; and where. By the keys of `STATED`."""
    if what is None:
        return {"stated": text("nothing"), "where": text("")}
    words = [what["words"]] if "words" in what else []
    if "accuracy" in what:
        said = {"words": what["words"]} if words else {}
        own = Entry(", ".join([number(what["accuracy"], "%"), *words]), {"": what["accuracy"], **said})
    else:
        own = text(*words)
    return {"stated": own, "where": text(what["source"])}


def value_entry(row: Mapping, metric: str) -> Entry:
    """The value of a row of leaderboard.json with its interval."""
    if row["kind"] == RUN and not row["seeds"]:
        return Entry("diverged", {"note": "diverged"})
    if row["kind"] == PUBLISHED:
        return Entry(number(row["value"], METRICS[metric].unit), {"": row["value"]})
    interval = None if row["value"] is None else Interval(row["value"], row["low"], row["high"], 1)
    return metric_entry(interval, metric)


def _count(value: int | None, nothing: Entry) -> Entry:
    return nothing if value is None else Entry(f"{value:,}", {"": value})
