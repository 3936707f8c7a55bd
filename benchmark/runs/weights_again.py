"""The predictions of published records, made again from the weights of the same runs, where they are."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.files import Json
from benchmark.protocol.cells import Run, named_cell
from benchmark.records import seal
from benchmark.records.checks.known import own_protocol
from benchmark.records.examine import FAILED, NOT_CHECKED, Examined
from benchmark.records.record import Record, read_record
from benchmark.records.sameness import DIFFERENT, IDENTICAL, SAME, SHARE, agreement, said, worst
from benchmark.runs.parameters import parameters_of
from benchmark.runs.training.crossvalidation import fold_run
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split, Standardiser, load_splits
from benchmark.runs.training.trainer import EVALUATED, build_model

PRECISIONS = ("float32", "bf16")
THREADS = 4  # most threads per core that are used because a record states them


@dataclass(frozen=True)
class Outcome:
    """What was found for the record at `place`. `outcome`: IDENTICAL, SAME, DIFFERENT, FAILED or NOT_CHECKED; `why`: a
    sentence, or ""; `largest`: the largest difference of an output, if predictions were made."""

    place: str
    outcome: str
    why: str = ""
    largest: float | None = None


def run_of(record: Record) -> Run | None:
    """The run of a record. None if its network is not installed: a record can name any function of any package, so only
    installed networks are built (`benchmark.runs.parameters`). BadInput for one that can not be built."""
    if record.outside is not None or parameters_of(record) is None:
        return None
    return Run(own_protocol(record), named_cell(record["cell"], record.directory), record.seed)


def stated_threads(record: Record, device: torch.device) -> int | None:
    """The number of threads that a record states: on a CPU it decides the order of floating-point sums. None on a GPU, and
    for a number that this machine can not have."""
    stated = record["environment"].get("threads")
    can_be = type(stated) is int and 1 <= stated <= THREADS * (os.cpu_count() or 1)
    return stated if device.type == "cpu" and can_be else None


class Rerun:
    """Makes predictions again, record by record.

    Args:
        runs: folder of runs with their weights, at <protocol>/<cell>/seed<k>.
        faces: the FaceSet of a name, or None if it is not here (`Prepared.faces`).
        device: to predict on. On a CPU, the number of threads is the record's, since it decides the order of sums.
    """

    def __init__(self, runs: Path, faces: Callable[[str], FaceSet | None], device: torch.device):
        self.runs, self.faces, self.device = runs, faces, device
        self._loaded: tuple[str, dict[str, Split]] | None = None  # the last protocol's hash and faces

    def __call__(self, examined: Examined) -> Outcome:
        """Compare the predictions of one record."""
        place = examined.place
        if examined.record is None or examined.failures:
            return Outcome(place, FAILED, next(iter(examined.failures.values())).why)
        try:
            return self._rerun(place, examined.record)
        except BadInput as error:
            return Outcome(place, FAILED, str(error))

    def _rerun(self, place: str, record: Record) -> Outcome:
        directory = self.runs / record.place
        if reason := _without_weights(record, directory):
            return Outcome(place, NOT_CHECKED, reason)
        run = run_of(record)
        if run is None:
            return Outcome(place, NOT_CHECKED, "its network is not installed here")
        faces = self.faces(record["data"]["name"])
        if faces is None or faces.fingerprint != record["data"]["fingerprint"]:
            what = "not prepared" if faces is None else "prepared with other bytes"
            return Outcome(place, NOT_CHECKED, f"its data {record['data']['name']} is {what} here")
        made = self._predictions(run, record, directory, faces)
        if all(np.array_equal(outputs, record.predictions[name]) for name, outputs in made.items()):
            return Outcome(place, IDENTICAL, largest=0.0)
        task = run.protocol.task
        whole = worst([agreement(outputs, record.predictions[name], task) for name, outputs in made.items()])
        return Outcome(place, SAME if whole.share <= SHARE else DIFFERENT, said(whole, task, "faces"), whole.largest)

    def _predictions(self, run: Run, record: Record, directory: Path, faces: FaceSet) -> dict[str, np.ndarray]:
        """ "<role>_outputs_<tta>" -> float32 (N, K), in the order of the record's faces."""
        parts: list[tuple[str, Mapping[str, Json], dict[str, Split]]] = []
        if record.folds is None:
            parts.append(("weights.pt", record["input"], self._splits(run, faces)))
        for number, fold in enumerate(record.folds or []):
            own, of_fold = fold_run(run, faces, number)
            name = f"weights-{fold['fold']}.pt"
            parts.append((name, fold["input"], load_splits(of_fold, own.protocol, self.device)))
        found: dict[str, list[np.ndarray]] = {}
        ids: dict[str, list[np.ndarray]] = {role: [] for role in EVALUATED}
        with _threads(record, self.device):
            for name, own_input, splits in parts:
                model = loaded_model(run, directory, name, self.device)
                prepare = stated_input(own_input, run, directory)
                for role in EVALUATED:
                    ids[role].append(splits[role].ids)
                    for tta in run.protocol.tta:
                        outputs = predict(
                            model,
                            splits[role],
                            prepare,
                            categorical=run.protocol.task == "categorical",
                            tta=tta,
                            precision=_precision(record, self.device),
                        )
                        found.setdefault(f"{role}_outputs_{tta}", []).append(outputs)
        order = {role: _order(np.concatenate(ids[role]), record.predictions[f"{role}_ids"]) for role in EVALUATED}
        return {name: np.concatenate(outputs)[order[name.split("_")[0]]] for name, outputs in found.items()}

    def _splits(self, run: Run, faces: FaceSet) -> dict[str, Split]:
        if self._loaded is None or self._loaded[0] != run.protocol.hash:
            self._loaded = None  # frees the memory before the next pictures are loaded
            self._loaded = run.protocol.hash, load_splits(faces, run.protocol, self.device)
        return self._loaded[1]


