"""What the end of a file's name says about it. Capitals do not matter: use `suffix_of`."""

from pathlib import Path

PREDICTIONS = (".csv", ".npz")
ONNX = (".onnx",)
PROGRAM, SCRIPTS = ".pt2", (".torchscript", ".ts")
EXPORTED = (PROGRAM, *SCRIPTS)
MODELS = (*ONNX, *EXPORTED)  # files that hold a whole model
SAFETENSORS = ".safetensors"
# The format of weights is told by their contents. ".tar" is the end of .pth.tar.
WEIGHTS = (SAFETENSORS, ".pt", ".pth", ".bin", ".tar", ".ckpt", ".t7", ".pkl", ".model", ".checkpoint", ".weights")


def suffix_of(path: Path | str) -> str:
    """The last suffix of a file's name in small letters, with its dot; "" without one."""
    return Path(path).suffix.lower()
