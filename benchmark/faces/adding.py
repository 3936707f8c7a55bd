"""Copy a user's file to data/raw, where the readers look for it, or put a pointer to a user's folder there; track it by
DVC."""

import filecmp
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.data_sets import reader
from benchmark.faces.reading.linking import write_pointer
from benchmark.faces.reading.raw import raw_files
from benchmark.faces.survey import Survey, lines
from benchmark.faces.tracking import in_dvc_repository, track
from benchmark.files import replacing_file

_BLOCK = 1 << 24  # bytes copied between two updates of the progress bar


def add(name: str, path: Path, *, root: Path = Path("."), dvc: bool = True) -> Path:
    """Validate a file, copy it to data/raw/NAME and run ``dvc add`` on that folder. Each step is printed to stderr.

    A folder is not copied: `linking` writes a pointer to it into data/raw/NAME, and DVC tracks the pointer. The user's file
    or folder is never changed. In the name of the copy, characters other than letters, digits, ``.``, ``_`` and ``-`` become
    ``_``. Adding the same bytes again changes nothing (but the folder is tracked if it was not yet). The last line printed
    says what is to be committed.

    Args:
        name: of the data set.
        path: the file or folder, in a form that ``reader(name).check`` accepts.
        root: top folder of the project.
        dvc: False: do not track by DVC. Nothing is tracked outside a DVC repository either.

    Returns:
        The file in data/raw/NAME; for a folder, its ``source.yaml`` there.

    Raises:
        BadInput: an unknown data set, or one that is generated; a folder for a data set that is read from one file;
            whatever ``check`` refuses; another file or folder in data/raw/NAME; DVC is not installed. All of these are
            raised before anything is written. A ``dvc add`` that fails is reported in the same way; the copy then stays.
    """
    path, folder = Path(path), Path(root) / "data" / "raw" / name
    check = _check_of(name, path)
    target = folder / safe_name(path.name)
    tracked = dvc and in_dvc_repository(Path(root))
    _say(f"checking {path}")
    for line in lines(check(path)):
        _say(line)
    present = None if path.is_dir() else _same_bytes(path, folder)
    if path.is_dir():
        target = write_pointer(folder, path)
        _say(f"{target} points to {path.resolve()}, which must stay there")
    elif present:
        _say(f"{present} holds these bytes already")
    else:
        with replacing_file(target) as temporary:
            _copy(path, temporary)
        _say(f"copied to {target}")
    if tracked:
        track(Path(root), name, _say)
    elif dvc:
        _say("no DVC repository here: the copy is not tracked")
    return present or target


def examine(name: str, path: Path) -> Survey:
    """What `add` would find in a file or folder. Nothing is written.

    Raises:
        BadInput: an unknown data set, or one that is generated; a folder for a data set that is read from one file;
            whatever ``check`` refuses.
    """
    return _check_of(name, Path(path))(Path(path))


def _check_of(name: str, path: Path) -> Callable[[Path], Survey]:
    module = reader(name)
    check: Callable[[Path], Survey] | None = getattr(module, "check", None)
    if check is None:
        raise BadInput(f"data set {name}", "a file to add", "none: it is generated")
    if path.is_dir() and not getattr(module, "TAKES_FOLDERS", False):
        raise BadInput(path, "a folder", f"one file; {name} is not read from a folder")
    return check


def safe_name(name: str) -> str:
    """A file name of ASCII letters, digits, ``.``, ``_`` and ``-`` that does not begin with ``.`` or ``-``."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".-") or "file"


def _same_bytes(path: Path, folder: Path) -> Path | None:
    """The file in `folder` if it has the bytes of `path`; None if there is no file. BadInput for a different file."""
    files = raw_files(folder)
    for other in files:
        if not filecmp.cmp(path, other, shallow=False):
            how = f"to read {path} in its place, remove {other} first"
            raise BadInput(folder, f"another file, {other.name}", f"no file, or the same bytes as {path}; {how}")
    return files[0] if files else None


def _copy(path: Path, target: Path) -> None:
    size, done = path.stat().st_size, 0
    show = sys.stderr.isatty() and size > _BLOCK
    with open(path, "rb") as source, open(target, "wb") as sink:
        while block := source.read(_BLOCK):
            sink.write(block)
            done += len(block)
            if show:
                filled = 30 * done // size
                print(f"\rcopying [{'#' * filled:<30}] {done / 1e6:.0f}/{size / 1e6:.0f} MB", end="", file=sys.stderr)
    if show:
        print(file=sys.stderr)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
