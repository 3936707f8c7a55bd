"""Ctrl-C and SIGTERM, from the first line of a command to its end: one line, and exit status 3.

Where work can be stopped between two steps, `benchmark.errors.StopRequest` takes the two signals over. This module imports
nothing that takes time, so that it is in place before anything that does.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

STATUS = 3  # the exit status of a command that was stopped
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LINE = "stopped; what is finished is kept, and the same command goes on"

_received = 0  # signals since `heed`


def heed() -> None:
    """From now on, SIGINT and SIGTERM raise KeyboardInterrupt in the main thread. They end the process at once instead where
    an exception would not arrive as one: during an import, whose C code turns it into another error, and in a destructor.
    Another signal while the first one is obeyed ends the process at once too, or its worker processes if it has some."""
    for number in SIGNALS:
        signal.signal(number, _stop)
    sys.unraisablehook = _unraisable


def ending(status: int) -> None:
    """From now on, SIGINT and SIGTERM end the process at once with `status`: it has done its work."""
    for number in SIGNALS:
        signal.signal(number, lambda *_: os._exit(status))


def say(line: str) -> None:
    """Write a line to standard error, whatever the interpreter is doing: a print may not interrupt another one."""
    with contextlib.suppress(OSError):
        os.write(2, f"ferbench: {line}\n".encode())


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """A context in which SIGINT and SIGTERM wait; what they do is done at its end. A process that is started in it has both
    blocked for as long as it lives. In another thread than the main one, only the latter."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    waiting: list[int] = []
    # The mask is of this thread. Another thread may receive the signal, whose handler would still run here.
    try:
        previous = {number: signal.signal(number, lambda received, _: waiting.append(received)) for number in SIGNALS}
    except ValueError:
        previous = {}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for received in waiting:
            os.kill(os.getpid(), received)


def _stop(_number: int, frame: FrameType | None) -> None:
    global _received
    _received += 1
    children = _children()
    if _received > 2 or (not children and (_received > 1 or _importing(frame))):
        _end()
    raise KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _children() -> "Sequence[BaseProcess]":
    started = sys.modules.get("multiprocessing.process")
    return started.active_children() if started else []


def _unraisable(given: "sys.UnraisableHookArgs") -> None:
    if isinstance(given.exc_value, KeyboardInterrupt):
        _end()
    sys.__unraisablehook__(given)


def _end() -> None:
    for child in _children():
        child.kill()
    say(LINE)
    os._exit(STATUS)
