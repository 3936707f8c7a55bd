"""A FaceSet that was altered after it was written: refused in one line when it is opened or when the picture is read."""

import dataclasses
import hashlib
import json
import shutil
import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset, write_faceset
from benchmark.faces.meta import sealed
from benchmark.faces.near_duplicates import blank, hashes

N, SHAPE = 24, (8, 8, 3)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A FaceSet; its pictures as an array."""
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (N, *SHAPE), dtype=np.uint8)
    faces = write_faceset(
        tmp_path_factory.mktemp("faces") / "small",
        images,
        name="small",
        version="1.0",
        classes=("a", "b"),
        id=[f"face {k}" for k in range(N)],
        split=["train"] * 12 + ["test"] * 12,
        expression=np.arange(N) % 2,
        valence=np.linspace(-1, 1, N),
        votes=rng.integers(0, 9, (N, 2)),
        vote_columns=("a", "b"),
        how={"options": {"size": 8}, "cross_tabulation": {"rows": ["a"], "columns": ["b"], "counts": [[3]], "other": "x"}},
    )
    return faces, images


@pytest.fixture
def copy(written, tmp_path):
    """A copy of the FaceSet's folder, to be damaged."""
    return shutil.copytree(written[0].directory, tmp_path / "small")


def save(folder, images) -> None:
    np.save(folder / "images.npy", images)


def use(folder):
    """What a user does: open it, and read all pictures."""
    return open_faceset(folder).pictures[:]


def in_one_line(folder, match: str | None = None) -> None:
    with pytest.raises(BadInput, match=match) as caught:
        use(folder)
    assert "\n" not in str(caught.value) and str(folder) in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(at=st.integers(0, 8 * (128 + N * 192) - 1))
