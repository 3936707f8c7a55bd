"""The compiled passes and convolutions against torch's operators in float64, and the network with them and without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from ablations import fused, kernels
from ablations.network import FrozenBatchNorm2d, residual

LAST = torch.channels_last
needs_kernels = pytest.mark.skipif(kernels.library() is None, reason="no compiler, or switched off")


def pictures(*shape, spread=2.0):
    return (spread * torch.randn(shape)).contiguous(memory_format=LAST)


@needs_kernels
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 5, 7, 2), (2, 24, 9, 9), (4, 32, 33, 17), (1, 300, 3, 5)])
def test_affine_elu_and_its_gradient_follow_the_formula(shape):
    x, gradient = pictures(*shape), pictures(*shape)
    scale, shift, mean = torch.randn(3, shape[1])
    exact = x.double().requires_grad_()
    z = exact * scale.double()[:, None, None] + shift.double()[:, None, None]
    z.retain_grad()
    expected = functional.elu(z)
    y = kernels.affine_elu(x, scale, shift, torch.empty_like(x))
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=1e-6)
    expected.backward(gradient.double())
    total, product = kernels.elu_backward(gradient, y, x, mean)
    torch.testing.assert_close(gradient.double(), z.grad, rtol=1e-5, atol=1e-6)
    tolerance = {"rtol": 1e-5, "atol": 1e-5 * x[0, 0].numel() * len(x)}
    torch.testing.assert_close(total, z.grad.sum((0, 2, 3)), **tolerance)
    product_ = (z.grad * (exact - mean.double()[:, None, None])).sum((0, 2, 3))
    torch.testing.assert_close(product, product_, **tolerance)
    kept = gradient.double()
    kernels.affine_backward(gradient, x, scale, shift, mean)
    a, b, c = (each.double()[:, None, None] for each in (scale, shift, mean))
    torch.testing.assert_close(gradient.double(), kept * a + exact * b + c, rtol=1e-5, atol=1e-5)


@needs_kernels
def test_elu_is_accurate_near_zero_and_far_below():
    z = torch.cat([-torch.logspace(-30, 2, 5000, dtype=torch.float64).float(), torch.tensor([-0.0, -1e30, 3.0])])
    one, none = torch.ones(1), torch.zeros(1)
    y = kernels.affine_elu(z.view(-1, 1, 1, 1), one, none, torch.empty(len(z), 1, 1, 1)).flatten()
    expected = functional.elu(z.double())
    assert ((y - expected).abs() <= 2e-7 * expected.abs()).all()


@needs_kernels
def test_what_is_not_finite_stays_so():
    """Divergence has to be seen: a kernel that swallowed NaN would report a finite loss."""
    odd = torch.tensor([float("nan"), float("inf"), -float("inf")]).view(3, 1, 1, 1)
    one, none = torch.ones(1), torch.zeros(1)
    y = kernels.affine_elu(odd, one, none, torch.empty_like(odd)).flatten()
    assert y[0].isnan() and y[1] == float("inf") and y[2] == -1
    h = kernels.bounded(odd, 1.0, 1.0, torch.empty_like(odd)).flatten()
    assert h[0].isnan() and h[1:].tolist() == pytest.approx([torch.pi / 2, -torch.pi / 2])
    kernels.bounded_backward(torch.ones_like(odd), odd, 1.0, 1.0, out := torch.empty_like(odd))
    assert out.flatten()[0].isnan()
    x = pictures(1, 32, 8, 8)
    x[0, 3, 2, 2] = float("nan")
    assert kernels.convolution(x, torch.randn(3, 3, 32, 32), None)[0, :, 1:4, 1:4].isnan().all()
    of_filters, of_bias = kernels.convolution_gradient(x, torch.ones(1, 32, 8, 8).contiguous(memory_format=LAST))
    assert of_filters[:, 3].isnan().all() and of_bias.tolist() == [64] * 32
    mean, variance = kernels.statistics(x)
    assert mean[3].isnan() and variance[3].isnan() and mean[:3].isfinite().all()


@needs_kernels
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 2), (3, 5, 7, 2), (2, 24, 9, 9), (4, 32, 33, 17), (1, 300, 3, 5), (3, 16, 60, 60)]
)
def test_statistics_are_those_of_float64_far_from_zero_too(shape):
    x = pictures(*shape, spread=3.0) + 1000 * torch.arange(shape[1])[:, None, None]
    mean, variance = kernels.statistics(x)
    expected = x.double().var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(mean, x.double().mean((0, 2, 3)), rtol=5e-7, atol=1e-6)
    # Each value is rounded to 2^-24 of the mean: that of the deviations from it, which are up to 4 spreads of 3.
    rounding = 2**-23 * x.double().mean((0, 2, 3)).abs() * expected.sqrt()
    assert ((variance - expected).abs() <= 1e-5 * expected + rounding).all()


SHAPES = [
    ((2, 32, 16, 16), 32), ((3, 64, 13, 7), 32), ((1, 32, 1, 1), 96), ((5, 96, 4, 5), 64), ((1, 128, 16, 16), 128),
    ((2, 16, 12, 12), 16), ((7, 16, 23, 9), 48), ((3, 48, 6, 30), 16), ((9, 16, 48, 48), 32),
]  # fmt: skip


@needs_kernels
@pytest.mark.parametrize(("shape", "outputs"), SHAPES)
@pytest.mark.parametrize("with_bias", [True, False])
def test_convolution_is_that_of_the_direct_sum(shape, outputs, with_bias):
    """Rounding: Winograd's transforms multiply by up to 8 and divide by up to 24; ten times the direct sum's is allowed."""
    x, weight = pictures(*shape), torch.randn(outputs, shape[1], 3, 3) / (9 * shape[1]) ** 0.5
    bias = torch.randn(outputs) if with_bias else None
    exact = functional.conv2d(x.double(), weight.double(), bias.double() if with_bias else None, padding=1)
    found = kernels.convolution(x, weight.permute(2, 3, 1, 0), bias)
    direct = functional.conv2d(x, weight, bias, padding=1)
    assert found.is_contiguous(memory_format=LAST)
    error, direct_error = ((each - exact).pow(2).mean().sqrt() for each in (found, direct))
    assert error < 10 * direct_error + 1e-7


@needs_kernels
@pytest.mark.parametrize(("shape", "outputs"), SHAPES)
def test_gradients_of_filters_and_bias_are_those_of_the_direct_sum(shape, outputs):
    """Against autograd in float64. Sums over many pictures: the error is relative to the size of the gradient."""
    x, gradient = pictures(*shape), pictures(shape[0], outputs, *shape[2:])
    weight, bias = (
        torch.zeros(*size, dtype=torch.float64, requires_grad=True) for size in ((outputs, shape[1], 3, 3), (outputs,))
    )
    functional.conv2d(x.double(), weight, bias, padding=1).backward(gradient.double())
    found = kernels.convolution_gradient(x, gradient)
    for one, exact in zip(found, (weight.grad, bias.grad), strict=True):
        assert one.shape == exact.shape
        assert (one - exact).pow(2).mean().sqrt() < 1e-5 * exact.pow(2).mean().sqrt()


@needs_kernels
def test_every_width_of_register_gives_the_same_convolutions(tmp_path):
    """Compiled as if the processor had less: AVX2's vectors of 8, SSE's of 4. The operators are those of the wider form."""
    script = (
        "import sys, torch; from ablations import kernels; torch.manual_seed(0); "
        "x, g = (torch.randn(5, c, 13, 10).contiguous(memory_format=torch.channels_last) for c in (48, 32)); "
        "y = kernels.convolution(x, torch.randn(3, 3, 48, 32), torch.randn(32)); "
        "torch.save([y, *kernels.convolution_gradient(x, g), *kernels.statistics(x)], sys.argv[1])"
    )
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    narrower = [flag for name, flag in ((" avx512f ", "-mno-avx512f"), (" avx ", "-mno-avx")) if name in flags]
    if not narrower:
        pytest.skip("a processor without AVX has one width")
    found = []
    for k, flag in enumerate(["", *narrower]):
        cache = {"XDG_CACHE_HOME": str(tmp_path), "CC": f"{os.environ.get('CC', 'cc')} {flag}", "HOME": str(tmp_path)}
        given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(kernels.SOURCES[0].parents[1]), **cache}
        subprocess.run([sys.executable, "-c", script, str(tmp_path / f"{k}.pt")], env=given, check=True)
        found.append(torch.load(tmp_path / f"{k}.pt", weights_only=True))
    assert len(list((tmp_path / "ferbench").glob("*.so"))) == len(found), "a library each"
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            torch.testing.assert_close(one, same, rtol=0, atol=2e-5 * one.abs().max().item())


@needs_kernels
@pytest.mark.parametrize("norm", [nn.BatchNorm2d, FrozenBatchNorm2d])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("channels", "stride", "edges"), [(32, 1, ()), (5, 1, ()), (32, 2, (0, 1, 0, 1)), (6, 2, (1, 1, 1, 1))]
)
def test_one_operation_equals_the_three_modules(norm, training, channels, stride, edges):
    """Value, every gradient and the running statistics, against torch's own modules in float64."""
    normalise, convolve = norm(channels), nn.Conv2d(channels, 64, 3, stride, padding=1 if stride == 1 else 0)
    with torch.no_grad():
        normalise.weight.uniform_(0.5, 2)
        normalise.bias.normal_()
        if norm is nn.BatchNorm2d:
            normalise.running_mean.normal_()
            normalise.running_var.uniform_(0.5, 2)
    size = 7 if edges == (1, 1, 1, 1) else 8
    x, there = pictures(6, channels, size, size).requires_grad_(), norm(channels).double()
    there.load_state_dict(normalise.state_dict())
    there.train(training)
    weight, bias = (each.detach().double().requires_grad_() for each in (convolve.weight, convolve.bias))
    exact = x.detach().double().requires_grad_()
    padded = functional.pad(functional.elu(there(exact)), edges or (0, 0, 0, 0))
    expected = functional.conv2d(padded, weight, bias, stride, convolve.padding)
    batch = training and norm is nn.BatchNorm2d
    found = fused.activated_convolution(x, normalise, convolve, edges, batch_statistics=batch)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=2e-5)
    given = torch.randn_like(found)
    found.backward(given)
    expected.backward(given.double())
    pairs = [
        (x.grad, exact.grad),
        (normalise.weight.grad, there.weight.grad),
        (normalise.bias.grad, there.bias.grad),
        (convolve.weight.grad, weight.grad),
        (convolve.bias.grad, bias.grad),
    ]
    for one, other in pairs:
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=2e-5 * other.abs().max().item())
    for name, value in normalise.state_dict().items():
        torch.testing.assert_close(value.double(), there.state_dict()[name].double(), rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        again = fused.activated_convolution(x, normalise, convolve, edges, batch_statistics=batch)
    torch.testing.assert_close(again, found)


def loss_and_gradients(model, x, labels):
    model.zero_grad()
    loss = functional.cross_entropy(model(x), labels)
    loss.backward()
    return [loss.detach(), *(p.grad.clone() for p in model.parameters())]


@needs_kernels
@pytest.mark.parametrize("unit_order", ["pre-activation", "post-activation"])
@pytest.mark.parametrize("normalisation", ["working", "frozen"])
@pytest.mark.parametrize("shortcut", ["identity", "fixed", "adaptive"])
def test_the_network_gives_the_same_loss_and_gradients(shortcut, normalisation, unit_order, monkeypatch):
    """With the kernels in float32 and on torch's operators in float64, two steps of training and an evaluation."""
    options = {"units": (2, 1, 1), "widths": (32, 64), "shortcut": shortcut, "normalisation": normalisation}
    model = residual(5, 3, 14, **options, unit_order=unit_order).to(memory_format=LAST)
    reference = residual(5, 3, 14, **options, unit_order=unit_order).double()
    reference.load_state_dict(model.state_dict())
    assert model.implementation == "compiled kernels" and reference.implementation == "torch"
    for _ in range(2):
        x, labels = pictures(9, 3, 14, 14, spread=1), torch.arange(9) % 5
        found = loss_and_gradients(model, x, labels)
        expected = loss_and_gradients(reference, x.double(), labels)
        scale = max(
            each.abs().max().item() for each in expected[1:]
        )  # a bias before a working BatchNorm has none of its own
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=2e-5 * scale)
    model.eval(), reference.eval()
    with torch.inference_mode():
        torch.testing.assert_close(model(x).double(), reference(x.double()), rtol=1e-4, atol=1e-4)
        fast = model(x)
        monkeypatch.setattr(kernels, "library", lambda: None)
        torch.testing.assert_close(model(x), fast, rtol=1e-4, atol=1e-4)
        assert model.implementation == "torch" and not torch.equal(model(x), fast)


