"""What `run_all` does beside training: what killed calls have left beside finished runs."""

import torch

from benchmark.leftovers import _machine
from benchmark.protocol.cells import Run
from benchmark.runs.runner import Site, run_all


def test_what_a_killed_call_left_beside_a_finished_run_goes(tiny_faces, tiny_protocol, tiny_cell, tmp_path, one_thread):
    """Killed between the record and the removal of the checkpoint; killed while a record was written."""
    run = Run(tiny_protocol(epochs=1, tta=["none"]), tiny_cell(), 0)
    site = Site(tiny_faces.directory.parent, tmp_path, torch.device("cpu"))
    run_all([run], site)
    folder = (tmp_path / run.place).parent
    assert [path.name for path in folder.iterdir()] == ["seed0"]
    (folder / "seed0.checkpoint").write_bytes(b"of the last step")
    (folder / f".seed0.{_machine()}-01234567.tmp").mkdir()
    made = (folder / "seed0" / "record.json").stat().st_mtime_ns
    run_all([run], site)
    assert [path.name for path in folder.iterdir()] == ["seed0"]
    assert (folder / "seed0" / "record.json").stat().st_mtime_ns == made
