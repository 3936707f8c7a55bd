"""How many bytes the records and checkpoints of runs take, so that a full disk is known before the training."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import torch

from benchmark.errors import BadInput
from benchmark.faces.meta import read_meta
from benchmark.protocol.building import create
from benchmark.protocol.cells import Run
from benchmark.room import check_room

CHECKPOINT = 4  # weights, those of the selected epoch, and up to two numbers of the optimiser for each of them
TEXT, EPOCH = 50_000, 400  # bytes of record.json, machine.json and seal.json; of an epoch in a history
NAME = 64  # bytes of a face's id and target


def check_space(runs: Sequence[Run], prepared: Path, out: Path, jobs: int) -> None:
    """Check that `out` can be written to and has room for the runs that are not finished there.

    Args:
        prepared: folder of FaceSets (`benchmark.runs.data_check` looks whether they are there).
        jobs: runs at once, each with a checkpoint and, while it is replaced, a second one.

    Raises:
        BadInput: a network that can not be built.
        SystemSaysNo: as of `benchmark.room.check_room`.
    """
    left = [run for run in runs if not (out / run.place / "record.json").is_file()]
    if not left:
        return
    weights = [_weights(run) for run in left]
    counts = {data: _counts(prepared / data / "meta.json") for data in {run.protocol.data for run in left}}
    records = sum(weights) + sum(_predictions(run, counts[run.protocol.data]) + _text(run) for run in left)
    check_room(out, records + min(jobs, len(left)) * 2 * CHECKPOINT * max(weights), f"{len(left)} runs")


def _weights(run: Run) -> int:
    """Bytes of the weights and buffers of a run's network, as stored."""
    protocol, folds = run.protocol, len(run.protocol.folds or [0])
    options = json.dumps(run.cell.options, sort_keys=True)
    return folds * _network(run.cell.model, protocol.outputs, protocol.channels, protocol.input_size, options)


@cache
def _network(model: str, outputs: int, channels: int, size: int, options: str) -> int:
    try:
        with torch.device("meta"):  # without memory for its weights
            network = create(model, num_outputs=outputs, in_channels=channels, input_size=size, **json.loads(options))
    except BadInput:
        raise
    except Exception:  # noqa: BLE001  # anyone's factory, which may read its weights as it is made: of unknown size
        return 0
    return sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())


def _counts(path: Path) -> dict[str, dict[str, int]]:
    """Split -> class -> number of faces, as meta.json says; none if there is no such file."""
    return read_meta(path)["counts"] if path.is_file() else {}


def _text(run: Run) -> int:
    return TEXT + EPOCH * run.protocol.epochs * (1 + len(run.protocol.folds or ()))


def _predictions(run: Run, counts: Mapping[str, Mapping[str, int]]) -> int:
    """Bytes of predictions.npz, without its compression."""
    protocol = run.protocol
    names = protocol.folds or [protocol.splits["validation"], protocol.splits["test"]]
    rows = sum(sum(counts.get(name, {}).values()) for name in names)
    return int(rows * (NAME + 4 * protocol.outputs * len(protocol.tta)))
