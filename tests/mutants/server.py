"""A process that has imported the large packages once, and runs pytest in copies of itself, on a tree of its own."""

import contextlib
import gc
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# Imported before the first fork; nothing of the suite itself, which each copy imports from the tree as it is then. Nothing
# is computed here: threads would not come along.
LARGE = (
    "torch", "numpy", "pandas", "sklearn.metrics", "scipy.stats", "scipy.special", "statsmodels.stats.contingency_tables",
    "matplotlib.pyplot", "matplotlib.figure", "jinja2", "yaml", "PIL.Image", "pytest", "hypothesis", "timm", "krippendorff",
    "torchmetrics", "torch.utils.data", "safetensors.torch", "torch._dynamo", "coverage", "xdist",
)  # fmt: skip
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def copy_of(root: Path, tree: Path) -> None:
    """A clone of the repository with the working tree's changes, in `tree`."""
    subprocess.run(["git", "clone", "-q", "--shared", str(root), str(tree)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-m", "-o", "--exclude-standard"], cwd=root, check=True, capture_output=True, text=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        (tree / name).unlink(missing_ok=True)
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes((root / name).read_bytes())


def warm(tree: Path) -> None:
    """Import what is large, and let the copies find the tree, not what is installed, in processes that they start too."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"), PYTHONPATH=str(tree), MPLBACKEND="agg")
    os.environ.pop("FER_DATA", None)  # tests of real data are no part of this
    sys.path.insert(0, str(tree))
    sys.path[:] = [place for place in sys.path if place not in {"", str(Path(__file__).parents[2])}]
    for name in LARGE:
        try:
            importlib.import_module(name)
        except ImportError:
            print(f"not imported beforehand: {name}", file=sys.stderr)
    gc.collect()
    gc.freeze()  # the copies share these pages and look at none of them
    assert not any(name == "benchmark" or name.startswith("benchmark.") for name in sys.modules)


def forked(tree: Path, work: Callable[[], int], output: Path, limit: float) -> int | None:
    """The exit status of `work`, done in a copy of this process in `tree`; None if it took longer than `limit` seconds."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.setsid()
            os.chdir(tree)
            into = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(into, 1)
            os.dup2(into, 2)
            with tempfile.TemporaryDirectory(prefix="mutants-") as own:
                os.environ["TMPDIR"] = tempfile.tempdir = own
                status = work()
        finally:
            os._exit(status)
    end = time.monotonic() + limit
    try:
        while time.monotonic() < end:
            done, state = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(state)
            time.sleep(0.02)
        return None
    finally:  # the copy itself, if it still runs, and what it may have left behind
        _end(child)


def _end(group: int) -> None:
    """End the processes of the copy's own group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(group, 0)
