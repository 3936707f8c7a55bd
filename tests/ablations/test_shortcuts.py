"""The bounded shortcut against high-precision closed forms, against plain autograd, and against its own bound."""

import math

import pytest
import torch

from ablations import kernels
from ablations.shortcuts import AdaptiveBounded, FixedBounded, Identity, bounded

DTYPES = (torch.float32, torch.float64)


@pytest.fixture(params=["compiled", "torch"], autouse=True)
def implementation(request, monkeypatch):
    """Every test with the compiled kernels (which take float32) and without."""
    if request.param == "torch":
        monkeypatch.setattr(kernels, "library", lambda: None)
    elif kernels.library() is None:
        pytest.skip("no compiler, or switched off")


def plain(x, a, c):
    """The formula as the released script writes it, differentiated by autograd."""
    s = torch.sqrt(1 + c**2)
    return torch.atan(a * x / s) / (a * s)


def evaluate(x, a, c, function=bounded):
    """H and its gradients in x, a and c at one point."""
    point = [torch.as_tensor(value).clone().requires_grad_() for value in (x, a, c)]
    h = function(*point)
    return (h.item(), *(gradient.item() for gradient in torch.autograd.grad(h, point)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("a", "c"), [(1.0, 1.0), (0.97, 1.01), (-2.5, 0.3), (1e-3, 1.0), (1e-6, -0.7), (30.0, 2.0)])
def test_value_and_gradients_are_accurate_from_tiny_to_huge_arguments(dtype, a, c):
    mp = pytest.importorskip("mpmath")
    tolerance = {torch.float32: 2e-6, torch.float64: 2e-14}[dtype]
    with mp.workdps(60):
        for exponent in range(-32, 25):  # u from 1e-8 to 1e6
            point = [torch.tensor(v, dtype=dtype) for v in (10 ** (exponent / 4) * math.hypot(1, c) / a, a, c)]
            x_, a_, c_ = (mp.mpf(v.item()) for v in point)
            s = mp.sqrt(1 + c_**2)
            h, slope = mp.atan(a_ * x_ / s) / (a_ * s), 1 / (1 + c_**2 + a_**2 * x_**2)
            expected = (h, slope, (x_ * slope - h) / a_, -c_ / s**2 * (h + x_ * slope))
            for found, exact in zip(evaluate(*point), expected, strict=True):
                assert abs(found - exact) <= tolerance * abs(exact), (exponent, found, exact)


def test_gradients_equal_those_of_the_plain_formula():
    x = torch.randn(3, 4, 5, dtype=torch.float64)
    weights = torch.randn_like(x)
    results = []
    for function in (bounded, plain):
        x_ = x.clone().requires_grad_()
        a, c = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (0.8, -1.7))
        loss = (weights * function(x_, a, c)).sum()
        results.append((loss, *torch.autograd.grad(loss, (x_, a, c))))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-14)


def test_gradcheck_on_fresh_points():
    for _ in range(3):
        x = (3 * torch.randn(4, 3, dtype=torch.float64)).requires_grad_()
        a, c = (torch.randn((), dtype=torch.float64).requires_grad_() for _ in range(2))
        assert torch.autograd.gradcheck(bounded, (x, a, c))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_of_zero_is_the_limit_with_finite_gradients(dtype):
    for x in (-1e6, -2.0, 0.0, 1e-6, 0.3, 7e5):
        c = 1.5
        h, dx, da, dc = evaluate(*(torch.tensor(value, dtype=dtype) for value in (x, 0.0, c)))
        assert h == pytest.approx(x / (1 + c * c), rel=1e-6)
        assert dx == pytest.approx(1 / (1 + c * c), rel=1e-6)
        assert da == 0
        assert dc == pytest.approx(-2 * c * x / (1 + c * c) ** 2, rel=1e-6)


