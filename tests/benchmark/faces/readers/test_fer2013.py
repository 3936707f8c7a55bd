import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.data_sets import names, reader
from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers import fer2013
from benchmark.faces.reading import fer2013_csv
from benchmark.faces.reading.raw import raw_file


def write(path, text):
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def assert_read(path, small):
    pictures = fer2013_csv.read(path)
    np.testing.assert_array_equal(pictures.images, small.images)
    assert pictures.expression.tolist() == small.emotion
    assert pictures.split.tolist() == small.usage
    return pictures


def test_official_form(small_fer2013, tmp_path):
    path = small_fer2013.write(tmp_path / "fer2013.csv")
    source = assert_read(path, small_fer2013).source
    assert source["csv_md5"] == hashlib.md5(path.read_bytes()).hexdigest()
    assert source["bytes"] == "other bytes than the official files"


def test_known_bytes_are_named_official(small_fer2013, tmp_path, monkeypatch):
    path = small_fer2013.write(tmp_path / "renamed.csv")
    monkeypatch.setitem(fer2013_csv.OFFICIAL_MD5, hashlib.md5(path.read_bytes()).hexdigest(), "fer2013.csv")
    assert fer2013_csv.read(path).source["bytes"] == "official file fer2013.csv"


def test_icml_form_has_another_column_order_and_spaces(small_fer2013, tmp_path):
    lines = ["emotion, Usage, pixels"] + [f"{e},{u},{p}" for e, p, u in small_fer2013.rows()]
    assert_read(write(tmp_path / "icml_face_data.csv", "\n".join(lines)), small_fer2013)


def test_byte_order_mark_crlf_quotes_and_blank_end(small_fer2013, tmp_path):
    lines = ["emotion,pixels,Usage"] + [f'{e},"{p}",{u}' for e, p, u in small_fer2013.rows()]
    text = b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n\r\n\n"
    path = write(tmp_path / "saved by a spreadsheet.csv", text)
    assert assert_read(path, small_fer2013).source["csv_md5"] == hashlib.md5(text).hexdigest()


def test_archives(small_fer2013, tmp_path):
    text = small_fer2013.text().encode()
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", "emotion,pixels\n")
        archive.writestr("icml_face_data.csv", text)
    with tarfile.open(tmp_path / "b.tgz", "w:gz") as archive:
        for name, content in (("fer2013/README", b"x"), ("fer2013/fer2013.csv", text)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    for file, member in (("a.zip", "icml_face_data.csv"), ("b.tgz", "fer2013/fer2013.csv")):
        source = assert_read(tmp_path / file, small_fer2013).source
        assert (source["file"], source["member"]) == (file, member)
        assert source["csv_md5"] == hashlib.md5(text).hexdigest()


@pytest.mark.parametrize("form", ["tar", "gz", "bz2", "xz", "tar.xz"])
def test_forms_that_are_told_by_their_first_bytes(form, small_fer2013, tmp_path):
    """All are called fer2013.csv, as programs that unpack one half of a .tar.gz or keep a name leave them."""
    content = text = small_fer2013.text().encode()
    if "tar" in form:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, data in (("fer2013/fer2013.csv", text), ("fer2013/README", b"a, note, with, commas\n")):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        content = out.getvalue()
    compress = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "tar": bytes}[form.rsplit(".")[-1]]
    source = assert_read(write(tmp_path / "fer2013.csv", compress(content)), small_fer2013).source
    assert source["csv_md5"] == hashlib.md5(text).hexdigest()


def test_survey(small_fer2013, tmp_path):
    small_fer2013.images[9] = small_fer2013.images[0]
    found = fer2013.check(small_fer2013.write(tmp_path / "fer2013.csv"))
    assert found.edition == "other bytes than the official files" and found.counts == found.known
    assert found.counts["PublicTest"] == {name: 2 * (name == "happy") for name in fer2013.CLASSES}
    assert found.notes == [
        "1 of the pictures are black, the first in line 5; they are kept, with the flag black",
        "1 of the pictures are exact copies of earlier ones; they are kept, and the audit counts them",
    ]


