"""The environment of a run: versions, machine, device, commit. Stored in every record."""

import importlib.metadata
import importlib.util
import os
import platform
from pathlib import Path

import numpy as np
import torch

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.runs.commit import commit


def processor_name() -> str:
    """The processor's model name, or its architecture if the system does not give a model name."""
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


def describe(device: torch.device) -> dict[str, Json]:
    """Versions, machine and commit, as JSON-able values. Always the same on one machine and checkout."""
    versions: dict[str, str | int | None] = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    if device.type == "cuda":
        versions["cuda"] = torch.version.cuda
        versions["cudnn"] = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]  # torch gives it no types
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


def pick_device(name: str) -> torch.device:
    """The torch device of that name. "auto" is the current GPU if there is one, else the CPU. BadInput for a device that is
    not here, and for a kind of device that torch has and nothing of the suite was ever run on."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if gpus else "cpu")
    here = ["cpu", *(["cuda"] if gpus else []), *(f"cuda:{number}" for number in range(gpus))]
    if name not in here:
        raise BadInput("--device", f"'{name}'", f"one of auto, {', '.join(here)}" + ("" if gpus else "; torch finds no GPU"))
    return torch.device(name)


def synchronise(device: torch.device) -> None:
    """Wait until a GPU has finished all work queued on it. Does nothing on a CPU."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
