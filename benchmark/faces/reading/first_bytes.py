"""What kind of file something is, by its first bytes and never by its name.

Sources of the numbers: the formats' own specifications, collected in the "magic" files of file(1).
"""

import re
import tarfile

HEAD = tarfile.BLOCKSIZE  # bytes that `kind` needs: the header of a tar archive
SHOWN = 8  # first bytes that are shown of a file of no known kind

ZIP, GZIP, BZIP2, XZ, TAR = "a zip archive", "a gzip file", "a bzip2 file", "an xz file", "a tar archive"
TEXT = "text"
EMPTY = "an empty file"

_STARTS = {
    b"PK\x03\x04": ZIP,
    b"PK\x05\x06": ZIP,  # with no member
    b"\x1f\x8b": GZIP,
    b"BZh": BZIP2,
    b"\xfd7zXZ\x00": XZ,
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\x04\x22\x4d\x18": "an LZ4 file",
    b"\x1f\x9d": "a file of compress (.Z)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file (such as .xls)",
    b"%PDF": "a PDF file",
    b"\x89PNG\r\n\x1a\n": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"\x93NUMPY": "a NumPy file (.npy)",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\x00": "an SQLite database",
    b"\x00\x05\x16\x07": "an AppleDouble file (the '._' companion that macOS writes)",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"version https://git-lfs": "a Git LFS pointer in place of the file",
}
_MARKUP = re.compile(rb"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")  # control characters that no text of a data set has


def kind(head: bytes) -> str:
    """The kind of a file in words with an article, from its first `HEAD` bytes (fewer if it is shorter).

    Returns:
        One of the constants of this module for what the readers take; for anything else a description. `TEXT` is what
        contains no control characters, in whatever encoding.
    """
    if not head:
        return EMPTY
    for start, name in _STARTS.items():
        if head.startswith(start):
            return name
    if _is_tar(head):
        return TAR
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        return "an HTML page"
    if text.lstrip().startswith((b"<?xml", b"<svg")):
        return "an XML file"
    if text.lstrip().startswith(b"{"):
        return "a JSON file"
    if _BINARY.search(text):
        return f"binary data of an unknown kind (first bytes {head[:SHOWN].hex(' ')})"
    return TEXT


def _is_tar(head: bytes) -> bool:
    """By "ustar" at 257; the oldest archives do not have it, so by the header's checksum too."""
    if head[257:262] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
