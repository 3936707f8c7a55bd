"""The shared library of the kernels: compiled once, kept in the user's cache folder, and verified before it is loaded.

Code in the library is run, and its results are the network's. What a compiler makes of the sources can not be predicted, so
nothing in the sources says which bytes are right. Instead the digest of the library is part of its name, which shows damage;
and the folder and the file must belong to the user and be writable by nobody else, so that no one else can have put them
there. A damaged library is compiled again. A folder that others can write to is not used: the library is then compiled into
a private temporary folder for this process. A line on standard error says either.
"""

import ctypes
import hashlib
import os
import platform
import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmark.files import replacing_file

# Not -ffast-math, because NaN and infinity must be handled correctly.
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-ffp-contract=fast")
OUTPUT = ("-fopenmp", "-shared", "-fPIC")
_WRITE = stat.S_IWGRP | stat.S_IWOTH  # by the group, by others


class _Untrusted(Exception):
    """Others than the user could have written a file or folder. str(error) says which, and why."""


def load(sources: Sequence[Path]) -> ctypes.CDLL:
    """The library compiled from C files for this compiler and this processor.

    Raises:
        OSError, RuntimeError, subprocess.SubprocessError: it can not be compiled or loaded; no folder for it is safe.
    """
    compiler = shlex.split(os.environ.get("CC") or "cc")
    version = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=True).stdout
    kind = f"{platform.system()} {platform.machine()} {_instructions()}"
    known = "\n".join((version, *compiler, kind, *FLAGS, *OUTPUT, *(source.read_text() for source in sources)))
    command, key = [*compiler, *FLAGS, *OUTPUT, *map(str, sources)], hashlib.sha256(known.encode()).hexdigest()[:16]
    try:
        return _cached(_cache(), key, command)
    except _Untrusted as error:
        _say(f"the cache of compiled kernels is not used, because {error}: compiled for this process alone")
    with tempfile.TemporaryDirectory(prefix="ferbench-kernels-") as name:
        folder = Path(name).resolve()
        try:
            _check_folder(folder)
        except _Untrusted as error:
            raise RuntimeError(f"no folder for them is safe: {error}") from error
        return ctypes.CDLL(str(_compile(folder, key, command)))  # it stays loaded when its file is removed


def _cached(folder: Path, key: str, command: Sequence[str]) -> ctypes.CDLL:
    """The library `kernels-KEY-DIGEST.so` in a folder that only the user can write to; compiled if it is not there."""
    damaged = []
    for path in sorted(folder.glob(f"kernels-{key}-*.so")):
        if (digest := _digest(path)) == path.stem.rpartition("-")[2]:
            return ctypes.CDLL(str(path))
        if digest is not None:
            _say(f"{path} is damaged: compiled again")
            damaged.append(path)
    made = _compile(folder, key, command)  # before the removal: another process may be about to load a good one of this name
    for path in damaged:
        if path != made:
            path.unlink(missing_ok=True)
    return ctypes.CDLL(str(made))


def _compile(folder: Path, key: str, command: Sequence[str]) -> Path:
    """Compile into `folder`. Returns the path of the library, whose name has its digest."""
    with tempfile.TemporaryDirectory(prefix=".kernels-", dir=folder) as name:
        made = Path(name) / "kernels.so"
        subprocess.run([*command, "-o", str(made)], capture_output=True, text=True, check=True)
        library = made.read_bytes()
    path = folder / f"kernels-{key}-{hashlib.sha256(library).hexdigest()}.so"
    with replacing_file(path) as temporary:
        temporary.write_bytes(library)
    return path


def _digest(path: Path) -> str | None:
    """SHA-256 of a library; None if it is no longer there. _Untrusted for a symbolic link, or if others could have written
    it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _Untrusted(f"{path} can not be opened ({error.strerror})") from error
    with open(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or _shared(found):
            raise _Untrusted(f"{path} does not belong to this user alone")
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _cache() -> Path:
    """The folder ferbench in the user's cache folder, made if it is not there. _Untrusted if others can write to it."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").resolve()
        for folder in (base, base / "ferbench"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: no home folder is known
        raise _Untrusted(f"there is no folder for it ({error})") from error
    _check_folder(folder)
    return folder


def _check_folder(folder: Path) -> None:
    """Raise _Untrusted unless `folder` is a folder, not a link, that belongs to the user and lets nobody else write.

    Nobody else may be able to put another one in its place either. So each folder above, down from the root, must belong to
    the user or to root and let others at most add files (as /tmp does), until one keeps others out altogether.
    """
    if not stat.S_ISDIR(folder.lstat().st_mode) or _shared(folder.lstat()):
        raise _Untrusted(f"{folder} does not belong to this user alone")
    for above in reversed(folder.parents):
        found = above.stat()
        if found.st_uid not in (0, os.geteuid()) or (found.st_mode & _WRITE and not found.st_mode & stat.S_ISVTX):
            raise _Untrusted(f"others can replace what is in {above}")
        if not found.st_mode & (stat.S_IXGRP | stat.S_IXOTH):
            break


def _shared(found: os.stat_result) -> bool:
    """Whether others than the user own or can write it."""
    return found.st_uid != os.geteuid() or bool(found.st_mode & _WRITE)


def _instructions() -> str:
    """The instruction sets of the processor. With a shared home folder, a library built on one machine must not be used on a
    machine that lacks some of them."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        return platform.processor()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
