"""The ways in which a command stops on purpose. Each has its own exit status."""

import signal
import time
from typing import Self

from benchmark import progress

LONGEST = 1000  # characters of what a message repeats of its input


def visible(text: object, keep: str = "") -> str:
    """`text` with each character that is not printable, other than those in `keep`, as its escape (``\\n``, ``\\x1b``,
    ``\\u202e``). So it is one line, no terminal obeys it, and none of its characters is hidden."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def one_line(text: object, longest: int = LONGEST) -> str:
    """`visible` text, cut to `longest` characters."""
    shown = visible(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


class BadInput(ValueError):
    """Something given to the suite is wrong. The message is one line: where, what was found and what was expected.

    The command line prints it and exits with status 2. Nothing has been written by then.
    """

    def __init__(self, where: object, found: object, expected: object):
        self.where, self.found, self.expected = one_line(where), one_line(found), one_line(expected, 10 * LONGEST)
        super().__init__(f"{self.where}: found {self.found}; expected {self.expected}")

    def __reduce__(self) -> tuple[type["BadInput"], tuple[str, str, str]]:  # so that worker processes can pickle it
        return BadInput, (self.where, self.found, self.expected)


class Interrupted(Exception):
    """Work was stopped before its end (by a time budget or Ctrl-C), and everything was kept. The next call resumes it. Exit
    status 3."""


class Findings(Exception):
    """A strict check found something wrong. Everything was written. str(error) says what was found. Exit status 1."""


class StopRequest:
    """A context manager. Calling it returns True once SIGINT or SIGTERM was received or the deadline (time.monotonic()) has
    passed. A second SIGINT stops the process at once."""

    def __init__(self, deadline: float | None):
        self.deadline, self.signalled = deadline, False

    def __enter__(self) -> Self:
        self.previous = {number: signal.signal(number, self._heed) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _heed(self, number: int, _frame: object) -> None:
        if self.signalled and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signalled = True
        progress.say("stopping after this step; progress is being saved (Ctrl-C again to stop at once)")

    def __call__(self) -> bool:
        return self.signalled or (self.deadline is not None and time.monotonic() >= self.deadline)
