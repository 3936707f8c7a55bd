"""Results by attribute, against values derived by hand, exact distributions and other libraries; the report shows them."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import balanced_accuracy_score, f1_score

from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.measures.subgroups.file import read_subgroups
from benchmark.measures.subgroups.measure import HEADLINE, subgroups
from benchmark.records.comparisons import summarise
from benchmark.report.build import build

IMAGES = 90  # of fabricated records
# Group a: test faces 0..39; b: 40..79; c: 80..85, too few; the rest is not known.
GROUP = np.array(["a"] * 40 + ["b"] * 40 + ["c"] * 6 + [""] * 4)
AGE = np.array(["25"] * 30 + ["31.5"] * 30 + ["2"] * 15 + ["70"] * 10 + [""] * 5)


@pytest.fixture
def faces(tmp_path):
    """A FaceSet in which the test faces have other rows than in the records."""
    order = np.random.default_rng(3).permutation(IMAGES)
    return write_faceset(
        tmp_path / "prepared",
        np.arange((IMAGES + 2) * 12, dtype=np.uint8).reshape(-1, 2, 2, 3),
        name="synthetic",
        version="1.0",
        classes=("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt"),
        id=["other-0", "other-1", *(f"test-{k}" for k in order)],
        split=["train"] * 2 + ["test"] * IMAGES,
        attributes={"group": ["a", "z", *GROUP[order]], "age": ["1", "2", *AGE[order]]},
    )


@pytest.fixture
def record(faces, make, cell, tmp_path):
    """The function that fabricates a record on these faces."""
    data = {"name": "synthetic", "version": "1.0", "fingerprint": faces.fingerprint}

    def one(seed, right=None, protocol="synthetic-8", own=None, **more):
        own = own or cell("fixed", "working", "plain" if protocol == "synthetic-8" else "mse")
        return make(tmp_path / "records", protocol, own, seed, data=data, right=right, **more)

    return one


def right(a: int, b: int) -> np.ndarray:
    """Which faces are answered rightly: the first `a` of group a, the first `b` of group b, all of the others."""
    found = np.ones(IMAGES, bool)
    found[a:40], found[40 + b : 80] = False, False
    return found


def test_accuracy_of_groups_by_hand_and_from_exact_distributions(faces, record, tmp_path):
    runs = [record(0, right(36, 20)), record(1, right(40, 24))]
    found = subgroups(faces, runs, ["group"], tmp_path / "records", tmp_path / "out.json")
    assert found == json.loads((tmp_path / "out.json").read_text())
    assert found["attributes"] == {"group": "each value is a group"} and found["fingerprint"] == faces.fingerprint
    (entry,) = found["protocols"]
    assert entry["by"] == {"group": {"unknown": 4, "groups": {"a": 40, "b": 40, "c": 6, "z": 0}}}
    (own,) = entry["cells"]
    results = own["by"]["group"]
    assert own["seeds"] == 2 and set(results["groups"]) == {"a", "b"}
    a, b = (results["groups"][name]["accuracy"] for name in "ab")
    assert a["mean"] == pytest.approx((36 + 40) / 80) and b["mean"] == pytest.approx((20 + 24) / 80)
    # Over seeds: a t-interval of 0.9 and 1.0: mean 0.95, standard error 0.05, t(1) 12.706.
    assert a["low"] == pytest.approx(0.95 - 12.7062 * 0.05, abs=1e-4)
    # Over faces: 20 faces of b are right in both seeds, 4 in one, 16 in none.
    drawn = np.random.default_rng(9).multinomial(40, [0.5, 0.1, 0.4], 200_000) @ [1, 0.5, 0] / 40
    assert [b["faces_low"], b["faces_high"]] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.013)
    gap = results["gaps"]["accuracy"]
    assert (gap["best"], gap["worst"]) == ("a", "b") and gap["mean"] == pytest.approx(0.4)
    other = np.random.default_rng(8).multinomial(40, [0.9, 0.1, 0], 200_000) @ [1, 0.5, 0] / 40
    assert [gap["low"], gap["high"]] == pytest.approx(np.quantile(other - drawn, [0.025, 0.975]), abs=0.013)


def test_the_gap_by_chance_is_that_of_random_divisions(faces, record, tmp_path):
    """One seed, 60 of the 80 faces right: the number right in a random half is hypergeometric."""
    (entry,) = subgroups(faces, [record(0, right(40, 20))], ["group"], tmp_path / "records", tmp_path / "o")["protocols"]
    results = entry["cells"][0]["by"]["group"]
    gaps = np.arange(20, 41) * 2 - 60
    chances = stats.hypergeom(80, 60, 40).pmf(np.arange(20, 41))
    order = np.argsort(abs(gaps), kind="stable")
    exact = abs(gaps[order])[np.searchsorted(np.cumsum(chances[order]), 0.95)] / 40
    assert results["gaps"]["accuracy"]["chance"] == pytest.approx(exact, abs=0.051)  # one step of the distribution
    assert results["gaps"]["accuracy"]["mean"] == pytest.approx(0.5)
    a = results["groups"]["a"]["accuracy"]
    assert a == {"mean": 1, "low": None, "high": None, "faces_low": 1, "faces_high": 1}


def test_groups_are_resampled_independently(faces, record, tmp_path):
    """The same answers in both: the gap is 0, its interval that of a difference of two independent binomials."""
    (entry,) = subgroups(faces, [record(0, right(20, 20))], ["group"], tmp_path / "records", tmp_path / "o")["protocols"]
    gap = entry["cells"][0]["by"]["group"]["gaps"]["accuracy"]
    first, second = np.random.default_rng(7).binomial(40, 0.5, (2, 200_000)) / 40
    assert gap["mean"] == 0
    assert [gap["low"], gap["high"]] == pytest.approx(np.quantile(first - second, [0.025, 0.975]), abs=0.026)


def test_other_categorical_metrics_against_scikit_learn(faces, record, tmp_path):
    runs = [record(seed) for seed in (0, 1, 2)]
    (entry,) = subgroups(faces, runs, [], tmp_path / "records", tmp_path / "out.json")["protocols"]
    assert entry["metrics"] == list(HEADLINE["categorical"]) and list(entry["by"]) == ["group", "age"]
    for name, rows in (("a", np.arange(40)), ("b", np.arange(40, 80))):
        expected = {"balanced_accuracy": [], "macro_f1": []}
        for run in runs:
            targets, outputs = run.outputs("test")
            labels, answers = targets[rows], outputs[rows].argmax(axis=1)
            present = np.unique(labels)
            expected["macro_f1"].append(f1_score(labels, answers, labels=present, average="macro", zero_division=0))
            recalls = [np.mean(answers[labels == k] == k) for k in present]
            expected["balanced_accuracy"].append(np.mean(recalls))
            if set(answers) <= set(labels):
                assert balanced_accuracy_score(labels, answers) == pytest.approx(expected["balanced_accuracy"][-1])
        for metric, values in expected.items():
            found = entry["cells"][0]["by"]["group"]["groups"][name][metric]
            low, high = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
            assert [found["mean"], found["low"], found["high"]] == pytest.approx([np.mean(values), low, high], abs=1e-6)
            assert found["faces_low"] < found["mean"] < found["faces_high"]


def test_valence_and_arousal(faces, record, tmp_path):
    runs = [record(seed, protocol="synthetic-va") for seed in (0, 1)]
    (entry,) = subgroups(faces, runs, ["group"], tmp_path / "records", tmp_path / "out.json")["protocols"]
    results, means = entry["cells"][0]["by"]["group"], {}
    for name, rows in (("a", slice(0, 40)), ("b", slice(40, 80))):
        values = {"ccc_mean": [], "rmse_mean": []}
        for run in runs:
            pairs = [
                (x[rows], y[rows]) for x, y in zip(*(each.T.astype(float) for each in run.outputs("test")), strict=True)
            ]
            values["rmse_mean"].append(np.mean([np.sqrt(np.mean((x - y) ** 2)) for x, y in pairs]))
            values["ccc_mean"].append(
                np.mean(
                    [2 * np.cov(x, y, ddof=0)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2) for x, y in pairs]
                )
            )
        for metric, each in values.items():
            assert results["groups"][name][metric]["mean"] == pytest.approx(np.mean(each), abs=1e-5)
            means[metric, name] = np.mean(each)
    for metric, better in (("ccc_mean", max), ("rmse_mean", min)):
        gap = results["gaps"][metric]
        assert gap["mean"] == pytest.approx(abs(means[metric, "a"] - means[metric, "b"]), abs=2e-5)
        assert means[metric, gap["best"]] == better(means[metric, "a"], means[metric, "b"])
        assert gap["low"] < gap["mean"] < gap["high"] and gap["chance"] > 0


def test_ages_are_cut_into_the_documented_bins(faces, record, tmp_path):
    (entry,) = subgroups(faces, [record(0)], ["age"], tmp_path / "records", tmp_path / "out.json")["protocols"]
    sizes = dict.fromkeys(["0 to 2", "3 to 9", "10 to 19", "20 to 29", "30 to 39", "40 to 49", "50 to 59", "60 to 69"], 0)
    sizes |= {"70 or more": 10, "0 to 2": 15, "20 to 29": 30, "30 to 39": 30}
    assert entry["by"]["age"] == {"unknown": 5, "groups": sizes}
    assert list(entry["cells"][0]["by"]["age"]["groups"]) == ["20 to 29", "30 to 39"]


def test_refusals_write_nothing(faces, record, tmp_path):
    run = record(0)
    for by, said in ((["weight"], "--by: found 'weight'; expected some of group,age, each once"), (["age"] * 2, "'age'")):
        with pytest.raises(BadInput, match=said):
            subgroups(faces, [run], by, tmp_path / "records", tmp_path / "out.json")
    with pytest.raises(BadInput, match="found no attributes; expected a FaceSet with some"):
        subgroups(dataclasses.replace(faces, attributes={}), [run], [], tmp_path / "records", tmp_path / "out.json")
    run.predictions["test_ids"][7] = "test-x"
    with pytest.raises(BadInput, match="test id test-x; expected an id of"):
        subgroups(faces, [run], [], tmp_path / "records", tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_other_bytes_and_diverged_runs_are_left_out(faces, record, make, cell, tmp_path):
    other = make(tmp_path / "other", "synthetic-8", cell("fixed", "working", "plain"), 0)
    lost = record(1, diverged=True)
    assert subgroups(faces, [other, lost], [], tmp_path, tmp_path / "out.json")["protocols"] == []
    found = subgroups(faces, [record(0), lost], [], tmp_path / "records", tmp_path / "out.json")
    assert found["protocols"][0]["cells"][0]["seeds"] == 1


def test_the_report_shows_them_and_only_aggregates(faces, record, tmp_path):
    out = tmp_path / "out"
    runs = [record(0, right(36, 20)), record(1, right(40, 24))]
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", out)
    assert not (out / "pages" / "subgroups.md").exists()
    subgroups(faces, runs, [], tmp_path / "records", out / "subgroups" / "synthetic.json")
    assert "test-1" not in (out / "subgroups" / "synthetic.json").read_text()
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", out)
    page = (out / "pages" / "subgroups.md").read_text()
    slug = summarise(runs, tmp_path / "records").comparisons[0].slug
    assert "Results by subgroup" in page and "They are not what people say of themselves" in page
    table = (out / "tables" / f"{slug}-by-group.md").read_text()
    assert "a (n = 40)" in table and "95.00 [" in table and "too few" in table and "(a over b)" in table
    assert "not known for 4 faces" in table
    (split,) = read_subgroups(out / "subgroups", summarise(runs, tmp_path / "records"))
    assert list(split.cells) and split.entry["protocol"] == "synthetic-8"


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda c: c.update(schema=9), "schema 9"),
        (lambda c: c.pop("attributes"), "missing or unknown: 'attributes'"),
        (lambda c: c["attributes"].update({"../x": "y"}), "name '../x'"),
        (lambda c: c["protocols"][0].update(metrics=["ccc_mean"]), "metrics: found 'ccc_mean'"),
        (lambda c: c["protocols"][0]["by"]["group"]["groups"].update({"x\ny": 3}), "found 'x.{1,2}ny'"),
        (lambda c: c["protocols"][0]["cells"][0]["by"]["group"]["groups"].update({"q": {}}), "group 'q'"),
        (lambda c: c["protocols"][0]["cells"][0]["by"]["group"]["gaps"].update({"accuracy": 3}), "accuracy: found 3"),
    ],
)
def test_a_damaged_file_is_one_line(faces, record, tmp_path, change, said):
    runs = [record(0)]
    contents = subgroups(faces, runs, ["group"], tmp_path / "records", tmp_path / "s" / "synthetic.json")
    change(contents)
    (tmp_path / "s" / "synthetic.json").write_text(json.dumps(contents))
    with pytest.raises(BadInput, match=said) as caught:
        read_subgroups(tmp_path / "s", summarise(runs, tmp_path / "records"))
    assert "\n" not in str(caught.value)
