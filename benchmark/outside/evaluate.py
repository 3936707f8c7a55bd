"""Evaluates a model that was trained elsewhere: prepares pictures as the model declares, predicts, checks this declaration,
and writes an outside entry."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmark import progress
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import FaceSet
from benchmark.outside import entry as outside
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores, looks_like_probabilities
from benchmark.outside.probes import probe
from benchmark.outside.ready import Declaration, Model, Ready, made_ready
from benchmark.protocol.protocol import Protocol
from benchmark.records.outside_record import check_name
from benchmark.records.record import Record
from benchmark.runs import environment
from benchmark.runs.training.evaluation import TTA, predict
from benchmark.runs.training.pixels import Split, Standardiser, load_splits
from benchmark.suggesting import unknown

QUICK = ("none",)  # the views of a quick look


@dataclass(frozen=True)
class Assessment:
    """What a model answered to a protocol's faces, and what was noticed on the way.

    Attributes:
        arrays: as in a record (`benchmark.records.record`): ids, targets and outputs of the test faces, and those of the
            validation faces (view "none") where the protocol has any.
        probes: scores of other inputs (`benchmark.outside.probes`); None where there was no validation split for them.
        warnings: sentences about the declaration, without those of `benchmark.records.doubts`.
        seconds: of the predictions.
        device: on which they were made.
    """

    ready: Ready
    protocol: Protocol
    arrays: Mapping[str, np.ndarray]
    probes: Mapping | None
    warnings: Sequence[str]
    seconds: float
    device: torch.device

    @property
    def outside(self) -> dict:
        """The field `outside` of its record (`benchmark.records.outside_record.FIELDS`), as far as the model tells it."""
        given = self.ready.given
        return {
            "kind": given.kind,
            "source": given.source,
            "sha256": given.sha256,
            "warnings": list(self.warnings),
            "outputs": _kind_of_outputs(self.ready.declared, self.protocol),
        }


def evaluated_splits(
    faces: FaceSet, protocol: Protocol, preprocessing: Preprocessing, device: torch.device
) -> dict[str, Split]:
    """The validation and test faces at the model's input size. For a protocol with folds only "test", with the faces of all
    folds."""
    if protocol.folds:
        faces = dataclasses.replace(faces, split=np.where(np.isin(faces.split, protocol.folds), "test", faces.split))
        roles = {"test": "test"}
    else:
        roles = {role: protocol.splits[role] for role in ("validation", "test")}
    # The training split is not needed and may be large, so the smallest of the other splits is loaded in its place.
    stand_in = min(roles.values(), key=lambda split: int((faces.split == split).sum()))
    own = dataclasses.replace(
        protocol,
        splits={"train": stand_in, "validation": stand_in, **roles},
        folds=None,
        input_size=preprocessing.input_size,
        channels=preprocessing.channels,
    )
    splits = load_splits(faces, own, device)
    return {role: splits[role] for role in roles}


def checked_views(protocol: Protocol, views: Sequence[str] | None) -> tuple[str, ...]:
    """The test-time augmentations to predict: "none", then those asked for, in the protocol's order.

    Args:
        views: names among the protocol's `tta`; None: `QUICK`; ["all"]: all of the protocol.

    Raises:
        BadInput: a view that the protocol does not have.
    """
    asked = [views] if isinstance(views, str) else list(QUICK if views is None else views)
    if asked == ["all"]:
        return protocol.tta
    for name in asked:
        if name not in protocol.tta:
            raise unknown(f"views of {protocol.name}", name, [*protocol.tta, "all"])
    return tuple(name for name in protocol.tta if name == "none" or name in asked)


def predict_splits(
    model: Scores,
    splits: Mapping[str, Split],
    prepare: Input | Standardiser,
    protocol: Protocol,
    where: object,
    views: Mapping[str, Sequence[str]] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, np.ndarray]:
    """The arrays of a record (`benchmark.records.record`) for every given split. Shows a bar of pictures.

    Args:
        views: role -> test-time augmentations to predict; None: all of the protocol for every role.
        stop: called between batches; True raises Interrupted.

    Raises:
        BadInput: outputs that are not finite. The message names `where` and the first such array.
    """
    wanted = {role: protocol.tta if views is None else views[role] for role in splits}
    total = sum(len(splits[role]) * _passes(tta) for role, own in wanted.items() for tta in own)
    found: dict[str, np.ndarray] = {}
    with progress.bar(total=total, desc=f"{protocol.name}", unit="img") as bar:

        def told(number: int) -> None:
            bar.update(number)
            if stop():
                raise Interrupted("stopped; nothing was written")

        with model.telling(told):
            for role, split in splits.items():
                found |= {f"{role}_ids": split.ids, f"{role}_targets": split.targets.cpu().numpy()}
                for tta in wanted[role]:
                    outputs = predict(model, split, prepare, categorical=protocol.task == "categorical", tta=tta)
                    if not np.isfinite(outputs).all():
                        raise BadInput(f"{where}, {role}_outputs_{tta}", "outputs that are not finite", "finite ones")
                    found[f"{role}_outputs_{tta}"] = outputs
    return found


def _passes(tta: str) -> int:
    """Pictures that a network sees for one face."""
    return len(TTA[tta](torch.zeros(1, 1, 8, 8)))


def assess(
    ready: Ready,
    protocol: Protocol,
    faces: FaceSet,
    device: torch.device,
    *,
    views: Sequence[str] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Assessment:
    """Predict the protocol's test faces with the views asked for, and its validation faces without any; check the
    declaration on the validation faces. Nothing is written.

    Args:
        views: as of `checked_views`.
        stop: as of `predict_splits`.
    """
    test_views = checked_views(protocol, views)
    splits = evaluated_splits(faces, protocol, ready.declared, device)
    of = {role: test_views if role == "test" else QUICK for role in splits}
    start = time.perf_counter()
    arrays = predict_splits(ready.scores, splits, ready.prepare, protocol, ready.given.source, of, stop)
    seconds = time.perf_counter() - start
    found, warnings = None, []
    if "validation" in splits:
        known = arrays["validation_outputs_none"]
        found, warnings = probe(ready.scores, splits["validation"], ready.declared, protocol, known)
        answers = torch.from_numpy(known)
        if protocol.classes and ready.declared.outputs == "scores" and looks_like_probabilities(answers):
            warnings.append("outputs: they are probabilities; declare outputs: probabilities for a right calibration")
    else:
        warnings.append("input: not probed, as the protocol has no validation split of its own")
    names = ready.declared.classes or ()
    if left := [each for each in names if each not in (protocol.classes or names)]:
        warnings.append(f"outputs: {', '.join(left)} left out, which {protocol.name} has not")
    return Assessment(ready, protocol, arrays, found, warnings, seconds, device)


def enter_assessed(
    found: Assessment,
    name: str,
    faces: FaceSet,
    out: Path,
    *,
    stated: Mapping | None = None,
    extra_training_data: str | None = None,
    replace: bool = False,
) -> Record:
    """Write an assessment as the outside entry `name`. Arguments and errors as of `benchmark.outside.entry.enter`."""
    about = found.outside | {"stated": dict(stated) if stated else None, "extra_training_data": extra_training_data}
    return outside.enter(
        found.protocol,
        name,
        found.arrays,
        faces=faces,
        outside=about,
        input=found.ready.declared.as_dict() | ({"probes": found.probes} if found.probes else {}),
        parameters=found.ready.given.parameters,
        cost={"device": environment.device_name(found.device), "evaluate_seconds": round(found.seconds, 3)},
        out=out,
        replace=replace,
    )


def check_entry(protocol: Protocol, name: str, out: Path, *, stated: Mapping | None = None, replace: bool = False) -> None:
    """Check, before the model is run, that an entry can be written after it.

    Raises:
        BadInput: an invalid name; an entry of this name that is not to be replaced; a stated accuracy for valence and
            arousal.
    """
    if stated is not None and protocol.task != "categorical":
        raise BadInput("stated accuracy", f"one for {protocol.name}", "none: valence and arousal have no accuracy")
    if (out / protocol.name / check_name(name)).exists() and not replace:
        raise BadInput(out / protocol.name / name, "an entry of this name", "another name, or --replace")


def evaluate(
    model: Model,
    protocol: Protocol,
    name: str,
    faces: FaceSet,
    out: Path,
    *,
    device: torch.device,
    weights: Path | None = None,
    options: Mapping | None = None,
    preprocessing: Declaration | None = None,
    trust: bool = False,
    views: Sequence[str] | None = None,
    stated: Mapping | None = None,
    extra_training_data: str | None = None,
    replace: bool = False,
) -> Record:
    """Evaluate a model under `protocol` and write it as the outside entry `name`: `made_ready`, `assess` and
    `enter_assessed`, whose arguments and errors these are."""
    check_entry(protocol, name, out, stated=stated, replace=replace)
    checked_views(protocol, views)
    ready = made_ready(
        model, protocol, faces, device, weights=weights, options=options, preprocessing=preprocessing, trust=trust
    )
    found = assess(ready, protocol, faces, device, views=views)
    return enter_assessed(found, name, faces, out, stated=stated, extra_training_data=extra_training_data, replace=replace)


def _kind_of_outputs(declared: Preprocessing, protocol: Protocol) -> str:
    if not protocol.classes:
        return "valence and arousal"
    return "logits" if declared.outputs == "scores" else "probabilities"
