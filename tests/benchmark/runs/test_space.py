"""The estimate of what runs write, against what they write; a full disk is said before the training."""

import shutil

import pytest
import torch

from benchmark.errors import SystemSaysNo
from benchmark.protocol.cells import Cell, Run
from benchmark.room import SPARE
from benchmark.runs import space
from benchmark.runs.runner import Site, run_all


@pytest.fixture
def asked(monkeypatch):
    """The arguments of every call of `check_room`."""
    calls = []
    monkeypatch.setattr(space, "check_room", lambda *given: calls.append(given))
    return calls


def test_a_record_fits_into_its_estimate_and_does_not_fall_far_below_it(
    tiny_faces, tiny_protocol, tiny_cell, tmp_path, asked, one_thread
):
    run = Run(tiny_protocol(epochs=1), tiny_cell(widths=[16, 32]), 0)
    prepared, out = tiny_faces.directory.parent, tmp_path / "runs"
    space.check_space([run], prepared, out, jobs=1)
    run_all([run], Site(prepared, out, torch.device("cpu")))
    (folder, needed, what), *_ = asked
    record = sum(path.stat().st_size for path in (out / run.place).iterdir())
    weights = (out / run.place / "weights.pt").stat().st_size
    assert (folder, what) == (out, "1 runs")
    assert record + 2 * 4 * 0.9 * weights < needed < record + 2 * 4 * weights + 2 * space.TEXT
    asked.clear()
    space.check_space([run], prepared, out, jobs=1)
    assert not asked, "a finished run needs no room"


def test_each_run_has_a_record_and_each_process_two_checkpoints(tiny_faces, tiny_protocol, tiny_cell, tmp_path, asked):
    protocol, cell = tiny_protocol(), tiny_cell()
    for seeds, jobs in ((1, 1), (3, 1), (3, 2), (3, 9)):
        space.check_space([Run(protocol, cell, seed) for seed in range(seeds)], tiny_faces.directory.parent, tmp_path, jobs)
    one, three, in_two, in_many = (needed for _, needed, _ in asked)
    record = (three - one) // 2
    assert in_two - three == one - record, "one more process, one more pair of checkpoints"
    assert in_many - three == 2 * (one - record), "no more processes than runs"


def test_a_full_disk_is_said_before_anything_is_trained(tiny_faces, tiny_protocol, tiny_cell, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12 - SPARE, SPARE))
    with pytest.raises(SystemSaysNo, match="16 MiB free on its disk, too little for 1 runs"):
        run_all(
            [Run(tiny_protocol(), tiny_cell(), 0)], Site(tiny_faces.directory.parent, tmp_path / "runs", torch.device("cpu"))
        )
    assert not list(tmp_path.iterdir())


def test_a_factory_that_needs_real_weights_is_of_unknown_size(tiny_faces, tiny_protocol, tmp_path, asked, monkeypatch):
    def reads(*_, **__):
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    monkeypatch.setattr(space, "create", reads)
    run = Run(tiny_protocol(), Cell("own", "own.package:factory", {"of": "unknown size"}, "plain"), 0)
    space.check_space([run], tiny_faces.directory.parent, tmp_path, jobs=1)
    assert space.TEXT < asked[0][1] < 2 * space.TEXT
