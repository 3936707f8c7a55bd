"""Runs the commands of packages: their output goes to a log, and none outlives this process, unless it is killed."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmark import stopping
from benchmark.errors import SystemSaysNo, visible

DONE = "done "  # a line of a predict script: so many faces are done
SHOWN = 12  # lines of the log that a failure shows


def run(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    *,
    cwd: Path | None = None,
    advanced: Callable[[int], object] | None = None,
) -> None:
    """Run a command to its end. When this process is stopped, the command and all that it started are ended first.

    Args:
        log: file to which its output is appended.
        cwd: its folder; None: that of `log`.
        advanced: called with the number of faces since the last call, whenever a line "done N" says so.

    Raises:
        SystemSaysNo: it failed. The last lines of its output go to standard error.
    """
    with open(log, "ab") as stream:
        with stopping.held_back():  # no moment in which it runs and nobody would end it
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stream, text=True, errors="replace",
                env=dict(environment), cwd=cwd or log.parent, start_new_session=True,
            )  # fmt: skip
        try:
            _listen(child, log, advanced)
            status = child.wait()
        finally:
            _end(child)
    if status:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-SHOWN:]
        print("the last lines of what it printed:", *(f"  {visible(line)}" for line in lines), sep="\n", file=sys.stderr)
        name = " ".join(Path(part).name for part in command[:3])
        raise SystemSaysNo(name, f"ended with status {status}", "see the lines above, mend that, then repeat the command")


def _listen(child: subprocess.Popen[str], log: Path, advanced: Callable[[int], object] | None) -> None:
    """Read what it prints until it closes its output."""
    before = 0
    assert child.stdout is not None
    for line in child.stdout:
        number = line.removeprefix(DONE).strip()
        if advanced and line.startswith(DONE) and number.isdecimal():
            advanced(int(number) - before)
            before = int(number)
            continue
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(line)


def _end(child: subprocess.Popen[str]) -> None:
    """End the command, if it still runs, and every process of its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all have ended; macOS then says the latter
        os.killpg(child.pid, signal.SIGKILL)  # they hold back the others, and what they were writing is removed
    if child.stdout is not None:
        child.stdout.close()
    child.wait()