def test_no_flipped_bit_of_the_pictures_is_read(written, tmp_path_factory, at):
    folder = shutil.copytree(written[0].directory, tmp_path_factory.mktemp("flipped") / "small")
    raw = bytearray((folder / "images.npy").read_bytes())
    assert len(raw) == 128 + N * 192
    raw[at // 8] ^= 1 << at % 8
    (folder / "images.npy").write_bytes(raw)
    row = (at // 8 - 128) // 192
    in_one_line(folder, rf"images.npy row {row} \(face {row}\): found other pixels" if row >= 0 else "images.npy")


def test_no_flipped_bit_of_the_header_is_read(copy):
    """Each one: numpy itself takes '<u1' for '|u1'."""
    true = (copy / "images.npy").read_bytes()
    for at in range(8 * 128):
        raw = bytearray(true)
        raw[at // 8] ^= 1 << at % 8
        (copy / "images.npy").write_bytes(raw)
        in_one_line(copy, r"images\.npy")


@pytest.mark.parametrize(
    "change",
    [
        lambda images: 255 - images,  # every picture inverted
        lambda images: images[::-1],  # another order
        lambda images: images[[1, 0, *range(2, N)]],  # two pictures swapped
        lambda images: images.transpose(0, 2, 1, 3),
        lambda images: images[:-1],
        lambda images: np.concatenate([images, images[:1]]),
    ],
    ids=["inverted", "reversed", "swapped", "transposed", "fewer", "more"],
)
def test_other_pictures_are_refused(written, copy, change):
    save(copy, np.ascontiguousarray(change(written[1])))
    in_one_line(copy, "images.npy")


def test_bytes_behind_the_pictures_are_refused(copy):
    with open(copy / "images.npy", "ab") as file:
        file.write(b"x")
    in_one_line(copy, "expected 4736 for shape")


def test_every_way_of_reading_verifies_and_names_the_row(written, copy):
    """Row 17 is wrong: whoever reads it is told, whoever reads others is not."""
    images = written[1].copy()
    images[17, 3, 3, 0] ^= 1
    save(copy, images)
    faces = open_faceset(copy)
    ways = [
        lambda p: p[17],
        lambda p: p[np.int64(17)],
        lambda p: p[10:20],
        lambda p: p[::-1],
        lambda p: p[np.array([3, 17, 3])],
        lambda p: p[np.array([17, 16, 15])],
        lambda p: p[np.arange(N) > 15],
        np.asarray,
        list,
        lambda p: hashes(p, rows=np.arange(N)),
        blank,
        lambda p: open_faceset(copy, verify=True),
        lambda p: dataclasses.replace(faces, split=faces.split[::-1]).pictures[17],  # as a fold does
    ]
    for way in ways:
        with pytest.raises(BadInput, match=r"images.npy row 17 \(face 17\): found other pixels"):
            way(faces.pictures)
    others = np.array([5, 23, 0, 5, 16, 18, 2])
    np.testing.assert_array_equal(faces.pictures[others], written[1][others])
    np.testing.assert_array_equal(faces.pictures[faces.split == "train"], written[1][:12])


def test_threads_read_and_verify_together(written):
    faces, images = written
    wrong = []

    def read(seed):
        rng = np.random.default_rng(seed)
        for _ in range(50):
            rows = rng.integers(0, N, 9)
            wrong.extend(rows[(faces.pictures[rows] != images[rows]).any(axis=(1, 2, 3))])

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def spots(value, at=()):
    """The place of every value in a JSON document but the whole."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*at, key)
        yield from spots(each, (*at, key))


def changed(meta, at, value):
    other = json.loads(json.dumps(meta))
    inside = other
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = value
    return other


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_altered_value_of_meta_json_is_believed(written, tmp_path_factory, data):
    meta = dict(written[0].meta)
    at = data.draw(st.sampled_from(list(spots(meta))))
    other = changed(meta, at, data.draw(JSON))
    folder = tmp_path_factory.getbasetemp() / "altered"
    if not folder.exists():
        shutil.copytree(written[0].directory, folder)
    (folder / "meta.json").write_text(json.dumps(other))
    if json.dumps(other) != json.dumps(meta):
        in_one_line(folder, r"meta\.json")
    # With a seal made for it, a value is either one that code can use, or refused in one line.
    (folder / "meta.json").write_text(json.dumps(sealed(other)))
    try:
        faces = open_faceset(folder)
    except BadInput as error:
        assert "\n" not in str(error)
    else:
        assert all(isinstance(each, str) for each in (*faces.classes, faces.meta["name"], faces.meta["version"]))
        assert isinstance(faces.meta["how"].get("options", {}), dict) and len(faces.pictures) == N


@pytest.mark.parametrize(
    "key, value, expected",
    [
        ("name", 3, "a text of one line"),
        ("version", "1\n2", "a text of one line"),
        ("classes", ["a", "a"], "a list of different names"),
        ("classes", "ab", "a list of different names"),
        ("vote_columns", None, "a list of different names"),
        ("shape", [N, 8, 8], "[faces, height, width, 1 or 3]"),
        ("shape", [N, 8.0, 8, 3], "[faces, height, width, 1 or 3]"),
        ("counts", {"train": 3}, "split -> class -> number of faces"),
        ("fingerprint", "ab", "a SHA-256"),
        ("attributes", {"columns": ["age"]}, "columns (different plain names other than id) and sha256"),
        ("attributes", {"columns": ["id"], "sha256": "0" * 64}, "columns (different plain names"),
        ("attributes", {"columns": ["../x"], "sha256": "0" * 64}, "columns (different plain names"),
        ("attributes", {"columns": [], "sha256": "0" * 64}, "columns (different plain names"),
        ("how", [], "an object"),
        ("how", {"options": []}, "how.options"),
        ("how", {"cross_tabulation": {"rows": ["a"], "columns": ["b"], "counts": [3], "other": "x"}}, "how.cross_tab"),
    ],
)
def test_each_value_has_its_type_whatever_the_seal(written, copy, key, value, expected):
    (copy / "meta.json").write_text(json.dumps(sealed({**written[0].meta, key: value})))
    with pytest.raises(BadInput) as caught:
        open_faceset(copy)
    assert expected in str(caught.value) and "\n" not in str(caught.value) and f"meta.json, {key}" in str(caught.value)


def test_an_unsealed_or_older_meta_json_says_prepare_again(written, copy):
    meta = dict(written[0].meta)
    rest = {key: value for key, value in meta.items() if key != "seal"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert meta["seal"] == hashlib.sha256(text.encode()).hexdigest()
    for other in (rest, meta | {"format": 1}, meta | {"format": 2.0}, rest | {"seal": None}, meta | {"more": 1}):
        (copy / "meta.json").write_text(json.dumps(other))
        in_one_line(copy, "meta.json: found .*prepare the data again")


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"[]",
        b"null",
        b"7",
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": 2, "x": "\\ud800"}',
        b'{"format": true}',
        b"{}",
    ],
)
def test_a_meta_json_that_is_none_is_one_line(copy, contents):
    (copy / "meta.json").write_bytes(contents)
    in_one_line(copy, r"meta\.json")


def forge(folder, table: bytes) -> None:
    """Replace faces.csv, and seal meta.json for it."""
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "faces.csv").write_bytes(table)
    meta["fingerprint"] = hashlib.sha256(table).hexdigest()
    (folder / "meta.json").write_text(json.dumps(sealed(meta)))


@pytest.mark.parametrize(
    "old, new, found",
    [
        (b"face 3,train,1", b"face 3,train,x", "invalid literal"),
        (b"face 3,train,1", b"face 3,train,2", "labels 0..2"),
        (b"face 3,train,1", b"face 3,train,99999999999999999999", "too large"),
        (b"face 3,train,1", b"face 2,train,1", "2 times"),
        (b"face 3,train,1", b"face 3,1", "zip"),
        (b"face 3,train,1,-", b"face 3,train,1,7", "a value in .-1, 1."),
        (b"face 3,train,1,", b"face 3,train,1,y", "could not convert"),
        (b"face 3,", b"face \xff,", "utf-8"),
        (b"id,split", b"split,id", "header"),
        (b"face 3,train", b'"face 3,train', "faces.csv"),
        (b"\nface 3", b"\n\nface 3", "zip"),
    ],
)
def test_a_faces_csv_that_can_not_be_read_is_one_line(copy, old, new, found):
    table = (copy / "faces.csv").read_bytes()
    assert table.count(old) == 1
    forge(copy, table.replace(old, new))
    in_one_line(copy, found)


def test_a_digest_of_another_length_is_refused(written, copy):
    digest = written[0].digest[3]
    for other in (digest + b"0", digest[:-1], b""):
        forge(copy, (written[0].directory / "faces.csv").read_bytes().replace(digest, other))
        in_one_line(copy, "64 digits")


def test_cuts_of_faces_csv_are_one_line(written, copy):
    table = (written[0].directory / "faces.csv").read_bytes()
    for first, last in pairwise(range(0, len(table), 37)):
        forge(copy, table[:first])
        in_one_line(copy)
        forge(copy, table[:first] + table[last:])
        in_one_line(copy)
