"""Folds: groups whole, classes spread, the same each time."""

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.reading.folds import assign_folds


def test_groups_stay_whole_and_classes_are_spread():
    rng = np.random.default_rng(1)
    label = rng.choice(4, 600, p=[0.6, 0.25, 0.1, 0.05])
    group = np.where(rng.random(600) < 0.5, "", [f"g{n}" for n in rng.integers(0, 60, 600)])
    fold = assign_folds(5, label, group, "data")
    assert sorted(set(fold.tolist())) == [f"fold{k}" for k in range(5)]
    for name in set(group.tolist()) - {""}:
        assert len(set(fold[group == name].tolist())) == 1
    for c in range(4):
        sizes = [np.sum((fold == f"fold{k}") & (label == c)) for k in range(5)]
        assert max(sizes) - min(sizes) <= max(4, 0.1 * np.sum(label == c))
    np.testing.assert_array_equal(fold, assign_folds(5, label, group, "data"))


def test_a_row_number_is_no_group():
    """Rows without a group stay apart from a group that is called like one of them."""
    group = np.array(["", "row 0", "row 0", "", "", "", "", "", ""])
    fold = assign_folds(3, np.zeros(9, int), group, "data")
    assert fold[1] == fold[2] and sorted(np.unique(fold, return_counts=True)[1].tolist()) == [3, 3, 3]


@pytest.mark.parametrize("k", [2, 5])
def test_too_few(k):
    with pytest.raises(BadInput, match=rf"data, folds: found {k}; expected a number from 3 to the 4 groups"):
        assign_folds(k, [0, 1, 0, 1, 0, 1], ["a", "b", "c", "d", "a", "b"], "data")


def test_a_class_of_one_face_lies_in_one_fold():
    fold = assign_folds(3, [0] * 9 + [1], [""] * 10, "data")
    assert len(set(fold.tolist())) == 3


def test_classes_smaller_than_the_folds_are_not_stratified():
    fold = assign_folds(3, [0, 1, 2, 3, 4, 5], [""] * 6, "data")
    assert sorted(np.unique(fold, return_counts=True)[1].tolist()) == [2, 2, 2]
    assert set(assign_folds(3, [-1] * 9, [""] * 9, "data").tolist()) == {"fold0", "fold1", "fold2"}  # no label at all
