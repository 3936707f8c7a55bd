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
from ablations.network import FrozenBatchNorm2d, ResidualUnit, residual

LAST = torch.channels_last
needs_kernels = pytest.mark.skipif(kernels.library() is None, reason="no compiler, or switched off")


def pictures(*shape, spread=2.0):
    return (spread * torch.randn(shape)).contiguous(memory_format=LAST)


AS_GIVEN = torch.ones(1), torch.zeros(1), torch.tensor([[0.0], [1.0]]), 0.0  # a normalisation that changes nothing


def statistics(x):
    """Mean and variance; the running ones of a module are not wanted."""
    return kernels.statistics(x, torch.zeros(x.shape[1]), torch.ones(x.shape[1]), 0.1)


@needs_kernels
@pytest.mark.parametrize("of_batch", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1, 2), (3, 5, 7, 2), (2, 24, 9, 9), (4, 32, 33, 17), (1, 300, 3, 5)])
def test_normalisation_with_elu_and_its_gradient_are_those_of_torch(shape, of_batch):
    """Against torch's batch_norm and elu in float64. Statistics that are not those of the batch are constants."""
    x, gradient, more = pictures(*shape), pictures(*shape), pictures(*shape)
    gamma, beta, mean = torch.randn(3, shape[1])
    variance = torch.rand(shape[1]) + 0.5
    if of_batch:
        variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
    found = torch.stack((mean, variance))
    exact, *numbers = (each.double().requires_grad_() for each in (x, gamma, beta))
    normalised = functional.batch_norm(exact, mean.double(), variance.double(), *numbers, training=of_batch, eps=1e-5)
    expected = functional.elu(normalised)
    y = kernels.activated(x, gamma, beta, found, 1e-5, torch.empty_like(x))
    torch.testing.assert_close(y.double(), expected, rtol=1e-5, atol=2e-6)
    expected.backward(gradient.double())
    for added in (None, more):
        own = gradient.clone()
        of_numbers = kernels.activated_backward(own, y, x, gamma, found, 1e-5, of_batch=of_batch, more=added)
        whole = exact.grad if added is None else exact.grad + added.double()
        torch.testing.assert_close(own.double(), whole, rtol=1e-5, atol=1e-4)
        for one, of in zip(of_numbers, numbers, strict=True):
            torch.testing.assert_close(one.double(), of.grad, rtol=1e-5, atol=1e-5 * x[0, 0].numel() * len(x))


@needs_kernels
def test_elu_is_accurate_near_zero_and_far_below():
    z = torch.cat([-torch.logspace(-30, 2, 5000, dtype=torch.float64).float(), torch.tensor([-0.0, -1e30, 3.0])])
    y = kernels.activated(z.view(-1, 1, 1, 1), *AS_GIVEN, torch.empty(len(z), 1, 1, 1)).flatten()
    expected = functional.elu(z.double())
    assert ((y - expected).abs() <= 2e-7 * expected.abs()).all()


@needs_kernels
def test_what_is_not_finite_stays_so():
    """Divergence has to be seen: a kernel that swallowed NaN would report a finite loss."""
    odd = torch.tensor([float("nan"), float("inf"), -float("inf")]).view(3, 1, 1, 1)
    y = kernels.activated(odd, *AS_GIVEN, torch.empty_like(odd)).flatten()
    assert y[0].isnan() and y[1] == float("inf") and y[2] == -1
    h = kernels.bounded(odd, 1.0, 1.0, torch.empty_like(odd)).flatten()
    assert h[0].isnan() and h[1:].tolist() == pytest.approx([torch.pi / 2, -torch.pi / 2])
    kernels.bounded_backward(torch.ones_like(odd), odd, 1.0, 1.0, out := torch.empty_like(odd))
    assert out.flatten()[0].isnan()
    x = pictures(1, 32, 8, 8)
    x[0, 3, 2, 2] = float("nan")
    weight = torch.randn(32, 32, 3, 3)
    assert kernels.convolution(x, weight, None)[0, :, 1:4, 1:4].isnan().all()
    of_filters, of_bias = kernels.convolution_gradient(torch.ones(1, 32, 8, 8).contiguous(memory_format=LAST), x, weight)
    assert of_filters[:, 3].isnan().all() and of_bias.tolist() == [64] * 32
    mean, variance = statistics(x)
    assert mean[3].isnan() and variance[3].isnan() and mean[:3].isfinite().all()


@needs_kernels
@pytest.mark.parametrize(
    "shape", [(1, 1, 1, 2), (3, 5, 7, 2), (2, 24, 9, 9), (4, 32, 33, 17), (1, 300, 3, 5), (3, 16, 60, 60)]
)
def test_statistics_are_those_of_float64_far_from_zero_too(shape):
    x = pictures(*shape, spread=3.0) + 1000 * torch.arange(shape[1])[:, None, None]
    mean, variance = statistics(x)
    expected = x.double().var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(mean.double(), x.double().mean((0, 2, 3)), rtol=5e-7, atol=1e-6)
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
    found = kernels.convolution(x, weight, bias)
    direct = functional.conv2d(x, weight, bias, padding=1)
    assert found.is_contiguous(memory_format=LAST)
    error, direct_error = ((each - exact).pow(2).mean().sqrt() for each in (found, direct))
    assert error < 10 * direct_error + 1e-7
    base = pictures(*found.shape)
    for out in (None, base.clone(memory_format=LAST)):
        again = kernels.convolution(x, weight.contiguous(memory_format=LAST), bias, base if out is None else out, out)
        torch.testing.assert_close(again, found + base)
        assert out is None or again is out