@needs_kernels
def test_nothing_depends_on_the_number_of_threads():
    before, found = torch.get_num_threads(), []
    wide, gradient = pictures(8, 32, 32, 32), pictures(8, 32, 32, 32)
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            own, out = gradient.clone(), torch.empty_like(wide)
            sums = kernels.elu_backward(own, wide, wide, torch.zeros(32))
            found.append((own, sums, torch.tensor(kernels.bounded_backward(gradient, wide, 1.0, 1.0, out)), out))
            found[-1] += (kernels.convolution(wide, torch.ones(3, 3, 32, 32) / 9, None), *kernels.statistics(wide))
            found[-1] += kernels.convolution_gradient(wide, gradient)
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(one, same) for one, same in zip(found[0], other, strict=True))


def test_only_float32_with_channels_innermost_is_taken():
    x = torch.randn(2, 3, 4, 4)
    assert not kernels.usable(x) and not kernels.usable(x.double().contiguous(memory_format=LAST))
    x = x.contiguous(memory_format=LAST)
    assert kernels.usable(x) == (kernels.library() is not None)
    with torch.autocast("cpu", torch.bfloat16):
        assert not kernels.usable(x)


def test_without_a_compiler_the_network_runs_on_torch_and_says_so(tmp_path, monkeypatch, capsys):
    def run(**variables):
        given = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), **variables}
        with monkeypatch.context() as patch:
            for name, value in given.items():
                patch.setenv(name, value)
            kernels.library.cache_clear()
            try:
                network = residual(2, 3, 8, units=(1,), widths=(4,))
                print(network(torch.zeros(1, 3, 8, 8)).shape, network.implementation, network.implementation)
            finally:
                kernels.library.cache_clear()  # the next test loads the library anew
        return capsys.readouterr().out

    told = run(CC="no-such-compiler")
    assert told.count("slower") == 1 and "no-such-compiler" in told and told.rstrip().endswith("torch torch")
    (tmp_path / "broken").write_text("#!/bin/sh\n[ $1 = --version ] || { echo no room >&2; exit 1; }\n")
    (tmp_path / "broken").chmod(0o755)
    told = run(CC=str(tmp_path / "broken"))
    assert "no room" in told and not list((tmp_path / "cache").rglob("*.so"))
    assert run(FERBENCH_KERNELS="off") == "torch.Size([1, 2]) torch torch\n"
