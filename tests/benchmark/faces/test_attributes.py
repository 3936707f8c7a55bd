"""Attributes of a FaceSet: written beside the labels, read back equal, no part of the fingerprint, refused when altered."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset, write_faceset
from benchmark.faces.meta import sealed

N = 6
GIVEN = {
    "age": ["31", "", "7", "64", "20", "31"],
    "gender": ["woman", "man", "", 'a "quoted", one', "man", " "],
}


def write(directory, **changes):
    columns = {
        "name": "small",
        "version": "1.0",
        "classes": ("a", "b"),
        "id": [f"face, {k}" for k in range(N)],
        "split": ["train"] * 4 + ["test"] * 2,
        "expression": [0, 1, 1, -1, 0, 1],
        "valence": [0.1, -1, 1, 0.25, np.nan, 0.3333333],
        "votes": np.arange(2 * N).reshape(N, 2),
        "vote_columns": ("a", "b"),
        "flag": ["", "black", "", "", "", ""],
        "how": {"options": {"size": 4}},
    }
    pictures = np.arange(N * 20, dtype=np.uint8).reshape(N, 4, 5, 1)
    return write_faceset(directory, pictures, **(columns | changes))


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("attributes", [None, {}])
def test_a_faceset_without_them_has_the_bytes_it_had_before_there_were_any(tmp_path, attributes):
    """The digests were computed with the code before attributes existed."""
    faces = write(tmp_path / "small", attributes=attributes)
    assert faces.attributes == {}
    assert digests(tmp_path / "small") == {
        "faces.csv": "b3912e43bb30ece9d4a3e1aaf775254fb3f527b748510e54d75a37d8667b8b9c",
        "images.npy": "5f5f0576f5b53342ec8f4f28ba9c113d78873adbf37080675faa36429f3c0328",
        "meta.json": "ffe2a02716e38091709caa8c7a11cfa920c2756abfa6655743537d8c7c5dee0d",
    }


def test_round_trip_against_pandas(tmp_path):
    plain = write(tmp_path / "plain")
    faces = write(tmp_path / "small", attributes=GIVEN)
    again = open_faceset(tmp_path / "small")
    for each in (faces, again):
        assert {name: values.tolist() for name, values in each.attributes.items()} == GIVEN
        assert list(each.attributes) == ["age", "gender"] and each.fingerprint == plain.fingerprint
    table = pd.read_csv(tmp_path / "small" / "attributes.csv", dtype=str, keep_default_na=False)
    assert table.to_dict("list") == {"id": again.id.tolist(), **GIVEN}
    own, other = (digests(tmp_path / name) for name in ("small", "plain"))
    assert {name for name in own if own[name] != other.get(name)} == {"attributes.csv", "meta.json"}
    assert again.meta["attributes"] == {"columns": ["age", "gender"], "sha256": own["attributes.csv"]}


@pytest.mark.parametrize(
    "attributes, message",
    [
        ({"id": ["x"] * N}, "attribute: found name 'id'"),
        ({"a/b": ["x"] * N}, "attribute: found name 'a/b'"),
        ({"": ["x"] * N}, "attribute: found name ''"),
        ({"age": ["x"] * (N - 1)}, r"attribute age: found shape \(5,\); expected \(6,\)"),
        ({"age": ["1", "2\n3", *"4567"]}, r"attribute age: found '2\\n3'; expected printable characters"),
    ],
)
def test_bad_attributes_write_nothing(tmp_path, attributes, message):
    with pytest.raises(BadInput, match=message):
        write(tmp_path / "small", attributes=attributes)
    assert list(tmp_path.iterdir()) == []


def refused(folder, match):
    with pytest.raises(BadInput, match=match) as caught:
        open_faceset(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


def test_altered_missing_and_added_files_are_refused_in_one_line(tmp_path):
    path = write(tmp_path / "small", attributes=GIVEN).directory / "attributes.csv"
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        refused(path.parent, "attributes.csv: found SHA-256 .*expected .*as in meta.json; prepare the data again")
    path.unlink()
    refused(path.parent, "found no attributes.csv; expected the file that meta.json names")
    plain = write(tmp_path / "plain").directory
    (plain / "attributes.csv").write_bytes(whole)
    refused(plain, "attributes.csv: found a file that meta.json does not name; expected none")


@pytest.mark.parametrize(
    "old, new, found",
    [
        (b"id,age", b"id,Age", "header: found id,Age,gender; expected id,age,gender"),
        (b"id,age", b"id,id", "header: found id,id,gender; expected"),
        (b'"face, 1",', b'"face, 2",', "other ids than faces.csv"),
        (b'"face, 1",', b'"face, 1",,', "zip"),
        (b",7,", b",\xff,", "utf-8"),
        (b",7,", b",\x07,", "found '.x07'; expected printable"),
        (b'"face, 5",31, \n', b"", "other ids than faces.csv"),
        (b"", b"", "not enough values"),
    ],
)
def test_a_table_of_another_form_is_refused_even_with_its_digest(tmp_path, old, new, found):
    folder = write(tmp_path / "small", attributes=GIVEN).directory
    table = (folder / "attributes.csv").read_bytes()
    assert not old or table.count(old) == 1
    table = table.replace(old, new) if old else b""  # the last case: an empty file
    meta = json.loads((folder / "meta.json").read_text())
    meta["attributes"]["sha256"] = hashlib.sha256(table).hexdigest()
    (folder / "attributes.csv").write_bytes(table)
    (folder / "meta.json").write_text(json.dumps(sealed(meta)))
    refused(folder, found)
