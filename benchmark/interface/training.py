"""train: one run of a cell under a protocol."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.errors import BadInput
from benchmark.interface.given import code_of, protocol_of
from benchmark.interface.places import places
from benchmark.interface.result import Result
from benchmark.protocol.cells import Run, cell_of, cell_or_model
from benchmark.protocol.protocol import Protocol
from benchmark.records.record import Record, read_record
from benchmark.runs.environment import pick_device
from benchmark.runs.plan import checked_seeds
from benchmark.runs.runner import Site, run_all


def train(
    cell: str,
    protocol: str | Path | Protocol,
    seed: int = 0,
    *,
    loss: str | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    prepared: str | Path | None = None,
    project: str | Path | None = None,
) -> Result:
    """Train a network by a protocol's recipe and score it, as `ferbench run` does. The record and its weights are written to
    `out`; a run that is there already is read, one that was interrupted is resumed.

    Args:
        cell: a cell, a registered model, ``timm:NAME`` or ``package.module:factory``. A network is trained by its name, so
            that its record tells how to make it again.
        protocol: its name, a file of one's own, or a Protocol.
        seed: a whole number from 0.
        loss, options: with either, `cell` is a model, and these are its loss (None: plain, or mse for valence and arousal)
            and the keyword arguments of its factory.
        device: "auto", "cpu", "cuda", ...
        out: folder of runs; None: the project's, runs.
        prepared, project: as of `evaluate`.

    Returns:
        a Result of the run's record. `Result.network` gives the trained network.

    Raises:
        BadInput: an unknown name; faces that are not prepared; a record or checkpoint of another configuration.
        Interrupted: the run was stopped; the same call resumes it.
        SystemSaysNo: too little room on the disk.
    """
    own, where, cell = protocol_of(protocol), places(project, prepared), code_of(cell)
    if loss is not None or options:
        chosen = cell_of(cell, own.task, loss=loss, options=options)
    else:
        chosen = cell_or_model(cell, own.task)
    (checked,) = checked_seeds([seed], "seed")
    run = Run(own, chosen, checked)
    runs = where.runs if out is None else Path(out)
    if not (runs / run.place / "record.json").is_file():
        run_all([run], Site(where.prepared, runs, pick_device(device)))
    record = read_record(runs / run.place)
    _check_same(record, run)
    if record.diverged:
        raise BadInput(record.directory, "a diverged run", "one that finished: it has no outputs to score")
    return Result(record, own, where, run=run)


def _check_same(record: Record, run: Run) -> None:
    for what, found, expected in (
        ("protocol", record["protocol_hash"], run.protocol.hash),
        ("cell", record["cell_hash"], run.cell.hash),
    ):
        if found != expected:
            raise BadInput(
                f"{record.directory}, {what}", f"hash {found}", f"{expected}; remove it, or train elsewhere (out=)"
            )
