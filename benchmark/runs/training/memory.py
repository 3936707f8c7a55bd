"""How much memory there is for pictures, whether they may stay in it, and keeping what was freed."""

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

from benchmark.errors import BadInput

LIMIT = "FERBENCH_RESIDENT_BYTES"
SHARE = 4
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h


def resident_limit(device: torch.device, jobs: int = 1) -> int:
    """Bytes of pictures that one process may hold on `device`: a quarter of what is available, shared by `jobs` processes.

    The rest is for networks, activations and other users of the machine. The environment variable FERBENCH_RESIDENT_BYTES
    gives another number (0: never hold them). Predictions do not depend on it, only where pictures lie.

    Raises:
        BadInput: the variable is not a whole number >= 0.
    """
    given = os.environ.get(LIMIT)
    if given is None:
        return available(device) // SHARE // jobs
    if not given.isdecimal():
        raise BadInput(LIMIT, f"'{given}'", "a number of bytes")
    return int(given)


def available(device: torch.device) -> int:
    """Bytes that this process could still take: the least of the system's available memory, the room in its control
    groups and in its address space (`ulimit -v`), and for a GPU its free memory. sys.maxsize where nothing is known."""
    found = [*_system(), *_control_groups(), *_address_space()]
    if device.type == "cuda":
        found.append(torch.cuda.mem_get_info(device)[0])
    return max(0, min(found, default=sys.maxsize))


def _system() -> Iterator[int]:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024
    except OSError:
        if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _control_groups(root: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")) -> Iterator[int]:
    """Limit less use, of the process's group and every one above it (version 2, and version 1's memory controller).

    File pages count as room: the kernel drops them when memory is asked for (cgroup-v2, "memory.stat", file).
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            base, names, file_pages = root, ("memory.max", "memory.current"), "file"
        elif "memory" in controllers.split(","):
            base, names, file_pages = root / "memory", ("memory.limit_in_bytes", "memory.usage_in_bytes"), "total_cache"
        else:
            continue
        folder = base / path.lstrip("/")
        for group in (folder, *folder.parents):
            try:
                limit, used = ((group / name).read_text().strip() for name in names)
                stat = dict(each.split() for each in (group / "memory.stat").read_text().splitlines())
            except OSError:
                limit = "max"  # no limit at this level, or a group that is not visible from inside a container
            if limit.isdecimal():
                yield int(limit) - int(used) + int(stat.get(file_pages, 0))
            if group == base:
                break


def _address_space() -> Iterator[int]:
    try:
        import resource  # not on Windows

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            yield limit - int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError):
        return


def keep_freed() -> bool:
    """Ask the C library to keep this process's freed memory instead of giving it back to the system; whether it does.

    A training step on a CPU frees and takes hundreds of megabytes, and every page that comes from the system anew has to be
    cleared, which can take as long as the work on it. Known to glibc alone (mallopt(3): no mapping of single blocks, no
    trimming below 2 GiB).
    """
    try:
        c = ctypes.CDLL(None)
        c.gnu_get_libc_version()  # other libraries have a mallopt that means something else
    except (AttributeError, OSError, TypeError):
        return False
    return bool(c.mallopt(_MMAP_MAX, 0) and c.mallopt(_TRIM_THRESHOLD, 2**31 - 1))
