"""The seal of a record: a file beside record.json with the SHA-256 of the files that are its result.

``seal.json`` is {"schema": 1, "files": {name: SHA-256 of its bytes}} for record.json and every weights file. The predictions
need no entry: record.json contains the digest of their arrays, which does not depend on how they are compressed. Machine
and timings (``machine.json``) are not part of the result and carry a digest of their own. So two records with equal seals
are equal results, bit for bit, weights included.

A seal shows that a record is as it was written. It does not show who wrote it (docs/trust.md).
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, write_json

FILE, RECORD, SCHEMA = "seal.json", "record.json", 1
LARGEST = 2**20  # bytes of seal.json
WEIGHTS = re.compile(r"weights(-[A-Za-z0-9][A-Za-z0-9_+-]{0,99})?\.pt")
SHA256 = re.compile("[0-9a-f]{64}")


def seal_of(files: Mapping[str, bytes]) -> dict[str, Json]:
    """Contents of seal.json for files of a record: name -> bytes."""
    return {"schema": SCHEMA, "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}}


def write_seal(directory: Path) -> None:
    """Write seal.json for record.json and the weights that lie in `directory`."""
    weights = [path for path in sorted(directory.glob("weights*.pt")) if WEIGHTS.fullmatch(path.name) and path.is_file()]
    paths = [directory / RECORD, *weights]
    write_json(directory / FILE, seal_of({path.name: path.read_bytes() for path in paths}))


def read_seal(directory: Path) -> dict[str, str] | None:
    """File name -> SHA-256 as seal.json says; None without that file. BadInput for one that is no seal."""
    path = directory / FILE
    if not path.exists():
        return None
    try:
        contents = json.loads(read_bytes(path, LARGEST))
    except (ValueError, RecursionError) as error:
        raise BadInput(path, str(error)[:200], "valid JSON") from error
    files = contents.get("files") if isinstance(contents, dict) else None
    if not isinstance(files, dict) or set(contents) != {"schema", "files"} or contents["schema"] != SCHEMA:
        raise BadInput(path, "other contents", f"schema {SCHEMA} and files")
    known = all(name == RECORD or WEIGHTS.fullmatch(name) for name in files)
    if not known or RECORD not in files or not all(isinstance(s, str) and SHA256.fullmatch(s) for s in files.values()):
        raise BadInput(path, "other contents", f"a SHA-256 for {RECORD} and for weights, and for no other file")
    return files


def read_bytes(path: Path, largest: int) -> bytes:
    """The bytes of a file of a record. BadInput if there is none, if it is no regular file (a pipe has no end), or if it has
    more than `largest` bytes."""
    try:
        if not path.is_file():
            raise BadInput(path, "a folder or a special file" if path.exists() else "no such file", "a part of the record")
        if (size := path.stat().st_size) > largest:
            raise BadInput(path, f"{size:,} bytes", f"{largest:,} at most")
        return path.read_bytes()
    except OSError as error:
        raise BadInput(path, f"nothing to read ({error.strerror})", "a part of the record") from error


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
