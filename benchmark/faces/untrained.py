"""Classes that no network can learn to predict: some part that is tested has faces of them, and the training part has none.

Often the reason is a name that is written in two ways ("neural" and "neutral"), so a sentence about such a class also names
the class that it may be meant to be.
"""

import difflib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

ALIKE = 0.8  # least share of common letters (`difflib`) of two names that may be the same one: "neural", "neutral": 0.92
_TRAINING = ("train", "training")  # what a training split is called, in small letters
_FOLD = re.compile(r"fold([0-9]+)")


def alike(name: str, others: Collection[str]) -> str | None:
    """The one of `others` that may be meant by `name`: equal but for case, blanks, hyphens and underscores, or with nearly
    the same letters. None if there is none. Names that differ in a digit are different."""
    folded = {_folded(other): other for other in others if other != name}
    if (own := _folded(name)) in folded:
        return folded[own]
    words = [other for other in folded if not _has_digit(other)]
    close = [] if _has_digit(own) else difflib.get_close_matches(own, words, 1, ALIKE)
    return folded[close[0]] if close else None


def told(training: Mapping[str, int], tested: Mapping[str, int], train: str, test: str) -> str | None:
    """One sentence that names every class with faces in `tested` and none in `training`; None if there is none.

    Args:
        training, tested: class -> number of faces in the training part and in a part that is tested.
        train, test: what these two parts are called.
    """
    lost = {name: number for name, number in tested.items() if number and not training.get(name)}
    if not lost:
        return None
    learnt = {name: number for name, number in training.items() if number}
    meant = {name: other for name in lost if (other := alike(name, learnt))}
    hints = "; ".join(f"{name}: perhaps {other}, which has {learnt[other]} in {train}" for name, other in meant.items())
    numbers = ", ".join(map(str, lost.values()))
    return f"no face of {', '.join(lost)} in {train}, but {numbers} in {test}{f' ({hints})' if hints else ''}"


def by_split_names(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The sentences of `told` for a FaceSet, without a protocol, by the names of its splits. Empty if they tell nothing.

    The training split is the one called "train" or "training", in any case. If there is none, three or more splits "fold0",
    "fold1", ... are folds: each is tested once, while the next one validates (`benchmark.runs.training.crossvalidation`).

    Args:
        counts: split -> class -> faces, as in meta.json: "none" counts the faces without a class.
    """
    own = {split: {name: number for name, number in of.items() if name != "none"} for split, of in counts.items()}
    sentences = []
    if training := [split for split in own if split.lower() in _TRAINING]:
        others = [split for split in own if split not in training]
        sentences = [told(_sum(own, training), own[split], " and ".join(training), split) for split in others]
    elif len(folds := sorted(filter(_FOLD.fullmatch, own), key=lambda name: int(name.removeprefix("fold")))) > 2:
        for place, tested in enumerate(folds):
            validation = folds[(place + 1) % len(folds)]
            rest = [fold for fold in folds if fold not in (tested, validation)]
            sentences.append(told(_sum(own, rest), own[tested], f"the folds besides {tested} and {validation}", tested))
    return [sentence for sentence in sentences if sentence]


def _sum(counts: Mapping[str, Mapping[str, int]], splits: Sequence[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for split in splits:
        total.update(counts[split])
    return total


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def _has_digit(name: str) -> bool:
    return any(letter.isdigit() for letter in name)
