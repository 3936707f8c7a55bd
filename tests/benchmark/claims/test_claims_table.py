"""Every test of claims.yaml in one line, typed in from the papers' sentences, docs/protocol.md ("Verdicts", "The study") and
the kinds of evidence: rule, protocol, cells, metric, seeds. test_claims_values.py says why they are what they are."""

import pytest

from benchmark.claims.finding import DECIDING, FURTHER, MACHINERY, ROLES, SCALED_DOWN, SEEN
from benchmark.claims.load import load_anchors, load_claims

# {a>b}: a is the side that the sentence says is better. n: planned seeds, where they are not three.
VA = "rmse_mean, rmse_valence, rmse_arousal"
ADAPTIVE = "bregnext-50-adaptive"
OF_VA = [
    f"measured diffusionfer-va {ADAPTIVE}-working-mse rmse_mean",
    "measured diffusionfer-va-quick narrow8-12-adaptive-working-mse rmse_mean",
    "measured synthetic-va narrow8-12-adaptive-working-mse rmse_mean",
]
FITTING, RARE = "accuracy, beside train_loss", "accuracy, beside balanced_accuracy, macro_f1, recall of"
QUICK = "measured_difference fer2013-7-quick"
COMPARED = {
    "acc-affectnet": {DECIDING: [f"numeric affectnet-8 {ADAPTIVE}-frozen-plain accuracy 0.685"]},
    "acc-fer2013": {
        DECIDING: [f"numeric fer2013-7-released {ADAPTIVE}-frozen-plain accuracy 0.7153"],
        FURTHER: [f"numeric fer2013-7 {ADAPTIVE}-working-plain accuracy 0.7153 n=5"],
    },
    "rmse-affectnet": {
        DECIDING: [f"numeric affectnet-va {ADAPTIVE}-frozen-mse {VA} 0.2577"],
        MACHINERY: OF_VA,
    },
    "rmse-affwild": {DECIDING: [f"numeric affwild-va {ADAPTIVE}-frozen-mse {VA} 0.2882"], MACHINERY: OF_VA},
    "params": {DECIDING: [f"complexity_value fer2013-7-released {ADAPTIVE}-frozen-plain parameters 3100000 +-100000"]},
    "flops": {DECIDING: [f"complexity_value fer2013-7-released {ADAPTIVE}-frozen-plain flops 15000000 +-1000000"]},
    "beats-resnet": {
        DECIDING: [
            "working BatchNorm: compare_cells fer2013-7 bregnext-50-{adaptive>identity}-working-plain accuracy n=5",
            "frozen BatchNorm: compare_cells fer2013-7 bregnext-50-{adaptive>identity}-frozen-plain accuracy",
        ],
        SCALED_DOWN: [
            "working BatchNorm: compare_cells fer2013-7-small narrow16-50-{adaptive>identity}-working-plain accuracy n=5",
            "frozen BatchNorm: compare_cells fer2013-7-small narrow16-50-{adaptive>identity}-frozen-plain accuracy",
            "compare_cells fer2013-7-small narrow16-20-{adaptive>identity}-working-plain accuracy n=5",
        ],
        FURTHER: [
            "compare_cells fer2013-7-released bregnext-50-{adaptive>identity}-frozen-plain accuracy",
            "compare_cells ferplus-8 bregnext-50-{adaptive>identity}-working-plain accuracy n=5",
        ],
        SEEN: [
            f"{QUICK} narrow16-12-{{adaptive>identity}}-working-plain accuracy",
            f"{QUICK} narrow8-12-{{adaptive>identity}}-working-plain accuracy",
            f"{QUICK} narrow8-12-{{adaptive>identity}}-frozen-plain accuracy",
        ],
        MACHINERY: [
            "measured_difference diffusionfer-7-quick narrow8-12-{adaptive>identity}-working-plain accuracy",
            "measured_difference synthetic-8 narrow8-12-{adaptive>identity}-working-plain accuracy",
            "measured_difference synthetic-8 narrow8-12-{adaptive>identity}-frozen-plain accuracy",
        ],
    },
    "shallower": {
        DECIDING: [f"better_and_cheaper fer2013-7 {{{ADAPTIVE}-working>resnet101-smallstem}}-plain accuracy"],
        SCALED_DOWN: [
            f"compare_cells fer2013-7-small {{narrow16-50-adaptive-working>resnet{depth}-ownrate}}-plain accuracy"
            for depth in (18, 50)
        ],
        FURTHER: [
            f"better_and_cheaper fer2013-7 {{{ADAPTIVE}-working>{other}}}-plain accuracy"
            for other in (
                "resnet101", "resnet50-smallstem", "resnet50", "resnet34-smallstem", "resnet34", "resnet18-smallstem",
                "resnet18",
            )
        ],
    },
    "trainable-helps": {
        DECIDING: [f"compare_cells fer2013-7 bregnext-50-{{adaptive>fixed}}-working-plain {FITTING} n=5"],
        SCALED_DOWN: [
            f"working BatchNorm: compare_cells fer2013-7-small narrow16-50-{{adaptive>fixed}}-working-plain {FITTING} n=5",
            f"frozen BatchNorm: compare_cells fer2013-7-small narrow16-50-{{adaptive>fixed}}-frozen-plain {FITTING}",
            f"compare_cells fer2013-7-small narrow16-20-{{adaptive>fixed}}-working-plain {FITTING} n=5",
        ],
        FURTHER: [
            f"compare_cells fer2013-7-released bregnext-50-{{adaptive>fixed}}-frozen-plain {FITTING}",
            f"compare_cells ferplus-8 bregnext-50-{{adaptive>fixed}}-working-plain {FITTING} n=5",
        ],
        SEEN: [
            f"{QUICK} narrow8-12-{{adaptive>fixed}}-working-plain accuracy",
            f"{QUICK} narrow8-12-{{adaptive>fixed}}-frozen-plain accuracy",
        ],
        MACHINERY: [
            "measured_difference diffusionfer-7-quick narrow8-12-{adaptive>fixed}-working-plain accuracy",
            "measured_difference synthetic-8 narrow8-12-{adaptive>fixed}-working-plain accuracy",
        ],
    },
    "contempt": {
        DECIDING: ["compare_cells affectnet-8 bregnext-50-{adaptive>identity}-working-plain recall of contempt"],
        FURTHER: ["compare_cells ferplus-8 bregnext-50-{adaptive>identity}-working-plain recall of contempt n=5"],
        MACHINERY: ["measured_difference synthetic-8 narrow8-12-{adaptive>identity}-working-plain recall of contempt"],
    },
    "weighted-helps": {
        DECIDING: [f"compare_cells fer2013-7 bregnext-50-fixed-working-{{weighted>plain}} {RARE} disgust n=5"],
        SCALED_DOWN: [
            f"compare_cells fer2013-7-small narrow16-50-fixed-working-{{weighted>plain}} {RARE} disgust",
            f"compare_cells fer2013-7-small narrow16-50-identity-working-{{weighted>plain}} {RARE} disgust",
        ],
        FURTHER: [f"compare_cells ferplus-8 bregnext-50-fixed-working-{{weighted>plain}} {RARE} contempt n=5"],
        SEEN: [
            f"{QUICK} narrow8-12-fixed-working-{{weighted>plain}} accuracy",
            f"{QUICK} narrow8-12-fixed-working-{{weighted>plain}} balanced_accuracy",
            f"{QUICK} narrow8-12-fixed-working-{{weighted>plain}} recall of disgust",
            f"{QUICK} narrow8-12-fixed-frozen-{{weighted>plain}} accuracy",
            f"{QUICK} narrow8-12-fixed-frozen-{{weighted>plain}} balanced_accuracy",
        ],
        MACHINERY: ["measured_difference synthetic-8 narrow8-12-fixed-working-{weighted>plain} accuracy"],
    },
    "bregnet-sota": {DECIDING: ["not_testable"]},
    "bregnet-shallower": {
        DECIDING: ["compare_cells fer2013-7 {bregnext-50-fixed-working>resnet101-smallstem}-plain accuracy"],
        SCALED_DOWN: [
            "compare_cells fer2013-7-small narrow16-{20-fixed>50-identity}-working-plain accuracy n=5",
            "working BatchNorm: compare_cells fer2013-7-small narrow16-50-{fixed>identity}-working-plain accuracy n=5",
            "frozen BatchNorm: compare_cells fer2013-7-small narrow16-50-{fixed>identity}-frozen-plain accuracy",
            "compare_cells fer2013-7-small narrow16-20-{fixed>identity}-working-plain accuracy n=5",
        ],
        SEEN: [f"{QUICK} narrow8-12-{{fixed>identity}}-{n}-plain accuracy" for n in ("working", "frozen")],
    },
    "affect-models": {
        DECIDING: [
            "AffectNet, categorical: compare_cells affectnet-8 bregnext-50-{adaptive>identity}-working-plain accuracy",
            "AffectNet, dimensional: compare_cells affectnet-va bregnext-50-{adaptive>identity}-working-mse rmse_mean",
            "FER2013, categorical: compare_cells fer2013-7 bregnext-50-{adaptive>identity}-working-plain accuracy n=5",
            "Affect-in-Wild, dimensional: compare_cells affwild-va bregnext-50-{adaptive>identity}-working-mse rmse_mean",
        ],
        MACHINERY: [
            f"measured_difference {protocol} narrow8-12-{{adaptive>identity}}-working-mse rmse_mean"
            for protocol in ("diffusionfer-va-quick", "synthetic-va")
        ],
    },
    "sota": {DECIDING: ["not_testable"]},
}  # fmt: skip

