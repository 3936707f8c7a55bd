"""Which records may share a table, under which names, and which of them are left out as second ones of a run.

Every function that leaves something out or names it otherwise adds a sentence to `remarks`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.fingerprints import is_other
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.record import Record

Identity = tuple[str, str, str, str, str]  # of `identity_of`: name, version and hash of the protocol, fingerprint, mark


def identity_of(record: Record) -> Identity:
    """What must be equal for records to share a table: protocol name, version and hash, data fingerprint, and a mark.

    The mark is "other-bytes" for data whose bytes are none of the known editions, else "".
    """
    protocol, data = record["protocol"], record["data"]
    mark = "other-bytes" if on_other_bytes(record) else ""
    return protocol["name"], protocol["version"], record["protocol_hash"], data["fingerprint"], mark


def on_other_bytes(record: Record) -> bool:
    """Whether the bytes of a record's data are none of the known editions."""
    data = record["data"]
    return is_other(data["name"], data["version"], data["fingerprint"])


def slugs_of(identities: list[Identity], remarks: list[str]) -> dict[Identity, str]:
    """A short name for each identity: the protocol's name and only those parts in which identities of that name differ."""
    parts = ("version", "protocol hash", "data fingerprint")
    slugs: dict[Identity, str] = {}
    for identity in identities:
        name, *own, mark = identity
        others = [i for i in identities if i[0] == name]
        differ = [position for position in range(3) if len({i[position + 1] for i in others}) > 1]
        if name not in protocol_names() and identity == min(others):
            remarks.append(
                f"{name}: a protocol that the suite does not have. It stands in a section of its own and is evidence for no "
                "claim, and nothing here says which faces and labels are right."
            )
        if not differ and name in protocol_names() and load_protocol(name).hash != own[1]:
            # The plain name is that of the suite's own protocol, also where there is no record of it.
            slugs[identity] = "-".join([name, own[0], own[1][:8], *filter(None, [mark])])
            remarks.append(
                f"{name}: version {own[0]}, hash {own[1]}, is not the protocol of this name that is installed; its records "
                f"stand in tables of their own, named {slugs[identity]}."
            )
            continue
        slugs[identity] = re.sub(
            r"[^\w.+-]", "_", "-".join([name, *(own[p][:8] for p in differ), *filter(None, [mark])])
        ).lstrip(".")
        if differ and identity == min(others):
            remarks.append(
                f"{name}: records differ in {' and '.join(parts[p] for p in differ)}; their {len(others)} groups "
                "are not comparable and stand in tables of their own, named by it."
            )
    if len(set(slugs.values())) < len(slugs):
        raise BadInput("protocol names", ", ".join(sorted(slugs.values())), "names that differ in letters, digits or .+-")
    return slugs


def without_duplicates(records: list[Record], root: Path, remarks: list[str]) -> list[Record]:
    """Records of one identity, each run once, the pipeline's own before any other. `root`: the folder of the records."""
    kept: dict[tuple[str, str, int], Record] = {}
    # The pipeline writes to <protocol>/<cell>/seed<k>. What lies in any other folder was put there.
    own_first = sorted(records, key=lambda r: (folder_of(r, root) != r.place.as_posix(), folder_of(r, root)))
    for record in own_first:
        first = kept.setdefault((record.cell, record["cell_hash"], record.seed), record)
        if first is not record:
            remarks.append(
                f"{folder_of(record, root)}: left out, since {folder_of(first, root)} is a record of the same run."
            )
    remarks += _copies(kept.values(), root)
    return list(kept.values())


def _copies(records: Iterable[Record], root: Path) -> list[str]:
    """A sentence about each record with the predictions of another cell's: one cell may have two names, so both are kept.
    (Those with another seed were set apart, see `benchmark.records.examine`.)"""
    found: list[str] = []
    seen: dict[str, Record] = {}
    for record in records:
        if record.diverged or (first := seen.setdefault(record["predictions_sha256"], record)) is record:
            continue
        same = f"its predictions are, bit for bit, those of {folder_of(first, root)}"
        found.append(f"{folder_of(record, root)}: {same}.")
    return found


def cell_labels(slug: str, records: list[Record], remarks: list[str]) -> dict[tuple[str, str], str]:
    """(name, hash) of a cell -> its label in the tables of `slug`: the name, with the hash if two cells have the name."""
    pairs = sorted({(record.cell, record["cell_hash"]) for record in records})
    times = Counter(name for name, _ in pairs)
    for name in sorted(name for name, count in times.items() if count > 1):
        remarks.append(f"{slug}: {times[name]} different cells are named {name}; each is shown with its hash.")
    return {(name, cell): name if times[name] == 1 else f"{name} [{cell[:8]}]" for name, cell in pairs}


def folder_of(record: Record, root: Path) -> str:
    """The record's folder relative to `root`, with forward slashes."""
    return record.directory.relative_to(root).as_posix()