@needs_kernels
@pytest.mark.parametrize(("shape", "outputs"), SHAPES)
def test_gradients_of_a_convolution_are_those_of_the_direct_sum(shape, outputs):
    """Against autograd in float64. Sums over many pictures: the error is relative to the size of the gradient."""
    x, gradient = pictures(*shape), pictures(shape[0], outputs, *shape[2:])
    weight, bias = (torch.randn(*size).double().requires_grad_() for size in ((outputs, shape[1], 3, 3), (outputs,)))
    exact = x.double().requires_grad_()
    functional.conv2d(exact, weight, bias, padding=1).backward(gradient.double())
    for layout in (LAST, torch.contiguous_format):
        filters = weight.detach().float().contiguous(memory_format=layout)
        found = kernels.convolution_of_gradient(gradient, filters), *kernels.convolution_gradient(gradient, x, filters)
        assert found[1].stride() == filters.stride()
        for one, other in zip(found, (exact.grad, weight.grad, bias.grad), strict=True):
            assert one.shape == other.shape
            assert (one - other).pow(2).mean().sqrt() < 1e-5 * other.pow(2).mean().sqrt()


@needs_kernels
def test_every_width_of_register_gives_the_same_convolutions(tmp_path):
    """Compiled as if the processor had less: AVX2's vectors of 8, SSE's of 4. The operators are those of the wider form."""
    script = (
        "import sys, torch; from ablations import kernels; torch.manual_seed(0); "
        "x, g = (torch.randn(5, c, 13, 10).contiguous(memory_format=torch.channels_last) for c in (48, 32)); "
        "w = torch.randn(32, 48, 3, 3); y = kernels.convolution(x, w, torch.randn(32)); "
        "back = kernels.convolution_of_gradient(g, w), *kernels.convolution_gradient(g, x, w); "
        "torch.save([y, *back, kernels.statistics(x, torch.zeros(48), torch.ones(48), 0.1)], sys.argv[1])"
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


@needs_kernels
@pytest.mark.parametrize(
    ("shortcut", "a"), [("identity", None), ("fixed", None), ("adaptive", 1.5), ("adaptive", -0.3), ("adaptive", 0.0)]
)
@pytest.mark.parametrize(("channels", "normalisation"), [(16, "working"), (5, "working"), (32, "frozen")])
def test_a_whole_unit_equals_its_modules(channels, normalisation, shortcut, a):
    """Value, every gradient and the running statistics, against the same unit of torch's modules in float64."""
    unit, there = (ResidualUnit(channels, channels, 1, shortcut, normalisation, "pre-activation") for _ in range(2))
    with torch.no_grad():
        for name, value in unit.state_dict().items():
            if value.is_floating_point() and not name.endswith(("var", ".a")):
                value.add_(torch.randn_like(value) / 4)
        if shortcut == "adaptive":
            unit.shortcut.a.fill_(a)
    there.load_state_dict(unit.state_dict())
    there.double()
    x = pictures(3, channels, 9, 6).requires_grad_()
    exact = x.detach().double().requires_grad_()
    found, expected = unit(x), there(exact)
    assert type(found.grad_fn).__name__ == "_UnitBackward"
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5 * expected.abs().max().item())
    given = torch.randn_like(found)  # a plain layout: the kernels take another
    found.backward(given.contiguous())
    expected.backward(given.double())
    pairs = [
        (x.grad, exact.grad),
        *((one.grad, other.grad) for one, other in zip(unit.parameters(), there.parameters(), strict=True)),
    ]
    scale = max(other.abs().max().item() for _, other in pairs)
    for one, other in pairs:
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=2e-5 * scale)
    for name, value in unit.state_dict().items():
        torch.testing.assert_close(value.double(), there.state_dict()[name].double(), rtol=1e-5, atol=1e-6)


@needs_kernels
def test_no_picture_at_all_has_gradients_of_zero():
    weight = torch.randn(16, 32, 3, 3)
    for one in kernels.convolution_gradient(torch.empty(0, 16, 5, 5), torch.empty(0, 32, 5, 5), weight):
        assert not one.any()


@needs_kernels
def test_one_value_per_channel_has_no_variance():
    """torch's module says so, too."""
    with pytest.raises(ValueError, match=r"more than one value per channel.*\(1, 32, 1, 1\)"):
        residual(2, 3, 1, units=(1,), widths=(32,)).to(memory_format=LAST)(pictures(1, 3, 1, 1))


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
            own, out, weight = gradient.clone(), torch.empty_like(wide), torch.ones(32, 32, 3, 3) / 9
            found.append((statistics(wide), own))
            found[-1] += kernels.activated_backward(
                own, wide, wide, torch.ones(32), found[-1][0], 1e-5, of_batch=True, more=gradient
            )
            found[-1] += torch.tensor(kernels.bounded_backward(gradient, wide, 1.0, 1.0, out)), out
            found[-1] += kernels.convolution(wide, weight, None), kernels.convolution_of_gradient(gradient, weight)
            found[-1] += kernels.convolution_gradient(gradient, wide, weight)
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
