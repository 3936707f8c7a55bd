"""The Triton kernels of the bounded shortcut: their numbers in Triton's interpreter, and on a GPU."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ablations.network import residual
from ablations.shortcuts import AdaptiveBounded

pytest.importorskip("triton")
HERE = Path(__file__).parent


def test_numbers_in_the_interpreter():
    """Every test of interpreted_triton.py. (It is its own process: Triton reads TRITON_INTERPRET when it is imported.)"""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "interpreted_triton.py")]
    given = os.environ | {"TRITON_INTERPRET": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=given)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_network_without_bounded_shortcuts_has_no_use_for_it():
    assert residual(3, 3, 16, units=[1], widths=[4], shortcut="identity").shortcuts_for_triton == []


def test_on_a_cpu_nothing_changes():
    x, shortcut = torch.randn(2, 4, 6, 6), AdaptiveBounded()
    before = shortcut(x)
    shortcut.triton = True
    assert torch.equal(shortcut(x), before)


@pytest.mark.parametrize("dtype", ["fp32", "bf16", "fp16"])
def test_kernels_are_compiled_for_a_gpu_that_is_not_here(dtype, monkeypatch, tmp_path):
    """To machine code of compute capability 9.0, by the assembler that Triton brings. Nothing is computed in less than
    float32, and no register is spilled to memory."""
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource, compile

    from ablations import triton_shortcut

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    point, size = {"a_at": "*fp32", "c_at": "*fp32"}, {"width": "constexpr"}
    faces = {"g_at": f"*{dtype}", "x_at": f"*{dtype}"}
    signatures = {
        "_forward": {"x_at": f"*{dtype}"} | point | {"y_at": f"*{dtype}", "count": "i32"} | size,
        "_backward": faces
        | point
        | {"result_at": f"*{dtype}", "sums_at": "*fp32", "count": "i32", "sums": "constexpr"}
        | size,
        "_of_scalars": {"sums_at": "*fp32"}
        | point
        | {"gradient_a_at": "*fp32", "gradient_c_at": "*fp32", "blocks": "i32"}
        | size,
    }
    for name, signature in signatures.items():
        for sums in (True, False) if name == "_backward" else (True,):
            fixed = {"width": triton_shortcut.BLOCK, "sums": sums}
            fixed = {key: value for key, value in fixed.items() if signature.get(key) == "constexpr"}
            source = ASTSource(fn=getattr(triton_shortcut, name), signature=signature, constexprs=fixed)
            code = compile(source, target=GPUTarget("cuda", 90, 32)).asm
            assert len(code["cubin"]) > 1000
            operations = re.findall(r"^\s+(?:@%p\d+ )?([a-z]+[a-z0-9_.]*)", code["ptx"], re.MULTILINE)
            narrow = [each for each in operations if re.search(r"\.b?f16(x2)?$", each)]
            assert not [each for each in narrow if not each.startswith("cvt.f32.")], name
            assert not [each for each in operations if re.match(r"(ld|st)\.local", each)], name
            assert "fma.rn.f32" in code["ptx"] or name == "_of_scalars"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_numbers_on_a_gpu(dtype, compiled):
    from ablations.triton_shortcut import bounded

    x = (4 * torch.randn(64, 32, 64, 64, device="cuda")).to(dtype).contiguous(memory_format=torch.channels_last)
    gradient = torch.randn_like(x)
    point = [x.requires_grad_(), *(torch.tensor(v, device="cuda", requires_grad=True) for v in (0.8, -1.7))]
    exact = [each.detach().double().requires_grad_() for each in point]
    s = torch.sqrt(1 + exact[2] ** 2)
    right = torch.atan(exact[1] * exact[0] / s) / (exact[1] * s)
    expected = torch.autograd.grad(right, exact, gradient.double())
    own = torch.compile(bounded, fullgraph=True) if compiled else bounded
    found = [torch.autograd.grad(own(*point), point, gradient) for _ in range(2)]
    rounding = torch.finfo(dtype).eps
    torch.testing.assert_close(own(*point).double(), right, rtol=2 * rounding, atol=1e-6)
    torch.testing.assert_close(found[0][0].double(), expected[0], rtol=2 * rounding + 2e-6, atol=1e-6)
    for one, other in zip(found[0][1:], expected[1:], strict=True):
        assert one.item() == pytest.approx(other.item(), rel=1e-4, abs=1e-2)  # sums of 8 million terms of both signs
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))
