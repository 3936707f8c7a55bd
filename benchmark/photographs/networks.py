"""A network that answers for faces cut from a picture: how a run, a carried network and a model of one's own become one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.faces.card import card
from benchmark.outside.adapters.preprocessing import Input
from benchmark.protocol.protocol import Protocol
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split, Standardiser
from benchmark.runs.training.resampling import resized


@dataclass(frozen=True)
class Member:
    """One network with the input that it was trained with.

    Attributes:
        model: from the input to float32 (N, K): scores in the protocol's order of classes, or valence and arousal.
        prepare: makes the input from uint8 (N, C, S, S): a `Standardiser`, or an `Input` of a model from outside.
        size, channels: of that input.
    """

    model: nn.Module
    prepare: Standardiser | Input
    size: int
    channels: int


@dataclass(frozen=True)
class Network:
    """What answers for a face.

    Attributes:
        title: whose network it is, for the person who asks.
        card: where it is described: a page or the folder of a record.
        protocol: its classes, or valence and arousal.
        members: one network, or those of the folds of a run, whose answers are averaged.
        said: what was understood of its declaration, a sentence each.
    """

    title: str
    card: str
    protocol: Protocol
    members: tuple[Member, ...]
    said: tuple[str, ...] = ()

    @property
    def categorical(self) -> bool:
        """Whether it answers with the probabilities of classes; else with valence and arousal."""
        return self.protocol.task == "categorical"

    def answers(self, faces: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
        """Probabilities (N, K), or valence and arousal (N, 2): float64, the mean over the members.

        Args:
            faces: uint8 (H, W, 3) each, of any size.
        """
        found = [self._of_member(member, faces, device) for member in self.members]
        mean: np.ndarray = np.mean(found, axis=0)
        return mean

    def _of_member(self, member: Member, faces: Sequence[np.ndarray], device: torch.device) -> np.ndarray:
        grey = card(self.protocol.data).grey
        pictures = torch.cat([_input(face, member, grey) for face in faces]).to(device)
        outputs = raw(member, pictures, self.categorical)
        if not self.categorical:
            return outputs
        high = outputs - outputs.max(1, keepdims=True)
        probabilities: np.ndarray = np.exp(high) / np.exp(high).sum(1, keepdims=True)
        return probabilities


def raw(member: Member, pictures: Tensor, categorical: bool) -> np.ndarray:
    """The outputs of one network for uint8 (N, C, S, S), as `benchmark.runs.training.evaluation.predict` gives them, as
    float64 (N, K)."""
    nothing = torch.zeros(len(pictures))
    split = Split(np.arange(len(pictures)).astype(str), pictures, nothing)
    prepare = cast(Standardiser, member.prepare)  # `Input` has its two methods
    return predict(member.model, split, prepare, categorical=categorical).astype(np.float64)


def _input(face: np.ndarray, member: Member, grey: bool) -> Tensor:
    """A face as uint8 (1, C, S, S), made smaller as in training."""
    row = np.zeros(1, np.int64)
    kept = 1 if grey else member.channels
    return resized(face[None], row, member.size, kept)
