"""The leaderboards as data: ranks by hand, intervals against another library, the form against its JSON Schema."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.records.trust import PREDICTIONS
from benchmark.report import boards
from benchmark.report.boards import OUTSIDE, PUBLISHED, RUN, SEEN

FORM = json.loads(Path(boards.__file__).with_name("leaderboard.schema.json").read_text("utf-8"))
GIVEN = {
    "kind": "predictions", "source": "p.csv", "stated": None, "warnings": ["odd"], "extra_training_data": None, "seen": "no",
}  # fmt: skip


@pytest.fixture
def board(run, comparison):
    """The only board of some runs and outside models: (name, accuracy without and with flip, seen or None)."""

    def made(own=(), outside=(), anchors=None):
        runs = [
            run(Cell(f"{name}-plain", name, {}, "plain"), seed, {"none": {"accuracy": plain}, "flip": {"accuracy": flip}})
            for name, values in own
            for seed, (plain, flip) in enumerate(values)
        ]
        others = [
            run(
                Cell(name, "outside", {}, "outside"),
                0,
                {"none": {"accuracy": plain, "n": 200}, "flip": {"accuracy": flip, "n": 200}},
                outside=GIVEN | ({} if seen is None else {"seen": seen}),
                parameters=None,
            )
            for name, plain, flip, seen in outside
        ]
        contents = boards.leaderboard(Summary((comparison(*runs),), (), tuple(others)), None, anchors or {}, Path())
        jsonschema.validate(contents, FORM)
        (only,) = contents["boards"]
        return only

    return made


def ranks(board, kind):
    return [(row["entry"], row["view"], row["rank"]) for row in board["rows"] if row["kind"] == kind]


def test_a_rank_counts_the_better_rows_of_one_kind_and_one_view(board):
    own = [("one", [(0.5, 0.9)]), ("two", [(0.7, 0.8)]), ("three", [(0.7, 0.1)])]
    found = board(own, [("theirs", 0.99, 0.2, None), ("better", 0.995, 0.1, None), ("zoo", 1.0, 1.0, "unknown")])
    assert ranks(found, RUN) == [
        ("one-plain", "flip", 1), ("two-plain", "flip", 2), ("two-plain", "none", 1), ("three-plain", "none", 1),
        ("one-plain", "none", 3), ("three-plain", "flip", 3),
    ]  # fmt: skip
    assert ranks(found, OUTSIDE) == [
        ("better", "none", 1),
        ("theirs", "none", 2),
        ("theirs", "flip", 1),
        ("better", "flip", 2),
    ]
    assert ranks(found, SEEN) == [("zoo", "none", None), ("zoo", "flip", None)]


def test_kinds_stand_in_one_order_and_what_may_have_seen_the_faces_by_name(board):
    anchors = {"synthetic": {"figures": [{"name": "VGG", "value": "73.28", "source": "paper"}]}}
    outside = [("b", 0.1, 0.1, "yes"), ("a", 0.2, 0.2, "unknown"), ("c", 0.3, 0.3, "no"), ("d", 0.9, 0.9, "yes")]
    found = board([("one", [(0.5, 0.5)])], outside, anchors)
    kinds = [row["kind"] for row in found["rows"]]
    assert list(dict.fromkeys(kinds)) == [RUN, OUTSIDE, SEEN, PUBLISHED] == list(boards.KINDS)
    assert [row["entry"] for row in found["rows"] if row["kind"] == SEEN and row["view"] == "none"] == ["a", "b", "d"]
    assert [row["seen_test_faces"] for row in found["rows"] if row["view"] == "none"] == [
        "no",
        "no",
        "unknown",
        "yes",
        "yes",
    ]
    quoted = found["rows"][-1]
    assert (quoted["entry"], quoted["value"], quoted["source"], quoted["rank"]) == ("VGG", 0.7328, "paper", None)


def test_an_older_entry_that_says_nothing_may_have_seen_the_faces(run, comparison):
    old = {key: value for key, value in GIVEN.items() if key != "seen"}
    theirs = run(Cell("old", "outside", {}, "outside"), 0, {"none": {"accuracy": 0.5, "n": 9}}, outside=old, parameters=None)
    one = run(Cell("one-plain", "one", {}, "plain"), 0, {"accuracy": 0.5})
    (found,) = boards.leaderboard(Summary((comparison(one),), (), (theirs,)), None, {}, Path())["boards"]
    assert (found["rows"][-1]["kind"], found["rows"][-1]["rank"]) == (SEEN, None)


def test_intervals(board):
    values = [0.51, 0.53, 0.57]
    found = board([("one", [(value, 0.1 * value) for value in values])], [("theirs", 0.645, 0.5, None)])
    mine = next(row for row in found["rows"] if row["kind"] == RUN and row["view"] == "none")
    mean, half = np.mean(values), stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / 3**0.5
    assert [mine["value"], mine["low"], mine["high"]] == pytest.approx([mean, mean - half, mean + half], rel=1e-9)
    assert (mine["interval_over"], mine["seeds"], mine["metrics"]["accuracy"]["low"]) == ("seeds", 3, mine["low"])
    theirs = next(row for row in found["rows"] if row["kind"] == OUTSIDE and row["view"] == "none")
    assert [theirs["low"], theirs["high"]] == pytest.approx(proportion_confint(129, 200, method="wilson"), rel=1e-9)
    assert (theirs["interval_over"], theirs["warnings"], theirs["records"]) == ("test faces", ["odd"], ["nowhere"])


def test_the_interval_of_valence_and_arousal_is_over_test_faces(run, comparison):
    """Against a bootstrap of scipy's with other draws: both estimate the same ends."""
    draw = np.random.default_rng(5)
    targets = draw.uniform(-1, 1, (300, 2)).astype(np.float32)
    outputs = (0.6 * targets + draw.normal(0, 0.3, (300, 2))).astype(np.float32)

    def ccc(y, p):
        return np.mean([2 * np.mean((a - a.mean()) * (b - b.mean())) / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
                        for a, b in zip(y.T, p.T, strict=True)])  # fmt: skip

    def of(at):
        return ccc(targets[at], outputs[at])

    arrays = {"test_ids": np.arange(300).astype(str), "test_targets": targets, "test_outputs_none": outputs}
    own = run(Cell("one-mse", "one", {}, "mse"), 0, {"none": {"ccc_mean": 0.5}}, protocol="synthetic-va")
    scores = {"none": {"ccc_mean": float(ccc(targets, outputs)), "n": 300}}
    theirs = run(Cell("theirs", "outside", {}, "outside"), 0, scores, protocol="synthetic-va", arrays=arrays, outside=GIVEN)
    (found,) = boards.leaderboard(Summary((comparison(own),), (), (theirs,)), None, {}, Path())["boards"]
    row = found["rows"][-1]
    resampled = np.quantile([of(draw.integers(0, 300, 300)) for _ in range(2000)], [0.025, 0.975])
    assert [row["low"], row["high"]] == pytest.approx(resampled, abs=0.01) and row["low"] < row["value"] < row["high"]


