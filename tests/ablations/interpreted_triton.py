"""The Triton kernels in Triton's interpreter, on a CPU. test_triton_shortcut.py runs this file in a process of its own,
because the interpreter must be chosen before Triton is imported."""

import math

import pytest
import torch

from ablations import kernels, shortcuts, triton_shortcut
from ablations.network import residual
from ablations.shortcuts import AdaptiveBounded, FixedBounded
from ablations.triton_shortcut import BLOCK, bounded

CLAST = torch.channels_last
PAIRS = [(1.0, 1.0), (0.97, 1.01), (-2.5, 0.3), (1e-3, 1.0), (1e-6, -0.7), (30.0, 2.0)]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's, of the branch that is not taken


@pytest.fixture(autouse=True)
def taken(monkeypatch):
    """As on a GPU: Triton's kernels and none of the CPU's."""
    monkeypatch.setattr(shortcuts, "_takes_triton", lambda x: True)
    monkeypatch.setattr(kernels, "usable", lambda *_: False)


def exact(x, a, c, gradient):
    """The formula in float64 and its gradients, by autograd: (y, of x, of a, of c)."""
    point = [each.detach().double().requires_grad_() for each in (x, a, c)]
    s = torch.sqrt(1 + point[2] ** 2)
    y = torch.atan(point[1] * point[0] / s) / (point[1] * s)
    return y.detach(), *torch.autograd.grad(y, point, gradient.double())


@pytest.mark.parametrize(("a", "c"), PAIRS)
def test_value_and_gradients_are_accurate_from_tiny_to_huge_arguments(a, c):
    """As in test_shortcuts.py, with its tolerance for float32."""
    mp = pytest.importorskip("mpmath")
    with mp.workdps(60):
        for exponent in range(-32, 25, 2):  # u from 1e-8 to 1e6
            point = [torch.tensor(v).requires_grad_() for v in (10 ** (exponent / 4) * math.hypot(1, c) / a, a, c)]
            x_, a_, c_ = (mp.mpf(v.item()) for v in point)
            s = mp.sqrt(1 + c_**2)
            h, slope = mp.atan(a_ * x_ / s) / (a_ * s), 1 / (1 + c_**2 + a_**2 * x_**2)
            expected = (h, slope, (x_ * slope - h) / a_, -c_ / s**2 * (h + x_ * slope))
            y = bounded(*point)
            for found, right in zip((y, *torch.autograd.grad(y, point)), expected, strict=True):
                assert abs(found.item() - right) <= 2e-6 * abs(right), (exponent, found, right)


@pytest.mark.parametrize("count", [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 100])
def test_sums_over_blocks(count):
    x, gradient = 4 * torch.randn(count), torch.randn(count)
    a, c = torch.tensor(0.8), torch.tensor(-1.7)
    point = [each.requires_grad_() for each in (x, a, c)]
    y = bounded(*point)
    found = torch.autograd.grad(y, point, gradient)
    right = exact(x, a, c, gradient)
    torch.testing.assert_close(y.double(), right[0], rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(found[0].double(), right[1], rtol=2e-6, atol=1e-9)
    # The sums, on the scale of their terms: these have both signs.
    for one, other in zip(found[1:], right[2:], strict=True):
        assert abs(one - other) < 1e-6 * count**0.5
    again = torch.autograd.grad(bounded(*point), point, gradient)
    assert all(torch.equal(one, other) for one, other in zip(found, again, strict=True))


def test_the_sum_over_very_many_blocks():
    """More blocks than one round of the last kernel takes, with a sum that float32 alone would miss."""
    blocks = 2 * BLOCK + 5
    partial = torch.rand(blocks, 3) + 1000
    a, c, gradients = torch.tensor(-0.5), torch.tensor(0.75), (torch.zeros(()), torch.zeros(()))
    triton_shortcut._of_scalars[(1,)](partial.flatten(), a, c, *gradients, blocks, width=BLOCK)
    angles, values, odds = partial.double().sum(0).tolist()
    assert gradients[0].item() == pytest.approx(odds / 1.25, rel=2e-7)
    assert gradients[1].item() == pytest.approx(-(angles / (0.5 * 1.25) + values) * 0.75 / 1.25**2, rel=2e-7)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_is_computed_in_float32(dtype):
    x, gradient = (5 * torch.randn(2, 3, 20, 20)).to(dtype), torch.randn(2, 3, 20, 20).to(dtype)
    a, c = torch.tensor(1.2), torch.tensor(0.6)
    point = [each.requires_grad_() for each in (x, a, c)]
    y = bounded(*point)
    found, right = torch.autograd.grad(y, point, gradient), exact(x, a, c, gradient)
    assert y.dtype == found[0].dtype == dtype and found[1].dtype == torch.float32
    epsilon = torch.finfo(dtype).eps  # of the one rounding, of the result; the interpreter cuts bfloat16 off
    torch.testing.assert_close(y.double(), right[0], rtol=epsilon, atol=1e-7)
    torch.testing.assert_close(found[0].double(), right[1], rtol=epsilon, atol=1e-7)
    for one, other in zip(found[1:], right[2:], strict=True):
        assert one.item() == pytest.approx(other.item(), rel=1e-5, abs=1e-5)


def test_layouts_of_value_and_gradient():
    x = torch.randn(2, 8, 5, 5).contiguous(memory_format=CLAST).requires_grad_()
    a, c = (torch.tensor(v, requires_grad=True) for v in (0.7, 1.1))
    for gradient in (torch.randn(2, 8, 5, 5), torch.randn(1, 1, 5, 5).expand(2, 8, 5, 5)):
        y = bounded(x, a, c)
        found, right = torch.autograd.grad(y, (x, a, c), gradient), exact(x, a, c, gradient)
        assert y.is_contiguous(memory_format=CLAST) and found[0].is_contiguous(memory_format=CLAST)
        for one, other in zip((y, *found), right, strict=True):
            torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=1e-5)


