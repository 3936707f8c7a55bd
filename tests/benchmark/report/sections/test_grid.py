"""Paired differences of the ablation grid against scipy and Holm's rule written out."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.sections import grid


def accuracies(built, cell):
    values = {}
    for path in (built / "records" / "synthetic-8" / cell).glob("*/predictions.npz"):
        with np.load(path) as stored:
            values[path.parent.name] = accuracy_score(stored["test_targets"], stored["test_outputs_none"].argmax(1))
    return values


def difference(built, a, b):
    a, b = accuracies(built, a), accuracies(built, b)
    common = sorted(set(a) & set(b))
    d = np.array([a[s] - b[s] for s in common])
    low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
    return d.mean(), low, high, len(d), stats.ttest_1samp(d, 0).pvalue


def table(built, name):
    return pd.read_csv(built / "tables" / f"synthetic-8-{name}.csv").set_index(["shortcut", "normalisation", "loss"])


def test_differences_to_the_reference(built):
    rows, p = table(built, "grid"), {}
    for axes in (("fixed", "working"), ("adaptive", "working"), ("identity", "frozen")):
        row = rows.loc[(*axes, "plain")]
        expected = difference(built, f"net-{'-'.join(axes)}-plain", "net-identity-working-plain")
        found = row[["difference_mean", "difference_low", "difference_high", "pairs_n"]].tolist()
        assert found == pytest.approx(expected[:4], abs=1e-9)
        p[axes] = expected[4]
    # Holm: the k-th smallest of m p-values times m - k + 1, never below the one before it.
    largest = 0.0
    for k, axes in enumerate(sorted(p, key=p.get)):
        largest = max(largest, min(1, p[axes] * (len(p) - k)))
        assert rows.loc[(*axes, "plain"), "holm_p"] == pytest.approx(largest)
    assert rows.loc[("identity", "working", "plain"), "difference_note"] == "reference"


def test_gaps_of_the_grid_say_so(built):
    rows = table(built, "grid")
    assert rows.loc[("fixed", "frozen", "plain"), "accuracy_note"] == "not tested: no record"
    assert rows.loc[("adaptive", "frozen", "plain"), "difference_note"] == "diverged"
    text = (built / "tables" / "synthetic-8-grid.md").read_text()
    assert "Not tested under this protocol: loss weighted, focal" in text


def test_shortcuts_against_identity_at_equal_normalisation_and_loss(built):
    rows = table(built, "shortcuts")
    assert ("identity", "working", "plain") not in rows.index
    row = rows.loc[("adaptive", "working", "plain")]
    expected = difference(built, "net-adaptive-working-plain", "net-identity-working-plain")
    assert [row["difference_mean"], row["difference_low"]] == pytest.approx(expected[:2], abs=1e-9)


def test_one_common_seed_and_no_reference(make, cell, tmp_path):
    make(tmp_path, "synthetic-8", cell("adaptive", "working", "plain"), 0)
    make(tmp_path, "synthetic-8", cell("adaptive", "frozen", "plain"), 0)
    make(tmp_path, "synthetic-8", cell("identity", "frozen", "plain"), 0)
    (comparison,) = summarise(read_records(tmp_path), tmp_path).comparisons
    reasons = {(p.place.shortcut, p.place.normalisation): p for p in grid.shortcut_pairs(comparison)}
    assert reasons["adaptive", "working"].reason == "no record of the reference"
    single = reasons["adaptive", "frozen"].difference
    assert (single.n, single.low, single.p) == (1, None, None)
    text = grid.tables(comparison)[1].markdown()
    assert "n = 1, no interval | not tested: one pair of seeds" in text


def test_networks_are_never_mixed(make, cell, tmp_path):
    from benchmark.protocol.cells import Cell

    make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 0)
    deeper = {"units": [9, 1, 9], "shortcut": "adaptive", "normalisation": "working"}
    make(tmp_path, "synthetic-8", Cell("net-adaptive-working-plain", "residual", deeper, "plain"), 0)
    (comparison,) = summarise(read_records(tmp_path), tmp_path).comparisons
    (pair,) = grid.shortcut_pairs(comparison)
    assert pair.difference is None
