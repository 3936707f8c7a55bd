"""Since when the report has had its records: the day stays while they are the same and changes with them."""

import json

import pytest

from benchmark.errors import BadInput
from benchmark.records.record import read_records
from benchmark.report.newest import newest

ONE, OTHER = "1000000000", "1700000000"  # seconds: on 2001-09-09 and 2023-11-14


@pytest.fixture
def seen(make, cell, tmp_path, monkeypatch):
    """A function (seeds, seconds) -> newest.json of a report that is made then, over those records; it is left in the
    report's folder."""

    def at(seeds, seconds=ONE):
        for seed in seeds:
            make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), seed)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
        found = newest(read_records(tmp_path / "records"), tmp_path)
        (tmp_path / "newest.json").write_text(json.dumps(found))
        return found

    return at


def test_the_day_stays_with_the_records_and_changes_with_them(seen, forge, tmp_path):
    first = seen([0])
    assert first["since"] == "2001-09-09" and set(first) == {"schema", "records", "since"}
    assert seen([], OTHER) == first
    more = seen([1], OTHER)
    assert more["since"] == "2023-11-14" and more["records"] != first["records"]
    assert seen([], ONE) == more
    (folder,) = [path.parent for path in (tmp_path / "records").rglob("record.json") if path.parent.name == "seed1"]
    forge(folder, arrays=lambda values: values.update(test_outputs_none=values["test_outputs_none"] + 1))
    assert seen([], ONE)["since"] == "2001-09-09"  # other predictions: other records


def test_the_order_of_the_records_does_not_matter(seen, tmp_path):
    seen([0, 1, 2])
    records = read_records(tmp_path / "records")
    assert newest(records[::-1], tmp_path / "elsewhere") == newest(records, tmp_path / "elsewhere")


def test_without_a_stated_day_it_is_today(seen, tmp_path, monkeypatch):
    import datetime

    seen([0])
    for stated in ("", "not a number", "-1", "\N{SUPERSCRIPT TWO}", "9" * 12, "9" * 5000):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", stated)
        before = datetime.datetime.now(datetime.UTC).date().isoformat()
        found = newest(read_records(tmp_path / "records"), tmp_path / "elsewhere")["since"]
        assert before <= found <= datetime.datetime.now(datetime.UTC).date().isoformat()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "newest.json"),
        ("[]", "newest.json"),
        ('{"schema": 2, "records": "x", "since": "2001-01-01"}', "schema 2, .* or no file: the day is then that of today"),
        ('{"schema": 1, "records": "x"}', "since"),
        ('{"schema": 1, "records": "x", "since": "yesterday"}', "newest.json, since: found yesterday; expected a day"),
        ('{"schema": 1, "records": "x", "since": "20010909"}', "a day, YYYY-MM-DD"),
        ('{"schema": 1, "records": "x", "since": "<b>"}', "a day, YYYY-MM-DD"),
        ('{"schema": 1, "records": "x", "since": 5}', "a day, YYYY-MM-DD"),
    ],
)
def test_a_damaged_file_is_named(seen, tmp_path, text, words):
    seen([0])
    (tmp_path / "newest.json").write_text(text)
    with pytest.raises(BadInput, match=words):
        newest(read_records(tmp_path / "records"), tmp_path)
