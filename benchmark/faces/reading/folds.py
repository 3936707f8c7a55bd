"""Folds for a data set without splits of its own."""

import warnings
from collections.abc import Sequence

import numpy as np

from benchmark.errors import BadInput


def assign_folds(k: int, label: Sequence[int], group: Sequence[str], where: object) -> np.ndarray:
    """The fold of each row, "fold0" .. "fold<k-1>": no group is in two folds; classes are spread as evenly as groups allow.

    The folds are those of scikit-learn's StratifiedGroupKFold without shuffling. Nothing is random: equal input gives equal
    folds.

    Args:
        label: int (N,), the class to stratify by.
        group: str (N,), rows with the same group stay together; "": no group.
        where: name of the data set in an error message.

    Raises:
        BadInput: k is below 3 (training, validation and test need a fold each) or above the number of groups; groups are so
            large that a fold stays empty.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    label, group = np.asarray(label), np.asarray(group, dtype=str)
    names = np.where(group == "", [f"row {row}" for row in range(len(group))], np.char.add("group ", group))
    together = len(set(names.tolist()))
    if not 3 <= k <= together:
        raise BadInput(f"{where}, folds", k, f"a number from 3 to the {together} groups of faces")
    if np.unique(label, return_counts=True)[1].max() < k:  # scikit-learn refuses to stratify if all classes are that small
        label = np.zeros_like(label)
    fold = np.empty(len(label), dtype=f"U{len(str(k)) + 4}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # then some folds lack that class
        splitter = StratifiedGroupKFold(n_splits=k)
        for number, (_, rows) in enumerate(splitter.split(np.zeros((len(label), 1)), label, names)):
            fold[rows] = f"fold{number}"
            if not len(rows):
                raise BadInput(
                    f"{where}, folds", f"fold {number} of {k} without a face", "fewer folds: groups are too large"
                )
    return fold
