"""Do the labels of a FaceSet mean what their names say? Valence and arousal against expression, and the class order.

The rules follow the circumplex of affect (Russell 1980, J. Personality and Social Psychology 39, 1161-1178): happiness is
pleasant; sadness, anger, fear, disgust and contempt are unpleasant; surprise is aroused. AffectNet's annotators worked
with such regions (happy: valence in (0, 1]; Mollahosseini and others 2017, arXiv:1708.03985, section on annotation).
"""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmark.faces.faceset import FaceSet
from benchmark.files import Json

# Names that data sets give to one expression.
SYNONYMS = {
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
}
UNPLEASANT = ("sad", "angry", "fear", "disgust", "contempt")
# How far a value must lie on the wrong side of 0: about what one rater of AffectNet differs from the others' mean
# (docs/audit.md, human ceilings), so that a contradiction is more than a rater's doubt about "neutral".
MARGIN = 0.3
LISTED = 50  # ids written out at most

# expression -> (dimension, sign that its values have)
RULES = {"happy": ("valence", 1), "surprise": ("arousal", 1)} | {name: ("valence", -1) for name in UNPLEASANT}


def plain_name(name: str) -> str:
    """One name for an expression whatever the data set calls it: "Happiness" and "happy" are "happy"."""
    return SYNONYMS.get(name.lower(), name.lower())


def contradictions(faces: FaceSet) -> np.ndarray | None:
    """Which faces' valence or arousal contradicts their expression by more than `MARGIN`, bool (N,).

    None where no face has both kinds of label.
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
    """Range, mean and contradictions of valence and arousal; None for a set without them.

    Returns:
        {"valence": {faces, smallest, largest, mean}, "arousal": likewise, "incomplete": faces with one of the two only,
        "contradictions": {margin, faces, by_class (class -> faces), ids (the first `LISTED`)} or None}.
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
    """Is the class order what the names say, by something other than the order itself?

    Tried in this order, the first that applies decides:

    * another label of the same pictures, which the reader cross-tabulated (``meta["how"]["cross_tabulation"]``): no other
      assignment of names to columns may agree better than the names do;
    * valence and arousal: the class means must lie as the circumplex says (this can not tell two unpleasant classes apart);
    * published counts, where no two classes have equal ones: they must be found under the same names.

    Returns:
        {"by": what decided ("nothing" where none applies), "ok": bool or None, "found": one sentence}.
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
