"""Shared fixtures. Tests of real data run where FER_DATA points to it and skip elsewhere."""

import argparse
import gc
import hashlib
import importlib.util
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

# The cores are shared among pytest-xdist's workers, before any conftest.py below this folder imports torch.
if _workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // _workers)))


MEMORY = Path("/dev/shm")  # Linux's file system in memory
NEEDED = 6 << 30  # bytes; the temporary files of all tests have less than two


def pytest_configure(config):
    """Temporary files are kept in memory where there is plenty: modules that write many took twice the time on a disk. After
    a failure they stay until the next run. Slow tests, some of which look at what a disk does, have one; so has who gives
    --basetemp."""
    usual = config.getoption("markexpr") == "not slow" and config.getoption("basetemp") is None
    if usual and "PYTEST_DEBUG_TEMPROOT" not in os.environ and _plenty(MEMORY):
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


def _plenty(memory: Path) -> bool:
    """Whether files of this file system may be run, and there is room in it and in the machine's memory."""
    try:
        there, machine = os.statvfs(memory), Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]
    except (AttributeError, OSError, IndexError):  # another system
        return False
    free, runs = there.f_bavail * there.f_frsize, not there.f_flag & os.ST_NOEXEC
    return runs and os.access(memory, os.W_OK) and min(free, 1024 * int(machine)) > NEEDED


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection():
    """Modules and thousands of tests are made, and none goes."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish():
    """What all modules have imported stays until the end: a full collection, for which statsmodels asks in each correction
    of p-values, no longer looks through it (half a second)."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure():
    """Else the libraries of torch would miss their objects at the end of the process."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_the_disk():
    """A replaced file is on the disk before it takes its place (`benchmark.files`), which takes milliseconds for each. Tests
    kill processes and not the machine: for them it is enough that the system has the bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # an error still for what is no open file
        yield


@pytest.fixture(scope="session", autouse=True)
def no_translations():
    """argparse looks for a translation of each of its words on the disk, whenever a parser is made: three times a verb."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse, "_", str)
        yield


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """A function (name, make) -> folder. Of pytest-xdist's workers, the first that asks for a name makes the folder; the
    others wait, and get the same. No test may change what is in it."""
    own = tmp_path_factory.getbasetemp()
    top = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        with FileLock(top / f"{name}.lock"):
            if not (top / name).exists():
                part = top / f"{name}.part"
                shutil.rmtree(part, ignore_errors=True)  # of a worker whose `make` failed
                part.mkdir()
                make(part)
                part.rename(top / name)
        return top / name

    return folder


@pytest.fixture(autouse=True)
def same_draws():
    """The same random numbers for a test whatever ran before it; nothing is imported for it."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture
def one_thread():
    """Networks as small as those of the tests take many times as long with threads that wait for each other."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def fer_data() -> Path:
    """The folder of real data sets (fer2013/, ferplus/, ...), from the environment variable FER_DATA."""
    folder = os.environ.get("FER_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("FER_DATA names no folder: tests on real data need one (see docs/data)")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def official_csv(fer_data, tmp_path_factory, request) -> Path:
    """The complete fer2013.csv (301 MB), expanded once from the pack in FER_DATA and kept in pytest's cache folder."""
    script = fer_data / "fer2013" / "expand.py"
    if not script.is_file():
        pytest.skip(f"no {script.relative_to(fer_data)} in FER_DATA")
    digest = hashlib.sha256(script.read_bytes() + (fer_data / "fer2013" / "rows.npz").read_bytes()).hexdigest()[:12]
    cache = getattr(request.config, "cache", None)  # absent under -p no:cacheprovider
    folder = cache.mkdir("fer2013") if cache else tmp_path_factory.mktemp("fer2013")
    csv = Path(folder) / f"fer2013-{digest}.csv"
    with FileLock(csv.with_suffix(".lock")):  # of the workers, one expands it
        if not csv.is_file():
            arrays, part = csv.with_suffix(".npz"), csv.with_suffix(".part")
            subprocess.run([sys.executable, script, "--npz", arrays], check=True)
            write_fer2013(arrays, part)
            arrays.unlink()
            part.replace(csv)
    return csv


