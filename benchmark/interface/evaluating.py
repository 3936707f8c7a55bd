"""evaluate: a model, or its predictions, under a protocol."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.interface.given import is_predictions, protocol_of, weights_of
from benchmark.interface.places import Places, places
from benchmark.interface.result import Result, Unwritten
from benchmark.outside.adapters.objects import OBJECT
from benchmark.outside.prediction_file import predictions_in, read_predictions
from benchmark.outside.scoring import entry_of_predictions
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows
from benchmark.records.outside_record import check_name
from benchmark.suggesting import unknown

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

    from benchmark.outside.adapters.preprocessing import Preprocessing

MEANINGS = ("auto", "probabilities", "logits")
GIVEN = "predictions"  # the name of a result of predictions that have none


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
              such a csv; or an array in the order of ``faces(protocol)``: scores (N, K) in the protocol's order of
              classes, class numbers or names (N,), or valence and arousal (N, 2).
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
        source, read = GIVEN, predictions_in(_as_arrays(model, protocol, faces), protocol, scores, GIVEN)
    contents, arrays = entry_of_predictions(
        read, protocol, faces, name or name_of(Path(source).stem), source=source, parameters=parameters
    )
    return Result(Unwritten(source, contents, arrays), protocol, where, tuple(read.said))


def _as_arrays(model: Any, protocol: Protocol, faces: FaceSet) -> dict[str, np.ndarray]:
    """Predictions given as objects, as the arrays of an npz of predictions."""
    if isinstance(model, Mapping):
        if "ids" not in model and model and all(hasattr(value, "ndim") for value in model.values()):
            found = f"arrays {', '.join(list(map(str, model))[:3])}, ..., without ids"
            expected = "ids with scores and classes; of a state dict: the network with its weights loaded"
            raise BadInput(GIVEN, found, expected)
        return {str(key): _plain(value) for key, value in model.items()}
    if hasattr(model, "columns"):
        names = ["id" if str(key).lower() == "id" else str(key) for key in model.columns]
        if len(set(names)) < len(names):
            raise BadInput(GIVEN, f"columns {', '.join(names)}", "each column once")
        columns = {name: _plain(model[key]) for name, key in zip(names, model.columns, strict=True)}
        ids = columns.pop("id", _ids_of(model))
        if ids is None:
            raise BadInput(GIVEN, f"columns {', '.join(columns)}", "id (or the ids as the index), then those of a csv")
        return {"ids": ids, **columns}
    if protocol.classes and hasattr(model, "index") and hasattr(model, "to_numpy"):  # a Series
        if (ids := _ids_of(model)) is not None:
            return {"ids": ids, "class": _plain(model)}
        if not np.array_equal(np.asarray(model.index), np.arange(len(model))):
            expected = f"the ids; or 0, 1, 2, ... and the order of faces('{protocol.name}'), as of reset_index(drop=True)"
            raise BadInput(f"{GIVEN}, index of the Series", f"{model.index[0]!r}, ...", expected)
    values, ids = _plain(model), faces.id[role_rows(protocol, faces, "test")]
    wanted = f"({len(ids)}, {protocol.outputs})" + (f" or ({len(ids)},)" if protocol.classes else "")
    if values.shape == (len(ids), protocol.outputs):
        if not protocol.classes:
            return {"ids": ids, "valence": values[:, 0], "arousal": values[:, 1]}
        return {"ids": ids, "scores": values, "classes": np.array(protocol.classes, dtype=str)}
    if protocol.classes and values.shape == (len(ids),):
        return {"ids": ids, "class": values}
    raise BadInput(GIVEN, f"shape {values.shape}", f"{wanted}, in the order of faces('{protocol.name}')")


def _ids_of(table: Any) -> np.ndarray | None:
    """The index of a DataFrame or Series, if it is text: the ids of the faces."""
    index = np.asarray(table.index)
    text = index.dtype.kind == "U" or (index.dtype == object and len(index) and all(isinstance(each, str) for each in index))
    return index.astype(str) if text else None


def _plain(value: Any) -> np.ndarray:
    """An array without objects, of a list, a column of pandas or a tensor."""
    if isinstance(value, np.ma.MaskedArray):
        raise BadInput(GIVEN, "a masked array", "numbers for every face")
    try:
        found = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        found = np.asarray(found.tolist()) if found.dtype == object else found
    except ValueError as error:  # rows of different lengths; ids, targets and outputs in one tuple
        found_instead = f"a {type(value).__name__} that is no array ({error})"
        raise BadInput(GIVEN, found_instead, "one array, rows of equal length") from error
    if found.dtype == object:
        raise BadInput(GIVEN, f"a {type(value).__name__} of objects", "numbers or text; of several models, one at a time")
    whole = found.ndim == 1 and found.dtype.kind == "f" and np.isfinite(found).all() and (found % 1 == 0).all()
    return found.astype(np.int64) if whole else found  # labels that pandas has made floats


def name_of(source: str) -> str:
    """A plain name (`benchmark.names.NAME`) made of where a model comes from: of an object, that of its class."""
    if source.endswith(OBJECT):
        source = source.removesuffix(OBJECT).rpartition(".")[2]
    return re.sub(r"[^A-Za-z0-9_+-]+", "-", source).strip("-_+")[:80] or "model"