DEEPENING, TRAINED = "narrow8-12, narrow8-32, narrow8-56, narrow8-110", "narrow8-12, narrow8-32"
FIXED, EITHER, BOTH = ("fixed",), ("fixed", "adaptive"), "working, frozen"
OF_EIGHT = "100, 101, 102, 103, 104, 105, 106, 107"
CPU = f"fer2013-7 fer2013-cpu start {DEEPENING}; trained {TRAINED}"
DRAWN = f"synthetic-8 default start {DEEPENING}; trained {TRAINED}"
DEEP = f"fer2013-7 fer2013-start start {DEEPENING}; trained none; seeds {OF_EIGHT}; n=8"
PAPERS = f"fer2013-7 fer2013-start start bregnext-50; trained none; seeds {OF_EIGHT}; n=8"
PAPERS_TRAINED = "fer2013-7 fer2013-paper start none; trained bregnext-50; seeds 100, 101, 102; n=3"
STUDY = f"fer2013-7-small fer2013-study-start start narrow16-50; trained none; seeds {OF_EIGHT}; n=8"
STUDY_TRAINED = f"fer2013-7-small fer2013-study start narrow16-50; trained narrow16-50; seeds {OF_EIGHT}; n=8"
SEEDS = "; seeds 0, 1, 2"
# (which bounded shortcuts, BatchNorm, the rest), in the order of the file
GRADIENTS = {
    "bounded-gradient": {
        DECIDING: [("fixed", "working", CPU + SEEDS)],
        SCALED_DOWN: [("fixed", n, each) for n in ("working", "frozen") for each in (STUDY, STUDY_TRAINED)],
        FURTHER: [
            ("adaptive", "working", CPU + SEEDS),
            ("fixed", "frozen", CPU + SEEDS),
            ("adaptive", "frozen", CPU + SEEDS),
            *(("fixed", n, each) for n in ("working", "frozen") for each in (DEEP, PAPERS, PAPERS_TRAINED)),
        ],
        MACHINERY: [(shortcut, n, DRAWN) for n in ("working", "frozen") for shortcut in ("fixed", "adaptive")],
    },
    "lessened-gradient": {
        DECIDING: [("fixed", BOTH, DEEP)],
        SCALED_DOWN: [("fixed", BOTH, STUDY), ("fixed", BOTH, STUDY_TRAINED), ("adaptive", BOTH, STUDY_TRAINED)],
        FURTHER: [("fixed", BOTH, PAPERS), ("fixed", BOTH, PAPERS_TRAINED), ("adaptive", BOTH, PAPERS_TRAINED)],
        SEEN: [(shortcut, BOTH, f"{CPU}{SEEDS}; n=3") for shortcut in ("fixed", "adaptive")],
        MACHINERY: [(shortcut, BOTH, f"{DRAWN}{SEEDS}") for shortcut in ("fixed", "adaptive")],
    },
}
NEEDS = {
    "affectnet-8": "AffectNet", "affectnet-va": "AffectNet with valence and arousal", "affwild-va": "Aff-Wild",
    "fer2013-7": "FER2013", "ferplus-8": "FER+", "diffusionfer-7": "DiffusionFER", "diffusionfer-va": "DiffusionFER",
    "synthetic-8": "drawn faces", "synthetic-va": "drawn faces",
}  # fmt: skip


