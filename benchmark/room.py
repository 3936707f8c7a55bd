"""Whether a folder can take what is about to be written, asked before the work that makes it."""

import os
import shutil
from pathlib import Path

from benchmark.errors import SystemSaysNo

SPARE = 16 * 2**20  # bytes beside what is written: names of files, journals, a report


def check_room(folder: Path, needed: int, what: str) -> None:
    """Check that `folder`, or the nearest one above it that exists, can be written to and has room. Writes nothing.

    Args:
        needed: bytes that are about to be written below `folder`.
        what: they are, for the message.

    Raises:
        SystemSaysNo: no permission, a file in its place, or less than `needed` and `SPARE` bytes free.
    """
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(each))
    if not there.is_dir():
        raise SystemSaysNo(there, "a file, not a folder", "name another folder")
    if hasattr(os, "statvfs") and os.statvfs(there).f_flag & os.ST_RDONLY:
        raise SystemSaysNo(there, "read-only file system", "name a folder that can be written to")
    if not os.access(there, os.W_OK | os.X_OK):
        raise SystemSaysNo(there, "permission denied", "change its permissions or name another folder")
    free = shutil.disk_usage(there).free
    if free < needed + SPARE:
        said = f"{shown(free)} free on its disk, too little for {what} ({shown(needed + SPARE)})"
        raise SystemSaysNo(folder, said, "free some space or name another folder, then repeat the command")


def check_file(path: Path, what: str) -> None:
    """Check that `path` can be written: as `check_room` for the folder that it is in. SystemSaysNo also for a folder."""
    if path.is_dir():
        raise SystemSaysNo(path, "a folder, not a file", "name a file")
    check_room(path.parent, 0, what)


def shown(size: float) -> str:
    """A number of bytes in words."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
