"""A name of a class that can not be used: the message says where it is written, in the data or in folder.yaml."""

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader

NAME, LONG = "folder-mine", "x" * 101
COUNTS = "expected another name: this one counts the faces without a class"
TEXT = "expected one line of printable text, at most 100 characters"


@pytest.fixture
def root(tmp_path):
    for k in range(2):
        Image.fromarray(np.full((24, 24, 3), 90 + k, np.uint8)).save(tmp_path / f"{k}.png")
    return tmp_path


def refusal(root, *expressions, options=None):
    rows = [f"{k}.png,train,{expression}" for k, expression in enumerate(expressions)]
    (root / "list.csv").write_text("\n".join(["path,split,expression", *rows]) + "\n", encoding="utf-8")
    if options is not None:
        (root / "folder.yaml").write_text(options)
    with pytest.raises(BadInput) as error:
        reader(NAME).check(root)
    return str(error.value).replace(f"{root}/", "")


@pytest.mark.parametrize(
    "expressions, line",
    [
        (("happy", "none"), f"list.csv line 3: found a class 'none'; {COUNTS}"),
        (("none", "none"), f"list.csv line 2: found a class 'none'; {COUNTS}"),
        (("happy", LONG), f"list.csv line 3, class: found '{LONG}'; {TEXT}"),
        (("ha\u202eppy", "sad"), f"list.csv line 2, class: found 'ha\\u202eppy'; {TEXT}"),
    ],
)
def test_a_name_in_the_data_is_blamed_on_its_row(root, expressions, line):
    assert refusal(root, *expressions) == line
    assert refusal(root, *expressions, options="size: 24\n") == line


@pytest.mark.parametrize(
    "options, line",
    [
        ("classes: [happy, none]", f"folder.yaml, classes: found a class 'none'; {COUNTS}"),
        ("classes: {happy: none}", f"folder.yaml, classes: found a class 'none'; {COUNTS}"),
        ("classes: [happy, sad]", "list.csv line 3: found expression 'none'; expected one of happy, sad"),
    ],
)
def test_a_name_in_the_options_is_blamed_on_them(root, options, line):
    assert refusal(root, "happy", "none", options=options) == line


def test_none_can_be_read_under_another_name(root):
    options = "classes: {happy: happiness, none: no expression}"
    (root / "folder.yaml").write_text(options)
    (root / "list.csv").write_text("path,split,expression\n0.png,train,happy\n1.png,train,none\n")
    assert reader(NAME).check(root).counts == {"train": {"happiness": 1, "no expression": 1}}
