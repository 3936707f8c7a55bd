"""Workers end with their command, whatever ends it; signals are left to the command."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from benchmark.workers import Workers

ROOT = Path(__file__).parents[1]


def blocked(_) -> set[int]:
    return {int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, ())}


def twice(number: int) -> int:
    return 2 * number


def wait_or_die(what: str) -> None:
    if what == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(600)


def ends_within(seconds: float, pid: int) -> bool:
    for _ in range(int(20 * seconds)):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_tasks_are_done_with_both_signals_blocked_in_the_workers_alone():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Workers(2) as pool:
        assert sorted(pool.ended(twice, range(5))) == [0, 2, 4, 6, 8]
        (found,) = pool.ended(blocked, [0])
    assert {signal.SIGINT, signal.SIGTERM} <= found
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


@pytest.mark.parametrize("error", [KeyboardInterrupt, BrokenProcessPool])
def test_workers_are_ended_at_once_by_ctrl_c_or_with_one_of_them(error):
    began = time.monotonic()
    with pytest.raises(error), Workers(2) as pool:
        futures = [pool.submit(wait_or_die, what) for what in ("wait", "die" if error is BrokenProcessPool else "wait")]
        while len(pool._processes) < 2:
            time.sleep(0.01)
        pids = list(pool._processes)
        if error is BrokenProcessPool:
            futures[0].result()
        raise error
    assert all(ends_within(5, pid) for pid in pids)
    assert time.monotonic() - began < 60


COMMAND = """\
import sys, time
sys.path.insert(0, {here!r})
import test_workers
from benchmark.workers import Workers
if __name__ == "__main__":
    with Workers(2, finish={finish}) as pool:
        futures = [pool.submit({function}, *{given}) for _ in range(2)]
        while len(pool._processes) < 2:
            time.sleep(0.01)
        print(*pool._processes, flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("finish", [False, True])
def test_workers_end_when_their_command_is_killed(finish, tmp_path):
    """Those that are to finish their task have none here: a worker that waits does not notice by itself."""
    function, given = ("test_workers.twice", "(1,)") if finish else ("test_workers.wait_or_die", "('wait',)")
    script = tmp_path / "command.py"
    script.write_text(COMMAND.format(here=str(Path(__file__).parent), finish=finish, function=function, given=given))
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = subprocess.Popen([sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True)
    pids = [int(pid) for pid in command.stdout.readline().split()]
    time.sleep(1.0 if finish else 0)  # the others may be killed while they start
    command.kill()
    command.communicate()
    assert len(pids) == 2 and all(ends_within(20, pid) for pid in pids)


def test_a_script_is_not_run_again_by_its_workers(tmp_path):
    """It needs no `if __name__ == "__main__"`: one that began workers in each of its workers would never end."""
    script = tmp_path / "script.py"
    script.write_text(
        "import math\nfrom benchmark.workers import Workers\nprint('run')\n"
        "with Workers(2) as pool:\n    print(sorted(pool.ended(math.factorial, range(4))), __file__ is not None)\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert (done.stdout, done.stderr) == ("run\n[1, 1, 2, 6] True\n", "")


def test_a_module_that_starts_workers_where_it_is_imported(tmp_path):
    """Its own workers, which import it, start none: else there would be no end."""
    (tmp_path / "script.py").write_text(
        "import importlib\nfrom benchmark.workers import Workers\nprint('run', flush=True)\n"
        "with Workers(1) as pool:\n    print(pool.submit(importlib.import_module, 'script').result())\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, timeout=60, env=environment, cwd=tmp_path
    )
    assert done.returncode == 1 and done.stdout == "run\nrun\n"
    assert "a worker process: found a module that starts workers where it is imported; expected" in done.stderr
