"""Counts against hand-derived formulas and against torch's own counter; what the counter must not miss."""

import time

import pytest
import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.measures.complexity.measure import count, latency, measure
from benchmark.protocol.building import create

pytest.importorskip("fvcore")


def residual_macs(size, channels, outputs, units=(7, 1, 8, 1, 7), widths=(32, 64, 128)):
    """Multiply-adds layer by layer: 9 x channels in x channels out x pixels out, then the output layer."""
    total, width = 9 * channels * widths[0] * size**2, widths[0]
    for group, number in enumerate(units):
        for _ in range(number):
            size = -(-size // (1 + group % 2))
            wider = widths[(group + 1) // 2]
            total += 9 * width * wider * size**2 + 9 * wider * wider * size**2
            width = wider
    return total + width * outputs


@pytest.mark.parametrize(("size", "expected"), [(64, 1_777_730_560), (48, 999_973_888)])
def test_macs_of_the_network_under_study(size, expected):
    model = create("bregnext-50", num_outputs=8, in_channels=3, input_size=size)
    result = count(model, 3, size)
    assert result["macs"] == residual_macs(size, 3, 8) == expected
    assert result["torch_flops"] == 2 * expected and result["torch_agrees"]
    assert result["parameters"] == {"trainable": 3_072_696, "total": 3_072_696}


def test_elementwise_operations_of_the_network_under_study():
    model = create("bregnext-50", num_outputs=8, in_channels=3, input_size=64)
    result = count(model, 3, 64)
    a, b, c = 32 * 64**2, 64 * 32**2, 128 * 16**2  # elements of a map in each stage
    elementwise = result["elementwise"]
    assert elementwise["atan"] == 8 * a + 9 * b + 7 * c == 1_867_776  # inside a custom autograd function
    # A unit activates its input and its first convolution's result; the last activation is before the pooling.
    assert elementwise["elu"] == (14 + 1) * a + (1 + 16 + 1) * b + (1 + 14 + 1) * c
    assert elementwise["native_batch_norm"] == 2 * elementwise["elu"]
    assert elementwise["avg_pool2d"] == 4 * (a // 4 + b // 4)
    assert elementwise["mean"] == c
    assert elementwise["convolution"] == (1 + 14) * a + (2 + 16) * b + (2 + 14) * c  # biases
    assert result["uncounted"] == {}
    assert result["flops"] == 2 * result["macs"] + sum(elementwise.values())
    assert result["skipped"]["prim::PythonOp._Bounded"] == 24 and result["skipped"]["aten::elu"] == 49


def test_odd_sizes_and_other_depths():
    units, widths = (1, 1, 2), (4, 6)
    model = create("residual", num_outputs=2, in_channels=1, input_size=15, units=units, widths=widths)
    result = count(model, 1, 15)
    assert result["macs"] == residual_macs(15, 1, 2, units, widths) and result["torch_agrees"]


@pytest.mark.parametrize("name", ["vgg13", "mini-xception", "resnet18", "resnet50-smallstem"])
def test_both_counters_agree_and_nothing_is_left_uncounted(name):
    if "resnet" in name:
        pytest.importorskip("timm")
    result = count(lambda: create(name, num_outputs=7, in_channels=1, input_size=32), 1, 32)
    assert result["torch_agrees"] and result["macs"] > 0 and result["uncounted"] == {}


def test_a_small_network_by_hand():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3, padding=1)
            self.norm = nn.BatchNorm2d(2)
            self.output = nn.Linear(2 * 2 * 2, 5)
            self.output.weight.requires_grad_(False)

        def forward(self, x):
            x = nn.functional.avg_pool2d(torch.relu(self.norm(self.conv(x))), 2)
            return torch.softmax(self.output(torch.sigmoid(x).flatten(1)), 1)

    result = count(Network(), 1, 4)
    assert result["macs"] == 9 * 2 * 16 + 8 * 5
    assert result["macs_by_operator"] == {"conv": 288, "linear": 40}
    assert result["elementwise"] == {
        "convolution": 32,
        "native_batch_norm": 64,
        "relu": 32,
        "avg_pool2d": 32,
        "sigmoid": 8,
        "addmm": 5,
        "_softmax": 25,
    }
    assert result["flops"] == 2 * 328 + 198
    assert result["parameters"] == {"trainable": 18 + 2 + 4 + 5, "total": 69}


def test_products_hidden_from_fvcore_are_seen_by_the_cross_check():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, weight):
            return x @ weight

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(4, 4))

        def forward(self, x):
            return Hidden.apply(x, self.weight)

    result = count(Network(), 1, 4)
    assert result["macs"] == 0 and result["torch_flops"] == 2 * 64 and not result["torch_agrees"]
    assert result["skipped"] == {"prim::PythonOp.Hidden": 1}


