"""How well people agree, measured on published votes and ratings. Only aggregate numbers are written, to reports/humans."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

from benchmark.errors import BadInput
from benchmark.faces.audit.label_checks import plain_name
from benchmark.faces.faceset import FaceSet
from benchmark.faces.raters import affectnet_c25
from benchmark.faces.raters.agreement import (
    DIMENSIONAL,
    bootstrap,
    leave_one_out,
    nominal,
    pairwise,
    retest,
    vote_accuracy,
)
from benchmark.files import Json, write_json

SCHEMA = {"ferplus": 2, "affectnet_c25": 1}  # 2: with panel_retest
SPLIT = "PrivateTest"
EDITION = "2.0"  # of FER+, in which copies of a picture have votes of their own


def ferplus(fer2013: FaceSet, voted: FaceSet, out: Path) -> dict[str, Json]:
    """Write ``out/ferplus.json``, from the pictures that have a majority label in FER+: of the first three parts those of
    the test split, of the others all.

    * leave_one_out: a rater's vote (including "unknown" and "not a face") compared with the majority of the other nine;
    * agreement: Fleiss' kappa and Krippendorff's alpha between the ten raters;
    * fer2013_label: accuracy and Cohen's kappa of the FER2013 label compared with the FER+ majority, on pictures whose
      majority is one of the seven classes that both data sets have;
    * panel_retest: accuracy and Cohen's kappa of the majority of one panel of ten compared with that of another one on the
      same picture, over all pairs of exact copies whose votes differ, so that two panels certainly voted. Intervals over
      groups of copies;
    * panel_retest_all: the same over all pairs of copies. Most of the equal votes are unanimous or nearly so, as those of
      two panels can be; without them the agreement is too low, and with them too high if some panels voted once for both;
    * editions: how the two editions of the votes differ, summed over the splits; copies: groups of exact copies, and those
      of them with different labels.

    Raises:
        BadInput: FaceSets that are not fer2013 and ferplus, ids that FER2013 does not have, or the edition of the votes that
            gives copies the votes of the first one.
    """
    for faces, name in ((fer2013, "fer2013"), (voted, "ferplus")):
        if faces.meta["name"] != name:
            raise BadInput(faces.directory, f"FaceSet {faces.meta['name']}", name)
    if voted.votes is None:
        raise BadInput(voted.directory, "no votes", "the raters' votes, as `ferbench prepare ferplus` writes them")
    difference = voted.meta["how"].get("difference")
    if voted.meta["version"] != EDITION or difference is None:
        expected = f"{EDITION}, the edition of label.csv, in which copies of a picture have votes of their own"
        raise BadInput(voted.directory, f"ferplus {voted.meta['version']}", expected)
    rows = voted.rows(SPLIT)
    counts = voted.votes[rows]
    equal = counts[counts.sum(axis=1) == 10]
    row_of = {face: row for row, face in enumerate(fer2013.id.tolist())}
    if missing := set(voted.id[rows].tolist()) - set(row_of):
        raise BadInput(voted.directory, f"{min(missing)}, which FER2013 lacks", "the ids of FER2013")
    theirs = np.array([plain_name(name) for name in fer2013.classes])[
        fer2013.expression[[row_of[f] for f in voted.id[rows]]]
    ]
    majority = np.array([plain_name(name) for name in voted.classes])[voted.expression[rows]]
    common = np.isin(majority, [plain_name(name) for name in fer2013.classes])
    labels = np.stack([theirs[common], majority[common]], axis=1)
    contents = {
        "schema": SCHEMA["ferplus"],
        "source": "FER+ votes (Barsoum et al. 2016) and FER2013 labels",
        "pictures": f"{SPLIT} pictures of FER2013 with a majority in FER+",
        "sha256": {"fer2013 FaceSet": fer2013.fingerprint, "ferplus FaceSet": voted.fingerprint},
        "raters": 10,
        "leave_one_out": {"n": len(rows)} | bootstrap(_accuracy_of_votes, [vote_accuracy(counts)]),
        "agreement": {"n": len(equal)} | bootstrap(lambda parts: nominal(parts[0]), [equal]),
        "fer2013_label": {"n": len(labels)} | bootstrap(_label_against_label, [labels]),
        "panel_retest": _retest(voted, differing=True),
        "panel_retest_all": _retest(voted, differing=False),
        "editions": _summed(difference),
        "copies": _conflicts(voted),
    }
    write_json(out / "ferplus.json", contents)
    return contents


def _retest(voted: FaceSet, *, differing: bool) -> dict[str, Json]:
    """The agreement of the labels of exact copies. `differing`: only over pairs whose votes differ."""
    assert voted.votes is not None  # checked by the caller
    k = len(voted.classes)
    confusions = []
    for rows in _copies(voted):
        own = np.zeros((k, k), np.int64)
        for a, b in itertools.combinations(rows, 2):
            if not (differing and np.array_equal(voted.votes[a], voted.votes[b])):
                own[voted.expression[a], voted.expression[b]] += 1
        if own.any():
            confusions.append(own)
    pictures = "pairs of exact copies of FER2013's pictures with a majority in FER+, all splits"
    n: dict[str, Json] = {"pictures": f"{pictures}{', with different votes' * differing}", "groups": len(confusions)}
    stacked = np.array(confusions)
    return {"n": int(stacked.sum())} | n | bootstrap(lambda parts: retest(parts[0]), [stacked])


def _copies(faces: FaceSet) -> list[list[int]]:
    """The rows of each group of two or more exact copies."""
    groups: dict[str, list[int]] = {}
    for row, digest in enumerate(faces.sha256.tolist()):
        groups.setdefault(digest, []).append(row)
    return [rows for rows in groups.values() if len(rows) > 1]


def _conflicts(faces: FaceSet) -> dict[str, int]:
    groups = _copies(faces)
    return {"groups": len(groups), "conflicting": sum(len(set(faces.expression[rows].tolist())) > 1 for rows in groups)}


def _summed(difference: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {what: sum(own[what] for own in difference.values()) for what in next(iter(difference.values()))}


def c25(folder: Path, out: Path) -> dict[str, Json]:
    """Write ``out/affectnet_c25.json`` from the six files of AffectNetC25 in `folder`.

    * leave_one_out, pairwise: RMSE, CORR, CCC and SAGR for valence, arousal and their mean, averaged over the raters (or
      pairs) of both sets;
    * expression: accuracy of a rater compared with the majority of the others;
    * agreement: Fleiss' kappa and Krippendorff's alpha;
    * the same four for Set I and Set II separately, with names that end in _set1 and _set2, because the pictures of Set I
      were chosen for being confusing.

    Raises:
        BadInput: as `affectnet_c25.read`.
    """
    sets, digests = affectnet_c25.read(folder)
    both = [np.stack([ratings.valence, ratings.arousal], axis=1) for ratings in sets]
    votes = [_counts(ratings.expression, len(affectnet_c25.CLASSES)) for ratings in sets]
    parts = _c25_parts(both, votes)
    for number, *own in zip(affectnet_c25.SETS, both, votes, strict=True):
        parts |= {f"{name}_set{number}": values for name, values in _c25_parts(*([each] for each in own)).items()}
    contents = {
        "schema": SCHEMA["affectnet_c25"],
        "source": "AffectNetC25 (github.com/kdoodoo/affectnetc25)",
        "pictures": "two sets of 800 pictures of AffectNet's training list, each with 25 raters of its own",
        "sha256": digests,
        "raters": affectnet_c25.RATERS,
    } | parts
    write_json(out / "affectnet_c25.json", contents)
    return contents


def _c25_parts(affect: Sequence[np.ndarray], votes: Sequence[np.ndarray]) -> dict[str, dict[str, Json]]:
    """Name of a part -> its figures and n. `affect`: for each set, float (800, 2, raters). `votes`: for each set, int
    (800, classes)."""
    n = {"n": sum(map(len, votes))}
    return {
        "leave_one_out": n | bootstrap(lambda parts: _affect(leave_one_out, parts), affect),
        "pairwise": n | bootstrap(lambda parts: _affect(pairwise, parts), affect),
        "expression": n | bootstrap(_accuracy_of_votes, [vote_accuracy(each) for each in votes]),
        "agreement": n | bootstrap(lambda parts: nominal(np.concatenate(parts)), votes),
    }


def _accuracy_of_votes(parts: Sequence[np.ndarray]) -> dict[str, float]:
    return {"accuracy": float(np.concatenate(parts).mean())}


def _label_against_label(parts: Sequence[np.ndarray]) -> dict[str, float]:
    a, b = parts[0].T
    return {"accuracy": float(np.mean(a == b)), "kappa": float(cohen_kappa_score(a, b))}


def _affect(measure: Callable[[np.ndarray], Mapping[str, float]], parts: Sequence[np.ndarray]) -> dict[str, float]:
    """`measure` of valence, of arousal and their mean, averaged over the sets; the keys are names of metrics. `parts`: for
    each set, float (N, 2, raters)."""
    out: dict[str, float] = {}
    for column, dimension in enumerate(("valence", "arousal")):
        each = [measure(part[:, column]) for part in parts]
        out |= {f"{name}_{dimension}": float(np.mean([found[name] for found in each])) for name in DIMENSIONAL}
    return out | {f"{name}_mean": (out[f"{name}_valence"] + out[f"{name}_arousal"]) / 2 for name in DIMENSIONAL}


def _counts(votes: np.ndarray, answers: int) -> np.ndarray:
    return np.stack([np.sum(votes == k, axis=1) for k in range(answers)], axis=1)
