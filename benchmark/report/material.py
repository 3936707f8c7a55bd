"""Everything that the report is made from, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.claims.claim import Claim
from benchmark.claims.judge import Judged, judge
from benchmark.claims.load import load_anchors, load_claims
from benchmark.errors import BadInput
from benchmark.files import read_object, read_yaml
from benchmark.measures.complexity.file import counted_parameters, read_complexity, read_latency
from benchmark.measures.extremes.file import ShownFaces, read_faces
from benchmark.measures.gradients.file import read as read_gradients
from benchmark.measures.machine import read_below
from benchmark.measures.robustness.file import Measured, MeasuredEntries, read_of_entries, read_robustness
from benchmark.measures.speed.file import read_benches
from benchmark.measures.subgroups.file import Split, read_subgroups
from benchmark.names import checked_name, checked_text
from benchmark.records.checks.known import Known
from benchmark.records.comparisons import Summary, summarise
from benchmark.records.examine import gather
from benchmark.records.trust import FILE as VERIFICATION
from benchmark.records.trust import read_verification
from benchmark.report.boards import leaderboard
from benchmark.report.drawings import checked
from benchmark.report.humans import Humans, read_humans
from benchmark.report.newest import newest
from benchmark.report.parts import link
from benchmark.report.plans import held_back
from benchmark.runs.plan import waiting_for_rates
from benchmark.runs.tuning_log import SEARCHES, read_log


@dataclass(frozen=True)
class Data:
    """A prepared data set. `audit`, `leaks`: contents of its audit.json and leaks.json; None if its audit did not count
    copies. `contact_sheet`: a link to it from the report's folder; None if it has none."""

    audit: Mapping
    leaks: Mapping | None
    contact_sheet: str | None

    @property
    def counts(self) -> list[list[str]]:
        """The table of counts, split x class, as rows of text; the first row is the header."""
        counts, classes = self.audit["counts"], self.audit["classes"]
        names = [*classes, *sorted({name for split in counts.values() for name in split} - set(classes))]
        rows = [["split", *names, "all"]]
        for split, of in counts.items():
            rows.append([split, *(f"{of.get(name, 0):,}" for name in names), f"{sum(of.values()):,}"])
        return rows


def read_data(folder: Path, out: Path) -> list[Data]:
    """The prepared data sets below `folder`, sorted by name. BadInput for an audit.json that is not JSON, lacks a key or
    has a name that is no plain one, and for a leaks.json that is not JSON or is missing beside an audit that counted
    copies."""
    found = []
    for path in sorted(folder.glob("[!.]*/audit.json")):
        audit = read_object(path)
        if missing := {"name", "version", "counts", "fingerprint", "classes"} - set(audit):
            raise BadInput(path, f"no {', '.join(sorted(missing))}", "the audit of a data set")
        checked_name(audit["name"], "name", path)
        if not isinstance(audit["classes"], list) or not isinstance(audit["counts"], dict):
            raise BadInput(f"{path}, classes and counts", "something else", "a list, and numbers for each split")
        for name in (*audit["classes"], *audit["counts"]):
            checked_text(name, "classes and counts", path)
        leaks = None
        if "exact_copies" in audit:
            if not (leaked := path.parent / "leaks.json").is_file():
                raise BadInput(leaked, "no such file", "a file of `ferbench audit`; run it again")
            leaks = read_object(leaked)
        sheet = path.parent / "contact-sheet.png"
        found.append(Data(audit, leaks, link(sheet, out) if sheet.is_file() else None))
    return found


def read_searches(folder: Path) -> dict[str, Sequence[Mapping]]:
    """Name of a search for learning rates (an entry of tuning.yaml with `rates`) -> its trials, for the searches that have a
    log in `folder`. BadInput for a log that is not in the format JSON lines."""
    searches = [name for name, entry in read_yaml(SEARCHES).items() if "rates" in entry]
    logs = {name: read_log(folder / f"{name}.jsonl") for name in searches}
    return {name: trials for name, trials in logs.items() if trials}


