"""What a command says, and its exit status, for everything that can end it."""

import errno
import io
import os
import signal
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark import stopping
from benchmark.cli import failures, listing, terminal
from benchmark.cli.main import main
from benchmark.cli.terminal import Plain
from benchmark.errors import BadInput, Findings, Interrupted, SystemSaysNo

ROOT = Path(__file__).parents[3]
AGAIN = "then repeat the command"


def system(number: int, *names: str) -> OSError:
    """As the system raises it, with the file's name; of a renaming both names."""
    first, second = (*names, None, None)[:2]
    return OSError(number, os.strerror(number), first, None, second)


ERRORS = [
    (Findings("2 findings are wrong"), 1, "2 findings are wrong"),
    (BadInput("x.csv", "a", "b"), 2, "x.csv: found a; expected b"),
    (Interrupted("stopped before a; the next call resumes there"), 3, "stopped before a; the next call resumes there"),
    (KeyboardInterrupt(), 3, "stopped; what is finished is kept, and the same command goes on"),
    (SystemSaysNo("runs", "3 MiB free", "free some space"), 4, "runs: 3 MiB free; free some space"),
    (
        system(errno.ENOSPC, "runs/a"), 4,
        f"runs/a: no space left on device; free some space or name another folder, {AGAIN}",
    ),
    (system(errno.EROFS, "reports/x"), 4, "reports/x: read-only file system; name a folder that can be written to"),
    (
        system(errno.EACCES, "data"), 4,
        f"data: permission denied; change its permissions or name another place, {AGAIN}",
    ),
    (
        system(errno.EPERM, ".a.tmp", "a"), 4,
        f"a: operation not permitted; change its permissions or name another place, {AGAIN}",
    ),
    (system(errno.ENAMETOOLONG, "x" * 9), 4, "xxxxxxxxx: file name too long; choose a shorter name"),
    (
        system(errno.EMFILE, "a"), 4,
        f"a: too many open files; allow more open files (ulimit -n) or use fewer --jobs, {AGAIN}",
    ),
    (system(errno.EIO, "a"), 4, f"a: input/output error; look for errors of the disk in the system's log, {AGAIN}"),
    (system(errno.ENOTDIR, "a/b"), 4, f"a/b: not a directory; mend that, {AGAIN}"),
    (system(errno.EPIPE), 4, "the system: broken pipe; what was printed after that is lost"),
    (OSError("cannot write"), 4, f"the system: cannot write; mend that, {AGAIN}"),
    (OSError(errno.EIO, "Bad X.", "a"), 4, f"a: bad X; look for errors of the disk in the system's log, {AGAIN}"),
    (TimeoutError(), 4, f"the system: TimeoutError; mend that, {AGAIN}"),
    (MemoryError(), 4, f"memory: there is not enough; use fewer --jobs or close other programs, {AGAIN}"),
    (
        MemoryError("Unable to allocate 9 GiB"), 4,
        f"memory: Unable to allocate 9 GiB; use fewer --jobs or close other programs, {AGAIN}",
    ),
    (
        RuntimeError("[enforce fail at x.cpp:1] . DefaultCPUAllocator: can't allocate memory: you tried 9 bytes.\nmore"), 4,
        "torch: [enforce fail at x.cpp:1] . DefaultCPUAllocator: can't allocate memory: you tried 9 bytes; "
        f"use fewer --jobs or close other programs, {AGAIN}",
    ),
    (
        RuntimeError("CUDA out of memory. Tried to allocate 9 GiB"), 4,
        f"torch: CUDA out of memory. Tried to allocate 9 GiB; use fewer --jobs or end other programs on the GPU, {AGAIN}",
    ),
    (
        RuntimeError("Found no NVIDIA driver on your system."), 4,
        "torch: Found no NVIDIA driver on your system; install NVIDIA's driver, or use --device cpu",
    ),
    (
        RuntimeError("CUDA error: axis X."), 4,
        f"torch: CUDA error: axis X; see whether nvidia-smi shows the GPU, {AGAIN}; --device cpu needs none",
    ),
    (
        ModuleNotFoundError("No module named 'numpy'", name="numpy"), 4,
        f"Python in {sys.prefix}: package numpy is missing; activate the environment of the installation (. "
        ".venv/bin/activate) or install there: pip install -e .",
    ),
    (
        BrokenProcessPool("abruptly"), 4,
        f"a worker process was killed, perhaps because memory ran out; use fewer --jobs or close other programs, {AGAIN}",
    ),
]  # fmt: skip


