"""Tables of one protocol from made-up scores, no two numbers of which are equal: each column, by hand. The 95 % t-interval
of two values is their mean +- 12.7062 / 2 times their difference."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.records.metrics import METRICS
from benchmark.records.statistics import Difference
from benchmark.records.trust import HERE, PREDICTIONS
from benchmark.report.scores import csv_bytes, score_files
from benchmark.report.sections import grid, pairs, plots, results, videos
from benchmark.report.tables import CUT_NOTE

HALF = 12.70620473617471 / 2  # the quantile 0.975 of t with one degree of freedom: tan(0.475 pi)
CLASSES = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"]
A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-plain", "two", {}, "plain")
LOST = Cell("lost-plain", "lost", {}, "plain")


def net(shortcut, normalisation="working", loss="plain"):
    options = {"units": [1, 1, 1], "shortcut": shortcut, "normalisation": normalisation}
    return Cell(f"net-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


def shown(row):
    return {key: entry.text for key, entry in row.items()}


def around(one, other, signed=""):
    """The entry of a fraction as percent, from its values of two seeds: no end below 0 or above 100, unless signed."""
    mean, half = 50 * (one + other), 100 * HALF * abs(one - other)
    low, high = f"{mean - half:{signed}.2f}", f"{mean + half:{signed}.2f}"
    if not signed:
        low, high = ("0.00†" if mean < half else low), ("100.00†" if mean + half > 100 else high)
    return f"{mean:{signed}.2f} [{low}, {high}]"


def scores(base, task="categorical", step=0.013):
    """Every metric of a task, each `step` above the one before it; recall and precision of each class."""
    names = [name for name, metric in METRICS.items() if metric.task == task]
    found = {name: base + step * k for k, name in enumerate(names)}
    for place, measure in ((1, "recall"), (2, "precision")):
        found[measure] = [base + 0.001 * place + 0.017 * k for k in range(8)]
    return found


def test_every_metric_stands_in_its_column_with_its_unit(run, comparison):
    targets = np.array([3, 3, 3, 1])
    runs = [run(A, 0, scores(0.1)), run(A, 1, scores(0.14), trust=PREDICTIONS), run(A, 2, None), run(LOST, 0, None)]
    table = results.results(comparison(*runs, targets=targets))
    first, lost, constant = table.rows
    assert (first["n"].text, first["trust"].text) == ("n = 2; diverged 1 of 3", "predictions only")
    names = [name for name, metric in METRICS.items() if metric.task == "categorical"]
    for k, name in enumerate(names):
        one, other = 0.1 + 0.013 * k, 0.14 + 0.013 * k
        half = HALF * 0.04
        expected = {"mean": (one + other) / 2, "low": (one + other) / 2 - half, "high": (one + other) / 2 + half}
        assert first[name].numbers == pytest.approx(expected)
        scale, digits = (100, 2) if METRICS[name].unit == "%" else (1, 3)
        assert first[name].text.startswith(f"{scale * expected['mean']:.{digits}f} [")
        assert table.columns[name].endswith(f", {METRICS[name].unit}" if METRICS[name].unit else METRICS[name].title)
    assert set(shown(lost).values()) == {"lost-plain", "n = 0; diverged 1 of 1", HERE, "diverged"}
    # Three of four faces are surprised: answered always, accuracy 3/4, recall (1 + 0) / 2 over the classes that occur.
    assert constant["cell"].text == "constant: majority class of the test split (surprise)"
    assert (constant["accuracy"].text, constant["accuracy"].numbers) == ("75.00", {"mean": 0.75})
    assert constant["balanced_accuracy"].text == "50.00"
    assert not {name for name in names if METRICS[name].block == "scores"} & set(constant)


def test_recall_and_precision_of_each_class(run, comparison):
    targets = np.repeat(np.arange(8), [5, 1, 2, 3, 7, 11, 13, 4])
    table = results.per_class(comparison(run(A, 0, scores(0.1)), run(A, 1, scores(0.13)), targets=targets))
    (row,) = table.rows
    for place, measure in ((1, "recall"), (2, "precision")):
        for k, name in enumerate(CLASSES):
            low = 0.1 + 0.001 * place + 0.017 * k
            assert row[f"{measure}_{name}"].text == around(low, low + 0.03)
            assert table.columns[f"{measure}_{name}"] == f"{measure} {name}, %"
    assert table.notes[-1] == CUT_NOTE and table.notes[-2] == (
        "Test images: neutral 5, happy 1, sad 2, surprise 3, fear 7, disgust 11, anger 13, contempt 4"
    )


def history(validation, test):
    return [
        {"epoch": k, "train_loss": 3.0 / k + validation[-1],
         "validation": {"loss": 2.0 / k + validation[0], "accuracy": v}, "test": {"loss": 1.0 / k, "accuracy": t}}
        for k, (v, t) in enumerate(zip(validation, test, strict=True), 1)
    ]  # fmt: skip


HISTORIES = [history([0.5, 0.8, 0.7], [0.31, 0.42, 0.47]), history([0.8, 0.6, 0.7], [0.33, 0.59, 0.53])]


def test_what_each_selection_rule_picks(run, comparison):
    """Last 0.47 and 0.53; best on validation 0.42 and 0.33; best on test 0.47 and 0.59; gains 0.05 and 0.26."""
    runs = [*(run(A, seed, {}, history=own) for seed, own in enumerate(HISTORIES)), run(A, 2, None, history=HISTORIES[0])]
    runs += [run(LOST, 0, None), run(B, 0, {}, history=HISTORIES[0]), run(B, 1, {})]
    table = results.selection(comparison(*runs))
    first, lost, second = map(shown, table.rows)
    assert first == {
        "cell": "one-plain", "n": "n = 2; diverged 1 of 3", "last": around(0.47, 0.53), "oracle": around(0.47, 0.59),
        "best_validation": around(0.42, 0.33), "optimism": "+15.50 [+0.00†, +100.00†]",
    }  # fmt: skip
    assert set(lost.values()) == {"lost-plain", "n = 0; diverged 1 of 1", "diverged"}
    assert set(second.values()) - {"two-plain", "n = 0"} == {"not tested: a record has no per-epoch history"}
    assert [table.columns[key] for key in ("last", "best_validation", "oracle", "optimism")] == [
        "Last", "Best on validation", "Best on test (oracle)", "Oracle minus best on validation, points",
    ]  # fmt: skip


def test_augmentation_and_its_gain(run, comparison):
    def both(none, flip):
        return {"none": {"accuracy": none}, "flip": {"accuracy": flip}}

    runs = [run(A, 0, both(0.41, 0.47)), run(A, 1, both(0.53, 0.56)), run(B, 0, both(0.31, 0.37)),
            run(B, 1, {"accuracy": 0.33}), run(LOST, 0, None)]  # fmt: skip
    table = results.augmentation(comparison(*runs))
    first, second, lost = map(shown, table.rows)
    assert first == {
        "cell": "one-plain", "n": "n = 2", "tta_none": around(0.41, 0.53), "tta_flip": around(0.47, 0.56),
        "gain_flip": around(0.06, 0.03, "+"),
    }  # fmt: skip
    assert second["tta_flip"] == "not tested: 1 of 2 records have flip" and second["tta_none"] == around(0.31, 0.33)
    assert second["gain_flip"] == "+6.00" and lost["gain_flip"] == "diverged"
    assert table.columns["gain_flip"] == "flip minus none, points" and table.columns["tta_flip"] == "TTA flip"


def test_a_cells_own_learning_rate_and_the_recipes(run, comparison):
    own = dataclasses.replace(A, learning_rate=0.0123)
    first, second = results.results(comparison(run(own, 0, scores(0.1)), run(B, 0, scores(0.2)))).rows
    assert (first["rate"].text, first["rate"].numbers) == ("0.0123", {"": 0.0123})
    assert (second["rate"].text, second["rate"].numbers) == ("0.004", {"": 0.004})


def grid_runs(run):
    """identity 0.5 and 0.54 (seed 9: 0.9), fixed 0.57 and 0.63, adaptive 0.52 and 0.5 (seed 8: 0.1), frozen identity one
    seed; frozen adaptive diverged."""
    values = {
        ("identity", "working"): {0: 0.5, 1: 0.54, 9: 0.9}, ("fixed", "working"): {0: 0.57, 1: 0.63},
        ("adaptive", "working"): {0: 0.52, 1: 0.5, 8: 0.1}, ("identity", "frozen"): {1: 0.44},
        ("adaptive", "frozen"): {0: None, 1: None},
    }  # fmt: skip
    return [
        run(net(*axes), seed, None if value is None else {"accuracy": value})
        for axes, own in values.items() for seed, value in own.items()
    ]  # fmt: skip


def test_differences_of_the_grid_are_cell_minus_reference_over_common_seeds(run, comparison):
    """Fixed: 0.07 and 0.09; adaptive: 0.02 and -0.04; frozen identity: 0.44 - 0.54. A t-test of two differences has
    p = 2 / pi x arctan(half their distance / their mean)."""
    own = comparison(*grid_runs(run))
    rows = {(row["shortcut"].text, row["normalisation"].text): row for row in grid.grid(own).rows}
    assert list(rows) == [(s, n) for n in ("working", "frozen") for s in ("identity", "fixed", "adaptive")]
    raw = {"fixed": 2 / np.pi * np.arctan(0.01 / 0.08), "adaptive": 2 / np.pi * np.arctan(0.03 / 0.01)}
    holm = {"fixed": 2 * raw["fixed"], "adaptive": raw["adaptive"]}
    for shortcut, values, differences in (
        ("fixed", (0.57, 0.63), (0.07, 0.09)), ("adaptive", (0.52, 0.5, 0.1), (0.02, -0.04)),
    ):  # fmt: skip
        row = rows[shortcut, "working"]
        assert row["n"].text == f"n = {len(values)}" and row["accuracy"].numbers["mean"] == pytest.approx(np.mean(values))
        assert row["difference"].text == around(*differences, "+") and row["pairs"].text == "n = 2"
        mean, half = sum(differences) / 2, HALF * abs(differences[0] - differences[1])
        assert row["difference"].numbers == pytest.approx({"mean": mean, "low": mean - half, "high": mean + half})
        assert row["holm"].numbers["p"] == pytest.approx(holm[shortcut]) and row["holm"].text == f"{holm[shortcut]:.3f}"
    assert rows["identity", "working"]["difference"].text == "reference"
    one = shown(rows["identity", "frozen"])
    assert (one["n"], one["accuracy"], one["difference"], one["pairs"], one["holm"]) == (
        "n = 1, no interval", "44.00", "-10.00", "n = 1, no interval", "not tested: one pair of seeds",
    )  # fmt: skip
    gap, lost = shown(rows["fixed", "frozen"]), shown(rows["adaptive", "frozen"])
    assert (gap["n"], gap["accuracy"]) == ("n = 0", "not tested: no record") and "difference" not in gap
    assert (lost["n"], lost["difference"], lost["pairs"]) == ("n = 0; diverged 2 of 2", "diverged", "n = 0")
    table = grid.grid(own)
    assert table.columns["difference"] == "Difference (Accuracy, points)"
    assert "over the 2 tests of this table" in table.notes[4]
    by_shortcut = grid.shortcuts(own, grid.shortcut_pairs(own))
    of = {(row["shortcut"].text, row["normalisation"].text): row for row in by_shortcut.rows}
    assert set(of) == {("fixed", "working"), ("adaptive", "working"), ("adaptive", "frozen")}
    assert of["fixed", "working"]["holm"].numbers["p"] == pytest.approx(holm["fixed"])


def test_a_number_of_the_grid_leads_to_the_runs_behind_it(run, comparison):
    values = {net("identity"): (0.5, 0.54), net("fixed"): (0.57, 0.63)}
    own = comparison(*(run(cell, seed, {"accuracy": v}) for cell, of in values.items() for seed, v in enumerate(of)))
    first, second = (("synthetic-8", cell.name) for cell in values)
    reference, row = grid.grid(own).rows
    assert {key: entry.cells for key, entry in reference.items() if entry.cells} == {"accuracy": [first]}
    assert {key: list(entry.cells) for key, entry in row.items() if entry.cells} == {
        "accuracy": [second], "difference": [second, first], "holm": [second],
    }  # fmt: skip


def test_why_a_pair_of_the_grid_has_no_difference(run, comparison):
    first, other, lost, late = net("identity"), net("fixed"), net("adaptive"), net("identity", "frozen")
    runs = [run(first, 0, {"accuracy": 0.5}), run(other, 0, {"accuracy": None}), run(lost, 0, None)]
    runs.append(run(late, 9, {"accuracy": 0.5}))
    own, where = comparison(*runs), grid.place(first.as_dict())

    def reason(b):
        pair = grid.compare(own, where, first.name, b)
        assert (pair.place, pair.a, pair.b, pair.difference) == (where, first.name, b, None)
        return pair.reason

    reasons = ["no record of the reference", "no common seed", "no common seed", "diverged"]
    assert [reason(b) for b in (None, late.name, other.name, lost.name)] == reasons
    waiting = dataclasses.replace(own, unfinished={late.name: "2 of 3 runs"})
    for a, b in ((first.name, late.name), (late.name, first.name)):
        said = f"{late.name}: 2 of 3 runs"
        assert grid.compare(waiting, where, a, b).reason == said
        assert pairs._test(waiting, pairs.Pair("x", a, b), {}).text == f"not tested: {said}"
    assert pairs._test(own, pairs.Pair("x", first.name, lost.name), {}).text == "diverged"
    assert pairs._test(own, pairs.Pair("x", lost.name, first.name), {}).text == "diverged"
    assert pairs._test(own, pairs.Pair("x", first.name, late.name), {}).text == "not tested: no common seed"
    assert pairs._test(own, pairs.Pair("x", first.name, other.name), {}).text == "not tested: no common seed"


def test_a_pair_is_tested_on_its_common_seeds_a_before_b(run, comparison, monkeypatch):
    values = {net("identity"): {0: 0.1, 1: 0.2, 2: None, 4: 0.3}, net("fixed"): {0: 0.4, 2: 0.5, 1: 0.6, 3: 0.7}}
    own = comparison(*(run(cell, seed, {"accuracy": v}) for cell, of in values.items() for seed, v in of.items()))
    monkeypatch.setattr(pairs, "tested", lambda *given: given)
    a, b = (cell.name for cell in values)
    drawn = {(name, seed): f"{name} {seed}" for name, of in zip((a, b), values.values(), strict=True) for seed in of}
    of_a, of_b, drawn_a, drawn_b, task = pairs._test(own, pairs.Pair("x", a, b), drawn)
    assert [(r.record.cell, r.record.seed) for r in (*of_a, *of_b)] == [(a, 0), (a, 1), (b, 0), (b, 1)]
    assert (drawn_a, drawn_b, task) == ([f"{a} 0", f"{a} 1"], [f"{b} 0", f"{b} 1"], "categorical")


def test_a_p_of_a_thousandth_is_written_out():
    assert [pairs._p(p, "").text for p in (0.001, 0.00099)] == ["0.001", "< 0.001"]
    assert (pairs._p(None, "why").text, pairs._p(0.25, "").numbers) == ("not tested: why", {"p": 0.25})


def test_columns_of_valence_and_arousal_are_in_no_points(run, comparison):
    options = dict(net("identity").options)
    cells = [Cell(f"net-{s}-working-mse", "residual", options | {"shortcut": s}, "mse") for s in ("identity", "fixed")]
    entries = [{"epoch": 1, "train_loss": 1.0, "validation": {"mean CCC": 0.5}, "test": {"mean CCC": 0.25}}]
    entries += [{"epoch": 2, "train_loss": 1.0, "validation": {"mean CCC": 0.25}, "test": {"mean CCC": 0.375}}]
    runs = [run(cell, 0, {"none": {"ccc_mean": 0.5}, "flip": {"ccc_mean": 0.75}}, protocol="synthetic-va", history=entries)
            for cell in cells]  # fmt: skip
    own = comparison(*runs)
    chosen, flipped, gridded = results.selection(own), results.augmentation(own), grid.grid(own)
    assert chosen.columns["optimism"] == "Oracle minus best on validation, CCC mean"
    assert shown(chosen.rows[0])["optimism"] == "+0.125"
    assert flipped.columns["gain_flip"] == "flip minus none, CCC mean" and shown(flipped.rows[0])["gain_flip"] == "+0.250"
    assert gridded.columns["difference"] == "Difference (CCC mean)" and gridded.columns["ccc_mean"] == "CCC mean"
    assert gridded.notes[-1] == "Not tested under this protocol: loss ccc, mse+ccc"


def test_small_p_and_no_spread_are_said(run, comparison):
    values = {net("identity"): (0.5, 0.54), net("fixed"): (0.6, 0.64), net("adaptive"): (0.8, 0.84000001)}
    runs = [run(cell, seed, {"accuracy": v}) for cell, own in values.items() for seed, v in enumerate(own)]
    first, second = grid.shortcuts(comparison(*runs), grid.shortcut_pairs(comparison(*runs))).rows
    assert first["holm"].text == "not tested: no spread between seeds" and first["difference"].text == "+10.00 (no spread)"
    assert second["holm"].text == "< 0.001"
    assert grid._difference(comparison(*runs), grid.shortcut_pairs(comparison(*runs))[1], 0.0042)["holm"].text == "0.004"


def test_all_common_seeds_count_that_both_finished_with_a_value(run, comparison):
    values = {net("identity"): (0.5, 0.52, 0.57, None, 0.1), net("fixed"): (0.61, 0.6, 0.9, 0.9)}
    runs = [run(cell, seed, {"accuracy": v}) for cell, own in values.items() for seed, v in enumerate(own)]
    (pair,) = grid.shortcut_pairs(comparison(*runs))
    assert (pair.difference.n, pair.difference.mean) == (3, pytest.approx((0.11 + 0.08 + 0.33) / 3))


def test_shortcuts_are_compared_at_equal_loss_and_normalisation(run, comparison):
    cells = {net("identity"): 0.5, net("identity", loss="focal"): 0.3, net("fixed", loss="focal"): 0.37}
    own = comparison(*(run(cell, 0, {"accuracy": value}) for cell, value in cells.items()))
    (pair,) = grid.shortcut_pairs(own)
    assert pair.difference.mean == pytest.approx(0.07)
    assert {p.a: round(p.difference.mean, 9) for p in grid.reference_pairs(own)} == {
        "net-identity-working-focal": -0.2, "net-fixed-working-focal": -0.13,
    }  # fmt: skip


def test_pairs_show_images_and_seeds_apart(run, comparison, monkeypatch):
    """Holm: of the p over images 0.0002, 0.03 and 0.02 the smallest times 3, the next times 2."""
    of = {  # over images, over seeds, right in one alone
        ("shortcut", "fixed"): ((0.07, 0.05, 0.11, 90, 0.0002), (0.07, -0.2, 0.9, 4, 0.011), (12.25, 3.5)),
        ("shortcut", "adaptive"): ((-0.03, -0.06, 0.01, 90, 0.03), (-0.03, None, None, 1, None), (1.75, 4.0)),
        ("both", "adaptive"): ((-0.1, -0.2, -0.05, 90, 0.02), (-0.1, None, None, 3, None), (2.0, 7.3)),
    }
    made = {key: pairs.Tested(Difference(*a), Difference(*b), alone) for key, (a, b, alone) in of.items()}

    def test(comparison, pair, drawn):
        shortcut = pair.a.split("-")[1]
        return made["shortcut" if "identity" in pair.b else "both", shortcut]

    monkeypatch.setattr(pairs, "resampled", lambda comparison: {})
    monkeypatch.setattr(pairs, "_test", test)
    cells = [net(shortcut) for shortcut in ("identity", "fixed", "adaptive")]
    table = pairs.table(comparison(*(run(cell, 0, {"accuracy": 0.5}) for cell in cells)))
    rows = {(row["a"].text.split("-")[1], row["b"].text.split("-")[1]): shown(row) for row in table.rows}
    one, two, three = rows["fixed", "identity"], rows["adaptive", "identity"], rows["adaptive", "fixed"]
    keys = ("seeds", "difference", "discordant", "images", "over_seeds")
    assert [one[key] for key in keys] == ["n = 4", "+7.00 [+5.00, +11.00]", "12.2 / 3.5", "< 0.001", "0.011"]
    assert [two[key] for key in keys] == [
        "n = 1", "-3.00 [-6.00, +1.00]", "1.8 / 4.0", "0.040", "not tested: one pair of seeds",
    ]  # fmt: skip
    assert [three[key] for key in keys] == [
        "n = 3", "-10.00 [-20.00, -5.00]", "2.0 / 7.3", "0.040", "not tested: no spread",
    ]  # fmt: skip
    first = next(row for row in table.rows if row["a"].text.startswith("net-fixed"))
    assert first["images"].numbers["p"] == pytest.approx(0.0006) and first["discordant"].numbers == {"a": 12.25, "b": 3.5}
    assert "its column (3 and 1)" in table.notes[3]
    assert table.columns["difference"] == "A minus B (Accuracy, points)"


def test_p_over_seeds_is_adjusted_over_its_own_column(run, comparison, monkeypatch):
    own = {"fixed": 0.012, "adaptive": 0.2}
    monkeypatch.setattr(pairs, "resampled", lambda comparison: {})
    monkeypatch.setattr(pairs, "pairs", lambda comparison: [
        pairs.Pair("shortcut", net(shortcut).name, net("identity").name) for shortcut in own])  # fmt: skip
    monkeypatch.setattr(pairs, "_test", lambda c, pair, _: pairs.Tested(
        Difference(0.1, 0.0, 0.2, 90, 0.5), Difference(0.1, 0, 0.2, 3, own[pair.a.split("-")[1]]), None))  # fmt: skip
    table = pairs.table(comparison(run(net("identity"), 0, {}), run(net("fixed"), 0, {}), run(net("adaptive"), 0, {})))
    assert [row["over_seeds"].numbers["p"] for row in table.rows] == pytest.approx([0.024, 0.2])
    assert [row["images"].numbers["p"] for row in table.rows] == [1, 1]


def test_every_cell_against_the_first_resnet_with_its_loss(run, comparison):
    cells = [net("identity"), *(Cell(f"{m}-plain", m, {}, "plain") for m in ("resnet18-smallstem", "resnet18", "vgg13"))]
    found = pairs.pairs(comparison(*(run(cell, 0, {}) for cell in cells)))
    assert [tuple(pair) for pair in found] == [
        ("baseline", "net-identity-working-plain", "resnet18-plain"), ("baseline", "vgg13-plain", "resnet18-plain"),
    ]  # fmt: skip


def test_videos_are_averaged_over_seeds_then_over_videos(run, comparison):
    """Two videos of 2 and 3 frames. RMSE of valence: 0.1 and 0.3 in video a (mean 0.2), 0.2 and 0.8 in b (mean 0.5)."""
    cell, ids = Cell("one-mse", "one", {}, "mse"), np.array(["a/1", "a/2", "b/1", "b/2", "b/3"])
    targets = np.array([[0.0, 0.1], [0.4, 0.1], [-0.5, 0.3], [0.1, 0.7], [0.2, 0.4]], np.float32)
    runs = []
    for seed, shift in enumerate([(0.1, 0.2), (0.3, 0.8)]):
        outputs = targets + np.array([[shift[0], 0.0]] * 2 + [[shift[1], 0.0]] * 3, np.float32)
        arrays = {"test_ids": ids, "test_targets": targets, "test_outputs_none": outputs}
        runs.append(run(cell, seed, {"none": {}}, protocol="affwild-va", arrays=arrays))
    runs.append(run(cell, 2, None, protocol="affwild-va"))
    names = ("rmse_valence", "rmse_arousal", "corr_arousal")
    table = videos.videos(comparison(*runs, targets=targets), [names])
    row, constant = table.rows
    assert row["n"].text == "n = 2; diverged 1 of 3"
    assert row["rmse_valence"].text == "0.350 [0.000†, 2.256]"
    assert row["rmse_valence"].numbers["videos"] == 2
    assert row["corr_arousal"].text == "1.000 (1 of 2 videos)", "the arousal of video a does not move"
    mean = targets[:, 0].mean()
    expected = np.mean([np.sqrt(((targets[rows, 0] - mean) ** 2).mean()) for rows in (slice(2), slice(2, 5))])
    assert constant["rmse_valence"].numbers["mean"] == pytest.approx(expected, rel=1e-6)
    assert table.notes[-3] == "2 videos of 2 to 3 frames" and table.notes[-2].startswith("In 1 of them the target does not")


def test_data_of_plots_are_those_of_their_split(run, comparison):
    runs = [*(run(A, seed, scores(0.1 + 0.04 * seed), history=own) for seed, own in enumerate(HISTORIES)), run(A, 2, None)]
    summary = Summary((comparison(*runs),))
    found = plots.history(summary)
    second = found[found["seed"] == 1]
    assert second["epoch"].tolist() == [1, 2, 3]
    assert second["train_loss"].tolist() == pytest.approx([3.7, 2.2, 1.7])
    assert second["validation_loss"].tolist() == pytest.approx([2.8, 1.8, 2 / 3 + 0.8])
    assert second["validation_metric"].tolist() == [0.8, 0.6, 0.7] and second["test_metric"].tolist() == [0.33, 0.59, 0.53]
    (mean,) = plots.learning(summary).values()
    assert mean["validation_metric"].tolist() == pytest.approx([0.65, 0.7, 0.7])
    assert mean["test_metric"].tolist() == pytest.approx([0.32, 0.505, 0.5])
    assert mean["validation_loss"].tolist() == pytest.approx([2.65, 1.65, 2 / 3 + 0.65])


def test_the_history_of_a_run_that_diverged_ends_with_what_it_had(run, comparison):
    entries = [*HISTORIES[0][:1], {"epoch": 2, "train_loss": None, "validation": None, "test": None}]
    table = plots.history(Summary((comparison(run(A, 3, None, history=entries)),)))
    assert list(table.columns) == [
        "protocol", "cell", "seed", "epoch", "train_loss", "validation_loss", "validation_metric", "test_metric",
    ]  # fmt: skip
    first, last = table.to_dict("records")
    assert first == {"protocol": "synthetic-8", "cell": "one-plain", "seed": 3, "epoch": 1, "train_loss": 3.7,
                     "validation_loss": 2.5, "validation_metric": 0.5, "test_metric": 0.31}  # fmt: skip
    assert (last["epoch"], last["seed"]) == (2, 3) and pd.isna([*last.values()][4:]).all()


def test_confusion_names_what_is_and_what_was_answered_by_the_first_finished_seed(run, comparison):
    def arrays(answered):
        return {"test_targets": np.array([0, 1, 2]), "test_outputs_none": np.eye(8)[answered]}

    runs = [run(A, 0, None), run(A, 1, {}, arrays=arrays([3, 1, 4])), run(A, 2, {}, arrays=arrays([5, 5, 5]))]
    (table,) = plots.confusion(comparison(*runs)).values()
    assert table["actual"].tolist() == ["neutral", "happy", "sad"]
    assert table["predicted"].tolist() == ["surprise", "happy", "fear"]


def test_files_of_scores(run, comparison, monkeypatch, tmp_path):
    """What the dvc.yaml names: one file a protocol, indented by one space, and one table of all runs."""
    asked = []
    monkeypatch.setattr("benchmark.report.scores.frame", lambda *given: asked.append(given) or pd.DataFrame({"a": [0.5]}))
    monkeypatch.setattr("benchmark.report.scores.summaries", lambda *given: asked.append(given) or {"p": {"accuracy": 0.5}})
    summary = Summary((comparison(run(A, 0, {})),))
    assert score_files(summary, tmp_path) == {
        "tables/runs.csv": b"a\n0.5\n",
        "metrics/p.json": b'{\n "accuracy": 0.5\n}\n',
    }
    assert asked == [(summary, tmp_path), (summary, tmp_path, None)]


def test_scores_are_written_with_ten_digits_and_no_numbers_of_rows():
    table = pd.DataFrame({"cell": ["x", "=y"], "accuracy": [1 / 3, 0.25]})
    assert csv_bytes(table) == b"cell,accuracy\nx,0.3333333333\n'=y,0.25\n"