def read_scalars(folder: Path) -> bytes | None:
    """The figure of the released shortcut coefficients (SVG), written by `ferbench audit-release`; None without it.
    BadInput for a file that is no drawing."""
    path = folder / "shortcut-scalars.svg"
    if not path.is_file():
        return None
    content = path.read_bytes()
    checked(content, path)
    return content


def _text(path: Path) -> str:
    """A file of text; "" if there is none. BadInput if it is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise BadInput(path, error, "text in UTF-8") from error


@dataclass(frozen=True)
class Material:
    """What the report is made from. Whatever is made from it reads no file again; pictures of faces are named, in `sets` and
    `faces`, and the pages link to them.

    Attributes:
        records, out: folders of the records and of the report, for links.
        summary: of the records. Cells that do not have all planned runs yet are marked (`benchmark.report.plans`).
        complexity, latency: contents of complexity.json and latency.json, or None.
        claims, judged: the claims, and the findings for each.
        anchors: data set -> published figures.
        sets: the prepared data sets.
        people: agreement of human raters.
        faces: test faces that may be shown.
        gradients, robustness, benches: measurements of networks.
        robustness_of_entries: the same of outside entries.
        subgroups: results split by attributes of the faces.
        machines: name of a measurement -> the environment it was made in, for gradients and robustness.
        searches: search for learning rates -> its trials.
        scalars: the figure of the released shortcut coefficients, as SVG; None if the release was not audited.
        release: the audit of the authors' release as Markdown; "" without one.
        leaderboard: the contents of leaderboard.json.
        newest: since when these records have been in the report (`benchmark.report.newest`).
    """

    records: Path
    out: Path
    summary: Summary
    complexity: Mapping | None
    latency: Mapping | None
    claims: Sequence[Claim]
    judged: Sequence[Judged]
    anchors: Mapping[str, Mapping]
    sets: Sequence[Data]
    people: Humans
    faces: Sequence[ShownFaces]
    gradients: Sequence[Mapping]
    robustness: Measured
    robustness_of_entries: MeasuredEntries
    benches: Sequence[Mapping]
    subgroups: Sequence[Split]
    machines: Mapping[str, Mapping]
    searches: Mapping[str, Sequence[Mapping]]
    scalars: bytes | None
    release: str
    leaderboard: Mapping
    newest: Mapping

    @property
    def records_link(self) -> str:
        """Link from the pages to the folder of the records."""
        return link(self.records, self.out)


def read_material(records: Path, complexity: Path, data: Path, out: Path) -> Material:
    """Read everything and judge the claims. Arguments and errors as of `benchmark.report.build.build`."""
    counted, claims = read_complexity(complexity), load_claims()
    gathered = gather(records, Known(parameters=partial(counted_parameters, counted)))
    summary = summarise(gathered.records, records, gathered.apart, read_verification(out / VERIFICATION))
    gradients = read_gradients(out / "gradients")
    judged = judge(claims, summary, counted, gradients, waiting_for_rates())
    anchors = load_anchors()
    return Material(
        records=records,
        out=out,
        summary=held_back(summary, judged),
        complexity=counted,
        latency=read_latency(out / "latency.json"),
        claims=claims,
        judged=judged,
        anchors=anchors,
        sets=read_data(data, out),
        people=read_humans(out / "humans"),
        faces=read_faces(out / "faces", summary),
        gradients=gradients,
        robustness=read_robustness(out / "robustness", summary),
        robustness_of_entries=read_of_entries(out / "robustness", summary),
        benches=read_benches(out / "bench"),
        subgroups=read_subgroups(out / "subgroups", summary),
        machines={
            f"{verb} {name}": environment
            for verb in ("gradients", "robustness")
            for name, environment in read_below(out / verb, verb).items()
        },
        searches=read_searches(out / "tuning"),
        scalars=read_scalars(out / "release"),
        release=_text(out / "release-audit.md"),
        leaderboard=leaderboard(summary, counted, anchors, records),
        newest=newest([run.record for run in summary.runs], out),
    )
