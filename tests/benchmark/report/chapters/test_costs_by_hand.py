"""Tables of costs, sizes and machines from made-up measurements, no two numbers of which are equal: each column, by hand."""

from types import SimpleNamespace

import pytest

from benchmark.measures.speed.file import of_now
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.report.chapters import latency, learning_rates, machines, networks, optimism, run_costs, training_speed
from benchmark.report.environments import environments, number

MIB = 2**20
A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-plain", "two", {}, "plain")


def shown(row):
    return {key: entry.text for key, entry in row.items()}


def numbers(row, key):
    return dict(row[key].numbers)


def test_latency_has_the_median_then_the_quartiles_and_its_rate():
    own = {"median_ms": 3.125, "lower_quartile_ms": 2.71, "upper_quartile_ms": 5.5}
    own |= {"runs": 41, "warm_up": 7, "batch": 1, "threads": 3, "device": "chip"}
    entry = {"name": "n", "outputs": 13, "input": [1, 3, 24, 48], "latency": own}
    (row,) = latency.network_table({"networks": [entry]}).rows
    assert shown(row) == {
        "network": "n", "outputs": "13", "input": "3x24x48", "latency": "3.12 [2.71, 5.50]", "rate": "320",
        "device": "chip, 3 threads",
    }  # fmt: skip
    assert numbers(row, "latency") == {"median_ms": 3.125, "lower_quartile_ms": 2.71, "upper_quartile_ms": 5.5}
    assert numbers(row, "rate") == {"": 320.0} and numbers(row, "device") == {"": "chip", "threads": 3}
    for median, rate in ((10.0, "100"), (16.0, "62.5"), (0.5, "2,000"), (1.0004, "1,000")):
        (row,) = latency.network_table({"networks": [entry | {"latency": own | {"median_ms": median}}]}).rows
        assert row["rate"].text == rate


COUNTED = {
    "input": [1, 3, 24, 48], "parameters": {"trainable": 7001, "total": 7919}, "macs": 5_000_011, "flops": 10_000_419,
    "elementwise": {"atan": 101, "elu": 211, "mean": 85}, "skipped": {"aten::elu": 2, "aten::atan": 5},
    "uncounted": {"aten::odd": 3},
}  # fmt: skip
WORDS = {
    "input": "3x24x48", "parameters": "7,001", "macs": "5,000,011", "flops": "10,000,419", "elementwise": "397",
    "skipped": "aten::elu x 2, aten::atan x 5", "uncounted": "aten::odd x 3",
}  # fmt: skip


def test_counts_of_a_network_stand_in_their_own_columns(run, comparison):
    (row,) = networks.network_table({"networks": [COUNTED | {"name": "n", "outputs": 13}]}).rows
    assert shown(row) == WORDS | {"network": "n", "outputs": "13"}
    assert {key: row[key].numbers[""] for key in ("parameters", "macs", "flops", "elementwise")} == {
        "parameters": 7001, "macs": 5_000_011, "flops": 10_000_419, "elementwise": 397,
    }  # fmt: skip
    own = comparison(run(A, 0, {}, parameters=7001), run(B, 0, {}, parameters=607))
    table = networks.complexity_table(Summary((own,)), {"cells": {"synthetic-8/one-plain": COUNTED}})
    first, second = table.rows
    assert shown(first) == WORDS | {"protocol": "synthetic-8", "cell": "one-plain"}
    assert second["parameters"].text == "607" and second["macs"].text == "not tested: no entry in complexity.json"
    assert table.notes == list(networks.NOTES), "no remark: the parameters counted are the record's"


