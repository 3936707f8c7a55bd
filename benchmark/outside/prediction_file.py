"""Reads files of predictions made by any framework. docs/reference/models.md describes both forms for users.

csv (UTF-8, commas, a header): the column ``id`` and, in any order, either one column of scores per class of the model; or
``class`` (the name of a class, or its number in the protocol's order); or ``valence`` and ``arousal``.

npz: ``ids`` (str (N,)) and either ``scores`` (numbers (N, D)) with ``classes`` (str (D,), the classes of the columns); or
``class`` (str or integers (N,)); or ``valence`` and ``arousal`` (numbers (N,)). Never read with pickle.

Names of classes are understood as `benchmark.outside.class_names` says, scores as `benchmark.outside.class_scores`.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.faces.expressions import plain
from benchmark.outside import class_scores
from benchmark.outside.class_names import Columns, class_of, is_word, understood
from benchmark.outside.suffixes import PREDICTIONS, suffix_of
from benchmark.protocol.protocol import Protocol
from benchmark.suggesting import one_of


@dataclass(frozen=True)
class PredictionFile:
    """The contents of a file of predictions.

    Attributes:
        ids: str (N,).
        outputs: float64 (N, K), in the form in which a record stores them: logits, log-probabilities, one-hot rows, or
            valence and arousal.
        given: what the file contains, one of `benchmark.records.outside_record.OUTPUTS`.
        sha256: of the file; None for arrays that are in no file.
        said: what was understood of it, a sentence each; empty where it is as in the protocol.
        columns, notes: of scores of classes; else None.
        declared: whether it was said what the scores are ("auto" was not).
    """

    ids: np.ndarray
    outputs: np.ndarray
    given: str
    sha256: str | None
    said: tuple[str, ...] = ()
    columns: Columns | None = None
    notes: class_scores.Notes | None = None
    declared: bool = False

    def warnings(self, rows: np.ndarray, targets: np.ndarray) -> list[str]:
        """The warnings of `benchmark.outside.class_scores.warnings`, for the test faces.

        Args:
            rows: int (N,), their positions in the file.
            targets: (N,), their classes.
        """
        if self.columns is None or self.notes is None:
            return []
        about = {"probabilities": self.given == "probabilities", "said": self.declared}
        return class_scores.warnings(self.columns, self.notes.of(rows), targets, **about)


def read_predictions(path: Path, protocol: Protocol, meaning: str = "auto") -> PredictionFile:
    """Read a .csv or .npz of predictions.

    Args:
        meaning: of scores: "probabilities" (each row is divided by its sum), "logits", or "auto". "auto" takes scores as
            probabilities if none is negative and, in addition, either all are at most 1 or the sums of all rows are equal
            within `ONE_SCALE` (`class_scores`); else as logits. Scores of which every row is one 1 beside 0 are classes.

    Raises:
        BadInput: no such file; neither of the two forms; columns that are not understood; a cell that is not a number; NaN
            or infinity; a class that is unknown or that the protocol has not; negative probabilities, a row of zeros, or
            one whose only score is for a class that the protocol has not. The message names row and id.
    """
    if not path.is_file():
        raise BadInput(path, "no such file", "a .csv or .npz of predictions")
    if suffix_of(path) not in PREDICTIONS:
        raise BadInput(path, f"suffix '{path.suffix}'", ".csv or .npz")
    data = path.read_bytes()
    read = (_from_csv if suffix_of(path) == ".csv" else _from_npz)(path, data)
    return _understood(*read, path, hashlib.sha256(data).hexdigest(), protocol, meaning)


def predictions_in(
    arrays: Mapping[str, np.ndarray], protocol: Protocol, meaning: str = "auto", where: object = "predictions"
) -> PredictionFile:
    """As `read_predictions`, for the arrays that an npz would have. `where` names them in errors; `sha256` is None."""
    return _understood(*_from_arrays(where, dict(arrays)), where, None, protocol, meaning)


def _understood(ids, values, places, names_at, where, sha256, protocol, meaning) -> PredictionFile:
    columns = _columns(list(values), protocol, names_at)
    if not len(ids):
        raise BadInput(where, "no row", "one for each test face")
    about = {"ids": ids, "sha256": sha256, "declared": meaning != "auto"}
    if columns is None:
        outputs, said = _of_labels([str(each).strip() for each in values["class"]], protocol, places)
        return PredictionFile(outputs=outputs, given="classes", said=said, **about)
    table = _table(values, columns, protocol, places)
    if not protocol.classes:
        held = table[:, columns.held]
        return PredictionFile(outputs=held, given="valence and arousal", said=columns.said, **about)
    outputs, given, notes = _of_scores(table, columns, meaning, places)
    said = columns.said
    if given == "classes" and meaning == "auto":
        said += ("the scores are one 1 beside 0 for each face: taken as classes",)
    return PredictionFile(outputs=outputs, given=given, said=said, columns=columns, notes=notes, **about)


class _Places:
    """Describes the place of a row in the file, for error messages."""

    def __init__(self, path: Path, word: str, first: int, ids: Sequence[str]):
        self.path, self.word, self.first, self.ids = path, word, first, ids

    def __call__(self, row: int) -> str:
        return f"{self.path}, {self.word} {row + self.first} ({self.ids[row]})"


def _from_csv(path, data):
    try:
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(path, f"what is no csv ({error})", "UTF-8 text, commas between the cells") from error
    header = ["id" if cell.strip().lower() == "id" else cell.strip() for cell in lines[0]] if lines else []
    rows = [(number, line) for number, line in enumerate(lines[1:], 2) if line]
    if "id" not in header:
        expected = "id, then a column for each class, or class, or valence and arousal"
        raise BadInput(f"{path}, header", ", ".join(header) or "nothing", expected)
    if len(set(header)) < len(header):
        raise BadInput(f"{path}, header", ", ".join(header), "each column once")
    for number, line in rows:
        if len(line) != len(header):
            raise BadInput(f"{path}, line {number}", f"{len(line)} cells", f"{len(header)}, as in the header")
    cells = (
        dict(zip(header, zip(*(line for _, line in rows), strict=True), strict=True)) if rows else dict.fromkeys(header, ())
    )
    ids = _ids([cell.strip() for cell in cells.pop("id")], path)
    return ids, cells, _Places(path, "data row", 1, ids), f"{path}, header"


def _numbers(values, name, places):
    found = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            found[row] = float(value)
        except ValueError:
            raise BadInput(f"{places(row)}, {name}", f"'{value}'", "a number") from None
    return found


def _from_npz(path, data):
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (ValueError, OSError, AttributeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise BadInput(
            path, f"what is no npz of plain arrays ({error})", "arrays of numbers and text, no objects"
        ) from error
    if odd := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:  # a member that is no .npy
        raise BadInput(f"{path}, {odd[0]}", "no array", "arrays of numbers and text")
    return _from_arrays(path, arrays)


def _from_arrays(path, arrays):
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
            raise BadInput(path, found, "the array classes, names for the columns of scores, and nothing else beside ids")
        if names.ndim != 1 or scores.shape != (len(ids), len(names)):
            raise BadInput(f"{path}, scores", f"shape {scores.shape}", f"({len(ids)}, {names.size}): ids x classes")
        names = _texts(names, f"{path}, classes")
        if len(set(names)) < len(names):
            raise BadInput(f"{path}, classes", ", ".join(names), "each class once")
        columns = dict(zip(names, scores.T, strict=True))
    else:
        columns = arrays
    for name, values in columns.items():
        kinds = "iuU" if name == "class" else "iuf"
        if values.shape != (len(ids),):
            raise BadInput(f"{path}, {name}", f"shape {values.shape}", f"one value for each of {len(ids)} ids")
        if values.dtype.kind not in kinds:
            shown = "text" if values.dtype.kind in "US" else str(values.dtype)
            raise BadInput(f"{path}, {name}", shown, "whole numbers or text" if name == "class" else "numbers")
    return ids, columns, _Places(path, "row", 0, ids), path


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


def _columns(names, protocol, where) -> Columns | None:
    """What the columns beside the ids stand for; None: the one column "class"."""
    if protocol.classes and "class" in names:
        if len(names) > 1:
            expected = f"scores of the classes of {protocol.name} ({', '.join(protocol.classes)}), or class alone"
            raise BadInput(where, ", ".join(names), expected)
        return None
    if not names:
        expected = f"the classes of {protocol.name} ({', '.join(protocol.classes)}), or class"
        raise BadInput(where, "no column beside the ids", expected if protocol.classes else "valence and arousal")
    return understood(names, protocol, where)


def _of_labels(words: Sequence[str], protocol: Protocol, places: _Places) -> tuple[np.ndarray, tuple[str, ...]]:
    """(one-hot rows, what was understood) of names or numbers of classes."""
    classes = protocol.classes
    known = {str(k): name for k, name in enumerate(classes)} | {name: name for name in classes}
    known |= {word: name for word in set(words) - set(known) if (name := class_of(word, protocol)) is not None}
    for row, word in enumerate(words):
        if word not in known and is_word(word, protocol):
            found = f"'{word}', which {protocol.name} has not, in {words.count(word)} of {len(words)} rows"
            remedy = "the model's best answer among these, or its scores, from which other classes are left out"
            raise BadInput(f"{places(row)}, class", found, f"one of {', '.join(classes)}: {remedy}")
        if word not in known:
            raise BadInput(f"{places(row)}, class", f"'{word}'", one_of(word, classes))
    numbers = [classes.index(known[word]) for word in words]
    others = [word for word in dict.fromkeys(words) if not word.isdecimal() and plain(word) != plain(known[word])]
    changed = [f"{word} as {known[word]}" for word in others]
    return np.eye(len(classes))[numbers], (f"classes understood: {', '.join(changed)}",) if changed else ()


def _table(values: Mapping, columns: Columns, protocol: Protocol, places: _Places) -> np.ndarray:
    """float64 (N, D) in the order of the file's columns. BadInput for what is not a finite number and is used."""
    found = []
    for name, own in values.items():
        found.append(own.astype(np.float64) if isinstance(own, np.ndarray) else _numbers(own, name, places))
    table = np.stack(found, 1)
    used = columns.alternatives if protocol.classes else columns.held
    bad = ~np.isfinite(table[:, used])
    if bad.any():
        row, column = (int(index[0]) for index in np.nonzero(bad))
        said = f"{table[row, used[column]]}, one of {bad.any(1).sum()} such rows"
        raise BadInput(f"{places(row)}, {columns.declared[used[column]]}", said, "a finite number")
    return table


def _of_scores(
    table: np.ndarray, columns: Columns, meaning: str, places: _Places
) -> tuple[np.ndarray, str, class_scores.Notes]:
    """(outputs, what they were given as, notes) of scores of classes."""
    scores = table[:, columns.alternatives]
    with np.errstate(over="ignore"):  # logits near the largest number; infinite sums are not alike
        sums = scores.sum(1)
    alike = scores.max() <= 1 or np.ptp(sums) <= class_scores.ONE_SCALE * sums.max()
    given = "probabilities" if meaning == "probabilities" else "logits"
    if meaning == "auto" and scores.min() >= 0 and alike:
        given = "probabilities"
    for wrong, found in ((scores.min(1) < 0, "a negative score"), (sums == 0, "scores that are all zero")):
        if given == "probabilities" and wrong.any():
            raise BadInput(places(int(wrong.argmax())), found, "probabilities of the classes")
    values = torch.from_numpy(table)
    notes = class_scores.noted(values, columns)
    outputs = class_scores.brought(values, columns, given == "probabilities" or bool(notes.labels.all()), places).numpy()
    if notes.labels.all():
        return class_scores.one_hot(outputs), "classes", notes
    return outputs, given, notes
