"""What each claim of claims.yaml compares with what, by the sentences of the papers: which side has to be the better one, in
which metric, on which data. The rules are tested elsewhere; an exchange of two cells here would turn a verdict around."""

from functools import cache

import pytest

from benchmark.claims.finding import DECIDING, FURTHER, JUDGING, ROLES, SCALED_DOWN
from benchmark.claims.load import load_claims

OF_GRADIENTS = ("gradient_ratio", "gradient_lessened")
# Claim -> (the word in cell a's name, the one in b's): "the first is better than the second, all else being equal".
BETTER_THAN = {
    "beats-resnet": ("adaptive", "identity"),
    "trainable-helps": ("adaptive", "fixed"),
    "contempt": ("adaptive", "identity"),
    "affect-models": ("adaptive", "identity"),
    "weighted-helps": ("weighted", "plain"),
}
# The claims about depth: (role, condition) -> the networks by the sentence "a is better than the deeper b".
ADAPTIVE, FIXED = "bregnext-50-adaptive-working-plain", "bregnext-50-fixed-working-plain"
SHALLOWER = {
    DECIDING: ["resnet101-smallstem-plain"],
    FURTHER: ["resnet101-plain"] + [f"resnet{depth}{stem}-plain" for depth in (50, 34, 18) for stem in ("-smallstem", "")],
    SCALED_DOWN: ["resnet18-ownrate-plain", "resnet50-ownrate-plain"],
}
BREGNET_SHALLOWER = {
    DECIDING: [(FIXED, "resnet101-smallstem-plain")],
    SCALED_DOWN: [
        ("narrow16-20-fixed-working-plain", "narrow16-50-identity-working-plain"),
        ("narrow16-50-fixed-working-plain", "narrow16-50-identity-working-plain"),
        ("narrow16-50-fixed-frozen-plain", "narrow16-50-identity-frozen-plain"),
        ("narrow16-20-fixed-working-plain", "narrow16-20-identity-working-plain"),
    ],
    "seen": [(f"narrow8-12-fixed-{n}-plain", f"narrow8-12-identity-{n}-plain") for n in ("working", "frozen")],
}
# Claim -> of its deciding test: protocol, metric, planned seeds; several where there are conditions.
DECIDED_BY = {
    "acc-affectnet": {"": ("affectnet-8", "accuracy", 3)},
    "acc-fer2013": {"": ("fer2013-7-released", "accuracy", 3)},
    "rmse-affectnet": {"": ("affectnet-va", ["rmse_mean", "rmse_valence", "rmse_arousal"], 3)},
    "rmse-affwild": {"": ("affwild-va", ["rmse_mean", "rmse_valence", "rmse_arousal"], 3)},
    "beats-resnet": {"working BatchNorm": ("fer2013-7", "accuracy", 5), "frozen BatchNorm": ("fer2013-7", "accuracy", 3)},
    "shallower": {"": ("fer2013-7", "accuracy", 3)},
    "trainable-helps": {"": ("fer2013-7", "accuracy", 5)},
    "contempt": {"": ("affectnet-8", "recall", 3)},
    "weighted-helps": {"": ("fer2013-7", "accuracy", 5)},
    "bregnet-shallower": {"": ("fer2013-7", "accuracy", 3)},
    "affect-models": {
        "AffectNet, categorical": ("affectnet-8", "accuracy", 3),
        "AffectNet, dimensional": ("affectnet-va", "rmse_mean", 3),
        "FER2013, categorical": ("fer2013-7", "accuracy", 5),
        "Affect-in-Wild, dimensional": ("affwild-va", "rmse_mean", 3),
    },
}
RARE = {"fer2013-7": "disgust", "fer2013-7-small": "disgust", "ferplus-8": "contempt"}  # each data set's rarest class


@cache
def claims():
    return {claim.id: claim for claim in load_claims()}


