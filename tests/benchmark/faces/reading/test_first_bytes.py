"""The kind of a file against files that other programs and libraries wrote, not against a list of numbers."""

import bz2
import gzip
import io
import lzma
import shutil
import sqlite3
import subprocess
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from benchmark.faces.reading.first_bytes import BZIP2, EMPTY, GZIP, HEAD, TAR, TEXT, XZ, ZIP, kind

ROWS = b"emotion,pixels,Usage\n0,70 80 82,Training\n"


def archive(format=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        info = tarfile.TarInfo("fer2013/fer2013.csv")
        info.size = len(ROWS)
        tar.addfile(info, io.BytesIO(ROWS))
    return out.getvalue()


def oldest_tar():
    """A header without the field "ustar", as tar wrote it before POSIX; its checksum counts the eight bytes as blanks."""
    header = bytearray(archive(tarfile.USTAR_FORMAT)[:512])
    header[257:] = bytes(255)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + ROWS


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("fer2013.csv", ROWS)
    return out.getvalue()


def picture(format):
    out = io.BytesIO()
    Image.new("L", (48, 48)).save(out, format)
    return out.getvalue()


def array():
    out = io.BytesIO()
    np.save(out, np.zeros(3))
    return out.getvalue()


WRITTEN = {
    "csv": (ROWS, TEXT),
    "csv with a byte-order mark": (b"\xef\xbb\xbf" + ROWS, TEXT),
    "csv in Latin-1": ("Gef\u00fchl,Pixel\r\n".encode("latin-1"), TEXT),
    "empty": (b"", EMPTY),
    "gzip": (gzip.compress(ROWS), GZIP),
    "bzip2": (bz2.compress(ROWS), BZIP2),
    "xz": (lzma.compress(ROWS), XZ),
    "zip": (zipped(), ZIP),
    "PAX tar": (archive(), TAR),
    "ustar": (archive(tarfile.USTAR_FORMAT), TAR),
    "GNU tar": (archive(tarfile.GNU_FORMAT), TAR),
    "oldest tar": (oldest_tar(), TAR),
    "tar with a damaged header": (b"x" + archive()[1:], TAR),
    "PNG": (picture("PNG"), "a PNG picture"),
    "JPEG": (picture("JPEG"), "a JPEG picture"),
    "GIF": (picture("GIF"), "a GIF picture"),
    "PDF": (picture("PDF"), "a PDF file"),
    "npy": (array(), "a NumPy file (.npy)"),
    "UTF-16": (ROWS.decode().encode("utf-16"), "UTF-16 text"),
    "page": (b"\n <!DOCTYPE html>\n<html><body>Sign in", "an HTML page"),
    "page without a doctype": (b"<HTML>", "an HTML page"),
    "XML": (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "an XML file"),
    "JSON": (b'{"code":403,"message":"You must accept the rules"}', "a JSON file"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer in place of the file"),
    "RAR 5": (b"Rar!\x1a\x07\x01\x00" + bytes(20), "a RAR archive"),  # rarlab.com, "RAR 5.0 archive format"
    "7-Zip": (b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(20), "a 7-Zip archive"),  # 7zFormat.txt of the LZMA SDK
    ".xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(20), "an old Office file (such as .xls)"),  # [MS-CFB] 2.2
    "AppleDouble": (b"\x00\x05\x16\x07" + bytes(20), "an AppleDouble file (the '._' companion that macOS writes)"),
    "unknown": (b"\x01\x02\xff" * 20, "binary data of an unknown kind (first bytes 01 02 ff 01 02 ff 01 02)"),
    "a NUL within text": (b"emotion,\x00pixels\n", "binary data of an unknown kind (first bytes 65 6d 6f 74 69 6f 6e 2c)"),
}


@pytest.mark.parametrize("content, name", WRITTEN.values(), ids=WRITTEN)
def test_kinds(content, name):
    assert kind(content[:HEAD]) == name


def test_sqlite(tmp_path):
    with sqlite3.connect(tmp_path / "x") as file:
        file.execute("CREATE TABLE t (a)")
    assert kind((tmp_path / "x").read_bytes()[:HEAD]) == "an SQLite database"


@pytest.mark.parametrize("program, name", [("zstd", "a Zstandard file"), ("lz4", "an LZ4 file"), ("compress", None)])
def test_files_of_programs_that_may_be_here(program, name, tmp_path):
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")
    done = subprocess.run([program, "-c"], input=ROWS * 100, capture_output=True, check=True)
    assert kind(done.stdout[:HEAD]) == (name or "a file of compress (.Z)")


def test_what_is_shown_can_be_printed():
    rng = np.random.default_rng(0)
    for size in (1, 3, 300, 512):
        for _ in range(200):
            assert kind(rng.integers(0, 256, size).astype(np.uint8).tobytes()).isprintable()
