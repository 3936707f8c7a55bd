"""What every plan of profiles.yaml trains, in which order and with which seeds: typed in from the rules ("Planned seeds"),
the study and the grid of the papers' question as they were planned, and the README's list of plans."""

import re

import pytest

from benchmark.runs.plan import parts, profile_entry, profile_names

THREE, FIVE = [0, 1, 2], [0, 1, 2, 3, 4]
SHORTCUTS = "{adaptive,fixed,identity}"  # in the order of cells.yaml, in which a pattern finds them
BOTH = "{working,frozen}"
RESNETS = "resnet18-smallstem,resnet34-smallstem,resnet50-smallstem"
# Per protocol the cells, each line with its seeds. A name stands for several: {a,b} is a and b.
GRID = [  # the papers' question: shortcut x BatchNorm x loss
    (f"bregnext-50-{SHORTCUTS}-working-plain", FIVE),
    (f"bregnext-50-post-{SHORTCUTS}-working-plain", THREE),
    (f"bregnext-50-{SHORTCUTS}-working-weighted", FIVE),
    (f"bregnext-50-{SHORTCUTS}-frozen-plain", THREE),
    (f"bregnext-50-{SHORTCUTS}-frozen-weighted", THREE),
]
POST = f"bregnext-50-post-{SHORTCUTS}-working"  # `bregnext-50-*-working-...` matches these too
OF_VIDEOS = [
    (f"bregnext-50-{SHORTCUTS}-{BOTH}-mse", THREE),
    (f"{POST}-mse", THREE),
    (f"bregnext-50-{SHORTCUTS}-working-ccc", THREE),
    ("resnet{18,50}-smallstem-mse", THREE),
]
# Profile -> its parts; a plan without parts is one.
PLANS = {
    "default": [
        {
            "synthetic-8": [
                (f"narrow8-12-{SHORTCUTS}-working-plain", THREE),
                (f"narrow8-12-{SHORTCUTS}-working-weighted", THREE),
                ("narrow8-12-{identity,adaptive}-frozen-plain", THREE),
                ("{mini-xception,resnet18}-plain", THREE),
            ],
            "synthetic-va": [(f"narrow8-12-{SHORTCUTS}-working-mse", THREE)],
        }
    ],
    "smoke": [
        {
            "synthetic-8": [("narrow8-12-{identity-working-plain,adaptive-working-weighted}", [0])],
            "synthetic-va": [("narrow8-12-adaptive-working-mse", [0])],
        }
    ],
    "fer2013-quick": [{"fer2013-7-quick": [("narrow16-12-{identity,adaptive}-working-plain", [0])]}],
    "fer2013-cpu": [
        {"fer2013-7-quick": [(f"narrow8-12-{SHORTCUTS}-{BOTH}-{loss}", THREE) for loss in ("plain", "weighted")]}
    ],
    "fer2013-study": [  # the four parts of the study, docs/reference/profiles.md
        {
            "fer2013-7-small": [
                (f"narrow16-50-{SHORTCUTS}-working-plain", FIVE),
                (f"narrow16-50-{SHORTCUTS}-frozen-plain", THREE),
            ]
        },
        {"fer2013-7-small": [("narrow16-50-{identity,fixed}-working-weighted", THREE)]},
        {"fer2013-7-small": [(f"narrow16-20-{SHORTCUTS}-working-plain", FIVE)]},
        {"fer2013-7-small": [("resnet{18,50}-ownrate-plain", THREE)]},
    ],
    "fer2013": [
        {
            "fer2013-7": [*GRID, (f"{{{RESNETS},resnet101-smallstem,vgg13,mini-xception}}-plain", THREE)],
            "fer2013-7-released": [(f"bregnext-50-{SHORTCUTS}-frozen-plain", THREE)],
        }
    ],
    "ferplus": [
        {
            "ferplus-8": [*GRID, (f"{{{RESNETS},vgg13,mini-xception}}-plain", THREE)],
            "ferplus-8-released": [(f"bregnext-50-{SHORTCUTS}-frozen-plain", THREE)],
        }
    ],
    "carried": [{"ferplus-8-small": [("narrow16-{12,20,50}-adaptive-working-plain", [0])]}],
    "diffusionfer": [
        {
            "diffusionfer-7-quick": [(f"narrow8-12-{SHORTCUTS}-working-plain", THREE)],
            "diffusionfer-va-quick": [(f"narrow8-12-{SHORTCUTS}-working-mse", THREE)],
        }
    ],
    "diffusionfer-gpu": [
        {
            "diffusionfer-7": [
                (f"bregnext-50-{{,post-}}{SHORTCUTS}-working-plain", THREE),
                ("resnet18-smallstem-plain", THREE),
            ],
            "diffusionfer-va": [
                (f"bregnext-50-{{,post-}}{SHORTCUTS}-working-mse", THREE),
                (f"bregnext-50-{SHORTCUTS}-working-ccc", THREE),
                ("resnet18-smallstem-mse", THREE),
            ],
        }
    ],
    "affwild": [{"affwild-va": OF_VIDEOS}],
    "affwild2": [{"affwild2-va": OF_VIDEOS}],
    "affectnet": [
        {
            "affectnet-8": [
                (f"bregnext-50-{SHORTCUTS}-{BOTH}-plain", THREE),
                (f"{POST}-plain", THREE),
                (f"bregnext-50-{SHORTCUTS}-{BOTH}-weighted", THREE),
                ("resnet{18,34,50,101}-smallstem-plain", THREE),
            ],
            "affectnet-va": OF_VIDEOS,
        }
    ],
    "rafdb-quick": [{"rafdb-7-quick": [(f"narrow8-12-{SHORTCUTS}-working-plain", [0])]}],
    "rafdb": [
        {
            "rafdb-7": [
                (f"bregnext-50-{SHORTCUTS}-{BOTH}-plain", THREE),
                (f"{POST}-plain", THREE),
                (f"bregnext-50-{SHORTCUTS}-working-weighted", THREE),
                ("resnet{18,50}-smallstem-plain", THREE),
            ]
        }
    ],
    "expw": [
        {
            "expw-7": [
                (f"bregnext-50-{{,post-}}{SHORTCUTS}-working-plain", THREE),
                ("resnet18-smallstem-plain", THREE),
            ]
        }
    ],
    "ckplus48": [{"ckplus48-7": [(f"narrow8-12-{SHORTCUTS}-working-plain", THREE)]}],
    "jaffe": [{"jaffe-7": [(f"narrow8-12-{SHORTCUTS}-working-plain", THREE)]}],
    "afewva": [
        {
            "afewva-va": [
                (f"bregnext-50-{{,post-}}{SHORTCUTS}-working-mse", THREE),
                (f"bregnext-50-{SHORTCUTS}-working-ccc", THREE),
                ("resnet18-smallstem-mse", THREE),
            ]
        }
    ],
}
# Besides the runs: options of `prepare` (docs/data), plans of gradients, the search of rates.
BESIDE = {
    "default": {"data": {"synthetic": {"faces": 4200}}, "gradients": ["default"]},
    "smoke": {"data": {"synthetic": {"faces": 600}}, "gradients": ["smoke"]},
    "fer2013-cpu": {"gradients": ["fer2013-cpu"]},
    "fer2013-study": {"rates": "fer2013-small"},
    "fer2013": {"gradients": ["fer2013"]},
}
OF_ONE_SEED = ("smoke", "fer2013-quick", "rafdb-quick", "carried")


