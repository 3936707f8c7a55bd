"""Attributes stay with their faces: the rows of attributes.csv are in the order of faces.csv."""

import csv
import hashlib
import json

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset, write_faceset
from benchmark.faces.meta import sealed


def test_rows_in_another_order_are_refused_even_with_their_digest(tmp_path):
    pictures = np.zeros((3, 4, 4, 1), np.uint8)
    given = {"id": ["a", "b", "c"], "split": ["train"] * 3, "attributes": {"age": ["1", "2", "3"]}}
    folder = write_faceset(tmp_path / "small", pictures, name="small", version="1.0", classes=(), **given).directory
    path = folder / "attributes.csv"
    header, first, second, third = csv.reader(path.read_text().splitlines())
    table = "".join(",".join(row) + "\n" for row in (header, second, first, third)).encode()
    path.write_bytes(table)
    meta = json.loads((folder / "meta.json").read_text())
    meta["attributes"]["sha256"] = hashlib.sha256(table).hexdigest()
    (folder / "meta.json").write_text(json.dumps(sealed(meta)))
    with pytest.raises(BadInput, match="attributes.csv: found other ids than faces.csv, or another order; expected"):
        open_faceset(folder)
