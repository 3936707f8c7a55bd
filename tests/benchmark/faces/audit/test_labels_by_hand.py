"""Checks of labels and findings of an audit from made-up labels and counts, no two of which are equal."""

import copy

import numpy as np
import pytest

from benchmark.faces.audit import label_checks
from benchmark.faces.audit.audit import findings
from benchmark.faces.audit.label_checks import MARGIN, contradictions, label_order, valence_arousal


class Labels:
    """A FaceSet's labels alone: one row a face, (class, valence, arousal)."""

    def __init__(self, *rows, classes, meta=None):
        self.classes, self.meta = classes, meta or {}
        self.expression = np.array([-1 if name is None else classes.index(name) for name, *_ in rows])
        self.valence, self.arousal = (np.array([row[k] for row in rows], float) for k in (1, 2))
        self.id = np.array([f"f{k}" for k in range(len(rows))])

    def __len__(self):
        return len(self.id)


CLASSES = ("neutral", "Happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")


def test_only_what_is_beyond_the_margin_contradicts():
    """Each class just within and just beyond 0.3 on its wrong side, and far beyond on the side that says nothing."""
    assert MARGIN == 0.3
    wrong = {"Happiness": (-1, 0), "surprise": (0, -1)} | dict.fromkeys((*CLASSES[4:], "sadness"), (1, 0))
    rows = [(name, size * v, size * a) for name, (v, a) in wrong.items() for size in (0.29, 0.31)]
    rows += [(name, -0.9 * v or 0.9, -0.9 * a or -0.9) for name, (v, a) in wrong.items() if name != "surprise"]
    rows += [("surprise", -0.9, 0.9), ("neutral", -0.9, -0.9), ("neutral", 0.9, 0.9), ("Happiness", -0.9, np.nan),
             (None, -0.9, -0.9)]  # fmt: skip
    faces = Labels(*rows, classes=CLASSES)
    found = contradictions(faces).tolist()
    assert found == [False, True] * 7 + [False] * (len(rows) - 14)
    account = valence_arousal(faces)["contradictions"]
    assert (account["faces"], account["margin"]) == (7, 0.3)
    assert account["by_class"] == dict.fromkeys(CLASSES, 1) | {"neutral": 0}
    assert account["ids"] == [f"f{k}" for k in range(1, 14, 2)]


def test_the_first_ids_are_listed(monkeypatch):
    monkeypatch.setattr(label_checks, "LISTED", 2)
    faces = Labels(*[("Happiness", -0.9, 0.0)] * 5, classes=CLASSES)
    account = valence_arousal(faces)["contradictions"]
    assert (account["faces"], account["ids"]) == (5, ["f0", "f1"])


def test_range_mean_and_what_is_incomplete():
    nan = np.nan
    faces = Labels((None, -0.7, 0.1), (None, 0.5, nan), (None, 0.8, 0.6), (None, nan, nan), (None, nan, -0.2), classes=())
    assert valence_arousal(faces) == {
        "valence": {"faces": 3, "smallest": -0.7, "largest": 0.8, "mean": 0.2},
        "arousal": {"faces": 3, "smallest": -0.2, "largest": 0.6, "mean": pytest.approx(1 / 6, abs=1e-6)},
        "incomplete": 2, "contradictions": None,
    }  # fmt: skip


RIGHT = {"neutral": (0.0, 0.0), "happy": (0.7, 0.2), "sad": (-0.6, -0.3), "surprise": (0.1, 0.7), "fear": (-0.5, 0.6),
         "disgust": (-0.6, 0.3), "angry": (-0.5, 0.5), "contempt": (-0.4, 0.2)}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("happy", (-0.1, 0.2), "mean valence of happy -0.10 is not above that of neutral 0.00"),
        ("surprise", (0.1, -0.1), "mean arousal of surprise -0.10 is not above that of neutral 0.00"),
        ("fear", (-0.5, -0.1), "mean arousal of fear -0.10 is not above that of neutral 0.00"),
        ("angry", (-0.5, -0.1), "mean arousal of angry -0.10 is not above that of neutral 0.00"),
        ("sad", (-0.6, 0.55), "mean arousal of angry 0.50 is not above that of sad 0.55"),
        *((name, (0.1, RIGHT[name][1]), f"mean valence of neutral 0.00 is not above that of {name} 0.10")
          for name in ("sad", "fear", "disgust", "angry", "contempt")),
    ],
)  # fmt: skip
def test_every_inequality_of_the_circumplex_is_tried(name, value, words):
    def order(means):
        return label_order(Labels(*((key, v, a) for key, (v, a) in means.items()), classes=tuple(means)), None)

    assert order(RIGHT) == {"by": "valence and arousal", "ok": True, "found": "all 10 inequalities of class means hold"}
    assert order(RIGHT | {name: value}) == {"by": "valence and arousal", "ok": False, "found": words}


def test_a_better_assignment_is_named_with_its_numbers():
    table = {"other": "x", "rows": ["angry", "happy", "sad"], "columns": ["happiness", "anger", "sadness"],
             "counts": [[50, 3, 2], [4, 40, 1], [9, 2, 30]]}  # fmt: skip
    faces = Labels(("happy", 0, 0), classes=("happy",), meta={"how": {"cross_tabulation": table}})
    assert label_order(faces, None)["found"] == (
        "37 of 141 faces have the same name in x (26.2%); 120 would with angry as happy, happy as angry"
    )


CONTENTS = {
    "counts": {"train": {"a": 1003, "b": 17}, "odd": {"a": 1}}, "expected": {"train": {"a": 1009, "b": 17}},
    "label_order": {"by": "x", "ok": False, "found": "y"}, "blank": {"faces": 23, "unflagged": 0, "ids": []},
    "groups": {"groups": 101, "in_several_splits": 5, "names": []},
    "exact_copies": {"groups": 11, "across_splits": 7, "conflicting": 3},
    "near_copies": {"groups": {"groups": 47, "across_splits": 2903, "conflicting": 13}},
    "valence_arousal": {"incomplete": 19, "contradictions": {"faces": 1103, "margin": 0.3}}, "known_as": None,
}  # fmt: skip


def test_every_finding_has_its_own_number():
    assert findings(CONTENTS) == {
        "wrong": [
            "train has 1,003 faces of a, published are 1,009", "unexpected splits: odd", "class order doubtful, by x: y",
            "5 groups (subject, video) lie in more than one split",
            "7 groups of exact copies lie in more than one split",
            "2,903 groups of near or exact copies lie in more than one split",
            "19 faces have valence without arousal, or arousal without valence",
        ],
        "note": [
            "23 pictures of one value alone, all flagged",
            "3 groups of exact copies have members of different expressions",
            "13 groups of near or exact copies have members of different expressions",
            "valence or arousal of 1,103 faces contradicts the expression by more than 0.3",
            "this fingerprint is not among the known ones of benchmark/faces/fingerprints.yaml",
        ],
    }  # fmt: skip
    other = copy.deepcopy(CONTENTS) | {"near_copies": None, "known_as": "an edition"}
    other["blank"]["unflagged"] = 9
    found = findings(other)
    assert "9 pictures of one value alone are not flagged" in found["wrong"]
    assert found["note"][1:] == ["near copies were not searched", findings(CONTENTS)["note"][3]]
