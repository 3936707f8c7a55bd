"""Exchange of two files or folders in one step of the system, where it has such a step.

Python has no function for it. The package renameat2 (PyPI) is for Linux alone and raises where the kernel is too old.
"""

import ctypes
import errno
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path

# What a system, a file system or a sandbox answers that does not know the step. EPERM: a filter of system calls.
ABSENT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV}
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of linux/fcntl.h and linux/fs.h, see renameat2(2)
_SWAP = 2  # RENAME_SWAP of sys/stdio.h of macOS, see renamex_np(2)


def exchange(one: Path, other: Path) -> bool:
    """Exchange what two names of one file system stand for, whatever each is. At no time is one of the names missing.

    Returns:
        False, with nothing changed, where the system or the file system has no such step.

    Raises:
        OSError: any other failure, such as FileNotFoundError for a name that is not there. Nothing is changed then.
    """
    if (call := _call()) is None:
        return False
    ctypes.set_errno(0)
    if call(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    if (number := ctypes.get_errno()) in ABSENT:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))


@functools.cache
def _call() -> Callable[[bytes, bytes], int] | None:
    """The step as a function of two paths, 0 if it succeeded; None if the C library of this system has none."""
    if sys.platform not in ("linux", "darwin"):
        return None
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux" and hasattr(library, "renameat2"):  # glibc from 2.28 (2018)
        linux = library.renameat2
        linux.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
        return lambda one, other: int(linux(_HERE, one, _HERE, other, _EXCHANGE))
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        apple = library.renamex_np
        apple.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint)
        return lambda one, other: int(apple(one, other, _SWAP))
    return None
