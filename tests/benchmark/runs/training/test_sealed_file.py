"""Sealed files: read back as written; every other byte, length, kind and version is refused in one line."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import BadInput
from benchmark.sealed_file import read_sealed, sealing

CONTENTS = bytes(range(256)) * 5


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    path = tmp_path_factory.mktemp("sealed") / "a"
    with sealing(path, "letter") as stream:
        for start in range(0, len(CONTENTS), 100):
            stream.write(CONTENTS[start : start + 100])
    return path


def test_the_layout_is_a_line_and_the_contents(sealed):
    line, _, rest = sealed.read_bytes().partition(b"\n")
    digest = hashlib.sha256(CONTENTS).hexdigest()
    assert line.decode() == f"ferbench sealed file 1, letter, {len(CONTENTS):20d} bytes, SHA-256 {digest}"
    assert rest == CONTENTS and read_sealed(sealed, "letter", "delete it") == CONTENTS


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_flipped_bit_and_no_other_length_is_read(sealed, tmp_path_factory, data):
    raw = sealed.read_bytes()
    at = data.draw(st.integers(0, 8 * len(raw) - 1))
    flipped = bytearray(raw)
    flipped[at // 8] ^= 1 << at % 8
    shorter, longer = raw[: data.draw(st.integers(0, len(raw) - 1))], raw + data.draw(st.binary(min_size=1, max_size=9))
    path = tmp_path_factory.mktemp("damaged") / "a"
    for damaged in (bytes(flipped), shorter, longer):
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match=r"^[^\n]*; delete it$"):
            read_sealed(path, "letter", "delete it")


def test_another_kind_is_refused_and_an_error_leaves_the_old_file(sealed, tmp_path):
    with pytest.raises(BadInput, match="no bill of this version"):
        read_sealed(sealed, "bill", "delete it")
    with sealing(tmp_path / "a", "letter") as stream:
        stream.write(b"old")
    with pytest.raises(KeyError), sealing(tmp_path / "a", "letter") as stream:
        stream.write(b"new")
        raise KeyError
    assert read_sealed(tmp_path / "a", "letter", "") == b"old" and [each.name for each in tmp_path.iterdir()] == ["a"]
