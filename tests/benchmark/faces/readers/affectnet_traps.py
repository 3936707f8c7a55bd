"""Things that are wrong with a copy of AffectNet, as functions of its folder; and whether each is refused in one line."""

import shutil

import affectnet_layouts as layouts
import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import reader as affectnet

CODES = "found expression '{}'; expected an integer 0..10"
LACKING = "1 of the 60 pictures are missing; expected at most 0.1 % of the listed pictures missing"


def changed(path, old, new, times=1):
    """A trap: `old`, which must be there, becomes `new` in the file, the first `times` times."""

    def trap(top):
        text = (top / path).read_text()
        assert old in text
        (top / path).write_text(text.replace(old, new, times))

    return trap


def removed(path):
    return lambda top: shutil.rmtree(top / path) if (top / path).is_dir() else (top / path).unlink()


def written(path, contents=b""):
    def trap(top):
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(contents)

    return trap


def npy(folder, faces):
    return layouts.write_npy(folder, faces, text=True)


def array(path, contents):
    return lambda top: np.save(top / path, contents, allow_pickle=True)


def is_refused(top, line):
    """`check` of the folder is refused with exactly this line, in which "{top}" is the folder, and "..." words of numpy."""
    with pytest.raises(BadInput) as error:
        affectnet.check(top)
    start, _, end = line.replace("{top}", str(top)).partition("...")
    said = str(error.value)
    assert said.startswith(start) and said.endswith(end) and (not end or len(said) > len(start) + len(end))
    assert end or said == start
