"""Kills a function, in a child process, just before one of its calls that change the file system."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

# Events of Python's audit hooks, which are raised before the call; of `open` only those that write or make a file.
CHANGING = {
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.utime"),
    "ferbench.exchange",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def before(number: int, work: Callable[[], object]) -> bool:
    """Call `work` in a forked child that dies by SIGKILL just before its changing call `number` (from 1).

    Returns:
        True if it was killed; False if `work` ended first. An error in `work` is an AssertionError here.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _arm(number)
            work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed in the child"
    return False


def _arm(number: int) -> None:
    from benchmark import files

    left = number

    def count(event: str, arguments: tuple) -> None:
        nonlocal left
        if event == "open":
            event = "" if not isinstance(arguments[2], int) or not arguments[2] & WRITING else "os.mkdir"
        if event in CHANGING:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    exchange = files.exchange

    def exchanging(one: Path, other: Path) -> bool:  # a call through ctypes raises no event of its own
        sys.audit("ferbench.exchange")
        return exchange(one, other)

    files.exchange = exchanging
    sys.addaudithook(count)