@pytest.fixture(scope="module")
def claims():
    return {claim.id: claim for claim in load_claims()}


def each_test(claim, role):
    """(name of the condition or "", test) of each test that is run."""
    return [each for test in claim.tests(role) for each in (test.conditions.items() if test.conditions else [("", test)])]


def in_one_line(condition, test):
    """Every parameter of a test, once, as the table above is written."""
    left = dict(test.parameters)
    left.pop("needs", None)
    if test.rule == "not_testable":
        assert set(left) == {"missing"}
        return test.rule
    words = [f"{condition}: {test.rule}" if condition else test.rule, left.pop("protocol")]
    words.append(left.pop("cell") if "cell" in left else side_by_side(left.pop("a"), left.pop("b")))
    metric = left.pop("quantity") if "quantity" in left else left.pop("metric")
    words.append(", ".join(metric) if isinstance(metric, list) else metric)
    if "of_class" in left:
        words[-1] += f" of {left.pop('of_class')}"
    if "beside" in left:
        words[-1] += f", beside {', '.join(left.pop('beside'))}"
    if "value" in left:
        words.append(f"{left.pop('value'):.10g}")
    if "precision" in left:
        words.append(f"+-{left.pop('precision'):.10g}")
    if (planned := left.pop("minimum_seeds", 3)) != 3:
        words.append(f"n={planned}")
    assert not left, left
    return " ".join(words)


