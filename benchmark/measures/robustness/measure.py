"""Evaluates the networks of a finished run on corrupted and mirrored test faces of its own protocol, and on faces of other
data sets. Writes one JSON file per seed.

It runs where the weights and pictures are; the report reads the files. `benchmark.measures.robustness.file` describes their
contents.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.files import write_json
from benchmark.measures import machine
from benchmark.measures.robustness.file import SCHEMA, read
from benchmark.measures.robustness.scoring import Network, Tested, scored, tested_on
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows
from benchmark.records import seal
from benchmark.records.record import Record, read_record
from benchmark.runs import environment
from benchmark.runs.training.pixels import Standardiser
from benchmark.runs.training.trainer import build_model

# Fraction of the record's test faces for which the weights must give the same class (for valence and arousal: the same
# output within 0.01). It is below 1 because a few outputs change by rounding in bfloat16.
SAME = 0.99


def measure(
    protocol: Protocol,
    cell: Cell,
    seed: int,
    *,
    prepared: Path,
    runs: Path,
    out: Path,
    device: torch.device,
    stop: Callable[[], bool] = lambda: False,
) -> Mapping:
    """Measure one run and write ``out/<protocol>/<cell>/seed<k>.json`` atomically, and beside it what it was measured on
    (`benchmark.measures.machine`). If the file is up to date, return its contents.

    Args:
        prepared: folder of FaceSets; those of the other data sets may be missing.
        runs: folder of runs, with their weights.
        stop: called between corruptions. True raises Interrupted; the next call measures this seed from the start.

    Raises:
        BadInput: no record or no weights; a diverged run; a record of another protocol or cell; a FaceSet that is not the
            record's; weights that do not reproduce the record's predictions.
    """
    place = Run(protocol, cell, seed).place
    record = _record(runs / place, protocol, cell)
    faces = open_faceset(prepared / protocol.data)
    if faces.fingerprint != record["data"]["fingerprint"]:
        raise BadInput(faces.directory, f"fingerprint {faces.fingerprint[:16]}", f"{record['data']['fingerprint'][:16]}, "
                       f"as {record.directory} was made on")  # fmt: skip
    precision = record["environment"].get("precision", "float32") if device.type == "cuda" else "float32"

    def networks() -> list[Network]:
        return _networks(record, protocol, cell, faces, device)

    path = out / place.parent / f"{place.name}.json"
    given = {"precision": precision, "stop": stop}
    return kept_or_measured(path, record, tested_on(protocol, faces, prepared), networks, device, **given)


def kept_or_measured(
    path: Path,
    record: Record,
    tested: Tested,
    networks: Callable[[], Sequence[Network]],
    device: torch.device,
    *,
    about: Mapping | None = None,
    further: Sequence[str] = (),
    check: Callable[[np.ndarray, np.ndarray], object] | None = None,
    **options,
) -> Mapping:
    """The contents of `path`, ``<out>/<protocol>/<name>/seed<k>.json``: kept if up to date, else measured and written.

    Args:
        record: whose answers the networks give.
        networks: makes them; called only where something is measured.
        about: further contents of the file.
        further: paths of sources that decide the numbers, besides `benchmark.measures.robustness.scoring.SOURCES`.
        check: as of `scored`. None: the answers to the clean faces are compared with the record's, as by `check_same`.
        options: further arguments of `scored`.
    """
    made_with = tested.made_with(device, *further)
    known = read(path) if path.is_file() else None
    fixed = {"predictions_sha256": record["predictions_sha256"], "made_with": made_with, **(about or {})}
    if known and {key: known.get(key) for key in fixed} == fixed:
        return known
    check = partial(check_same, record) if check is None else check
    title = path.relative_to(path.parents[2]).with_suffix("").as_posix()
    contents = {
        "schema": SCHEMA,
        "protocol": tested.protocol.name,
        "protocol_hash": tested.protocol.hash,
        "cell": record.cell,
        "cell_hash": record["cell_hash"],
        "seed": record.seed,
        "predictions_sha256": record["predictions_sha256"],
        "data": dict(record["data"]),
        "made_with": made_with,
        **(about or {}),
        **scored(tested, networks(), device, title=title, check=check, **options),
    }
    machine.write(path, environment.describe(device))
    write_json(path, contents)
    return contents


def _record(directory: Path, protocol: Protocol, cell: Cell) -> Record:
    record = read_record(directory)
    if record["protocol"].get("based_on") and record["protocol_hash"] != protocol.hash:
        changed = f"a run under {record.protocol}, {record['protocol']['based_on']} with other values of params.yaml"
        raise BadInput(directory, changed, f"one under {protocol.name} itself: only such runs are evaluated here")
    for what, found, expected in (
        ("protocol", record["protocol_hash"], protocol.hash),
        ("cell", record["cell_hash"], cell.hash),
    ):
        if found != expected:
            raise BadInput(f"{directory}, {what}", f"hash {found}", f"{expected}; run it again")
    if record.diverged:
        raise BadInput(directory, "a diverged run", "one that finished: a diverged run has no weights")
    return record


def _networks(record: Record, protocol: Protocol, cell: Cell, faces: FaceSet, device: torch.device) -> list[Network]:
    rows = role_rows(protocol, faces, "test")
    if record.folds is None:
        parts = [("weights.pt", record["input"], np.arange(len(rows)))]
    else:
        split = faces.split[rows]
        parts = [
            (f"weights-{each['fold']}.pt", each["input"], np.flatnonzero(split == each["fold"])) for each in record.folds
        ]
    networks = []
    for file, own, mine in parts:
        path = record.directory / file
        if not path.is_file():
            raise BadInput(path, "no such file", "the run's weights: `dvc pull` or `ferbench run` brings them")
        contents = seal.weights(record.directory, file)
        try:
            state = torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True)
            model = build_model(Run(protocol, cell, record.seed), torch.device("cpu"))
            model.load_state_dict(state)
        except Exception as error:  # torch raises many kinds for files that are none of its own
            raise BadInput(path, f"weights that do not load ({type(error).__name__})", f"those of {cell.name}") from error
        model.to(device, memory_format=torch.channels_last)
        networks.append(Network(model, Standardiser(tuple(own["mean"]), tuple(own["deviation"])), mine))
    return networks


def check_same(record: Record, ids: np.ndarray, clean: np.ndarray) -> None:
    """Check that the weights belong to the record: their outputs must agree with it. They agree exactly on the same device;
    with bfloat16 or other kernels, rounding differs.

    Args:
        ids, clean: the test faces, str (N,), and the outputs for them, float32 (N, K).

    Raises:
        BadInput: other faces; fewer of the record's answers than `SAME`.
    """
    stored = record.outputs("test")[1]
    if not np.array_equal(record.predictions["test_ids"], ids):
        raise BadInput(f"{record.directory}, test_ids", "other faces", "the test faces of its protocol")
    if record["protocol"]["task"] == "categorical":
        same = float(np.mean(stored.argmax(axis=1) == clean.argmax(axis=1)))
    else:
        same = float(np.mean(np.abs(stored - clean) < 0.01))
    if same < SAME:
        raise BadInput(f"{record.directory}, weights", f"{same:.1%} of the record's answers", f"at least {SAME:.0%} of them")