@pytest.fixture
def ended(monkeypatch, capsys):
    """A function: the command ends with this error. Returns its status and what it said."""

    def end(error: BaseException) -> tuple[int, str]:
        def verb(_):
            raise error

        monkeypatch.setattr(listing, "models", verb)
        status, said = main(["models"]), capsys.readouterr()
        assert not said.out
        return status, said.err

    return end


@pytest.mark.parametrize("error, status, line", ERRORS, ids=range(len(ERRORS)))
def test_every_error_is_one_line_with_its_status(ended, error, status, line):
    assert ended(error) == (status, f"ferbench: {line}\n")


def test_a_name_can_not_command_the_terminal(ended):
    status, said = ended(system(errno.ENOSPC, "a\x1b[31m\nb"))
    assert status == 4 and said.startswith(r"ferbench: a\x1b[31m\nb: no space") and said.count("\n") == 1
    assert ended(OSError(errno.EIO, "bad", b"\xff"))[1].startswith("ferbench: \ufffd: bad;")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"), AssertionError(), RuntimeError("shape mismatch"), ValueError("y"), ImportError("cannot import name"),
        ModuleNotFoundError("No module named 'benchmark.gone'", name="benchmark.gone"), ModuleNotFoundError("of no name"),
    ],
)  # fmt: skip
def test_a_mistake_of_the_suite_shows_its_traceback_and_says_so(ended, error):
    status, said = ended(error)
    assert status == 70
    assert said.startswith("Traceback (most recent call last):\n") and "in verb\n    raise error\n" in said
    assert said.splitlines()[-1] == f"ferbench: {failures.REPORT}"
    assert said.splitlines()[-2].startswith(type(error).__name__)


def test_the_traceback_is_printed_as_it_is(ended):
    """But for the end of its last line: every character of the error counts when somebody searches for it."""
    assert ended(ValueError("X "))[1].endswith(f"\nValueError: X \nferbench: {failures.REPORT}\n")


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_stop_is_found_behind_either_link(ended, link):
    """`raise ... from` sets the cause; an error in the handling of another has it as its context."""
    error = ImportError("multiarray failed to import")
    setattr(error, link, KeyboardInterrupt())
    assert ended(error) == (3, f"ferbench: {stopping.LINE}\n")


def test_errors_that_name_each_other_as_their_cause_end(ended):
    def too_long(*_):
        raise AssertionError("it goes round and round")

    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        assert ended(first)[0] == 70
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_ctrl_c_became_on_its_way_is_still_a_stop(ended):
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("multiarray failed to import") from error
    except ImportError as error:
        assert ended(error) == (3, f"ferbench: {stopping.LINE}\n")


def test_an_error_that_was_handled_before_changes_nothing(ended):
    try:
        try:
            raise KeyError("absent")
        except KeyError:
            raise ValueError("later")  # noqa: B904
    except ValueError as error:
        assert ended(error)[0] == 70


