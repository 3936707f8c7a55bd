"""A process of its own that answers questions one at a time: what fails, crashes or hangs there is a result here."""

import contextlib
import io
import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self, TypeVar, TypeVarTuple

from benchmark.errors import Interrupted

POLL = 0.1  # seconds between looks whether to stop

Answer = TypeVar("Answer")
Arguments = TypeVarTuple("Arguments")


class Failed(Exception):
    """The other process did not answer; str(error) is one line that says why."""


class SideProcess:
    """Starts at once, in a fresh interpreter; used as a context, at whose end it is killed, whatever it does.

    A question is a function of a module with its arguments, all of which can be pickled. What the function prints on
    standard output comes back with its answer, so that it does not tear the lines of the one who asks.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # neither torch's threads nor CUDA survive a fork
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()  # so that each end sees when the other is gone

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.ours.close()

    def send(self, function: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
        """Ask; `answer` has the answer. Failed if the process is gone."""
        try:
            self.ours.send((function, arguments))
        except OSError as error:
            raise Failed(self._gone()) from error

    def answer(
        self, seconds: float, stop: Callable[[], bool] = lambda: False
    ) -> tuple[Any, str]:  # Any: what the function asked for returned
        """What the function returned, and what it printed.

        Args:
            seconds: how long to wait; then the process is killed.
            stop: asked meanwhile.

        Raises:
            Failed: the function raised, the process died, or the time is over.
            Interrupted: `stop` said so.
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all; the one who asks decides
    while True:
        try:
            function, arguments = theirs.recv()
        except EOFError:  # the one who asks is gone, killed perhaps
            return
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                value = function(*arguments)
            reply = True, value, printed.getvalue()
        except Exception as error:  # noqa: BLE001  # torch raises dozens of kinds, and each is an answer
            first = str(error).strip().partition("\n")[0]
            reply = False, f"{type(error).__name__}: {first}", printed.getvalue()
        theirs.send(reply)