def test_prepare(small_fer2013, tmp_path):
    small_fer2013.write(tmp_path / "raw" / "fer2013" / "fer2013.csv")
    written = fer2013.prepare(tmp_path / "prepared" / "fer2013", raw=tmp_path / "raw")
    faces = open_faceset(written.directory, verify=True)
    np.testing.assert_array_equal(faces.pictures, small_fer2013.images[..., None])
    assert faces.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert faces.id[[0, 10]].tolist() == ["fer2013-00000", "fer2013-00010"]
    assert faces.expression.tolist() == small_fer2013.emotion
    assert faces.flag.tolist() == ["", "", "", "black"] + [""] * 7
    assert set(faces.group) == {""} and np.isnan(faces.valence).all() and faces.votes is None
    assert faces.sha256[4] == hashlib.sha256(small_fer2013.images[4].tobytes()).hexdigest()
    assert faces.meta["counts"]["PublicTest"]["happy"] == 2


def change(row, column, value):
    def edit(rows):
        rows[row][column] = value

    return edit


def pixels(count, value="9", at=0):
    return " ".join(["1"] * at + [value] + ["1"] * (count - at - 1))


def swap(rows):
    rows[6], rows[7] = rows[7], rows[6]


BAD_ROWS = {
    "missing inside": (lambda rows: rows.pop(2), "line 8: found Usage 'PublicTest'; expected 'Training' in data row 7"),
    "missing at the end": (lambda rows: rows.pop(), ": found 10 data rows; expected 11"),
    "surplus": (lambda rows: rows.append(rows[-1]), "line 13: found a further row; expected the end after 11 rows"),
    "order": (swap, "line 8: found Usage 'PublicTest'; expected 'Training' in data row 7"),
    "usage": (change(10, 2, "Testing"), "line 12: found Usage 'Testing'; expected 'PrivateTest' in data row 11"),
    "label 7": (change(1, 0, "7"), "line 3: found emotion '7'; expected an integer 0..6"),
    "label float": (change(1, 0, "2.0"), "line 3: found emotion '2.0'; expected an integer 0..6"),
    "label changed": (change(1, 0, "0"), ": found 2 rows of Training with emotion 0 (angry); expected 1"),
    "2303": (change(0, 1, pixels(2303)), "line 2: found 2303 pixels; expected 2304"),
    "2305": (change(0, 1, pixels(2305)), "line 2: found 2305 pixels; expected 2304"),
    "256": (change(5, 1, pixels(2304, "256", 2303)), "line 7: found pixel '256'; expected an integer 0..255"),
    "negative": (change(5, 1, pixels(2304, "-1")), "line 7: found pixel '-1'; expected an integer 0..255"),
    "not an integer": (change(5, 1, pixels(2304, "1e2", 7)), "line 7: found pixel '1e2'; expected an integer 0..255"),
    "no pixels": (change(5, 1, ""), "line 7: found 0 pixels; expected 2304"),
    "fields": (lambda rows: rows[3].append("x"), "line 5: found 4 fields; expected 3"),
}


