import bz2
import gzip
import hashlib
import io
import lzma
import stat
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading.archives import LARGEST_READ
from benchmark.faces.reading.csv_files import csv_names, open_csv

TEXT = b"a, b\n1,2\n3,4\n"
ROWS = [("line 1", [b"a", b"b"]), ("line 2", [b"1", b"2"]), ("line 3", [b"3", b"4"])]
NAMES = ("wanted.csv", "other.csv")
LIMIT = 100_000


def make_zip(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def regular(name, content=TEXT):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def make_tar(path, members, format=tarfile.PAX_FORMAT):
    with tarfile.open(path, "w:gz", format=format) as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def read(path, limit=LIMIT):
    with open_csv(path, NAMES, limit=limit) as source:
        return [(where.removeprefix(f"{source.where} "), cells) for where, cells in source], source


def refusal(path, limit=LIMIT):
    with pytest.raises(BadInput) as error:
        read(path, limit)
    text = str(error.value)
    assert text.startswith(str(path)) and "\n" not in text
    return text.removeprefix(str(path))


def test_plain_file_of_any_name(tmp_path):
    path = tmp_path / "x.data"
    path.write_bytes(TEXT)
    rows, source = read(path)
    assert rows == ROWS and source.member is None and source.md5 == hashlib.md5(TEXT).hexdigest()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip(method, tmp_path):
    members = [("deep/er/", b""), ("deep/er/wanted.csv", TEXT), ("__MACOSX/deep/er/._wanted.csv", b"x")]
    rows, source = read(make_zip(tmp_path / "a.zip", members, compression=method))
    assert rows == ROWS and source.md5 == hashlib.md5(TEXT).hexdigest()
    assert source.member == "deep/er/wanted.csv" and source.where == f"{tmp_path}/a.zip: deep/er/wanted.csv"


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar(format, tmp_path):
    folder = "d" * (60 if format == tarfile.USTAR_FORMAT else 300)  # the others need an extended header for it
    members = [special(folder, tarfile.DIRTYPE), regular(f"{folder}/a", b"." * 70_000), regular(f"{folder}/other.csv")]
    rows, source = read(make_tar(tmp_path / "a.tar.gz", members, format))
    assert rows == ROWS and source.member == f"{folder}/other.csv" and source.md5 == hashlib.md5(TEXT).hexdigest()


def test_the_bytes_tell_the_kind_not_the_name(tmp_path):
    assert read(make_tar(tmp_path / "a.zip", [regular("wanted.csv")]))[0] == ROWS


def test_none_and_two_candidates(tmp_path):
    expected = "exactly one wanted.csv or other.csv in the archive"
    assert refusal(make_zip(tmp_path / "a.zip", [])) == f": found 0 candidates; expected {expected}"
    assert refusal(make_zip(tmp_path / "b.zip", [("unwanted.csv", TEXT)])).startswith(": found 0 candidates;")
    assert refusal(make_tar(tmp_path / "c.tgz", [regular("wanted.csv.bak")])).startswith(": found 0 candidates;")
    two = ": found 2 candidates: d/other.csv, wanted.csv;"
    assert refusal(make_zip(tmp_path / "d.zip", [("wanted.csv", TEXT), ("d/other.csv", TEXT)])).startswith(two)
    assert refusal(make_tar(tmp_path / "e.tgz", [regular("wanted.csv"), regular("d/other.csv")])).startswith(two)
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = make_zip(tmp_path / "f.zip", [("wanted.csv", TEXT), ("wanted.csv", b"b\n")])
    assert refusal(twice).startswith(": found 2 candidates: wanted.csv, wanted.csv;")


OUTSIDE = ["../wanted.csv", "a/../../wanted.csv", "/wanted.csv", "..\\wanted.csv", "C:\\wanted.csv"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("beside", [False, True])
def test_names_that_leave_the_archive(name, beside, tmp_path):
    if beside:
        name = name.replace("wanted", "else")
    members = [name, "wanted.csv"] if beside else [name]
    text = f": found member {name!r}; expected names that stay inside the archive"
    assert refusal(make_zip(tmp_path / "a.zip", [(n, TEXT) for n in members])).startswith(text)
    assert refusal(make_tar(tmp_path / "a.tgz", [regular(n) for n in members])).startswith(text)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_tar(kind, tmp_path):
    path = make_tar(tmp_path / "a.tgz", [regular("x"), special("wanted.csv", kind, "x")])
    assert refusal(path) == ": wanted.csv: found a link, sparse or special file; expected a regular file"


def test_link_in_zip(tmp_path):
    info = zipfile.ZipInfo("wanted.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert ": wanted.csv: found a link;" in refusal(make_zip(tmp_path / "a.zip", [(info, b"/etc/passwd")]))


def test_encrypted_and_unknown_compression_in_zip(tmp_path):
    path = make_zip(tmp_path / "a.zip", [("wanted.csv", TEXT)])
    content = path.read_bytes()
    entry = content.index(b"PK\x01\x02")
    path.write_bytes(content[: entry + 8] + struct.pack("<H", 1) + content[entry + 10 :])
    assert ": found an encrypted member;" in refusal(path)
    path.write_bytes(content[: entry + 10] + struct.pack("<H", 99) + content[entry + 12 :])
    assert ": found compression method 99;" in refusal(path)


def test_zip_bombs(tmp_path):
    bomb = b"1,2\n" * 50_000
    path = make_zip(tmp_path / "a.zip", [("wanted.csv", bomb)], compression=zipfile.ZIP_DEFLATED)
    assert ": wanted.csv: found 200000 bytes unpacked; expected at most 100000" in refusal(path)
    assert len(read(path, limit=200_000)[0]) == 50_000
    # One that states a small size gives no more than that, and then its checksum is wrong.
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 200_000), struct.pack("<I", 4_000)))
    assert "damaged or truncated archive (Bad CRC-32" in refusal(path)


