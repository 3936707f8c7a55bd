"""The layer list against the torch networks and fvcore, the profiler's terms against what the profiler said."""

from collections import Counter

import pytest

from benchmark.outside.release.flops import profiler_terms
from benchmark.outside.release.layers import Network, macs, parameters, units, variables


@pytest.mark.parametrize(
    "classes, shortcut, total", [(8, "adaptive", 3072696), (7, "adaptive", 3072567), (8, "identity", 3072648)]
)
def test_parameters_are_those_of_the_torch_network(classes, shortcut, total):
    from ablations.network import bregnext_50

    network = Network(classes=classes, adaptive=shortcut == "adaptive")
    model = bregnext_50(classes, 3, 64, shortcut=shortcut)
    assert sum(parameters(network).values()) == sum(p.numel() for p in model.parameters()) == total
    # Tensor by tensor: TensorFlow's (height, width, inputs, outputs) is torch's (outputs, inputs, height, width).
    ours = Counter(tuple(reversed(v.shape)) if len(v.shape) == 2 else v.shape for v in variables(network).values())
    theirs = Counter(
        tuple(p.permute(2, 3, 1, 0).shape) if p.ndim == 4 else () if p.numel() == 1 else tuple(p.shape)
        for p in model.parameters()
    )
    assert ours == theirs


@pytest.mark.parametrize(
    "groups, widths, size",
    [((7, 1, 8, 1, 7), (32, 64, 128), 64), ((1, 1, 2), (4, 6), 15), ((2, 2, 0, 1, 1), (4, 8, 8), 21)],
)
def test_macs_are_those_that_fvcore_counts(groups, widths, size):
    from ablations.network import residual
    from benchmark.measures.complexity.measure import count

    counted = count(residual(8, 3, size, units=groups, widths=widths, shortcut="adaptive"), 3, size)
    network = Network(groups, widths)
    assert macs(network, size) == counted["macs"]
    assert sum(parameters(network).values()) == counted["parameters"]["trainable"]


def test_recorded_macs():
    assert macs(Network(), 64) == 1_777_730_560 and macs(Network(), 48) == 999_973_888


def test_names_are_those_of_the_checkpoint():
    names = list(variables(Network()))
    assert names[:6] == [
        "Conv2D/W", "Conv2D/b", "ResidualBlock/BatchNormalization/gamma", "ResidualBlock/BatchNormalization/beta",
        "ResidualBlock/Conv2D/W", "ResidualBlock/Conv2D/b",
    ]  # fmt: skip
    assert names[-4:] == ["BatchNormalization/gamma", "BatchNormalization/beta", "FullyConnected/W", "FullyConnected/b"]
    assert "ResidualBlock_4/shortcut_mod_6/c" in names and len(names) == len(set(names)) == 246
    assert len(units(Network())) == 24 and Network().depth == 50


def test_profiler_terms_add_up_to_what_the_profiler_counted():
    """The recorded answers of TensorFlow 1.14's profiler for the authors' graph."""
    totals = Counter()
    for term in profiler_terms(Network()):
        totals[term.operator] += term.count
    assert (totals["L2Loss"], totals["Mul"], totals["Add"]) == (9_181_679, 3_080_073, 3_069_008)
    assert totals.total() == 15_356_569
    assert totals.total() - totals["L2Loss"] - totals["Mul"] - totals["Add"] == 25_809
    for groups, millions in (((5, 1, 4, 1, 4), 9.25), ((9, 1, 8, 1, 8), 17.02), ((18, 1, 17, 1, 17), 34.50)):
        for adaptive in (True, False):
            own = sum(term.count for term in profiler_terms(Network(groups, adaptive=adaptive)))
            assert round(own / 1e6, 2) == millions
    # Recorded for the identity network is 15,356,448: one less, unexplained.
    assert sum(term.count for term in profiler_terms(Network(adaptive=False))) == 15_356_449
