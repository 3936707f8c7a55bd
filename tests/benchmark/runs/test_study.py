"""A study: the search of learning rates, its rules on made-up logs, and both on small faces."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.protocol.cells import Cell, Run, cell_from, cells_in
from benchmark.records.record import read_record
from benchmark.runs.rate_search import RateSearch, best_rate, load_rate_search
from benchmark.runs.runner import Site, run_all
from benchmark.runs.study import Study, load_study, make, standing, told
from benchmark.runs.tuning_log import read_log

ROOT = Path(__file__).parents[3]

CPU = torch.device("cpu")
RATES = (0.004, 0.001, 0.00025)


@pytest.fixture
def search(tiny_protocol):
    return RateSearch("tiny", tiny_protocol(), 100, 2, RATES)


def lines_of(search, cell, scores):
    """A log's lines as the search would leave them, from rate -> score (None: diverged)."""
    found = []
    for rate, score in scores.items():
        ((changes, run),) = search.search([cell], [rate]).runs()
        found.append(
            {
                "cell": cell.name,
                "cell_hash": run.cell.hash,
                "seed": 100,
                "trial": run.protocol.hash,
                "changes": changes,
                "recipe": run.protocol.as_dict()["recipe"],
                "best": score,
                "train_loss": [1.0, 1.0],
                "train_seconds": 6.0,
            }
        )
    return found


@pytest.mark.parametrize(
    ("scores", "last"),
    [
        ((0.5, 0.4, 0.3), 0.008),  # the highest rate is best: outwards
        ((0.3, 0.4, 0.5), 0.000125),  # the lowest
        ((0.4, 0.5, 0.3), 0.002),  # between, the higher neighbour is better
        ((0.3, 0.5, 0.4), 0.0005),
        ((0.4, 0.5, 0.4), 0.0005),  # neighbours alike: towards the lower
        ((None, None, 0.5), 0.000125),
        ((None, 0.5, None), 0.0005),
        ((None, 0.30, 0.32), 0.008),  # a diverged trial counts as the guess among three classes, here more than the others
    ],
)
def test_the_last_rate_lies_beside_the_best_towards_the_better_side(search, tiny_cell, scores, last):
    cell = tiny_cell()
    lines = lines_of(search, cell, dict(zip(RATES, scores, strict=True)))
    assert search.missing(cell, lines) == [pytest.approx(last)]
    assert search.found(cell, lines) is None and search.trials_left(cell, lines) == 1


def test_the_best_of_four_is_found_and_nothing_of_other_cells_or_seeds_counts(search, tiny_cell):
    cell, other = tiny_cell(), tiny_cell(shortcut="identity")
    lines = lines_of(search, cell, {0.004: 0.5, 0.001: 0.4, 0.00025: 0.3, 0.008: 0.45})
    assert search.found(cell, lines) == 0.004
    lines += lines_of(search, other, {0.004: 0.9, 0.001: 0.9})
    lines += [line | {"seed": 0, "best": 0.99} for line in lines_of(search, cell, {0.001: 0.99})]
    lines += [line | {"trial": "another budget"} for line in lines_of(search, cell, {0.00025: 0.98})]
    assert search.found(cell, lines) == 0.004
    assert search.missing(other, lines) == [0.00025] and search.trials_left(other, lines) == 2
    assert search.found(cell, lines + lines_of(search, cell, {0.008: 0.51})) == 0.008  # made again: the last line counts
    assert best_rate({0.004: 0.5, 0.001: 0.5, 0.00025: 0.2}) == 0.001


def test_a_cells_own_rate_is_left_out_of_its_trials(search, tiny_cell):
    cell = tiny_cell()
    own = dataclasses.replace(cell, learning_rate=0.02)
    lines = lines_of(search, cell, dict.fromkeys((*RATES, 0.000125), 0.5))
    assert search.scores(own, lines) == search.scores(cell, lines) and len(search.scores(own, lines)) == 4


def test_a_study_finds_the_rates_then_trains_with_them_and_resumes(tmp_path, tiny_faces, tiny_protocol, tiny_cell):
    """Equal bit for bit to runs of a protocol whose recipe has that learning rate."""
    protocol = tiny_protocol(epochs=2)
    search = RateSearch("tiny", protocol, 100, 1, (0.02, 0.005, 0.00125))
    free, own = tiny_cell(), dataclasses.replace(tiny_cell(shortcut="fixed"), name="own", learning_rate=0.01)
    study = Study("tiny", search, ((Run(protocol, free, 0), Run(protocol, own, 0)), (Run(protocol, free, 1),)))
    places, log = Site(tiny_faces.directory.parent, tmp_path / "runs", CPU), tmp_path / "tiny.jsonl"
    with pytest.raises(Interrupted):
        make(study, places, tmp_path / "trials", log, time_budget=0.0)
    assert [part.runs for part in standing(study, places.out, log)] == [(0, 2), (0, 1)]
    make(study, places, tmp_path / "trials", log)
    lines = read_log(log)
    assert len(lines) == 4 and {line["cell"] for line in lines} == {free.name}  # `own` has its rate already
    best = max(line["best"] for line in lines)
    rate = min(line["changes"]["learning_rate"] for line in lines if line["best"] == best)
    for run, expected in ((study.parts[0][0], rate), (study.parts[0][1], 0.01), (study.parts[1][0], rate)):
        record = read_record(places.out / run.place)
        assert record["cell"]["learning_rate"] == expected
        assert record["protocol_hash"] == protocol.hash and record["cell_hash"] != free.hash
        plain = tiny_protocol(epochs=2, recipe={"learning_rate": expected})
        cell = dataclasses.replace(run.cell, learning_rate=None)
        run_all([Run(plain, cell, run.seed)], dataclasses.replace(places, out=tmp_path / "plain"))
        again = read_record(tmp_path / "plain" / run.place)
        np.testing.assert_array_equal(record.predictions["test_outputs_none"], again.predictions["test_outputs_none"])
        assert record["history"][0]["learning_rate"] == again["history"][0]["learning_rate"]
    parts = standing(study, places.out, log)
    assert [(part.trials, part.runs, part.left) for part in parts] == [((4, 4), (2, 2), 0), ((4, 4), (1, 1), 0)]
    assert all(part.finished for part in parts) and parts[0].used > parts[1].used > 0
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    make(study, places, tmp_path / "trials", log)
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}


