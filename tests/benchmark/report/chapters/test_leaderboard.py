"""Leaderboards: four blocks that share no column, in order, with what a reader must know of each entry."""

import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report import boards
from benchmark.report.build import build
from benchmark.report.chapters import leaderboard

GIVEN = {
    "kind": "onnx", "source": "net.onnx", "sha256": "0" * 64, "stated": {"accuracy": 0.66, "source": "their README"},
    "extra_training_data": "AffectNet", "warnings": ["class order looks mismatched"], "outputs": "logits", "seen": "no",
}  # fmt: skip
ANCHORS = {
    "fer2013": {
        "title": "FER2013",
        "figures": [
            {"name": "Lower", "value": "61.5", "source": "paper one"},
            {"name": "Higher", "value": "72.25", "source": "paper two"},
            {"name": "A range", "value": "65 to 69", "source": "paper three"},
        ],
    }
}


def theirs(make, root, protocol, name="theirs", quality=1.0, **changes):
    cell = Cell(name, "outside", {}, "outside")
    given = {"outside": GIVEN | changes, "history": [], "selected_epoch": None, "train_counts": None, "parameters": None}
    return make(root / "outside", protocol, cell, 0, quality=quality, **given)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("records")


@pytest.fixture(scope="module")
def summary(root, make, cell):
    for seed in (0, 1, 2):
        make(root, "fer2013-7", cell("identity", "working", "plain"), seed, quality=0.5)
        make(root, "fer2013-7", cell("fixed", "working", "plain"), seed, quality=2.5)
    make(root, "fer2013-7", cell("adaptive", "working", "plain"), 0, diverged=True)
    theirs(make, root, "fer2013-7")
    theirs(make, root, "fer2013-7", "zoo", seen="yes")
    theirs(make, root, "fer2013-7", "known", seen="unknown", quality=0.5)
    theirs(make, root, "ferplus-8", "alone", stated={"words": "good", "source": "page"}, extra_training_data=None)
    return summarise(read_records(root), root)


@pytest.fixture(scope="module")
def tables(summary, root):
    counted = {"cells": {"fer2013-7/net-fixed-working-plain": {"macs": 5_000_000}}}
    made = boards.leaderboard(summary, counted, ANCHORS, root)
    return {table.name: table for table in leaderboard.tables(made)}


def test_one_board_a_protocol_also_where_only_an_outside_model_was_evaluated(summary, tables):
    assert list(tables) == ["leaderboard-fer2013-7", "leaderboard-ferplus-8"]
    assert [board.comparison is None for board in boards.boards(summary)] == [False, True]


def test_the_four_kinds_share_no_column_and_no_row(tables):
    own, outside, seen, published = tables["leaderboard-fer2013-7"].shown()
    assert set(published["Entry"]) == {"Lower", "Higher"}
    assert set(outside["Entry"]) == {"theirs"} and set(seen["Entry"]) == {"known", "zoo"}
    assert all(name.startswith("net-") for name in own["Entry"])
    values = [[c for c in frame.columns if "Accuracy" in c] for frame in (own, outside, seen, published)]
    assert [len(v) for v in values] == [1, 1, 1, 1] and len({v[0] for v in values}) == 4
    assert ["Rank" in frame.columns for frame in (own, outside, seen, published)] == [True, True, False, False]
    for frame in (own, outside, seen, published):
        assert {"Version", "Seen these faces", "Trust"} <= set(frame.columns)
    for frame in (own, outside, seen):
        assert {"Selection rule", "TTA", "Extra training data", "Parameters", "MACs, one view"} <= set(frame.columns)
    for row in tables["leaderboard-fer2013-7"].rows:
        kinds = {key.split("_")[0] for key in row} & {"own", "outside", "seen", "published"}
        assert len(kinds) == 1


def test_what_may_have_seen_the_faces_is_sorted_by_name_and_says_so(tables):
    seen = tables["leaderboard-fer2013-7"].shown()[2]
    value = "May have seen these faces, not ranked: Accuracy, %"
    plain = seen[seen["TTA"] == "none"].set_index("Entry")
    assert list(plain.index) == ["known", "zoo"] and float(plain[value]["known"][:5]) < float(plain[value]["zoo"][:5])
    assert list(plain["Seen these faces"]) == ["may have", "yes"]


def test_own_runs_best_first_each_augmentation_a_row_diverged_last(summary, tables):
    own = tables["leaderboard-fer2013-7"].shown()[0]
    assert (
        own["Entry"].iloc[-1] == "net-adaptive-working-plain"
        and own.iloc[-1]["Trained by this suite: Accuracy, %"] == "diverged"
    )
    (comparison,) = summary.comparisons
    expected = sorted(
        (
            (-sum(values := comparison.metric(label, "accuracy", tta).values()) / len(values), label, tta)
            for label in comparison.runs
            for tta in ("none", "flip", "ten-crop")
            if comparison.finished(label)
        ),
        key=lambda each: each[0],
    )
    assert list(zip(own["Entry"], own["TTA"], strict=True))[:-1] == [(label, tta) for _, label, tta in expected]
    assert set(own["Extra training data"]) == {"none"} and set(own["Selection rule"]) == {"best-validation"}
    counted = own[own["Entry"] == "net-fixed-working-plain"]["MACs, one view"]
    assert set(counted) == {"5,000,000"} and "not tested: not counted" in set(own["MACs, one view"])


