"""Every registered model runs and learns; parameter counts equal published or hand-derived ones."""

import pytest
import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.protocol import registry
from benchmark.protocol.building import create


def conv(inputs, outputs, kernel=3, bias=True):
    return kernel * kernel * inputs * outputs + outputs * bias


def vgg13_parameters(outputs, channels, size):
    widths = (64, 64, 128, 128, 256, 256, 256, 256, 256, 256)
    total = sum(conv(i, o) for i, o in zip((channels, *widths), widths, strict=False))
    flat = 256 * (size // 16) ** 2
    return total + (flat + 1) * 1024 + 1025 * 1024 + 1025 * outputs


def mini_xception_parameters(outputs, channels):
    total = conv(channels, 8, bias=False) + conv(8, 8, bias=False) + 2 * 2 * 8
    for i, o in ((8, 16), (16, 32), (32, 64), (64, 128)):
        total += i * o + 2 * o  # strided 1x1 and its BN
        total += 9 * i + i * o + 2 * o + 9 * o + o * o + 2 * o  # two separable convolutions and their BN
    return total + conv(128, outputs)


# Published totals with 1000 outputs and 3 channels (torchvision's num_params), and the width before the output layer.
RESNETS = {
    "resnet18": (11_689_512, 512),
    "resnet34": (21_797_672, 512),
    "resnet50": (25_557_032, 2048),
    "resnet101": (44_549_160, 2048),
}


def resnet_parameters(name, outputs, channels):
    total, width = RESNETS[name.removesuffix("-smallstem")]
    stem = conv(channels, 64, 3 if name.endswith("-smallstem") else 7, bias=False)
    return total - (width + 1) * 1000 + (width + 1) * outputs - conv(3, 64, 7, bias=False) + stem


def expected_parameters(name, outputs, channels, size):
    if name in ("bregnext-50", "identity-50", "residual"):
        adaptive = 48 if name == "bregnext-50" else 0
        return 3_072_648 + adaptive + 129 * (outputs - 8) + 9 * 32 * (channels - 3)
    if name == "vgg13":
        return vgg13_parameters(outputs, channels, size)
    if name == "mini-xception":
        return mini_xception_parameters(outputs, channels)
    return resnet_parameters(name, outputs, channels)


NAMES = ["residual", "bregnext-50", "identity-50", "vgg13", "mini-xception"]
NAMES += [name + stem for name in RESNETS for stem in ("", "-smallstem")]


def test_these_are_the_registered_models():
    own = {name for name, entry in registry.models().items() if entry.value.startswith(("ablations.", "baselines."))}
    assert own == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_shape_and_finite_gradients(name):
    if "resnet" in name:
        pytest.importorskip("timm")
    model = create(name, num_outputs=7, in_channels=1, input_size=32)
    assert sum(p.numel() for p in model.parameters()) == expected_parameters(name, 7, 1, 32)
    outputs = model.train()(torch.randn(2, 1, 32, 32))
    assert outputs.shape == (2, 7) and outputs.dtype == torch.float32
    nn.functional.cross_entropy(outputs, torch.tensor([1, 6])).backward()
    for parameter_name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), parameter_name
    assert any(p.grad.abs().max() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", ["bregnext-50", "vgg13", "mini-xception", "resnet18", "resnet18-smallstem"])
@pytest.mark.parametrize("size", [48, 64])
def test_other_sizes_colours_and_two_outputs(name, size):
    if "resnet" in name:
        pytest.importorskip("timm")
    model = create(name, num_outputs=2, in_channels=3, input_size=size).eval()
    assert sum(p.numel() for p in model.parameters()) == expected_parameters(name, 2, 3, size)
    with torch.no_grad():
        outputs = model(torch.randn(1, 3, size, size))
    assert outputs.shape == (1, 2) and outputs.isfinite().all()


def test_published_counts():
    assert vgg13_parameters(8, 1, 64) == 8_757_704  # the paper: 8.75 M
    assert mini_xception_parameters(7, 1) == 56_951
    model = create("mini-xception", num_outputs=7, in_channels=1, input_size=64)
    running = sum(b.numel() for name, b in model.named_buffers() if "running" in name)
    assert 56_951 + running == 58_423  # Keras counts these too; the paper: about 60 thousand


def test_identity_50_is_bregnext_50_but_for_the_shortcut_scalars():
    own = create("bregnext-50", num_outputs=8, in_channels=3, input_size=64)
    other = create("identity-50", num_outputs=8, in_channels=3, input_size=64, normalisation="frozen")
    shapes = {name: p.shape for name, p in own.named_parameters() if ".shortcut." not in name}
    assert {name: p.shape for name, p in other.named_parameters()} == shapes
    with pytest.raises(BadInput, match="normalisation"):
        create("identity-50", num_outputs=8, in_channels=3, input_size=64, normalisation="none")


def test_small_stem_keeps_the_picture_size():
    pytest.importorskip("timm")
    pictures = torch.randn(1, 3, 40, 40)
    for name, side in (("resnet18", 10), ("resnet18-smallstem", 40)):
        model = create(name, num_outputs=7, in_channels=3, input_size=40).eval()
        sides = []
        model.layer1.register_forward_hook(lambda _m, _i, out, sides=sides: sides.append(out.shape[-1]))
        model(pictures)
        assert sides == [side]


@pytest.mark.parametrize("size", [7, 8])
def test_mini_xception_pools_as_keras_same(size):
    from baselines.mini_xception import SeparableModule

    module = SeparableModule(2, 3).eval()
    module.bypass = nn.Sequential(nn.Conv2d(2, 3, 1, bias=False))
    nn.init.zeros_(module.bypass[0].weight)
    x = torch.randn(1, 2, size, size)
    features = module.separable(x)
    out = -(-size // 2)
    total = (out - 1) * 2 + 3 - size
    padded = nn.functional.pad(features, (total // 2, total - total // 2) * 2, value=-float("inf"))
    torch.testing.assert_close(module(x), nn.functional.max_pool2d(padded, 3, 2))


@pytest.mark.parametrize(("name", "size"), [("vgg13", 15), ("mini-xception", 4)])
def test_sizes_too_small_are_refused(name, size):
    with pytest.raises(BadInput, match="at least"):
        create(name, num_outputs=7, in_channels=1, input_size=size)


def test_mini_xception_trains_on_a_cpu_at_the_papers_size(copied):
    """In a process of its own, because a strided 1x1 convolution of few channels corrupts memory there (oneDNN 6035): the
    gradients of the first module's bypass, against those of the strided convolution in float64."""
    script = """
import torch
from torch import nn
from benchmark.protocol.building import create
torch.set_num_threads(1)
model = create("mini-xception", num_outputs=7, in_channels=3, input_size=64).to(memory_format=torch.channels_last)
first = next(m for m in model.modules() if hasattr(m, "bypass"))
kept = []
first.register_forward_hook(lambda _, given, out: kept.append(given[0].detach()))
first.bypass[0].register_full_backward_hook(lambda _, __, given: kept.append(given[0]))
for _ in range(3):
    kept.clear()
    model.zero_grad()
    model(torch.randn(7, 3, 64, 64).contiguous(memory_format=torch.channels_last)).square().sum().backward()
exact = nn.Conv2d(8, 16, 1, stride=2, bias=False).double()
exact(kept[0].double().contiguous()).backward(kept[1].double().contiguous())
found = first.bypass[0].weight.grad.double()
assert (found - exact.weight.grad).abs().max() < 1e-4 * exact.weight.grad.abs().max()
"""
    process = copied.Process(target=exec, args=(script, {}))
    process.start()
    process.join()
    assert process.exitcode == 0
