"""evaluate: a model, or its predictions, under a protocol."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.interface.arrays import GIVEN, arrays_of
from benchmark.interface.given import is_predictions, protocol_of, weights_of
from benchmark.interface.places import Places, places
from benchmark.interface.result import Result, Unwritten
from benchmark.outside.adapters.objects import OBJECT
from benchmark.outside.prediction_file import predictions_in, read_predictions
from benchmark.outside.scoring import entry_of_predictions
from benchmark.protocol.protocol import Protocol
from benchmark.records.outside_record import check_name
from benchmark.suggesting import unknown

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from benchmark.outside.adapters.preprocessing import Preprocessing

MEANINGS = ("auto", "probabilities", "logits")


def evaluate(
    model: "str | Path | nn.Module | Callable[..., Any] | Mapping[str, Any] | np.ndarray | pd.DataFrame",
    protocol: str | Path | Protocol,
    *,
    preprocessing: "str | Path | Mapping[str, Any] | Preprocessing | None" = None,
    views: Sequence[str] | str | None = None,
    weights: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    trust: bool = False,
    scores: str = "auto",
    parameters: int | None = None,
    device: str = "auto",
    name: str | None = None,
    prepared: str | Path | None = None,
    project: str | Path | None = None,
) -> Result:
    """Score a model, or predictions that were made elsewhere, on the test faces of a protocol. Nothing is written;
    `Result.enter` does that.

    A model is given faces of the test split, prepared as it declares, and those of the validation split. Its input, the
    order of its classes and the scale of its outputs are judged on validation faces where there are any
    (docs/model-files.md); what is said of probabilities, labels and absent classes is a count over test faces.

    Args:
        model: one of

            * an `nn.Module`, or a callable from a batch of pictures (torch or numpy, as declared) to outputs (N, K);
            * a file: ``.onnx``, ``.pt2``, ``.torchscript``;
            * code by its name: a cell, a registered model, ``timm:NAME``, ``package.module:factory``;
            * predictions: a ``.csv`` or ``.npz`` (docs/new-model.md); a mapping with the arrays of such an npz (``ids`` and
              ``scores`` with ``classes``, or ``class``, or ``valence`` and ``arousal``); a DataFrame with the columns of
              such a csv, or with the ids as its index; a Series of classes, so too; or an array in the order of
              ``faces(protocol)``: scores (N, K) in the protocol's order of classes, class numbers or names (N,), or
              valence and arousal (N, 2).
        protocol: its name, a file of one's own, or a Protocol.
        preprocessing: the input that the model needs, as a mapping or file (docs/reference/models.md, "Keys of a
            preprocessing"), the name of a recipe, or "protocol": as networks trained here get it. None: as the model itself
            declares (its attribute `preprocessing`).
        views: test-time augmentations beside "none": names among the protocol's, or "all". None: none, a quick look.
        weights: a file with the weights of a model given as code: safetensors or a state dict.
        options: keyword arguments for the factory of a model given as code.
        trust: load a ``.pt2`` or TorchScript file although that may run code in it.
        scores: meaning of scores that are given as predictions: "auto", "probabilities" or "logits".
        parameters: the model's number of parameters, for predictions.
        device: "auto", "cpu", "cuda", ...
        name: of the result; None: made of the model's own.
        prepared: folder of FaceSets; None: the project's, data/prepared.
        project: top folder of the project; None: see `benchmark.interface.places.places`.

    Returns:
        a `benchmark.interface.result.Result`.

    Raises:
        BadInput: a model, file, declaration or protocol that is not as described; faces that are not prepared; outputs that
            are not finite; arguments that do not fit together. The message says what was found and what was expected.
    """
    own, where = protocol_of(protocol), places(project, prepared)
    if name is not None:
        check_name(name)
    if scores not in MEANINGS:
        raise unknown("scores", scores, MEANINGS)
    if parameters is not None and (type(parameters) is not int or parameters < 1):
        raise BadInput("parameters", repr(parameters), "a whole number of at least 1")
    faces = open_faceset(where.prepared / own.data)
    if is_predictions(model):
        given = {"preprocessing": preprocessing, "views": views, "weights": weights, "options": options, "trust": trust}
        if unused := [key for key, value in given.items() if value]:
            raise BadInput("evaluate", f"{', '.join(unused)} for predictions", "them for a model")
        return _of_predictions(model, own, faces, where, scores, parameters, name)
    if scores != "auto" or parameters is not None:
        raise BadInput("evaluate", "scores or parameters for a model", "them for predictions")
    return _of_model(
        model,
        own,
        faces,
        where,
        name,
        views=views,
        device=str(device or "auto"),
        weights=weights_of(weights),
        options=options,
        preprocessing=preprocessing,
        trust=trust,
    )


def _of_model(
    model: Any,
    protocol: Protocol,
    faces: FaceSet,
    where: Places,
    name: str | None,
    *,
    views: Sequence[str] | str | None,
    device: str,
    **how: Any,
) -> Result:
    from benchmark.outside.evaluate import assess, checked_views, entry_of_assessed
    from benchmark.outside.ready import made_ready
    from benchmark.runs.environment import pick_device

    if isinstance(model, str) and ":" not in model and (entry := where.outside / protocol.name / model).is_dir():
        expected = "a model; an entry has its result: leaderboard, compare and robustness take it by its name"
        raise BadInput(entry, f"the outside entry {model}", expected)
    chosen = checked_views(protocol, views)
    place = pick_device(device)
    ready = made_ready(str(model) if isinstance(model, Path) else model, protocol, faces, place, **how)
    found = assess(ready, protocol, faces, place, views=chosen)
    contents, arrays = entry_of_assessed(found, name or name_of(ready.given.source), faces)
    return Result(Unwritten(ready.given.source, contents, arrays), protocol, where, ready.said)


def _of_predictions(
    model: Any,
    protocol: Protocol,
    faces: FaceSet,
    where: Places,
    scores: str,
    parameters: int | None,
    name: str | None,
) -> Result:
    if isinstance(model, str | Path):
        source, read = Path(model).name, read_predictions(Path(model), protocol, scores)
    else:
        source, read = GIVEN, predictions_in(arrays_of(model, protocol, faces), protocol, scores, GIVEN)
    contents, arrays = entry_of_predictions(
        read, protocol, faces, name or name_of(Path(source).stem), source=source, parameters=parameters
    )
    return Result(Unwritten(source, contents, arrays), protocol, where, tuple(read.said))


def name_of(source: str) -> str:
    """A plain name (`benchmark.names.NAME`) made of where a model comes from: of an object, that of its class."""
    if source.endswith(OBJECT):
        source = source.removesuffix(OBJECT).rpartition(".")[2]
    return re.sub(r"[^A-Za-z0-9_+-]+", "-", source).strip("-_+")[:80] or "model"