def test_an_outside_model_has_its_interval_and_what_its_authors_state(summary, tables):
    outside = tables["leaderboard-fer2013-7"].shown()[1]
    plain = outside[outside["TTA"] == "none"].iloc[0]
    record = next(run.record for run in summary.outside if run.record.cell == "theirs")
    labels, scores = record.outputs("test")
    right = int((scores.argmax(1) == labels).sum())
    low, high = proportion_confint(right, len(labels), method="wilson")
    shown = plain["Outside model, evaluated here: Accuracy, %"]
    assert shown == f"{100 * right / len(labels):.2f} [{100 * low:.2f}, {100 * high:.2f}]"
    assert (
        plain["Its authors state"] == "66.00"
        and plain["Where they state it"] == "their README"
        and plain["Came in as"] == "onnx (net.onnx)"
    )
    assert plain["Extra training data"] == "AffectNet" and plain["Parameters"] == "not known"
    assert "Warning at theirs, known, zoo: class order looks mismatched" in tables["leaderboard-fer2013-7"].notes
    alone = tables["leaderboard-ferplus-8"].shown()[0].iloc[0]
    assert (alone["Its authors state"], alone["Where they state it"]) == ("good", "page") and alone[
        "Extra training data"
    ] == "not stated"


def test_what_its_authors_state_has_its_own_columns_in_the_csv():
    both = {"accuracy": 0.5, "words": "good", "source": "page"}
    found = leaderboard.stated(both)
    assert (found["stated"].text, found["stated"].numbers) == ("50.00, good", {"": 0.5, "words": "good"})
    assert found["where"].text == "page"
    assert leaderboard.stated({"words": "good", "source": "page"})["stated"].numbers == {"": "good"}


def test_published_numbers_keep_their_source(tables):
    published = tables["leaderboard-fer2013-7"].shown()[3]
    assert published["Published, quoted: Accuracy, %"].tolist() == ["72.25", "61.50"]
    assert published["Source"].tolist() == ["paper two", "paper one"]
    assert set(published["Seen these faces"]) == {"not known"} and set(published["Trust"]) == {"not measured here"}


def test_the_note_names_the_interval_of_the_task(tables, make, tmp_path):
    stated = {"words": "CCC 0.5", "source": "page"}
    theirs(make, tmp_path, "synthetic-va", "affect", outputs="valence and arousal", stated=stated)
    contents = boards.leaderboard(summarise(read_records(tmp_path), tmp_path, without_runs=True), None, {}, tmp_path)
    (table,) = leaderboard.tables(contents)
    assert any("[95 % bootstrap interval over test images]" in note for note in table.notes)
    assert any("[95 % Wilson interval over test images]" in note for note in tables["leaderboard-fer2013-7"].notes)


def test_other_bytes_of_the_data_have_a_board_of_their_own(tmp_path, make, cell):
    make(tmp_path, "fer2013-7", cell("fixed", "working", "plain"), 0)
    other = {"name": "fer2013", "version": "1.0", "fingerprint": "f" * 64}
    make(tmp_path / "outside", "fer2013-7", Cell("theirs", "outside", {}, "outside"), 0, outside=GIVEN, data=other)
    first, second = boards.boards(summarise(read_records(tmp_path), tmp_path))
    assert not first.outside and [run.record.cell for run in second.outside] == ["theirs"]
    assert first.slug == "fer2013-7" and second.slug.startswith("fer2013-7-") and second.slug.endswith("ffffffff")


def test_in_the_built_report(tmp_path, make, cell, read_page, undrawn):
    records = tmp_path / "records"
    make(records, "synthetic-8", cell("fixed", "working", "plain"), 0)
    theirs(make, records, "synthetic-8")
    theirs(make, records, "fer2013-7", "alone")
    build(records, tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    page = read_page(tmp_path / "pages" / "leaderboards.html")
    assert "Leaderboards" in [each["text"] for each in page.all("h1")]
    assert {"synthetic-8", "fer2013-7"} <= {each["text"] for each in page.all("h2")}
    table = pd.read_csv(tmp_path / "tables" / "leaderboard-synthetic-8.csv")
    assert table["cell"].tolist().count("theirs") == 2 and table["outside_stated"].dropna().tolist() == [0.66, 0.66]
    assert "[Leaderboards](pages/leaderboard.md)" in (tmp_path / "README.md").read_text()
    assert "# Leaderboards" in (tmp_path / "pages" / "leaderboard.md").read_text()
    results = (tmp_path / "tables" / "synthetic-8-results.md").read_text()
    assert "theirs" not in results, "an outside model in a table of the runs"