def write_fer2013(arrays: Path, csv: Path) -> None:
    """The csv that `expand.py` writes, from its arrays, in a quarter of the time: the digits of all pixels of some pictures
    are put side by side as bytes, and those that are there are taken."""
    import numpy as np

    digits = np.array([list(f"{value} ".encode().ljust(4, b"\0")) for value in range(256)], np.uint8)
    with np.load(arrays) as stored, open(csv, "wb") as out:
        images, label, usage = stored["images"].reshape(len(stored["images"]), -1), stored["label"], stored["usage"]
        out.write(b"emotion,pixels,Usage\n")
        for row, picture in enumerate(images):
            text = digits[picture].ravel()
            name = (b"Training", b"PublicTest", b"PrivateTest")[usage[row]]
            out.write(b"%d,%b,%b\n" % (label[row], text[text > 0].tobytes()[:-1], name))


@pytest.fixture(scope="session")
def tiny_faces(tmp_path_factory):
    """A FaceSet of 160 coloured 16 x 16 squares in three splits whose class and valence/arousal can be learnt."""
    import numpy as np

    from benchmark.faces.faceset import write_faceset

    rng = np.random.default_rng(5)
    n, classes = 160, ("low", "middle", "high")
    label = np.arange(n) % 3
    level = 60 + 70 * label[:, None, None, None] + rng.normal(0, 25, (n, 16, 16, 3))
    return write_faceset(
        tmp_path_factory.mktemp("prepared") / "tiny",
        level.clip(0, 255).astype(np.uint8),
        name="tiny",
        version="1.0",
        classes=classes,
        id=[f"tiny-{row}" for row in range(n)],
        split=["train" if row < 100 else "validation" if row < 125 else "test" for row in range(n)],
        expression=label,
        valence=(label - 1) * 0.8,
        arousal=rng.uniform(-1, 1, n),
    )


@pytest.fixture(scope="session")
def tiny_protocol():
    """A function (task, changes) -> Protocol over `tiny_faces`; changes of recipe fields go in the argument `recipe`."""
    from benchmark.files import read_yaml
    from benchmark.protocol.protocol import RECIPES, protocol_from

    def make(task: str = "categorical", recipe: dict | None = None, **changes):
        contents = {
            "name": f"tiny-{task}",
            "version": "1.0",
            "data": "tiny",
            "data_version": "1.0",
            "task": task,
            "classes": ["low", "middle", "high"] if task == "categorical" else [],
            "splits": {"train": "train", "validation": "validation", "test": "test"},
            "input_size": 16,
            "channels": 3,
            "recipe_name": "standard",
            "epochs": 3,
            "selection": "best-validation",
            "tta": ["none", "flip"],
        }
        base = read_yaml(RECIPES)["standard"] | {"batch_size": 16}
        return protocol_from(contents | changes, "test", recipe=base | (recipe or {}))

    return make


@pytest.fixture(scope="session")
def tiny_cell():
    """A function (loss, options) -> Cell of the smallest residual network."""
    from benchmark.protocol.cells import Cell

    def make(loss: str = "plain", **options):
        chosen = {"units": [1, 1, 1], "widths": [4, 8], "shortcut": "adaptive"} | options
        return Cell(name="tiny", model="residual", options=chosen, loss=loss)

    return make


@pytest.fixture(scope="session")
def copied():
    """A context of multiprocessing whose processes begin as copies of one that has imported torch, in which nothing was
    computed yet: each would import it again, which takes 3 seconds."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch._dynamo", "benchmark.measures.speed.turns", "benchmark.measures.gradients.plan"])
    return context


@pytest.fixture(scope="module")
def quick_workers(copied):
    """Worker processes (`benchmark.workers`) are `copied`, for tests of what workers compute; what a worker is, tests of new
    interpreters show (test_workers.py, test_ways.py, kills)."""
    from benchmark import workers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers.multiprocessing, "get_context", lambda kind: copied)
        yield


def _module(name: str):
    """A module beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def hostile():
    """The module hostile.py beside this file: what a stranger may write, and how to find what came of it."""
    return _module("hostile")


@pytest.fixture(scope="session")
def killed():
    """The module killed.py beside this file: a child process dies before one of its calls that change the file system."""
    return _module("killed")