def _without_weights(record: Record, directory: Path) -> str:
    """Why there are no weights of a record's result; "" if there are. BadInput for a damaged run."""
    if record.outside is not None:
        return "an outside entry; `ferbench evaluate` runs such models"
    if record.diverged:
        return "a diverged run has no weights"
    if not (directory / "record.json").is_file():
        return "no run in its place in the folder of runs"
    there = read_record(directory)
    if there["predictions_sha256"] != record["predictions_sha256"]:
        return "the run in its place has other predictions"
    if not there.sealed:
        return "the run in its place has no seal (`ferbench seal` writes it)"
    if not any(directory.glob("weights*.pt")):
        return "the run in its place has no weights"
    return ""


def loaded_model(run: Run, directory: Path, name: str, device: torch.device) -> torch.nn.Module:
    """The network of a run with the weights in the file `name` of its folder. BadInput if they are not as sealed."""
    contents = seal.weights(directory, name)
    model = build_model(run, device)
    try:
        model.load_state_dict(torch.load(io.BytesIO(contents), map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many kinds for files that are none of its own
        found = f"weights that do not load ({type(error).__name__})"
        raise BadInput(directory / name, found, f"those of {run.cell.name}") from error
    return model


def stated_input(own: Mapping[str, Json], run: Run, where: Path) -> Standardiser:
    """The mean and the deviation in the field `input` of a record or of a fold. BadInput for other contents."""
    channels, found = run.protocol.channels, []
    for values in (own.get("mean"), own.get("deviation")):
        if not isinstance(values, list) or len(values) != channels or any(type(each) is not float for each in values):
            raise BadInput(f"{where}, input", f"{values!r}", f"mean and deviation, {channels} numbers each")
        found.append(tuple(values))
    return Standardiser(*found)


def _precision(record: Record, device: torch.device) -> str:
    stated = record["environment"].get("precision")
    precision = stated if device.type == "cuda" and stated in PRECISIONS else "float32"
    if precision == "float32" and device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = False  # as in training
    return precision


@contextlib.contextmanager
def _threads(record: Record, device: torch.device) -> Iterator[None]:
    """While it is open, torch has as many threads as the record states, on a CPU."""
    before, stated = torch.get_num_threads(), stated_threads(record, device)
    try:
        if stated is not None:
            torch.set_num_threads(stated)
        yield
    finally:
        torch.set_num_threads(before)


def _order(made: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """The row of `made` (ids) for each id of `stored`. BadInput if they are not the same faces."""
    row = {name: number for number, name in enumerate(made.tolist())}
    if len(made) != len(stored) or not all(name in row for name in stored.tolist()):
        raise BadInput("faces of the record", f"{len(stored)} ids", f"the {len(made)} faces of its protocol")
    return np.array([row[name] for name in stored.tolist()])