def names(written):
    """a-{b,c} -> a-b, a-c; the first braces change last."""
    if not (inner := re.search(r"\{([^{}]*)\}", written)):
        return [written]
    return [each for word in inner[1].split(",") for each in names(written[: inner.start()] + word + written[inner.end() :])]


def test_every_profile_is_here():
    assert list(PLANS) == profile_names()


@pytest.mark.parametrize("profile", PLANS)
def test_what_a_profile_trains(profile):
    """Part by part: the first seed of every cell in the order written, then the second, ...; and nothing else."""
    found = parts(profile)
    assert len(found) == len(PLANS[profile])
    for part, wanted in zip(found, PLANS[profile], strict=True):
        planned = {}
        for run in part:
            planned.setdefault((run.protocol.name, run.cell.name), []).append(run.seed)
        written = [((protocol, cell), own) for protocol, of in wanted.items() for line, own in of for cell in names(line)]
        assert list(planned.items()) == written
        assert [run.seed for run in part] == sorted(run.seed for run in part)


@pytest.mark.parametrize("profile", PLANS)
def test_what_a_profile_says_beside_its_runs(profile):
    entry = profile_entry(profile)
    assert entry["seeds"] == ([0] if profile in OF_ONE_SEED else THREE)
    shown = ("seeds", "runs", "parts", "about", "takes")
    assert {key: value for key, value in entry.items() if key not in shown} == BESIDE.get(profile, {})