def test_tar_bombs(tmp_path):
    bomb = regular("wanted.csv", b"1,2\n" * 50_000)
    path = make_tar(tmp_path / "a.tgz", [bomb])
    assert ": found member wanted.csv of 200000 bytes" in refusal(path)
    assert len(read(path, limit=200_000)[0]) == 50_000
    path = make_tar(tmp_path / "b.tgz", [regular(f"x{k}", b"." * 30_000) for k in range(4)] + [regular("wanted.csv")])
    assert refusal(path) == ": found more than 100000 bytes unpacked; expected at most 100000"
    assert read(path, limit=130_000)[0] == ROWS


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("size", [LARGEST_READ + 1, 1 << 40, -512, -(1 << 40)])
def test_tar_headers_of_absurd_size(kind, size, tmp_path):
    info = tarfile.TarInfo("h")
    info.type, info.size = kind, size
    content = info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 20_000
    (tmp_path / "a.tgz").write_bytes(gzip.compress(content))
    text = refusal(tmp_path / "a.tgz", limit=1 << 50)
    assert "bytes; expected 0 to" in text or "damaged" in text


def test_negative_member_size(tmp_path):
    info = tarfile.TarInfo("x")
    info.size = -1024
    (tmp_path / "a.tgz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 20_000))
    refusal(tmp_path / "a.tgz")


def test_sparse_member(tmp_path):
    info = tarfile.TarInfo("wanted.csv")
    info.type = tarfile.GNUTYPE_SPARSE
    (tmp_path / "a.tgz").write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 20_000))
    assert "found a link, sparse or special file" in refusal(tmp_path / "a.tgz")


def noise(size):
    return np.random.default_rng(1).integers(48, 58, size).astype(np.uint8).tobytes() + b"\n"


