"""Speed: what is timed, what the figures are to each other, memory against a known allocation."""

import json
import time

import pytest
import torch
from torch import nn

from benchmark.errors import BadInput, Interrupted
from benchmark.measures.speed.inference import measure_cells, passes, table

CPU = torch.device("cpu")


class Slow(nn.Module):
    """Takes 5 ms, the first three passes 100 ms."""

    def __init__(self):
        super().__init__()
        self.calls, self.shapes = 0, []

    def forward(self, pictures):
        self.calls += 1
        self.shapes.append(tuple(pictures.shape))
        time.sleep(0.1 if self.calls <= 3 else 0.005)
        return pictures.mean()


def test_warm_up_is_excluded():
    model = Slow()
    found = passes(model, (4, 3, 8, 8), CPU, runs=6, warm_up=3)
    assert model.calls == 9 and set(model.shapes) == {(4, 3, 8, 8)}
    assert 5 <= found["lower_quartile_ms"] <= found["median_ms"] <= found["upper_quartile_ms"]
    assert found["median_ms"] < 95, "a pass of the warm-up was counted"
    assert found["images_per_second"] == pytest.approx(4000 / found["median_ms"])


def test_memory_that_is_held_in_a_pass_is_seen(copied, tmp_path):
    """In a process of its own: one that keeps what it freed (`benchmark.runs.training.memory.keep_freed`) need not grow."""
    script = """
import torch
from benchmark.measures.speed.inference import passes

class Holding(torch.nn.Module):
    def forward(self, pictures):
        return pictures.mean() + torch.ones(10 * 2**20)[0]

found = passes(Holding(), (4, 3, 8, 8), torch.device("cpu"), runs=6, warm_up=3)["peak_memory_bytes"]
open(out, "w").write(str(found))
"""
    process = copied.Process(target=exec, args=(script, {"out": str(tmp_path / "found"), "__name__": "script"}))
    process.start()
    process.join()
    found = (tmp_path / "found").read_text()
    if found == "None":
        pytest.skip("this system does not let a process set its mark of memory back")
    assert int(found) / 2**20 == pytest.approx(40, abs=15)


def test_file_and_table(tiny_protocol, tiny_cell, tmp_path, quick_workers):
    out = tmp_path / "speed.json"
    protocol, cell = tiny_protocol(), tiny_cell()
    found = measure_cells(protocol, [cell], out, device=CPU, batches=(8,), runs=2)
    assert json.loads(out.read_text()) == found and found["input"] == [3, 16, 16]
    measured = found["cells"]["tiny"]["measurements"]
    assert [each["threads"] for each in measured] == sorted({1, torch.get_num_threads()})
    assert all(each["batch"] == 8 and each["device"] for each in measured)
    assert len(table(found)) == 2 + len(measured)


def test_refusals_write_nothing(tiny_protocol, tiny_cell, tmp_path):
    out = tmp_path / "speed.json"
    for given in ({"batches": ()}, {"batches": (0,)}, {"runs": 1}):
        with pytest.raises(BadInput, match="speed"):
            measure_cells(tiny_protocol(), [tiny_cell()], out, device=CPU, **given)
    with pytest.raises(BadInput, match="loss"):
        measure_cells(tiny_protocol(), [tiny_cell(loss="mse")], out, device=CPU)
    with pytest.raises(Interrupted):
        measure_cells(tiny_protocol(), [tiny_cell()], out, device=CPU, stop=lambda: True)
    assert not out.exists()
