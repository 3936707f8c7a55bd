"""Records made elsewhere: checked, then taken in."""

import shutil
from pathlib import Path

from benchmark.atomic import replacing_directory
from benchmark.cells import cell_from
from benchmark.errors import BadInput
from benchmark.faces import open_faceset
from benchmark.outside import check_record
from benchmark.per_video import video_of
from benchmark.protocol import digest, load_protocol
from benchmark.records import Record, read_records

KEPT = ("record.json", "predictions.npz")


def check(record: Record, prepared: Path) -> None:
    """Refuse a record whose hashes, protocol, data or predictions do not hold together.

    Args:
        prepared: folder of prepared FaceSets; where the record's is among them, fingerprint and ids must agree.

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
    faces = open_faceset(prepared / protocol.data) if (prepared / protocol.data / "meta.json").is_file() else None
    if faces is not None and not record.diverged and faces.fingerprint != contents["data"]["fingerprint"]:
        raise BadInput(f"{where}, data fingerprint", contents["data"]["fingerprint"], f"{faces.fingerprint} as prepared")
    if record.outside is not None:
        if where.name != "seed0":
            raise BadInput(where, "an outside entry", "a folder named seed0")
        check_record(record, protocol, faces)
        return
    cell = cell_from(record.cell, {k: v for k, v in contents["cell"].items() if k != "name"}, where)
    if cell.hash != contents["cell_hash"]:
        raise BadInput(f"{where}, cell_hash", contents["cell_hash"], f"{cell.hash}, the digest of its cell")
    if contents["seed"] < 0 or f"seed{record.seed}" != where.name:
        raise BadInput(where, f"seed {record.seed}", f"a folder named seed{record.seed}")
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


def import_records(
    source: Path, destination: Path, prepared: Path, *, replace: bool, check_only: bool, outside: Path | None = None
) -> list[Record]:
    """Check every record below `source`, then copy them to `destination`/<protocol>/<cell>/seed<k>.

    Nothing is copied unless all pass. Weights stay behind.

    Args:
        outside: where outside entries go instead (default: `destination` too).

    Raises:
        BadInput: a record that does not pass; none at all; one that is there already with other predictions (unless
            `replace`).
    """
    records = read_records(source)
    if not records:
        raise BadInput(source, "no record.json below it", "records")
    targets = {}
    for record in records:
        check(record, prepared)
        root = destination if record.outside is None or outside is None else outside
        target = root / record.protocol / record.cell / f"seed{record.seed}"
        if target in targets:
            raise BadInput(record.directory, f"the run of {targets[target].directory} again", "each run once")
        if target.exists() and not replace and not check_only:
            raise BadInput(target, "a record of this run", "none; give --replace to put the new one in its place")
        targets[target] = record
    if not check_only:
        for target, record in targets.items():
            copy_record(record, target)
    return records


def copy_record(record: Record, target: Path) -> None:
    """Copy record.json and predictions.npz, atomically; weights and checkpoints are left behind."""
    with replacing_directory(target) as temporary:
        for name in KEPT:
            if (record.directory / name).exists():
                shutil.copyfile(record.directory / name, temporary / name)
