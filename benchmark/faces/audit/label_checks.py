"""Checks whether the labels of a FaceSet mean what their names say: valence and arousal against expression, class order.

The rules follow the circumplex of affect (Russell 1980, J. Personality and Social Psychology 39, 1161-1178): happiness is
pleasant; sadness, anger, fear, disgust and contempt are unpleasant; surprise is aroused. The annotators of AffectNet used
similar regions (happy: valence in (0, 1]; Mollahosseini and others 2017, arXiv:1708.03985, section on annotation).
"""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmark.faces.faceset import FaceSet
from benchmark.files import Json

# Other names of an expression in some data sets -> the name used here.
SYNONYMS = {
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
}
UNPLEASANT = ("sad", "angry", "fear", "disgust", "contempt")
# A value contradicts the expression if it lies at least this far on the wrong side of 0. One rater of AffectNet differs from
# the mean of the others by about as much (docs/audit.md, human ceilings), so smaller contradictions may be rater noise.
MARGIN = 0.3
LISTED = 50  # most ids that are listed

# expression -> (dimension, sign of its values)
RULES = {"happy": ("valence", 1), "surprise": ("arousal", 1)} | dict.fromkeys(UNPLEASANT, ("valence", -1))


def plain_name(name: str) -> str:
    """The common name of an expression: "Happiness" and "happy" both become "happy"."""
    return SYNONYMS.get(name.lower(), name.lower())


def contradictions(faces: FaceSet) -> np.ndarray | None:
    """Whether the valence or arousal of each face contradicts its expression by more than `MARGIN`: bool (N,).

    None if no face has an expression as well as valence and arousal.
    """
    known = (faces.expression >= 0) & ~np.isnan(faces.valence) & ~np.isnan(faces.arousal)
    if not known.any():
        return None
    found = np.zeros(len(faces), bool)
    for k, name in enumerate(faces.classes):
        if plain_name(name) in RULES:
            dimension, sign = RULES[plain_name(name)]
            found |= known & (faces.expression == k) & (sign * getattr(faces, dimension) < -MARGIN)
    return found


def valence_arousal(faces: FaceSet) -> dict[str, Json] | None:
    """Range, mean and contradictions of valence and arousal; None for a FaceSet without them.

    Returns:
        {"valence": {faces, smallest, largest, mean}, "arousal": the same, "incomplete": number of faces with only one of the
        two, "contradictions": {margin, faces, by_class: class -> faces, ids: the first `LISTED`} or None}.
    """
    values = {dimension: getattr(faces, dimension) for dimension in ("valence", "arousal")}
    if all(np.isnan(each).all() for each in values.values()):
        return None
    out: dict[str, Json] = {}
    for dimension, each in values.items():
        own = each[~np.isnan(each)].astype(np.float64)
        numbers = {"smallest": own.min(), "largest": own.max(), "mean": own.mean()} if len(own) else {}
        out[dimension] = {"faces": len(own)} | {key: round(float(number), 6) for key, number in numbers.items()}
    out["incomplete"] = int(np.sum(np.isnan(values["valence"]) != np.isnan(values["arousal"])))
    wrong = contradictions(faces)
    out["contradictions"] = None
    if wrong is not None:
        by_class = {name: int(np.sum(wrong & (faces.expression == k))) for k, name in enumerate(faces.classes)}
        ids = faces.id[wrong][:LISTED].tolist()
        out["contradictions"] = {"margin": MARGIN, "faces": int(wrong.sum()), "by_class": by_class, "ids": ids}
    return out


def label_order(faces: FaceSet, expected: Mapping[str, Mapping[str, int]] | None) -> dict[str, Json]:
    """Check, by independent information, that the labels have the class names in the right order.

    There are three checks. The first one that is possible decides:

    * a second label of the same pictures, which the reader has cross-tabulated (``meta["how"]["cross_tabulation"]``): no
      other assignment of names to columns may agree better than the given names;
    * valence and arousal: the class means must be ordered as in the circumplex (this can not distinguish between two
      unpleasant classes);
    * published counts, if no two classes have the same counts: each class must have its published counts.

    Returns:
        {"by": the check that decided ("nothing" if none is possible), "ok": bool or None, "found": one sentence}.
    """
    table = faces.meta.get("how", {}).get("cross_tabulation")
    if table:
        return {"by": "cross-tabulation"} | _by_table(table)
    if faces.classes and contradictions(faces) is not None:
        return {"by": "valence and arousal"} | _by_affect(faces)
    if expected:
        return {"by": "published counts"} | _by_counts(faces.meta["counts"], expected)
    return {"by": "nothing", "ok": None, "found": "no second label, valence and arousal or published counts to tell by"}


def _by_table(table: Mapping[str, Json]) -> dict[str, Json]:
    counts = np.array(table["counts"])
    rows, columns = ([plain_name(name) for name in table[key]] for key in ("rows", "columns"))
    common = [name for name in rows if name in columns]
    square = counts[np.ix_([rows.index(n) for n in common], [columns.index(n) for n in common])]
    best = linear_sum_assignment(square, maximize=True)[1]
    total, agree, most = int(square.sum()), int(np.trace(square)), int(square[np.arange(len(common)), best].sum())
    found = f"{agree} of {total} faces have the same name in {table['other']} ({agree / total:.1%})"
    if agree < most:
        moved = ", ".join(f"{common[i]} as {common[k]}" for i, k in enumerate(best.tolist()) if i != k)
        found += f"; {most} would with {moved}"
    return {"ok": agree == most, "found": found}


def _by_affect(faces: FaceSet) -> dict[str, Json]:
    mean = {}
    for k, name in enumerate(faces.classes):
        own = (faces.expression == k) & ~np.isnan(faces.valence) & ~np.isnan(faces.arousal)
        if own.any():
            mean[plain_name(name)] = {
                d: float(getattr(faces, d)[own].mean(dtype=np.float64)) for d in ("valence", "arousal")
            }
    above = [("happy", "neutral", "valence"), *(("neutral", name, "valence") for name in UNPLEASANT)]
    above += [(name, "neutral", "arousal") for name in ("surprise", "fear", "angry")] + [("angry", "sad", "arousal")]
    tried = [(a, b, dimension) for a, b, dimension in above if a in mean and b in mean]
    wrong = [(a, b, d) for a, b, d in tried if mean[a][d] <= mean[b][d]]
    texts = [f"mean {d} of {a} {mean[a][d]:.2f} is not above that of {b} {mean[b][d]:.2f}" for a, b, d in wrong]
    if not tried:
        return {"ok": None, "found": "none of the classes that the circumplex orders occur"}
    return {"ok": not wrong, "found": "; ".join(texts) or f"all {len(tried)} inequalities of class means hold"}


def _by_counts(counts: Mapping[str, Json], expected: Mapping[str, Json]) -> dict[str, Json]:
    names = {name for split in expected.values() for name in split}
    profile = {name: tuple(split.get(name, 0) for split in expected.values()) for name in names}
    if len(set(profile.values())) < len(profile):
        return {"ok": None, "found": "published counts of two classes are equal in every split"}
    wrong = [
        f"{split} {name}: {counts.get(split, {}).get(name, 0)} faces, published {number}"
        for split, own in expected.items()
        for name, number in own.items()
        if counts.get(split, {}).get(name, 0) != number
    ]
    return {
        "ok": not wrong,
        "found": "; ".join(wrong) or "every class has its published counts, which differ between classes",
    }
