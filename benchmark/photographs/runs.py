"""The network of a run, or the networks of its folds, from the folder that `ferbench run` writes."""

from pathlib import Path

import torch

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.photographs.networks import Member, Network
from benchmark.protocol.cells import Run
from benchmark.records.checks.known import own_protocol
from benchmark.records.record import Record, read_record
from benchmark.runs.weights_again import loaded_model, run_of, stated_input


def is_run(given: object) -> bool:
    """Whether a name is the folder of a run or of a record."""
    return isinstance(given, str | Path) and (Path(given) / "record.json").is_file()


def network_of_run(directory: Path) -> Network:
    """The network of a run, on the CPU. Only networks that are installed here are built.

    Raises:
        BadInput: no record; an outside entry, a diverged run, a record without its weights or without a seal for them, a
            network that is not installed.
    """
    record = read_record(directory)
    if record.outside is not None:
        raise BadInput(directory, "the record of an outside entry", "the model itself; or the entry's name")
    if record.diverged:
        raise BadInput(directory, "a diverged run, which has no weights", "a finished run")
    run = run_of(record)
    if run is None:
        raise BadInput(directory, "a network that is not installed", "one of `ferbench models`")
    names = weight_files(record)
    if not (directory / names[0]).is_file():
        made = f"the folder of the run: `ferbench run {record.protocol} {record.cell} --seeds {record.seed}` makes it again"
        raise BadInput(directory / names[0], "no such file", made)
    title = f"{record.cell}, seed {record.seed}, trained here under {record.protocol}"
    parts = zip(names, parts_of(record), strict=True)
    members = tuple(member(run, directory, name, part["input"]) for name, part in parts)
    return Network(title, str(directory), own_protocol(record), members)


def parts_of(record: Record) -> list[dict[str, Json]]:
    """What a record says of its networks: of the one, or of that of each fold."""
    return [record.contents] if record.folds is None else record.folds


def weight_files(record: Record) -> list[str]:
    """The names of the files of weights of a run, in the order of `parts_of`."""
    return ["weights.pt"] if record.folds is None else [f"weights-{fold['fold']}.pt" for fold in record.folds]


def member(run: Run, directory: Path, name: str, own: dict[str, Json]) -> Member:
    """One network of a run with the weights in its folder. BadInput if they are not as sealed."""
    model = loaded_model(run, directory, name, torch.device("cpu")).eval()
    return Member(model, stated_input(own, run, directory), run.protocol.input_size, run.protocol.channels)
