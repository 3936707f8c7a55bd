"""faces: the faces of a protocol, as a torch Dataset and as arrays."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.interface.given import protocol_of
from benchmark.interface.places import places
from benchmark.protocol.protocol import ROLES, Protocol
from benchmark.protocol.roles import role_rows, role_targets
from benchmark.runs.training.resampling import resized
from benchmark.suggesting import unknown


class Faces(Dataset):
    """The labelled faces of one role of a protocol, in the order of the FaceSet. Pictures are read when they are asked for.

    ``faces[i]`` is (picture, target): a uint8 tensor (C, S, S), RGB or grey as the protocol has it; and the class number
    (int), or valence and arousal (float32 tensor (2,)). With `transform`, its result stands in the picture's place.

    Attributes:
        ids: str (N,).
        targets: int64 (N,) class numbers, or float32 (N, 2) valence and arousal in [-1, 1].
        classes: names in label order; empty for valence and arousal.
        size: side S of the pictures in pixels.
    """

    def __init__(
        self, protocol: Protocol, faces: FaceSet, role: str, transform: Callable[[torch.Tensor], Any] | None = None
    ):
        self.protocol, self.transform, self._faces, self._process = protocol, transform, faces, os.getpid()
        self.rows = role_rows(protocol, faces, role)
        self.ids, self.targets = faces.id[self.rows], role_targets(protocol, faces, self.rows)
        self.classes, self.size = protocol.classes, protocol.input_size

    def __getstate__(self) -> dict[str, Any]:
        """What a worker process of a DataLoader gets: the folder in the place of the open files."""
        return self.__dict__ | {"_faces": self._faces.directory}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _faces=open_faceset(state["_faces"]), _process=os.getpid())

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, at: int) -> tuple[Any, Any]:
        if isinstance(at, slice):
            raise TypeError("faces[i] is one face; faces.pictures(slice) and faces.targets[slice] are several")
        if not -len(self) <= at < len(self):
            raise IndexError(at)  # the end of a loop over the faces
        picture = self.pictures([at])[0]
        target = self.targets[at]
        answer = int(target) if self.classes else torch.from_numpy(np.array(target))
        return (picture if self.transform is None else self.transform(picture)), answer

    def pictures(self, at: "int | slice | list[int] | NDArray[np.int64]") -> torch.Tensor:
        """uint8 (n, C, S, S): pictures as a network of the protocol sees them before they are standardised, resized as in
        training (`benchmark.runs.training.resampling`); grey faces are repeated over three channels. n is 1 for a number."""
        if self._process != os.getpid():  # a forked worker: two processes would read the same open file
            self._faces, self._process = open_faceset(self._faces.directory), os.getpid()
        images = resized(self._faces.pictures, np.atleast_1d(self.rows[at]), self.size, self.protocol.channels)
        return images.expand(-1, self.protocol.channels, -1, -1).contiguous()

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[Any]]:
        """(pictures uint8 (N, S, S, C), targets): all at once."""
        return np.ascontiguousarray(self.pictures(slice(None)).permute(0, 2, 3, 1).numpy()), self.targets

    def __repr__(self) -> str:
        channels = "grey" if self.protocol.channels == 1 else "RGB"
        what = f"{len(self.classes)} classes" if self.classes else "valence and arousal"
        return f"{self.protocol.name}: {len(self):,} faces, {self.size}x{self.size} {channels}, {what}"


def faces(
    protocol: str | Path | Protocol,
    split: str = "test",
    *,
    transform: Callable[[torch.Tensor], Any] | None = None,
    prepared: str | Path | None = None,
    project: str | Path | None = None,
) -> Faces:
    """The labelled faces of a protocol's split, as a torch Dataset that also gives arrays (`Faces.arrays`).

    Args:
        protocol: its name, a file of one's own, or a Protocol.
        split: "train", "validation" or "test". Under folds every face is a test face.
        transform: applied to each picture, a uint8 tensor (C, S, S).
        prepared, project: as of `evaluate`.

    Raises:
        BadInput: an unknown protocol or split; faces that are not prepared, or not those of the protocol; a split without
            faces.
    """
    own = protocol_of(protocol)
    if split not in ROLES:
        raise unknown("split", split, ROLES)
    found = Faces(own, open_faceset(places(project, prepared).prepared / own.data), split, transform)
    if not len(found):
        raise BadInput(f"protocol {own.name}, {split}", "no face", "some; under folds every face is a test face")
    return found
