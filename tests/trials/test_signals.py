"""Ctrl-C and SIGTERM at random moments of the long verbs: one line, status 3, no traceback, no process left, and the same
command then ends as if nothing had happened. Each test prints its counts (pytest -m slow -s tests/trials/test_signals.py).

FERBENCH_TRIALS in the environment sets how many moments are tried for each verb and signal (default: 10).
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MOMENTS = int(os.environ.get("FERBENCH_TRIALS", "10"))
NOISE = ("Traceback", "Exception ignored", "leaked", "Error in", "Fatal")
PARAMS = """\
seeds: [0, 1]
data: {synthetic: {options: {faces: 960, size: 32}}}
runs: {a: {protocol: synthetic-8, data: synthetic, package: ablations, cell: a, model: residual,
  options: {units: [1, 1, 1], widths: [4, 8], shortcut: adaptive}, loss: plain}}
"""
VERBS = {
    "prepare": ["prepare", "synthetic", "--params"],
    "run": ["run", "--params", "a", "--jobs", "2"],
    "tune": ["tune", "synthetic", "--jobs", "2"],
    "retrain": ["verify", "--retrain", "synthetic-8/*/*", "--jobs", "2"],
    "report": ["report"],
}
SHORT = ("prepare", "run", "report")  # are run to their end
LONGEST = 15.0  # seconds after which a signal comes at the latest: all have begun their work by then, even on a busy machine


def start(here: Path, verb: str) -> subprocess.Popen:
    """The verb in a session of its own, whose processes can be found afterwards."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmark", *VERBS[verb]], cwd=here, env=environment, text=True, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def left_over(session: int) -> list[int]:
    """The processes of a session that are still there (and no zombies), after up to 5 seconds."""
    for _ in range(50):
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(path.parent.name))
        if not found:
            return []
        time.sleep(0.1)
    return found


def outcome(process: subprocess.Popen, error: str) -> str:
    """One word for how a stopped command ended."""
    if left := left_over(process.pid):
        os.killpg(process.pid, signal.SIGKILL)
        return f"orphans {len(left)}"
    if process.returncode == 0:
        return "had ended"
    if process.returncode in (-signal.SIGINT, -signal.SIGTERM) and "benchmark" not in error.replace("-m benchmark", ""):
        return "before the first line"  # of the suite: Python was still starting
    if any(word in error for word in NOISE):
        return "traceback"
    if process.returncode != 3:
        return f"status {process.returncode}"
    return "clean" if error.count("\n") == 1 and error.startswith("ferbench: ") else "lines"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with prepared faces."""
    here = tmp_path_factory.mktemp("signals")
    (here / "params.yaml").write_text(PARAMS)
    undisturbed(here, "prepare")
    shutil.copytree(ROOT / "reports" / "records" / "synthetic-8", here / "reports" / "records" / "synthetic-8")
    return here


def fresh(project: Path, verb: str, to: Path) -> Path:
    """A copy of the project in which `verb` has everything to do."""
    shutil.copytree(project, to)
    if verb == "prepare":
        shutil.rmtree(to / "data")
    return to


def undisturbed(here: Path, verb: str) -> float:
    """The seconds of a verb that nothing stops."""
    began, process = time.monotonic(), start(here, verb)
    _, error = process.communicate(timeout=600)
    assert process.returncode == 0, error
    return time.monotonic() - began


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_stopped_at_any_moment(verb, project, tmp_path):
    """Whatever was stopped is gone on with, in the same folder, by the next try; at the end, undisturbed."""
    draw, counts, said = random.Random(f"signals {verb}"), Counter(), []
    moments = [(to, number) for to in ("all", "command") for number in (signal.SIGINT, signal.SIGTERM)]
    longest = min(LONGEST, undisturbed(fresh(project, verb, tmp_path / "alone"), verb)) if verb in SHORT else LONGEST
    here = fresh(project, verb, tmp_path / "project")
    for trial in range(MOMENTS):
        to, number = moments[trial % len(moments)]
        process, moment = start(here, verb), draw.uniform(0.2, longest)
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            # A terminal and a job system signal all processes of a command; kill and a supervisor the first one.
            os.killpg(process.pid, number) if to == "all" else process.send_signal(number)
        _, error = process.communicate(timeout=120)
        ended = outcome(process, error)
        counts[ended] += 1
        if ended not in ("clean", "had ended", "before the first line"):
            said.append(f"{signal.Signals(number).name} to {to} after {moment:.2f} s: {ended}\n{error}")
        if ended == "had ended":
            shutil.rmtree(here)
            here = fresh(project, verb, tmp_path / "project")
    print(f"\n{verb}, {MOMENTS} moments in {longest:.1f} s: {dict(counts)}")
    assert not said, "\n".join(said)
    assert counts["clean"]
    if verb in SHORT:
        undisturbed(here, verb)


def test_a_second_ctrl_c_stops_at_once_and_a_killed_command_leaves_no_worker(project, tmp_path):
    for number in (signal.SIGINT, signal.SIGKILL):
        process = start(fresh(project, "run", tmp_path / number.name), "run")
        with pytest.raises(subprocess.TimeoutExpired):
            process.communicate(timeout=LONGEST / 2)
        process.send_signal(number)
        if number == signal.SIGINT:
            time.sleep(0.05)
            process.send_signal(number)
        _, error = process.communicate(timeout=20)
        assert process.returncode == (3 if number == signal.SIGINT else -number), error
        assert "Traceback" not in error
        assert not left_over(process.pid)
