"""Faces at the protocol's input size, on the training device, as uint8; and their way into a network."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.errors import BadInput
from benchmark.faces import FaceSet
from benchmark.protocol import ROLES, Protocol

CHUNK = 1024


@dataclass(frozen=True)
class Split:
    """One role's faces: `ids` (str N), `images` (uint8 (N, C, S, S) on the device), `targets` (int64 (N,) class indices,
    or float32 (N, 2) valence and arousal, on the device)."""

    ids: np.ndarray
    images: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Standardiser:
    """uint8 pixels -> float32 network input: (pixel / 255 - mean) / deviation, per channel (numbers in [0, 1])."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def unit(self, images: Tensor) -> Tensor:
        """float32 in [0, 1] with the network's number of channels."""
        images = images.float() / 255
        return images if images.shape[1] == len(self.mean) else images.expand(-1, len(self.mean), -1, -1)

    def standardise(self, images: Tensor) -> Tensor:
        """Network input from pictures in [0, 1]."""
        mean = torch.tensor(self.mean, device=images.device).view(1, -1, 1, 1)
        deviation = torch.tensor(self.deviation, device=images.device).view(1, -1, 1, 1)
        return (images - mean) / deviation


def load_splits(faces: FaceSet, protocol: Protocol, device: torch.device) -> dict[str, Split]:
    """The three roles of a protocol.

    Rows without a label of the task (no expression, or no valence/arousal) are left out.

    Raises:
        BadInput: the FaceSet is not the protocol's (name, version, options, class order, split names).
    """
    where = faces.directory
    for what, found, expected in (
        ("name", faces.meta["name"], protocol.data),
        ("version", faces.meta["version"], protocol.data_version),
    ):
        if found != expected:
            raise BadInput(f"{where}, {what}", found, f"{expected} for protocol {protocol.name}")
    protocol.check_data_options(faces.meta, where)
    categorical = protocol.task == "categorical"
    if categorical and faces.classes != protocol.classes:
        raise BadInput(f"{where}, class order", ", ".join(faces.classes), ", ".join(protocol.classes))
    labelled = faces.expression >= 0 if categorical else ~(np.isnan(faces.valence) | np.isnan(faces.arousal))
    splits = {}
    for role in ROLES:
        rows = faces.rows(protocol.splits[role])
        rows = rows[labelled[rows]]
        if not len(rows):
            raise BadInput(f"{where}, split {protocol.splits[role]}", "no row with a label", "some")
        if categorical:
            targets = torch.from_numpy(faces.expression[rows])
        else:
            targets = torch.from_numpy(np.stack([faces.valence[rows], faces.arousal[rows]], 1))
        images = resized(faces.images, rows, protocol.input_size, protocol.channels)
        splits[role] = Split(faces.id[rows], images.to(device), targets.to(device))
    return splits


def resized(images: np.ndarray, rows: np.ndarray, size: int, channels: int) -> Tensor:
    """uint8 (len(rows), C, size, size): antialiased bilinear resampling (area averaging by whole factors), rounded.

    C stays 1 for grey pictures even if the network wants 3 (they are repeated batch by batch); colour pictures become
    grey by ITU-R BT.601 luma when `channels` is 1.
    """
    height, width, depth = images.shape[1:]
    kept = 1 if channels == 1 else depth
    out = torch.empty((len(rows), kept, size, size), dtype=torch.uint8)
    for start in range(0, len(rows), CHUNK):
        part = torch.from_numpy(np.ascontiguousarray(images[rows[start : start + CHUNK]])).permute(0, 3, 1, 2).float()
        if kept != depth:
            part = (part * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
        if (height, width) != (size, size):
            if height % size == 0 and width % size == 0:
                part = functional.avg_pool2d(part, (height // size, width // size))
            else:
                part = functional.interpolate(part, (size, size), mode="bilinear", antialias=True, align_corners=False)
        out[start : start + CHUNK] = part.round().clamp(0, 255).to(torch.uint8)
    return out


def standardiser(protocol: Protocol, train: Split) -> Standardiser:
    """The recipe's constants, or mean and deviation of the training pixels per channel (float64 sums)."""
    mean, deviation = protocol.recipe.input_mean, protocol.recipe.input_deviation
    if mean == "training" or deviation == "training":
        total = torch.zeros(train.images.shape[1], dtype=torch.float64)
        square = torch.zeros_like(total)
        for start in range(0, len(train), CHUNK):
            part = train.images[start : start + CHUNK].cpu().double() / 255
            total += part.sum((0, 2, 3))
            square += (part**2).sum((0, 2, 3))
        count = train.images.numel() / train.images.shape[1]
        measured = total / count
        spread = (square / count - measured**2).clamp_min(1e-12).sqrt()
        repeat = protocol.channels // len(measured)
        mean = tuple(measured.tolist()) * repeat if mean == "training" else mean
        deviation = tuple(spread.tolist()) * repeat if deviation == "training" else deviation
    for name, values in (("input_mean", mean), ("input_deviation", deviation)):
        if len(values) != protocol.channels:
            raise BadInput(f"protocol {protocol.name}, {name}", f"{len(values)} numbers", f"{protocol.channels}")
    return Standardiser(tuple(mean), tuple(deviation))
