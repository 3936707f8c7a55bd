"""Import of records that were made on another machine: all are examined, then copied and sealed."""

import filecmp
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import replacing_directory
from benchmark.leftovers import clear_below
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records import seal
from benchmark.records.checks.known import Known
from benchmark.records.examine import check_all
from benchmark.records.packing import unpacked
from benchmark.records.record import FILES, Record, read_record, read_records

NAMED = 10  # most records that one error message names


@dataclass(frozen=True)
class Import:
    """The result of an import.

    Attributes:
        taken: records of runs that had none in the destination.
        replaced: records that replaced a different one of the same run.
        passed_over: records that were not copied: the destination, or the source itself, has an identical one already.
    """

    taken: Sequence[Record]
    replaced: Sequence[Record]
    passed_over: Sequence[Record]


def check(record: Record, known: Known) -> None:
    """Make every check of `benchmark.records.examine` except that for a seal, which an import adds.

    Stricter than an examination: a protocol with the name of one of the suite must be that one, in its present version; and
    if the FaceSet is prepared, it must have the record's bytes. A protocol that the suite does not have is taken from the
    record, which has all of it: reading the record has checked its fields, and the check of the definition its digest.

    Raises:
        BadInput: naming the record, what was found and what was expected.
    """
    where, contents = record.directory, record.contents
    check_all(record, known, without=["seal"])
    if not is_own(record):
        protocol = load_protocol(record.protocol)
        if protocol.hash != contents["protocol_hash"]:
            found = f"version {contents['protocol']['version']}, hash {contents['protocol_hash']}"
            raise BadInput(
                f"{where}, protocol {record.protocol}", found, f"version {protocol.version}, hash {protocol.hash}"
            )
    prepared = known.fingerprint(contents["data"]["name"])
    if prepared is not None and not record.diverged and prepared != contents["data"]["fingerprint"]:
        raise BadInput(f"{where}, data fingerprint", contents["data"]["fingerprint"], f"{prepared} as prepared")


def is_own(record: Record) -> bool:
    """Whether a record's protocol is somebody's own: one that the suite does not have."""
    return record.protocol not in protocol_names()


def place_of(record: Record) -> Path:
    """Where an import puts a record, relative to the folder of imported ones: the folder of its run. If the suite does not
    have the protocol, the folder's name is that of the protocol with its hash, since two people may give theirs the same
    name. (An outside entry stays where `ferbench score` would put it.)"""
    if record.outside is not None or not is_own(record):
        return record.place
    return Path(f"{record.protocol}-{record['protocol_hash'][:8]}", *record.place.parts[1:])


def import_records(
    source: Path, destination: Path, known: Known, *, replace: bool, check_only: bool, outside: Path | None = None
) -> Import:
    """Check every record below `source` or in its archives, then copy it to `destination`/<protocol>/<cell>/seed<k>
    (`place_of`).

    Nothing is copied unless all records pass the check. Weights are not copied. A record is skipped if the destination
    already has an identical and sealed one (`identical`). What is there of a record without the rest of it is replaced, as
    if it were not there. So an interrupted import can be finished by the same call. Leftovers of killed processes are
    removed, unless `check_only`.

    Args:
        source: a folder with records, with archives of records (`benchmark.records.packing`) or with both; or one archive.
        known: what records are checked against.
        replace: replace different records of the same runs in `destination`.
        check_only: copy nothing. Errors and result are the same as those of the import.
        outside: folder for outside entries (default: `destination`).

    Raises:
        BadInput: a record does not pass the check; there is no record; two different records of the same run in `source`;
            or (unless `replace`) different records in `destination`, listed by name.
    """
    if not check_only:
        clear_below(*filter(None, (destination, outside)))
    with unpacked(source) as folders:
        records = [record for folder in folders for record in read_records(folder)]
        if not records:
            raise BadInput(source, "no record.json below it", "records")
        targets: dict[Path, Record] = {}
        passed_over: list[Record] = []
        different: list[Record] = []
        for record in records:
            check(record, known)
            root = destination if record.outside is None or outside is None else outside
            target = root / place_of(record)
            if target not in targets:
                targets[target] = record
            elif identical(record, targets[target]):
                passed_over.append(record)
            else:
                found = f"the run of {targets[target].directory} with other contents"
                raise BadInput(record.directory, found, "each run once")
        for target, record in targets.items():
            if target.exists():
                there = _standing(target, record)
                if there is None:
                    if not _is_part(target, record):
                        different.append(record)
                elif there.sealed:
                    passed_over.append(record)
        if different and not replace:
            names = [place_of(each).as_posix() for each in different]
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            found = f"records there that differ from those to import: {', '.join(names[:NAMED])}{more}"
            raise BadInput(destination, found, "none, or the same; give --replace to put the new ones in their place")
        settled = {id(record) for record in (*passed_over, *different)}
        taken = [record for record in targets.values() if id(record) not in settled]
        if not check_only:
            copied = {id(record) for record in (*taken, *different)}
            for target, record in targets.items():
                if id(record) in copied:
                    copy_record(record, target)
    return Import(taken, different, passed_over)


def identical(one: Record, other: Record) -> bool:
    """Whether two records have equal contents of record.json and equal predictions. How the files are compressed does not
    matter.

    Raises:
        BadInput: predictions that can not be read, or that do not match the digest in their record.json.
    """
    if one.contents != other.contents:
        return False
    # Both have the same digest in record.json. Arrays that do not have it are refused when they are read.
    return one.diverged or one.predictions.keys() == other.predictions.keys()


def _standing(target: Path, record: Record) -> Record | None:
    """The record at `target`, if it is identical to `record`; None if it differs or is damaged."""
    try:
        there = read_record(target)
        return there if identical(there, record) else None
    except BadInput:
        return None


def _is_part(target: Path, record: Record) -> bool:
    """Whether some of the files of `record` are in `target`, or none, and nothing else: a copy or a deletion was stopped."""
    if target.is_symlink() or not target.is_dir():
        return False
    there = {path.name for path in target.iterdir()}
    whole = {name for name in FILES if (record.directory / name).is_file()} | {seal.FILE}
    if not there < whole:
        return False
    # A seal that the import wrote is not among the files of `record`. What it seals is, or is about to be.
    given = [name for name in there if (record.directory / name).is_file()]
    return all(
        (target / name).is_file() and filecmp.cmp(target / name, record.directory / name, shallow=False) for name in given
    )


def copy_record(record: Record, target: Path) -> None:
    """Copy the files of a record without weights and checkpoints, atomically; write a seal if it has none."""
    with replacing_directory(target) as temporary:
        for name in FILES:
            if (record.directory / name).exists():
                shutil.copyfile(record.directory / name, temporary / name)
        if not record.sealed:
            seal.write_seal(temporary)


def copy_records(records: Sequence[Record], folder: Path) -> None:
    """Fill `folder` with these records, each in a folder of its own name, as `copy_record`; atomically. What else is in it
    goes."""
    with replacing_directory(folder) as temporary:
        for record in records:
            copy_record(record, temporary / record.directory.name)