def test_a_of_zero_nan_infinity_and_nothing():
    a, c = torch.zeros((), requires_grad=True), torch.tensor(1.5, requires_grad=True)
    x = torch.tensor([-1e6, -2.0, 0.0, 0.3, 7e5]).requires_grad_()
    y = bounded(x, a, c)
    found = torch.autograd.grad(y.sum(), (x, a, c))
    torch.testing.assert_close(y, x / 3.25, rtol=1e-6, atol=0)
    torch.testing.assert_close(found[0], torch.full((5,), 1 / 3.25))
    assert found[1] == 0 and found[2].item() == pytest.approx(-3 * x.sum().item() / 3.25**2, rel=1e-6)
    one = torch.ones(())
    edge = bounded(torch.tensor([math.inf, -math.inf, math.nan]), one, one)
    assert edge[:2].tolist() == pytest.approx([math.pi / 8**0.5, -math.pi / 8**0.5]) and edge[2].isnan()
    assert bounded(torch.empty(0, 3), one, one).shape == (0, 3)


def test_sums_are_left_out_where_nobody_asks(monkeypatch):
    launched = []

    class Seen:
        def __init__(self, name):
            self.name, self.kernel = name, getattr(triton_shortcut, name)

        def __getitem__(self, grid):
            launched.append(self.name)
            return self.kernel[grid]

    for name in ("_forward", "_backward", "_of_scalars"):
        monkeypatch.setattr(triton_shortcut, name, Seen(name))
    x = torch.randn(50).requires_grad_()
    y = (shortcut := FixedBounded())(x)
    shortcut.triton = True
    mine = shortcut(x)
    torch.testing.assert_close(mine, y)
    torch.testing.assert_close(*(torch.autograd.grad(each.sum(), x)[0] for each in (mine, y)))
    assert launched == ["_forward", "_backward"]
    adaptive = AdaptiveBounded()
    adaptive.triton = True
    adaptive(x).sum().backward()
    assert launched[-1] == "_of_scalars"


@pytest.mark.parametrize("shortcut", ["fixed", "adaptive"])
def test_a_network_learns_the_same(shortcut):
    """Loss and every gradient with Triton's kernels, against torch's operators, in float64 for the reference."""
    torch.manual_seed(1)
    model = residual(3, 3, 16, units=[1, 1, 1], widths=[4, 8], shortcut=shortcut, normalisation="frozen")
    pictures, targets = torch.randn(5, 3, 16, 16).contiguous(memory_format=CLAST), torch.tensor([0, 1, 2, 1, 0])

    def step(network, inputs):
        loss = torch.nn.functional.cross_entropy(network(inputs), targets)
        return loss, *torch.autograd.grad(loss, list(network.parameters()))

    calls, launched = [], triton_shortcut.bounded
    for each in model.shortcuts_for_triton:
        each.triton = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(triton_shortcut, "bounded", lambda *given: calls.append(1) or launched(*given))
        found = step(model, pictures)
    for unit in model.units:
        unit.shortcut.triton = False
    right = step(model.double(), pictures.double())
    assert len(calls) == 3
    for one, other in zip(found, right, strict=True):
        assert (one - other).norm() <= 1e-4 * other.norm() + 1e-8


@pytest.mark.parametrize("backend", ["aot_eager", "inductor"])
def test_torch_compile_keeps_the_network_in_one_graph(backend):
    """Forward and backward pass, compiled without a break, equal the eager ones."""
    torch.manual_seed(2)
    model = residual(3, 3, 8, units=[1], widths=[4], shortcut="adaptive", normalisation="frozen")
    model.shortcuts_for_triton[0].triton = True
    pictures = torch.randn(2, 3, 8, 8).contiguous(memory_format=CLAST)
    whole, given = torch.compile(model, backend=backend, fullgraph=True, dynamic=False), list(model.parameters())
    found = [torch.autograd.grad(own(pictures).square().sum(), given) for own in (whole, model)]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_torch_s_own_checks_of_an_operator():
    given = [torch.randn(2, 3, requires_grad=True), *(torch.tensor(v, requires_grad=True) for v in (0.7, 1.1))]
    torch.library.opcheck(bounded, tuple(given))
