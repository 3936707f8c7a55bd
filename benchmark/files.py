"""Atomic replacement of files and folders, and reading of JSON and YAML with errors that name the file.

What is new is written under a temporary name in the same folder (`benchmark.leftovers`) and then renamed. So, at any time,
the target is absent, old or complete. This module needs neither torch nor numpy.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmark import leftovers
from benchmark.errors import BadInput, naming
from benchmark.exchange import exchange

Json = Any  # any part of the contents of a JSON or YAML file; the code that reads it must check it


@contextlib.contextmanager
def replacing_file(path: Path | str) -> Iterator[Path]:
    """Yield the path of an empty temporary file in the folder of `path`. On success it replaces `path` (after fsync); on any
    error it is removed.

    After a kill at any moment, `path` is the old file (or none, as before) or the new one. A temporary that is left is
    removed by the next call for `path`, or by `benchmark.leftovers.clear_below`.

    Raises:
        OSError: as the system says, naming `path`; IsADirectoryError if `path` is a folder, and another OSError if it is a
            device or a pipe, before anything is made.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():  # who may do everything would replace /dev/null
        raise OSError(errno.EINVAL, "a device or a pipe, which is no file to replace", str(path))
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        leftovers.clear(path)
        with leftovers.temporary(path, folder=False) as temporary:
            yield temporary
            with open(temporary, "rb+") as stream:
                os.fsync(stream.fileno())
            temporary.replace(path)


@contextlib.contextmanager
def replacing_directory(path: Path | str) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`. On success it replaces `path`; on any error it is removed. If `path` is
    a symbolic link to a folder, that folder is replaced.

    After a kill at any moment, `path` is the old folder (or none, as before) or the new one, each complete, if the system
    can exchange two folders in one step (`benchmark.exchange`: Linux, macOS, most of their file systems). Elsewhere the new
    folder takes the place of the old one by two renames: a kill exactly between them leaves no `path`, until the next
    call for it, `leftovers.recover` or `leftovers.clear_below` puts the new folder there. The readers of records and
    FaceSets recover. A kill of the process is meant: what a power failure leaves is up to the file system.

    Raises:
        OSError: as the system says, naming `path`; NotADirectoryError if `path` is a file, before anything is made.
    """
    path = Path(path)
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        leftovers.clear(path)
        with leftovers.temporary(path, folder=True) as temporary:
            yield temporary
            _replace_directory(temporary, path)


def _replace_directory(new: Path, path: Path) -> None:
    """Put the folder `new` in the place of `path`. What was there has the name of `new` then, or is gone."""
    for _ in range(leftovers.TRIES):
        try:
            os.rename(new, path)  # nothing is there, or an empty folder
            return
        except OSError as error:
            if error.errno not in leftovers.THERE:
                raise
        try:
            if exchange(new, path):
                return
        except FileNotFoundError:  # it was there a moment ago
            continue
        break
    complete = new.with_name(new.name.removesuffix(leftovers.ENDING) + leftovers.NEW)
    os.rename(new, complete)
    leftovers.put_in_place(complete, path)


def remove_directory(path: Path) -> None:
    """Delete a folder, if there is one. After a kill at any moment it is there completely or not at all."""
    leftovers.clear(path)
    with leftovers.temporary(path, folder=True) as aside, contextlib.suppress(FileNotFoundError):
        os.rename(path, aside)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: object) -> None:
    """Write `value` as indented UTF-8 JSON with a final newline, atomically. ValueError for NaN: JSON has no NaN."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def rounded(value: Json, digits: int = 6) -> Json:
    """A value for JSON whose floats are rounded to some significant digits; no measured time or norm has more than six."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, dict):
        return {key: rounded(each, digits) for key, each in value.items()}
    return [rounded(each, digits) for each in value] if isinstance(value, list) else value


def read_object(path: Path) -> dict[str, Json]:
    """The JSON object in a file, which must exist. BadInput for a file that is not JSON or contains something else."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise BadInput(path, "thousands of brackets", "fewer") from error
    except ValueError as error:
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


def read_yaml(path: Path, as_written: Collection[str] = ()) -> dict[str, Json]:
    """The mapping in a YAML file. BadInput if the file is missing, is not UTF-8 text, is not YAML, has a key twice
    (`benchmark.strict_yaml`) or contains something else. `as_written`: as for `strict_yaml.parsed`."""
    if not path.is_file():
        raise BadInput(path, "no such file", "a YAML file")
    try:
        from benchmark.strict_yaml import parsed  # here, so that the training code can be imported without pyyaml
    except ModuleNotFoundError as error:
        raise BadInput(path, "no package pyyaml to read it", "it installed, or run --plan FILE.json") from error
    try:
        value = parsed(path.read_text(encoding="utf-8"), as_written)
    except UnicodeDecodeError as error:
        raise BadInput(path, f"bytes that are not UTF-8 ({error.reason}, byte {error.start})", "text in UTF-8") from error
    except BadInput as error:
        raise BadInput(f"{path}, {error.where}", error.found, error.expected) from error
    if not isinstance(value, dict):
        raise BadInput(path, "nothing" if value is None else type(value).__name__, "a mapping")
    if odd := [key for key in value if not isinstance(key, str)]:
        raise BadInput(f"{path}, key", repr(odd[0]), "a text")
    return value


def read_yaml_once(path: Path) -> Mapping[str, Json]:
    """As `read_yaml`, for a file of the suite that is asked for many times: it is parsed again only after it was changed.
    All callers get the same mapping, so none may change it."""
    return _read_once(path, path.stat().st_mtime_ns if path.is_file() else 0)


@cache
def _read_once(path: Path, _changed: int) -> Mapping[str, Json]:
    return read_yaml(path)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def whole_digest(value: object) -> str:
    """Hexadecimal SHA-256 of `value` as canonical JSON. ValueError for a string that is not Unicode text."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest(value: object) -> str:
    """First 16 hexadecimal digits of `whole_digest`."""
    return whole_digest(value)[:16]
