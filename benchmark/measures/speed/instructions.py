"""Instruction sets of the CPU: as the processor has them, or without AVX-512."""

import contextlib
import os
from collections.abc import Iterator

NATIVE = "native"
# Environment of the processes that measure. CC compiles the suite's kernels; in gcc -mno-... wins over -march=native. The
# rest is torch's: its operators (ATen), convolutions (oneDNN), products (MKL), and torch.compile, whose vectors follow ATen.
ENVIRONMENTS: dict[str, dict[str, str]] = {
    NATIVE: {},
    "avx2": {
        "CC": "cc -mno-avx512f",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "TORCHINDUCTOR_CPP_MARCH": "x86-64-v3",
    },
}


@contextlib.contextmanager
def limited(name: str) -> Iterator[None]:
    """A context in which new processes have the environment of the instruction set `name`. A compiler that the variable CC
    names already is kept, with the option added."""
    given = dict(ENVIRONMENTS[name])
    if "CC" in given and os.environ.get("CC"):
        given["CC"] = given["CC"].replace("cc", os.environ["CC"], 1)
    before = {key: os.environ.get(key) for key in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
