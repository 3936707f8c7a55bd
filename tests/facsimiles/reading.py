"""Plain reading of what was written, for the tests of the facsimiles."""

import hashlib
from pathlib import Path


def digest(folder: Path) -> dict[str, str]:
    """{path: SHA-256} of every file."""
    files = [folder] if folder.is_file() else sorted(each for each in folder.rglob("*") if each.is_file())
    return {each.relative_to(folder).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest() for each in files}


def lines_of(file: Path) -> list[str]:
    """The lines of a file that ends with a line's end and has no carriage return."""
    text = file.read_bytes().decode()
    assert "\r" not in text
    assert text.endswith("\n")
    return text.split("\n")[:-1]
