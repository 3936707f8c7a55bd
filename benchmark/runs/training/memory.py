"""Memory: how many bytes of pictures may stay loaded, and telling the C library to keep freed memory."""

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
    """Bytes of pictures that one process may hold on `device`: a quarter of the available memory, divided by `jobs`.

    The rest is for networks, activations and other users of the machine. The environment variable FERBENCH_RESIDENT_BYTES
    replaces this number (0: never hold pictures). It decides only where the pictures are stored; predictions stay the same.

    Args:
        jobs: processes that share the memory.

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
    """Bytes that this process can still allocate.

    The smallest of: the system's available memory, what the process's control groups still allow, what its address space
    (`ulimit -v`) still allows and, on a GPU, the GPU's free memory. sys.maxsize if none of them is known.
    """
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
    """Limit minus usage in bytes, for the process's control group and for each of its parent groups.

    Both cgroup version 2 and the memory controller of version 1 are read. Cached file pages count as free, because the
    kernel drops them when a process asks for memory (cgroup-v2, "memory.stat", file).
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
    """Ask the C library to keep the memory that this process frees, instead of returning it to the system.

    A training step on a CPU allocates and frees hundreds of megabytes. Every page that comes from the system has to be
    filled with zeros first, which can take as long as the computation itself. Only glibc offers this. Two calls of
    mallopt(3) do it: large blocks come from the heap instead of their own mappings, and the heap is not trimmed until
    2 GiB of it are free.

    Returns:
        Whether the C library accepted both settings; False where it is not glibc.
    """
    try:
        c = ctypes.CDLL(None)
        c.gnu_get_libc_version()  # other libraries have a mallopt that means something else
    except (AttributeError, OSError, TypeError):
        return False
    return bool(c.mallopt(_MMAP_MAX, 0) and c.mallopt(_TRIM_THRESHOLD, 2**31 - 1))


def peak_memory(device: torch.device) -> int | None:
    """The largest memory of this process so far, in bytes: allocated on the GPU, or resident on the CPU. None if the
    system does not report it."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:  # first choice, as getrusage also counts what the parent process had when it started this one
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(status["VmHWM"].split()[0]) * 1024
    except (OSError, KeyError):
        pass
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): macOS counts bytes, Linux KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
