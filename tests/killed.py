"""Kills a function, in a forked child process: before one of its calls that change the file system, or after some time."""

import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Events of Python's audit hooks, which are raised before the call; of `open` only those that write or make a file.
CHANGING = {
    *("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.utime"),
    "ferbench.exchange",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
Work = Callable[[], object]


def before(number: int, work: Work) -> bool:
    """Call `work` in a child that dies by SIGKILL just before its changing call `number` (from 1).

    Returns:
        True if it was killed; False if `work` ended first. An error in `work` is an AssertionError here.
    """
    return _ended(_child(lambda: (_arm(lambda made: made == number and os.kill(os.getpid(), signal.SIGKILL)), work())))


def after(seconds: float, work: Work) -> bool:
    """As `before`, but the child is killed when it has worked for some time."""
    child = _child(work)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return _ended(child)


def changes(work: Work, note: Path) -> tuple[int, float]:
    """The number of changing calls of `work`, called in a child to its end, and the seconds that it took. `note`: a file."""
    note.touch()
    tally = os.open(note, os.O_WRONLY)
    begun = time.monotonic()
    assert not _ended(_child(lambda: (_arm(lambda made: os.pwrite(tally, b"%08d" % made, 0)), work())))
    os.close(tally)
    return int(note.read_bytes() or 0), time.monotonic() - begun


def at_random(draw: random.Random, work: Work, number: int, seconds: float) -> bool:
    """As `before` a random call out of `number`, or `after` a random time out of `seconds`, as often."""
    if draw.random() < 0.5:
        return before(draw.randint(1, number), work)
    return after(draw.uniform(0, seconds), work)


def contents(*folders: Path) -> dict[str, str]:
    """Path -> SHA-256 of every file below folders, hidden ones too; folder -> "folder"."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            found[name] = "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _child(work: Work) -> int:
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def _ended(child: int) -> bool:
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed in the child"
    return False


def _arm(heed: Callable[[int], object]) -> None:
    """From now on call `heed` with 1, 2, ... before each changing call of this process."""
    from benchmark import files

    made, owner = 0, os.getpid()

    def count(event: str, arguments: tuple) -> None:
        nonlocal made
        if event == "open":
            event = "os.mkdir" if isinstance(arguments[2], int) and arguments[2] & WRITING else ""
        if event in CHANGING and os.getpid() == owner:
            made += 1
            heed(made)

    if exchange := getattr(files, "exchange", None):  # a call through ctypes raises no event of its own

        def exchanging(one: Path, other: Path) -> bool:
            sys.audit("ferbench.exchange")
            return exchange(one, other)

        files.exchange = exchanging
    sys.addaudithook(count)
