"""Lines of numbers: the fast way through a plain file and the slow one agree, and what is no number is named."""

import re

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading import label_lines

FORMS = ["0.5", "-0.25", "+1", ".5", "5.", "1e-3", "-5", "0", "1E2"]


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("delimiter, text", [(",", ","), (",", ", "), (None, " "), (None, "\t"), (None, "   ")])
def test_numbers_of_every_form(tmp_path, columns, delimiter, text):
    draw = np.random.default_rng(columns)
    fields = draw.choice(FORMS, (40, columns))
    lines = [text.join(row) for row in fields]
    found = label_lines.table(lines, columns, delimiter, tmp_path / "x.txt", 2)
    assert found.dtype == np.float64 and np.array_equal(found, fields.astype(float))
    slow = [label_lines.numbers_in(line, columns, delimiter, "x") for line in lines]
    assert np.array_equal(found, slow)


def test_no_lines(tmp_path):
    assert label_lines.table([], 2, ",", tmp_path / "x.txt", 2).shape == (0, 2)


@pytest.mark.parametrize(
    "line, found",
    [
        ("0.5", "1 field, '0.5'"),
        ("0.5,", "''"),
        ("0.5,0.5,", "3 fields, '0.5,0.5,'"),
        ("nan,0.5", "'nan'"),
        ("inf,0.5", "'inf'"),
        ("1_0,0.5", "'1_0'"),
        ("0x1,0.5", "'0x1'"),
        ("٣,0.5", "'٣'"),  # a digit, for Python's float
        ("", "1 field, ''"),
        (".,0.5", "'.'"),
        ("0.5;0.5", "1 field, '0.5;0.5'"),
        ("0.5,-", "'-'"),
    ],
)
@pytest.mark.parametrize("place", [0, 3, 5])
def test_what_is_no_number_is_named_with_its_line(tmp_path, line, found, place):
    lines = ["0.1,0.2"] * 6
    lines[place] = line
    path = tmp_path / "x.txt"
    message = f"{path} line {place + 2}: found {found}; expected 2 numbers parted by a comma"
    with pytest.raises(BadInput, match=f"^{re.escape(message)}$"):
        label_lines.table(lines, 2, ",", path, 2)
