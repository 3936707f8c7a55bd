"""The seal of a record: a file beside record.json with the SHA-256 of the files that are its result.

``seal.json`` is {"schema": 1, "files": {name: SHA-256 of its bytes}} for record.json and every weights file. The predictions
need no entry: record.json contains the digest of their arrays, which does not depend on how they are compressed. Machine
and timings (``machine.json``) are not part of the result and carry a digest of their own. So two records with equal seals
are equal results, bit for bit, weights included.

A seal shows that a record is as it was written. It does not show who wrote it (docs/trust.md).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_object, write_json

FILE, RECORD, SCHEMA = "seal.json", "record.json", 1


def seal_of(files: Mapping[str, bytes]) -> dict[str, Json]:
    """Contents of seal.json for files of a record: name -> bytes."""
    return {"schema": SCHEMA, "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}}


def write_seal(directory: Path) -> None:
    """Write seal.json for record.json and the weights (weights*.pt) that lie in `directory`."""
    paths = [directory / RECORD, *sorted(directory.glob("weights*.pt"))]
    write_json(directory / FILE, seal_of({path.name: path.read_bytes() for path in paths}))


def read_seal(directory: Path) -> dict[str, str] | None:
    """File name -> SHA-256 as seal.json says; None without that file. BadInput for one that is no seal."""
    path = directory / FILE
    if not path.is_file():
        return None
    contents = read_object(path)
    files = contents.get("files")
    if set(contents) != {"schema", "files"} or contents["schema"] != SCHEMA or not isinstance(files, dict):
        raise BadInput(path, "other contents", f"schema {SCHEMA} and files")
    if RECORD not in files or not all(isinstance(each, str) for each in files.values()):
        raise BadInput(path, "other contents", f"a SHA-256 for each file, {RECORD} among them")
    return files


def check_bytes(directory: Path, name: str, contents: bytes, sealed: Mapping[str, str]) -> None:
    """Raise BadInput unless `contents` are the sealed bytes of the file `name`."""
    found = hashlib.sha256(contents).hexdigest()
    if sealed.get(name) != found:
        raise BadInput(directory / name, f"SHA-256 {found}", f"{sealed.get(name, 'none')} as in {FILE} beside it")


def weights(directory: Path, name: str) -> bytes:
    """The bytes of a weights file of a record, as sealed. BadInput if they are missing, altered or not sealed."""
    sealed, path = read_seal(directory), directory / name
    if sealed is None or name not in sealed:
        raise BadInput(path, "no seal for it", f"its SHA-256 in {FILE} beside it")
    if not path.is_file():
        raise BadInput(path, "no such file", "the weights that were sealed")
    contents = path.read_bytes()
    check_bytes(directory, name, contents, sealed)
    return contents