def test_costs_of_a_cell_are_those_of_its_finished_runs_by_device(run, comparison):
    """Two seeds: the interval is the mean +- 12.7062 / 2 times their difference."""
    taken = [
        ("a", 3.0, 1100.0, 30 * MIB, True), ("a", 5.0, 1300.0, 37 * MIB, True), ("a", 900.0, 9.0, 999 * MIB, False),
        ("b", 71.26, 43.0, 2 * MIB, True),
    ]  # fmt: skip
    runs = [
        run(A, seed, {} if good else None, cost={
            "device": device, "train_seconds": s, "images_per_second": rate, "peak_memory_bytes": memory,
            "evaluate_seconds": 0.37 + seed,
        })
        for seed, (device, s, rate, memory, good) in enumerate(taken)
    ]  # fmt: skip
    summary = Summary((comparison(*runs),))
    first, second = run_costs.cost_table(summary).rows
    assert shown(first) == {
        "protocol": "synthetic-8", "cell": "one-plain", "device": "a", "n": "n = 2; diverged 1 of 3",
        "train_seconds": "4.0 [0.0†, 16.7]", "images_per_second": "1,200 [0†, 2,471]",
        "peak_memory_mib": "34 [0†, 78]",
    }  # fmt: skip
    assert numbers(first, "n") == {"": 2, "diverged": 1}
    assert numbers(first, "peak_memory_mib") == pytest.approx({"mean": 33.5, "low": -10.972, "high": 77.972}, abs=1e-3)
    assert shown(second) | {"protocol": "", "cell": ""} == {
        "protocol": "", "cell": "", "device": "b", "n": "n = 1, no interval", "train_seconds": "71.3",
        "images_per_second": "43", "peak_memory_mib": "2",
    }  # fmt: skip


def test_memory_is_in_mib_and_a_cost_that_one_record_lacks_is_no_mean(run, comparison):
    lacking = {"device": "a", "train_seconds": 3.0, "images_per_second": 7.0}
    runs = [run(A, 0, {}, cost=lacking | {"peak_memory_bytes": 4000 * MIB}), run(A, 1, {}, cost=lacking)]
    runs.append(run(B, 0, {}, cost=lacking | {"peak_memory_bytes": 4000 * MIB}))
    runs.append(run(Cell("lost-plain", "lost", {}, "plain"), 0, None, cost=lacking))
    first, second, lost = run_costs.cost_table(Summary((comparison(*runs),))).rows
    assert first["peak_memory_mib"].text == "not tested: not in every record"
    assert lost["train_seconds"].text == lost["peak_memory_mib"].text == "diverged"
    assert lost["train_seconds"].numbers == {"note": "diverged"}
    assert second["peak_memory_mib"].text == "4,000" and numbers(second, "peak_memory_mib")["mean"] == 4000


def material(summary, **parts):
    return SimpleNamespace(**({"summary": summary, "latency": None, "machines": {}, "benches": []} | parts))


def test_costs_of_every_run_and_the_environment_it_was_made_in(run, comparison):
    cost = {"train_seconds": 1003.26, "evaluate_seconds": 17.04, "images_per_second": 2111.5, "peak_memory_bytes": 53 * MIB}
    environments_of = [{"device": "y"}, {"device": "x", "versions": {"torch": "2"}}, {"device": "y"}]
    runs = [run(A, 5 + k, {}, cost=cost if k else {}, environment=own) for k, own in enumerate(environments_of)]
    rows = run_costs.run_table(material(Summary((comparison(*runs),)))).rows
    assert [(row["seed"].text, row["environment"].text) for row in rows] == [("5", "2"), ("6", "1"), ("7", "2")]
    assert {key: rows[0][key].text for key in run_costs.TAKEN} == dict.fromkeys(run_costs.TAKEN, "not recorded")
    assert {key: rows[1][key].text for key in run_costs.TAKEN} == {
        "train_seconds": "1,003.3", "evaluate_seconds": "17.0", "images_per_second": "2,111.5", "peak_memory_bytes": "53",
    }  # fmt: skip
    assert {key: rows[1][key].numbers[""] for key in run_costs.TAKEN} == cost