def run_tests(claim, *roles):
    """(role, name of the condition or "", test) of each test of a claim that is run."""
    for role in roles or ROLES:
        for test in claims()[claim].tests(role):
            for name, one in test.conditions.items() if test.conditions else [("", test)]:
                yield role, name, one


@pytest.mark.parametrize("claim", BETTER_THAN)
def test_the_better_side_comes_first_and_all_else_is_equal(claim):
    better, other = (f"-{word}" for word in BETTER_THAN[claim])
    compared = [one for *_, one in run_tests(claim)]
    assert len(compared) > 2
    for one in compared:
        a, b = one.parameters["a"], one.parameters["b"]
        assert better in a and a.replace(better, other) == b, (claim, a, b)


def test_bregnext_is_compared_with_every_resnet():
    for role, others in SHALLOWER.items():
        found = [(one.rule, one.parameters["a"], one.parameters["b"]) for _, _, one in run_tests("shallower", role)]
        a = ADAPTIVE if role != SCALED_DOWN else "narrow16-50-adaptive-working-plain"
        assert found == [("compare_cells" if role == SCALED_DOWN else "better_and_cheaper", a, b) for b in others]


def test_bounded_layers_are_compared_with_more_layers_of_identity():
    for role in ROLES:
        found = [(one.parameters["a"], one.parameters["b"]) for *_, one in run_tests("bregnet-shallower", role)]
        assert found == BREGNET_SHALLOWER.get(role, []), role


@pytest.mark.parametrize("claim", DECIDED_BY)
def test_what_decides(claim):
    found = {}
    for _, name, one in run_tests(claim, DECIDING):
        p = one.parameters
        found[name] = (p["protocol"], p["metric"], p.get("minimum_seeds", 3))
    assert found == DECIDED_BY[claim]


def test_papers_numbers_are_of_the_network_as_released():
    """Frozen BatchNorm, adaptive shortcuts; mean squared error for valence and arousal."""
    for claim, loss in (
        ("acc-affectnet", "plain"),
        ("acc-fer2013", "plain"),
        ("rmse-affectnet", "mse"),
        ("rmse-affwild", "mse"),
    ):
        ((_, _, one),) = run_tests(claim, DECIDING)
        assert one.rule == "numeric" and one.parameters["cell"] == f"bregnext-50-adaptive-frozen-{loss}"
    for claim, quantity, value, precision in (("params", "parameters", 3.1e6, 1e5), ("flops", "flops", 15e6, 1e6)):
        ((_, _, one),) = run_tests(claim, DECIDING)
        expected = {"protocol": "fer2013-7-released", "cell": "bregnext-50-adaptive-frozen-plain", "quantity": quantity}
        assert dict(one.parameters) == expected | {"value": value, "precision": precision}


def test_a_condition_is_the_one_that_its_cells_are_in():
    found = [(name, one.parameters) for claim in claims() for _, name, one in run_tests(claim) if name]
    assert len(found) > 10
    for name, p in found:
        for side in ("a", "b"):
            if name.endswith("BatchNorm"):
                assert f"-{name.split()[0]}-" in p[side], (name, p)
            else:
                assert p[side].endswith("-mse" if "dimensional" in name else "-plain"), (name, p)
                assert p["protocol"].startswith({"Affe": "aff", "FER2": "fer2013"}[name[:4]])


def test_every_judged_metric_and_what_stands_beside_it():
    """Accuracy, but where a sentence is of something else: contempt's recall, RMSE of the dimensional model."""
    for claim in claims():
        for role, _, one in run_tests(claim, *JUDGING):
            p = one.parameters
            if one.rule not in ("compare_cells", "better_and_cheaper"):
                continue
            of_class = "contempt" if claim == "contempt" else None
            dimensional = p["a"].endswith("-mse")
            assert p["metric"] == ("recall" if of_class else "rmse_mean" if dimensional else "accuracy"), (claim, role, p)
            assert p.get("of_class") == of_class
            rare = ["balanced_accuracy", "macro_f1", f"recall of {RARE.get(p['protocol'])}"]
            beside = {"trainable-helps": ["train_loss"], "weighted-helps": rare}.get(claim, [])
            assert list(p.get("beside", [])) == beside, (claim, role, p)
            assert "resnet" in p["b"] or ("-frozen-" in p["b"]) == ("-frozen-" in p["a"])


