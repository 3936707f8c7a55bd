"""Robustness of a model from outside: its answers to corrupted and mirrored faces and to those of other data sets, measured
as those of the suite's own runs (`benchmark.measures.robustness`).

A corruption depends on the size of the picture. So pictures are corrupted at the **protocol's** size and channels, where
every run sees the same ones, and are brought to the model's own size after that, clean ones too. So for a model of another
size, the clean score may differ from that of its outside entry, whose pictures are resized once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import numpy as np
import torch
from torch import Tensor

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.measures.robustness.file import SCHEMA
from benchmark.measures.robustness.measure import check_same, kept_or_measured
from benchmark.measures.robustness.scoring import Network, scored, tested_on
from benchmark.outside.adapters.preprocessing import Input, Preprocessing
from benchmark.outside.entry_models import ANSWERS, declared_in, entry_record, find_model
from benchmark.outside.ready import How, Model, Ready, made_ready
from benchmark.outside.sized import left_as_it_was
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.records.record import Record
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split
from benchmark.runs.training.resampling import kept_channels, resized

# The sources that decide these numbers, besides those for the suite's own runs.
SOURCES = (
    "faces/expressions.py", "outside/adapters/given.py", "outside/adapters/preprocessing.py", "outside/class_names.py",
    "outside/class_scores.py", "outside/robust.py",
)  # fmt: skip


@dataclass(frozen=True)
class Resizing:
    """A model's input from pictures of the protocol's size and channels, with the two methods of `Input`."""

    own: Input

    def unit(self, images: Tensor) -> Tensor:
        """As of `Input.unit`; pictures of another size or with other channels are made the model's first."""
        needs: Preprocessing = self.own.preprocessing
        if images.shape[-1] != needs.input_size or images.shape[1] != kept_channels(images.shape[1], needs.channels):
            pixels, rows = images.permute(0, 2, 3, 1).cpu().numpy(), np.arange(len(images))
            images = resized(pixels, rows, needs.input_size, needs.channels).to(images.device)
        return self.own.unit(images)

    def standardise(self, images: Tensor) -> Tensor:
        """As of `Input.standardise`."""
        return self.own.standardise(images)


def robustness(
    model: Model,
    protocol: Protocol,
    faces: FaceSet,
    prepared: Path,
    *,
    device: torch.device,
    name: str | None = None,
    entries: Path | None = None,
    out: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    **how: Unpack[How],
) -> Mapping:
    """The scores of a model on a protocol's faces, corrupted and mirrored, and on those of other data sets.

    Args:
        model, how: as of `benchmark.outside.ready.made_ready`; or the name of an outside entry, whose network is then found
            by its name and which stands for `name`.
        faces: of the protocol.
        prepared: folder of FaceSets; those of the other data sets may be missing.
        name: outside entry that the model is. Its answers must be the model's.
        entries: folder of outside entries, for `name`.
        out: with `name`: ``out/<protocol>/<name>/seed0.json`` is written, or kept if it is up to date.
        stop: called between corruptions. True raises Interrupted, and nothing is written.

    Returns:
        the contents of a file as `benchmark.measures.robustness.file` describes it. Without an entry, cell is the source of
        the model, and cell_hash and predictions_sha256 are None.

    Raises:
        BadInput: as of `made_ready`, `find_model` and `entry_record`; a model whose answers are not those of the entry.
    """
    found = find_model(model, protocol, entries, ANSWERS, how.get("preprocessing"))
    declared, record = found.preprocessing, None
    if found.record is not None and name not in (None, found.record.cell):
        raise BadInput("robustness, name", name, f"{found.record.cell}, which the model is")
    named = name if found.record is None else found.record.cell
    if named is not None and entries is not None:
        record = entry_record(entries, protocol, named, faces)
        declared = declared_in(record) if declared is None else declared
    given: How = {**how, "preprocessing": declared}
    with left_as_it_was(found.model):
        ready = made_ready(found.model, protocol, faces, device, **given)
        return _measured(ready, protocol, faces, prepared, device, record, out, stop)


def _measured(
    ready: Ready,
    protocol: Protocol,
    faces: FaceSet,
    prepared: Path,
    device: torch.device,
    record: Record | None,
    out: Path | None,
    stop: Callable[[], bool],
) -> Mapping:
    tested = tested_on(protocol, faces, prepared)
    about = {"outside": {
        "kind": ready.given.kind, "source": ready.given.source, "sha256": ready.given.sha256,
        "input": ready.declared.as_dict(), "corrupted_at": protocol.input_size,
    }}  # fmt: skip
    networks = [Network(ready.scores, Resizing(ready.prepare), np.arange(len(role_rows(protocol, faces, "test"))))]
    if record is not None and out is not None:

        def checked() -> Sequence[Network]:
            check_same(record, *answers(ready, protocol, faces, device))
            return networks

        path = out / protocol.name / record.cell / "seed0.json"
        own = {"about": about, "further": SOURCES, "check": lambda *_: None, "stop": stop}
        return kept_or_measured(path, record, tested, checked, device, **own)
    if record is not None:
        check_same(record, *answers(ready, protocol, faces, device))
    contents = {
        "schema": SCHEMA,
        "protocol": protocol.name,
        "protocol_hash": protocol.hash,
        "cell": ready.given.source if record is None else record.cell,
        "cell_hash": None if record is None else record["cell_hash"],
        "seed": 0,
        "predictions_sha256": None if record is None else record["predictions_sha256"],
        "data": {"name": faces.meta["name"], "version": faces.meta["version"], "fingerprint": faces.fingerprint},
        "made_with": tested.made_with(device, *SOURCES),
    }
    return contents | about | scored(tested, networks, device, title=contents["cell"], stop=stop)


@dataclass(frozen=True)
class _Pictures:
    """The faces of some rows, resized batch by batch."""

    faces: FaceSet
    rows: np.ndarray
    declared: Preprocessing
    device: torch.device

    def __getitem__(self, part: slice) -> Tensor:
        size, channels = self.declared.input_size, self.declared.channels
        return resized(self.faces.pictures, self.rows[part], size, channels).to(self.device)


def answers(ready: Ready, protocol: Protocol, faces: FaceSet, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """What a model answers to a protocol's test faces, prepared as for an outside entry: (their ids, str (N,); its outputs
    in the protocol's order, float32 (N, K))."""
    rows = role_rows(protocol, faces, "test")
    ids, targets = faces.id[rows], torch.from_numpy(role_targets(protocol, faces, rows))
    split = Split(ids, _Pictures(faces, rows, ready.declared, device), targets)
    return ids, predict(ready.scores, split, ready.prepare, categorical=protocol.task == "categorical")