def test_every_environment_once_with_what_was_made_in_it(run, comparison):
    x, y, z = {"device": "x", "versions": {"torch": "2.1"}}, {"device": "y", "cores": 4}, {"device": "z"}
    runs = [run(A, seed, {}, environment=own) for seed, own in enumerate((x, x, y))]
    everything = material(
        Summary((comparison(*runs),)),
        latency={"environment": y},
        machines={"robustness synthetic-8/one/seed0": x, "robustness synthetic-8/one/seed1": x, "gradients p": z},
        benches=[
            {"device_type": "cpu", "instructions": "avx2", "environment": z},
            {"device_type": "cuda", "instructions": "native", "environment": x},
        ],
    )
    known = environments(everything)
    assert [number(known, each) for each in (y, x, z)] == [1, 2, 3]
    table = machines.table(known)
    assert [shown(row) for row in table.rows] == [
        {"number": "1", "made": "runs of synthetic-8 (1); latency", "device": "y", "cores": "4",
         "versions torch": "not recorded"},
        {"number": "2", "made": "runs of synthetic-8 (2); robustness synthetic-8 (2); bench cuda", "device": "x",
         "cores": "not recorded", "versions torch": "2.1"},
        {"number": "3", "made": "gradients p; bench cpu-avx2", "device": "z", "cores": "not recorded",
         "versions torch": "not recorded"},
    ]  # fmt: skip
    assert table.blocks == [("made",), ["device", "cores"], ["versions torch"]]
    assert table.columns["versions torch"] == "torch" and table.columns["device"] == "Device"


def spread(median, lower, upper):
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper, "values": []}


BENCH = {
    "device_type": "cpu", "environment": {"device": "chip", "threads": 3}, "batch": 19, "rounds": 5, "steps": 2,
    "growth": [],
    "comparisons": [{
        "shortcut": "fixed", "size": 24,
        "contenders": {
            "plain": {"train": spread(1041, 1012, 1098), "evaluate": spread(2061, 2003, 2089), "memory_bytes": 47 * MIB},
            "suite": {"train": spread(3083, 3049, 3121), "evaluate": spread(4127, 4111, 4201), "memory_bytes": 31 * MIB},
            "timm:x": {"train": spread(5.4, 5.1, 6.9), "evaluate": spread(7.2, 6.8, 7.9), "memory_bytes": None},
        },
        "ratios": {
            "plain": {"train": spread(2.96, 2.81, 3.07), "evaluate": spread(2.01, 1.93, 2.12), "memory": 0.66},
            "timm:x": {"train": spread(0.52, 0.43, 0.61), "evaluate": spread(0.71, 0.68, 0.84), "memory": None},
        },
        "floor": {"achieved": {"train": 0.37, "evaluate": 1.09}},
    }],
}  # fmt: skip


def test_speed_of_every_contender():
    (table,) = training_speed.tables([of_now(BENCH)])
    plain, suite, other = map(shown, table.rows)
    assert plain == {
        "device": "chip, 3 threads", "network": "bregnext-50", "size": "24x24", "shortcut": "fixed",
        "contender": "plain loop",
        "train": "1,041 [1,012, 1,098]", "evaluate": "2,061 [2,003, 2,089]", "memory": "47",
        "train_ratio": "2.96 [2.81, 3.07]", "evaluate_ratio": "2.01 [1.93, 2.12]", "memory_ratio": "0.66",
    }  # fmt: skip
    assert suite == {
        "device": "chip, 3 threads", "network": "bregnext-50", "size": "24x24", "shortcut": "fixed",
        "contender": "this suite",
        "train": "3,083 [3,049, 3,121]", "evaluate": "4,127 [4,111, 4,201]", "memory": "31", "floor": "0.37, 1.09",
    }  # fmt: skip
    assert other == {
        "device": "chip, 3 threads", "network": "-", "size": "24x24", "shortcut": "-", "contender": "timm:x in this suite",
        "train": "5 [5, 7]", "evaluate": "7 [7, 8]", "train_ratio": "0.52 [0.43, 0.61]",
        "evaluate_ratio": "0.71 [0.68, 0.84]",
    }  # fmt: skip
    assert numbers(table.rows[0], "evaluate_ratio") == {"median": 2.01, "lower_quartile": 1.93, "upper_quartile": 2.12}
    assert numbers(table.rows[1], "memory") == {"mib": 31} and numbers(table.rows[0], "memory_ratio") == {"": 0.66}
    assert numbers(table.rows[1], "floor") == {"train": 0.37, "evaluate": 1.09}
    assert "batch 19" in table.notes[0]


