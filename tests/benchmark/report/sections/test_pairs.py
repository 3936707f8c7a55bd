"""The table of pairs against McNemar's test, signs enumerated, scipy and a plain loop of resamples."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.metrics import metric_function
from benchmark.records.record import read_records
from benchmark.records.statistics import mcnemar_exact
from benchmark.report.sections import pairs

IMAGES = 90
KEYS = ["question", "a", "b"]


def net(shortcut, loss="plain", normalisation="working"):
    options = {"units": [1, 1, 1], "shortcut": shortcut, "normalisation": normalisation}
    return Cell(f"net-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


def baseline(model, loss="plain"):
    return Cell(f"{model}-{loss}", model, {}, loss)


def only(tmp_path):
    (comparison,) = summarise(read_records(tmp_path), tmp_path).comparisons
    return comparison


def rows(comparison, tmp_path):
    (tmp_path / "t.csv").write_text(pairs.table(comparison).csv())
    return pd.read_csv(tmp_path / "t.csv").set_index(KEYS)


def test_pairs_are_those_that_differ_in_one_thing(make, tmp_path):
    cells = [
        net("identity"),
        net("fixed"),
        net("adaptive"),
        net("adaptive", "weighted"),
        net("adaptive", normalisation="frozen"),
    ]
    cells += [
        baseline("resnet18"),
        baseline("resnet18", "weighted"),
        baseline("resnet18-smallstem"),
        baseline("vgg13", "focal"),
    ]
    for cell in cells:
        make(tmp_path, "synthetic-8", cell, 0)
    found = pairs.pairs(only(tmp_path))
    identity, fixed, adaptive = (f"net-{shortcut}-working-plain" for shortcut in ("identity", "fixed", "adaptive"))
    weighted, frozen = "net-adaptive-working-weighted", "net-adaptive-frozen-plain"
    assert set(found) == {
        ("shortcut", fixed, identity), ("shortcut", adaptive, identity), ("shortcut", adaptive, fixed),
        ("loss", weighted, adaptive), ("loss", "resnet18-weighted", "resnet18-plain"),
        ("baseline", identity, "resnet18-plain"), ("baseline", fixed, "resnet18-plain"),
        ("baseline", adaptive, "resnet18-plain"), ("baseline", frozen, "resnet18-plain"),
        ("baseline", weighted, "resnet18-weighted"),
    } and len(found) == len(set(found))  # fmt: skip


def test_no_pair_no_table(make, tmp_path):
    make(tmp_path, "synthetic-8", baseline("vgg13"), 0)
    assert pairs.table(only(tmp_path)) is None


def right(seed, share):
    return np.random.default_rng(seed).random(IMAGES) < share


def test_one_seed_is_mcnemar(make, tmp_path):
    a, b = right(1, 0.7), right(2, 0.5)
    make(tmp_path, "synthetic-8", net("adaptive"), 0, right=a)
    make(tmp_path, "synthetic-8", net("identity"), 0, right=b)
    row = rows(only(tmp_path), tmp_path).iloc[0]
    expected = mcnemar_exact(a, b)
    assert row["images_p"] == pytest.approx(expected.p) and row["over_seeds_note"] == "not tested: one pair of seeds"
    assert (row["discordant_a"], row["discordant_b"], row["seeds"]) == (expected.b, expected.c, 1)


def test_several_seeds_against_enumerated_signs_and_a_plain_bootstrap(make, tmp_path):
    """Six images differ, so that all 2^6 signs can be listed; seed 3 of A and seed 4 of B have no partner."""
    base = right(1, 0.6)
    flips_a = [[0, 1, 2, 3], [0, 1, 2, 5], [0, 1, 4, 5]]
    for seed, flips in enumerate(flips_a):
        own = base.copy()
        own[flips] = True
        make(tmp_path, "synthetic-8", net("adaptive"), seed, right=own)
        other = base.copy()
        other[:6] = False
        other[[5] if seed == 1 else [4] if seed == 2 else []] = True
        make(tmp_path, "synthetic-8", net("identity"), seed, right=other)
    make(tmp_path, "synthetic-8", net("adaptive"), 3, right=right(8, 0.1))
    make(tmp_path, "synthetic-8", net("identity"), 4, right=right(9, 0.9))
    comparison = only(tmp_path)
    row = rows(comparison, tmp_path).loc[("shortcut", "net-adaptive-working-plain", "net-identity-working-plain")]
    of = {
        label: np.stack(
            [run.record.outputs("test")[1].argmax(1) == comparison.targets for run in runs if run.record.seed < 3]
        ).astype(int)
        for label, runs in comparison.runs.items()
    }
    a, b = of["net-adaptive-working-plain"], of["net-identity-working-plain"]
    d = a.sum(0) - b.sum(0)
    moved = d[d != 0]
    assert 3 <= len(moved) <= 6 and np.abs(moved).max() > 1
    sums = [np.dot(signs, np.abs(moved)) for signs in itertools.product((-1, 1), repeat=len(moved))]
    assert row["images_p"] == pytest.approx(np.mean(np.abs(sums) >= abs(d.sum())))
    assert row["difference_mean"] == pytest.approx(d.mean() / 3) and row["seeds"] == 3
    assert row["over_seeds_p"] == pytest.approx(stats.ttest_rel(a.mean(1), b.mean(1)).pvalue)
    assert row["discordant_a"] == pytest.approx(np.mean((a > b).sum(1)))
    assert row["discordant_b"] == pytest.approx(np.mean((a < b).sum(1)))
    rng = np.random.default_rng(5)
    drawn = [d[rng.integers(0, IMAGES, IMAGES)].mean() / 3 for _ in range(4000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert [row["difference_low"], row["difference_high"]] == pytest.approx([low, high], abs=0.1 * (high - low))


def test_ccc_of_resamples_against_the_metric_on_drawn_rows(make, tmp_path):
    for seed in (0, 1):
        make(tmp_path, "synthetic-va", net("adaptive", "mse"), seed, quality=0.9)
        make(tmp_path, "synthetic-va", net("identity", "mse"), seed, quality=0.5)
    comparison = only(tmp_path)
    row = rows(comparison, tmp_path).iloc[0]
    metric, rng = metric_function("ccc_mean"), np.random.default_rng(4)
    runs = {label: [run.record.outputs("test")[1] for run in own] for label, own in comparison.runs.items()}
    a, b = runs["net-adaptive-working-mse"], runs["net-identity-working-mse"]

    def difference(drawn):
        targets = comparison.targets[drawn]
        return np.mean([metric(targets, x[drawn]) - metric(targets, y[drawn]) for x, y in zip(a, b, strict=True)])

    assert row["difference_mean"] == pytest.approx(difference(np.arange(IMAGES)))
    drawn = [difference(rng.integers(0, IMAGES, IMAGES)) for _ in range(1000)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert [row["difference_low"], row["difference_high"]] == pytest.approx([low, high], abs=0.12 * (high - low))
    p = 2 * stats.norm.sf(abs(row["difference_mean"]) / np.std(drawn))
    assert np.log(row["images_p"]) == pytest.approx(np.log(p), rel=0.25)
    assert "discordant_a" not in row


def test_holm_over_the_table(built):
    table = pd.read_csv(built / "tables" / "synthetic-8-pairs.csv").set_index(KEYS)
    assert table.loc[("shortcut", "net-adaptive-frozen-plain", "net-identity-frozen-plain"), "difference_note"] == "diverged"
    tested = table.dropna(subset="images_p")
    assert len(tested) == 3 and (tested["seeds"] == 3).all()
    raw = {}
    for key in tested.index:
        sides = []
        for name in key[1:]:
            paths = sorted((built / "records" / "synthetic-8" / name).glob("*/predictions.npz"))
            loaded = [np.load(path) for path in paths]
            sides.append(sum((x["test_outputs_none"].argmax(1) == x["test_targets"]).astype(int) for x in loaded))
        d = sides[0] - sides[1]
        # The null distribution by its generating function: one factor (z^-k + z^k) / 2 an image.
        chances = np.ones(1)
        for k in np.abs(d[d != 0]):
            chances = np.convolve(chances, np.eye(2 * k + 1)[[0, 2 * k]].mean(0))
        sums = np.arange(len(chances)) - np.abs(d).sum()
        raw[key] = min(1, chances[np.abs(sums) >= abs(d.sum())].sum())
    largest = 0.0
    for rank, key in enumerate(sorted(raw, key=raw.get)):
        largest = max(largest, min(1, raw[key] * (len(raw) - rank)))
        assert tested.loc[key, "images_p"] == pytest.approx(largest, rel=1e-6)