def test_time_left_follows_from_what_was_measured(tmp_path, search, tiny_cell):
    """Two cells of one run each (3 epochs): one has two trials of 2 epochs at 3 s an epoch, the other nothing."""
    cells = [dataclasses.replace(tiny_cell(shortcut=name), name=name) for name in ("adaptive", "fixed")]
    study = Study("tiny", search, tuple((Run(search.protocol, cell, 0),) for cell in cells))
    log = tmp_path / "log.jsonl"
    assert [part.left for part in standing(study, tmp_path, log)] == [None, None]
    assert "no time measured yet" in told(study, standing(study, tmp_path, log), 2)[-1]
    identity = {"code": "", "fingerprint": "", "device_type": "cpu"}
    identity |= {"protocol": "tiny", "status": "finished", "metric": "accuracy", "epochs": 2, "changes": {}}
    lines = [line | identity for line in lines_of(search, cells[0], {0.004: 0.5, 0.001: 0.4})]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    first, second = standing(study, tmp_path, log)
    assert (first.trials, first.used, first.left) == ((2, 4), 12.0, 3 * (2 * 2 + 3))
    assert (second.trials, second.used, second.left) == ((0, 4), 0.0, 3 * (4 * 2 + 3))
    assert "0.0 left (2 at once)" in told(study, [first, second], 2)[0]


def test_the_committed_study():
    """The planned numbers of the study, its cells and the search that finds their rates."""
    study = load_study("fer2013-study")
    assert [len(part) for part in study.parts] == [24, 6, 15, 6]
    first = [(run.cell.name, run.seed) for run in study.parts[0]]
    assert {name for name, _ in first[:6]} == {
        f"narrow16-50-{shortcut}-{normalisation}-plain"
        for shortcut in ("identity", "fixed", "adaptive")
        for normalisation in ("working", "frozen")
    }
    assert [seed for _, seed in first] == [0] * 6 + [1] * 6 + [2] * 6 + [3] * 3 + [4] * 3
    assert study.search.rates == RATES and study.search.seed == 100  # no seed of a run
    assert study.search.seed not in {run.seed for part in study.parts for run in part}
    with pytest.raises(BadInput, match="profile smoke: found no search"):
        load_study("smoke")
    with pytest.raises(BadInput, match="search fer2013: found .*trials; expected exactly protocol"):
        load_rate_search("fer2013")


def test_the_rates_in_cells_yaml_are_those_that_the_committed_log_gives():
    study = load_study("fer2013-study")
    cells = {run.cell.name: run.cell for part in study.parts for run in part if run.cell.learning_rate is not None}
    if not cells:
        pytest.skip("no rate of the study has been found yet")
    lines = read_log(ROOT / "reports/tuning" / f"{study.search.name}.jsonl")
    for cell in cells.values():
        assert study.search.found(cell, lines) == cell.learning_rate, cell.name


def test_a_learning_rate_of_a_cells_own():
    """Optional, in the hash only where it is there, checked; a grid gives it to the values that it names."""
    contents = {"model": "m", "loss": "plain"}
    plain = cell_from("a", contents, "file")
    assert plain == Cell("a", "m", {}, "plain") and "learning_rate" not in plain.as_dict()
    own = cell_from("a", contents | {"learning_rate": 0.01}, "file")
    assert own.hash != plain.hash and own.as_dict()["learning_rate"] == 0.01
    for odd in (0.0, -0.1, "1e-3", 1, True, float("inf"), float("nan")):
        with pytest.raises(BadInput, match="cell a, learning_rate"):
            cell_from("a", contents | {"learning_rate": odd}, "file")
    grid = {"model": "m", "axes": {"shape": ["x", "y"], "loss": ["plain"]}, "learning_rates": {"y-plain": 0.01}}
    cells = cells_in({"grids": {"g": grid}}, "file")
    assert [cell.learning_rate for cell in cells.values()] == [None, 0.01]
    with pytest.raises(BadInput, match="learning_rates: found z-plain"):
        cells_in({"grids": {"g": grid | {"learning_rates": {"z-plain": 0.01}}}}, "file")
