"""Worker processes that end with the command: when it ends, when it is stopped, and when it is killed."""

import contextlib
import functools
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import ParamSpec, TypeVar

from benchmark.errors import BadInput, system_error
from benchmark.stopping import held_back

Given = ParamSpec("Given")
Result = TypeVar("Result")
Task = TypeVar("Task")


class Workers(ProcessPoolExecutor):
    """A pool of worker processes, each in a new interpreter: neither torch's threads nor CUDA survive a fork.

    The script of this process is not run again in them. So it needs no ``if __name__ == "__main__"``, and tasks are
    functions of modules, not of the script.

    A terminal or a job system sends SIGINT and SIGTERM to all processes of a command. Workers have both blocked from their
    first instruction; the command decides what they do. At the end of the context they have ended: after their tasks; at
    once after a KeyboardInterrupt, or if one of them was killed.

    Args:
        number: of processes, at least 1. BadInput in a worker itself.
        prepare: called in each worker before its first task, with `given`; it must not fail.
        finish: a worker whose command was killed ends its task first. Else it ends at once.
    """

    def __init__(self, number: int, prepare: Callable[..., object] = int, *given: object, finish: bool = False):
        if _working:  # a module that starts workers when it is imported, such as the script itself, would do so without end
            expected = 'a module without work in its body; in a script, below if __name__ == "__main__"'
            raise BadInput("a worker process", "a module that starts workers where it is imported", expected)
        context = multiprocessing.get_context("spawn")
        super().__init__(number, mp_context=context, initializer=_begin, initargs=(finish, prepare, given))

    def submit(self, function: Callable[Given, Result], /, *given: Given.args, **named: Given.kwargs) -> Future[Result]:
        """As of ProcessPoolExecutor. This is where workers are started."""
        with held_back(), _script_left_alone():
            future = super().submit(functools.partial(_work, function), *given, **named)
        # The pool's thread may have listed the workers that it watches just before this one was started. It would learn of
        # its death only when another worker has something to say.
        with self._shutdown_lock:
            if self._executor_manager_thread_wakeup is not None:
                self._executor_manager_thread_wakeup.wakeup()
        return future

    def ended(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """The results of `function` for each task, in the order in which they end."""
        for future in as_completed([self.submit(function, task) for task in tasks]):
            yield future.result()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt | BrokenProcessPool):
            self._kill()
        try:
            self.shutdown(cancel_futures=error is not None)
        except KeyboardInterrupt:
            self._kill()
            self.shutdown(cancel_futures=True)
            raise

    def _kill(self) -> None:
        # Not terminate: SIGTERM is blocked. The attribute is None once the pool has been shut down.
        for process in list((self._processes or {}).values()):
            process.kill()


@contextlib.contextmanager
def _script_left_alone() -> Iterator[None]:
    """A context in which a process can be started that does not import the script of this one, as multiprocessing lets it do
    by the script's `__spec__` or `__file__`."""
    script = vars(sys.modules["__main__"])
    hidden = {name: script.pop(name) for name in ("__spec__", "__file__") if name in script}
    script["__spec__"] = None
    try:
        yield
    finally:
        script.update({"__spec__": None} | hidden)


_busy = threading.Lock()  # in a worker: held during a task
_working = False  # whether this process is a worker


def _begin(finish: bool, prepare: Callable[..., object], given: tuple[object, ...]) -> None:
    global _working
    _working = True
    end_with_parent(_busy if finish else None)
    prepare(*given)


def _work(function: Callable[..., Result], *given: object, **named: object) -> Result:
    with _busy:
        try:
            return function(*given, **named)
        except RuntimeError as error:
            if (found := system_error(error)) is None:
                raise
            raise found from None  # here: what an error came from is lost on the way to the other process


def end_with_parent(busy: "threading.Lock | None" = None) -> None:
    """In a child process: end it once its parent has ended, and `busy` is not held. A worker that waits for its next task
    would not notice otherwise."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
        if busy is not None:
            busy.acquire()  # and never released: there is no next task
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