def side_by_side(a, b):
    """x-{a>b}-y: the parts between hyphens in which two names differ."""
    one, two, before, after = a.split("-"), b.split("-"), [], []
    while one[0] == two[0]:
        before.append(one.pop(0))
        two.pop(0)
    while one[-1] == two[-1]:
        after.insert(0, one.pop())
        two.pop()
    return "-".join([*before, f"{{{'-'.join(one)}>{'-'.join(two)}}}", *after])


def test_every_claim_is_here_in_the_order_of_the_papers_abstracts(claims):
    assert list(claims) == [
        "acc-affectnet", "acc-fer2013", "rmse-affectnet", "rmse-affwild", "params", "flops", "beats-resnet", "shallower",
        "trainable-helps", "contempt", "bounded-gradient", "lessened-gradient", "weighted-helps", "bregnet-sota",
        "bregnet-shallower", "affect-models", "sota",
    ]  # fmt: skip
    assert set(claims) == set(COMPARED) | set(GRADIENTS)


@pytest.mark.parametrize("claim", COMPARED)
def test_every_test_over_runs(claims, claim):
    for role in ROLES:
        found = [in_one_line(name, one) for name, one in each_test(claims[claim], role)]
        assert found == COMPARED[claim].get(role, []), role


@pytest.mark.parametrize("claim", GRADIENTS)
def test_every_test_over_gradients(claims, claim):
    for role in ROLES:
        found = []
        for name, one in each_test(claims[claim], role):
            left = {key: value for key, value in one.parameters.items() if key != "needs"}
            assert not name and left.pop("b") == "identity"
            if claim == "bounded-gradient":
                assert one.rule == "gradient_ratio"
                normalisation = left.pop("normalisation")
            else:
                assert one.rule == "gradient_lessened"
                normalisation = ", ".join(left.pop("normalisations"))
            start, trained = (", ".join(left.pop(key)) or "none" for key in ("networks", "trained"))
            rest = f"{left.pop('protocol')} {left.pop('plan')} start {start}; trained {trained}"
            if "seeds" in left:
                rest += f"; seeds {', '.join(map(str, left.pop('seeds')))}"
            if "minimum_seeds" in left:
                rest += f"; n={left.pop('minimum_seeds')}"
            found.append((left.pop("a"), normalisation, rest))
            assert not left, left
        assert found == GRADIENTS[claim].get(role, []), role


