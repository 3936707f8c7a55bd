"""What each selection rule picks, from histories whose bests are in different epochs."""

from types import SimpleNamespace

import pytest

from benchmark.records.optimism import picks, run_picks, selection_optimism


def course(validation, test, metric="m"):
    return [{"validation": {metric: v}, "test": {metric: t}} for v, t in zip(validation, test, strict=True)]


def test_picks_of_a_history():
    """The first of the best on validation, the last epoch, the best on test: three epochs."""
    found = picks(course([0.5, 0.7, 0.7, 0.6], [0.9, 0.2, 0.8, 0.3]), "m")
    assert found == {"last": 0.3, "best_validation": 0.2, "oracle": 0.9}


def test_picks_of_folds_are_weighted_by_their_test_faces():
    folds = [
        {"faces": {"train": 1, "validation": 7, "test": 1}, "history": course([0.9, 0.1], [0.2, 0.6])},
        {"faces": {"train": 1, "validation": 1, "test": 3}, "history": course([0.1, 0.9], [1.0, 0.4])},
    ]
    found = run_picks(SimpleNamespace(folds=folds), "m")
    assert found == pytest.approx({"last": 0.45, "best_validation": 0.35, "oracle": 0.9})


class Run(dict):
    """A record with its history; `diverged` and `folds` as attributes."""

    folds = None

    def __init__(self, validation, test, diverged=False):
        history = course(validation, test, "accuracy")
        super().__init__(history=history, protocol_hash="p", cell_hash="c", protocol={"task": "categorical"})
        self.diverged = diverged


def test_looks_and_gains_are_of_finished_runs_alone():
    runs = [Run([0.3, 0.2], [0.5, 0.8]), Run([0.1, 0.2, 0.3], [0.9, 0.2, 0.5]), Run([0.1], [0.9], True)]
    found = selection_optimism(runs)
    assert (found.mean, found.n, found.looks) == (pytest.approx((0.3 + 0.4) / 2), 2, (2, 3))
    assert selection_optimism(runs[2:]) is None and selection_optimism([Run([], [])]) is None
