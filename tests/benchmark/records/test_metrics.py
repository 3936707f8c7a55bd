"""Every metric against a second implementation (torchmetrics, torch, plain loops, hand-derived values), every
degenerate input against the answer that docs/reference/metrics.md gives."""

import json
import math
import re
import subprocess
import sys
import warnings

import krippendorff
import numpy as np
import pytest
from sklearn import metrics as sk

from benchmark.errors import BadInput
from benchmark.records import metrics
from benchmark.records.metrics import METRICS, categorical, dimensional, metric_function
from benchmark.records.selection_metric import accuracy, ccc, ccc_mean

CATEGORICAL = [name for name, metric in METRICS.items() if metric.task == "categorical"]
DIMENSIONAL = [name for name, metric in METRICS.items() if metric.task == "dimensional"]


@pytest.fixture(autouse=True)
def no_warnings():
    """A warning that reaches the user means that a degenerate case was left to a library's taste."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", module="torch.*")
        yield


def names(k):
    return [f"class{i}" for i in range(k)]


def imbalanced(seed, n=400, k=8, skill=1.5):
    """Labels with class shares falling geometrically (each class at least twice) and logits that know them a little."""
    rng = np.random.default_rng(seed)
    share = 0.6 ** np.arange(k)
    labels = np.concatenate([np.repeat(np.arange(k), 2), rng.choice(k, n - 2 * k, p=share / share.sum())])
    rng.shuffle(labels)
    scores = rng.normal(size=(n, k)) + skill * np.eye(k)[labels] + np.log(share)
    return labels, scores


def correlated(seed, n=300):
    rng = np.random.default_rng(seed)
    targets = rng.uniform(-1, 1, (n, 2))
    targets[rng.random((n, 2)) < 0.1] = 0  # AffectNet has many exact zeros
    return targets, 0.7 * targets + rng.normal(0.1, 0.3, (n, 2))


# ---------------------------------------------------------------- values, categorical


@pytest.mark.parametrize(("seed", "k"), [(0, 8), (1, 7), (2, 3), (3, 2), (4, 8)])
def test_categorical_against_torchmetrics(seed, k):
    torch, tm = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.classification")
    labels, scores = imbalanced(seed, k=k)
    found = categorical(labels, scores, names(k))
    t, s = torch.tensor(labels), torch.tensor(scores)
    expected = {
        "accuracy": tm.multiclass_accuracy(s, t, k, average="micro"),
        "balanced_accuracy": tm.multiclass_accuracy(s, t, k, average="macro"),
        "macro_f1": tm.multiclass_f1_score(s, t, k, average="macro"),
        "weighted_f1": tm.multiclass_f1_score(s, t, k, average="weighted"),
        "macro_ppv": tm.multiclass_precision(s, t, k, average="macro"),
        "kappa": tm.multiclass_cohen_kappa(s, t, k),
        "mcc": tm.multiclass_matthews_corrcoef(s, t, k),
        "roc_auc": tm.multiclass_auroc(s, t, k, average="macro"),
        "pr_auc": tm.multiclass_average_precision(s, t, k, average="macro"),
        "ece": tm.multiclass_calibration_error(s, t, k, n_bins=15, norm="l1"),
        "nll": torch.nn.functional.cross_entropy(s, t),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value.item(), abs=2e-6), name
    for name, function in (("recall", tm.multiclass_recall), ("precision", tm.multiclass_precision),
                           ("f1", tm.multiclass_f1_score)):  # fmt: skip
        assert found[name] == pytest.approx(function(s, t, k, average="none").tolist(), abs=2e-6), name
    assert found["confusion"] == tm.multiclass_confusion_matrix(s, t, k).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_categorical_against_plain_loops(seed):
    labels, scores = imbalanced(seed, n=120, k=4)
    found = categorical(labels, scores, names(4))
    predicted, probabilities = [], []
    for row in scores.tolist():
        exponentials = [math.exp(v) for v in row]
        probabilities.append([e / sum(exponentials) for e in exponentials])
        predicted.append(row.index(max(row)))
    n = len(labels)
    brier = 0.0
    for row, y in zip(probabilities, labels, strict=True):
        brier += sum((p - (k == y)) ** 2 for k, p in enumerate(row))
    assert found["brier"] == pytest.approx(brier / n)
    ece = 0.0
    for i in range(15):
        inside = [j for j in range(n) if i / 15 < max(probabilities[j]) <= (i + 1) / 15]
        if inside:
            right = sum(predicted[j] == labels[j] for j in inside) / len(inside)
            ece += len(inside) / n * abs(right - sum(max(probabilities[j]) for j in inside) / len(inside))
    assert found["ece"] == pytest.approx(ece)
    # Nominal alpha with two raters and no gaps: 1 - (2n - 1) * disagreements / sum over pairs of different values.
    values = [*labels.tolist(), *predicted]
    different = sum(values.count(c) * (2 * n - values.count(c)) for c in range(4))
    disagreements = 2 * sum(p != y for p, y in zip(predicted, labels, strict=True))
    assert found["alpha"] == pytest.approx(1 - (2 * n - 1) * disagreements / different)
    # Rank statistic: the chance that a random positive outranks a random negative, ties counting half.
    areas = []
    for k in range(4):
        positive = [p[k] for p, y in zip(probabilities, labels, strict=True) if y == k]
        negative = [p[k] for p, y in zip(probabilities, labels, strict=True) if y != k]
        areas.append(sum((a > b) + 0.5 * (a == b) for a in positive for b in negative) / len(positive) / len(negative))
    assert found["roc_auc"] == pytest.approx(sum(areas) / 4)


def test_categorical_by_hand():
    """Labels 0 0 0 1 1 2, predictions 0 0 1 1 2 2, each with the logit log 2 against 0 and 0: probabilities 2:1:1."""
    labels = np.array([0, 0, 0, 1, 1, 2])
    scores = math.log(2) * np.eye(3)[[0, 0, 1, 1, 2, 2]]
    found = categorical(labels, scores, ["a", "b", "c"])
    assert found["confusion"] == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    assert found["support"] == [3, 2, 1] and found["n"] == 6 and found["classes"] == ["a", "b", "c"]
    assert found["recall"] == pytest.approx([2 / 3, 1 / 2, 1])
    assert found["precision"] == pytest.approx([1, 1 / 2, 1 / 2])
    assert found["f1"] == pytest.approx([4 / 5, 1 / 2, 2 / 3])
    by_hand = {
        "accuracy": 4 / 6,
        "balanced_accuracy": (2 / 3 + 1 / 2 + 1) / 3,
        "macro_f1": (4 / 5 + 1 / 2 + 2 / 3) / 3,
        "weighted_f1": (3 * 4 / 5 + 2 * 1 / 2 + 2 / 3) / 6,
        "macro_ppv": 2 / 3,
        "kappa": (4 / 6 - 12 / 36) / (1 - 12 / 36),  # chance: 3*2 + 2*2 + 1*2 = 12 of 36
        "alpha": 1 - 11 * 4 / (5 * 7 + 4 * 8 + 3 * 9),  # values 0,1,2 occur 5,4,3 times of 12
        "mcc": (4 * 6 - 12) / math.sqrt((36 - 12) * (36 - 14)),  # squares: predicted 2,2,2; true 3,2,1
        "nll": (4 * math.log(2) + 2 * math.log(4)) / 6,
        "ece": 4 / 6 - 1 / 2,  # one bin, confidence 1/2
        "brier": (4 * (1 / 4 + 1 / 16 + 1 / 16) + 2 * (1 / 4 + 9 / 16 + 1 / 16)) / 6,
    }
    for name, value in by_hand.items():
        assert found[name] == pytest.approx(value), name


def test_probabilities_are_softmax_per_row_not_the_logits():
    """Adding a constant to a row changes no probability, so no metric; ranking raw logits across rows would."""
    labels, scores = imbalanced(5)
    shifted = scores + np.random.default_rng(0).normal(0, 20, (len(scores), 1))
    before, after = categorical(labels, scores, names(8)), categorical(labels, shifted, names(8))
    for name in CATEGORICAL:
        assert before[name] == pytest.approx(after[name], abs=1e-9), name


# ---------------------------------------------------------------- values, dimensional


@pytest.mark.parametrize("seed", range(4))
def test_dimensional_against_torchmetrics(seed):
    torch, tm = pytest.importorskip("torch"), pytest.importorskip("torchmetrics.functional.regression")
    targets, outputs = correlated(seed)
    found = dimensional(targets, outputs)
    oracle = {
        "rmse": lambda x, y: tm.mean_squared_error(x, y, squared=False),
        "mae": tm.mean_absolute_error,
        "corr": tm.pearson_corrcoef,
    }
    for name, function in oracle.items():
        values = []
        for i, dimension in enumerate(("valence", "arousal")):
            values.append(function(torch.tensor(outputs[:, i]), torch.tensor(targets[:, i])).item())
            assert found[f"{name}_{dimension}"] == pytest.approx(values[-1], abs=1e-6)
        assert found[f"{name}_mean"] == pytest.approx(sum(values) / 2, abs=1e-6)
    small_x, small_y = targets[:9, 0], outputs[:9, 0] + 0.5  # few rows, other means: ddof shows
    theirs = tm.concordance_corrcoef(torch.tensor(small_y), torch.tensor(small_x)).item()
    assert ccc(small_x, small_y, ddof=1) == pytest.approx(theirs, abs=1e-6)
    assert abs(ccc(small_x, small_y) - theirs) > 1e-4


@pytest.mark.parametrize("seed", range(4))
def test_dimensional_against_plain_loops(seed):
    targets, outputs = correlated(seed, n=57)
    outputs[::5] = 0
    found = dimensional(targets, outputs)
    for i, dimension in enumerate(("valence", "arousal")):
        x, y = targets[:, i].tolist(), outputs[:, i].tolist()
        n = len(x)
        mx, my = sum(x) / n, sum(y) / n
        covariance = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / n
        vx, vy = sum((a - mx) ** 2 for a in x) / n, sum((b - my) ** 2 for b in y) / n
        assert found[f"ccc_{dimension}"] == pytest.approx(2 * covariance / (vx + vy + (mx - my) ** 2))
        agree = sum((a > 0 and b > 0) or (a < 0 and b < 0) or (a == 0 and b == 0) for a, b in zip(x, y, strict=True))
        assert found[f"sagr_{dimension}"] == pytest.approx(agree / n)
    assert ccc_mean(targets, outputs) == pytest.approx((found["ccc_valence"] + found["ccc_arousal"]) / 2)
    assert found["ccc_mean"] == pytest.approx(ccc_mean(targets, outputs))


def test_dimensional_by_hand():
    """CCC of (-1, 0, 1) and (0, 1, 2)/2: covariance 1/3, variances 2/3 and 1/6, means 0 and 1/2."""
    targets = np.array([[-1, 1], [0, 0], [1, -1]], np.float32)
    outputs = np.array([[0, 1], [0.5, 0], [1, -1]], np.float32)
    found = dimensional(targets, outputs)
    by_hand = {
        "ccc_valence": (2 / 3) / (2 / 3 + 1 / 6 + 1 / 4), "ccc_arousal": 1,
        "rmse_valence": math.sqrt((1 + 0.25) / 3), "rmse_arousal": 0, "rmse_mean": math.sqrt(1.25 / 3) / 2,
        "mae_valence": 0.5, "mae_arousal": 0, "corr_valence": 1, "corr_arousal": 1,
        "sagr_valence": 1 / 3, "sagr_arousal": 1, "sagr_mean": 2 / 3,
    }  # fmt: skip
    for name, value in by_hand.items():
        assert found[name] == pytest.approx(value), name
    assert found["n"] == 3


# ---------------------------------------------------------------- the table


def test_table_and_results_name_the_same_metrics():
    lists = {"n", "classes", "support", "recall", "precision", "f1", "confusion", "calibration"}
    assert set(categorical(*imbalanced(0), names(8))) == set(CATEGORICAL) | lists
    assert set(dimensional(*correlated(0))) == set(DIMENSIONAL) | {"n"}
    assert len(CATEGORICAL) + len(DIMENSIONAL) == len(METRICS)
    for metric in METRICS.values():
        assert metric.title and metric.source and metric.unit in ("%", "nats", "")
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)


# Name -> unit, direction, block, as docs/reference/metrics.md has them. Those of valence and arousal stand for three each.
SHOWN = {
    "accuracy": ("%", "higher", "recognition"), "balanced_accuracy": ("%", "higher", "recognition"),
    "macro_f1": ("%", "higher", "recognition"), "weighted_f1": ("%", "higher", "recognition"),
    "macro_ppv": ("%", "higher", "recognition"), "kappa": ("", "higher", "agreement"), "alpha": ("", "higher", "agreement"),
    "mcc": ("", "higher", "agreement"), "roc_auc": ("", "higher", "scores"), "pr_auc": ("", "higher", "scores"),
    "nll": ("nats", "lower", "scores"), "ece": ("%", "lower", "scores"), "brier": ("", "lower", "scores"),
}  # fmt: skip
OF_DIMENSIONS = {
    "rmse": ("", "lower"), "mae": ("", "lower"), "corr": ("", "higher"), "ccc": ("", "higher"), "sagr": ("%", "higher"),
}  # fmt: skip


def test_units_directions_and_blocks():
    found = {name: (metric.unit, metric.direction, metric.block) for name, metric in METRICS.items()}
    of_both = {f"{name}_{of}": (*own, of) for name, own in OF_DIMENSIONS.items() for of in ("valence", "arousal", "mean")}
    assert found == SHOWN | of_both
    assert metrics.PRIMARY == {"categorical": "accuracy", "dimensional": "ccc_mean"}


def test_blocks_are_in_the_order_of_the_tables():
    recognition = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_ppv")
    areas = ("roc_auc", "pr_auc", "nll", "ece", "brier")
    assert metrics.blocks("categorical") == (recognition, ("kappa", "alpha", "mcc"), areas)
    names = ("rmse", "mae", "corr", "ccc", "sagr")  # the mean first
    assert metrics.blocks("dimensional") == tuple(tuple(f"{n}_{of}" for n in names) for of in ("mean", "valence", "arousal"))


def test_smallest_differences_of_interest():
    """Those of docs/reference/rules.md: a verdict of equivalence is worth no more than its margin."""
    points = ("accuracy", "balanced_accuracy", "macro_f1")
    of_both = [f"{name}_{of}" for name in ("ccc", "rmse") for of in ("valence", "arousal", "mean")]
    assert {**dict.fromkeys([*points, *of_both], 0.01), "recall": 0.05} == metrics.SMALLEST_DIFFERENCE


RANGES = {"0 to 1": (0, 1), "0 to 2": (0, 2), "-1 to 1": (-1, 1), "at most 1": (-1, 1), "from 0": (0, None)}


@pytest.mark.parametrize("name", METRICS)
def test_what_is_possible_is_the_range_of_the_definition(name):
    function = METRICS[name].function
    of = getattr(function, "args", (function,))[0]  # for valence and arousal, the function of one dimension
    (said,) = re.findall(r"Range: ([^,.;]*)", of.__doc__)
    assert metrics.possible(name) == RANGES[said]
    low, high = RANGES[said]
    assert metrics.possible_difference(name) == ((None, None) if high is None else (low - high, high - low))


def test_of_a_metric_that_states_no_range_everything_is_possible(monkeypatch):
    monkeypatch.setitem(METRICS, "somebodys_own", METRICS["accuracy"])
    assert metrics.possible("somebodys_own") == (None, None) == metrics.possible_difference("somebodys_own")


def test_what_is_possible_of_a_class():
    assert [metrics.possible(name) for name in ("recall", "precision", "f1")] == [(0, 1)] * 3
    with pytest.raises(BadInput, match="'confusion'"):
        metrics.possible("confusion")


def test_nothing_is_beyond_what_is_possible_and_the_ends_are_reached():
    """Everything right, everything wrong (two classes exchanged, and always the same wrong one), and random answers."""
    labels, rng = np.arange(40) % 2, np.random.default_rng(0)
    sure = [np.eye(3)[of] * 900 for of in (labels, 1 - labels, np.full(40, 2), rng.integers(0, 3, 40))]
    found = [categorical(labels, scores, names(3)) for scores in sure]
    moved = np.stack([np.linspace(-1, 1, 40), np.linspace(1, -1, 40)], axis=1)
    found_va = [dimensional(moved, outputs) for outputs in (moved, -moved, rng.normal(size=(40, 2)))]
    for name, metric in METRICS.items():
        values = [own[name] for own in (found if metric.task == "categorical" else found_va) if own[name] is not None]
        low, high = metrics.possible(name)
        assert min(values) >= low - 1e-12 and (high is None or max(values) <= high + 1e-12)
        if name != "pr_auc":  # 0 only in the limit; of n faces, alpha is -1 + 1 / n at least
            assert min(values) == pytest.approx(-1 + 1 / 40 if name == "alpha" else low, abs=1e-9)
        assert high is None or name == "ece" or max(values) == pytest.approx(high, abs=1e-9)


def test_class_names_alone_give_no_scores():
    """Of one-hot rows the metrics of the predicted class are as ever, and those of probabilities are not defined."""
    labels, scores = imbalanced(2, k=4)
    hard = np.eye(4)[scores.argmax(1)]
    found, soft = categorical(labels, hard, names(4), hard=True), categorical(labels, scores, names(4))
    undefined = {"roc_auc", "pr_auc", "nll", "ece", "brier", "calibration"}
    assert {name for name, value in found.items() if value is None} == undefined
    assert {name: value for name, value in found.items() if value is not None} == {
        name: value for name, value in soft.items() if name not in undefined
    }


def test_calibration_bins_by_hand():
    """Confidences .52, .72 and .74 of two classes: bins 7 and 10 (of 15, from 0); the sums are of rows, not means."""
    p = np.array([0.52, 0.72, 0.26])
    found = categorical(np.array([0, 1, 1]), np.log(np.stack([p, 1 - p], 1)), names(2))["calibration"]
    assert found["count"] == [0] * 7 + [1] + [0] * 2 + [1, 1] + [0] * 3
    assert found["correct"] == [0] * 7 + [1] + [0] * 3 + [1] + [0] * 3
    assert [found["confidence"][k] for k in (7, 10, 11)] == pytest.approx([0.52, 0.72, 0.74])


@pytest.mark.parametrize("name", METRICS)
def test_direction_and_single_metric(name):
    """A better model scores on the better side, and one metric alone equals the same metric among all."""
    if METRICS[name].task == "categorical":
        labels, good = imbalanced(6, skill=12)
        poor = np.random.default_rng(0).normal(size=good.shape) * 6
        cases = [(labels, good), (labels, poor)]
        together = [categorical(*case, names(8))[name] for case in cases]
    else:
        targets, noisy = correlated(6)
        cases = [(targets, targets * 0.99), (targets, noisy)]
        together = [dimensional(*case)[name] for case in cases]
    alone = [metric_function(name)(*case) for case in cases]
    assert alone == together
    assert alone[0] > alone[1] if METRICS[name].direction == "higher" else alone[0] < alone[1]


def test_unknown_metric_is_refused():
    with pytest.raises(BadInput, match="'f2'.*macro_f1"):
        metric_function("f2")


def test_values_are_defined_together_or_not_at_all():
    assert metrics.defined([0.0, 0.5]) == [0.0, 0.5]  # 0 is a value
    assert metrics.defined([]) == []
    assert metrics.defined([0.5, None]) is None and metrics.defined([None, 0.5]) is None


# ---------------------------------------------------------------- degenerate cases with an answer


def test_class_without_a_label_is_left_out_of_the_averages():
    labels = np.array([0, 0, 1, 1])
    scores = np.eye(3)[[0, 2, 1, 1]] * 2  # class 2 has no label but is predicted once
    found = categorical(labels, scores, names(3))
    assert found["recall"] == [0.5, 1, None] and found["precision"] == [1, 1, None]
    assert found["f1"] == pytest.approx([2 / 3, 1, None])
    assert found["balanced_accuracy"] == pytest.approx(0.75) and found["macro_ppv"] == 1
    assert found["macro_f1"] == pytest.approx(5 / 6) and found["weighted_f1"] == pytest.approx(5 / 6)
    assert found["support"] == [2, 2, 0] and found["accuracy"] == 0.75
    one_vs_rest = [0.75, 1.0]  # class 0: its rows have p(0) high and low; class 1: separated
    assert found["roc_auc"] == pytest.approx(np.mean(one_vs_rest))
    assert all(found[name] is not None for name in CATEGORICAL)


@pytest.mark.parametrize("seed", range(3))
def test_areas_are_those_of_scikit_learn_with_ties(seed):
    labels, scores = imbalanced(seed)
    scores = np.round(scores)  # many rows share a probability
    scores[:40] = scores[0]
    probability = metrics.Predictions(labels, scores).probabilities
    found = categorical(labels, scores, names(8))
    for name, function in (("roc_auc", sk.roc_auc_score), ("pr_auc", sk.average_precision_score)):
        expected = np.mean([function(labels == k, probability[:, k]) for k in range(8)])
        assert found[name] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("predicted", [(0, 1, 2, 3, 4), (0, 1, 3), (4,)], ids=["all", "some", "one"])
@pytest.mark.parametrize("present", [(0, 1, 2, 3), (1, 4), (2,)], ids=["most", "two", "one"])
def test_metrics_of_the_confusion_matrix_are_those_of_the_libraries(present, predicted):
    """Of 60 rows and 5 classes; classes without a label, classes never predicted."""
    rng = np.random.default_rng(0)
    labels, answers = rng.choice(present, 60), rng.choice(predicted, 60)
    found = categorical(labels, np.eye(5)[answers], names(5))
    k = np.unique(labels)
    macro = {"labels": k, "zero_division": 0}
    expected = {
        "balanced_accuracy": sk.recall_score(labels, answers, average="macro", **macro),
        "macro_ppv": sk.precision_score(labels, answers, average="macro", **macro),
        "macro_f1": sk.f1_score(labels, answers, average="macro", **macro),
        "weighted_f1": sk.f1_score(labels, answers, average="weighted", **macro),
        "kappa": sk.cohen_kappa_score(labels, answers),
        "mcc": sk.matthews_corrcoef(labels, answers),
        "alpha": krippendorff.alpha(np.stack([labels, answers]), level_of_measurement="nominal"),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-15)
    for name, function in (("recall", sk.recall_score), ("precision", sk.precision_score), ("f1", sk.f1_score)):
        values = function(labels, answers, average=None, **macro)
        assert [value for value in found[name] if value is not None] == pytest.approx(values.tolist(), rel=1e-12)


def test_class_never_predicted_counts_as_zero():
    found = categorical(np.array([0, 0, 1]), np.eye(2)[[0, 0, 0]], names(2))
    assert found["precision"] == pytest.approx([2 / 3, 0]) and found["f1"] == pytest.approx([0.8, 0])
    assert found["macro_ppv"] == pytest.approx(1 / 3) and found["macro_f1"] == pytest.approx(0.4)


def test_constant_predictions():
    labels, _ = imbalanced(0, k=4)
    found = categorical(labels, np.tile([0.0, 3, 1, 2], (len(labels), 1)), names(4))
    assert found["kappa"] == 0 and found["mcc"] == 0 and found["balanced_accuracy"] == 0.25
    assert found["roc_auc"] == 0.5  # every pair is a tie
    assert found["pr_auc"] == pytest.approx(0.25)  # mean of the classes' shares
    assert found["alpha"] < 0
    assert found["accuracy"] == np.mean(labels == 1)


def test_one_class_everywhere():
    found = categorical(np.array([1, 1, 1]), np.eye(3)[[1, 1, 1]], names(3))
    assert found["accuracy"] == found["macro_f1"] == found["balanced_accuracy"] == 1
    for name in ("kappa", "alpha", "mcc", "roc_auc", "pr_auc"):
        assert found[name] is None, name
    assert found["recall"] == [None, 1, None]


def test_one_class_in_the_labels_but_not_in_the_predictions():
    found = categorical(np.array([1, 1, 1, 1]), np.eye(3)[[1, 1, 0, 2]], names(3))
    assert found["kappa"] == 0 and found["mcc"] == 0 and found["roc_auc"] is None and found["pr_auc"] is None


def test_single_row_and_ties():
    found = categorical(np.array([0]), np.zeros((1, 3)), names(3))
    assert found["accuracy"] == 1  # ties go to the lowest index
    assert found["nll"] == pytest.approx(math.log(3)) and found["ece"] == pytest.approx(2 / 3)
    assert [accuracy(np.array([k]), np.zeros((1, 3))) for k in range(3)] == [1, 0, 0]


def test_extreme_logits_stay_finite():
    found = categorical(np.array([0, 1]), np.array([[1e38, -1e38], [1e38, 0]], np.float32), names(2))
    assert found["nll"] == pytest.approx(0.5e38, rel=1e-6) and found["brier"] == 1 and found["ece"] == 0.5


def test_ece_bins_are_closed_on_the_right():
    """Confidence exactly 2/3 = 10/15 belongs to the bin below, with .6401; apart, the gaps would not cancel."""
    scores = np.log(np.array([[2, 1], [0.6401, 0.3599]], np.float64))
    confidence = np.exp(metrics.Predictions(np.array([0, 0]), scores).log_probabilities).max(axis=1)
    assert confidence[0] <= 10 / 15 and confidence[1] > 9 / 15
    found = categorical(np.array([0, 1]), scores, names(2))
    assert found["ece"] == pytest.approx(abs(1 - confidence.sum()) / 2)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_constant_outputs(dtype):
    targets, _ = correlated(1, n=999)
    found = dimensional(targets, np.full((999, 2), 0.1, dtype))
    for dimension in ("valence", "arousal", "mean"):
        assert found[f"corr_{dimension}"] is None and found[f"ccc_{dimension}"] == 0
    assert ccc_mean(targets, np.full((999, 2), 0.1, dtype)) == 0
    constant = np.full(3, 0.1)
    assert (constant - constant.mean()).any()  # by rounding
    assert ccc(constant, np.array([1.0, 2.0, 4.0])) == ccc(np.array([1.0, 2.0, 4.0]), constant) == 0


def test_nearly_constant_outputs_have_no_correlation():
    targets, _ = correlated(1)
    outputs = np.full_like(targets, 0.1)
    outputs[::2] += 2e-17  # one unit in the last place or less
    outputs[0] = np.nextafter(0.1, 1)
    assert dimensional(targets, outputs)["corr_valence"] is None


def test_constant_targets():
    constant = np.full((5, 2), 0.3)
    found = dimensional(constant, constant)
    assert found["ccc_valence"] is None and found["ccc_mean"] is None and found["rmse_mean"] == 0
    assert ccc_mean(constant, constant) == 0
    assert dimensional(constant, constant + 0.1)["ccc_mean"] == 0
    half = np.column_stack([np.linspace(-1, 1, 5), np.full(5, 0.3)])
    found = dimensional(half, half)
    assert found["ccc_valence"] == pytest.approx(1) and found["ccc_arousal"] is None and found["ccc_mean"] is None
    assert found["corr_valence"] == pytest.approx(1) and found["corr_mean"] is None


def test_single_row_dimensional():
    found = dimensional(np.array([[0.5, -0.5]]), np.array([[0.5, 0.5]]))
    assert found["ccc_valence"] is None and found["ccc_arousal"] == 0 and found["corr_mean"] is None
    assert found["sagr_mean"] == 0.5 and ccc(np.array([0.5]), np.array([0.1]), ddof=1) is None


def test_results_are_strict_json():
    degenerate = categorical(np.array([1]), np.eye(3)[[1]], names(3))
    for result in (degenerate, categorical(*imbalanced(0), names(8)), dimensional(*correlated(0)),
                   dimensional(np.zeros((1, 2)), np.zeros((1, 2)))):  # fmt: skip
        assert json.loads(json.dumps(result, allow_nan=False)) == result


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        (np.array([0, 1, 1]), [[1, 0], [np.nan, 0], [0, np.inf]], "2 of 3 rows not finite .first: row 1"),
        (np.array([], int), np.zeros((0, 3)), "scores: found 0 rows"),
        (np.array([0, 2]), np.zeros((2, 2)), "values 0..2; expected 0..1"),
        (np.array([-1, 1]), np.zeros((2, 2)), "values -1..1"),
        (np.array([0.0, 1.0]), np.zeros((2, 2)), "float64"),
        (np.array([False, True]), np.zeros((2, 2)), "labels: found bool"),
        (np.array([[0], [1]]), np.zeros((2, 2)), r"labels: found int64 \(2, 1\)"),
        (np.array([0, 1, 0]), np.zeros((2, 2)), r"\(3,\); expected integers of shape \(2,\)"),
        (np.array([0, 0]), np.zeros(2), "scores: found float64"),
        (np.array([0, 0]), np.zeros((2, 1)), "1 columns"),
        (np.array([0, 0]), np.array([["a", "b"], ["c", "d"]]), "scores: found <U1"),
    ],
)
def test_categorical_refuses(labels, scores, message):
    for function in (lambda a, b: categorical(a, b, ["x", "y"]), accuracy, metric_function("macro_f1")):
        with pytest.raises(BadInput, match=message):
            function(labels, np.asarray(scores))


def test_categorical_refuses_other_number_of_names():
    with pytest.raises(BadInput, match="class names: found 3; expected 2"):
        categorical(np.array([0, 1]), np.eye(2), names(3))


@pytest.mark.parametrize(
    ("targets", "outputs", "message"),
    [
        (np.zeros((2, 2)), np.array([[0, np.nan], [0, 0]]), "outputs: found 1 of 2 rows not finite .first: row 0"),
        (np.array([[np.nan, 0], [0, 0]]), np.zeros((2, 2)), "targets: found 1 of 2 rows not finite"),
        (np.array([[-2.0, -2], [0, 0]]), np.zeros((2, 2)), r"1 of 2 rows outside the range"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "0 rows"),
        (np.zeros((2, 3)), np.zeros((2, 3)), "valence and arousal"),
        (np.zeros((2, 2)), np.zeros((3, 2)), r"outputs: found shape \(3, 2\)"),
        (np.zeros(2), np.zeros(2), "targets: found float64"),
    ],
)
def test_dimensional_refuses(targets, outputs, message):
    for function in (dimensional, ccc_mean, metric_function("rmse_mean")):
        with pytest.raises(BadInput, match=message):
            function(targets, outputs)


# What importing costs


def run_python(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_training_loop_functions_need_only_numpy():
    program = """
