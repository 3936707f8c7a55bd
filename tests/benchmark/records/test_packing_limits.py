"""What goes into archives, at every limit, and what is ignored or refused on the way back."""

import os
import tarfile

import pytest

from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.records import packing
from benchmark.records.record import read_record

CELL = Cell("net-plain", "residual", {"units": [1, 1, 1]}, "plain")


def test_only_records_in_the_place_of_their_run_are_packed_oldest_first(make, tmp_path):
    """The largest is the oldest but one; the smallest is the newest."""
    runs = tmp_path / "runs"
    for seed, second, epochs in ((0, 3, 1), (1, 1, 2), (2, 2, 4)):
        directory = make(runs, "synthetic-8", CELL, seed, epochs=epochs).directory
        os.utime(directory / "record.json", (second, second))
    moved = make(tmp_path / "x", "synthetic-8", CELL, 9).directory
    (runs / "synthetic-8" / "other").mkdir()
    moved.rename(runs / "synthetic-8" / "other" / "seed9")
    found, odd = packing.finished(runs)
    assert [record.seed for record in found] == [1, 2, 0] and not odd
    assert packing.LIMIT == 15_000_000 and packing.pack(runs, tmp_path / "out").records == 3


def test_no_archive_is_larger_than_asked_whatever_is_asked(make, tmp_path):
    """What fits is put in, and what does not begins the next archive or is left out by name."""
    runs = tmp_path / "runs"
    for seed in range(3):
        make(runs, "synthetic-8", CELL, seed)
        os.utime(runs / "synthetic-8" / CELL.name / f"seed{seed}" / "record.json", (seed, seed))
    whole = packing.pack(runs, tmp_path / "whole").archives[0].stat().st_size
    counts = set()
    for limit in range(whole // 3, whole + 30_720, 2_048):
        done = packing.pack(runs, tmp_path / "parts", limit=limit)
        assert all(path.stat().st_size <= limit for path in done.archives), limit
        assert done.records + len(done.left_out) == 3
        counts.add((len(done.archives), done.records))
    assert {(1, 3), (2, 3), (3, 3)} <= counts


def test_what_is_in_an_archive_besides_records(make, tmp_path):
    record = make(tmp_path / "runs", "synthetic-8", CELL, 0)
    (archive,) = packing.pack(tmp_path / "runs", tmp_path / "out").archives
    with tarfile.open(archive, "a") as stream:
        stream.add(record.directory / "record.json", "synthetic-8/net-plain/seed0/weights.pt")
    with packing.unpacked(archive) as (folder,):
        assert not list(folder.rglob("weights.pt")) and read_record(next(folder.rglob("seed0"))).contents == record.contents
    with tarfile.open(archive, "a") as stream:
        stream.add(record.directory / "machine.json", "synthetic-8/net-plain/seed0/record.json")
    with pytest.raises(BadInput, match="record.json: found a second file of this name"), packing.unpacked(archive):
        pass
