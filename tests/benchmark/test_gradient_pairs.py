"""The rule gradient_lessened: every outcome on fabricated measurements, and its figures from the committed file recomputed."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from benchmark.claim_list import load_claims
from benchmark.claims import judge
from benchmark.gradient_claim import Point
from benchmark.gradient_pairs import BETTER, EQUIVALENT, OPEN, WORSE, Pairs, judged
from benchmark.plan_gradients import load_plan

P = "synthetic-8"
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
RULE = {
    "rule": "gradient_lessened", "protocol": P, "a": "fixed", "b": "identity", "normalisations": ["working", "frozen"],
    "networks": ["shallow", "deep"], "trained": ["shallow"], "needs": "faces",
}  # fmt: skip
START, END, LAYERS = 0, 100, {"shallow": 12, "deep": 110}
COMMITTED = Path(__file__).parents[2] / "reports" / "gradients" / "fer2013-cpu.json"
# The identity network's gradient ratio, one a seed; its spread is not that of the differences, since pairs share seeds.
IDENTITY = (100.0, 400.0, 50.0)
# Factors of fixed over identity, one a seed: far nearer to 1, far farther, the same, and of no clear sign.
NEARER, FARTHER, ALIKE, UNCLEAR = (0.02, 0.021, 0.019), (20.0, 21.0, 19.0), (1.0, 1.01, 0.99), (0.2, 8.0, 1.5)
LOST = (None, None, None)


def measurement(network, shortcut, normalisation, seed, ratios, steps):
    moments = []
    for step, ratio in zip(steps, ratios, strict=True):
        if ratio is None:
            break
        moments.append({"step": step, "gradient": [ratio * 0.5, 0.7, 0.5]})
    return {
        "network": network, "shortcut": shortcut, "normalisation": normalisation, "seed": seed, "steps": list(steps),
        "layers": LAYERS[network], "moments": moments,
    }  # fmt: skip


def plan(protocol=P, first=0, identity=IDENTITY, lost=(), **factors):
    """working_shallow, working_end, working_deep, frozen_...: factors of fixed over identity by seed, ALIKE where not given.

    Args:
        lost: (normalisation, where) at which identity diverged in every seed.
    """
    found = []
    for normalisation in ("working", "frozen"):
        of = {where: factors.get(f"{normalisation}_{where}", ALIKE) for where in ("shallow", "end", "deep")}
        for seed, base in enumerate(identity):
            for shortcut in ("fixed", "identity"):
                ratio = {
                    where: None if (normalisation, where, shortcut) in lost or of[where][seed] is None and shortcut == "fixed"
                    else base * (of[where][seed] if shortcut == "fixed" else 1)
                    for where in of
                }  # fmt: skip
                own = (shortcut, normalisation, first + seed)
                found.append(measurement("shallow", *own, (ratio["shallow"], ratio["end"]), (START, END)))
                found.append(measurement("deep", *own, (ratio["deep"],), (START,)))
    return {"protocol": {"name": protocol}, "measurements": found}


def find(*plans, **changes):
    claims = load_claims({"claims": {"x": TEXT | {"test": RULE | changes}}})
    return judge(claims, SimpleNamespace(comparisons=[]), None, plans)[0].finding


@pytest.mark.parametrize(
    ("factors", "verdict", "words"),
    [
        ({"working_deep": FARTHER, "frozen_deep": NEARER}, "conditional",
         ("working BatchNorm: worse, deep at the start x 20", "frozen BatchNorm: better, deep at the start x 0.02")),
        ({"working_deep": NEARER, "frozen_end": NEARER}, "supported",
         ("working BatchNorm: better", "frozen BatchNorm: better, shallow after 100 steps x 0.02")),
        ({"working_deep": FARTHER, "frozen_deep": FARTHER}, "refuted", ("working BatchNorm: worse", "frozen BatchNorm: worse")),
        ({}, "no difference found", ("working BatchNorm: equivalent", "frozen BatchNorm: equivalent")),
        ({"working_deep": UNCLEAR, "frozen_deep": UNCLEAR}, "undetermined",
         ("working BatchNorm: open", "deep at the start x 1.34", "(open)")),
        ({"working_deep": NEARER, "working_shallow": FARTHER}, "conditional", ("working BatchNorm: better and worse",)),
    ],
)  # fmt: skip
def test_verdicts(factors, verdict, words):
    found = find(plan(**factors))
    assert found.verdict == verdict, found
    assert all(each in found.reason for each in words), found.reason
