"""Pictures left on disk: the same bytes and the same records as pictures in memory, and training beyond a memory limit."""

import contextlib
import ctypes
import hashlib
import json
import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock, Timeout

from benchmark.array_file import ArrayFile
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import open_faceset, write_faceset
from benchmark.progress import Silent
from benchmark.protocol.cells import Run
from benchmark.runs import runner
from benchmark.runs.runner import Site, Worker
from benchmark.runs.training import memory, resampling, streaming
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.streaming import Streamed, resized_file
from benchmark.runs.training.train import train

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]
N = 50


@pytest.fixture
def coloured(tmp_path):
    """A FaceSet of 50 noisy colour pictures, 20 x 20."""
    rng = np.random.default_rng(3)
    return write_faceset(
        tmp_path / "prepared" / "noise",
        rng.integers(0, 256, (N, 20, 20, 3), dtype=np.uint8),
        name="noise",
        version="1.0",
        classes=("a", "b"),
        id=[f"n{k}" for k in range(N)],
        split=["train"] * 30 + ["validation"] * 10 + ["test"] * 10,
        expression=rng.integers(0, 2, N),
    )


def test_rows_of_a_file_against_numpy(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (40, 3, 5), dtype=np.uint8)
    np.save(tmp_path / "a.npy", array)
    file = ArrayFile(tmp_path / "a.npy")
    assert file.shape == (40, 3, 5) and len(file) == 40
    for rows in ([5], [3, 4, 5], [5, 4, 3], [7, 7, 0, 39, 8, 9, 7], [], np.random.default_rng(1).integers(0, 40, 100)):
        rows = np.array(rows, dtype=np.int64)
        np.testing.assert_array_equal(file[rows], array[rows])
    for part in (slice(None), slice(35, 60), slice(60, 70), slice(0, 40, 3)):
        np.testing.assert_array_equal(file[part], array[part])
    for rows in ([40], [-1]):
        with pytest.raises(IndexError, match="of 40"):
            file[np.array(rows)]


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"not an array")
    with pytest.raises(BadInput, match="a.npy: found no .npy header"):
        ArrayFile(path)
    for array in (np.zeros((4, 3), np.float32), np.asfortranarray(np.zeros((4, 3), np.uint8)), np.uint8(1)):
        np.save(path, array)
        with pytest.raises(BadInput, match="rows of uint8 in C order"):
            ArrayFile(path)
    np.save(path, np.zeros((4, 3), np.uint8))
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(BadInput, match=r"bytes; expected 140 for shape \(4, 3\)"):
        ArrayFile(path)


@pytest.mark.parametrize("size, channels", [(20, 3), (10, 3), (13, 3), (20, 1), (13, 1)])
def test_streamed_pictures_are_those_in_memory(coloured, tiny_protocol, monkeypatch, size, channels):
    classes = {"data": "noise", "classes": ["a", "b"], "input_size": size, "channels": channels}
    protocol = tiny_protocol(**classes)
    resident = load_splits(coloured, protocol, CPU)
    monkeypatch.setenv(memory.LIMIT, "0")
    monkeypatch.setattr(resampling, "CHUNK", 7)  # other chunks than those of the pictures in memory
    streamed = load_splits(coloured, protocol, CPU)
    made = (coloured.directory.parent / ".resized").exists()
    assert made == ((size, channels) != (20, 3))  # else straight from images.npy
    assert {path.name for path in coloured.directory.iterdir()} == {"images.npy", "faces.csv", "meta.json"}
    for role, split in resident.items():
        assert isinstance(split.pictures, torch.Tensor) and isinstance(streamed[role].pictures, Streamed)
        found = streamed[role].batch(slice(0, len(split)))
        assert found.is_contiguous() and torch.equal(found, split.pictures) and streamed[role].pictures.shape == found.shape
        assert torch.equal(streamed[role].targets, split.targets) and (streamed[role].ids == split.ids).all()
    rows = torch.randperm(30)
    assert torch.equal(streamed["train"].batch(rows[:9], rows[9:18]), resident["train"].pictures[rows[:9]])


def test_the_limit_decides_to_the_byte(coloured, tiny_protocol, monkeypatch):
    protocol = tiny_protocol(data="noise", classes=["a", "b"])
    for limit, kind in ((N * 16 * 16 * 3, torch.Tensor), (N * 16 * 16 * 3 - 1, Streamed)):
        monkeypatch.setenv(memory.LIMIT, str(limit))
        assert isinstance(load_splits(coloured, protocol, CPU)["test"].pictures, kind)
    monkeypatch.setenv(memory.LIMIT, "2 GB")
    with pytest.raises(BadInput, match="FERBENCH_RESIDENT_BYTES: found '2 GB'"):
        load_splits(coloured, protocol, CPU)


