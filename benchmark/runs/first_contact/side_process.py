"""A separate process that answers questions one at a time. If it fails, crashes or hangs, the caller gets that as a
result."""

import contextlib
import io
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self, TypeVar, TypeVarTuple

from benchmark.errors import Interrupted
from benchmark.stopping import held_back
from benchmark.workers import end_with_parent

POLL = 0.1  # seconds between two calls of `stop`

Answer = TypeVar("Answer")
Arguments = TypeVarTuple("Arguments")


class Failed(Exception):
    """The other process did not answer; str(error) is one line that says why."""


class SideProcess:
    """A process in a new interpreter, started at once. It is used as a context manager and killed at the end of the context,
    whatever it is doing.

    A question is a function at the top level of a module, with its arguments; all of them must be picklable. What the
    function prints on standard output is returned with the answer, so that it is not mixed with the output of the caller.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # neither torch's threads nor CUDA survive a fork
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with held_back():
            self.process.start()
        theirs.close()  # so that each end notices when the other one is closed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.ours.close()

    def send(self, function: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Send a question; `answer` returns the answer. Failed if the process has ended."""
        try:
            self.ours.send((function, arguments))
        except OSError as error:
            raise Failed(self._gone()) from error

    def answer(
        self, seconds: float, stop: Callable[[], bool] = lambda: False
    ) -> tuple[Any, str]:  # Any: the result of the function that was sent
        """(what the function returned, what it printed).

        Args:
            seconds: longest time to wait; after it, the process is killed.
            stop: called while waiting.

        Raises:
            Failed: the function raised an error, the process died, or the time is over.
            Interrupted: `stop` returned True.
        """
        end = time.monotonic() + seconds
        while not self.ours.poll(POLL):
            if stop():
                raise Interrupted("stopped; what was found so far is kept, and the next call goes on there")
            if time.monotonic() > end:
                self.process.kill()
                raise Failed(f"no end after {seconds:.0f} s")
        try:
            ended, value, printed = self.ours.recv()
        except (EOFError, OSError) as error:
            raise Failed(self._gone()) from error
        if not ended:
            raise Failed(" ".join([value, *printed.split()]))
        return value, printed

    def ask(
        self, seconds: float, stop: Callable[[], bool], function: Callable[[*Arguments], Answer], *arguments: *Arguments
    ) -> tuple[Answer, str]:
        """`send` and `answer`."""
        self.send(function, *arguments)
        return self.answer(seconds, stop)

    def _gone(self) -> str:
        self.process.join(5)
        return f"the process ended by itself (exit code {self.process.exitcode})"


def _serve(theirs: Connection) -> None:
    end_with_parent()
    while True:
        try:
            function, arguments = theirs.recv()
        except EOFError:  # the caller has ended, perhaps it was killed
            return
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                value = function(*arguments)
            reply = True, value, printed.getvalue()
        except Exception as error:  # noqa: BLE001  # torch raises many kinds of error; each of them is an answer
            first = str(error).strip().partition("\n")[0]
            reply = False, f"{type(error).__name__}: {first}", printed.getvalue()
        theirs.send(reply)
