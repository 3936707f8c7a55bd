"""The search of learning rates as a table, and a cell's own rate in the table of results."""

import dataclasses
import json

import pytest

from benchmark.errors import BadInput
from benchmark.protocol.cells import load_cells
from benchmark.report.chapters import learning_rates
from benchmark.report.material import read_searches

CELLS = ("narrow16-50-adaptive-frozen-plain", "narrow16-50-identity-working-plain")


def line(cell, rate, best, **changes):
    contents = {"protocol": "fer2013-7-small", "epochs": 4, "seed": 100, "cell": cell, "best": best, "trial": f"{rate}"}
    contents |= {"recipe": {"learning_rate": rate}, "cell_hash": cell, "code": "", "fingerprint": "", "device_type": ""}
    contents |= {"status": "diverged" if best is None else "finished", "metric": "accuracy", "changes": {}}
    contents |= {"train_loss": [1.0], "train_seconds": 1.0}
    return contents | changes


def test_every_trial_stands_in_its_cells_row_and_its_rates_column(tmp_path, monkeypatch):
    plain = {name: dataclasses.replace(load_cells()[name], learning_rate=None) for name in CELLS}
    registered = plain | {CELLS[1]: dataclasses.replace(plain[CELLS[1]], learning_rate=5e-4)}
    monkeypatch.setattr(learning_rates, "installed_cells", lambda: registered)
    lines = [
        line(CELLS[0], 0.001, 0.2494),
        line(CELLS[1], 0.001, 0.1),
        line(CELLS[0], 0.00025, None),
        line(CELLS[1], 0.001, 0.5235, code="newer"),
    ]
    (tmp_path / "fer2013-small.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    (tmp_path / "synthetic.jsonl").write_text("{}\n")  # no search of learning rates
    (table,) = (learning_rates.table(*search) for search in read_searches(tmp_path).items())
    assert list(table.columns) == ["cell", "rate_0.001", "rate_0.00025", "chosen"]
    shown = {row["cell"].text: row for row in table.rows}
    assert shown[CELLS[0]]["rate_0.001"].text == "24.9" and shown[CELLS[0]]["rate_0.00025"].text == "diverged"
    assert shown[CELLS[1]]["rate_0.001"].numbers == {"": 0.5235} and "rate_0.00025" not in shown[CELLS[1]]
    assert shown[CELLS[0]]["chosen"].text == "not tested: not found, or not in cells.yaml yet"
    assert shown[CELLS[1]]["chosen"].numbers == {"": 5e-4}
    assert "test split was never loaded" in table.markdown()
    assert read_searches(tmp_path / "nowhere") == {}
    (tmp_path / "fer2013-small.jsonl").write_text("no JSON\n")
    with pytest.raises(BadInput, match="fer2013-small.jsonl, line 1"):
        read_searches(tmp_path)
