"""Which cells are called the highest or the lowest: not those that wait for planned runs, and all that are equal."""

from dataclasses import replace

import pytest

from benchmark.protocol.cells import Cell
from benchmark.report.extremes import at_end, comparable, held, named
from benchmark.report.pages.findings import of_section, shown_value
from benchmark.report.parts import Section
from benchmark.report.sections import circumplex
from benchmark.report.sections.cost_figure import COUNTS, accuracy_against_cost
from benchmark.report.sections.curves import learning_curves
from benchmark.report.sections.reliability import cuts_ece, reliability
from benchmark.report.sections.severities import _described

A, B, C = (Cell(f"{name}-plain", name, {}, "plain") for name in ("one", "two", "three"))
BINS = {name: [1.0] * 15 for name in ("count", "confidence", "correct")}
HELD = "Two cells wait for planned runs and are compared with no other yet: their order is no finding."


def losses(value):
    return [
        {"epoch": k, "train_loss": value, "validation": {"loss": value}, "test": {"loss": value}, "learning_rate": 0.1}
        for k in (1, 2, 3, 4)
    ]


@pytest.fixture
def of(run, comparison):
    """A function (accuracy of each seed of each cell; None: diverged) -> comparison. The error is a tenth of the
    accuracy, the loss its reverse."""

    def made(*cells):
        runs = [
            run(cell, seed, None if v is None else {"accuracy": v, "ece": v / 10, "calibration": BINS},
                history=losses(1.0)[:2] if v is None else losses(1 - v))
            for cell, own in zip((A, B, C), cells, strict=False) for seed, v in enumerate(own)
        ]  # fmt: skip
        return comparison(*runs)

    return made


def said(own):
    """All sentences of a protocol about its highest and lowest means."""
    counts = {f"synthetic-8/{cell.name}": {"macs": 10, "parameters": {"trainable": 5}} for cell in (A, B, C)}
    robust = {label: [{"clean": {"accuracy": 0.5}, "corrupted": {"blur": [{"accuracy": 0.75}]}}] for label in own.runs}
    return [
        " ".join(of_section(Section(own, [], [], []), lambda slug, label: label, ())),
        accuracy_against_cost(own, {"cells": counts}, COUNTS, "x").description,
        reliability(own)[0].description,
        learning_curves(own)[0].description,
        _described(own, robust, dict.fromkeys(own.runs)),
    ]


def test_cells_that_wait_for_planned_runs_are_named_by_no_such_sentence(of):
    """Two of three, the higher ones, and all three."""
    whole = of([0.5], [0.7], [0.9])
    two = replace(whole, unfinished=dict.fromkeys(("two-plain", "three-plain"), "1 of 5 planned seeds"))
    for sentences in said(two):
        assert sentences.endswith(HELD) and "one-plain" in sentences
        assert not any(word in sentences for word in ("two-plain", "three-plain", "Highest", "Cheapest", "highest:"))
    every = replace(whole, unfinished=dict.fromkeys(whole.runs, "1 of 5 planned seeds"))
    assert set(said(every)) == {HELD.replace("Two", "Three")}
    assert held(whole, whole.runs) == [] and comparable(two, two.runs) == ["one-plain"]


def test_all_that_are_equal_are_counted(of):
    """Also those that only hidden digits tell apart."""
    own = of([0.9, 0.5, None], [0.5, 0.9], [0.2])
    first, costs, ece, curve, robust = said(own)
    assert first.startswith("Highest test accuracy of this suite's cells: 70.00 [")
    assert first.endswith("one-plain (two seeds, one diverged; one more with the same to these digits, without TTA).")
    assert "one-plain (one more with the same to these digits), Accuracy 70.00 %" in costs
    assert costs.endswith("Cheapest by multiply-adds (10): three cells, Accuracy 20.00 to 70.00 %.")
    assert ece.startswith("Lowest ECE 2.00 %, three-plain. Highest ECE 7.00 [0.00†, ")
    assert "0.300, one-plain (one more with the same to these digits), in epoch 1 of 4 (n = 2)" in curve
    assert robust == "Accuracy from clean faces to the highest severity: +25.00 points (blur, one-plain)."
    values = {"a": 0.3, "b": 0.1 + 0.2, "c": 0.3004, "d": 0.2}
    assert at_end(values, "{:.3f}".format, highest=True) == ["c", "a", "b"]
    assert at_end(values, "{:.4f}".format, highest=True) == ["c"] and at_end(values, "{:.1f}".format, highest=False) == ["d"]
    assert named(own, ["one-plain"]) == "one-plain"


def test_the_only_cell_is_no_highest(of):
    first, costs, ece, _, _ = said(of([0.5]))
    assert first == "Test accuracy: 50.00 %, one-plain (one seed, without TTA)." and costs.startswith(
        "one-plain, Accuracy 50.00 %, 10 "
    )
    assert ece == "one-plain: ECE 5.00 %."


def test_intervals_in_words_are_cut_and_marked_as_in_tables(of, run, comparison):
    own = of([0.99, 0.9])
    assert shown_value(own, "one-plain").endswith(", 100.00†] %") and not cuts_ece(own) and cuts_ece(of([0.9, 0.1]))
    cell = Cell("net-mse", "net", {}, "mse")
    scores = [{"ccc_mean": value} for value in (0.2, 0.9)]
    runs = [run(cell, seed, each, protocol="synthetic-va") for seed, each in enumerate(scores)]
    assert "[-1.000†, 1.000†]" in circumplex._described(comparison(*runs), ["net-mse"])