class Watched:
    """A source that notes which thread read which rows."""

    def __init__(self, array):
        self.array, self.shape, self.reads = array, array.shape, []

    def __getitem__(self, rows):
        self.reads.append((rows.tolist(), threading.current_thread().name))
        return self.array[rows]


def test_prefetch_reads_in_a_thread_and_a_wrong_guess_is_harmless():
    array = np.random.default_rng(0).integers(0, 256, (20, 1, 2, 2), dtype=np.uint8)
    source = Watched(array)
    images = Streamed(source, np.arange(10, 20), CPU)
    images.prefetch(torch.tensor([3, 1]))
    assert torch.equal(images[torch.tensor([3, 1])], torch.from_numpy(array[[13, 11]]))
    assert source.reads == [([13, 11], "pictures_0")]
    assert torch.equal(images[torch.tensor([3, 1])], torch.from_numpy(array[[13, 11]]))
    assert source.reads[1:] == [([13, 11], "MainThread")], "what was read ahead is given once"
    assert images._reader._max_workers == 1, "threads would read against each other"
    images.prefetch(slice(10, 20))
    assert len(source.reads) == 2, "nothing is there to read"
    images.prefetch(torch.tensor([3, 1]))
    assert torch.equal(images[torch.tensor([1, 3])], torch.from_numpy(array[[11, 13]]))
    assert torch.equal(images[8:12], torch.from_numpy(array[18:20]))


def test_a_failed_read_ahead_is_raised_where_it_is_wanted(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((20, 1, 64, 64), np.uint8))
    images = Streamed(ArrayFile(tmp_path / "a.npy"), np.arange(20), CPU)
    os.truncate(tmp_path / "a.npy", 4096)
    images.prefetch(slice(10, 20))
    with pytest.raises(BadInput, match="a.npy: found an end at byte"):
        images[10:20]


@pytest.mark.parametrize("task, loss", [("categorical", "weighted"), ("dimensional", "mse+ccc")])
@pytest.mark.parametrize("size", [16, 12])
def test_records_are_the_same_bit_for_bit(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch, task, loss, size):
    monkeypatch.setenv(streaming.CACHE, str(tmp_path / "cache"))
    run = Run(tiny_protocol(task, input_size=size, epochs=2, tta=["none", "flip"]), tiny_cell(loss), seed=3)
    records = []
    for limit in (10**9, 0):
        monkeypatch.setenv(memory.LIMIT, str(limit))
        records.append(train(run, tiny_faces, tmp_path / str(limit) / "seed3", device=CPU))
    assert (tmp_path / "cache").exists() == (size != 16)
    resident, streamed = records
    for key in ("history", "input", "selected_epoch", "train_counts"):
        assert resident[key] == streamed[key]
    for name, array in resident.predictions.items():
        np.testing.assert_array_equal(array, streamed.predictions[name])
    weights = [torch.load(each.directory / "weights.pt", weights_only=True) for each in records]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


class Counted(Silent):
    """A bar that notes its steps."""

    def __init__(self, steps):
        self.steps = steps

    def update(self, n=1):
        self.steps.append(n)


def test_resizing_goes_on_where_it_stopped(coloured, monkeypatch):
    monkeypatch.setattr(resampling, "CHUNK", 8)
    asked = iter([False, False, False, True])
    bars = []
    monkeypatch.setattr("benchmark.progress.bar", lambda **given: bars.append((given, [])) or Counted(bars[-1][1]))
    line = "^noise to 10x10: stopped after 24 pictures; the next call goes on$"
    with pytest.raises(Interrupted, match=line):
        resized_file(coloured, 10, 3, lambda: next(asked))
    folder = coloured.directory.parent / ".resized"
    (part,) = folder.glob("*.part")
    with open(part, "ab") as file:
        file.write(b"half a picture")  # as a kill in the middle of a write leaves it
    seen = []
    true = resampling.resized
    monkeypatch.setattr(resampling, "resized", lambda images, rows, *rest: seen.extend(rows) or true(images, rows, *rest))
    found = resized_file(coloured, 10, 3)
    assert seen == list(range(24, N)) and not list(folder.glob("*.part"))
    shown = {"total": N, "desc": "noise to 10x10", "unit": "img"}
    assert bars == [(shown | {"initial": 0}, [8, 8, 8]), (shown | {"initial": 24}, [8, 8, 8, 2])]
    np.testing.assert_array_equal(found[:], true(coloured.pictures, np.arange(N), 10, 3).numpy())
    np.testing.assert_array_equal(np.load(found.path), found[:])
    seen.clear()
    resized_file(coloured, 10, 3)
    assert seen == []


