"""Doubts about the order of outputs, against the rule plainly written; predictions brought into the order of the faces."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.protocol.protocol import load_protocol
from benchmark.records.aligning import as_stored
from benchmark.records.doubts import doubts
from benchmark.records.metrics import metric_function


@pytest.mark.parametrize("part", np.linspace(0, 0.5, 11))
def test_a_swap_is_doubted_from_a_tenth_of_the_ccc_on(part):
    rng = np.random.default_rng(2)
    targets = rng.uniform(-1, 1, (300, 2))
    outputs = (1 - part) * targets[:, ::-1] + part * targets + rng.normal(0, 0.3, (300, 2))
    ccc = metric_function("ccc_mean")
    gain = ccc(targets, outputs[:, ::-1]) - ccc(targets, outputs)
    found = doubts(load_protocol("synthetic-va"), targets, outputs)
    assert bool(found) == (gain >= 0.10)
    assert not found or f"raises the mean CCC by {gain:.3f}" in found[0]


def by_every_order(labels, predicted, k):
    """Whether the rule asks for a warning, plainly: of all orders the best on one half, used on the other; then the three
    conditions. And their numbers: gain, balanced gain, p."""
    renamed, even = np.empty_like(predicted), np.arange(len(labels)) % 2 == 0
    for half in (even, ~even):

        def fits(names, half=half):
            return np.sum(np.array(names)[predicted[~half]] == labels[~half]), sum(i == n for i, n in enumerate(names))

        renamed[half] = np.array(max(itertools.permutations(range(k)), key=fits))[predicted[half]]
    after, before = renamed == labels, predicted == labels
    won, lost = int(np.sum(after & ~before)), int(np.sum(before & ~after))
    gain = after.mean() - before.mean()
    balanced = np.mean([after[labels == c].mean() - before[labels == c].mean() for c in np.unique(labels)])
    p = stats.binom.sf(won - 1, won + lost, 0.5) if won + lost else 1
    return gain >= 0.10 and balanced >= 0.10 and p < 1e-3, (gain, balanced, p)


def test_an_order_of_classes_is_doubted_by_the_rule_and_no_more():
    protocol = dataclasses.replace(load_protocol("synthetic-8"), classes=("x", "y", "z"))
    rng, seen = np.random.default_rng(0), []
    for n in (16, 40, 90, 400, 4000):
        for share in (*np.linspace(0, 1, 9), 0.54):
            labels = rng.choice(3, n, p=[0.5, 0.3, 0.2])
            answers = np.where(rng.random(n) < 0.8, labels, rng.integers(0, 3, n))
            swapped = np.array([1, 0, 2])[answers]
            predicted = np.where(rng.random(n) < share, swapped, answers)
            expected, numbers = by_every_order(labels, predicted, 3)
            assert bool(doubts(protocol, labels, np.eye(3)[predicted])) == expected, numbers
            seen.append((expected, numbers))
    assert sum(expected for expected, _ in seen) > 8
    # Cases that one condition alone decides: large gains of few faces, and small gains of many.
    assert any(not expected and min(numbers[:2]) >= 0.10 for expected, numbers in seen)
    assert any(not expected and numbers[2] < 1e-3 for expected, numbers in seen)


# ---------------------------------------------------------------- alignment


@pytest.fixture
def aligned_arrays(tiny_faces):
    """Predictions of both roles in orders of their own, with their targets; each row's outputs begin with its row."""
    rng, arrays = np.random.default_rng(0), {}
    for role in ("validation", "test"):
        rows = rng.permutation(np.flatnonzero(tiny_faces.split == role))
        arrays |= {f"{role}_ids": tiny_faces.id[rows], f"{role}_targets": tiny_faces.expression[rows].astype(np.int64)}
        for number, tta in enumerate(("none", "flip")):
            arrays[f"{role}_outputs_{tta}"] = np.stack([rows, np.full(len(rows), number), rng.normal(size=len(rows))], 1)
    return arrays


def test_both_roles_are_put_in_the_order_of_the_faces(tiny_faces, tiny_protocol, aligned_arrays):
    stored = as_stored(tiny_protocol(), aligned_arrays, tiny_faces, "file")
    for role in ("validation", "test"):
        rows = np.flatnonzero(tiny_faces.split == role)
        assert stored[f"{role}_ids"].tolist() == tiny_faces.id[rows].tolist()
        assert stored[f"{role}_targets"].tolist() == tiny_faces.expression[rows].tolist()
        for number, tta in enumerate(("none", "flip")):
            outputs = stored[f"{role}_outputs_{tta}"]
            assert outputs.dtype == np.float32 and outputs[:, 0].tolist() == rows.tolist()
            assert set(outputs[:, 1].tolist()) == {number}


def test_other_targets_ids_and_kinds_of_numbers(tiny_faces, tiny_protocol, aligned_arrays):
    def given(**changes):
        return as_stored(tiny_protocol(), aligned_arrays | changes, tiny_faces, "file")

    for role in ("validation", "test"):
        wrong = aligned_arrays[f"{role}_targets"].copy()
        wrong[-1] = (wrong[-1] + 1) % 3
        with pytest.raises(BadInput, match=f"{role}_targets: found other values"):
            given(**{f"{role}_targets": wrong})
        with pytest.raises(BadInput, match=f"{role}_outputs_none: found bool"):
            given(**{f"{role}_outputs_none": np.ones((len(wrong), 3), bool)})
        with pytest.raises(BadInput, match=f"{role}_outputs_flip: found float64 .*shape .{len(wrong)}, 3"):
            given(**{f"{role}_outputs_flip": np.ones((len(wrong), 2))})
    one, other = (aligned_arrays[f"{role}_ids"].copy() for role in ("validation", "test"))
    one[0], other[0] = other[0], one[0]
    with pytest.raises(
        BadInput, match="^file, test_ids: found ids of another split than test; expected those of test alone$"
    ):
        given(validation_ids=one, test_ids=other)
    whole = given(test_outputs_none=np.zeros((len(other), 3), int))
    assert whole["test_outputs_none"].dtype == np.float32
