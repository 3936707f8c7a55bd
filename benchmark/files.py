"""Atomic writing of files, and reading of JSON and YAML with errors that name the file.

A file is written under a temporary name in the same folder and then renamed. So, at any time, it is absent, old or complete.
This module needs neither torch nor numpy.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.errors import BadInput

Json = Any  # any part of the contents of a JSON or YAML file; the code that reads it must check it


@contextlib.contextmanager
def replacing_file(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`. On success it replaces `path` (after fsync); on any error it is
    removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_directory(path: Path | str) -> Iterator[Path]:
    """Yield a temporary directory in the folder of `path`. On success it replaces `path`; on any error it is removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: object) -> None:
    """Write `value` as indented UTF-8 JSON with a final newline, atomically. ValueError for NaN: JSON has no NaN."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_object(path: Path) -> dict[str, Json]:
    """The JSON object in a file, which must exist. BadInput for a file that is not JSON or contains something else."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # RecursionError: thousands of brackets
        raise BadInput(path, error, "valid JSON") from error
    if not isinstance(contents, dict):
        raise BadInput(path, f"a JSON {type(contents).__name__}", "an object")
    return contents


def read_made(path: Path, schema: int, part: str, verb: str) -> dict[str, Json]:
    """As `read_object`, for a file that a command of `ferbench` has made.

    Args:
        schema: required value of the key "schema".
        part: another required key.
        verb: the command that makes the file, for the error message: `ferbench VERB`.

    Raises:
        BadInput: as `read_object`; also another schema, or no key `part`.
    """
    contents = read_object(path)
    if contents.get("schema") != schema or part not in contents:
        found = f"schema {contents.get('schema')}" + ("" if part in contents else f" without {part}")
        raise BadInput(path, found, f"schema {schema} with {part}; run ferbench {verb} again")
    return contents


def read_yaml(path: Path) -> dict[str, Json]:
    """The mapping in a YAML file. BadInput if the file is missing, is not UTF-8 text, is not YAML, has a key twice
    (`benchmark.strict_yaml`) or contains something else."""
    if not path.is_file():
        raise BadInput(path, "no such file", "a YAML file")
    try:
        from benchmark.strict_yaml import parsed  # here, so that the training code can be imported without pyyaml
    except ModuleNotFoundError as error:
        raise BadInput(path, "no package pyyaml to read it", "it installed, or run --plan FILE.json") from error
    try:
        value = parsed(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(path, f"bytes that are not UTF-8 ({error.reason}, byte {error.start})", "text in UTF-8") from error
    except BadInput as error:
        raise BadInput(f"{path}, {error.where}", error.found, error.expected) from error
    if not isinstance(value, dict):
        raise BadInput(path, "nothing" if value is None else type(value).__name__, "a mapping")
    if odd := [key for key in value if not isinstance(key, str)]:
        raise BadInput(f"{path}, key", repr(odd[0]), "a text")
    return value


def whole_digest(value: object) -> str:
    """Hexadecimal SHA-256 of `value` as canonical JSON. ValueError for a string that is not Unicode text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(value: object) -> str:
    """First 16 hexadecimal digits of `whole_digest`."""
    return whole_digest(value)[:16]