def test_a_changed_resized_picture_is_not_trained_on(coloured, tiny_protocol, monkeypatch):
    """Any byte of the file, and a stop in the middle: what is read later is what was written, or one line says which row."""
    monkeypatch.setattr(resampling, "CHUNK", 8)
    asked = iter([False, False, False, True])
    with pytest.raises(Interrupted):
        resized_file(coloured, 10, 3, lambda: next(asked))
    folder = coloured.directory.parent / ".resized"
    ((part,), (digests,)) = folder.glob("*.part"), folder.glob("*.digests")
    os.truncate(digests, 20 * 32 + 5)  # as a kill between the two files leaves it
    path = resized_file(coloured, 10, 3).path
    assert list(folder.glob("*.npy")) == [path] and not part.exists() and not digests.exists()
    true = resampling.resized(coloured.pictures, np.arange(N), 10, 3).numpy()
    np.testing.assert_array_equal(resized_file(coloured, 10, 3)[:], true)
    raw = path.read_bytes()
    assert raw[128:] == true.tobytes() + b"".join(hashlib.sha256(picture).digest() for picture in true)
    for at in np.random.default_rng(0).integers(0, 8 * len(raw), 100).tolist():
        damaged = bytearray(raw)
        damaged[at // 8] ^= 1 << at % 8
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match=r"npy"):
            resized_file(coloured, 10, 3)[:]
    path.write_bytes(raw[:128] + bytes(255 - each for each in true.tobytes()) + raw[128 + true.size :])
    monkeypatch.setenv(memory.LIMIT, "0")
    split = load_splits(coloured, tiny_protocol(data="noise", classes=["a", "b"], input_size=10), CPU)["train"]
    split.pictures.prefetch(slice(3, 5))  # what a thread finds is raised where the pictures are wanted
    with pytest.raises(BadInput, match=r"row 3: found other pixels; .*delete the file"):
        split.batch(slice(3, 5))


def test_a_changed_picture_of_the_faceset_is_not_trained_on(coloured, tiny_protocol, monkeypatch):
    images = np.array(coloured.pictures)
    images[4, 1, 1, 1] ^= 1
    np.save(coloured.directory / "images.npy", images)
    faces = open_faceset(coloured.directory)
    for limit, size in (("0", 20), ("0", 10), (str(10**9), 20), (str(10**9), 10)):
        monkeypatch.setenv(memory.LIMIT, limit)
        protocol = tiny_protocol(data="noise", classes=["a", "b"], input_size=size)
        with pytest.raises(BadInput, match=r"images.npy row 4 \(n4\): found other pixels"):
            load_splits(faces, protocol, CPU)["train"].batch(slice(0, 8))


def test_other_pictures_or_code_get_another_file(coloured, monkeypatch, tmp_path):
    first = resized_file(coloured, 10, 3).path
    changed = tmp_path / "resampling.py"
    source = Path(resampling.__file__).read_bytes()
    monkeypatch.setattr(resampling, "__file__", str(changed))
    changed.write_bytes(source + b"# a comment\n")
    assert resized_file(coloured, 10, 3).path == first
    changed.write_bytes(source + b"ROUNDED = False\n")
    assert resized_file(coloured, 10, 3).path != first
    monkeypatch.undo()
    images = np.array(coloured.pictures)
    images[0, 0, 0, 0] ^= 1
    again = write_faceset(
        coloured.directory,
        images,
        name="noise",
        version="1.0",
        classes=("a", "b"),
        id=coloured.id,
        split=coloured.split,
        expression=coloured.expression,
    )
    assert resized_file(again, 10, 3).path != first


def test_another_torch_gets_another_file(coloured, monkeypatch):
    first = resized_file(coloured, 10, 3).path
    assert re.fullmatch(r"noise-10x10x3-[0-9a-f]{16}\.npy", first.name) and first.with_suffix(".lock").exists()
    assert resized_file(coloured, 10, 1).path.name.startswith("noise-10x10x1-")
    monkeypatch.setattr(torch, "__version__", "0.1")
    assert resized_file(coloured, 10, 3).path != first


