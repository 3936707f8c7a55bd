"""Finds the model behind the name of an outside entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.outside.ready import Declaration, Model
from benchmark.protocol.protocol import Protocol
from benchmark.records.record import Record, read_record

PREDICTIONS = (".csv", ".npz")  # files of predictions


@dataclass(frozen=True)
class Found:
    """A model and, if it was named by its outside entry, the record."""

    model: Model
    preprocessing: Declaration | None
    record: Record | None


def find_model(
    model: Model, protocol: Protocol, entries: Path | None, what: str, preprocessing: Declaration | None = None
) -> Found:
    """The model that is meant: `model` itself, or the network of the outside entry of that name.

    Args:
        entries: folder of outside entries; None: `model` is no name of an entry.
        what: what predictions do not have, for the message: "speed".
        preprocessing: as declared; for an entry, None stands for what its record says.

    Raises:
        BadInput: predictions; an entry under other protocols only, or one whose model is not found by its name.
    """
    if not isinstance(model, str):
        return Found(model, preprocessing, None)
    if model.endswith(PREDICTIONS):
        raise BadInput(model, "a file of predictions", f"a model: predictions have no {what}")
    if entries is None or Path(model).name != model or not list(entries.glob(f"*/{model}/seed0/record.json")):
        return Found(model, preprocessing, None)
    record = entry_record(entries, protocol, model)
    outside, where = record.outside or {}, f"outside entry {model}"
    first, _, rest = outside["source"].partition(", ")
    if outside["kind"] == "predictions":
        raise BadInput(where, f"predictions ({outside['source']})", f"a model: predictions have no {what}")
    if outside["kind"] != "python" or ":" not in first:
        itself = f"{first} --weights {Path('PATH', rest)}" if rest else Path("PATH", first)
        raise BadInput(where, f"its record, without the model ({outside['source']})", f"the model itself: {itself}")
    return Found(first, declared_in(record) if preprocessing is None else preprocessing, record)


def entry_record(entries: Path, protocol: Protocol, name: str, faces: FaceSet | None = None) -> Record:
    """The record of the outside entry `name` under `protocol`.

    Args:
        faces: on which it must have been made.

    Raises:
        BadInput: no entry of that name; one under another version of the protocol, or on other faces.
    """
    directory = entries / protocol.name / name / "seed0"
    if not (directory / "record.json").is_file():
        others = sorted(path.parts[-4] for path in entries.glob(f"*/{name}/seed0/record.json"))
        expected = (
            f"--protocol {others[0]}, where it is" if others else "the name of an outside entry, made by ferbench evaluate"
        )
        raise BadInput(f"{entries / protocol.name}, '{name}'", "no such entry", expected)
    record = read_record(directory)
    if record["protocol_hash"] != protocol.hash:
        raise BadInput(f"{directory}, protocol", f"hash {record['protocol_hash']}", f"{protocol.hash}; evaluate it again")
    if faces is not None and record["data"]["fingerprint"] != faces.fingerprint:
        made_on = f"{record['data']['fingerprint'][:16]}, as {directory} was made on"
        raise BadInput(faces.directory, f"fingerprint {faces.fingerprint[:16]}", made_on)
    return record


def declared_in(record: Record) -> Mapping | None:
    """The preprocessing that the record of an entry states; None if it states none."""
    return {key: value for key, value in record["input"].items() if key != "probes"} or None
