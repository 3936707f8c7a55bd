"""The trust level of a record: what was done here to know that its model gives its predictions.

The level follows from the record's place and from ``verification.json``, which ``ferbench verify --weights --write`` and
``--retrain --write`` keep in the folder of the report::

    {"schema": 1, "records": {PLACE: {"record": SHA-256 of record.json,
                                      "weights": {"outcome", "largest", "where"},
                                      "again": {"outcome", "how", "differs", "where"}}}}

PLACE is the record's folder relative to the folder of records; ``weights`` and ``again`` are there if they were done;
``where`` is {"device", "versions", "commit"}. An entry counts only while its digest is that of the record.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_made, write_json
from benchmark.records.record import Record
from benchmark.records.sameness import DIFFERENT, IDENTICAL, SAME

FILE, SCHEMA = "verification.json", 1
AGAIN, HERE, WEIGHTS, PREDICTIONS = LEVELS = (
    "trained here and verified again",
    "trained here",
    "weights re-run here",
    "predictions only",
)  # the best first
DONE = ("weights", "again")
Entries = Mapping[str, Mapping[str, Json]]


def record_digest(record: Record) -> str:
    """SHA-256 of the bytes of record.json."""
    return hashlib.sha256((record.directory / "record.json").read_bytes()).hexdigest()


def read_verification(path: Path) -> dict[str, dict[str, Json]]:
    """Place -> entry, of a verification.json; empty if there is no such file. BadInput for one that has another shape."""
    if not path.is_file():
        return {}
    entries: dict[str, dict[str, Json]] = read_made(path, SCHEMA, "records", "verify")["records"]
    outcomes = (IDENTICAL, SAME, DIFFERENT)
    expected = f"a record's digest, and weights or again with an outcome ({', '.join(outcomes)})"
    for place, entry in entries.items() if isinstance(entries, dict) else [("records", None)]:
        known = isinstance(entry, dict) and isinstance(entry.get("record"), str) and not set(entry) - {"record", *DONE}
        done = [entry[name] for name in DONE if name in entry] if known else [None]
        if not all(isinstance(each, dict) and each.get("outcome") in outcomes for each in done):
            raise BadInput(f"{path}, {place}", "something else", expected)
    return entries


def write_verification(path: Path, done: Entries) -> None:
    """Add what was done (place -> entry) to a verification.json, atomically. Entries of records that have changed since are
    replaced; what else was done to the same record is kept."""
    entries = read_verification(path)
    for place, entry in done.items():
        old = entries.get(place, {})
        entries[place] = (dict(old) if old.get("record") == entry["record"] else {}) | dict(entry)
    write_json(path, {"schema": SCHEMA, "records": {place: entries[place] for place in sorted(entries)}})


def level(record: Record, place: str, entries: Entries) -> str:
    """The level of a record at `place`, one of `LEVELS`. BadInput as of `read_verification`."""
    trained_here = record.outside is None and place == record.place.as_posix()
    entry = entries.get(place, {})
    if entry and entry["record"] != record_digest(record):
        entry = {}
    good = {name for name in DONE if entry.get(name, {}).get("outcome") in (IDENTICAL, SAME)}
    if "again" in good:
        return AGAIN
    if trained_here:
        return HERE
    return WEIGHTS if "weights" in good else PREDICTIONS


def lowest(levels: Iterable[str]) -> str:
    """The lowest of some levels."""
    return max(levels, key=LEVELS.index)
