"""What a reader finds in a raw file or folder before anything is written or decoded: `Survey`, and the lines that show
it."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.reading.pictures import DAMAGED, Unreadable, load_image

SAMPLE = 200  # pictures that are decoded by a check
SIDE = 32  # side to which they are reduced, in pixels
CHANCE = 1e-4  # a sample refuses if an allowed share of all pictures would give as many broken ones less often than this
SHOWN = 3  # sizes and unreadable pictures that a note names
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Survey:
    """What `prepare` would read.

    Attributes:
        edition: which release of the data set this is.
        counts: split -> class -> faces. The splits are those of the release where the reader makes others of them only when
            the pictures are decoded. Faces without a class are counted as "none".
        known: the known counts of this edition in the same form; None: none are known. A data set's page says from where.
        notes: a sentence for each thing that is unusual, and what is done about it.
    """

    edition: str
    counts: Counts
    known: Counts | None = None
    notes: Sequence[str] = ()


def lines(survey: Survey) -> list[str]:
    """A survey as lines of text: edition, counts beside the known ones, notes."""
    out = [f"edition: {survey.edition}"]
    for split, own in survey.counts.items():
        known = None if survey.known is None else survey.known.get(split)
        classes = ", ".join(f"{name} {number}" for name, number in own.items())
        out.append(f"{split}: {sum(own.values())} faces: {classes}{_beside(own, known)}")
    if survey.known is not None:
        out += [
            f"{split}: no face; known are {sum(own.values())}"
            for split, own in survey.known.items()
            if split not in survey.counts
        ]
    return out + [f"note: {note}" for note in survey.notes]


def evenly(total: int, count: int = SAMPLE) -> list[int]:
    """At most `count` of the numbers 0 to `total` - 1, evenly spaced, the first and the last one among them."""
    number = min(count, total)
    return [k * (total - 1) // max(number - 1, 1) for k in range(number)]


def check_sample(broken: Sequence[tuple[object, str]], looked: int, total: int, allowed: float, others: int = 0) -> None:
    """Raise BadInput for a sample that shows that `prepare` would refuse: its unusable pictures are more than the share
    `allowed` of all, or too many for a sample of pictures with that share (binomial, `CHANCE`).

    Args:
        broken: (name, why) of each unusable picture.
        looked: number of pictures in the sample.
        total: number of all pictures.
        allowed: largest share that may be unusable, 0..1.
        others: pictures that are known to be unusable and are not in the sample, but among `total`.
    """
    if not broken:
        return
    from scipy.stats import binom

    if len(broken) + others > allowed * total or binom.sf(len(broken) - 1, looked, allowed) < CHANCE:
        where, why = broken[0]
        found = f"{why}; {len(broken)} of {looked} pictures that were tried can not be used"
        found += f", nor can {others} others" if others else ""
        raise BadInput(where, found, f"at most {100 * allowed:g} % of all {total}; {DAMAGED}")


def decode_sample(
    paths: Sequence[Path],
    count: int = SAMPLE,
    *,
    allowed: float = 0.001,
    others: int = 0,
    total: int | None = None,
    within: Path | None = None,
) -> tuple[str, ...]:
    """Decode at most `count` pictures, evenly spaced in the list, and return notes: the sizes that occur, and the pictures
    that can not be read, by name. Empty for an empty list. BadInput as `check_sample`;
    `total`: None for the length of the list. `within`: a file that a link takes out of this folder can not be read."""
    if not paths:
        return ()
    chosen = evenly(len(paths), count)
    sizes: Counter[tuple[int, int]] = Counter()
    broken = []
    for path in (Path(paths[k]) for k in chosen):
        try:
            if within is not None and not path.resolve().is_relative_to(within.resolve()):
                raise Unreadable("a link that leads out of the folder")
            load_image(path, size=SIDE, channels=3)
            with Image.open(path) as image:
                sizes[image.size] += 1
        except Unreadable as error:
            broken.append((path, str(error)))
    check_sample(broken, len(chosen), len(paths) if total is None else total, allowed, others)
    sentences = []
    if sizes:
        common = ", ".join(f"{width}x{height} ({times})" for (width, height), times in sizes.most_common(SHOWN))
        rest = len(sizes) - SHOWN
        more = f" and {rest} other sizes" if rest > 1 else " and another size" if rest == 1 else ""
        sentences.append(f"{sum(sizes.values())} of {len(paths)} pictures were decoded: {common}{more}")
    if broken:
        names = "; ".join(f"{path}: {why}" for path, why in broken[:SHOWN])
        sentences.append(f"{len(broken)} of {len(chosen)} sampled pictures can not be read: {names}")
    return tuple(sentences)


def _beside(own: Mapping[str, int], known: Mapping[str, int] | None) -> str:
    if known is None:
        return ""
    names = list(itertools.chain(own, (name for name in known if name not in own)))
    differ = [f"{name} {known.get(name, 0)}" for name in names if own.get(name, 0) != known.get(name, 0)]
    return f" (known: {', '.join(differ)})" if differ else " (as known)"
