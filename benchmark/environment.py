"""What a run ran on: versions, machine, device, source. Stored in every record."""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmark.registry import TIMM, entry

# The modules that decide what a training run computes.
TRAINING_PATH = (
    "augmentation", "batches", "compiling", "evaluation", "losses", "pixels", "resampling", "seeds", "streaming", "training",
)  # fmt: skip


def processor_name() -> str:
    """The processor's model name, or the architecture where the system does not say."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def device_name(device: torch.device) -> str:
    """Name of the GPU or of the processor."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor_name()


def describe(device: torch.device) -> dict:
    """JSON-able account of versions, machine and source; deterministic on one machine and checkout."""
    versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
    if device.type == "cuda":
        versions |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    if importlib.util.find_spec("timm"):
        versions["timm"] = importlib.metadata.version("timm")
    return {
        "versions": versions,
        "system": f"{platform.system()} {platform.machine()}",
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "commit": commit(),
    }


def commit() -> str | None:
    """The checkout's commit, with "+changes" when tracked files differ; None outside a git checkout."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "*.py", "*.c", "*.yaml")
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def run_digest(run) -> str:
    """`code_digest` of a run: of its cell's model, and of the cross-validation where its protocol has folds."""
    return code_digest(run.cell.model, ("crossvalidation",) if run.protocol.folds else ())


def code_digest(model: str, further: Sequence[str] = ()) -> str:
    """First 16 hexadecimal digits of the SHA-256 over the sources that decide a run's numbers: the training path,
    `further` modules of this package that only some runs use, and the package that offers `model` (timm's version)."""
    here = Path(__file__).parent
    sources = [here / f"{name}.py" for name in (*TRAINING_PATH, *further)]
    module = entry(model).value.split(":")[0]
    package = module.split(".")[0]
    # This package offers timm's networks by one module; its others change without changing a network.
    found = importlib.util.find_spec(module if package == "benchmark" else package)
    if found is not None and found.submodule_search_locations:
        for folder in found.submodule_search_locations:
            sources += sorted(path for path in Path(folder).rglob("*") if path.suffix in (".py", ".c"))
    elif found is not None and found.origin:
        sources.append(Path(found.origin))
    total = hashlib.sha256()
    if model.startswith(TIMM):  # its source is timm's own, which a release may change
        total.update(f"timm {importlib.metadata.version('timm')}\n".encode())
    for path in sources:
        total.update(f"{path.name}\n".encode() + path.read_bytes())
    return total.hexdigest()[:16]
