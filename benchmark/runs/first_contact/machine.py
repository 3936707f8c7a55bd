"""The machine for which a choice of path is valid."""

import subprocess

import torch

from benchmark.files import Json
from benchmark.runs import environment


def machine(device: torch.device) -> dict[str, Json]:
    """What identifies the machine for which a choice is valid: GPU (or processor), driver, torch and CUDA."""
    return {
        "device": environment.device_name(device),
        "driver": _driver() if device.type == "cuda" else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda if device.type == "cuda" else None,
        "threads": torch.get_num_threads(),
    }


def _driver() -> str | None:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.partition("\n")[0].strip() or None
