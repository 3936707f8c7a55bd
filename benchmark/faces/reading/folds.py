"""Folds for a data set that comes without splits."""

import warnings
from collections.abc import Sequence

import numpy as np

from benchmark.errors import BadInput


def assign_folds(k: int, label: Sequence[int], group: Sequence[str], where: object) -> np.ndarray:
    """Fold of each row: "fold0" .. "fold<k-1>", no group in two of them, classes as evenly spread as groups allow.

    scikit-learn's StratifiedGroupKFold without shuffling: no random draw, equal input gives equal folds.

    Args:
        label: int (N,), the class to stratify by.
        group: str (N,), what must stay together; "" = by itself.
        where: names the data set in an error.

    Raises:
        BadInput: k below 3 (a fold each to train, validate and test) or more than there are groups; groups so large that
            a fold stays empty.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    label, group = np.asarray(label), np.asarray(group, dtype=str)
    names = np.where(group == "", [f"row {row}" for row in range(len(group))], np.char.add("group ", group))
    together = len(set(names.tolist()))
    if not 3 <= k <= together:
        raise BadInput(f"{where}, folds", k, f"a number from 3 to the {together} groups of faces")
    if np.unique(label, return_counts=True)[1].max() < k:  # scikit-learn refuses to stratify by so small classes
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