@pytest.mark.parametrize("edit, message", BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows_are_refused_in_one_line(edit, message, small_fer2013, tmp_path):
    rows = small_fer2013.rows()
    edit(rows)
    (tmp_path / "raw" / "fer2013").mkdir(parents=True)
    path = write(
        tmp_path / "raw" / "fer2013" / "fer2013.csv",
        "emotion,pixels,Usage\n" + "".join(",".join(row) + "\n" for row in rows),
    )
    with pytest.raises(BadInput) as error:
        fer2013.check(path)
    assert str(error.value).startswith(str(path)) and message in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(BadInput):
        fer2013.prepare(tmp_path / "prepared", raw=tmp_path / "raw")
    assert not (tmp_path / "prepared").exists()


@pytest.mark.parametrize("character", " 059\t:")
def test_a_character_more_or_less_anywhere_is_read_as_its_text_says(character):
    for seed in range(15):
        rng = np.random.default_rng(seed)
        cell = " ".join(map(str, rng.integers(0, 10 ** rng.integers(1, 4, 2304)) % 256))
        at = [0, 1, 2, len(cell), int(rng.integers(len(cell)))][seed % 5]
        cell = cell[:at] + character * (seed % 3 > 0) + cell[at + (seed % 3 > 1) :]
        numbers = cell.split()
        if len(numbers) == 2304 and all(word.isdecimal() and str(int(word)) == word and int(word) < 256 for word in numbers):
            assert fer2013_csv._picture("line", cell.encode()).ravel().tolist() == [*map(int, numbers)]
        else:
            with pytest.raises(BadInput, match="^line: found"):
                fer2013_csv._picture("line", cell.encode())


BAD_FILES = {
    "empty": (b"", "an empty file"),
    "only line ends": (b"\n\n", "line 1: found header ''"),
    "train.csv of the challenge": (b"emotion,pixels\n0,1 2 3\n", "line 1: found header 'emotion,pixels'"),
    "no header": (b"0,1 2 3,Training\n", "line 1: found header"),
    "utf-16": ("emotion,pixels,Usage\n".encode("utf-16"), "found UTF-16 text; expected a csv file"),
    "one endless line": (b"emotion" * 20_000, "line 1: found more than 65536 bytes"),
    "binary": (bytes(range(256)) * 4, "found binary data of an unknown kind (first bytes 00 01"),
    "page": (b"<!DOCTYPE html>\n<html>", "found an HTML page; expected a csv file"),
    "RAR": (b"Rar!\x1a\x07\x01\x00\n" + bytes(99), "found a RAR archive; expected a csv file"),
}


@pytest.mark.parametrize("content, message", BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files_are_refused(content, message, small_fer2013, tmp_path):
    with pytest.raises(BadInput) as error:
        fer2013.check(write(tmp_path / "fer2013.csv", content))
    assert message in str(error.value) and "\n" not in str(error.value)


def test_blank_line_between_rows(small_fer2013, tmp_path):
    lines = small_fer2013.text().splitlines()
    lines.insert(4, " ")
    with pytest.raises(BadInput, match="line 5: found a blank line"):
        fer2013.check(write(tmp_path / "fer2013.csv", "\n".join(lines)))


def test_registry_and_raw_folder(tmp_path):
    assert "fer2013" in names() and reader("fer2013") is fer2013
    with pytest.raises(BadInput, match="found 'fer2014'; expected one of .*fer2013"):
        reader("fer2014")
    with pytest.raises(BadInput, match="found no file; expected exactly one file.*ferbench data add fer2013"):
        raw_file(tmp_path, "fer2013")
    for name in (".gitignore", "a.csv", "b.csv"):
        (tmp_path / "fer2013").mkdir(exist_ok=True)
        write(tmp_path / "fer2013" / name, "")
    with pytest.raises(BadInput, match="found a.csv, b.csv;"):
        raw_file(tmp_path, "fer2013")


BLACK = [6458, 7629, 10423, 11286, 13148, 13402, 13988, 15894, 22198, 22927, 28601, 30002]


def test_real_labels_and_splits(fer2013_faces, official_csv):
    import pandas

    table = pandas.read_csv(official_csv, usecols=["emotion", "Usage"])
    assert fer2013_faces.expression.tolist() == table["emotion"].tolist()
    assert fer2013_faces.split.tolist() == table["Usage"].tolist()
    counts = table.groupby("Usage")["emotion"].value_counts()
    for usage, by_class in fer2013_faces.meta["counts"].items():
        assert list(by_class.values()) == [counts[usage, label] for label in range(7)]
    assert fer2013_faces.pictures.shape == (35887, 48, 48, 1)


def test_real_pixels(fer2013_faces, official_csv):
    assert fer2013_faces.pictures[0][0, :8, 0].tolist() == [70, 80, 82, 72, 58, 58, 60, 63]
    with open(official_csv) as lines:
        next(lines)
        for row, line in enumerate(lines):
            if row % 311 == 0 or row == 35886:
                expected = np.array(line.split(",")[1].split(), dtype=int).reshape(48, 48, 1)
                np.testing.assert_array_equal(fer2013_faces.pictures[row], expected)
    assert len(set(fer2013_faces.sha256)) == 34034  # distinct pictures in the pack that the csv was expanded from


def test_real_fingerprint(fer2013_faces):
    assert fer2013_faces.fingerprint == "6871d29689d002c5ac5df398b2e3c7cec17dab61980195f1e8c0cca5a7475bef"


def test_real_black_rows(fer2013_faces):
    assert np.flatnonzero(fer2013_faces.flag == "black").tolist() == BLACK
    assert set(fer2013_faces.flag) == {"", "black"}