def test_a_file_of_another_shape_is_refused(coloured):
    path = resized_file(coloured, 10, 3).path
    resized_file(coloured, 5, 3).path.replace(path)
    line = f"{path}: found (50, 3, 5, 5); expected (50, 3, 10, 10); delete it"
    with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
        resized_file(coloured, 10, 3)


def test_a_header_that_was_cut_is_begun_again(coloured):
    path = resized_file(coloured, 10, 3).path
    whole = path.read_bytes()
    for rest in (whole[:40], whole[:127], whole[:128], whole[: 128 + 299]):
        path.unlink()
        path.with_suffix(".part").write_bytes(rest)
        assert resized_file(coloured, 10, 3).path.read_bytes() == whole


def test_no_room_is_said_before_writing(coloured, monkeypatch):
    """50 pictures of 128 x 128 x 3 bytes, and twice their digests of 32: 2,460,800."""
    asked, folder = [], coloured.directory.parent / ".resized"
    usage = shutil.disk_usage(coloured.directory)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or usage._replace(free=1_000_000))
    line = f"{folder}: found 1 MiB free; expected 2 MiB for resized pictures; FERBENCH_CACHE names another folder"
    with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
        resized_file(coloured, 128, 3)
    assert asked == [folder] and not list(folder.glob("*.npy"))
    for free, enough in ((50 * (300 + 64) - 1, False), (50 * (300 + 64), True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage._replace(free=free))
        with contextlib.nullcontext() if enough else pytest.raises(BadInput, match="MiB free"):
            resized_file(coloured, 10, 3)
    monkeypatch.setattr(Path, "mkdir", lambda *a, **k: (_ for _ in ()).throw(PermissionError("read-only")))
    line = f"{folder}: found no right to write; expected some, for resized pictures; FERBENCH_CACHE names another folder"
    with pytest.raises(BadInput, match=f"^{re.escape(line)}$"):
        resized_file(coloured, 12, 3)


def test_who_waits_for_another_process_can_be_stopped(coloured, monkeypatch):
    path = resized_file(coloured, 10, 3).path
    path.unlink()
    monkeypatch.setattr(streaming, "LOCK_POLL_SECONDS", 0.01)
    asked = iter([False, False, True])
    with FileLock(path.with_suffix(".lock")):
        line = re.escape(f"stopped while another process made {path}")
        with pytest.raises(Interrupted, match=f"^{line}$"):
            resized_file(coloured, 10, 3, lambda: next(asked))
    assert list(asked) == [] and not path.exists()


def test_a_stop_is_heeded_within_half_a_second_and_a_cache_may_be_anywhere(coloured, monkeypatch, tmp_path):
    waited = []

    class Held:
        is_locked = False

        def __init__(self, path):
            self.path = path

        def acquire(self, timeout):
            waited.append((self.path.parent, timeout))
            raise Timeout(str(self.path))

    cache = tmp_path / "some" / "where"
    monkeypatch.setenv("FERBENCH_CACHE", str(cache))
    monkeypatch.setattr(streaming, "FileLock", Held)
    with pytest.raises(Interrupted):
        resized_file(coloured, 10, 3, lambda: True)
    assert waited == [(cache, 0.5)]


def test_pictures_for_a_gpu_are_read_into_pinned_memory(monkeypatch):
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda found: pinned.append(found) or found)
    array = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
    for kind, channels_last in (("cuda", True), ("cpu", True), ("cuda", False)):
        images = Streamed(Watched(array), np.array([1, 0]), torch.device(kind), channels_last=channels_last)
        assert images.shape == ((2, 3, 2, 2) if channels_last else (2, 2, 2, 3)) and len(images) == 2
        expected = array.transpose(0, 3, 1, 2) if channels_last else array
        np.testing.assert_array_equal(images._read(np.array([0])), expected[[1]])
    assert len(pinned) == 2
    moved, to = [], torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda *given, **named: moved.append(named) or to(*given, **named))
    images = Streamed(Watched(array), np.array([1, 0]), torch.device("meta"))
    assert images[0:1].device.type == "meta" and moved == [{"non_blocking": True}]  # the copy waits for nothing


def _resize(directory, out) -> None:
    torch.set_num_threads(1)
    resampling.CHUNK = 1  # so that the processes meet in the middle
    true, done = resampling.resized, []
    resampling.resized = lambda *given: done.append(1) or true(*given)
    found = resized_file(open_faceset(directory), 13, 3)
    out.put((len(done), found[:].tobytes()))