def test_means_that_differ_in_their_last_bits_share_a_rank(board):
    values = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
    assert np.mean([0.1, 0.2, 0.3]) > np.mean([0.3, 0.2, 0.1]), "the same numbers in another order"
    found = board([("z", values[::-1]), ("a", values), ("b", [(0.1, 0.1)])])
    assert [each for each in ranks(found, RUN) if each[1] == "none"] == [
        ("z-plain", "none", 1), ("a-plain", "none", 1), ("b-plain", "none", 3),
    ]  # fmt: skip


def test_an_outside_model_whose_metric_is_not_defined_stands_last_without_a_rank(run):
    cells = {name: Cell(name, "outside", {}, "outside") for name in ("flat", "theirs")}
    arrays = {"test_ids": np.array(["a", "b", "c"]), "test_targets": np.eye(3, 2, dtype=np.float32),
              "test_outputs_none": np.eye(3, 2, dtype=np.float32)}  # fmt: skip
    outside = [
        run(cells[name], 0, {"none": {"ccc_mean": value, "n": 3}}, protocol="synthetic-va", arrays=arrays, outside=GIVEN)
        for name, value in (("flat", None), ("theirs", -0.5))
    ]
    (found,) = boards.leaderboard(Summary((), (), tuple(outside)), None, {}, Path())["boards"]
    jsonschema.validate({"schema": boards.SCHEMA, "boards": [found]}, FORM)
    assert ranks(found, OUTSIDE) == [("theirs", "none", 1), ("flat", "none", None)]
    assert (found["test_faces"], found["rows"][1]["metrics"]["ccc_mean"]["value"]) == (3, None)


def test_a_row_has_the_cost_the_trust_and_the_records_of_its_own_runs(run, comparison):
    def placed(made, name):
        vars(made.record)["directory"] = Path(name)
        return made

    one = [placed(run(Cell("one-plain", "one", {}, "plain"), seed, {"accuracy": 0.5}), f"one/seed{seed}") for seed in (0, 1)]
    theirs = run(Cell("theirs", "outside", {}, "outside"), 0, {"none": {"accuracy": 0.5, "n": 9}}, parameters=7,
                 trust=PREDICTIONS, outside=GIVEN | {"macs": 11})  # fmt: skip
    (found,) = boards.leaderboard(Summary((comparison(*one),), (), (theirs,)), None, {}, Path())["boards"]
    mine, other = found["rows"]
    assert mine["records"] == ["one/seed0", "one/seed1"]
    assert (other["cost"], other["trust"]) == ({"parameters": 7, "macs": 11}, PREDICTIONS)


def objects(value, at=()):
    """The place of every object in some JSON."""
    if isinstance(value, dict):
        yield at
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield from objects(each, (*at, key))


def test_the_form_refuses_every_missing_added_and_wrong_value(board):
    anchors = {"synthetic": {"figures": [{"name": "VGG", "value": "73.28", "source": "paper"}]}}
    only = board([("one", [(0.5, 0.5)])], [("c", 0.3, 0.3, "no"), ("d", 0.9, 0.9, "yes")], anchors)
    contents, form = {"schema": boards.SCHEMA, "boards": [only]}, jsonschema.Draft202012Validator(FORM)
    assert form.is_valid(contents)
    tried = 0
    for place in objects(contents):
        changed = json.loads(json.dumps(contents))
        at = changed
        for key in place:
            at = at[key]
        metrics = place and place[-1] == "metrics"
        for key, value in list(at.items()):
            del at[key]
            assert form.is_valid(changed) == bool(metrics), (place, key)
            at[key] = b"of no type that JSON has"
            assert not form.is_valid(changed), (place, key)
            at[key] = value
            tried += 1
        at["more"] = 1
        assert not form.is_valid(changed), place
    assert tried > 200