def test_an_operator_without_a_convention_is_named():
    class Network(nn.Module):
        def forward(self, x):
            return torch.cumsum(x, 3)

    assert count(Network(), 1, 4)["uncounted"] == {"cumsum": 1}


def test_measuring_leaves_the_model_and_the_random_stream_alone():
    model = create("mini-xception", num_outputs=7, in_channels=1, input_size=32)
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes, stream = [m.training for m in model.modules()], torch.get_rng_state()
    result = measure(model, 1, 32, runs=4, warm_up=1)
    assert [m.training for m in model.modules()] == modes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), stream)
    times = result["latency"]
    assert 0 < times["lower_quartile_ms"] <= times["median_ms"] <= times["upper_quartile_ms"]
    assert (times["runs"], times["warm_up"], times["batch"]) == (4, 1, 1)
    assert times["threads"] == torch.get_num_threads() and times["device"]


def resnet18_macs(size, small_stem, outputs=7):
    """ResNet-18 layer by layer (He et al. 2016, table 1): stem, four stages of two basic blocks, output layer."""
    if small_stem:
        total = 9 * 3 * 64 * size**2
    else:
        size = -(-size // 2)
        total = 49 * 3 * 64 * size**2
        size = -(-size // 2)  # max pooling
    width = 64
    for wider, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        size = -(-size // stride)
        total += 9 * width * wider * size**2 + 3 * 9 * wider * wider * size**2
        total += width * wider * size**2 if wider != width else 0  # projection
        width = wider
    return total + width * outputs


@pytest.mark.parametrize("size", [64, 48])
@pytest.mark.parametrize("stem", ["", "-smallstem"])
def test_resnet18_by_hand(size, stem):
    result = count(lambda: create(f"resnet18{stem}", num_outputs=7, in_channels=3, input_size=size), 3, size)
    assert result["macs"] == resnet18_macs(size, bool(stem)) and result["torch_agrees"] and result["uncounted"] == {}


def test_parameters_of_the_identity_shortcut_and_of_seven_classes():
    def parameters(name, outputs):
        model = create(name, num_outputs=outputs, in_channels=3, input_size=64)
        return sum(p.numel() for p in model.parameters())

    assert parameters("bregnext-50", 7) == 3_072_567 and parameters("identity-50", 8) == 3_072_648


@pytest.mark.parametrize(("size", "ptflops", "thop"), [(64, 14_943_111, 14_713_856), (48, 8_405_895, 8_276_992)])
def test_what_counters_of_exact_types_print(size, ptflops, thop):
    """What ptflops 0.7.5 and thop 0.1.1 printed for this network is everything but its convolutions, to the unit."""
    model = create("bregnext-50", num_outputs=7, in_channels=3, input_size=size)
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) == 49 and nn.Conv2d not in {type(module) for module in convolutions}
    elementwise = count(model, 3, size)["elementwise"]
    norms, elu, last = elementwise["native_batch_norm"] // 2, elementwise["elu"], elementwise["mean"]
    pooled = elementwise["avg_pool2d"]  # windows of 4: as many operations as elements before the pooling
    window = last // 128  # pixels that the global pooling averages
    # ptflops: 2 a normalised element, 1 an ELU, once as a module and once as a function; pooling likewise; the last layer.
    assert 2 * norms + 2 * elu + pooled + 2 * last + 128 * 7 + 7 == ptflops
    # thop: 4 a normalised element, the sum and the division of the global pooling, the last layer without its bias.
    assert 4 * norms + 128 * (window + 1) + 128 * 7 == thop


class Sleeper(nn.Module):
    def forward(self, x):
        time.sleep(0.02)
        return x


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_latency_is_bounded_in_time(threads):
    threads(1)
    times = latency(Sleeper(), 1, 4, seconds=0.01)
    assert (times["runs"], times["warm_up"]) == (5, 1)
    times = latency(nn.Identity(), 1, 4, runs=7, warm_up=3, seconds=60)
    assert (times["runs"], times["warm_up"]) == (7, 3)


def test_one_thread_is_timed_by_the_processor_and_several_by_the_wall(threads):
    threads(1)
    times = latency(Sleeper(), 1, 4, runs=3, warm_up=0)
    assert times["clock"] == "processor" and times["median_ms"] < 10, "asleep, the thread has no processor"
    threads(2)
    times = latency(Sleeper(), 1, 4, runs=3, warm_up=0)
    assert times["clock"] == "wall" and times["median_ms"] >= 20


def test_wrong_requests():
    with pytest.raises(BadInput, match="runs"):
        latency(nn.Identity(), 1, 4, runs=1)
    with pytest.raises(BadInput, match="meta"):
        count(nn.Linear(4, 4, device="meta"), 1, 4)
