"""Which figure of human agreement comes from which votes: made-up panels, no two figures of which are equal."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from benchmark.errors import BadInput
from benchmark.faces.raters import affectnet_c25, agreement, ceilings


@pytest.fixture
def means_alone(monkeypatch):
    """Without resamples: a figure is what is measured."""
    monkeypatch.setattr(ceilings, "bootstrap", lambda measure, parts: measure(parts))


def test_each_set_and_each_part_has_its_own_figures(means_alone, monkeypatch, tmp_path):
    rng = np.random.default_rng(6)
    sets = [
        affectnet_c25.Ratings(*rng.choice([-0.5, -0.25, 0.25, 0.5, 1.0], (2, n, 4)), rng.integers(0, 8, (n, 4)))
        for n in (30, 50)
    ]
    monkeypatch.setattr(affectnet_c25, "read", lambda folder: (sets, {}))
    found = ceilings.c25(tmp_path, tmp_path / "out")
    seen = set()
    for part, function in (("leave_one_out", agreement.leave_one_out), ("pairwise", agreement.pairwise)):
        for dimension in ("valence", "arousal"):
            own = [function(getattr(each, dimension)) for each in sets]
            for name in agreement.DIMENSIONAL:
                assert found[f"{part}_set1"][f"{name}_{dimension}"] == pytest.approx(own[0][name])
                assert found[f"{part}_set2"][f"{name}_{dimension}"] == pytest.approx(own[1][name])
                assert found[part][f"{name}_{dimension}"] == pytest.approx((own[0][name] + own[1][name]) / 2)
                seen |= {round(each[name], 9) for each in own}
        for name in agreement.DIMENSIONAL:
            pair = [found[part][f"{name}_{dimension}"] for dimension in ("valence", "arousal")]
            assert found[part][f"{name}_mean"] == pytest.approx(sum(pair) / 2)
    assert len(seen) == 32, "two figures are equal"
    for name, own in (("_set1", sets[:1]), ("_set2", sets[1:]), ("", sets)):
        votes = np.concatenate([np.stack([(each.expression == k).sum(1) for k in range(8)], 1) for each in own])
        assert found[f"agreement{name}"] == pytest.approx({"n": len(votes)} | agreement.nominal(votes))
        assert found[f"expression{name}"]["accuracy"] == pytest.approx(agreement.vote_accuracy(votes).mean())
        for part in ("leave_one_out", "pairwise", "expression"):
            assert found[f"{part}{name}"]["n"] == len(votes)


def test_raters_agree_where_all_ten_voted_and_labels_where_both_have_the_class(means_alone, tmp_path):
    """Five pictures: one has nine votes, one a majority (contempt) that FER2013 has not."""
    votes = np.array([[9, 1], [6, 4], [9, 0], [3, 7], [0, 10], [5, 5]]) @ np.eye(10, dtype=int)[[0, 7]]
    names = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    label, split = np.array([0, 0, 0, 7, 7, 0]), np.array(["PrivateTest"] * 5 + ["Training"])
    ids = np.array([f"f{k}" for k in range(6)])
    own = {"neutral": 6, "happy": 3}
    theirs = np.array([own["neutral"], own["happy"], own["neutral"], 0, 0, 6])
    meta = {"name": "ferplus", "version": "2.0", "how": {"difference": {"PrivateTest": {"other votes": 0}}}}
    voted = SimpleNamespace(meta=meta, sha256=np.array([0, 1, 2, 1, 3, 4]), votes=votes,
                            expression=label, classes=names, id=ids, fingerprint="v",
                            directory=tmp_path, rows=lambda s: np.flatnonzero(split == s))  # fmt: skip
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    faces = SimpleNamespace(meta={"name": "fer2013"}, expression=theirs, classes=classes, id=ids, fingerprint="f",
                            directory=tmp_path)  # fmt: skip
    found = ceilings.ferplus(faces, voted, tmp_path / "out")
    assert [found[part]["n"] for part in ("leave_one_out", "agreement", "fer2013_label")] == [5, 4, 3]
    assert found["fer2013_label"]["accuracy"] == pytest.approx(2 / 3)
    assert found["agreement"]["fleiss_kappa"] == pytest.approx(agreement.nominal(votes[[0, 1, 3, 4]])["fleiss_kappa"])
    # A rater against the majority of the other nine: 9 of 10, 6 of 10 (five against four), 9 of 9, 7 of 10, 10 of 10.
    assert found["leave_one_out"]["accuracy"] == pytest.approx((0.9 + 0.6 + 1 + 0.7 + 1) / 5)


def test_copies_are_paired_within_their_group_and_over_all_splits(monkeypatch, tmp_path):
    """Three groups: a (three copies, two of one panel), b (two of one panel), c (two that differ); d is alone."""
    seen = {}

    def measure(function, parts):
        seen[len(seen)] = parts[0]
        return function(parts)

    monkeypatch.setattr(ceilings, "bootstrap", measure)
    digest = np.array(list("abacbacd"))
    label = np.array([1, 0, 1, 2, 0, 3, 3, 1])  # a: 1 1 3; b: 0 0; c: 2 3
    votes = np.zeros((8, 10), int)
    votes[np.arange(8), label] = [9, 10, 9, 8, 10, 8, 8, 7]
    votes[:, 8] = 10 - votes.sum(axis=1)
    split = np.array(["Training", "PrivateTest"] * 4)
    ids = np.array([f"f{k}" for k in range(8)])
    names = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")
    difference = {"Training": {"other votes": 5, "added": 1}, "PrivateTest": {"other votes": 7, "added": 0}}
    meta = {"name": "ferplus", "version": "2.0", "how": {"difference": difference}}
    voted = SimpleNamespace(meta=meta, votes=votes, expression=label, classes=names, id=ids, fingerprint="v", sha256=digest,
                            directory=tmp_path, rows=lambda s: np.flatnonzero(split == s))  # fmt: skip
    classes = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    faces = SimpleNamespace(meta={"name": "fer2013"}, expression=label % 7, classes=classes, id=ids, fingerprint="f",
                            directory=tmp_path)  # fmt: skip
    found = ceilings.ferplus(faces, voted, tmp_path / "out")
    # Pairs with different votes: two of a (1 with 3, twice) and that of c (2 with 3); all pairs: also 1 with 1 and 0 with 0.
    assert (found["panel_retest"]["n"], found["panel_retest"]["groups"], found["panel_retest"]["accuracy"]) == (3, 2, 0)
    assert (found["panel_retest_all"]["n"], found["panel_retest_all"]["groups"]) == (5, 3)
    assert found["panel_retest_all"]["accuracy"] == pytest.approx(2 / 5)
    assert found["panel_retest_all"]["kappa"] == pytest.approx(cohen_kappa_score([1, 1, 1, 2, 0], [1, 3, 3, 3, 0]))
    assert [own.sum(axis=(1, 2)).tolist() for own in list(seen.values())[-2:]] == [[2, 1], [3, 1, 1]], "drawn by group"
    assert found["copies"] == {"groups": 3, "conflicting": 2} and found["editions"] == {"other votes": 12, "added": 1}
    for changed in ({"version": "1.0"}, {"how": {}}):
        with pytest.raises(BadInput, match=r"found ferplus .*; expected 2.0, the edition of label.csv"):
            ceilings.ferplus(faces, SimpleNamespace(**vars(voted) | {"meta": meta | changed}), tmp_path / "other")


def test_retest_against_scikit_learn():
    rng = np.random.default_rng(4)
    pairs = rng.integers(0, 4, (300, 2))
    pairs[:150, 1] = pairs[:150, 0]
    confusions = np.zeros((60, 4, 4), int)
    np.add.at(confusions, (rng.integers(0, 60, 300), pairs[:, 0], pairs[:, 1]), 1)
    found = agreement.retest(confusions)
    assert found["accuracy"] == pytest.approx(np.mean(pairs[:, 0] == pairs[:, 1]))
    assert found["kappa"] == pytest.approx(cohen_kappa_score(pairs[:, 0], pairs[:, 1]))


def test_an_interval_is_that_of_95_percent_around_the_value_itself():
    """Of the mean of 400 values; the mean of the resamples is another number."""
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = agreement.bootstrap(lambda parts: {"mean": float(parts[0].mean())}, [values])["mean"]
    half = 1.959964 * values.std() / 20
    assert found["mean"] == values.mean()
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.08), "1.645 instead of 1.96 is 16 % less"