def test_the_help_names_every_status(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert failures.STATUSES in capsys.readouterr().out
    documented = (ROOT / "docs" / "reference" / "commands.md").read_text()
    for number in (0, failures.FOUND, failures.BAD_INPUT, failures.STOPPED, failures.SYSTEM, failures.MISTAKE):
        assert f"\n  {number:2}  " in failures.STATUSES
        assert f"\n| {number} | " in documented


def test_a_command_line_that_does_not_parse_is_one_line(capsys):
    for argv, line in (
        (
            ["run", "--jobs", "x\x1b[1m"],
            "ferbench run: argument --jobs: invalid int value: 'x\\x1b[1m'; see ferbench run --help",
        ),
        (["nothing\n"], "ferbench: verb: found 'nothing\\n'; expected one of the "),
        ([], "ferbench: the following arguments are required: VERB; see ferbench --help"),
    ):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            main(argv)
        said = capsys.readouterr().err
        assert ended.value.code == 2 and said.startswith(line) and said.count("\n") == 1


def shell(line: str) -> subprocess.CompletedProcess:
    ferbench = f"{sys.executable} -m benchmark"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(["bash", "-c", line.format(ferbench)], env=environment, capture_output=True, text=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    "line, status, said",
    [
        ("{} cells > /dev/full", 4, f"no space left on device; free some space or name another folder, {AGAIN}"),
        ("{} --help > /dev/full", 4, f"no space left on device; free some space or name another folder, {AGAIN}"),
    ],
)
def test_output_that_can_not_be_written(line, status, said):
    done = shell(line)
    assert (done.returncode, done.stderr, done.stdout) == (status, f"ferbench: standard output: {said}\n", "")


def test_a_reader_that_has_gone_away():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "benchmark", "cells"], env=os.environ | {"PYTHONPATH": str(ROOT)},
                          stdout=writing, stderr=subprocess.PIPE, text=True)  # fmt: skip
    os.close(writing)
    said = "ferbench: standard output: broken pipe; what was printed after that is lost\n"
    assert (done.returncode, done.stderr) == (4, said)


def test_a_closed_stream_is_no_error():
    assert shell("{} models >&-").returncode == 0
    done = shell("{} profile nothing 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


class Stream(io.StringIO):
    """A standard output that fails where it is told to, and counts what reaches it."""

    def __init__(self, broken: str = ""):
        super().__init__()
        self.broken = broken

    def write(self, text: str) -> int:
        if self.broken == "write":
            raise OSError(errno.ENOSPC, "Full")
        return super().write(text)

    def flush(self) -> None:
        if self.broken == "flush":
            raise OSError(errno.ENOSPC, "Full", "something")


def test_what_a_name_can_not_do_to_a_terminal():
    """Lines and tabs stay, everything else that is no printed character is shown as its escape."""
    stream = Stream()
    assert Plain(stream).write("a\tb\x1b[1m\r\u202eX\u00d7\n") == len(stream.getvalue())
    assert stream.getvalue() == "a\tb\\x1b[1m\\r\\u202eX\u00d7\n"
    written = []
    Plain(SimpleNamespace(write=written.append)).write("\u00d7")  # a stream that names no encoding
    assert written == ["\u00d7"] and Plain(stream).getvalue() == stream.getvalue()


@pytest.mark.parametrize("broken", ["write", "flush"])
def test_an_output_that_fails_is_named(monkeypatch, capsys, broken):
    """Whatever name the system gave it; and what is left in it goes nowhere."""
    stream, discarded = Stream(broken), []
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(terminal, "_discard", lambda: discarded.append(True))
    assert main(["models"]) == 4 and discarded == [True]
    said = f"ferbench: standard output: full; free some space or name another folder, {AGAIN}\n"
    assert capsys.readouterr().err == said


def test_another_error_of_the_system_leaves_the_output_alone(monkeypatch, ended):
    monkeypatch.setattr(terminal, "_discard", lambda: pytest.fail("the output is in order"))
    assert ended(system(errno.ENOSPC, "runs"))[0] == 4


def test_a_character_that_the_stream_does_not_have_is_an_escape():
    written = io.BytesIO()
    stream = Plain(io.TextIOWrapper(written, encoding="ascii"))
    stream.write("48 \u00d7 48\n")
    stream.flush()
    assert written.getvalue() == b"48 \\xd7 48\n"
