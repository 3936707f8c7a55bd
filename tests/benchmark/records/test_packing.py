"""Archives of finished records: what goes in, how large they are, and that nothing leaves its folder on the way back."""

import io
import os
import tarfile

import pytest

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.records.packing import pack, unpacked
from benchmark.records.record import read_records

FILES = ("record.json", "machine.json", "predictions.npz", "seal.json")
CELL = Cell("net-plain", "residual", {"units": [1, 1, 1]}, "plain")


@pytest.fixture
def runs(tmp_path, make):
    """Three finished runs (the middle one is the oldest), one with weights; a checkpoint, a fold and a trial beside them."""
    for seed, second in ((0, 2), (1, 1), (2, 3)):
        path = make(tmp_path / "runs", "synthetic-8", CELL, seed).directory / "record.json"
        os.utime(path, (second, second))
    place = tmp_path / "runs" / "synthetic-8" / CELL.name
    (place / "seed0" / "weights.pt").write_bytes(b"weights")
    (place / "seed3.checkpoint").write_bytes(b"checkpoint")
    (place / "seed0").rename(place / "x")
    (place / "x").rename(place / "seed0")
    fold = make(tmp_path / "fold", "synthetic-8", CELL, 4).directory
    fold.rename(place / "seed4.fold1")
    make(tmp_path / "runs" / "tuning" / "search", "synthetic-8", CELL, 5)
    return tmp_path / "runs"


def names(archive):
    with tarfile.open(archive) as stream:
        return stream.getnames()


def test_finished_records_alone_oldest_first_in_limited_archives(runs, tmp_path):
    whole = pack(runs, tmp_path / "whole")
    assert whole.records == 3 and len(whole.archives) == 1 and not whole.left_out
    assert names(whole.archives[0]) == [f"synthetic-8/net-plain/seed{seed}/{name}" for seed in (1, 0, 2) for name in FILES]
    place = runs / "synthetic-8" / "net-plain"
    one = max(sum(path.stat().st_size for path in (place / f"seed{seed}").glob("*.[jn]*")) for seed in (0, 1, 2))
    limit = 2 * one + 30_000
    parts = pack(runs, tmp_path / "parts", limit=limit)
    assert len(parts.archives) == 2 and all(path.stat().st_size <= limit for path in parts.archives)
    first = parts.archives[0].read_bytes()
    pack(runs, tmp_path / "parts", limit=limit)
    assert parts.archives[0].read_bytes() == first
    pack(runs, tmp_path / "parts")
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["records-0.tar"], "a stale archive is left"


def test_a_record_larger_than_an_archive_is_left_out_by_name(runs, tmp_path):
    done = pack(runs, tmp_path / "out", limit=12_000)
    assert done.records == 0 and not done.archives and len(done.left_out) == 3 and "seed1" in done.left_out[0]


def test_what_can_not_be_read_keeps_nothing_else_back(runs, tmp_path):
    (runs / "synthetic-8" / "net-plain" / "seed1" / "record.json").write_text("{")
    done = pack(runs, tmp_path / "out")
    assert done.records == 2 and "seed1" in done.left_out[0] and "valid JSON" in done.left_out[0]


def test_archives_come_back_as_they_were(runs, tmp_path):
    pack(runs, tmp_path / "out", limit=60_000)
    with unpacked(tmp_path / "out") as folders:
        found = {record.seed: record for folder in folders for record in read_records(folder)}
        assert sorted(found) == [0, 1, 2]
        for seed, record in found.items():
            own = runs / "synthetic-8" / "net-plain" / f"seed{seed}"
            for name in FILES:
                assert (record.directory / name).read_bytes() == (own / name).read_bytes()
    assert not any(folder.exists() for folder in folders if folder != tmp_path / "out")


def archive_of(path, name="a/record.json", kind=tarfile.REGTYPE, data=b"{}"):
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.size = kind, len(data) if kind == tarfile.REGTYPE else 0
        info.linkname = "/etc/passwd"
        archive.addfile(info, io.BytesIO(data) if info.size else None)


@pytest.mark.parametrize(
    "given, line",
    [
        ({"name": "../record.json"}, "stay inside"),
        ({"name": "/tmp/record.json"}, "stay inside"),
        ({"name": "a\\..\\..\\record.json"}, "stay inside"),
        ({"kind": tarfile.SYMTYPE}, "a link"),
        ({"kind": tarfile.LNKTYPE}, "a link"),
        ({"kind": tarfile.FIFOTYPE}, "special file"),
    ],
)
def test_members_that_leave_the_archive_are_refused(tmp_path, given, line):
    archive_of(tmp_path / "records-0.tar", **given)
    with pytest.raises(BadInput, match=line), unpacked(tmp_path):
        pass


def test_a_cut_off_archive_is_refused(runs, tmp_path):
    path = pack(runs, tmp_path / "out").archives[0]
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(BadInput, match="records-0.tar"), unpacked(tmp_path / "out"):
        pass
    path.write_bytes(b"no archive at all" * 100)
    with pytest.raises(BadInput, match="damaged"), unpacked(path):
        pass


def test_a_folder_of_runs_that_is_not_there_leaves_earlier_archives(runs, tmp_path, capsys):
    out = [str(tmp_path / "home")]
    assert main(["pack", "--runs", str(runs), *out]) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "home").iterdir()}
    assert before and main(["pack", "--runs", str(tmp_path / "typo"), *out]) == 2
    assert "typo: found no folder" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in (tmp_path / "home").iterdir()} == before


def test_archives_are_unpacked_where_temporary_files_go(runs, tmp_path, monkeypatch):
    """Nothing is left there, and nothing appears in the working directory."""
    place, here = tmp_path / "temporary", tmp_path / "here"
    for folder in (place, here):
        folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.chdir(here)
    pack(runs, tmp_path / "packed")
    with unpacked(tmp_path / "packed") as (own, other):
        assert own == tmp_path / "packed" and other.is_relative_to(place)
    assert not list(place.iterdir()) and not list(here.iterdir())
