"""Human agreement, shown beside the networks: a table of all figures, reference rows in the results tables, and claimed
numbers compared with human figures.

Two sets of labels for the same pictures (FER2013's labels and FER+'s majority) are not people. They have their own rows and
their own table, and claims are not compared with them here.

A human figure is only a reference, never a verdict: it was measured on other pictures than most results, and a network that
learns the majority of a panel can score better than a single rater.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from benchmark.claims.claim import Claim
from benchmark.claims.rules import numeric
from benchmark.errors import BadInput
from benchmark.files import read_object
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.intervals import Interval
from benchmark.records.metrics import METRICS, possible
from benchmark.records.written import bracketed, number
from benchmark.report.tables import Entry, Table, text, title

# Suffix of a part's name -> which pictures of AffectNetC25 it is about, in words (from its README).
SETS = {"_set1": 'Set I, "Confusing Images"', "_set2": "Set II, random images", "": "both sets together"}
_C25 = {
    "leave_one_out": "one rater of AffectNetC25 against the mean of the other 24",
    "pairwise": "one rater of AffectNetC25 against another one",
    "expression": "one rater of AffectNetC25 against the majority of the other 24",
}
# (source, part) -> description of the part in a reference row. Metrics have the names of benchmark.records.metrics.
PARTS = {
    ("ferplus", "leave_one_out"): "one FER+ rater against the majority of the other nine",
    ("ferplus", "panel_retest"): "one FER+ panel of ten against another one on an exact copy, where their votes differ",
    ("ferplus", "panel_retest_all"): "one FER+ panel of ten against another one on an exact copy",
    ("ferplus", "fer2013_label"): "FER2013 label against the FER+ majority (7 common classes)",
} | {("affectnet_c25", name + of): f"{what}, {which}" for of, which in SETS.items() for name, what in _C25.items()}
# Parts that compare labels with labels, without people.
LABELS = {("ferplus", "fer2013_label")}
# (data set of a protocol, task) -> the parts that say how well people do on it, or on the most similar available data set.
REFERENCES = {
    ("fer2013", "categorical"): [("ferplus", "fer2013_label")],
    ("ferplus", "categorical"): [("ferplus", "leave_one_out"), ("ferplus", "panel_retest"), ("ferplus", "panel_retest_all")],
    ("affectnet", "categorical"): [("affectnet_c25", "expression_set2"), ("affectnet_c25", "expression_set1")],
}
# The parts for every data set with valence and arousal. Set II (random) comes first: Set I was chosen for being confusing.
VALENCE_AROUSAL = [("affectnet_c25", name + of) for of in ("_set2", "_set1") for name in ("leave_one_out", "pairwise")]
# (data set, source) pairs in which people rated the same pictures that the protocol uses for testing.
SAME_PICTURES = {("fer2013", "ferplus"), ("ferplus", "ferplus")}

COLUMNS = {"what": "Who", "figure": "Figure", "value": "Value", "pictures": "Pictures", "set": "Of"}
Humans = Mapping[str, Mapping]


def read_humans(folder: Path) -> Humans:
    """Source -> contents of ``folder/<source>.json``, written by `ferbench ceilings`. Sources without a file are left out.

    Raises:
        BadInput: a file that is not JSON or lacks a part.
    """
    found = {}
    for source in dict.fromkeys(source for source, _ in PARTS):
        path = folder / f"{source}.json"
        if not path.is_file():
            continue
        found[source] = read_object(path)
        if missing := [part for of, part in PARTS if of == source and part not in found[source]]:
            raise BadInput(path, f"no {', '.join(missing)}", "a file of `ferbench ceilings`; run it again")
    return found


def references(data: str, task: str, humans: Humans) -> list[dict[str, Entry]]:
    """The reference rows for a results table of the data set `data`: column -> Entry. Empty if nothing was measured."""
    rows = []
    for source, part in VALENCE_AROUSAL if task == "dimensional" else REFERENCES.get((data, task), []):
        if source in humans:
            values = humans[source][part]
            other = "" if (data, source) in SAME_PICTURES else "; other pictures"
            kind = "labels, not people" if (source, part) in LABELS else "people"
            row = {"cell": text(f"{kind}: {PARTS[source, part]}{other}")}
            row["n"] = Entry(f"reference, {values['n']:,} {_counted(values)}", {"note": "reference"})
            rows.append(row | {name: _entry(name, value, values["n"]) for name, value in values.items() if name in METRICS})
    return rows


def tables(humans: Humans, claims: Sequence[Claim]) -> list[Table]:
    """The tables of human agreement, of agreement between labels, and of claims beside human figures; empty if nothing was
    measured."""
    if not humans:
        return []
    return [table for table in (human_table(humans), label_table(humans), claims_against(humans, claims)) if table.rows]


def human_table(humans: Humans) -> Table:
    """Every figure of human agreement, one row each."""
    return Table(
        name="humans",
        title="How well people agree",
        notes=(
            "95 % bootstrap intervals over pictures; averaged over raters or pairs of raters",
            "Sources: " + "; ".join(contents["source"] for contents in humans.values()),
            "AffectNetC25 was rated in two sets, by 25 people each: Set I was chosen for being confusing, Set II at random; "
            'figures of "both sets together" mix the two',
            "The raters of FER+ are not told apart; pictures without a majority are not among its rows",
            *_editions(humans),
        ),
        columns=COLUMNS,
        rows=_rows(humans, of_labels=False),
        labels=("what", "figure"),
    )


def label_table(humans: Humans) -> Table:
    """How well two sets of labels of the same pictures agree, one row per figure."""
    return Table(
        name="label-agreement",
        title="How well the labels of two data sets agree",
        notes=(
            "Labels against labels, no person among them: how well people do is another question",
            "95 % bootstrap intervals over pictures",
        ),
        columns=COLUMNS,
        rows=_rows(humans, of_labels=True),
        labels=("what", "figure"),
    )


def _editions(humans: Humans) -> list[str]:
    """What is known of the two editions of the votes of FER+, as a note."""
    own = humans.get("ferplus", {})
    if not {"editions", "copies"} <= set(own):
        return []
    editions, copies = own["editions"], own["copies"]
    return [
        f"The votes of FER+ have two editions, which differ in {editions['other votes']:,} rows, "
        f"{editions['of these, copies of an earlier picture']:,} of them exact copies, to which fer2013new.csv gives the "
        f"votes of the first copy. The figures are of label.csv; there {copies['conflicting']:,} of {copies['groups']:,} "
        "groups of exact copies have different labels",
        "Copies with equal votes may have had one panel, but most of these votes are unanimous or nearly so, as those of "
        "two panels can be: the agreement of two panels lies between the two figures. Intervals over groups of copies",
    ]


def _rows(humans: Humans, of_labels: bool) -> list[dict[str, Entry]]:
    rows = []
    for source, contents in humans.items():
        for part, values in contents.items():
            if not isinstance(values, Mapping) or "n" not in values or ((source, part) in LABELS) != of_labels:
                continue
            what = PARTS.get((source, part)) or _between(part, contents["raters"])
            for name, value in values.items():
                if not isinstance(value, Mapping):
                    continue
                row = {"what": text(what), "figure": text(_title(name)), "value": _entry(name, value, values["n"])}
                rows.append(
                    row | {"pictures": text(f"{values['n']}"), "set": text(values.get("pictures", contents["pictures"]))}
                )
    return rows


def _between(part: str, raters: int) -> str:
    """Description of a part that is about the agreement between all raters."""
    name, _, which = part.partition("_set")
    return f"{name} of {raters} raters" + (f", {SETS[f'_set{which}']}" if which else "")


def claims_against(humans: Humans, claims: Sequence[Claim]) -> Table:
    """Each claimed number beside the human figures of the same metric. It gives no verdict, only the two numbers and which
    of them is better."""
    rows = []
    for claim in claims:
        if claim.test.rule != numeric.__name__:
            continue
        parameters = claim.test.parameters
        names = [parameters["metric"]] if isinstance(parameters["metric"], str) else parameters["metric"]
        task = METRICS[names[0]].task
        data = _data_of(parameters["protocol"])
        pairs = VALENCE_AROUSAL if task == "dimensional" else REFERENCES.get((data, task), [])
        for source, part in (pair for pair in pairs if pair not in LABELS):
            for name in names:
                value = humans.get(source, {}).get(part, {}).get(name)
                if value is None:
                    continue
                other = "" if (data, source) in SAME_PICTURES else "; other pictures"
                shown = number(parameters["value"], METRICS[name].unit)
                row = {"claim": text(claim.id), "metric": text(title(name))}
                row["claimed"] = Entry(shown, {"": parameters["value"]})
                row["human"] = _entry(name, value, humans[source][part]["n"])
                row["who"] = text(PARTS[source, part] + other)
                rows.append(row | {"beyond": text(_beyond(parameters["value"], value, METRICS[name].direction))})
    return Table(
        name="claims-against-humans",
        title="Claimed numbers beside human agreement",
        notes=(
            "A comparison of two numbers and no verdict: the people rated other pictures than the claim is about, except "
            "where nothing else is said",
            "Better than the human figure: outside its 95 % bootstrap interval over pictures, on the better side",
        ),
        columns={
            "claim": "Claim",
            "metric": "Metric",
            "claimed": "Claimed",
            "human": "People",
            "beyond": "Claimed number is",
            "who": "Who",
        },
        rows=rows,
        labels=("claim", "metric"),
    )


def _beyond(claimed: float, human: Mapping, direction: str) -> str:
    low, high = (human["low"], human["high"]) if direction == "higher" else (-human["high"], -human["low"])
    own = claimed if direction == "higher" else -claimed
    return "better than the human figure" if own > high else "worse than it" if own < low else "within its interval"


def _data_of(protocol: str) -> str:
    """The data set of a protocol. A claim can name a protocol that does not exist here; then the first word of its name."""
    return load_protocol(protocol).data if protocol in protocol_names() else protocol.split("-", maxsplit=1)[0]


def _counted(values: Mapping) -> str:
    """What the n of a part counts."""
    return "pairs of copies" if "groups" in values else "pictures"


def _title(name: str) -> str:
    return title(name) if name in METRICS else {"fleiss_kappa": "Fleiss' kappa"}.get(name, "Krippendorff's alpha")


def _entry(name: str, value: Mapping, n: int) -> Entry:
    # Fleiss' kappa and Krippendorff's alpha of many raters have the range of their forms for two.
    unit, within = (METRICS[name].unit, possible(name)) if name in METRICS else ("", possible("kappa"))
    interval = Interval(value["mean"], value["low"], value["high"], n)
    return Entry(bracketed(interval, partial(number, unit=unit), within), dict(value))
