"""Warnings about predictions that were made elsewhere: the outputs look like those of another order of classes, or like
valence and arousal exchanged, turned in sign or on another scale."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmark.protocol.protocol import Protocol
from benchmark.records import doubts_of_affect, doubts_of_order

KINDS = {"categorical": "class order looks mismatched", "dimensional": "valence and arousal"}


@dataclass(frozen=True)
class Doubt:
    """A likely mistake in the order or the scale of outputs.

    Attributes:
        kind: the beginning of its sentence.
        names: other words in the sentence, which say what is mistaken: the classes whose columns are exchanged, quoted, or
            what was done to valence and arousal.
        sentence: the warning.
    """

    kind: str
    names: tuple[str, ...]
    sentence: str

    def is_said_by(self, sentence: str) -> bool:
        """Whether another sentence says the same, in whichever words and numbers of this or an older version."""
        return sentence.startswith(self.kind) and all(name in sentence for name in self.names)


def noticed(protocol: Protocol, targets: np.ndarray, outputs: np.ndarray, split: str = "test") -> Doubt | None:
    """The doubt that the predictions of one split give rise to, by the rules of `benchmark.records.doubts_of_order` and
    `benchmark.records.doubts_of_affect`; None if there is none.

    Args:
        targets: int64 (N,) class indices, or float (N, 2) in [-1, 1].
        outputs: float (N, K) in the protocol's order, finite.
        split: what the faces are called in the sentence.
    """
    faces, kind = f"{len(targets):,} {split} faces", KINDS[protocol.task]
    if protocol.task == "categorical":
        order = doubts_of_order.better_order(targets, outputs.argmax(1), outputs.shape[1])
        if order is None:
            return None
        moved = np.flatnonzero(order.names != np.arange(len(order.names)))
        names = tuple(f"'{protocol.classes[c]}'" for c in moved)
        return Doubt(kind, names, doubts_of_order.told(order, protocol.classes, faces))
    found = doubts_of_affect.told(targets.astype(np.float64), outputs.astype(np.float64), faces)
    return Doubt(kind, found[1], found[0]) if found else None


def doubt_of(protocol: Protocol, arrays: Mapping[str, np.ndarray]) -> Doubt | None:
    """The doubt of a record's arrays (`benchmark.records.record`): by its validation faces where there are any, so that the
    test faces decide nothing, else by its test faces."""
    split = "validation" if "validation_outputs_none" in arrays else "test"
    return noticed(protocol, arrays[f"{split}_targets"], arrays[f"{split}_outputs_none"], split)
