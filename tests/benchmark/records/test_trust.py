"""The trust level of a record, and verification.json."""

import json

import pytest

from benchmark.errors import BadInput
from benchmark.records.comparisons import frame, summarise
from benchmark.records.record import read_records
from benchmark.records.trust import level, lowest, read_verification, record_digest, write_verification

PLACE = "synthetic-8/net-identity-working-plain/seed0"


def entry(record, **done):
    return {"record": record_digest(record)} | {name: {"outcome": outcome} for name, outcome in done.items()}


@pytest.mark.parametrize("imported", [False, True])
@pytest.mark.parametrize(
    "done, own, imported_one",
    [
        ({}, "trained here", "predictions only"),
        ({"weights": "bit-identical"}, "trained here", "weights re-run here"),
        ({"weights": "the same"}, "trained here", "weights re-run here"),
        ({"weights": "different"}, "trained here", "predictions only"),
        ({"again": "bit-identical"}, *["trained here and verified again"] * 2),
        ({"again": "the same"}, *["trained here and verified again"] * 2),
        ({"again": "different"}, "trained here", "predictions only"),
        ({"again": "different", "weights": "bit-identical"}, "trained here", "weights re-run here"),
    ],
)
def test_levels(make, cell, tmp_path, imported, done, own, imported_one):
    record = make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 0, imported=imported)
    place = f"imported/{PLACE}" if imported else PLACE
    assert level(record, place, {place: entry(record, **done)}) == (imported_one if imported else own)
    # Of another record.json, in another place, or without an entry, nothing counts.
    plain = "predictions only" if imported else "trained here"
    assert level(record, place, {place: entry(record, **done) | {"record": "0" * 64}}) == plain
    assert level(record, place, {f"{place}1": entry(record, **done)}) == plain


def test_a_record_in_the_place_of_another_run_was_not_trained_here(make, cell, tmp_path):
    record = make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 0)
    assert level(record, PLACE.replace("seed0", "seed1"), {}) == "predictions only"
    assert lowest(["trained here", "predictions only", "trained here and verified again"]) == "predictions only"


def test_a_row_has_the_lowest_level_of_its_runs(make, cell, tmp_path):
    own = cell("identity", "working", "plain")
    records = [make(tmp_path, "synthetic-8", own, seed, imported=seed == 1) for seed in (0, 1)]
    verified = {PLACE: entry(records[0], again="the same")}
    summary = summarise(read_records(tmp_path), tmp_path, {}, verified)
    assert summary.comparisons[0].trust(own.name) == "predictions only"
    table = frame(summary, tmp_path)
    assert dict(zip(table["seed"], table["trust"], strict=True)) == {
        0: "trained here and verified again",
        1: "predictions only",
    }


def test_what_was_done_is_merged_and_old_entries_of_changed_records_go(tmp_path):
    path = tmp_path / "verification.json"
    assert read_verification(path) == {}
    write_verification(path, {"a": {"record": "1", "weights": {"outcome": "the same"}}, "b": {"record": "2"}})
    write_verification(path, {"a": {"record": "1", "again": {"outcome": "different"}}})
    assert read_verification(path) == {
        "a": {"record": "1", "weights": {"outcome": "the same"}, "again": {"outcome": "different"}},
        "b": {"record": "2"},
    }
    write_verification(path, {"a": {"record": "3", "again": {"outcome": "the same"}}})
    assert read_verification(path)["a"] == {"record": "3", "again": {"outcome": "the same"}}


@pytest.mark.parametrize(
    "contents",
    [
        [], {}, {"schema": 2, "records": {}}, {"schema": 1, "records": []}, {"schema": 1, "records": {"a": []}},
        {"schema": 1, "records": {"a": {}}}, {"schema": 1, "records": {"a": {"record": 1}}},
        {"schema": 1, "records": {"a": {"record": "1", "weights": "the same"}}},
        {"schema": 1, "records": {"a": {"record": "1", "weights": {"outcome": "good"}}}},
        {"schema": 1, "records": {"a": {"record": "1", "weights": {"outcome": ["the same"]}}}},
        {"schema": 1, "records": {"a": {"record": "1", "other": {"outcome": "the same"}}}},
    ],
)  # fmt: skip
def test_another_shape_is_bad_input(tmp_path, contents):
    path = tmp_path / "verification.json"
    path.write_text(json.dumps(contents))
    with pytest.raises(BadInput, match="verification.json"):
        read_verification(path)
