"""Temporary files and folders beside their target, and what is done with those of processes that were killed.

The name of a temporary is ``.TARGET.MACHINE-RANDOM.tmp``: hidden from git, from DVC and from what reads records. Its owner
holds a lock (flock) on it, which the system releases when the process ends, however it ends. So a leftover is known by
its lock, in other containers of the same machine too. There are systems without locks and file systems whose locks do not
reach other machines: a temporary of another start of a machine, or one that can not be locked, is a leftover only if
nothing in it has changed for a day.

A name that ends in ``.new.tmp`` is a complete folder on its way to its target (`put_in_place`). It is not deleted but put
there.
"""

import contextlib
import errno
import functools
import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if LOCKS := sys.platform != "win32":
    import fcntl

QUIET = 86_400  # seconds without a change, after which a temporary whose lock says nothing is a leftover
ENDING, NEW = ".tmp", ".new.tmp"
TRIES = 100  # more than processes that replace one folder at the same moment
# The machine was not in the names of earlier versions.
_NAME = re.compile(r"\.(?P<target>.+)\.((?P<machine>[0-9a-f]{8})-)?[0-9a-z_]{8}(?P<new>\.new)?\.tmp", re.DOTALL)
THERE = (errno.ENOTEMPTY, errno.EEXIST)  # what a rename answers if the target is there and not empty


@contextlib.contextmanager
def temporary(target: Path, *, folder: bool, mode: int | None = None) -> Iterator[Path]:
    """Make an empty temporary for `target`, in the same folder (which must exist), and hold its lock. In the end what is
    found under its name is removed.

    Args:
        mode: permissions; None: those that the umask leaves to a new file or folder.
    """
    path, handle = _made(target, folder, mode)
    try:
        yield path
    finally:
        remove(path)
        if handle is not None:
            os.close(handle)


def clear(target: Path) -> None:
    """Remove the leftovers for `target`; a complete folder is put in its place instead. Never those of a living process.
    What may not be removed stays."""
    for name in _names(target.parent):
        if (match := _NAME.fullmatch(name)) and match["target"] == target.name:
            _settle(target.parent, match)


def clear_below(*roots: Path) -> None:
    """As `clear`, for every target in whole trees. Hidden folders are not entered; a root may be missing."""
    for root in roots:
        for top, folders, files in os.walk(root):
            for name in (*folders, *files):
                if match := _NAME.fullmatch(name):
                    _settle(Path(top), match)
            folders[:] = [name for name in folders if not name.startswith(".")]


def recover(target: Path) -> None:
    """For readers: put the complete folder in the place of `target` if a process was killed just before it could."""
    for name in _names(target.parent):
        if name.endswith(NEW) and (match := _NAME.fullmatch(name)) and match["target"] == target.name:
            _settle(target.parent, match)


def put_in_place(new: Path, target: Path) -> None:
    """Move the complete folder `new` (its name ends in `NEW`) to `target`, in place of the folder there, by two renames.

    Between them there is no `target`. A folder that can not be renamed, such as one of a lower layer of an overlay file
    system, is deleted where it is, so that for a moment a part of it is there.
    """
    aside = new.with_name(new.name.removesuffix(NEW) + ENDING)
    for _ in range(TRIES):
        try:
            os.rename(new, target)
            break
        except FileNotFoundError:
            if not new.exists():  # another process has done it
                break
            raise
        except OSError as error:
            if error.errno not in THERE:
                raise
        remove(aside)
        try:
            os.rename(target, aside)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.rmtree(target)
    else:
        raise FileExistsError(errno.EEXIST, "other processes put a folder there again and again", str(target))
    remove(aside)


def remove(path: Path) -> None:
    """Delete a file or a folder with everything in it. What can not be deleted stays, without an error."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _names(folder: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        return os.listdir(folder)
    return []


def _made(target: Path, folder: bool, mode: int | None) -> tuple[Path, int | None]:
    """A new temporary, and the handle that holds its lock (None if there are no locks)."""
    while True:
        path = target.with_name(f".{target.name}.{_machine()}-{secrets.token_hex(4)}{ENDING}")
        handle: int | None = None
        try:
            if folder:
                os.mkdir(path, 0o777 if mode is None else mode)
            else:
                handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666 if mode is None else mode)
        except FileExistsError:
            continue
        if not LOCKS:
            if handle is not None:
                os.close(handle)  # Windows renames no open file
            return path, None
        with contextlib.suppress(FileNotFoundError):  # cleared by another process, before it could be locked
            handle = os.open(path, os.O_RDONLY) if handle is None else handle
            if _lock(handle) is not False and _same(path, handle):
                return path, handle
        if handle is not None:
            os.close(handle)


def _settle(folder: Path, match: re.Match[str]) -> None:
    """Remove one temporary, or put it in place, if its owner is dead."""
    path, target = folder / match[0], folder / match["target"]
    # A folder that its readers miss does not wait a day. If its owner lives after all, both do the same.
    missed = bool(match["new"]) and not target.exists()
    with _claimed(path, at_once=missed, own=match["machine"] == _machine()) as dead:
        if dead and match["new"]:
            put_in_place(path, target)
        elif dead:
            remove(path)


@contextlib.contextmanager
def _claimed(path: Path, *, at_once: bool, own: bool) -> Iterator[bool]:
    """Whether the owner of a temporary is dead. If so, nobody else claims it meanwhile."""
    handle: int | None = None
    try:
        locked: bool | None = None
        if LOCKS:
            with contextlib.suppress(OSError):  # gone, or of another user
                handle = os.open(path, (os.O_RDONLY if path.is_dir() else os.O_RDWR) | os.O_NOFOLLOW)
            locked = handle is not None and _lock(handle)
        yield locked is not False and (at_once or (locked is True and own) or _quiet(path))
    finally:
        if handle is not None:
            os.close(handle)


def _lock(handle: int) -> bool | None:
    """Whether this process now holds the lock; None if the file system has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _same(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


def _quiet(path: Path) -> bool:
    """Whether nothing in it has changed for `QUIET` seconds."""
    newest = 0.0
    for each in (path, *(Path(top, name) for top, folders, files in os.walk(path) for name in (*folders, *files))):
        with contextlib.suppress(FileNotFoundError):
            newest = max(newest, os.lstat(each).st_mtime)
    return time.time() - newest > QUIET


@functools.cache
def _machine() -> str:
    """8 hexadecimal digits: the same for all processes, in containers too, from one start of this machine to the next."""
    try:
        name = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        name = platform.node()
    return hashlib.sha256(name.encode()).hexdigest()[:8]
