"""The ways in which a command stops on purpose. Each has its own exit status."""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Self

from benchmark import progress, stopping

STOPPING = "stopping after this step; progress is being saved (Ctrl-C again to stop at once)"
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

    @property
    def faults(self) -> tuple["BadInput", ...]:
        """Each thing that is wrong by itself. The command line prints a line for each."""
        return (self,)

    def __reduce__(self) -> tuple[type["BadInput"], tuple[object, ...]]:  # so that worker processes can pickle it
        return BadInput, (self.where, self.found, self.expected)


class BadInputs(BadInput):
    """Several things are wrong (`faults`). The message is that of the first, and says how many more there are."""

    def __init__(self, faults: Sequence[BadInput]):
        first = faults[0]
        super().__init__(first.where, first.found, first.expected)
        self.args = (f"{first} (and {len(faults) - 1} more)",)
        self._faults = tuple(faults)

    @property
    def faults(self) -> tuple[BadInput, ...]:
        return self._faults

    def __reduce__(self) -> tuple[type["BadInput"], tuple[object, ...]]:
        return BadInputs, (self._faults,)


def refuse(faults: Sequence[BadInput]) -> None:
    """Raise what is wrong, all of it together: a BadInput, a BadInputs for more than one, nothing for none."""
    if faults:
        raise faults[0] if len(faults) == 1 else BadInputs(faults)


class SystemSaysNo(Exception):
    """The input is right, but the machine can not do the work now: no room on the disk, a folder that can not be written to.
    The message is one line: where, what is wrong, what to do. Exit status 4, as for an OSError."""

    def __init__(self, where: object, said: object, remedy: object):
        self.where, self.said, self.remedy = one_line(where), one_line(said), one_line(remedy)
        super().__init__(f"{self.where}: {self.said}; {self.remedy}")

    def __reduce__(self) -> tuple[type["SystemSaysNo"], tuple[str, str, str]]:
        return SystemSaysNo, (self.where, self.said, self.remedy)


def system_error(error: BaseException) -> OSError | None:
    """The OSError that `error` is, or that torch.save made a RuntimeError of: its writer only says that bytes are missing.
    None for every other error."""
    if isinstance(error, RuntimeError) and "unexpected pos" in str(error):
        context = error.__context__
        while context is not None and not isinstance(context, OSError):
            context = context.__context__
        return context or OSError(errno.EIO, "the file can not be written to its end; the disk may be full")
    return error if isinstance(error, OSError) else None


@contextlib.contextmanager
def naming(path: object) -> Iterator[None]:
    """A context in which an error of the system names `path`, if it names no file, as that of a write to a full disk, or the
    hidden temporary file that is to become `path`."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        found = system_error(error)
        if found is None:
            raise
        hidden = os.path.basename(str(found.filename)).startswith(f".{os.path.basename(str(path))}.")
        if found.errno is not None and (found.filename is None or hidden):
            found.filename = str(path)
        if found is error:
            raise
        raise found from None


class Interrupted(Exception):
    """Work was stopped before its end (by a time budget, Ctrl-C or SIGTERM), and everything was kept. The next call resumes
    it. Exit status 3."""


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
        try:
            progress.say(STOPPING)
        except (RuntimeError, OSError):  # in the middle of another print; nobody reads any more
            stopping.say(STOPPING)

    def __call__(self) -> bool:
        return self.signalled or (self.deadline is not None and time.monotonic() >= self.deadline)
