"""The ways in which a command stops on purpose. Each has its own exit status."""

import signal
import time
from typing import Self

from benchmark import progress


class BadInput(ValueError):
    """Something given to the suite is wrong. The message is one line: where, what was found and what was expected.

    The command line prints it and exits with status 2. Nothing has been written by then.
    """

    def __init__(self, where: object, found: object, expected: object):
        self.where, self.found, self.expected = str(where), str(found), str(expected)
        super().__init__(f"{self.where}: found {self.found}; expected {self.expected}")

    def __reduce__(self) -> tuple[type["BadInput"], tuple[str, str, str]]:  # so that worker processes can pickle it
        return BadInput, (self.where, self.found, self.expected)


class Interrupted(Exception):
    """Work was stopped before its end (by a time budget or Ctrl-C), and everything was kept. The next call resumes it. Exit
    status 3."""


class Findings(Exception):
    """A strict check found something wrong. Everything was written. str(error) says what was found. Exit status 1."""


class StopRequest:
    """A context manager. Calling it returns True once SIGINT or SIGTERM was received or the deadline (time.time()) has
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
        return self.signalled or (self.deadline is not None and time.time() >= self.deadline)
