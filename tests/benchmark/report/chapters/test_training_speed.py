"""The report's table and figure of `ferbench bench`, from fabricated files."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmark.errors import BadInput
from benchmark.measures.speed.file import read_benches
from benchmark.report.build import build
from benchmark.report.chapters import training_speed
from benchmark.report.style import styled


def spread(median):
    return {"median": median, "lower_quartile": 0.9 * median, "upper_quartile": 1.2 * median, "values": [median]}


def contender(train, evaluate, mib):
    return {"train": spread(train), "evaluate": spread(evaluate), "memory_bytes": None if mib is None else mib * 2**20}


def fabricate(folder, device_type="cpu", mib=100.0):
    suite, plain = contender(40, 200, mib), contender(20, 50, mib and 4 * mib)
    comparison = {
        "shortcut": "adaptive", "size": 64, "contenders": {"plain": plain, "suite": suite},
        "ratios": {"plain": {"train": spread(2), "evaluate": spread(4), "memory": 0.25 if mib else None}},
        "floor": {"achieved": {"train": 0.8, "evaluate": 1.1}},
    }  # fmt: skip
    grown = [
        {"axis": axis, "value": value, "contenders": {"suite": contender(1000 / value, 2000 / value, mib and mib * value)}}
        for axis, values in (("batch", (8, 16)), ("size", (32, 64)), ("weight layers", (12, 50)))
        for value in values
    ]
    contents = {
        "schema": 1, "environment": {"device": f"A {device_type}", "threads": 2}, "device_type": device_type, "batch": 32,
        "rounds": 5, "steps": 1, "comparisons": [comparison], "growth": grown,
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / f"{device_type}.json").write_text(json.dumps(contents))


def test_table_and_figures_of_a_built_report(tmp_path, make, cell, undrawn):
    make(tmp_path / "records", "synthetic-8", cell("fixed", "working", "plain"), 0, quality=0.4)
    for kind, mib in (("cpu", 100.0), ("cuda", None)):
        fabricate(tmp_path / "bench", kind, mib)
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    table = pd.read_csv(tmp_path / "costs" / "tables" / "speed.csv")
    assert list(table["contender"]) == ["plain loop", "this suite"] * 2
    plain, suite = table.iloc[0], table.iloc[1]
    assert (plain["train_median"], plain["train_ratio_median"], plain["memory_ratio"]) == (20, 2, 0.25)
    assert (suite["evaluate_upper_quartile"], suite["memory_mib"], suite["floor_evaluate"]) == (240, 100, 1.1)
    assert table["memory_mib"].isna().tolist() == [False, False, True, True]
    text = (tmp_path / "costs" / "tables" / "speed.md").read_text()
    assert "| 2.00 [1.80, 2.40] |" in text and "| 0.80, 1.10 |" in text
    for kind in ("cpu", "cuda"):
        assert (tmp_path / "costs" / "figures" / f"speed-growth-{kind}.svg").is_file()
    for page in ("costs.md", "costs.html"):
        assert "Speed of training" in (tmp_path / page).read_text()


def test_the_curves_are_milliseconds_an_image(tmp_path):
    fabricate(tmp_path)
    (contents,) = read_benches(tmp_path)
    figure = training_speed.growth(contents["growth"])
    train, evaluate = figure.axes[0].get_lines()
    assert train.get_xydata().tolist() == [[8, pytest.approx(8)], [16, pytest.approx(16)]]
    assert evaluate.get_ydata() == pytest.approx([4, 8])
    for axis in figure.axes:
        low, high = axis.get_ylim()
        assert low == 0 and all(line.get_ydata().max() <= high for line in axis.get_lines())
    assert figure.axes[3].get_lines()[0].get_ydata() == pytest.approx([800, 1600])


def test_without_a_measurement_there_is_nothing(tmp_path):
    assert read_benches(tmp_path / "none") == [] and training_speed.tables([]) == []


def test_a_file_of_the_first_schema_says_what_was_always_so(tmp_path):
    fabricate(tmp_path)
    (found,) = read_benches(tmp_path)
    (each,) = found["comparisons"]
    assert (each["network"], found["instructions"], found["pictures"]) == ("bregnext-50", "native", 256)
    assert found["titles"] == {"plain": "plain loop", "suite": "this suite"} and found["schema"] == 2


def test_the_committed_measurements_have_their_rows():
    benches = read_benches(Path(__file__).parents[4] / "reports" / "bench")
    (table,) = training_speed.tables(benches)
    assert len(table.rows) == sum(len(each["contenders"]) for of in benches for each in of["comparisons"]) > 0


def test_a_machine_measured_with_fewer_instructions_has_a_figure_of_its_own_after_the_other(tmp_path):
    fabricate(tmp_path)
    contents = read_benches(tmp_path)[0]
    (tmp_path / "cpu-avx2.json").write_text(json.dumps(contents | {"instructions": "avx2"}))
    with styled():
        names = [drawing.name for drawing in training_speed.drawings(read_benches(tmp_path))]
    assert names == ["speed-growth-cpu", "speed-growth-cpu-avx2"]
    (tmp_path / "cpu-avx2.json").write_text(json.dumps(contents | {"instructions": "../up"}))
    with pytest.raises(BadInput, match="instructions"):
        read_benches(tmp_path)


def test_a_damaged_file_is_named(tmp_path):
    for content in ("{", "[]", '{"schema": 9, "comparisons": []}'):
        (tmp_path / "cpu.json").write_text(content)
        with pytest.raises(BadInput, match=r"cpu\.json"):
            read_benches(tmp_path)
