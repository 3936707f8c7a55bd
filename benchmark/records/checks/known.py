"""What is known when a record is checked, besides the record itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from benchmark.files import Json
from benchmark.protocol.protocol import Protocol, load_protocol, protocol_names
from benchmark.records.published import EVALUATED, published
from benchmark.records.record import Record


@dataclass(frozen=True)
class Rows:
    """The faces of a protocol.

    Attributes:
        source: where they are known from, in words.
        train_counts: as in a record; with folds, a list with that of each fold.
        digests: role (validation, test) -> `benchmark.records.published.rows_digest`.
        ids, targets: role -> the ids and targets themselves; empty if only their digests are known.
    """

    source: str
    train_counts: Json
    digests: Mapping[str, str]
    ids: Mapping[str, np.ndarray] = field(default_factory=dict)
    targets: Mapping[str, np.ndarray] = field(default_factory=dict)


def published_rows(protocol: Protocol, fingerprint: str) -> Rows | None:
    """The published digests of a protocol on the bytes with this fingerprint; None if there are none."""
    entry = published(protocol, fingerprint)
    if entry is None:
        return None
    source = "the published digests (benchmark/faces/published.yaml)"
    return Rows(source, entry["train_counts"], {role: entry[role] for role in EVALUATED})


@dataclass(frozen=True)
class Known:
    """What records are checked against. The defaults need nothing but this project, so they give the same result anywhere.

    Attributes:
        rows: protocol and fingerprint -> its faces; None if they are not known. (`benchmark.records.prepared` has one that
            also looks into prepared FaceSets.)
        fingerprint: name of a data set -> that of the FaceSet that is prepared here; None if there is none.
        parameters: the record of a run -> the number of trainable parameters of its network; None if it is not known.
            BadInput if there can be no such network.
    """

    rows: Callable[[Protocol, str], Rows | None] = published_rows
    fingerprint: Callable[[str], str | None] = lambda _name: None
    parameters: Callable[[Record], int | None] = lambda _record: None


@cache
def installed_protocol(name: str) -> Protocol | None:
    """The protocol of the suite with that name; None if there is none."""
    return load_protocol(name) if name in protocol_names() else None


def own_protocol(record: Record) -> Protocol:
    """The protocol that the record contains."""
    return record.definition