def test_the_data_that_a_test_needs_are_those_of_its_protocol(claims):
    for claim in claims.values():
        for role in ROLES:
            for _, one in each_test(claim, role):
                if one.rule not in ("not_testable", "complexity_value"):  # these wait for no data
                    protocol = one.parameters["protocol"]
                    for end in ("-quick", "-small", "-released"):
                        protocol = protocol.removesuffix(end)
                    assert one.parameters["needs"] == NEEDS[protocol], (claim.id, role)


# What others report. "name: value", as published by the authors who are named in the file.
OF_RESMASKINGNET = {
    "ResAttNet56": "68.54", "VGG19": "70.80", "EfficientNet-b2b": "70.80", "GoogLeNet": "71.97", "ResNeXt50": "72.22",
    "ResNet34": "72.42", "InceptionV3": "72.72", "ResNet50": "72.86", "DenseNet121": "73.16", "CBAM-R50": "73.39",
    "ResNet101": "73.47", "ResMaskingNet (random 8-view TTA)": "74.14",
    "Ensemble of seven networks, ResMaskingNet among them": "76.82",
}  # fmt: skip
ANCHORS = {
    "fer2013": {"VGG without extra data": "73.28", "ResNet18": "73.70"}
    | {"VGG19 and ResNet18, ten crops": "73.11 and 72.97, PublicTest 71.50 and 71.19"}
    | OF_RESMASKINGNET
    | {"Six networks of BReG-Net's table": "65.16 to 69.49"},
    "affectnet": {  # 8 classes, 7 classes
        "DDAMFN": "64.25 and 67.03", "POSTER++": "63.77 and 67.49", "S2D": "63.06 and 67.62",
        "HSEmotion B2": "63.03 and 66.29", "DAN": "62.09 and 65.69", "HSEmotion B0": "61.93 and 64.94",
        "EfficientFace": "59.89 and 63.70", "AlexNet baseline, 8 classes": "58",
        "BReG-NeXt-50 on a balanced subset, 8 classes, independent test": "57.8 (2,611 of 4,520), contempt recall .56",
        "Six networks of BReG-Net's table": "57.37 to 64.02",
    },
    "affectnet-va": {  # valence / arousal
        "CAGE MaxViT joint: valence and arousal pooled into one vector": "RMSE .3196 CCC .784",
        "CAGE MaxViT, each dimension on its own": "RMSE .331 / .305 CCC .716 / .642",
        "EmoNet-8 on its own cleaned test set, each dimension on its own": "RMSE .29 / .27 CCC .82 / .75 SAGR .84 / .80",
        "EmoNet-8 on the full set, each dimension on its own": "RMSE .38 / .32 CCC .57 / .52",
    },
}  # fmt: skip


def test_what_others_report():
    anchors = load_anchors()
    found = {data: [(f["name"], f["value"]) for f in of["figures"]] for data, of in anchors.items()}
    assert found == {data: list(of.items()) for data, of in ANCHORS.items()}