def test_values_do_not_jump_as_a_approaches_zero():
    x, c = torch.linspace(-50, 50, 101, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64)
    for a in (1e-10, 1e-20, 1e-30, 1e-300, -1e-25):
        h = bounded(x, torch.tensor(a, dtype=torch.float64), c)
        torch.testing.assert_close(h, x / (1 + c * c), rtol=1e-14, atol=0)


def test_slope_is_positive_and_bounded_and_the_value_saturates():
    x = torch.cat([torch.randn(500) * 10**k for k in range(-3, 6)]).double().requires_grad_()
    for a, c in torch.randn(20, 2, dtype=torch.float64):
        h = bounded(x, a, c)
        (slope,) = torch.autograd.grad(h.sum(), x)
        assert slope.min() > 0
        assert slope.max() <= (1 / (1 + c * c)) * (1 + 1e-15)
        assert h.abs().max() <= math.pi / 2 / (a.abs() * torch.sqrt(1 + c * c)) * (1 + 1e-15)


def test_even_in_a_and_c_and_odd_in_x():
    x = torch.randn(1000)
    a, c = torch.randn(()), torch.randn(())
    h = bounded(x, a, c)
    assert torch.equal(h, bounded(x, -a, c))
    assert torch.equal(h, bounded(x, a, -c))
    assert torch.equal(h, -bounded(-x, a, c))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_low_precision_inputs_are_computed_in_float32(dtype):
    x = (5 * torch.randn(2, 3, 4, 4)).to(dtype).requires_grad_()
    shortcut = AdaptiveBounded()
    with torch.autocast("cpu", dtype=dtype):
        h = shortcut(x)
    h.float().sum().backward()
    exact = x.detach().double().requires_grad_()
    a, c = (torch.ones((), dtype=torch.float64, requires_grad=True) for _ in range(2))
    expected = plain(exact, a, c)
    expected.sum().backward()
    assert h.dtype == x.grad.dtype == dtype
    assert torch.equal(h, expected.float().to(dtype)) or (h - expected).abs().max() < torch.finfo(dtype).eps
    # Computed in the input's own precision the sums would miss by parts in a hundred.
    assert shortcut.a.grad.item() == pytest.approx(a.grad.item(), rel=1e-5, abs=1e-5)
    assert shortcut.c.grad.item() == pytest.approx(c.grad.item(), rel=1e-4, abs=1e-4)


def test_only_the_input_and_two_scalars_are_kept_for_the_backward_pass():
    kept = []
    x = torch.randn(2, 8, 16, 16, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (kept.append(t.numel()), t)[1], lambda t: t):
        AdaptiveBounded()(x)
    assert sorted(kept) == [1, 1, x.numel()]


def test_channels_last_is_kept():
    x = torch.randn(2, 8, 5, 5).contiguous(memory_format=torch.channels_last).requires_grad_()
    h = AdaptiveBounded()(x)
    h.sum().backward()
    assert h.is_contiguous(memory_format=torch.channels_last)
    assert x.grad.is_contiguous(memory_format=torch.channels_last)


def test_modules_and_their_parameters():
    x = torch.randn(50, dtype=torch.float64)
    assert Identity()(x) is x
    fixed, adaptive = FixedBounded(), AdaptiveBounded()
    torch.testing.assert_close(fixed(x), torch.atan(x / 2**0.5) / 2**0.5)
    assert torch.equal(fixed(x), adaptive(x))
    assert not list(fixed.parameters()) and not fixed.state_dict()
    assert {name: value.item() for name, value in adaptive.named_parameters()} == {"a": 1, "c": 1}


@pytest.mark.slow
def test_compiles_into_one_graph():
    x = torch.randn(64, requires_grad=True)
    shortcut = AdaptiveBounded()
    inputs = (x, shortcut.a, shortcut.c)
    expected = torch.autograd.grad(shortcut(x).sum(), inputs)
    found = torch.autograd.grad(torch.compile(shortcut, backend="aot_eager", fullgraph=True)(x).sum(), inputs)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
