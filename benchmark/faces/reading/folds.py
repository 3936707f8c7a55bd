"""Folds for a data set that comes without splits."""

import warnings

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import Integers, Texts


def assign_folds(k: int, label: Integers, group: Texts, where: object) -> NDArray[np.str_]:
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

    labels, groups = np.asarray(label), np.asarray(group, dtype=str)
    names = np.where(groups == "", [f"row {row}" for row in range(len(groups))], np.char.add("group ", groups))
    together = len(set(names.tolist()))
    if not 3 <= k <= together:
        raise BadInput(f"{where}, folds", k, f"a number from 3 to the {together} groups of faces")
    if np.unique(labels, return_counts=True)[1].max() < k:  # scikit-learn refuses to stratify by so small classes
        labels = np.zeros_like(labels)
    fold = np.empty(len(labels), dtype=f"U{len(str(k)) + 4}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # then some folds lack that class
        splitter = StratifiedGroupKFold(n_splits=k)
        for number, (_, rows) in enumerate(splitter.split(np.zeros((len(labels), 1)), labels, names)):
            fold[rows] = f"fold{number}"
            if not len(rows):
                raise BadInput(
                    f"{where}, folds", f"fold {number} of {k} without a face", "fewer folds: groups are too large"
                )
    return fold
