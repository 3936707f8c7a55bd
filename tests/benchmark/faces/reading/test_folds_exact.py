"""Folds of few rows, whose only right answer is known."""

import numpy as np

from benchmark.faces.reading.folds import assign_folds


def test_a_group_that_is_called_like_a_row_does_not_take_it_in():
    """Row 0 has no group; rows 1 and 2 are the group "row 0". With row 3 these are three parts, for three folds."""
    fold = assign_folds(3, [0, 0, 0, 0], ["", "row 0", "row 0", "other"], "data")
    assert fold[1] == fold[2] and len({fold[0], fold[1], fold[3]}) == 3


def test_classes_of_as_many_faces_as_folds_are_spread():
    """Three faces of each of three classes, in turn: each fold has one of each."""
    label = np.array([0, 1, 2] * 3)
    fold = assign_folds(3, label, [""] * 9, "data")
    assert {name: sorted(label[fold == name].tolist()) for name in fold.tolist()} == {
        f"fold{k}": [0, 1, 2] for k in range(3)
    }
