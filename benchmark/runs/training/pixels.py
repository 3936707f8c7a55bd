"""Faces at the protocol's input size as uint8, held on the training device or streamed to it, and made network input."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.protocol import ROLES, Protocol
from benchmark.protocol.roles import check_faces, labelled, role_targets
from benchmark.runs.training.memory import resident_limit
from benchmark.runs.training.resampling import CHUNK, kept_channels, resized
from benchmark.runs.training.streaming import Streamed, streamed


@dataclass(frozen=True)
class Split:
    """The faces of one role.

    Attributes:
        ids: str (N,).
        pictures: uint8 (N, C, S, S), a tensor on the training device or a `Streamed`, which reads from a file.
        targets: on the training device; int64 (N,) class indices, or float32 (N, 2) valence and arousal.
    """

    ids: np.ndarray
    pictures: Tensor | Streamed
    targets: Tensor

    def __len__(self) -> int:
        return len(self.ids)

    def batch(self, rows: slice | Tensor, following: slice | Tensor | None = None) -> Tensor:
        """The pictures of `rows` on the training device.

        Args:
            rows: a slice, or int64 row numbers on `pictures.device`.
            following: the rows of the next call. If pictures are streamed, they are read in the background.
        """
        pictures = self.pictures[rows]
        if following is not None and isinstance(self.pictures, Streamed):
            self.pictures.prefetch(following)
        return pictures


@dataclass(frozen=True)
class Standardiser:
    """uint8 pixels -> float32 network input, per channel: (pixel / 255 - mean) / deviation. `mean` and `deviation` have one
    number per channel, on the scale of pixel / 255."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def unit(self, images: Tensor) -> Tensor:
        """uint8 pixels as float32 in [0, 1], with the network's number of channels."""
        images = images.float() / 255
        return images if images.shape[1] == len(self.mean) else images.expand(-1, len(self.mean), -1, -1)

    def standardise(self, images: Tensor) -> Tensor:
        """Network input from pictures in [0, 1]."""
        return (images - _on(images.device, self.mean)) / _on(images.device, self.deviation)


@functools.cache
def _on(device: torch.device, values: tuple[float, ...]) -> Tensor:
    """One number per channel, as a tensor (1, C, 1, 1) that is kept: to make it on a GPU the host must wait for the GPU."""
    with torch.inference_mode(False):  # so that it can be used in training, wherever it was made
        return torch.tensor(values, device=device).view(1, -1, 1, 1)


def load_splits(
    faces: FaceSet, protocol: Protocol, device: torch.device, *, jobs: int = 1, stop: Callable[[], bool] = lambda: False
) -> dict[str, Split]:
    """The faces of the three roles of a protocol: role -> Split.

    Rows without a label of the task (no expression, or no valence/arousal) are left out. Pictures are held on the device
    if those of all three roles fit into `benchmark.runs.training.memory.resident_limit`; else they are streamed. The bytes
    are the same either way.

    Args:
        jobs: processes that load at the same time and share the memory.
        stop: called while pictures for streaming are resized. When it returns True, Interrupted is raised.

    Raises:
        BadInput: the FaceSet is not the one of the protocol (name, version, options, class order, split names).
    """
    check_faces(protocol, faces)
    chosen, targets = {}, {}
    for role in ROLES:
        rows = labelled(protocol, faces, faces.rows(protocol.splits[role]))
        if not len(rows):
            raise BadInput(f"{faces.directory}, split {protocol.splits[role]}", "no row with a label", "some")
        chosen[role], targets[role] = rows, torch.from_numpy(role_targets(protocol, faces, rows)).to(device)
    size, channels, source = protocol.input_size, protocol.channels, faces.pictures
    picture_bytes = kept_channels(source.shape[3], channels) * size**2
    resident = sum(map(len, chosen.values())) * picture_bytes <= resident_limit(device, jobs)

    def pictures(rows: np.ndarray) -> Tensor | Streamed:
        if resident:
            return resized(source, rows, size, channels).to(device)
        return streamed(faces, rows, size, channels, device, stop)

    return {role: Split(faces.id[rows], pictures(rows), targets[role]) for role, rows in chosen.items()}


def standardiser(protocol: Protocol, train: Split) -> Standardiser:
    """Mean and deviation per channel: the recipe's constants, or measured on the training pixels (sums in float64) where
    the recipe says "training"."""
    mean, deviation = protocol.recipe.input_mean, protocol.recipe.input_deviation
    if mean == "training" or deviation == "training":
        total = torch.zeros(train.pictures.shape[1], dtype=torch.float64)
        square = torch.zeros_like(total)
        for start in range(0, len(train), CHUNK):
            here, following = slice(start, start + CHUNK), slice(start + CHUNK, start + 2 * CHUNK)
            part = train.batch(here, following).cpu().double() / 255
            total += part.sum((0, 2, 3))
            square += (part**2).sum((0, 2, 3))
        count = math.prod(train.pictures.shape) / train.pictures.shape[1]
        measured = total / count
        spread = (square / count - measured**2).clamp_min(1e-12).sqrt()
        repeat = protocol.channels // len(measured)
        mean = tuple(measured.tolist()) * repeat if mean == "training" else mean
        deviation = tuple(spread.tolist()) * repeat if deviation == "training" else deviation
    where = f"protocol {protocol.name}, input_"
    return Standardiser(
        _a_channel(mean, protocol.channels, f"{where}mean"), _a_channel(deviation, protocol.channels, f"{where}deviation")
    )


def _a_channel(values: str | tuple[float, ...], channels: int, where: str) -> tuple[float, ...]:
    if isinstance(values, str):
        raise BadInput(where, f"'{values}'", f"training, or {channels} numbers")
    if len(values) != channels:
        raise BadInput(where, f"{len(values)} numbers", f"{channels}")
    return values
