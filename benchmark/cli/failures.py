"""What the command says, and its exit status, for everything that can end it. Each kind of end has a status of its own."""

import contextlib
import errno
import sys
import traceback

from benchmark import stopping
from benchmark.errors import BadInput, Findings, Interrupted, SystemSaysNo, one_line, system_error, visible

FOUND, BAD_INPUT, STOPPED, SYSTEM, MISTAKE = 1, 2, stopping.STATUS, 4, 70
STATUSES = """Exit status:
   0  done
   1  `verify`, or an audit with --strict, found something wrong; everything was written
   2  bad input: one line says where, what was found and what was expected; nothing was written
   3  stopped before the end by Ctrl-C, SIGTERM or a time budget, with everything kept: the same command resumes
   4  the system said no (disk, permission, memory, a package, a device): one line says where, what and what to do
  70  a mistake of the suite: its traceback, and one line that asks for a report"""

REPORT = "a mistake of the suite, not of its input; please open an issue with the command and the lines above"
RESUME = "then repeat the command"
INSTALL = "activate the environment of the installation (. .venv/bin/activate) or install there: pip install -e ."
_REMEDIES = {
    errno.ENOSPC: f"free some space or name another folder, {RESUME}",
    errno.EDQUOT: f"free some space or name another folder, {RESUME}",
    errno.EROFS: "name a folder that can be written to",
    errno.EACCES: f"change its permissions or name another place, {RESUME}",
    errno.EPERM: f"change its permissions or name another place, {RESUME}",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: f"allow more open files (ulimit -n) or use fewer --jobs, {RESUME}",
    errno.ENFILE: f"close other programs, {RESUME}",
    errno.EIO: f"look for errors of the disk in the system's log, {RESUME}",
    errno.EPIPE: "what was printed after that is lost",
    errno.ENOMEM: f"use fewer --jobs or close other programs, {RESUME}",
    errno.ENOENT: f"see that nothing else changes this folder, {RESUME}",
}
_MEMORY = _REMEDIES[errno.ENOMEM]
# How torch's RuntimeErrors begin, or what they contain, that are no mistake of the suite -> what to do.
_TORCH = {
    "can't allocate memory": _MEMORY,
    "not enough memory": _MEMORY,
    "out of memory": f"use fewer --jobs or end other programs on the GPU, {RESUME}",
    "CUDA error": f"see whether nvidia-smi shows the GPU, {RESUME}; --device cpu needs none",
    "cuDNN error": f"see whether nvidia-smi shows the GPU, {RESUME}; --device cpu needs none",
    "No CUDA GPUs are available": f"see whether nvidia-smi shows the GPU, {RESUME}; --device cpu needs none",
    "Found no NVIDIA driver": "install NVIDIA's driver, or use --device cpu",
    "No space left on device": _REMEDIES[errno.ENOSPC],
}


def status_of(error: BaseException) -> int:
    """Print what ended the command to standard error: one line, and before it the traceback if it is a mistake of the suite.
    Returns the exit status."""
    match error:
        case Findings():
            return _say(error, FOUND)
        case BadInput():
            for fault in error.faults:
                _say(fault, BAD_INPUT)
            return BAD_INPUT
        case Interrupted():
            return _say(error, STOPPED)
        case SystemSaysNo():
            return _say(error, SYSTEM)
    if _stopped(error):
        return _say(stopping.LINE, STOPPED)
    if line := refusal(error):
        return _say(line, SYSTEM)
    _print("".join(traceback.format_exception(error)).rstrip("\n"))
    return _say(REPORT, MISTAKE)


def refusal(error: BaseException) -> str | None:
    """One line about an error that comes from the system; None for every other."""
    if (found := system_error(error)) is not None:
        error = found
        text = (error.strerror or str(error)).strip().rstrip(".")
        said = text[:1].lower() + text[1:] or type(error).__name__
        remedy = _REMEDIES.get(error.errno or 0, f"mend that, {RESUME}")
        where = error.filename2 or error.filename  # of a renaming, the name that was wanted
        where = where.decode(errors="replace") if isinstance(where, bytes) else where
        return one_line(f"{'the system' if where is None else where}: {said}; {remedy}")
    if isinstance(error, MemoryError):
        return one_line(f"memory: {str(error) or 'there is not enough'}; {_MEMORY}")
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] != "benchmark":
        return f"Python in {sys.prefix}: package {error.name} is missing; {INSTALL}"
    pools = sys.modules.get("concurrent.futures.process")  # importing it takes a third of the time of --help
    if pools is not None and isinstance(error, pools.BrokenProcessPool):
        return f"a worker process was killed, perhaps because memory ran out; {_MEMORY}"
    if isinstance(error, RuntimeError):
        first = str(error).strip().partition("\n")[0]
        remedy = next((remedy for words, remedy in _TORCH.items() if words in first), None)
        return remedy and one_line(f"torch: {first.rstrip('.')}; {remedy}")
    return None


def _stopped(error: BaseException) -> bool:
    """Whether it is a KeyboardInterrupt, or another error that one became on its way."""
    seen = []
    at: BaseException | None = error
    while at is not None and at not in seen:
        if isinstance(at, KeyboardInterrupt):
            return True
        seen.append(at)
        at = at.__cause__ or at.__context__
    return False


def _say(what: object, status: int) -> int:
    _print(f"ferbench: {visible(what)}")
    return status


def _print(text: str) -> None:
    with contextlib.suppress(OSError):  # standard error is full or closed: the status must do
        print(text, file=sys.stderr)  # which Python flushes line by line