@pytest.mark.parametrize("make", ["zip", "tar"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated(make, share, tmp_path):
    if make == "zip":
        path = make_zip(tmp_path / "a", [("wanted.csv", noise(50_000))], compression=zipfile.ZIP_DEFLATED)
    else:
        path = make_tar(tmp_path / "a", [regular("wanted.csv", noise(50_000))])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert refusal(path).startswith(": found a damaged or truncated archive (")


@pytest.mark.parametrize("make", ["zip", "tar"])
def test_damaged_bytes_never_end_in_another_error(make, tmp_path):
    if make == "zip":
        content = make_zip(tmp_path / "a", [("wanted.csv", noise(900))], compression=zipfile.ZIP_DEFLATED).read_bytes()
    else:
        content = make_tar(tmp_path / "a", [regular("wanted.csv", noise(900))]).read_bytes()
    rng = np.random.default_rng(2)
    for k in range(300):
        damaged = np.frombuffer(content, np.uint8).copy()
        damaged[rng.integers(4, len(damaged), 3)] = rng.integers(0, 256, 3)
        (tmp_path / "b").write_bytes(damaged)
        try:
            read(tmp_path / "b")
        except BadInput as error:
            assert "\n" not in str(error), k


FORMS = "a csv file, plain or in a .zip, .tar, .gz, .bz2, .xz or .tar.gz"
COMPRESS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def plain_tar(folder, members):
    with gzip.open(make_tar(folder / "t.tgz", members)) as unpacked:
        return unpacked.read()


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_a_csv_compressed_without_a_tar(compress, tmp_path):
    path = tmp_path / "fer2013.csv"  # the name says nothing
    path.write_bytes(compress(TEXT))
    rows, source = read(path)
    assert rows == ROWS and source.md5 == hashlib.md5(TEXT).hexdigest() and source.member is None
    assert source.where == f"{path} (unpacked)"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_a_tar_in_any_compression(compress, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(compress(plain_tar(tmp_path, [regular("x", b"." * 9_000), regular("d/wanted.csv")])))
    rows, source = read(path)
    assert rows == ROWS and source.member == "d/wanted.csv" and source.where == f"{path}: d/wanted.csv"


def test_an_uncompressed_tar_that_is_called_csv(tmp_path):
    """Windows programs unpack only the outer half of a .tar.gz. The second member has commas."""
    path = tmp_path / "wanted.csv"
    path.write_bytes(plain_tar(tmp_path, [regular("d/wanted.csv"), regular("d/README", b"a, note, with, commas\n")]))
    rows, source = read(path)
    assert rows == ROWS and source.member == "d/wanted.csv"
    path.write_bytes(plain_tar(tmp_path, [regular("d/README")]))
    assert refusal(path) == ": found 0 candidates; expected exactly one wanted.csv or other.csv in the archive"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_bombs_without_a_tar(compress, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(compress(b"1,2\n" * 50_000))
    assert refusal(path) == ": found more than 100000 bytes unpacked; expected at most 100000"
    assert len(read(path, limit=200_000)[0]) == 50_000
    path.write_bytes(compress(plain_tar(tmp_path, [regular(f"x{k}", b"." * 30_000) for k in range(4)])))
    assert refusal(path) == ": found more than 100000 bytes unpacked; expected at most 100000"


def test_an_xz_file_that_needs_too_much_memory(tmp_path):
    path = tmp_path / "a.xz"
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 29, "mode": lzma.MODE_FAST, "mf": lzma.MF_HC3}]
    compressor = lzma.LZMACompressor(filters=filters)
    path.write_bytes(compressor.compress(TEXT) + compressor.flush())
    assert refusal(path) == ": found an xz file whose dictionary is too large; expected at most 268435456 bytes"


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_truncated_without_a_tar(compress, share, tmp_path):
    path, content = tmp_path / "a", compress(noise(50_000).replace(b"5", b"\n5"))
    path.write_bytes(content[: int(len(content) * share)])
    assert refusal(path).startswith(": found a damaged or truncated archive (")


@pytest.mark.parametrize("compress", COMPRESS.values(), ids=COMPRESS)
def test_damaged_bytes_without_a_tar(compress, tmp_path):
    content = compress(noise(900))
    rng = np.random.default_rng(2)
    for k in range(200):
        damaged = np.frombuffer(content, np.uint8).copy()
        damaged[rng.integers(6, len(damaged), 3)] = rng.integers(0, 256, 3)
        (tmp_path / "b").write_bytes(damaged)
        try:
            read(tmp_path / "b")
        except BadInput as error:
            assert str(error).isprintable(), k


OTHER_KINDS = {
    "RAR": (b"Rar!\x1a\x07\x01\x00" + bytes(600), "a RAR archive"),
    "page": (b"<!DOCTYPE html><html>" + b"." * 100_000, "an HTML page"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Office file (such as .xls)"),
    "nothing known": (b"\x80\x02}q\x00" * 100, "binary data of an unknown kind (first bytes 80 02 7d 71 00 80 02 7d)"),
    "twice": (gzip.compress(gzip.compress(TEXT)), "a gzip file in a gzip file"),
    "xz in bzip2": (bz2.compress(lzma.compress(TEXT)), "an xz file in a bzip2 file"),
    "page in gzip": (gzip.compress(b"<html>"), "an HTML page in a gzip file"),
    "nothing in gzip": (gzip.compress(b""), "an empty file in a gzip file"),
}


@pytest.mark.parametrize("content, found", OTHER_KINDS.values(), ids=OTHER_KINDS)
def test_any_other_kind_is_named(content, found, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    assert refusal(tmp_path / "a.csv") == f": found {found}; expected {FORMS}"


def test_a_member_of_another_kind_is_named(tmp_path):
    path = make_zip(tmp_path / "a.zip", [("d/wanted.csv", gzip.compress(TEXT))])
    assert refusal(path) == f": d/wanted.csv: found a gzip file; expected {FORMS}"


def test_an_excel_file_is_named(tmp_path):
    path = make_zip(tmp_path / "wanted.csv", [("[Content_Types].xml", b""), ("xl/workbook.xml", b"")])
    assert refusal(path) == f": found an Excel file (.xlsx); expected {FORMS}; save the sheet as csv"


def test_folders_may_be_part_of_the_name(tmp_path):
    members = [("r/A/x.csv", TEXT), ("r/B/x.csv", b"b\n"), ("__MACOSX/r/A/x.csv", b"m"), ("r/ZA/x.csv", b"z")]
    with open_csv(make_zip(tmp_path / "a.zip", members), ["A/x.csv"], limit=LIMIT) as source:
        assert [cells for _, cells in source] == [cells for _, cells in ROWS] and source.member == "r/A/x.csv"


def test_which_names_an_archive_has(tmp_path):
    ends = ["B/x.csv", "A/x.csv", "C/x.csv"]
    members = ["r/A/x.csv", "r/B/x.csv", "r/ZC/x.csv", "__MACOSX/C/x.csv"]
    paths = [make_zip(tmp_path / "a.zip", [(name, TEXT) for name in members])]
    paths.append(make_tar(tmp_path / "a.tgz", [regular(name) for name in members]))
    paths.append(tmp_path / "a.tar")
    paths[2].write_bytes(plain_tar(tmp_path, [regular(name) for name in members]))
    for path in paths:
        assert csv_names(path, ends, limit=LIMIT) == ["B/x.csv", "A/x.csv"]
    for content in (TEXT, gzip.compress(TEXT), b"\x80"):
        (tmp_path / "b").write_bytes(content)
        assert csv_names(tmp_path / "b", ends, limit=LIMIT) is None


def test_no_file(tmp_path):
    assert refusal(tmp_path / "absent.csv") == f": found no file; expected {FORMS}"
    assert refusal(tmp_path).startswith(": found no file;")
    (tmp_path / "empty.csv").touch()
    assert refusal(tmp_path / "empty.csv").startswith(": found an empty file;")


def test_what_the_system_refuses_is_no_damage(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "a.zip", [("wanted.csv", TEXT)])

    def refuse(*_, **__):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(zipfile.ZipFile, "open", refuse)
    with pytest.raises(OSError, match="Input/output error"):
        read(path)
