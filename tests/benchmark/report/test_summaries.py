"""metrics/PROTOCOL.json: the means, by hand, and which runs are in them."""

import dataclasses
from pathlib import Path

import pytest

from benchmark.protocol.cells import Cell
from benchmark.protocol.turned import turned
from benchmark.records.comparisons import Summary
from benchmark.report.summaries import summaries

ROOT = Path("records")


def cell(shortcut, *, loss="plain", normalisation="working", units=1):
    options = {"shortcut": shortcut, "normalisation": normalisation, "units": units}
    return Cell(f"n{units}-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


OTHER = Cell("resnet18-plain", "resnet18", {}, "plain")


@pytest.fixture(scope="module")
def at(run):
    """A function that makes a run in a folder: `at(folder, cell, seed, accuracy, f1)`."""

    def made(folder, cell, seed, *scores, names=("accuracy", "macro_f1"), **contents):
        own = run(cell, seed, dict(zip(names, scores, strict=True)) if scores else None, **contents)
        record = own.record
        moved = type(record)(ROOT / folder / cell.name / f"seed{seed}", record.contents)
        vars(moved)["predictions"] = {}
        return dataclasses.replace(own, record=moved)

    return made


def test_means_over_cells_of_means_over_seeds(at, comparison):
    """(0.5 + 0.7) / 2 = 0.6 and 0.4, 0.9: mean 0.6333. The gain: 0.6 - 0.4; the frozen cell has no partner."""
    runs = [
        at("synthetic-8", cell("adaptive"), 0, 0.5, 0.3), at("synthetic-8", cell("adaptive"), 1, 0.7, 0.5),
        at("synthetic-8", cell("identity"), 0, 0.4, 0.2), at("synthetic-8", cell("identity"), 1),  # the second diverged
        at("synthetic-8", OTHER, 0, 0.9, 0.8), at("synthetic-8", cell("fixed", normalisation="frozen"), 0),
    ]  # fmt: skip
    found = summaries(Summary((comparison(*runs),)), ROOT)
    assert found == {"synthetic-8": {"accuracy": 0.6333, "macro_f1": 0.4667, "accuracy_gain": 0.2}}


def test_gain_is_the_mean_over_pairs_with_nothing_else_different(at, comparison):
    runs = [
        at("p", cell("adaptive"), 0, 0.5, 0), at("p", cell("identity"), 0, 0.4, 0),  # 0.1
        at("p", cell("adaptive", units=2), 0, 0.9, 0), at("p", cell("identity", units=2), 0, 0.6, 0),  # 0.3
        at("p", cell("adaptive", loss="weighted"), 0, 0.1, 0), at("p", cell("identity", units=3), 0, 0.9, 0),  # no pair
    ]  # fmt: skip
    assert summaries(Summary((comparison(*runs),)), ROOT)["p"]["accuracy_gain"] == 0.2


def test_valence_and_arousal_have_names_of_their_own(at, comparison):
    names = {"names": ("ccc_mean", "rmse_mean"), "protocol": "synthetic-va"}
    runs = [at("synthetic-va", Cell("one-mse", "one", {}, "mse"), 0, 1 / 3, 0.25, **names)]
    assert summaries(Summary((comparison(*runs),)), ROOT) == {"synthetic-va": {"ccc": 0.3333, "rmse": 0.25}}


def test_only_what_the_pipeline_made(at, comparison):
    runs = [at("imported/synthetic-8", OTHER, 0, 0.9, 0.9), at("synthetic-8", OTHER, 1, 0.5, 0.4)]
    assert summaries(Summary((comparison(*runs),)), ROOT) == {"synthetic-8": {"accuracy": 0.5, "macro_f1": 0.4}}
    assert summaries(Summary((comparison(runs[0]),)), ROOT) == {}


def test_a_turned_protocol_says_its_name_in_the_file_of_its_base(at, comparison):
    other = turned("synthetic-8", {"epochs": 2}, "x")
    contents = {"protocol": other.as_dict(), "protocol_hash": other.hash}
    runs = [at("synthetic-8", OTHER, seed, 0.5, 0.4) for seed in range(2)]
    for run in runs:
        run.record.contents.update(contents)
    old = comparison(at("synthetic-8", OTHER, 5, 0.9, 0.9))  # one run is left of before
    found = summaries(Summary((old, comparison(*runs))), ROOT)
    assert found == {"synthetic-8": {"accuracy": 0.5, "macro_f1": 0.4, "protocol": "synthetic-8+epochs-2"}}


def test_a_metric_without_a_value_is_absent(at, comparison):
    assert summaries(Summary((comparison(at("synthetic-8", OTHER, 0)),)), ROOT) == {"synthetic-8": {}}
    none = Summary((comparison(at("synthetic-8", OTHER, 0, 0.5, None)),))
    assert summaries(none, ROOT) == {"synthetic-8": {"accuracy": 0.5}}


def test_only_planned_runs_count_if_a_plan_is_given(at, comparison):
    """Runs of a former plan lie in the same folder."""
    former = comparison(*(at("synthetic-8", OTHER, seed, 0.9, 0.9) for seed in range(3)))
    now = comparison(at("synthetic-8", cell("fixed"), 0, 0.5, 0.4))
    place = f"synthetic-8/{cell('fixed').name}/seed0"
    assert summaries(Summary((former, now)), ROOT)["synthetic-8"]["accuracy"] == 0.9
    assert summaries(Summary((former, now)), ROOT, {place}) == {"synthetic-8": {"accuracy": 0.5, "macro_f1": 0.4}}
    assert summaries(Summary((former, now)), ROOT, {"synthetic-8/x/seed0"}) == {}
