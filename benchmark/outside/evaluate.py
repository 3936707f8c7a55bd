"""Evaluates a model that was trained elsewhere: prepares pictures as the model declares, predicts, checks this declaration,
and makes the contents of an outside entry."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.outside.counting import macs_of
from benchmark.outside.entry import entry_of
from benchmark.outside.probes import probe
from benchmark.outside.ready import Ready
from benchmark.outside.steadiness import unsteady
from benchmark.protocol.protocol import Protocol
from benchmark.runs import environment
from benchmark.runs.training.evaluation import TTA, predict
from benchmark.runs.training.memory import keep_freed
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
        given: what the outputs are, one of `benchmark.records.outside_record.OUTPUTS`.
    """

    ready: Ready
    protocol: Protocol
    arrays: Mapping[str, np.ndarray]
    probes: Mapping | None
    warnings: Sequence[str]
    seconds: float
    device: torch.device
    given: str

    @property
    def outside(self) -> dict:
        """The field `outside` of its record (`benchmark.records.outside_record.FIELDS`), as far as the model tells it."""
        given = self.ready.given
        return {
            "kind": given.kind,
            "source": given.source,
            "sha256": given.sha256,
            "warnings": list(self.warnings),
            "outputs": self.given,
            "macs": macs_of(self.ready),
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
    if views is not None and not isinstance(views, str | list | tuple):
        raise BadInput("views", f"a {type(views).__name__}", f"names among {', '.join(protocol.tta)}, or all")
    asked = [views] if isinstance(views, str) else list(QUICK if views is None else views)
    if "all" in asked:
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
) -> dict[str, np.ndarray]:
    """The arrays of a record (`benchmark.records.record`) for every given split. Shows a bar of pictures.

    Args:
        views: role -> test-time augmentations to predict; None: all of the protocol for every role.

    Raises:
        BadInput: outputs that are not finite. The message names `where` and the first such array.
    """
    wanted = {role: protocol.tta if views is None else views[role] for role in splits}
    total = sum(len(splits[role]) * _passes(tta) for role, own in wanted.items() for tta in own)
    found: dict[str, np.ndarray] = {}
    with progress.bar(total=total, desc=f"{protocol.name}", unit="img") as bar, model.telling(bar.update):
        for role, split in splits.items():
            found |= {f"{role}_ids": split.ids, f"{role}_targets": split.targets.cpu().numpy()}
            for tta in wanted[role]:
                model.note_as(role if tta == "none" else None)
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
) -> Assessment:
    """Predict the protocol's test faces with the views asked for, and its validation faces without any; check the
    declaration on the validation faces. Nothing is written.

    Args:
        views: as of `checked_views`.
    """
    test_views = checked_views(protocol, views)
    if device.type == "cpu":
        keep_freed()  # else a third of the time goes into asking the system for memory, batch by batch
    splits = evaluated_splits(faces, protocol, ready.declared, device)
    of = {role: test_views if role == "test" else QUICK for role in splits}
    start = time.perf_counter()
    arrays = predict_splits(ready.scores, splits, ready.prepare, protocol, ready.given.source, of)
    seconds = time.perf_counter() - start
    found, warnings = None, []
    role = "validation" if "validation" in splits else "test"
    steady = unsteady(ready.scores, splits[role], ready.prepare, protocol, arrays[f"{role}_outputs_none"])
    if "validation" in splits:
        known = arrays["validation_outputs_none"]
        found, warnings = probe(ready.scores, splits["validation"], ready.declared, protocol, known)
    else:
        warnings.append("input: not probed, as the protocol has no validation split of its own")
    judged = ready.scores.judged(arrays)
    warnings = [*steady, *warnings, *judged.warnings]
    return Assessment(ready, protocol, judged.arrays, found, warnings, seconds, device, judged.given)


def entry_of_assessed(found: Assessment, name: str, faces: FaceSet) -> tuple[dict, dict[str, np.ndarray]]:
    """The contents and arrays of the record of an assessment (`benchmark.outside.entry.entry_of`)."""
    return entry_of(
        found.protocol,
        name,
        found.arrays,
        faces=faces,
        outside=found.outside,
        input=found.ready.declared.as_dict() | ({"probes": found.probes} if found.probes else {}),
        parameters=found.ready.given.parameters,
        cost={"device": environment.device_name(found.device), "evaluate_seconds": round(found.seconds, 3)},
    )
