"""Which figure of human agreement comes from which votes: made-up panels, no two figures of which are equal."""

from types import SimpleNamespace

import numpy as np
import pytest

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
    voted = SimpleNamespace(meta={"name": "ferplus"}, votes=votes, expression=label, classes=names, id=ids, fingerprint="v",
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


def test_an_interval_is_that_of_95_percent_around_the_value_itself():
    """Of the mean of 400 values; the mean of the resamples is another number."""
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = agreement.bootstrap(lambda parts: {"mean": float(parts[0].mean())}, [values])["mean"]
    half = 1.959964 * values.std() / 20
    assert found["mean"] == values.mean()
    assert found["high"] - found["low"] == pytest.approx(2 * half, rel=0.08), "1.645 instead of 1.96 is 16 % less"