def test_ways_other_networks_and_limits_are_named():
    (of,) = BENCH["comparisons"]
    way = of["contenders"]["timm:x"]
    titles = {"plain": "plain loop", "suite": "this suite", "timm:x": "x of timm", "w": "a new way"}
    of = of | {"network": "narrow", "contenders": of["contenders"] | {"w": way}}
    new = BENCH | {"instructions": "avx2", "titles": titles, "left_out": {"v": "package v is not installed"}}
    (table,) = training_speed.tables([new | {"comparisons": [of]}])
    told = [tuple(row[key].text for key in ("device", "network", "contender")) for row in table.rows]
    device = "chip, 3 threads, AVX2 at most"
    assert told == [(device, "-" if "timm" in title else "narrow", title) for title in titles.values()]
    assert "Left out: v (package v is not installed)" in table.notes


def test_growth_draws_medians_in_milliseconds_and_memory_in_mib(dressed):
    entries = [
        {"axis": axis, "value": value, "contenders": {"suite": {
            "train": spread(1000 / ms, 1, 2), "evaluate": spread(1000 / (ms + 1), 3, 4), "memory_bytes": memory}}}
        for axis, value, ms, memory in (
            ("batch", 8, 5.0, 17 * MIB), ("batch", 16, 11.0, None), ("size", 32, 23.0, 29 * MIB),
            ("size", 48, 31.0, 41 * MIB),
        )
    ]  # fmt: skip
    figure = training_speed.growth(entries)
    drawn = [[line.get_xydata().tolist() for line in axis.get_lines()] for axis in figure.axes]
    nan = float("nan")
    expected = [
        [[[8, 5], [16, 11]], [[8, 6], [16, 12]]], [[[32, 23], [48, 31]], [[32, 24], [48, 32]]],
        [[[8, 17], [16, nan]]], [[[32, 29], [48, 41]]],
    ]  # fmt: skip
    for lines, wanted in zip(drawn, expected, strict=True):
        assert [pytest.approx(each, nan_ok=True) for line in wanted for each in line] == [p for line in lines for p in line]
    assert [line.get_label() for line in figure.axes[0].get_lines()] == ["training", "evaluation"]
    assert [axis.get_xlabel() for axis in figure.axes[2:]] == ["batch size", "side of the input, pixels"]
    assert dressed(figure) == GROWTH


def history(validation, test):
    return [
        {"epoch": k, "train_loss": 1.0, "validation": {"accuracy": v}, "test": {"accuracy": t}}
        for k, (v, t) in enumerate(zip(validation, test, strict=True), 1)
    ]


def test_optimism_is_best_on_test_minus_best_on_validation_in_points(run, comparison):
    """Gains 0.03 and 0.07: mean 5 points, +- 12.7062 x 2."""
    runs = [
        run(A, 0, {}, history=history([0.5, 0.7, 0.6], [0.2, 0.41, 0.44])),
        run(A, 1, {}, history=history([0.8, 0.7, 0.6, 0.1], [0.31, 0.38, 0.11, 0.12])),
        run(A, 2, None, history=history([0.9], [0.9])),
        run(B, 0, None),
    ]
    first, second = optimism.optimism_table(Summary((comparison(*runs),))).rows
    assert shown(first) == {
        "protocol": "synthetic-8", "cell": "one-plain", "n": "n = 2; diverged 1 of 3", "looks": "3, 4",
        "optimism": "+5.00 [+0.00†, +30.41]",
    }  # fmt: skip
    assert numbers(first, "optimism") == pytest.approx({"mean": 0.05, "low": -0.204124, "high": 0.304124}, abs=1e-6)
    assert second["optimism"].text == "not tested: no finished run with a history"
    assert optimism.largest(Summary((comparison(*runs),))) == [
        "Choosing the epoch by the test split instead of validation adds, in the mean over a cell's seeds, to Accuracy at "
        "most +5.00 points (one-plain, synthetic-8, 3, 4 looks)."
    ]


