"""Human agreement against plain loops and other libraries' values; AffectNetC25's reader against broken files."""

import itertools
import json
import shutil
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.faces.raters import affectnet_c25
from benchmark.faces.raters.agreement import bootstrap, leave_one_out, nominal, pairwise, vote_accuracy
from benchmark.faces.raters.ceilings import c25, ferplus
from benchmark.records import metrics


@pytest.fixture
def ratings():
    rng = np.random.default_rng(2)
    shared = rng.normal(0, 0.5, (60, 1))
    return np.round((shared + rng.normal(0, 0.3, (60, 5))).clip(-1, 1) * 4) / 4


def by_metrics(x, y):
    """The suite's own metrics of one dimension, which have tests of their own."""
    values = metrics.dimensional(np.stack([x, x], axis=1), np.stack([y, y], axis=1))
    return {name: values[f"{name}_valence"] for name in ("rmse", "corr", "ccc", "sagr")}


def mean_of(each):
    return {name: np.mean([values[name] for values in each]) for name in each[0]}


def test_leave_one_out(ratings):
    expected = mean_of([by_metrics(np.delete(ratings, k, axis=1).mean(axis=1), ratings[:, k]) for k in range(5)])
    assert leave_one_out(ratings) == pytest.approx(expected, abs=1e-12)


def test_pairwise(ratings):
    expected = mean_of([by_metrics(ratings[:, a], ratings[:, b]) for a, b in itertools.combinations(range(5), 2)])
    assert pairwise(ratings) == pytest.approx(expected, abs=1e-12)


def test_vote_accuracy_by_taking_every_rater_out():
    rng = np.random.default_rng(1)
    counts = rng.multinomial(6, [0.5, 0.3, 0.2], size=50)
    for votes, found in zip(counts, vote_accuracy(counts), strict=True):
        one_by_one = np.repeat(np.arange(3), votes).tolist()
        expected = []
        for k, vote in enumerate(one_by_one):
            others = one_by_one[:k] + one_by_one[k + 1 :]
            most = max(others.count(answer) for answer in set(others))
            leading = [answer for answer in set(others) if others.count(answer) == most]
            expected.append((vote in leading) / len(leading))
        assert found == pytest.approx(np.mean(expected))
    assert vote_accuracy(np.array([[4, 0], [2, 2], [1, 1]])).tolist() == [1, 0, 0]


def test_nominal_against_the_textbook():
    """The example of Fleiss 1971 as given in its many retellings: 10 subjects, 14 raters, kappa 0.210."""
    table = "0 0 0 0 14|0 2 6 4 2|0 0 3 5 6|0 3 9 2 0|2 2 8 1 1|7 7 0 0 0|3 2 6 3 0|2 5 3 2 2|6 5 2 1 0|0 2 2 3 7"
    counts = np.array([list(map(int, row.split())) for row in table.split("|")])
    found = nominal(counts)
    assert found["fleiss_kappa"] == pytest.approx(0.210, abs=5e-4)
    # Krippendorff's alpha differs from Fleiss' kappa by his correction for N R votes.
    n = counts.sum()
    assert found["krippendorff_alpha"] == pytest.approx(1 - (1 - found["fleiss_kappa"]) * (n - 1) / n, abs=1e-9)


def test_bootstrap_covers_the_standard_error():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = bootstrap(lambda parts: {"mean": float(parts[0].mean())}, [values])["mean"]
    half = 1.96 * values.std(ddof=1) / 20
    assert found["mean"] == pytest.approx(values.mean())
    assert found["low"] == pytest.approx(values.mean() - half, abs=0.2 * half)
    assert found["high"] == pytest.approx(values.mean() + half, abs=0.2 * half)


