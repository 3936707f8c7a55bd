"""How well people agree, measured on published votes and ratings. Only aggregate numbers are written, to reports/humans."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

from benchmark.errors import BadInput
from benchmark.faces.audit.label_checks import plain_name
from benchmark.faces.faceset import FaceSet
from benchmark.faces.raters import affectnet_c25
from benchmark.faces.raters.agreement import DIMENSIONAL, bootstrap, leave_one_out, nominal, pairwise, vote_accuracy
from benchmark.files import Json, write_json

SCHEMA = 1
SPLIT = "PrivateTest"


def ferplus(fer2013: FaceSet, voted: FaceSet, out: Path) -> dict[str, Json]:
    """Write ``out/ferplus.json``, from the test pictures that have a majority label in FER+.

    * leave_one_out: a rater's vote (including "unknown" and "not a face") compared with the majority of the other nine;
    * agreement: Fleiss' kappa and Krippendorff's alpha between the ten raters;
    * fer2013_label: accuracy and Cohen's kappa of the FER2013 label compared with the FER+ majority, on pictures whose
      majority is one of the seven classes that both data sets have.

    Raises:
        BadInput: FaceSets that are not fer2013 and ferplus, or ids that FER2013 does not have.
    """
    for faces, name in ((fer2013, "fer2013"), (voted, "ferplus")):
        if faces.meta["name"] != name:
            raise BadInput(faces.directory, f"FaceSet {faces.meta['name']}", name)
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
        "schema": SCHEMA,
        "source": "FER+ votes (Barsoum et al. 2016) and FER2013 labels",
        "pictures": f"{SPLIT} pictures of FER2013 with a majority in FER+",
        "sha256": {"fer2013 FaceSet": fer2013.fingerprint, "ferplus FaceSet": voted.fingerprint},
        "raters": 10,
        "leave_one_out": {"n": len(rows)} | bootstrap(_accuracy_of_votes, [vote_accuracy(counts)]),
        "agreement": {"n": len(equal)} | bootstrap(lambda parts: nominal(parts[0]), [equal]),
        "fer2013_label": {"n": len(labels)} | bootstrap(_label_against_label, [labels]),
    }
    write_json(out / "ferplus.json", contents)
    return contents


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
        "schema": SCHEMA,
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


def _affect(measure: Callable[..., float], parts: Sequence[np.ndarray]) -> dict[str, float]:
    """`measure` of valence, of arousal and their mean, averaged over the sets; the keys are names of metrics. `parts`: for
    each set, float (N, 2, raters)."""
    out = {}
    for column, dimension in enumerate(("valence", "arousal")):
        each = [measure(part[:, column]) for part in parts]
        out |= {f"{name}_{dimension}": float(np.mean([found[name] for found in each])) for name in DIMENSIONAL}
    return out | {f"{name}_mean": (out[f"{name}_valence"] + out[f"{name}_arousal"]) / 2 for name in DIMENSIONAL}


def _counts(votes: np.ndarray, answers: int) -> np.ndarray:
    return np.stack([np.sum(votes == k, axis=1) for k in range(answers)], axis=1)
