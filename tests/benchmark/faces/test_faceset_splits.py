"""A split that a FaceSet has not: the message has the names of those that it has, as they are written."""

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset


def test_an_unknown_split(tmp_path):
    pictures = np.zeros((3, 4, 4, 1), np.uint8)
    given = {"id": ["a", "b", "c"], "split": ["train", "test", "train"]}
    faces = write_faceset(tmp_path / "small", pictures, name="small", version="1.0", classes=(), **given)
    with pytest.raises(BadInput) as error:
        faces.rows("validation")
    assert str(error.value) == f"{tmp_path}/small/faces.csv: found no row of split 'validation'; expected one of test, train"
