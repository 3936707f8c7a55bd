"""The counting half of the ledger, on the committed counts: it stands without a run, stem by stem."""

import json
from pathlib import Path

import pytest

from benchmark.claims.count_rules import complexity_value, dearer_in
from benchmark.claims.finding import Finding, Undecided
from benchmark.claims.ledger import Ledger
from benchmark.claims.rules import better_and_cheaper
from benchmark.records.comparisons import summarise
from benchmark.records.intervals import Interval
from benchmark.records.record import read_records

COUNTED = json.loads((Path(__file__).parents[3] / "reports" / "complexity.json").read_text())
A = "bregnext-50-adaptive-working-plain"
# M parameters and GMACs at 64x64 with 7 classes, as measured before this file was written (facts of the release's audit).
IMAGENET = {18: (11.2, 0.148), 34: (21.3, 0.299), 50: (23.5, 0.334), 101: (42.5, 0.637)}
SMALL = {18: 2.22, 34: 4.64, 50: 5.19, 101: 10.04}


@pytest.fixture
def ledger(make, cell, tmp_path):
    make(tmp_path, "synthetic-8", cell("identity", "working", "plain"), 0)  # of another protocol: no run of these networks
    return Ledger(summarise(read_records(tmp_path), tmp_path), COUNTED)


def finding(rule, ledger, **parameters):
    try:
        return rule(ledger, **parameters)
    except Undecided as undecided:
        return undecided.finding


def against(ledger, b):
    return finding(better_and_cheaper, ledger, protocol="fer2013-7", a=A, b=b, metric="accuracy", needs="FER2013")


@pytest.mark.parametrize("depth", [18, 34, 50, 101])
def test_cheaper_than_resnets_depends_on_the_stem(ledger, depth):
    own = ledger.network("fer2013-7", A)
    assert own["input"] == [1, 3, 64, 64] and own["parameters"]["trainable"] == 3_072_567
    assert own["macs"] == 1_777_730_432  # 1,777,730,560 with 8 classes, less 128
    parameters, macs = IMAGENET[depth]
    imagenet, small = (ledger.network("fer2013-7", f"resnet{depth}{stem}-plain") for stem in ("", "-smallstem"))
    for entry, gmacs in ((imagenet, macs), (small, SMALL[depth])):
        assert entry["parameters"]["trainable"] / 1e6 == pytest.approx(parameters, abs=0.051)
        assert entry["macs"] / 1e9 == pytest.approx(gmacs, abs=0.0051 if gmacs > 1 else 0.00051)
        assert entry["torch_agrees"] and not entry["uncounted"]
    assert 2.79 < own["flops"] / imagenet["flops"] < 12.1 and own["flops"] < small["flops"]

    dearer, reason = dearer_in(ledger, "fer2013-7", A, f"resnet{depth}-plain")
    assert dearer == ["FLOPs"] and f"FLOPs {own['flops']:,} against {imagenet['flops']:,}" in reason
    found = against(ledger, f"resnet{depth}-plain")
    assert found.verdict == "refuted" and found.reason.startswith("not cheaper in FLOPs: parameters 3,072,567 against")
    found = against(ledger, f"resnet{depth}-smallstem-plain")
    assert found.verdict not in ("refuted", "supported"), "its accuracy waits for runs"
    assert "cheaper: parameters 3,072,567 against" in found.reason and "missing" in found.reason


def test_the_same_topology_with_identity_is_cheaper_by_a_little(ledger):
    own, identity = (ledger.network("fer2013-7", f"bregnext-50-{s}-working-plain") for s in ("adaptive", "identity"))
    assert own["parameters"]["trainable"] - identity["parameters"]["trainable"] == 48
    assert 1 - identity["flops"] / own["flops"] == pytest.approx(0.0016, abs=5e-5)


@pytest.mark.parametrize(
    ("quantity", "value", "precision", "verdict"),
    [("parameters", 3.1e6, 1e5, "reproduced"), ("flops", 15e6, 1e6, "not reproduced")],
)
def test_the_papers_counts(ledger, quantity, value, precision, verdict):
    cell = "bregnext-50-adaptive-frozen-plain"
    given = {"protocol": "fer2013-7-released", "cell": cell, "quantity": quantity, "value": value, "precision": precision}
    assert finding(complexity_value, ledger, **given).verdict == verdict


def test_what_was_not_counted_is_named(ledger):
    ledger.complexity = {"schema": 1, "cells": {}}
    with pytest.raises(Undecided) as error:
        dearer_in(ledger, "fer2013-7", A, "resnet18-plain")
    assert f"missing: fer2013-7/{A} in complexity.json" in error.value.finding.reason


@pytest.mark.parametrize(
    ("quantity", "value", "verdict", "reason"),
    [
        ("parameters", 1000, "reproduced", "1,040 parameters counted (p / a), paper 1,000: 1.04 times"),
        ("parameters", 2000, "exceeded", "1,040 parameters counted (p / a), paper 2,000: 0.52 times"),
        ("flops", 1000, "not reproduced", "5,000,000 FLOPs counted (p / a), paper 1,000: 5e+03 times"),
    ],
)
def test_a_whole_finding(quantity, value, verdict, reason):
    counted = {"cells": {"p/a": {"parameters": {"trainable": 1040}, "flops": 5_000_000}}}
    found = complexity_value(Ledger(None, counted), protocol="p", cell="a", quantity=quantity, value=value, precision=100)
    count = 1040.0 if quantity == "parameters" else 5e6
    assert found == Finding(verdict, reason, Interval(count, None, None, 1), "count")


def test_what_is_dearer_is_named_in_words():
    counts = {"a": (3, 10), "b": (3, 20), "c": (2, 10)}
    counted = {"cells": {f"p/{n}": {"parameters": {"trainable": k}, "flops": f} for n, (k, f) in counts.items()}}
    ledger = Ledger(None, counted)
    assert dearer_in(ledger, "p", "a", "b") == (
        ["parameters"], "parameters 3 against 3 (1 times); FLOPs 10 against 20 (0.5 times)",
    )  # fmt: skip
    assert dearer_in(ledger, "p", "a", "c")[0] == ["parameters", "FLOPs"] and dearer_in(ledger, "p", "c", "b")[0] == []