def test_processes_share_one_file(coloured):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    queue = context.Queue()
    processes = [context.Process(target=_resize, args=(coloured.directory, queue)) for _ in range(3)]
    for process in processes:
        process.start()
    found = [queue.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    expected = resampling.resized(coloured.pictures, np.arange(N), 13, 3).numpy().tobytes()
    assert sorted(done for done, _ in found) == [0, 0, N] and all(pictures == expected for _, pictures in found)


def test_a_finished_run_loads_no_pictures(tmp_path, tiny_faces, tiny_protocol, tiny_cell, monkeypatch):
    places = Site(tiny_faces.directory.parent, tmp_path / "runs", CPU)
    runs = [Run(tiny_protocol(epochs=1), tiny_cell(), seed) for seed in (0, 1)]
    loads, true = [], runner.load_splits
    monkeypatch.setattr(runner, "load_splits", lambda *args, **kwargs: loads.append(kwargs) or true(*args, **kwargs))
    worker = Worker(places, lambda: False, jobs=2)
    lines = [worker(run) for run in runs]
    assert len(loads) == 1 and loads[0]["jobs"] == 2
    again = Worker(places, lambda: False)
    assert [again(run).rsplit("(", 1)[0] for run in runs] == [line.rsplit("(", 1)[0] for line in lines]
    assert len(loads) == 1


def test_control_groups(tmp_path):
    """Version 2 nested in version 1 lines; room is the least over the group and those above it."""
    root, membership = tmp_path / "cgroup", tmp_path / "membership"
    membership.write_text("4:cpu,memory:/job\n0::/a/b\n")
    for group, limit, used, pages in (("a", "1000", "900", 300), ("a/b", "max", "10", 0)):
        (root / group).mkdir(parents=True, exist_ok=True)
        (root / group / "memory.max").write_text(limit + "\n")
        (root / group / "memory.current").write_text(used + "\n")
        (root / group / "memory.stat").write_text(f"anon 1\nfile {pages}\n")
    (root / "memory" / "job").mkdir(parents=True)
    (root / "memory" / "job" / "memory.limit_in_bytes").write_text("5000")
    (root / "memory" / "job" / "memory.usage_in_bytes").write_text("1000")
    (root / "memory" / "job" / "memory.stat").write_text("total_cache 7\n")
    assert sorted(memory._control_groups(root, membership)) == [1000 - 900 + 300, 5000 - 1000 + 7]
    assert list(memory._control_groups(root, tmp_path / "none")) == []


def test_jobs_share_the_memory(monkeypatch):
    monkeypatch.delenv(memory.LIMIT, raising=False)
    monkeypatch.setattr(memory, "available", lambda device: 1000)
    assert [memory.resident_limit(CPU, jobs) for jobs in (1, 2)] == [250, 125]


def test_where_the_system_says_nothing_of_memory(monkeypatch):
    """As on macOS and Windows: no /proc, no control groups, no glibc; in the last step also no `resource`."""
    mine = memory.peak_memory(CPU)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 0 < mine < 1.1 * 1024 * resident  # only the latter includes the parent process

    def absent(path, *_, **__):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", absent)
    installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert memory.available(CPU) == installed
    assert memory.peak_memory(CPU) >= 1024 * resident
    monkeypatch.setattr(sys, "platform", "darwin")
    assert resident <= memory.peak_memory(CPU) < 1024 * resident  # macOS counts in bytes
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory.peak_memory(CPU) is None
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    assert memory.keep_freed() is False


LIMITED = """
    import dataclasses, json, sys, torch
    from pathlib import Path
    torch.set_num_threads(1)
    from benchmark.protocol.cells import Run, find_cell
    from benchmark.measures.speed.streaming import bench_protocol, limited
    run = Run(bench_protocol(32), find_cell("narrow8-12-identity-working-plain"), 0)
    print(json.dumps(limited(Path(sys.argv[1]), run, int(sys.argv[2]), 20)))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space and reads /proc")
@pytest.mark.parametrize("side", [32, 64])
def test_training_in_a_process_smaller_than_its_pictures(tmp_path, side):
    """The address space is limited to what the idle process takes and 700 MiB; the network's input takes 1000 MiB."""
    from benchmark.measures.speed.streaming import write_noise

    directory = write_noise(tmp_path, side, 1000 * 2**20 * (side // 32) ** 2)
    code = "\n".join(line[4:] for line in LIMITED.splitlines())

    def run(**environment):
        command = [sys.executable, "-c", code, str(directory), str(700 * 2**20)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
        return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    found = run()
    assert found.get("streamed") and found["images_per_second"] > 0, found
    assert found["peak_bytes"] < 1000 * 2**20
    assert "failed" in run(**{memory.LIMIT: str(sys.maxsize)})
