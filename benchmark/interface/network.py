"""The trained network of a run."""

import io

import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.protocol.cells import Run
from benchmark.records import seal
from benchmark.records.record import Record
from benchmark.runs.training.trainer import build_model
from benchmark.runs.weights_again import run_of


def network_of(record: Record, run: Run | None = None) -> nn.Module:
    """The trained network of a run in evaluation mode, on the CPU, from the weights beside its record. Its attribute
    `preprocessing` says what it expects, so that `evaluate` takes it as it is.

    Args:
        run: the record's, where it was trained here; None: that which the record names, if its network is installed. (A
            record from elsewhere can name any function of any package.)

    Raises:
        BadInput: a record without weights beside it, of a cross-validation (it has a network for each fold), or of a
            network that is not installed.
    """
    if record.folds is not None:
        raise BadInput(record.directory, "a cross-validation", "a run with one network")
    if not (path := record.directory / "weights.pt").is_file():
        raise BadInput(path, "no such file", "the weights of a run, which lie in the folder of runs beside its record")
    if (run := run or run_of(record)) is None:
        raise BadInput(record.directory, "a network that is not installed", "one of `ferbench models`")
    model = build_model(run, torch.device("cpu"))
    state = torch.load(io.BytesIO(seal.weights(record.directory, path.name)), map_location="cpu", weights_only=True)
    model.load_state_dict(state)
    model.preprocessing = {"mean": record["input"]["mean"], "deviation": record["input"]["deviation"]}
    return model.eval()