def test_of_a_repeated_trial_the_last_line_counts():
    def line(cell, rate, best):
        recipe = {"learning_rate": rate}
        return {"cell": cell, "recipe": recipe, "best": best, "epochs": 9, "seed": 107, "protocol": "p"}

    lines = [line("x", 0.5, 0.111), line("y", 0.25, 0.2357), line("x", 0.5, 0.3789), line("x", 0.25, None)]
    table = learning_rates.table("s", lines)
    rows = {row["cell"].text: shown(row) for row in table.rows}
    assert rows["x"]["rate_0.5"] == "37.9" and rows["x"]["rate_0.25"] == "diverged" and rows["y"]["rate_0.25"] == "23.6"
    assert list(table.columns) == ["cell", "rate_0.5", "rate_0.25", "chosen"]
    assert table.notes[0] == "Best validation accuracy of 9 epochs in percent, seed 107"


def test_rates_that_a_cell_has_got_are_shown_in_the_order_of_the_tables(monkeypatch):
    """Identity before adaptive, as in every table; what is in no cells.yaml comes last."""
    options = {"units": [1, 1], "shortcut": "identity", "normalisation": "working"}
    identity = Cell("net-identity-working-plain", "residual", options, "plain", 0.00025)
    adaptive = Cell("net-adaptive-working-plain", "residual", options | {"shortcut": "adaptive"}, "plain", 0.25)
    known = {cell.name: cell for cell in (adaptive, identity)}
    monkeypatch.setattr(learning_rates, "installed_cells", lambda: known)
    about = {"epochs": 9, "seed": 107, "protocol": "p", "recipe": {"learning_rate": 0.25}}
    lines = [
        about | {"cell": name, "best": best} for name, best in (("zz", 0.1), (adaptive.name, 0.2), (identity.name, 0.3))
    ]
    rows = learning_rates.table("s", lines).rows
    assert [(shown(row), numbers(row, "chosen")) for row in rows] == [
        ({"cell": identity.name, "rate_0.25": "30.0", "chosen": "0.00025"}, {"": 0.00025}),
        ({"cell": adaptive.name, "rate_0.25": "20.0", "chosen": "0.25"}, {"": 0.25}),
        ({"cell": "zz", "rate_0.25": "10.0", "chosen": "not tested: not found, or not in cells.yaml yet"},
         {"note": "not tested: not found, or not in cells.yaml yet"}),
    ]  # fmt: skip


# What stands around the data of each figure (conftest.py).
GROWTH = """\
8.25 5.15 inches
panel 0 at 0.115 0.631 0.303 0.311: -
  x: -, log, 7.727 16.564, ticks 8 16
  y: ms an image, linear, 0 33.35, ticks 0 8 16 24 32, shared with 1
  text: training | at 1.02 10.085
  text: evaluation | at 1.02 12.915
  line: 8 16 | 5 11
  line: 8 16 | 6 12
panel 1 at 0.594 0.631 0.303 0.311: -
  x: -, log, 31.358 48.983, ticks 32 48
  y: -, linear, 0 33.35, ticks 0 8 16 24 32, shared with 0
  text: training | at 1.02 30.085
  text: evaluation | at 1.02 32.915
  line: 32 48 | 23 31
  line: 32 48 | 24 32
panel 2 at 0.115 0.165 0.303 0.311: -
  x: batch size, log, 0.891 11.22, ticks 8
  y: peak memory, MiB, linear, 0 42.2, ticks 0 10 20 30 40, shared with 3
  line: 8 16 | 17 nan
panel 3 at 0.594 0.165 0.303 0.311: -
  x: side of the input, pixels, log, 31.358 48.983, ticks 32 48
  y: -, linear, 0 42.2, ticks 0 10 20 30 40, shared with 2
  line: 32 48 | 29 41"""
