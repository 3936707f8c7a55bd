"""The numbers of the tables against a plain recomputation from the predictions (scikit-learn, scipy, pandas)."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk

from benchmark.records.checks.known import Known
from benchmark.records.comparisons import summarise
from benchmark.records.examine import gather
from benchmark.records.optimism import picks
from benchmark.report.build import build
from benchmark.report.sections import results


def predictions(built, protocol, cell, seeds=(0, 1, 2), tta="none"):
    for seed in seeds:
        with np.load(built / "records" / protocol / cell / f"seed{seed}" / "predictions.npz") as stored:
            yield stored["test_targets"], stored[f"test_outputs_{tta}"].astype(np.float64)


def interval(values):
    mean = np.mean(values)
    return mean, *stats.t.interval(0.95, len(values) - 1, mean, stats.sem(values))


def csv(built, name):
    table = pd.read_csv(built / "tables" / f"{name}.csv")
    return table.set_index("cell")


def assert_interval(row, name, values):
    assert [row[f"{name}_{part}"] for part in ("mean", "low", "high")] == pytest.approx(interval(values), abs=1e-9)


def test_categorical_results(built):
    cell = "net-fixed-working-plain"
    row, own = csv(built, "synthetic-8-results").loc[cell], list(predictions(built, "synthetic-8", cell))
    answers = [(y, s.argmax(1)) for y, s in own]
    assert row["n"] == 3
    for name, function in {
        "accuracy": sk.accuracy_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
        "macro_f1": lambda y, p: sk.f1_score(y, p, average="macro"),
        "weighted_f1": lambda y, p: sk.f1_score(y, p, average="weighted"),
        "kappa": sk.cohen_kappa_score,
        "mcc": sk.matthews_corrcoef,
    }.items():
        assert_interval(row, name, [function(y, p) for y, p in answers])
    probabilities = [(y, np.exp(s) / np.exp(s).sum(1, keepdims=True)) for y, s in own]
    assert_interval(row, "nll", [sk.log_loss(y, p) for y, p in probabilities])
    assert_interval(row, "roc_auc", [sk.roc_auc_score(y, p, multi_class="ovr") for y, p in probabilities])
    shown = (built / "tables" / "synthetic-8-results.md").read_text()
    mean, low, high = (100 * value for value in interval([sk.accuracy_score(y, p) for y, p in answers]))
    assert f"| {cell} | n = 3 | {mean:.2f} [{low:.2f}, {high:.2f}] |" in shown


def test_every_metric_is_in_a_block():
    from benchmark.records.metrics import METRICS, blocks

    for task in ("categorical", "dimensional"):
        found = blocks(task)
        assert sorted(n for block in found for n in block) == sorted(n for n, m in METRICS.items() if m.task == task)
    assert [block[0] for block in blocks("categorical")] == ["accuracy", "kappa", "roc_auc"]
    assert [block[0] for block in blocks("dimensional")] == ["rmse_mean", "rmse_valence", "rmse_arousal"]
    assert blocks("dimensional")[1] == ("rmse_valence", "mae_valence", "corr_valence", "ccc_valence", "sagr_valence")


def test_class_recall_and_precision(built):
    cell = "net-adaptive-working-plain"
    row = csv(built, "synthetic-8-classes").loc[cell]
    reports = [
        sk.precision_recall_fscore_support(y, s.argmax(1), labels=range(8), zero_division=0)
        for y, s in predictions(built, "synthetic-8", cell)
    ]
    names = json.loads((built / "records/synthetic-8" / cell / "seed0/record.json").read_text())["classes"]
    for k, name in enumerate(names):
        for measure, position in (("precision", 0), ("recall", 1)):
            values = [report[position][k] for report in reports]
            if len(set(values)) > 1:
                assert_interval(row, f"{measure}_{name}", values)
            else:
                assert row[f"{measure}_{name}_mean"] == pytest.approx(values[0])


def test_dimensional_results(built):
    cell = "net-adaptive-working-mse"
    row, own = csv(built, "synthetic-va-results").loc[cell], list(predictions(built, "synthetic-va", cell))

    def ccc(y, p):
        y = y.astype(np.float64)
        return 2 * np.cov(y, p, ddof=0)[0, 1] / (y.var() + p.var() + (y.mean() - p.mean()) ** 2)

    for i, dimension in enumerate(("valence", "arousal")):
        assert_interval(row, f"rmse_{dimension}", [sk.root_mean_squared_error(y[:, i], p[:, i]) for y, p in own])
        assert_interval(row, f"corr_{dimension}", [np.corrcoef(y[:, i], p[:, i])[0, 1] for y, p in own])
        assert_interval(row, f"ccc_{dimension}", [ccc(y[:, i], p[:, i]) for y, p in own])
    assert_interval(row, "ccc_mean", [(ccc(y[:, 0], p[:, 0]) + ccc(y[:, 1], p[:, 1])) / 2 for y, p in own])
    assert_interval(row, "sagr_mean", [np.mean(np.sign(y) == np.sign(p)) for y, p in own])


def test_constant_answers_are_reference_rows(built):
    targets, _ = next(predictions(built, "synthetic-8", "net-fixed-working-plain"))
    table = csv(built, "synthetic-8-results")
    (name,) = [cell for cell in table.index if cell.startswith("constant")]
    assert table.loc[name, "accuracy_mean"] == pytest.approx(np.bincount(targets).max() / len(targets))
    assert table.loc[name, "balanced_accuracy_mean"] == pytest.approx(1 / 8)
    assert np.isnan(table.loc[name, "nll_mean"]) and np.isnan(table.loc[name, "accuracy_low"])
    targets, _ = next(predictions(built, "synthetic-va", "net-identity-working-mse"))
    row = csv(built, "synthetic-va-results").loc["constant: mean test target"]
    assert row["rmse_valence_mean"] == pytest.approx(targets[:, 0].std(), rel=1e-5)
    assert row["corr_mean_note"] == "not defined"


def test_diverged_runs_are_marked_and_in_no_mean(built):
    table = csv(built, "synthetic-8-results")
    some, none = table.loc["net-identity-frozen-plain"], table.loc["net-adaptive-frozen-plain"]
    own = predictions(built, "synthetic-8", "net-identity-frozen-plain", seeds=(0, 2))
    assert_interval(some, "accuracy", [sk.accuracy_score(y, s.argmax(1)) for y, s in own])
    assert (some["n"], some["n_diverged"]) == (2, 1) and (none["n"], none["n_diverged"]) == (0, 3)
    assert np.isnan(none["accuracy_mean"]) and none["accuracy_note"] == "diverged"
    for name in ("results", "classes", "selection", "tta"):
        shown = (built / "tables" / f"synthetic-8-{name}.md").read_text()
        assert "| net-identity-frozen-plain | n = 2; diverged 1 of 3 |" in shown
        assert "| net-adaptive-frozen-plain | n = 0; diverged 3 of 3 | diverged | diverged |" in shown


def test_a_single_seed_has_no_interval(built):
    row = csv(built, "synthetic-8-results").loc["other_net-plain"]
    assert np.isnan(row["accuracy_low"]) and np.isnan(row["accuracy_high"])
    shown = (built / "tables" / "synthetic-8-results.md").read_text()
    assert f"| other_net-plain | n = 1, no interval | {100 * row['accuracy_mean']:.2f} |" in shown


def test_every_table_names_protocol_images_selection_and_tta(built):
    tables = list((built / "tables").glob("synthetic-*.md"))
    assert len(tables) == 15
    for path in tables:
        for suffix in (".md", ".tex"):
            text = path.with_suffix(suffix).read_text()
            for words in ("version 1.0", "90 images", "selection rule: best-validation", "TTA: "):
                assert words in text, (path, words)


def test_selection_rules_by_hand():
    history = [
        {"validation": {"accuracy": v}, "test": {"accuracy": t}} for v, t in ((0.5, 0.4), (0.7, 0.6), (0.7, 0.9), (0.6, 0.8))
    ]
    assert picks(history, "accuracy") == {"last": 0.8, "best_validation": 0.6, "oracle": 0.9}


def test_selection_table(built):
    cell = "net-identity-working-plain"
    row, rules = csv(built, "synthetic-8-selection").loc[cell], {"last": [], "best_validation": [], "oracle": []}
    history = pd.read_csv(built / "plots" / "history.csv")
    for _, run in history[(history["protocol"] == "synthetic-8") & (history["cell"] == cell)].groupby("seed"):
        rules["last"].append(run.sort_values("epoch")["test_metric"].iloc[-1])
        rules["best_validation"].append(run.loc[run["validation_metric"].idxmax(), "test_metric"])
        rules["oracle"].append(run["test_metric"].max())
    for rule, values in rules.items():
        assert_interval(row, rule, values)
    gains = np.subtract(rules["oracle"], rules["best_validation"])
    assert gains.max() > 0
    assert_interval(row, "optimism", gains)


def test_tta_table(built):
    cell = "net-fixed-working-plain"
    row, values = csv(built, "synthetic-8-tta").loc[cell], {}
    for tta in ("none", "flip"):
        own = predictions(built, "synthetic-8", cell, tta=tta)
        values[tta] = [sk.accuracy_score(y, s.argmax(1)) for y, s in own]
        assert_interval(row, f"tta_{tta}", values[tta])
    assert_interval(row, "gain_flip", np.subtract(values["flip"], values["none"]))


def test_what_a_record_lacks_is_not_tested(make, cell, tmp_path):
    own = cell("identity", "working", "plain")
    """The report sets such records apart; a table says so too, if it is made from one."""
    record = make(tmp_path, "synthetic-8", own, 0, history=[], protocol={"tta": ["none", "ten-crop"]})
    (comparison,) = summarise([record], tmp_path).comparisons
    assert "not tested: a record has no per-epoch history" in results.selection(comparison).markdown()
    assert "not tested: 0 of 1 records have ten-crop" in results.augmentation(comparison).markdown()
    record = make(tmp_path / "other", "synthetic-8", own, 0, history=[])
    (why,) = gather(tmp_path / "other", Known()).apart[record.directory]
    assert "history: found epochs []" in why


def test_a_learning_rate_of_a_cells_own_stands_in_its_row(make, cell, tmp_path, built, undrawn):
    """Beside it the recipe's own for the other cells; no column where no cell has one."""
    own = dataclasses.replace(cell("identity", "working", "plain"), learning_rate=0.0123)
    for each in (own, cell("fixed", "working", "plain")):
        make(tmp_path / "records", "synthetic-8", each, 0)
    build(tmp_path / "records", tmp_path / "none.json", tmp_path / "none", tmp_path)
    table = csv(tmp_path, "synthetic-8-results")
    assert table.loc["net-identity-working-plain", "rate"] == 0.0123
    assert table.loc["net-fixed-working-plain", "rate"] == 0.004  # of the recipe `quick`
    assert "rate" not in csv(built, "synthetic-8-results")


def test_classes_a_block_cover_all_classes(built):
    assert results.CLASSES_A_BLOCK == 4
    text = (built / "tables" / "synthetic-8-classes.tex").read_text()
    assert text.count(r"\begin{tabular}") == 4
