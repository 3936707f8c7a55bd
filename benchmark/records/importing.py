"""Import of records that were made on another machine: all are checked, then copied."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.files import digest, replacing_directory
from benchmark.protocol.cells import cell_from
from benchmark.protocol.protocol import NAME, SELECTION_METRIC, Protocol, load_protocol
from benchmark.records.outside_record import check_record
from benchmark.records.packing import KEPT, unpacked
from benchmark.records.per_video import video_of
from benchmark.records.record import Record, predictions_digest, read_record, read_records

COST = ("train_seconds", "images_per_second")  # the entries of `cost` that the report reads; every run has them
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


def check(record: Record, prepared: Path) -> None:
    """Check that the hashes, the protocol, the data and the predictions of a record agree with each other.

    Args:
        prepared: folder of prepared FaceSets. If it has the record's FaceSet, the fingerprint must agree too (for an outside
            entry also ids and targets).

    Raises:
        BadInput: naming the record, what was found and what was expected.
    """
    where, contents = record.directory, record.contents
    if (found := digest(contents["protocol"])) != contents["protocol_hash"]:
        raise BadInput(f"{where}, protocol_hash", contents["protocol_hash"], f"{found}, the digest of its protocol")
    protocol = load_protocol(record.protocol)
    if protocol.hash != contents["protocol_hash"]:
        found = f"version {contents['protocol']['version']}, hash {contents['protocol_hash']}"
        raise BadInput(f"{where}, protocol {record.protocol}", found, f"version {protocol.version}, hash {protocol.hash}")
    data = (contents["data"]["name"], contents["data"]["version"])
    if data != (protocol.data, protocol.data_version):
        raise BadInput(f"{where}, data", " ".join(data), f"{protocol.data} {protocol.data_version} as the protocol says")
    faces = open_faceset(prepared / protocol.data) if (prepared / protocol.data / "meta.json").is_file() else None
    if faces is not None and not record.diverged and faces.fingerprint != contents["data"]["fingerprint"]:
        raise BadInput(f"{where}, data fingerprint", contents["data"]["fingerprint"], f"{faces.fingerprint} as prepared")
    if record.outside is not None:
        if where.name != "seed0":
            raise BadInput(where, "an outside entry", "a folder named seed0")
        check_record(record, protocol, faces)
        return
    if not NAME.fullmatch(record.cell):
        raise BadInput(f"{where}, cell", f"name '{record.cell}'", "letters, digits, '-' and '_': it names folders")
    cell = cell_from(record.cell, {k: v for k, v in contents["cell"].items() if k != "name"}, where)
    if cell.hash != contents["cell_hash"]:
        raise BadInput(f"{where}, cell_hash", contents["cell_hash"], f"{cell.hash}, the digest of its cell")
    if contents["seed"] < 0 or f"seed{record.seed}" != where.name:
        raise BadInput(where, f"seed {record.seed}", f"a folder named seed{record.seed}")
    _check_course(record, protocol)
    if record.diverged:
        return
    for split in ("validation", "test"):
        ids, rows = record.predictions[f"{split}_ids"], len(record.predictions[f"{split}_targets"])
        if len(set(ids.tolist())) != len(ids) or len(ids) != rows:
            raise BadInput(f"{where}, {split}_ids", f"{len(set(ids.tolist()))} different ids", f"{rows}, one a face")
        if protocol.frames_of:
            video_of(ids, f"{where}, {split}_ids")
        for tta in protocol.tta:
            outputs = record.predictions.get(f"{split}_outputs_{tta}")
            if outputs is None or outputs.shape != (rows, protocol.outputs):
                found = "none" if outputs is None else outputs.shape
                raise BadInput(f"{where}, {split}_outputs_{tta}", found, f"shape ({rows}, {protocol.outputs})")


def _check_course(record: Record, protocol: Protocol) -> None:
    """Raise BadInput if the classes, parameters, cost or history of a record can not be those of a run under its
    protocol."""
    where, contents = record.directory, record.contents
    if contents["classes"] != list(protocol.classes):
        raise BadInput(f"{where}, classes", ", ".join(map(str, contents["classes"])), ", ".join(protocol.classes) or "none")
    if contents["parameters"] < 1:
        raise BadInput(f"{where}, parameters", contents["parameters"], "a number above 0")
    if odd := [name for name in COST if not isinstance(contents["cost"].get(name), int | float)]:
        raise BadInput(f"{where}, cost", f"no number for {', '.join(odd)}", f"numbers for {', '.join(COST)}")
    epochs = [entry.get("epoch") if isinstance(entry, dict) else None for entry in contents["history"]]
    if not epochs or epochs != list(range(1, len(epochs) + 1)) or len(epochs) > protocol.epochs:
        expected = f"one entry for each epoch from 1, {protocol.epochs} at most"
        raise BadInput(f"{where}, history", f"epochs {epochs}", expected)
    if record.diverged:
        return
    selected = contents["selected_epoch"]
    if len(epochs) < protocol.epochs or (selected is not None if protocol.folds else selected not in epochs):
        expected = "none selected, since each fold selects its own" if protocol.folds else "one of them selected"
        raise BadInput(
            f"{where}, history", f"{len(epochs)} epochs, epoch {selected} selected", f"{protocol.epochs} epochs, {expected}"
        )
    metric = SELECTION_METRIC[protocol.task]
    for entry in contents["history"]:
        splits = [entry.get(name) for name in ("validation", "test")]
        numbers = [entry.get("train_loss"), *(each.get(metric) if isinstance(each, dict) else None for each in splits)]
        if not all(isinstance(value, int | float) for value in numbers):
            expected = f"train_loss, and {metric} of validation and test"
            raise BadInput(f"{where}, history, epoch {entry['epoch']}", "no number for each", expected)


def import_records(
    source: Path, destination: Path, prepared: Path, *, replace: bool, check_only: bool, outside: Path | None = None
) -> Import:
    """Check every record below `source` or in its archives, then copy it to `destination`/<protocol>/<cell>/seed<k>.

    Nothing is copied unless all records pass the check. Weights are not copied. A record is skipped if the destination
    already has an identical one (`identical`). So an import that was interrupted can be finished by the same call.

    Args:
        source: a folder with records, with archives of records (`benchmark.records.packing`) or with both; or one archive.
        replace: replace different records of the same runs in `destination`.
        check_only: copy nothing. Errors and result are the same as those of the import.
        outside: folder for outside entries (default: `destination`).

    Raises:
        BadInput: a record does not pass the check; there is no record; two different records of the same run in `source`;
            or (unless `replace`) different records in `destination`, listed by name.
    """
    with unpacked(source) as folders:
        records = [record for folder in folders for record in read_records(folder)]
        if not records:
            raise BadInput(source, "no record.json below it", "records")
        targets: dict[Path, Record] = {}
        passed_over, different = [], []
        for record in records:
            check(record, prepared)
            root = destination if record.outside is None or outside is None else outside
            target = root / record.protocol / record.cell / f"seed{record.seed}"
            if target not in targets:
                targets[target] = record
            elif identical(record, targets[target]):
                passed_over.append(record)
            else:
                found = f"the run of {targets[target].directory} with other contents"
                raise BadInput(record.directory, found, "each run once")
        for target, record in targets.items():
            if target.exists():
                (passed_over if _is(target, record) else different).append(record)
        if different and not replace:
            names = [f"{each.protocol}/{each.cell}/seed{each.seed}" for each in different]
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            found = f"records there that differ from those to import: {', '.join(names[:NAMED])}{more}"
            raise BadInput(destination, found, "none, or the same; give --replace to put the new ones in their place")
        known = {id(record) for record in (*passed_over, *different)}
        taken = [record for record in targets.values() if id(record) not in known]
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
    return one.diverged or predictions_digest(one.predictions) == predictions_digest(other.predictions)


def _is(target: Path, record: Record) -> bool:
    """Whether the record at `target` is identical to `record`; False if the one at `target` is damaged."""
    try:
        return identical(read_record(target), record)
    except BadInput:
        return False


def copy_record(record: Record, target: Path) -> None:
    """Copy record.json and predictions.npz, atomically. Weights and checkpoints are not copied."""
    with replacing_directory(target) as temporary:
        for name in KEPT:
            if (record.directory / name).exists():
                shutil.copyfile(record.directory / name, temporary / name)
