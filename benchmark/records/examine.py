"""The examination of records: every check, and what each found. Import, verify and the report all use it.

A check that fails stops those that build on it, and nothing else: the other records and the report go on.
"""

import contextlib
import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.records.checks import data, definition, faces, history, outputs, parameters, sealed, warnings
from benchmark.records.checks.known import Known
from benchmark.records.record import Record, read_record, record_folders

# Name -> (the check, the checks that must have passed before). In the order of the columns of a table.
CHECKS: dict[str, tuple[Callable[[Record, Known], str | None], tuple[str, ...]]] = {
    "seal": (sealed.check, ()),
    "definition": (definition.check, ()),
    "data": (data.check, ("definition",)),
    "outputs": (outputs.check, ("definition",)),
    "faces": (faces.check, ("definition", "data", "outputs")),
    "history": (history.check, ("definition", "outputs", "faces")),
    "parameters": (parameters.check, ("definition",)),
    "warnings": (warnings.check, ("definition", "outputs", "faces")),
}
READ = "read"  # the name under which `examine_all` says whether a record can be read
PASSED, FAILED, NOT_CHECKED = "ok", "FAILED", "not checked"


@dataclass(frozen=True)
class Result:
    """What one check found. `outcome`: PASSED, FAILED or NOT_CHECKED; `why`: a sentence, "" if it passed. `error`: the one
    that a failed check raised."""

    outcome: str
    why: str = ""
    error: BadInput | None = None


@dataclass(frozen=True)
class Examined:
    """A folder with a record.json. `place`: relative to the folder of records. `record`: None if it can not be read.
    `results`: of `READ` and all `CHECKS`."""

    place: str
    folder: Path
    record: Record | None
    results: Mapping[str, Result]

    @property
    def failures(self) -> dict[str, Result]:
        """The failed checks."""
        return failures(self.results)


@dataclass(frozen=True)
class Gathered:
    """Records in order, and those set apart: their folder -> what is wrong, one sentence a fault."""

    records: Sequence[Record]
    apart: Mapping[Path, Sequence[str]]


def failures(results: Mapping[str, Result]) -> dict[str, Result]:
    """The failed ones of results by the name of the check."""
    return {name: result for name, result in results.items() if result.outcome == FAILED}


def check_all(record: Record, known: Known, without: Iterable[str] = ()) -> None:
    """Raise the BadInput of the first check that a record fails, of all but those in `without`."""
    for result in failures(examine(record, known, without)).values():
        assert result.error is not None  # a failed check has raised one
        raise result.error


def examine(record: Record, known: Known, without: Iterable[str] = ()) -> dict[str, Result]:
    """Make every check of a record, except those in `without`: name -> result."""
    results: dict[str, Result] = {}
    for name, (check, needs) in CHECKS.items():
        if name in without:
            continue
        if failed := [each for each in needs if results[each].outcome == FAILED]:
            results[name] = Result(NOT_CHECKED, f"since {failed[0]} failed")
            continue
        try:
            why = check(record, known)
        except BadInput as error:
            results[name] = _failed(error)
        else:
            results[name] = Result(NOT_CHECKED, why) if why else Result(PASSED)
    return results


def _failed(error: BadInput) -> Result:
    return Result(FAILED, str(error), error)


def examine_all(
    root: Path, known: Known, folders: Sequence[Path] | None = None, step: Callable[[], object] = lambda: None
) -> list[Examined]:
    """Read and examine every record below `root`, or only those in `folders`, in that order.

    Records of one protocol on the same bytes must agree on test ids and targets. Where nothing is published that says which
    are right, those of most records are taken (of equally many, those of the first); for the others the check of the faces
    failed.

    No two seeds give equal predictions. Of runs of one protocol and bytes with different seeds and equal predictions,
    the first is taken (the pipeline's before imported ones); for the others the check of the outputs failed.

    Args:
        step: called after each record.
    """
    every = record_folders(root)
    found: dict[Path, Examined] = {}
    unsure: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
    for folder in every if folders is None else folders:
        place = folder.relative_to(root).as_posix()
        try:
            results = examine(record := read_record(folder), known)
        except BadInput as error:
            why = Result(NOT_CHECKED, "since it can not be read")
            found[folder] = Examined(place, folder, None, {READ: _failed(error), **dict.fromkeys(CHECKS, why)})
        else:
            found[folder] = Examined(place, folder, record, {READ: Result(PASSED), **results})
            if not failures(results) and not record.diverged and results["faces"].outcome == NOT_CHECKED:
                unsure[record["protocol_hash"], record["data"]["fingerprint"]].append(record)
        step()
    for same in unsure.values():
        for record, fault in _outvoted(same):
            found[record.directory] = _with_fault(found[record.directory], "faces", fault)
    others = _readable(folder for folder in every if folder not in found)
    for record, fault in _copies([each.record for each in found.values() if each.record is not None], others):
        found[record.directory] = _with_fault(found[record.directory], "outputs", fault)
    return list(found.values())


def _with_fault(examined: Examined, check: str, error: BadInput) -> Examined:
    return dataclasses.replace(examined, results={**examined.results, check: _failed(error)})


def gather(root: Path, known: Known) -> Gathered:
    """Read and examine every record below `root`, and set apart those that can not be read or fail a check (see
    `examine_all`)."""
    every = examine_all(root, known)
    apart = {each.folder: [result.why for result in each.failures.values()] for each in every if each.failures}
    return Gathered([each.record for each in every if each.record is not None and not each.failures], apart)


def _outvoted(records: Sequence[Record]) -> list[tuple[Record, BadInput]]:
    """The records whose test ids and targets are not those of most of them, and why each is set apart."""
    rows = [tuple(record.predictions[f"test_{part}"].tobytes() for part in ("ids", "targets")) for record in records]
    most, _ = Counter(rows).most_common(1)[0]
    first = records[rows.index(most)].directory
    return [
        (record, BadInput(f"{record.directory}, test faces", "other ids or targets", f"those of {first} (same data)"))
        for record, own in zip(records, rows, strict=True)
        if own != most
    ]


def _readable(folders: Iterable[Path]) -> list[Record]:
    found = []
    for folder in folders:
        with contextlib.suppress(BadInput):
            found.append(read_record(folder))
    return found


def _copies(records: Sequence[Record], others: Sequence[Record]) -> list[tuple[Record, BadInput]]:
    """Those of `records` with the predictions of another run under another seed, among them or among `others`."""
    first: dict[tuple[str, str, str], Record] = {}
    found, own = [], {record.directory for record in records}
    for record in [*others, *sorted(records, key=lambda each: len(each.directory.parts))]:
        if record.outside is not None or record.diverged:
            continue
        run = record["protocol_hash"], record["data"]["fingerprint"], record["predictions_sha256"]
        one = first.setdefault(run, record)
        if one.seed != record.seed and record.directory in own:
            expected = f"others than those of {one.directory}, which has another seed"
            found.append((record, BadInput(f"{record.directory}, predictions", "a copy", expected)))
    return found