DEEPENING, TRAINED = ["narrow8-12", "narrow8-32", "narrow8-56", "narrow8-110"], ["narrow8-12", "narrow8-32"]
SEEN_SEEDS, UNSEEN, OF_PAPER = [0, 1, 2], list(range(100, 108)), [100, 101, 102]
# Plan -> protocol, networks at the start, trained networks, seeds. "bregnext-50" alone stands for the paper's own network.
PLANS = {
    "fer2013-cpu": ("fer2013-7", [(DEEPENING, TRAINED)], SEEN_SEEDS),
    "fer2013-start": ("fer2013-7", [(DEEPENING, []), (["bregnext-50"], [])], UNSEEN),
    "fer2013-paper": ("fer2013-7", [([], ["bregnext-50"])], OF_PAPER),
    "fer2013-study-start": ("fer2013-7-small", [(["narrow16-50"], [])], UNSEEN),
    "fer2013-study": ("fer2013-7-small", [(["narrow16-50"], ["narrow16-50"])], UNSEEN),
    "default": ("synthetic-8", [(DEEPENING, TRAINED)], SEEN_SEEDS),
}


def test_gradients_of_bounded_shortcuts_are_compared_with_identity():
    checked = 0
    for claim in claims():
        for role, _, one in run_tests(claim):
            if one.rule not in OF_GRADIENTS:
                continue
            p = one.parameters
            protocol, networks, seeds = PLANS[p["plan"]]
            assert p["a"] in ("fixed", "adaptive") and p["b"] == "identity" and p["protocol"] == protocol, (claim, role, p)
            assert (p["networks"], p["trained"]) in networks, (claim, role, p)
            assert p.get("seeds", SEEN_SEEDS) == seeds and p.get("minimum_seeds", 3) == len(seeds), (claim, role, p)
            assert "margin" not in p and "of_interest" not in p
            checked += 1
    assert checked == 29


def test_what_decides_about_gradients():
    """The bounded shortcut of BReG-Net is the fixed one; the post-hoc row is decided by seeds that were not seen before."""
    ((_, _, prevents),) = run_tests("bounded-gradient", DECIDING)
    ((_, _, lessens),) = run_tests("lessened-gradient", DECIDING)
    of_both = {"protocol": "fer2013-7", "a": "fixed", "b": "identity", "networks": DEEPENING, "needs": "FER2013"}
    alone = {"plan": "fer2013-cpu", "normalisation": "working", "trained": TRAINED, "seeds": SEEN_SEEDS}
    assert (prevents.rule, dict(prevents.parameters)) == ("gradient_ratio", of_both | alone)
    alone = {"plan": "fer2013-start", "normalisations": ["working", "frozen"], "trained": [], "seeds": UNSEEN}
    assert (lessens.rule, dict(lessens.parameters)) == ("gradient_lessened", of_both | alone | {"minimum_seeds": 8})
    every = [one.parameters["normalisations"] for *_, one in run_tests("lessened-gradient")]
    assert all(each == ["working", "frozen"] for each in every)
    further = [
        (p["plan"], p["a"], p["normalisation"])
        for p in (one.parameters for *_, one in run_tests("bounded-gradient", FURTHER))
    ]
    cpu = [("fer2013-cpu", "adaptive", "working"), ("fer2013-cpu", "fixed", "frozen"), ("fer2013-cpu", "adaptive", "frozen")]
    plans = ("fer2013-start", "fer2013-start", "fer2013-paper")
    assert further == cpu + [(each, "fixed", n) for n in ("working", "frozen") for each in plans]
