"""Reads files of predictions made by any framework. docs/reference/models.md describes both forms for users.

csv (UTF-8, commas, a header): the column ``id`` and, in any order, either one column of scores per class of the protocol,
named like the class; or ``class`` (the name of a class, or its number in the protocol's order); or ``valence`` and
``arousal``.

npz: ``ids`` (str (N,)) and either ``scores`` (numbers (N, K)) with ``classes`` (str (K,), the classes of the columns); or
``class`` (str or integers (N,)); or ``valence`` and ``arousal`` (numbers (N,)). Never read with pickle.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.protocol.protocol import Protocol
from benchmark.records.selection_metric import DIMENSIONS

FLOOR = 1e-12  # smallest probability before taking the logarithm
ONE_SCALE = 0.05  # largest relative difference between the sums of rows of probabilities (rounded, or in percent)


@dataclass(frozen=True)
class PredictionFile:
    """The contents of a file of predictions.

    Attributes:
        ids: str (N,).
        outputs: float64 (N, K), in the form in which a record stores them: logits, log-probabilities, one-hot rows, or
            valence and arousal.
        given: what the file contains, one of `benchmark.records.outside_record.OUTPUTS`.
        sha256: of the file.
    """

    ids: np.ndarray
    outputs: np.ndarray
    given: str
    sha256: str


def read_predictions(path: Path, protocol: Protocol, meaning: str = "auto") -> PredictionFile:
    """Read a .csv or .npz of predictions.

    Args:
        meaning: of scores: "probabilities" (each row is divided by its sum), "logits", or "auto". "auto" takes scores as
            probabilities if none is negative and, in addition, either all are at most 1 or the sums of all rows are equal
            within `ONE_SCALE`; else as logits.

    Raises:
        BadInput: no such file; neither of the two forms; columns that are not the protocol's; a cell that is not a number;
            NaN or infinity; an unknown class; negative probabilities or a row of zeros. The message names row and id.
    """
    if not path.is_file():
        raise BadInput(path, "no such file", "a .csv or .npz of predictions")
    if path.suffix not in (".csv", ".npz"):
        raise BadInput(path, f"suffix '{path.suffix}'", ".csv or .npz")
    data = path.read_bytes()
    ids, columns, places = (_from_csv if path.suffix == ".csv" else _from_npz)(path, data, protocol)
    if not len(ids):
        raise BadInput(path, "no row", "one for each test face")
    outputs, given = _outputs(columns, protocol, meaning, places)
    return PredictionFile(ids, outputs, given, hashlib.sha256(data).hexdigest())


class _Places:
    """Describes the place of a row in the file, for error messages."""

    def __init__(self, path: Path, word: str, first: int, ids: Sequence[str]):
        self.path, self.word, self.first, self.ids = path, word, first, ids

    def __call__(self, row: int) -> str:
        return f"{self.path}, {self.word} {row + self.first} ({self.ids[row]})"


def _from_csv(path, data, protocol):
    try:
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"what is no csv ({error})", "UTF-8 text, commas between the cells") from error
    header = [cell.strip() for cell in lines[0]] if lines else []
    rows = [(number, line) for number, line in enumerate(lines[1:], 2) if line]
    if "id" not in header:
        raise BadInput(f"{path}, header", ", ".join(header) or "nothing", f"id, then {_expected(protocol)}")
    if len(set(header)) < len(header):
        raise BadInput(f"{path}, header", ", ".join(header), "each column once")
    for number, line in rows:
        if len(line) != len(header):
            raise BadInput(f"{path}, line {number}", f"{len(line)} cells", f"{len(header)}, as in the header")
    cells = (
        dict(zip(header, zip(*(line for _, line in rows), strict=True), strict=True)) if rows else dict.fromkeys(header, ())
    )
    ids = _ids([cell.strip() for cell in cells.pop("id")], path)
    places = _Places(path, "data row", 1, ids)
    _check_names(list(cells), protocol, f"{path}, header")
    if "class" in cells:
        return ids, {"class": [cell.strip() for cell in cells["class"]]}, places
    return ids, {name: _numbers(values, name, places) for name, values in cells.items()}, places


def _numbers(values, name, places):
    found = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            found[row] = float(value)
        except ValueError:
            raise BadInput(f"{places(row)}, {name}", f"'{value}'", "a number") from None
    return found


def _from_npz(path, data, protocol):
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (ValueError, OSError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(
            path, f"what is no npz of plain arrays ({error})", "arrays of numbers and text, no objects"
        ) from error
    if odd := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:  # a member that is no .npy
        raise BadInput(f"{path}, {odd[0]}", "no array", "arrays of numbers and text")
    if "ids" not in arrays:
        raise BadInput(path, f"arrays {', '.join(arrays) or '(none)'}", "ids, then scores and classes, or class, or valence "
                       "and arousal")  # fmt: skip
    ids = arrays.pop("ids")
    if ids.ndim != 1:
        raise BadInput(f"{path}, ids", f"shape {ids.shape}", "(N,)")
    ids = _ids(_texts(ids, f"{path}, ids"), path)
    if "scores" in arrays:
        scores, names = arrays.pop("scores"), arrays.pop("classes", None)
        if names is None or arrays:
            found = "no classes" if names is None else ", ".join(arrays)
            raise BadInput(path, found, "classes, what the columns of scores stand for, and nothing else")
        if names.ndim != 1 or scores.shape != (len(ids), len(names)):
            raise BadInput(f"{path}, scores", f"shape {scores.shape}", f"({len(ids)}, {names.size}): ids x classes")
        names = _texts(names, f"{path}, classes")
        if len(set(names)) < len(names):
            raise BadInput(f"{path}, classes", ", ".join(names), "each class once")
        columns = dict(zip(names, scores.T, strict=True))
    else:
        columns = arrays
    _check_names(list(columns), protocol, path)
    for name, values in columns.items():
        kinds = "iuU" if name == "class" else "iuf"
        if values.shape != (len(ids),) or values.dtype.kind not in kinds:
            raise BadInput(f"{path}, {name}", f"{values.dtype} {values.shape}", f"one value for each of {len(ids)} ids")
    if "class" in columns:
        columns = {"class": columns["class"].astype(str).tolist()}
    return ids, columns, _Places(path, "row", 0, ids)


def _texts(array, where):
    try:
        return array.astype(str).tolist()
    except ValueError as error:  # bytes that are no ASCII
        raise BadInput(where, f"{array.dtype} ({error})", "text") from error


def _ids(texts, path):
    """The ids as an array. One that is not printable is refused: numpy would, for instance, drop a zero at its end."""
    for row, text in enumerate(texts):
        if not text.isprintable():
            raise BadInput(f"{path}, id {row + 1}", repr(text), "printable text")
    return np.array(texts, dtype=str)


def _check_names(names, protocol, where):
    categorical = protocol.task == "categorical"
    allowed = [set(protocol.classes), {"class"}] if categorical else [set(DIMENSIONS)]
    if set(names) not in allowed:
        raise BadInput(where, ", ".join(names) or "no column beside the ids", _expected(protocol))


def _expected(protocol):
    if protocol.task == "categorical":
        return f"the classes of {protocol.name} ({', '.join(protocol.classes)}), or class"
    return "valence and arousal"


def _outputs(columns: Mapping, protocol: Protocol, meaning: str, places: _Places) -> tuple[np.ndarray, str]:
    if "class" in columns:
        numbers = {str(k): k for k in range(len(protocol.classes))} | {name: k for k, name in enumerate(protocol.classes)}
        for row, name in enumerate(columns["class"]):
            if name not in numbers:
                raise BadInput(f"{places(row)}, class", f"'{name}'", f"one of {', '.join(protocol.classes)}")
        return np.eye(len(protocol.classes))[[numbers[name] for name in columns["class"]]], "classes"
    names = protocol.classes if protocol.task == "categorical" else DIMENSIONS
    values = np.stack([np.asarray(columns[name], np.float64) for name in names], 1)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = (int(index[0]) for index in np.nonzero(bad))
        found = f"{values[row, column]}, one of {bad.any(1).sum()} such rows"
        raise BadInput(f"{places(row)}, {names[column]}", found, "a finite number")
    if protocol.task != "categorical":
        return values, "valence and arousal"
    with np.errstate(over="ignore"):  # logits near the largest number; infinite sums are not alike
        sums = values.sum(1)
    alike = values.max() <= 1 or np.ptp(sums) <= ONE_SCALE * sums.max()
    if meaning == "logits" or (meaning == "auto" and (values.min() < 0 or not alike)):
        return values, "logits"
    negative = values.min(1) < 0
    for wrong, found in ((negative, "a negative score"), (sums == 0, "scores that are all zero")):
        if wrong.any():
            raise BadInput(places(int(wrong.argmax())), found, "probabilities of the classes")
    return np.log(np.maximum(values / sums[:, None], FLOOR)), "probabilities"
