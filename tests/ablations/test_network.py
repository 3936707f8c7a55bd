"""The residual family against the released network's counts, plain references of its parts, and its starting state."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from ablations.network import FrozenBatchNorm2d, ResidualUnit, SameConv2d, bregnext_50, residual
from ablations.shortcuts import AdaptiveBounded, FixedBounded, Identity
from benchmark.errors import BadInput

TINY = {"units": (1, 1, 2), "widths": (4, 8)}


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_parameters_equal_the_released_checkpoint_by_kind():
    model = bregnext_50(8, 3, 64)
    kinds = dict.fromkeys(("weights", "biases", "gamma", "beta", "scalars"), 0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            kinds["gamma"] += module.weight.numel()
            kinds["beta"] += module.bias.numel()
        elif isinstance(module, nn.Conv2d | nn.Linear):
            kinds["weights"] += module.weight.numel()
            kinds["biases"] += module.bias.numel()
        elif isinstance(module, AdaptiveBounded):
            kinds["scalars"] += 2
    assert kinds == {"weights": 3_061_600, "biases": 3_688, "gamma": 3_680, "beta": 3_680, "scalars": 48}
    assert parameters(model) == sum(kinds.values()) == 3_072_696
    assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules()) == 50


@pytest.mark.parametrize(
    ("options", "outputs", "expected"),
    [
        ({}, 7, 3_072_567),
        ({"shortcut": "identity"}, 8, 3_072_648),
        ({"shortcut": "fixed"}, 8, 3_072_648),
        ({"normalisation": "frozen"}, 8, 3_072_696),
        # The first BN of the two down-sampling units has 64 and 128 channels instead of 32 and 64: 2 x 96 more.
        ({"unit_order": "post-activation"}, 8, 3_072_888),
    ],
)
def test_parameters_of_the_variants(options, outputs, expected):
    assert parameters(bregnext_50(outputs, 3, 64, **options)) == expected


@pytest.mark.parametrize("size", [5, 6, 7, 12])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_pads_as_tensorflow_same(size, stride):
    convolution = SameConv2d(2, 3, stride).double()
    x = torch.randn(2, 2, size, size, dtype=torch.float64)
    out = -(-size // stride)
    total = max((out - 1) * stride + 3 - size, 0)
    padded = torch.zeros(2, 2, size + total, size + total, dtype=torch.float64)
    padded[:, :, total // 2 : total // 2 + size, total // 2 : total // 2 + size] = x
    expected = torch.empty(2, 3, out, out, dtype=torch.float64)
    for i in range(out):
        for j in range(out):
            patch = padded[:, :, stride * i : stride * i + 3, stride * j : stride * j + 3]
            expected[:, :, i, j] = torch.einsum("nchw,dchw->nd", patch, convolution.weight) + convolution.bias
    torch.testing.assert_close(convolution(x), expected)


@pytest.mark.parametrize("size", [5, 6])
def test_bypass_averages_real_pixels_and_pads_channels_half_and_half(size):
    unit = ResidualUnit(2, 6, 2, "identity", "working", "pre-activation").double().eval()
    nn.init.zeros_(unit.residual[-1].weight)
    nn.init.zeros_(unit.residual[-1].bias)  # F = 0: the bypass alone
    x = torch.randn(1, 2, size, size, dtype=torch.float64)
    y = unit(x)
    side = (size + 1) // 2
    assert y.shape == (1, 6, side, side)
    assert not y[:, :2].any() and not y[:, 4:].any()
    for i in range(side):
        for j in range(side):
            window = x[0, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            torch.testing.assert_close(y[0, 2:4, i, j], window.mean(dim=(1, 2)))


@pytest.mark.parametrize("unit_order", ["pre-activation", "post-activation"])
def test_a_unit_is_its_formula(unit_order):
    unit = ResidualUnit(3, 3, 1, "adaptive", "frozen", unit_order)
    x = torch.randn(2, 3, 6, 6)
    convolutions = [m for m in unit.residual if isinstance(m, nn.Conv2d)]
    norms = [m for m in unit.residual if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)

    def conv(k, z):
        return functional.conv2d(z, convolutions[k].weight, convolutions[k].bias, padding=1)

    def activated(k, z):
        scale, shift = (p.view(1, -1, 1, 1) for p in (norms[k].weight, norms[k].bias))
        z = z * scale / math.sqrt(1 + 1e-5) + shift
        return torch.where(z > 0, z, torch.exp(z) - 1)

    if unit_order == "pre-activation":
        f = conv(1, activated(1, conv(0, activated(0, x))))
    else:
        f = activated(1, conv(1, activated(0, conv(0, x))))
    torch.testing.assert_close(unit(x), f + torch.atan(x / 2**0.5) / 2**0.5, rtol=1e-5, atol=1e-5)


def test_frozen_normalisation_never_updates_and_the_working_one_does():
    x = 3 + 2 * torch.randn(8, 4, 5, 5)
    frozen, working = FrozenBatchNorm2d(4), nn.BatchNorm2d(4)
    nn.init.normal_(frozen.weight)
    expected = x * frozen.weight.view(1, 4, 1, 1) / math.sqrt(1 + 1e-5)
    for mode in (True, False):
        torch.testing.assert_close(frozen.train(mode)(x), expected)
    working(x)
    assert frozen.running_mean.eq(0).all() and frozen.running_var.eq(1).all()
    assert not working.running_mean.eq(0).any()
    model = residual(3, 1, 16, normalisation="frozen", **TINY)
    model.train()(torch.randn(4, 1, 16, 16))
    assert all(m.running_mean.eq(0).all() for m in model.modules() if isinstance(m, nn.BatchNorm2d))


def test_parameters_start_as_in_the_released_script():
    torch.manual_seed(0)
    model = bregnext_50(8, 3, 64)
    assert model.stem.weight.abs().max() <= 1 / 3
    assert model.stem.weight.std().item() == pytest.approx(1 / 3 / math.sqrt(3), rel=0.1)
    for unit in model.units:
        for layer in unit.residual:
            if isinstance(layer, nn.Conv2d):
                fan_in = 9 * layer.in_channels
                assert layer.weight.var().item() * fan_in == pytest.approx(2, rel=0.06)
                assert layer.weight.abs().max() <= 2 * math.sqrt(2.6 / fan_in)
                assert not layer.bias.any()
    gamma = torch.cat([m.weight for m in model.modules() if isinstance(m, nn.BatchNorm2d)])
    assert gamma.mean().item() == pytest.approx(1, abs=2e-4)
    assert gamma.std().item() == pytest.approx(0.002, rel=0.1)
    assert model.output.weight.abs().max() <= 0.04
    assert model.output.weight.std().item() == pytest.approx(0.0176, rel=0.1)
    assert not model.output.bias.any()


def test_the_global_random_stream_decides_the_parameters():
    def build(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in residual(3, 1, 16, **TINY).parameters()])

    assert torch.equal(build(5), build(5))
    assert not torch.equal(build(5), build(6))


@pytest.mark.parametrize(
    ("shortcut", "normalisation", "loss", "stream"),
    [("identity", "working", 2.08, 3.42), ("adaptive", "frozen", 2.06, 3.25), ("adaptive", "working", 2.08, 1.18)],
)
def test_starting_loss_and_residual_stream_are_those_measured_on_the_release(shortcut, normalisation, loss, stream):
    assert start(shortcut, normalisation) == (pytest.approx(loss, rel=0.1), pytest.approx(stream, rel=0.2))


def test_identity_with_frozen_normalisation_starts_with_an_exploding_stream():
    loss, stream = start("identity", "frozen")  # the release: 131 and 784; it depends on the draw
    assert loss > 10
    assert stream > 100


def start(shortcut, normalisation):
    """Cross-entropy and standard deviation after unit 24 of a fresh network in training mode on random pictures."""
    torch.manual_seed(3)
    model = residual(8, 3, 32, shortcut=shortcut, normalisation=normalisation)
    pictures, labels = torch.randn(8, 3, 32, 32), torch.arange(8)
    with torch.no_grad():
        stream = model.units(model.stem(pictures))
        logits = model.output(model.head(stream))
    return functional.cross_entropy(logits, labels).item(), stream.std().item()


def test_units_and_shortcuts_can_be_reached_in_order():
    model = residual(3, 1, 16, shortcut="fixed", units=[2, 1, 1], widths=[4, 8])
    assert [(u.stride, u.residual[-1].out_channels) for u in model.units] == [(1, 4), (1, 4), (2, 8), (1, 8)]
    assert all(isinstance(unit.shortcut, FixedBounded) for unit in model.units)
    assert all(isinstance(unit.shortcut, Identity) for unit in residual(3, 1, 16, **TINY).units)


@pytest.mark.parametrize(
    ("units", "widths", "size", "layers"),
    [((5,), (6,), 9, 12), ((0, 2, 0), (4, 7), 17, 6), ((1, 1, 1, 1, 1, 1, 1), (4, 6, 8, 8), 33, 16)],
)
def test_other_depths_and_odd_sizes(units, widths, size, layers):
    model = residual(2, 1, size, units=units, widths=widths, shortcut="adaptive")
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in model.modules()) == layers
    assert model(torch.randn(2, 1, size, size)).shape == (2, 2)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"shortcut": "atan"}, "shortcut"),
        ({"normalisation": "none"}, "normalisation"),
        ({"unit_order": "figure"}, "unit_order"),
        ({"units": (7, 1)}, "units"),
        ({"units": (7, 0, 8), "widths": (32, 64)}, "units"),
        ({"units": (7.5,), "widths": (32,)}, "units"),
        ({"units": "717"}, "units"),
        ({"units": 7}, "units"),
        ({"widths": (32, 64)}, "widths"),
        ({"widths": (128, 64, 32)}, "widths"),
        ({"widths": (0, 64, 128)}, "widths"),
    ],
)
def test_nonsense_options_are_refused_by_name(options, key):
    with pytest.raises(BadInput, match=key):
        residual(8, 3, 64, **options)
