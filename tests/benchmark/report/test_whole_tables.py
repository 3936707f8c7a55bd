"""Whole tables from made-up measurements no two numbers of which are equal: what they show, with the titles of the columns,
and their CSV with its names. One seed a cell, so that every number can be read off; intervals are tested elsewhere.

The expected tables are in whole_tables/, one file each, a line a column: "Title | value | value", then "name: value; value".
"""

import csv
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmark.claims.load import load_claims
from benchmark.measures.speed.file import of_now
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import Summary
from benchmark.records.statistics import Difference
from benchmark.report import boards, humans
from benchmark.report.chapters import (
    audits,
    gradients,
    latency,
    leaderboard,
    learning_rates,
    machines,
    networks,
    optimism,
    robustness,
    run_costs,
    training_speed,
)
from benchmark.report.environments import environments
from benchmark.report.sections import grid, pairs, results, videos
from benchmark.report.tables import Table, not_tested
from tests.benchmark.report.chapters.test_costs_by_hand import BENCH, spread
from tests.benchmark.report.sections.test_tables_by_hand import scores

MIB = 2**20
A, B = Cell("one-plain", "one", {}, "plain"), Cell("two-plain", "two", {}, "plain")
LOST = Cell("lost-plain", "lost", {}, "plain")


def written(table):
    """A table as text: its name and title, the columns of each block of the Markdown, those of the CSV that have a value."""
    lines = [f"{table.name}, {table.title}"]
    for block in table.markdown().split("\n\n")[1:]:
        rows = [line[2:-2].split(" | ") for line in block.splitlines() if "| --- |" not in line]
        lines += [" | ".join(column) for column in zip(*rows, strict=True)]
    header, *rows = csv.reader(io.StringIO(table.csv()))
    lines += [f"{name}: {'; '.join(values)}" for name, *values in zip(header, *rows, strict=True) if any(values)]
    return "\n".join(line.rstrip() for line in lines)


def same(name, table):
    """The table is, as text, whole_tables/NAME.txt: made by the code once, then read against what was put in."""
    assert written(table) == Path(__file__).with_name("whole_tables").joinpath(f"{name}.txt").read_text().rstrip("\n")


def history(validation, test):
    return [
        {"epoch": k, "train_loss": 1.0, "validation": {"accuracy": v, "loss": 1.0}, "test": {"accuracy": t}}
        for k, (v, t) in enumerate(zip(validation, test, strict=True), 1)
    ]


def test_results(run, comparison):
    targets = np.array([0, 0, 0, 1, 2, 2])
    runs = [run(A, 0, scores(0.1, step=0.0131)), run(LOST, 0, None)]
    own = comparison(*runs, targets=targets)
    same("results-1", results.results(own))
    same("results-2", results.per_class(own))


def test_valence(run, comparison):
    cell = Cell("one-mse", "one", {}, "mse")
    targets = np.array([[0.1, -0.2], [0.3, 0.4]], np.float32)
    same(
        "valence-1",
        results.results(
            comparison(run(cell, 0, scores(0.1, step=0.0131, task="dimensional"), protocol="synthetic-va"), targets=targets)
        ),
    )


def test_epochs(run, comparison):
    def both(none, flip):
        return {"none": {"accuracy": none}, "flip": {"accuracy": flip}}

    runs = [run(A, 0, both(0.41, 0.47), history=history([0.5, 0.8, 0.7], [0.31, 0.42, 0.47])), run(LOST, 0, None)]
    own = comparison(*runs)
    same("epochs-1", results.selection(own))
    same("epochs-2", results.augmentation(own))
    same("epochs-3", optimism.optimism_table(Summary((own,))))