def test_ferplus_ceilings(tmp_path):
    rng = np.random.default_rng(3)
    from benchmark.faces.readers import fer2013
    from benchmark.faces.readers import ferplus as reader

    n = 120
    theirs = rng.integers(0, 7, n)
    voted = rng.integers(0, 8, n)
    votes = np.zeros((n, 10), int)
    votes[np.arange(n), voted] = 7
    votes[np.arange(n), 8] += 3
    split = np.where(np.arange(n) < 20, "Training", "PrivateTest")
    images = rng.integers(0, 256, (n, 4, 4, 1), dtype=np.uint8)
    images[:20] = images[20:40]  # each of these has a copy among the test pictures
    ids = [f"fer2013-{k:05d}" for k in range(n)]
    how = {"difference": {"Training": {"other votes": 3}, "PrivateTest": {"other votes": 4}}}
    common = {"version": "2.0", "split": split, "id": ids, "how": how}
    a = write_faceset(tmp_path / "a", images, name="fer2013", classes=fer2013.CLASSES, expression=theirs, **common)
    columns = reader.VOTE_COLUMNS
    b = write_faceset(
        tmp_path / "b",
        images,
        name="ferplus",
        classes=reader.CLASSES,
        expression=voted,
        votes=votes,
        vote_columns=columns,
        **common,
    )
    found = ferplus(a, b, tmp_path / "out")
    assert found == json.loads((tmp_path / "out/ferplus.json").read_text())
    assert found["leave_one_out"]["n"] == 100 and found["leave_one_out"]["accuracy"]["mean"] == pytest.approx(0.7)
    same = {"happiness": "happy", "sadness": "sad", "anger": "angry"}
    pairs = [
        (fer2013.CLASSES[x], same.get(reader.CLASSES[y], reader.CLASSES[y]))
        for x, y in zip(theirs[20:], voted[20:], strict=True)
        if reader.CLASSES[y] != "contempt"
    ]
    assert found["fer2013_label"]["n"] == len(pairs)
    assert found["fer2013_label"]["accuracy"]["mean"] == pytest.approx(np.mean([x == y for x, y in pairs]))
    assert found["fer2013_label"]["kappa"]["mean"] == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    twins = list(zip(voted[:20], voted[20:40], strict=True))
    assert found["panel_retest_all"]["n"] == found["panel_retest_all"]["groups"] == 20
    assert found["panel_retest_all"]["accuracy"]["mean"] == pytest.approx(np.mean([x == y for x, y in twins]))
    assert found["panel_retest"]["n"] == sum(x != y for x, y in twins) and found["editions"] == {"other votes": 7}
    with pytest.raises(BadInput, match="expected fer2013"):
        ferplus(b, a, tmp_path / "other")
    unvoted = write_faceset(tmp_path / "c", images, name="ferplus", classes=reader.CLASSES, expression=voted, **common)
    with pytest.raises(BadInput, match="found no votes"):
        ferplus(a, unvoted, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.fixture
def c25_files(fer_data, tmp_path):
    """A copy of the six real files that a test may break."""
    if not (fer_data / "affectnet_c25").is_dir():
        pytest.skip("no affectnet_c25 in FER_DATA")
    return shutil.copytree(fer_data / "affectnet_c25", tmp_path / "c25")


def test_c25_reads_and_measures_the_real_files(c25_files, tmp_path, monkeypatch):
    sets, digests = affectnet_c25.read(c25_files)
    assert len(digests) == 6 and [each.valence.shape for each in sets] == [(800, 25)] * 2
    first = (c25_files / "expression_set1_C25.csv").read_text().splitlines()[1].split(",")
    assert sets[0].expression[0].tolist() == list(map(int, first[2:]))
    monkeypatch.setattr("benchmark.faces.raters.agreement.RESAMPLES", 20)
    found = c25(c25_files, tmp_path / "out")
    expected = [
        np.sqrt(np.mean((r.arousal[:, k] - np.delete(r.arousal, k, axis=1).mean(axis=1)) ** 2))
        for r in sets
        for k in range(25)
    ]
    assert found["leave_one_out"]["rmse_arousal"]["mean"] == pytest.approx(np.mean(expected))
    assert found["leave_one_out"]["rmse_mean"]["low"] < found["leave_one_out"]["rmse_mean"]["high"]
    # A rater's answer against the most frequent of the other 24, ties by their share, picture by picture.
    apart = {}
    for number, r in enumerate(sets, 1):
        right = []
        for answers in r.expression.tolist():
            for k, answer in enumerate(answers):
                others = Counter(answers[:k] + answers[k + 1 :])
                leading = [each for each, times in others.items() if times == max(others.values())]
                right.append((answer in leading) / len(leading))
        apart[number] = np.mean(right)
        assert found[f"expression_set{number}"]["accuracy"]["mean"] == pytest.approx(apart[number])
        assert found[f"expression_set{number}"]["n"] == 800
        errors = [np.sqrt(np.mean((r.valence[:, k] - np.delete(r.valence, k, axis=1).mean(axis=1)) ** 2)) for k in range(25)]
        assert found[f"leave_one_out_set{number}"]["rmse_valence"]["mean"] == pytest.approx(np.mean(errors))
    assert (round(apart[1], 3), round(apart[2], 3)) == (0.518, 0.596), "the confusing set and the random one"
    assert found["expression"]["accuracy"]["mean"] == pytest.approx((apart[1] + apart[2]) / 2)
    # Happy is the expression that its raters find the most pleasant: the codes are read in the right order.
    pleasant = [np.mean(np.concatenate([r.valence[r.expression == k] for r in sets])) for k in range(8)]
    assert int(np.argmax(pleasant)) == affectnet_c25.CLASSES.index("happiness")
    assert max(pleasant[k] for k in (1, 3, 4, 5, 6)) < pleasant[affectnet_c25.CLASSES.index("neutral")]


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda text: text.replace("participant24", "rater24", 1), "line 1"),
        (lambda text: "\ufeff" + text, "line 1"),
        (lambda text: text.replace(",", ";"), "line 1"),
        (lambda text: text.rsplit("\n", 2)[0] + "\n", "799 rows"),
        (lambda text: text.replace("\n", ",0.0\n").replace(",0.0\n", "\n", 1), "line 2: found 28 fields"),
        (lambda text: text.replace("-0.25", "nan", 1), "'nan'"),
        (lambda text: text.replace("-0.25", "-2.0", 1), "'-2.0'"),
        (lambda text: text.replace("\n77235,", "\n87283,", 1), "line 3"),
    ],
)
def test_c25_refuses(c25_files, tmp_path, monkeypatch, capsys, change, message):
    path = c25_files / "arousal_set1_C25.csv"
    path.write_text(change(path.read_text()), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["ceilings", "affectnet_c25", str(c25_files)]) == 2
    error = capsys.readouterr().err
    assert message in error and "arousal_set1" in error and error.count("\n") == 1
    assert not (tmp_path / "reports").exists()


def test_c25_refuses_a_picture_in_both_sets_and_a_missing_file(c25_files):
    for kind in ("valence", "arousal", "expression"):
        shutil.copyfile(c25_files / f"{kind}_set1_C25.csv", c25_files / f"{kind}_set2_C25.csv")
    with pytest.raises(BadInput, match="again"):
        affectnet_c25.read(c25_files)
    (c25_files / "arousal_set2_C25.csv").unlink()
    with pytest.raises(BadInput, match="no such file"):
        affectnet_c25.read(c25_files)
