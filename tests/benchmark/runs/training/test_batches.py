"""Orders and batches against plain loops, an enumeration of every draw, and the authors' counts."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
import torch

from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import load_protocol
from benchmark.runs.training.batches import Batches, shuffled
from benchmark.runs.training.seeds import generator


def steps_of(batches: Batches) -> list[list[list[int]]]:
    """Rows of every step, epoch by epoch."""
    found = []
    for epoch in range(batches.epochs):
        rows = batches.order(epoch).split(batches.size)
        assert len(rows) == batches.steps_before(epoch + 1) - batches.steps_before(epoch)
        found.append([step.tolist() for step in rows])
    return found


@pytest.mark.parametrize("pictures, size, epochs", [(100, 16, 3), (100, 16, 16), (64, 16, 2), (17, 16, 5), (16, 16, 3)])
@pytest.mark.parametrize("buffer", [None, 7])
def test_batches_cross_epochs_as_one_long_list_cut_up(pictures, size, epochs, buffer):
    """The script's shuffle, repeat, batch: the orders of all epochs one after the other, cut every `size` pictures."""
    orders = [Batches(pictures, pictures, epochs, 3, buffer=buffer).order(epoch).tolist() for epoch in range(epochs)]
    assert all(sorted(order) == list(range(pictures)) for order in orders) and orders[0] != orders[1]
    line = sum(orders, [])
    expected = [line[start : start + size] for start in range(0, len(line), size)]
    found = steps_of(Batches(pictures, size, epochs, 3, across_epochs=True, buffer=buffer))
    assert sum(found, []) == expected
    # A step belongs to the epoch of its first picture.
    first = [size * sum(map(len, found[:epoch])) // pictures for epoch in range(epochs)]
    assert first == list(range(epochs))


def test_without_the_field_the_last_incomplete_batch_is_left_out():
    """The stream "order" and nothing else, as in every record made before the field existed."""
    for epoch, steps in enumerate(steps_of(Batches(100, 16, 3, 5))):
        order = torch.randperm(100, generator=generator("cpu", 5, "order", epoch)).tolist()
        assert steps == [order[16 * step : 16 * step + 16] for step in range(6)]


def test_the_scripts_counts_on_fer2013(tiny_cell):
    """28,709 pictures, 100 epochs, batch 64: 2,870,900 = 44,857 x 64 + 52; without crossing 448 x 64 = 28,709 - 37."""
    run = Run(load_protocol("fer2013-7-released"), tiny_cell(), 0)
    batches = Batches.of(run, 28709)
    assert batches == Batches(28709, 64, 100, 0, True, 1192) and batches.steps_before(100) == 44858
    assert len(batches.order(99)) % 64 == 52 and len(batches.order(0)) == 449 * 64
    steps = Counter(batches.steps_before(epoch + 1) - batches.steps_before(epoch) for epoch in range(100))
    assert set(steps) == {448, 449} and steps.total() == 100
    plain = Batches.of(Run(load_protocol("fer2013-7"), tiny_cell(), 0), 28709)
    assert plain == Batches(28709, 64, 60, 0) and len(plain.order(0)) == 28709 - 37
    assert Batches.of(run, 10).size == 10


def every_order(waiting: tuple, held: tuple, drawn: tuple = (), chance=Fraction(1)) -> Counter:
    """Probability of every order that a shuffle buffer can give: each of those held is next with equal probability."""
    if not held:
        return Counter({drawn: chance})
    found = Counter()
    for each in held:
        left = tuple(other for other in held if other != each)
        found += every_order(waiting[1:], left + waiting[:1], (*drawn, each), chance / len(held))
    return found


def test_shuffle_buffer_against_every_draw():
    from scipy.stats import chisquare

    expected, draws = every_order((3, 4), (0, 1, 2)), torch.Generator().manual_seed(1)
    assert sum(expected.values()) == 1 and len(expected) == 54  # 3 x 3 x 3!
    found = Counter(tuple(shuffled(5, 3, draws).tolist()) for _ in range(20000))
    assert set(found) == set(expected)
    observed = [found[order] for order in expected]
    assert chisquare(observed, [float(20000 * p) for p in expected.values()]).pvalue > 0.001


def test_a_shuffle_buffer_hardly_shuffles_fer2013():
    """tf.data of TensorFlow 2.21 gives correlations of 0.9899 to 0.9904 with the file's order, nine orders of 28,709 through
    1,192, and a picture lies 856 to 861 places from its own on average."""
    for seed in range(3):
        order, places = shuffled(28709, 1192, torch.Generator().manual_seed(seed)).numpy(), np.arange(28709)
        assert np.array_equal(np.sort(order), places) and (order - places).max() <= 1191
        assert np.corrcoef(order, places)[0, 1] == pytest.approx(0.9901, abs=0.0005)
        assert np.abs(order - places).mean() == pytest.approx(858, abs=12)


def test_the_ends_of_a_shuffle_buffer():
    draws = torch.Generator().manual_seed(0)
    assert shuffled(50, 1, draws).tolist() == list(range(50))
    wide = [shuffled(4, 9, draws).tolist() for _ in range(4000)]
    counts = Counter(map(tuple, wide))
    assert len(counts) == 24 and min(counts.values()) > 110  # all permutations, 167 each
