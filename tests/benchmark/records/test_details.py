"""Single words of refusals and remarks that name a place: the right folder, the right file, no more and no less."""

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.records import record as module
from benchmark.records.grouping import slugs_of, without_duplicates
from benchmark.records.record import read_record, read_records
from benchmark.records.seal import read_bytes


def test_two_cells_with_the_same_predictions_are_both_kept_and_named(make, tmp_path):
    found = [make(tmp_path, "synthetic-8", Cell(name, "m", {}, "plain"), 0) for name in ("a", "b")]
    contents = {k: v for k, v in found[1].contents.items() if k not in ("schema", "predictions_sha256")}
    module.write_record(found[1].directory, contents, dict(found[0].predictions))
    remarks = []
    assert len(without_duplicates(read_records(tmp_path), tmp_path, remarks)) == 2
    first, second = (f"synthetic-8/{name}/seed0" for name in ("a", "b"))
    assert remarks == [f"{second}: its predictions are, bit for bit, those of {first}."]


def test_a_slug_is_a_plain_name_and_only_its_first_dots_go():
    of = ("..mine v1.", "1.0", "f" * 16, "a" * 64, "")
    assert slugs_of([of], []) == {of: "mine_v1."}


def test_a_file_that_is_too_large_is_named(tmp_path):
    path = tmp_path / "machine.json"
    path.write_bytes(b"x" * 12_345)
    with pytest.raises(BadInput) as error:
        read_bytes(path, 12_344)
    assert str(error.value).startswith(f"{path}: ") and "12,345 bytes; expected 12,344 at most" in str(error.value)


def test_the_reason_why_predictions_can_not_be_read_is_one_line(make, tmp_path, monkeypatch):
    one = make(tmp_path, "synthetic-8", Cell("a", "m", {}, "plain"), 0)

    def failing(*_, **__):
        raise ValueError("in\n  three   words")

    monkeypatch.setattr(np, "load", failing)
    with pytest.raises(BadInput, match=r"nothing to read \(in three words\)"):
        _ = read_record(one.directory).predictions
