"""Predictions that are given as objects of Python: arrays, tensors, tables of pandas."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.protocol import Protocol
from benchmark.protocol.roles import role_rows

GIVEN = "predictions"  # the name of such predictions in messages, and of their result


def arrays_of(model: Any, protocol: Protocol, faces: FaceSet) -> dict[str, np.ndarray]:
    """The arrays that an npz of predictions would have (`benchmark.outside.prediction_file`).

    Args:
        model: a mapping with these arrays; a DataFrame with the columns of a csv, or with the ids as its index; a Series of
            classes with the ids as its index; or an array, list or tensor in the order of the protocol's test faces.

    Raises:
        BadInput: what has no ids and not one row for every test face; what is no array of numbers or text.
    """
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
        ids = columns.pop("id") if "id" in columns else _ids_of(model)
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
    index = np.asarray(getattr(table, "index", ()))  # a table of polars has none
    text = index.dtype.kind == "U" or (index.dtype == object and len(index) and all(isinstance(each, str) for each in index))
    return index.astype(str) if text else None


def _plain(value: Any) -> np.ndarray:
    """An array without objects, of a list, a column of pandas or a tensor."""
    if isinstance(value, np.ma.MaskedArray):
        raise BadInput(GIVEN, "a masked array", "numbers for every face")
    try:
        found = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        found = np.asarray(found.tolist()) if found.dtype == object else found
    except (ValueError, TypeError, RuntimeError) as error:  # rows of different lengths; bfloat16; tensors with gradients
        found_instead = f"a {type(value).__name__} that is no array ({error})"
        raise BadInput(GIVEN, found_instead, "one array, rows of equal length") from error
    if found.dtype == object:
        raise BadInput(GIVEN, f"a {type(value).__name__} of objects", "numbers or text; of several models, one at a time")
    whole = found.ndim == 1 and found.dtype.kind == "f" and (np.abs(found) < 2**53).all() and (found % 1 == 0).all()
    return found.astype(np.int64) if whole else found  # labels that pandas has made floats