def net(shortcut, normalisation="working", loss="plain"):
    options = {"units": [1, 1, 1], "shortcut": shortcut, "normalisation": normalisation}
    return Cell(f"net-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


def test_grid(run, comparison):
    values = {net("identity"): 0.51, net("fixed"): 0.57, net("adaptive"): None, net("identity", "frozen"): 0.44}
    own = comparison(*(run(cell, 0, None if v is None else {"accuracy": v}) for cell, v in values.items()))
    same("grid-1", grid.grid(own))
    same("grid-2", grid.shortcuts(own, grid.shortcut_pairs(own)))


COUNTED = {
    "input": [1, 3, 24, 48], "parameters": {"trainable": 7001, "total": 7919}, "macs": 5_000_011, "flops": 10_000_419,
    "elementwise": {"atan": 101, "elu": 211, "mean": 85}, "skipped": {"aten::elu": 2, "aten::atan": 5},
    "uncounted": {},
}  # fmt: skip
TIMED = {
    "latency": {"median_ms": 3.125, "lower_quartile_ms": 2.71, "upper_quartile_ms": 5.5, "device": "chip", "threads": 3}
}


def test_networks(run, comparison):
    own = Summary((comparison(run(A, 0, {}, parameters=7003), run(B, 0, {}, parameters=607)),))
    entry = COUNTED | TIMED | {"name": "net", "outputs": 13}
    same("networks-1", networks.network_table({"networks": [entry]}))
    same("networks-2", networks.complexity_table(own, {"cells": {"synthetic-8/one-plain": COUNTED}}))
    same("networks-3", networks.complexity_table(own, None))
    same("networks-4", latency.network_table({"networks": [entry]}))
    same("networks-5", latency.cell_table(own, {"cells": {"synthetic-8/one-plain": COUNTED | TIMED}}))
    same("networks-6", latency.cell_table(own, None))
    assert networks.network_table(None) is latency.network_table(None) is None


def test_costs(run, comparison):
    cost = {
        "device": "chip",
        "train_seconds": 1003.26,
        "evaluate_seconds": 17.04,
        "images_per_second": 2111.5,
        "peak_memory_bytes": 53 * MIB,
    }
    own = Summary((comparison(run(A, 5, {}, cost=cost), run(LOST, 6, None, cost={"train_seconds": 3.0})),))
    same("costs-1", run_costs.cost_table(own))
    material = SimpleNamespace(summary=own, latency=None, machines={}, benches=[])
    same("costs-2", run_costs.run_table(material))
    x, y = {"device": "x", "versions": {"torch": "2.1"}}, {"device": "y", "cores": 4}
    runs = [run(A, seed, {}, environment=each) for seed, each in enumerate((x, x, y))]
    same(
        "costs-3",
        machines.table(
            environments(
                SimpleNamespace(summary=Summary((comparison(*runs),)), latency={"environment": y}, machines={}, benches=[])
            )
        ),
    )


def test_speed():
    (of,) = BENCH["comparisons"]
    contenders = {name: of["contenders"][name] for name in ("suite", "plain")}
    contenders["compiled"] = {"train": spread(1, 1, 1), "evaluate": spread(2, 2, 2), "memory_bytes": None}
    contenders["timm:x"] = of["contenders"]["timm:x"]
    bench = BENCH | {"comparisons": [of | {"contenders": contenders, "ratios": {"plain": of["ratios"]["plain"]}}]}
    (table,) = training_speed.tables([of_now(bench)])
    same("speed-1", table)


def test_learning_rates():
    def line(cell, rate, best):
        return {"cell": cell, "recipe": {"learning_rate": rate}, "best": best, "epochs": 9, "seed": 107, "protocol": "p"}

    same(
        "learning-rates-1",
        learning_rates.table("s", [line("x", 0.5, 0.3789), line("y", 0.25, 0.2357), line("x", 0.25, None)]),
    )


def test_gradients():
    def moment(step, first, last, weights, loss, deviation):
        return {
            "step": step,
            "gradient": [first, 7.0, last],
            "weights": weights,
            "loss": loss,
            "deviation": deviation,
            "scalars": {},
        }

    def measured(shortcut, normalisation, network, layers, steps, moments, status="finished"):
        return {
            "network": network,
            "layers": layers,
            "shortcut": shortcut,
            "normalisation": normalisation,
            "seed": 0,
            "steps": steps,
            "status": status,
            "moments": moments,
        }

    contents = {
        "plan": "x",
        "protocol": {"name": "p", "version": "1.0", "input_size": 32, "recipe_name": "quick"},
        "images": 17,
        "measurements": [
            measured(
                "identity",
                "frozen",
                "net",
                9,
                [0, 5],
                [moment(0, 100.0, 10.0, [8.0, 5.0, 2.0], 1.5, [3.0, 1.0, 11.0])],
                "diverged",
            ),
            measured("fixed", "working", "other", 5, [0], [moment(0, 2.0, 8.0, [3.0, 1.0, 4.0], 1.25, [0.5, 2.0, 13.0])]),
        ],
    }
    same("gradients-1", gradients.table(contents))


def test_robustness(run, comparison, monkeypatch):
    def clean(value):
        return {"accuracy": value}

    measured = {
        "clean": clean(0.91),
        "corrupted": {"blur": [clean(v) for v in (0.9, 0.8, 0.7, 0.6, 0.1)], "jpeg": [clean(0.33)] * 5},
        "flip": clean(0.87) | {"consistency": 0.953},
        "transfer": {"far": clean(0.43), "late": {"note": "late is not prepared"}},
    }  # fmt: skip
    own = comparison(run(A, 0, {}), run(LOST, 0, None))
    found = {0: {"temperature": 1.25, "before": {"ece": 0.111, "nll": 1.3}, "after": {"ece": 0.052, "nll": 0.9}}}
    monkeypatch.setattr(robustness, "calibration", lambda record: None if record.diverged else found[0])
    for number, table in enumerate(robustness.tables(Summary((own,)), {"synthetic-8": {A.name: [measured]}}), 1):
        same(f"robustness-{number}", table)
    assert number == 2


def test_audits(run, comparison):
    audit = {
        "name": "fer2013", "version": "1.0", "fingerprint": "0" * 64, "classes": ["a", "b"],
        "counts": {"train": {"a": 1003, "b": 17}, "test": {"b": 5}},
        "exact_copies": {"groups": 11, "conflicting": 3, "across_splits": 7},
        "near_copies": {"threshold": 60, "pairs": 83, "mirrored_pairs": 19,
                        "groups": {"groups": 47, "conflicting": 13, "across_splits": 29}},
        "label_order": {"by": "x", "ok": True}, "findings": {"wrong": ["1", "2"], "note": ["3", "4", "5"]},
    }  # fmt: skip
    same("audits-1", audits.copies_table({"one": audit, "two": audit | {"near_copies": None}}))
    right = np.array([1, 1, 1, 0, 1, 1, 0, 1], bool)
    arrays = {
        "test_ids": np.array([f"test-{k}" for k in range(8)]),
        "test_targets": np.ones(8, np.int64),
        "test_outputs_none": np.stack([~right, right], axis=1).astype(np.float32),
    }
    own = comparison(
        run(A, 0, {}, protocol="fer2013-7", arrays=arrays),
        run(LOST, 0, None, protocol="fer2013-7"),
        targets=np.ones(8, np.int64),
    )
    leaked = {"PrivateTest": {"Training": {"exact": ["test-0"], "near": ["test-7"]}}}
    same("audits-2", audits.leaks_table(own, leaked))


def test_leaderboards(run, comparison):
    runs = [
        run(A, 0, {"none": {"accuracy": 0.51}, "flip": {"accuracy": 0.62}}, protocol="fer2013-7", parameters=7001),
        run(LOST, 0, None, protocol="fer2013-7", parameters=607),
    ]
    given = {
        "kind": "onnx", "source": "net.onnx", "stated": {"accuracy": 0.6613, "source": "page"}, "warnings": ["odd"],
        "extra_training_data": None,
    }  # fmt: skip
    theirs = Cell("theirs", "outside", {}, "outside")
    outside = run(theirs, 0, {"none": {"accuracy": 0.65, "n": 40}}, outside=given, parameters=None, protocol="fer2013-7")
    anchors = {
        "fer2013": {
            "figures": [
                {"name": "VGG", "value": "73.28", "source": "paper"},
                {"name": "range", "value": "1 to 2", "source": "other"},
            ]
        }
    }
    counted = {"cells": {"fer2013-7/one-plain": {"macs": 5_003}}}
    ranked = run(
        Cell("ranked", "outside", {}, "outside"),
        0,
        {"none": {"accuracy": 0.6, "n": 40}},
        outside=given | {"seen": "no", "stated": {"words": "good", "source": "page"}, "warnings": [], "macs": 11_003},
        parameters=13,
        protocol="fer2013-7",
    )
    summary = Summary((comparison(*runs),), (), (outside, ranked))
    (table,) = leaderboard.tables(boards.leaderboard(summary, counted, anchors, Path()))
    same("leaderboards-1", table)
    assert table.notes[2].endswith("tested here [95 % Wilson interval over test images]")
    assert table.notes[-1] == "Warning at theirs: odd"
    va = Cell("one-mse", "one", {}, "mse")
    runs = [run(va, 0, {"ccc_mean": 0.317}, protocol="synthetic-va", parameters=7)]
    outside = run(
        theirs,
        0,
        {"none": {"ccc_mean": None, "n": 40}},
        outside=given | {"stated": None, "extra_training_data": "more"},
        parameters=9,
        protocol="synthetic-va",
    )
    summary = Summary((comparison(*runs),), (), (outside,))
    (table,) = leaderboard.tables(boards.leaderboard(summary, None, {}, Path()))
    same("leaderboards-2", table)
    assert table.notes[2].endswith("tested here [95 % bootstrap interval over test images]")
    assert table.notes[0].endswith("on synthetic 1.0; CCC mean")


def test_videos(run, comparison):
    cell, ids = Cell("one-mse", "one", {}, "mse"), np.array(["a/1", "a/2", "b/1", "b/2"])
    targets = np.array([[0.0, 0.1], [0.4, 0.1], [-0.5, 0.3], [0.1, 0.7]], np.float32)
    arrays = {"test_ids": ids, "test_targets": targets, "test_outputs_none": targets + np.float32(0.25)}
    runs = [run(cell, 0, {"none": {}}, protocol="affwild-va", arrays=arrays), run(LOST, 0, None, protocol="affwild-va")]
    same(
        "videos-1", videos.videos(comparison(*runs, targets=targets), [("rmse_valence", "sagr_valence"), ("corr_arousal",)])
    )


def test_pairs(run, comparison, monkeypatch):
    made = {
        "fixed": pairs.Tested(Difference(0.07, 0.05, 0.11, 90, 0.012), Difference(0.07, -0.2, 0.9, 4, 0.011), (12.3, 3.5))
    }
    monkeypatch.setattr(pairs, "resampled", lambda comparison: {})
    monkeypatch.setattr(pairs, "_test", lambda c, pair, _: made.get(pair.a.split("-")[1]) or not_tested("no common seed"))
    own = comparison(*(run(net(shortcut), 0, {"accuracy": 0.5}) for shortcut in ("identity", "fixed", "adaptive")))
    same("pairs-1", pairs.table(own))
    mse = [Cell(f"net-{s}-working-mse", "residual", dict(net(s).options), "mse") for s in ("identity", "fixed")]
    made["fixed"] = pairs.Tested(Difference(0.07, 0.05, 0.11, 90, None), Difference(0.07, None, None, 1, None), None)
    same("pairs-2", pairs.table(comparison(*(run(cell, 0, {"ccc_mean": 0.5}, protocol="synthetic-va") for cell in mse))))


def test_humans():
    def value(mean):
        return {"mean": mean, "low": mean - 0.013, "high": mean + 0.017}

    found = {
        "ferplus": {
            "schema": 1,
            "source": "page",
            "pictures": "faces",
            "raters": 10,
            "leave_one_out": {"n": 1095, "accuracy": value(0.77)},
            "agreement": {"n": 71, "fleiss_kappa": value(0.5), "krippendorff_alpha": value(0.51)},
            "fer2013_label": {"n": 90, "accuracy": value(0.67), "kappa": value(0.6)},
            "panel_retest": {"n": 61, "pictures": "pairs", "groups": 41, "accuracy": value(0.91), "kappa": value(0.87)},
            "panel_retest_all": {"n": 83, "pictures": "all pairs", "groups": 43, "accuracy": value(0.92)},
            "editions": {"other votes": 1602, "of these, copies of an earlier picture": 1601},
            "copies": {"groups": 1249, "conflicting": 117},
        },
        "affectnet_c25": {
            "source": "other",
            "pictures": "more",
            "raters": 25,
            "expression_set1": {"n": 3, "accuracy": value(0.55)},
            "expression_set2": {"n": 5, "accuracy": value(0.57)},
            "leave_one_out_set2": {"n": 13, "rmse_valence": value(0.31), "rmse_mean": value(0.257)},
            "pairwise_set2": {"n": 17, "rmse_mean": value(0.2)},
            "leave_one_out_set1": {"n": 1019, "rmse_mean": value(0.1)},
            "pairwise_set1": {"n": 19, "ccc_mean": value(0.4)},
            "agreement_set1": {"n": 7, "krippendorff_alpha": value(0.33)},
            "agreement": {"n": 11, "fleiss_kappa": value(0.2)},
        },
    }
    for number, table in enumerate(humans.tables(found, load_claims()), 1):
        same(f"humans-{number}", table)
    assert number == 3
    rows = humans.references("fer2013", "categorical", found) + humans.references("ferplus", "categorical", found)
    rows += humans.references("synthetic", "dimensional", found)
    same("humans-4", Table("rows", "of people", ["-"], {key: key for row in rows for key in row}, rows))