import sys
for name in ("sklearn", "scipy", "krippendorff", "pandas", "torch"):
    sys.modules[name] = None
import numpy as np
from benchmark.records.selection_metric import accuracy, ccc_mean
print(accuracy(np.array([0, 1]), np.eye(2)), ccc_mean(np.eye(2), np.eye(2)))
"""
    done = run_python(program)
    assert done.stdout.split() == ["1.0", "1.0"], done.stderr


def test_torch_is_never_imported():
    program = """
import sys
import numpy as np
from benchmark.records.metrics import categorical, dimensional
import benchmark.records.statistics
categorical(np.array([0, 1]), np.eye(2), ["a", "b"]); dimensional(np.eye(2), np.eye(2))
print("torch" in sys.modules)
"""
    done = run_python(program)
    assert done.stdout.split() == ["False"], done.stderr


def test_no_value_is_outside_what_is_possible():
    """The best and the worst predictions that there are, and random ones."""
    rng, names = np.random.default_rng(7), list("abc")
    labels = np.arange(60) % 3
    right = 50.0 * np.eye(3)[labels]
    found = [metrics.categorical(labels, scores, names) for scores in (right, -right, rng.normal(size=(60, 3)))]
    targets = np.stack([np.linspace(-1, 1, 60), np.linspace(1, -1, 60)], axis=1)
    found += [metrics.dimensional(targets, outputs) for outputs in (targets, -targets, rng.uniform(-1, 1, (60, 2)))]
    seen = {}
    for values in found:
        for name in metrics.METRICS:
            if values.get(name) is not None:
                seen.setdefault(name, []).append(values[name])
    assert set(seen) == set(metrics.METRICS)
    for name, values in seen.items():
        least, most = metrics.possible(name)
        assert least is not None and min(values) >= least - 1e-9 and (most is None or max(values) <= most + 1e-9), name
    names = ("accuracy", "recall", "ccc_mean", "mcc", "sagr_valence", "rmse_mean", "nll", "brier")
    ends = {name: metrics.possible(name) for name in names}
    assert list(ends.values()) == [(0, 1), (0, 1), (-1, 1), (-1, 1), (0, 1), (0, None), (0, None), (0, 2)]
