"""Table and figures of the gradients from a fabricated file, and their place in the report."""

import json
import shutil

import pytest
from scipy import stats

from benchmark.errors import BadInput
from benchmark.measures.gradients.file import read
from benchmark.report.build import build
from benchmark.report.chapters import gradients
from benchmark.report.style import styled, svg

AXES = [(s, n) for s in ("adaptive", "fixed", "identity") for n in ("frozen", "working")]


def moment(step, factor, units, shortcut, seed):
    gradient = [factor ** (1 - k / units) * (2 + seed) for k in range(units + 1)]
    scalars = {name: [1 + step / 100 + k / 10 for k in range(units)] for name in "ac"} if shortcut == "adaptive" else {}
    weights = [6.0] + [3.0] * (units - 1)
    return {
        "step": step, "loss": 2.0 + seed, "gradient": gradient, "deviation": [1.0] * units + [4.0 + seed],
        "weights": weights, "scalars": scalars,
    }  # fmt: skip


def measurement(network, layers, shortcut, normalisation, seed, steps, factor, reached=None):
    kept = [step for step in steps if reached is None or step <= reached]
    return {
        "network": network, "layers": layers, "shortcut": shortcut, "normalisation": normalisation, "seed": seed,
        "steps": steps, "status": "finished" if kept == steps else "diverged",
        "moments": [moment(step, factor, (layers - 2) // 2, shortcut, seed) for step in kept],
    }  # fmt: skip


@pytest.fixture
def contents():
    """Two networks, the shallow one trained; identity/frozen diverged in seed 2 before step 10, fixed/frozen in all."""
    factors, found = {0: 10.0, 1: 20.0, 2: 40.0}, []
    for seed in (0, 1, 2):
        for shortcut, normalisation in AXES:
            lost = {("identity", "frozen"): seed == 2, ("fixed", "frozen"): True}.get((shortcut, normalisation), False)
            of = (shortcut, normalisation, seed)
            found.append(measurement("deep", 22, *of, [0], factors[seed]))
            found.append(measurement("shallow", 12, *of, [0, 10], factors[seed], reached=0 if lost else None))
    protocol = {"name": "synthetic-8", "version": "1.0", "input_size": 32, "recipe_name": "quick"}
    return {
        "schema": 1, "plan": "p", "protocol": protocol, "images": 32,
        "protocol_hash": "f" * 16, "data": {"name": "synthetic", "version": "1.0", "fingerprint": "0" * 64},
        "measurements": found,
    }  # fmt: skip


def test_table(contents):
    table = gradients.table(contents)
    rows = {tuple(row[k].text for k in ("network", "normalisation", "shortcut", "step")): row for row in table.rows}
    assert len(rows) == 6 * 3 and next(iter(rows)) == ("shallow", "working", "identity", "0")
    row = rows["deep", "working", "fixed", "0"]
    logs = [1.0, 1.3010299957, 1.6020599913]
    low, high = stats.ttest_1samp(logs, 0).confidence_interval()
    assert row["ratio"].numbers["mean"] == pytest.approx(20) and row["ratio"].text.startswith("20 [")
    assert [row["ratio"].numbers[k] for k in ("low", "high")] == pytest.approx([10**low, 10**high])
    assert row["weights"].text == "2"  # no spread, no interval
    assert row["loss"].numbers["mean"] == pytest.approx((2 * 3 * 4) ** (1 / 3))
    assert row["deviation"].numbers["mean"] == pytest.approx((4 * 5 * 6) ** (1 / 3))
    assert rows["shallow", "frozen", "identity", "10"]["n"].text == "n = 2; diverged 1 of 3"
    lost = rows["shallow", "frozen", "fixed", "10"]
    assert lost["n"].text == "n = 0; diverged 3 of 3" and lost["ratio"].text == "diverged"
    assert table.csv() and "\\begin{tabular}" in table.latex()


def test_figures(contents):
    with styled():
        drawn = {each.name: each for each in gradients.drawings(contents)}
        assert list(drawn) == [f"gradients-p-{name}" for name in ("norm", "deviation", "depth", "training", "scalars")]
        again = [svg(each.figure) for each in gradients.drawings(contents)]
        assert [svg(each.figure) for each in drawn.values()] == again
    assert all("synthetic-8 1.0" in each.caption and not each.caption.endswith(".") for each in drawn.values())
    norm = drawn["gradients-p-norm"].figure.axes
    assert [axis.get_title(loc="left") for axis in norm][:2] == ["identity, working BatchNorm", "fixed, working BatchNorm"]
    first = norm[0].lines[0].get_ydata()
    assert first[0] == pytest.approx(20) and first[-1] == pytest.approx(1)  # geometric mean of 10, 20, 40
    frozen = next(a for a in drawn["gradients-p-training"].figure.axes if "frozen" in a.get_title(loc="left"))
    assert {text.get_text() for text in frozen.texts} == {
        "identity: diverged 1 of 3", "fixed: diverged 3 of 3", "adaptive",
    }  # fmt: skip
    ways, _, slope = drawn["gradients-p-scalars"].figure.axes[:3]
    assert ways.lines[0].get_xydata().tolist() == [[1.0, 1.0], [1.1, 1.1]]  # of the first unit, from start to end
    assert "at step 10: a 1.100 to 1.500 and c 1.100 to 1.500." in drawn["gradients-p-scalars"].description
    assert slope.lines[1].get_ydata() == pytest.approx([1 / (1 + (1.1 + k / 10) ** 2) for k in range(5)])


def test_only_the_start(contents):
    contents["measurements"] = [m for m in contents["measurements"] if m["network"] == "deep"]
    with styled():
        names = [each.name.rpartition("-")[2] for each in gradients.drawings(contents)]
    assert names == ["norm", "deviation", "depth"] and len(gradients.table(contents).rows) == 6


@pytest.mark.parametrize(
    "text",
    [
        "{ damaged", "[]", '{"schema": 2, "measurements": []}', '{"schema": 1}', '{"schema": 1, "measurements": []}',
        '{"schema": 1, "measurements": [], "protocol_hash": "f", "data": {"name": "synthetic"}}',
    ],
)  # fmt: skip
def test_files_that_can_not_be_read(tmp_path, text):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(BadInput, match=r"p\.json"):
        read(tmp_path)
    assert read(tmp_path / "none") == []


def test_in_the_report(built, contents, tmp_path, undrawn):
    shutil.copytree(built / "records", tmp_path / "records")
    (tmp_path / "gradients").mkdir()
    (tmp_path / "gradients" / "p.json").write_text(json.dumps(contents))
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    page = (tmp_path / "pages" / "gradients.md").read_text()
    assert "# Gradients along the units" in page and "diverged 3 of 3" in page
    for name in ("figures/gradients-p-norm.svg", "tables/gradients-p.csv"):
        assert (tmp_path / name).is_file() and f"(../{name})" in page
    assert "(pages/gradients.md)" in (tmp_path / "README.md").read_text()
    assert not (built / "pages" / "gradients.md").exists() and "gradients.md" not in (built / "README.md").read_text()
