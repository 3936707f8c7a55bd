"""A weekend in small: a plan of many runs, killed, stopped, without disk or with read-only folders again and again, ends in
the same records as one that was left alone. Nothing is repaired by hand; the same command is given again."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmark.protocol.cells import Run, load_cells
from benchmark.protocol.protocol import load_protocol, protocol_from
from benchmark.runs.plan_file import write_plan

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CELLS = [
    f"narrow8-12-{shortcut}-working-{loss}"
    for shortcut in ("identity", "fixed", "adaptive")
    for loss in ("plain", "weighted")
]
SEEDS = range(4)  # 24 runs: at 20 minutes each, as on real faces, eight hours of one process
DISTURBED = 24
LONGEST = 9  # seconds until a disturbance; with more, the plan would be finished before the last of them
KINDS = ("kill", "kill a worker", "terminate", "interrupt", "full disk", "read-only")
STATUS = {"terminate": {3}, "interrupt": {3}, "full disk": {4}, "read-only": {4}, "kill": {-9}, "kill a worker": {3, 4}}
MIB = 2**20


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "benchmark", *words]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2", "PYTHONUNBUFFERED": "1"}


def call(folder: Path, *words: str) -> None:
    subprocess.run(command(*words), cwd=folder, env=environment(), check=True, capture_output=True)


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> Path:
    """A folder with drawn faces and a plan of 24 runs of twelve epochs."""
    folder = tmp_path_factory.mktemp("plan")
    call(folder, "profile", "smoke")
    call(folder, "prepare", "synthetic", "--params")
    contents = load_protocol("synthetic-8").as_dict() | {"name": "weekend", "epochs": 12, "input_size": 32}
    protocol = protocol_from(contents, "weekend", recipe=contents.pop("recipe"))
    cells = load_cells()
    write_plan([Run(protocol, cells[name], seed) for seed in SEEDS for name in CELLS], folder / "plan.json")
    return folder


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of its own, which can be filled and made read-only without harm."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(place)]
    if not sys.platform.startswith("linux") or subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("a file system of its own can not be mounted here (it needs root on Linux)")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def session_of(process: subprocess.Popen) -> list[int]:
    """The living processes of a process's session, itself left out."""
    found = []
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = each.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(words[3]) == process.pid and words[0] != "Z" and int(each.parent.name) != process.pid:
            found.append(int(each.parent.name))
    return found


def workers_of(process: subprocess.Popen) -> list[int]:
    """Those that train: started by multiprocessing, and not its tracker of resources."""
    named = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in session_of(process)}
    return [pid for pid, line in named.items() if b"spawn_main" in line]


def disturb(kind: str, process: subprocess.Popen, disk: Path) -> None:
    if kind == "kill":
        process.kill()
    elif kind == "kill a worker":
        while not (workers := workers_of(process)) and process.poll() is None:
            time.sleep(0.05)
        for pid in workers[:1]:
            os.kill(pid, signal.SIGKILL)
    elif kind == "terminate":
        process.terminate()
    elif kind == "interrupt":  # as a terminal does it: all processes at once
        os.killpg(process.pid, signal.SIGINT)
    elif kind == "full disk":
        with open(disk / "filler", "wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(b"x" * MIB)
            except OSError:
                pass
    else:
        while subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode and process.poll() is None:
            time.sleep(0.02)  # busy as long as a file is open to be written


def repair(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    (disk / "filler").unlink(missing_ok=True)


def outcome(process: subprocess.Popen, limit: float = 120) -> tuple[int, str]:
    """Exit status and standard error, once the process and all of its session have ended."""
    try:
        _, said = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    end = time.monotonic() + 30
    while left := session_of(process):
        assert time.monotonic() < end, f"processes that outlive the command: {left}"
        time.sleep(0.1)
    return process.returncode, said


def seals(runs: Path) -> dict[str, dict]:
    """The place of every record -> the digests of its result and of its weights."""
    return {path.parent.relative_to(runs).as_posix(): json.loads(path.read_text()) for path in runs.rglob("seal.json")}


def leftovers(folder: Path) -> list[str]:
    odd = re.compile(r"^\.|\.tmp$|\.checkpoint$|\.partial$|\.fold\d+$")
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if odd.search(path.name)]


def test_a_weekend_with_kills_full_disks_and_read_only_folders(plan, small_disk, tmp_path, capsys):
    call(plan, "run", "--plan", "plan.json", "--jobs", "2", "--device", "cpu", "--out", str(tmp_path / "undisturbed"))
    wanted = seals(tmp_path / "undisturbed")
    assert len(wanted) == len(CELLS) * len(SEEDS)

    draw, runs, counts = random.Random(15), small_disk / "runs", Counter()
    words = command("run", "--plan", "plan.json", "--jobs", "2", "--device", "cpu", "--out", str(runs))

    def begin() -> subprocess.Popen:
        return subprocess.Popen(
            words, cwd=plan, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            start_new_session=True,
        )  # fmt: skip

    for number in range(DISTURBED):
        kind, process = KINDS[number % len(KINDS)], begin()
        time.sleep(draw.uniform(0.1, LONGEST))
        disturb(kind, process, small_disk)
        status, said = outcome(process)
        repair(small_disk)
        counts[kind, status] += 1
        assert status in STATUS[kind] | {0}, f"{kind}: status {status}\n{said}"
        assert "Traceback" not in said, f"{kind}:\n{said}"
        for record in seals(runs):  # what is finished is whole and right at every moment
            assert seals(runs)[record] == wanted[record]
    assert len(seals(runs)) < len(wanted), "the last disturbances met a finished plan"
    assert all(any(counts[kind, status] for status in STATUS[kind]) for kind in KINDS), "a kind that did nothing"
    process = begin()
    status, said = outcome(process, 600)
    assert status == 0, said
    assert seals(runs) == wanted
    assert leftovers(small_disk) == []
    shutil.rmtree(runs)
    with capsys.disabled():
        print(f"\n{DISTURBED} disturbances of {len(wanted)} runs:")
        for (kind, status), times in sorted(counts.items()):
            print(f"  {kind:14} exit status {status:3}: {times}")
