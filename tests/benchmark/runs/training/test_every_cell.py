"""The grid of the papers' question, rehearsed: every cell of the profiles with its real network, on a handful of faces."""

import dataclasses

import numpy as np
import pytest
import torch

from benchmark.cli.main import main
from benchmark.faces.faceset import write_faceset
from benchmark.records.record import read_records
from benchmark.runs.plan import plan
from benchmark.runs.plan_file import read_plan, write_plan


def faces_like(protocol, prepared) -> None:
    """Noise in the form of a protocol's FaceSet: every class in every split."""
    rng, names = np.random.default_rng(3), protocol.classes
    label = np.tile(np.arange(len(names)), 3)
    splits = [protocol.splits[role] for role in ("train", "validation", "test") for _ in names]
    write_faceset(
        prepared / protocol.data,
        rng.integers(0, 256, (len(label), 48, 48, 1), dtype=np.uint8),
        name=protocol.data,
        version=protocol.data_version,
        classes=names,
        id=[f"face-{row}" for row in range(len(label))],
        split=splits,
        expression=label,
    )


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["fer2013", "ferplus"])
def test_one_command_makes_the_grid(tmp_path, profile, capsys):
    """One epoch of one step and one seed; networks, losses, recipes and input size are those of the grid."""
    pytest.importorskip("timm", reason="the grid has timm's ResNets")
    whole = plan(profile)
    small = {
        run.protocol.name: dataclasses.replace(run.protocol, epochs=1, tta=("none",), data_options=None) for run in whole
    }
    for protocol in small.values():
        if not (tmp_path / protocol.data).exists():
            faces_like(protocol, tmp_path)
    runs = [dataclasses.replace(run, protocol=small[run.protocol.name]) for run in whole if run.seed == 0]
    write_plan(runs, tmp_path / "plan.json")
    assert [str(run) for run in read_plan(tmp_path / "plan.json")] == [str(run) for run in runs]
    torch.set_num_threads(1)
    argv = ["run", "--plan", str(tmp_path / "plan.json"), "--prepared", str(tmp_path), "--out", str(tmp_path / "runs")]
    assert main([*argv, "--device", "cpu", "--jobs", "1"]) == 0
    assert f"[{len(runs)}/{len(runs)}]" in capsys.readouterr().out
    records = {(record.protocol, record.cell): record for record in read_records(tmp_path / "runs")}
    assert set(records) == {(run.protocol.name, run.cell.name) for run in whole}
    for run in runs:
        record = records[run.protocol.name, run.cell.name]
        assert record["status"] == "finished" and record["cell_hash"] == run.cell.hash
        assert record.outputs("test")[1].shape == (len(run.protocol.classes), len(run.protocol.classes))
