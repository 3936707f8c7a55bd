"""What a name of a model stands for: an outside entry, runs of this suite, or the model itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.names import NAME
from benchmark.outside.ready import Declaration, Model
from benchmark.outside.suffixes import MODELS, PREDICTIONS, WEIGHTS, suffix_of
from benchmark.protocol import registry
from benchmark.protocol.cells import Cell, Run, cell_of, find_cell, installed_cells
from benchmark.protocol.protocol import Protocol
from benchmark.records.outside_record import check_name
from benchmark.records.record import Record, read_record
from benchmark.suggesting import unknown

ANSWERS = "answers to other faces"  # what predictions lack where robustness is asked for


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
        BadInput: an unknown name; predictions; an entry under other protocols only, or one whose model its name does not
            find.
    """
    model = str(model) if isinstance(model, Path) else model
    if not isinstance(model, str):
        return Found(model, preprocessing, None)
    if suffix_of(model) in PREDICTIONS:
        raise BadInput(model, "a file of predictions", f"a model: predictions have no {what}")
    if entries is None or not _places(model, entries):
        if ":" not in model and suffix_of(model) not in (*MODELS, *WEIGHTS):
            names = dict.fromkeys([*installed_cells(), *registry.models()])
            if model not in names:
                further = "; or a file, timm:NAME, package.module:factory, or the name of an outside entry"
                raise unknown("model", model, names, "ferbench cells; ferbench models", further)
        return Found(model, preprocessing, None)
    record = entry_record(entries, protocol, model)
    outside, where = record.outside or {}, f"outside entry {model}"
    first, _, rest = outside["source"].partition(", ")
    if outside["kind"] == "predictions":
        raise BadInput(where, f"predictions ({outside['source']})", f"a model: predictions have no {what}")
    if outside["kind"] != "python" or ":" not in first or "(" in first:
        if outside["kind"] == "python" and ":" not in first:
            raise BadInput(where, f"its record, without the model ({outside['source']})", "the object itself, in Python")
        code, _, options = first.removesuffix(")").partition("(")
        itself = f"{code} --weights {Path('PATH', rest)}" if rest else code if options else str(Path("PATH", first))
        itself += f", with the options {options}" if options else ""
        raise BadInput(where, f"its record, without the model ({outside['source']})", f"the model itself: {itself}")
    return Found(first, declared_in(record) if preprocessing is None else preprocessing, record)


def entry_record(entries: Path, protocol: Protocol, name: str, faces: FaceSet | None = None) -> Record:
    """The record of the outside entry `name` under `protocol`.

    Args:
        faces: on which it must have been made.

    Raises:
        BadInput: no plain name; no entry of that name; one under another version of the protocol, or on other faces.
    """
    directory = entries / protocol.name / check_name(name) / "seed0"
    if not (directory / "record.json").is_file():
        others = sorted(path.parts[-4] for path in _places(name, entries))
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


def entry_name(model: str, protocol: Protocol, entries: Path, name: str | None) -> str | None:
    """The outside entry that a command means: `name`, else `model` if it is one. BadInput for an entry that is not there."""
    chosen = name or (model if _places(model, entries) else None)
    return None if chosen is None else entry_record(entries, protocol, chosen).cell


def run_cell(model: str, protocol: Protocol, runs: Path, entries: Path, options: Mapping) -> Cell | None:
    """The cell whose runs a name stands for; None for the name of a finished model.

    A cell and ``timm:NAME`` always stand for their runs, any other factory only if runs of it are there.

    Args:
        options: of the factory of a model that is in no cells.yaml.

    Raises:
        BadInput: an unknown name, or options for a cell.
    """
    if suffix_of(model) in (*MODELS, *WEIGHTS, *PREDICTIONS) or _places(model, entries):
        return None
    if ":" not in model and (model in installed_cells() or model not in registry.models()):
        if options:
            raise BadInput(f"cell {model}, options", ", ".join(options), "none: a cell has its own")
        return find_cell(model)
    cell = cell_of(model, protocol.task, options=options)
    return cell if model.startswith(registry.TIMM) or (runs / protocol.folder / cell.name).is_dir() else None


def check_runs(model: str, protocol: Protocol, cell: Cell, runs: Path, seeds: Sequence[int]) -> None:
    """Check that the runs of a model that is in no cells.yaml are there. BadInput for the first that is not."""
    for place in (Run(protocol, cell, seed).place for seed in seeds):
        if model != cell.name and not (runs / place / "record.json").is_file():
            options = "".join(f" --option {key}={value}" for key, value in cell.options.items())
            made = f"`ferbench run {protocol.name} --model {model}{options} --seeds {place.name.removeprefix('seed')}`"
            raise BadInput(runs / place, "no run", f"one, made by {made}; or --weights FILE")


def _places(name: str, entries: Path) -> list[Path]:
    """The records of the outside entries of a name, one for each protocol."""
    return list(entries.glob(f"*/{name}/seed0/record.json")) if NAME.fullmatch(name) else []
