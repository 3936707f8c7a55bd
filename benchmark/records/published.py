"""The published digests of the faces that a protocol evaluates and trains on, from ``benchmark/faces/published.yaml``.

With them anyone can check, without the data, that a record has exactly the test faces of its protocol, in their order, with
their labels. The file lies beside fingerprints.yaml: protocol name -> hash of the protocol -> fingerprint of the FaceSet ->
{train_counts, validation, test}. A digest is that of `rows_digest`; with folds, train_counts is a list of counts, one per
fold. ``ferbench publish PROTOCOL`` makes an entry from the prepared data.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml
from benchmark.protocol.protocol import Protocol

FILE = Path(__file__).parents[1] / "faces" / "published.yaml"
PARTS = ("train_counts", "validation", "test")
EVALUATED = ("validation", "test")


def rows_digest(ids: np.ndarray, targets: np.ndarray) -> str:
    """SHA-256 over ids (str N) and targets (int64 N, or float32 N x 2), in their order."""
    kind = "<f4" if targets.dtype.kind == "f" else "<i8"
    total = hashlib.sha256("\n".join(ids.tolist()).encode())
    total.update(f"\n{targets.shape}\n".encode() + np.ascontiguousarray(targets, kind).tobytes())
    return total.hexdigest()


def published(protocol: Protocol, fingerprint: str) -> Mapping[str, Json] | None:
    """The published entry of a protocol (as `benchmark.records.prepared.entry_of`) on the bytes with this fingerprint; None
    if there is none."""
    return _table().get((protocol.name, protocol.hash, fingerprint))


@cache
def _table() -> Mapping[tuple[str, str, str], Mapping[str, Json]]:
    table = {}
    for name, hashes in read_yaml(FILE).items():
        for own, fingerprints in hashes.items():
            for fingerprint, entry in fingerprints.items():
                if set(entry) != set(PARTS):
                    raise BadInput(f"{FILE}, {name} {own}", ", ".join(entry), f"exactly {', '.join(PARTS)}")
                table[name, str(own), str(fingerprint)] = entry
    return table
