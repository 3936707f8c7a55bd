"""Text files with numbers on each line, as the labels of video frames are released."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput

# Possessive: a number matches in one way or not at all, so a file of many lines is checked in one pass.
_NUMBER = r"[+-]?+(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?+\d++)?+"
NUMBER = re.compile(_NUMBER, re.ASCII)
DELIMITERS = {",": "a comma", "\t": "a tab", ";": "a semicolon", " ": "a space"}


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, without line ends. A byte-order mark and empty lines at the end are removed.

    Raises:
        BadInput: an empty file, or one that is not UTF-8 text.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(path, f"byte {error.object[error.start]:#04x} at {error.start}", "UTF-8 text") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise BadInput(path, "an empty file", "one line per frame")
    return lines


def numbers_in(line: str, columns: int, delimiter: str | None, where: str) -> list[float]:
    """The numbers in one line.

    Args:
        columns: how many numbers there must be.
        delimiter: None: spaces or tabs.
        where: file and line, for error messages.

    Raises:
        BadInput: a wrong number of fields, or a field that is not a finite decimal number (nan is refused too).
    """
    fields = [field.strip() for field in line.split(delimiter)]
    expected = f"{columns} number{'s' * (columns > 1)}"
    if columns > 1:
        expected += f" parted by {DELIMITERS[delimiter or ' ']}"
    if len(fields) != columns:
        raise BadInput(where, f"{len(fields)} field{'s' * (len(fields) != 1)}, {line[:60]!r}", expected)
    for field in fields:
        if not NUMBER.fullmatch(field):
            raise BadInput(where, f"{field[:60]!r}", expected)
    return [float(field) for field in fields]


def table(lines: Sequence[str], columns: int, delimiter: str | None, path: Path, first: int) -> NDArray[np.float64]:
    """The numbers in all lines, float64 (F, columns). The arguments and errors are those of `numbers_in`; `first` is the
    number of the first line in the file `path`."""
    row = _NUMBER + rf"{re.escape(delimiter or ' ')}{_NUMBER}" * (columns - 1)
    text = "\n".join(lines)
    if re.fullmatch(rf"{row}(?:\n{row})*", text, re.ASCII):
        flat = text.replace(delimiter or " ", "\n").split("\n")  # the plain form, in a sixth of the time
        return np.array([float(field) for field in flat]).reshape(-1, columns)
    rows = [numbers_in(line, columns, delimiter, f"{path} line {k}") for k, line in enumerate(lines, first)]
    return np.array(rows, dtype=np.float64).reshape(-1, columns)
