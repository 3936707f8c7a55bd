"""Whether valence and arousal look swapped, turned in sign or given on another scale than [-1, 1].

`SCALES` are tried, the same for both dimensions, alone and with the sign of valence, of arousal or of both turned and the
dimensions exchanged. The change with the highest mean CCC is named if all of these hold (numbers fixed on drawn faces and
DiffusionFER with networks of this project, `tests/trials/doubts_trial.py`):
  1. it raises the mean CCC by at least `GAIN`;
  2. afterwards the mean CCC is at least `GOOD` and that of each dimension at least `GOOD_EACH`: a model that has not learned
     these faces can be improved a little by many changes;
  3. each dimension's correlation is then positive with p < `LEVEL` (one-sided, after Bonferroni over the eight orders and
     signs), so that few faces prove nothing;
  4. of a scale: `WITHIN` of the values lie in its interval, widened by a tenth at both ends.

Where none is named, it is said if more than `BEYOND_SHARE` of the faces have a value beyond `BEYOND` (a network without a
bound may go a little beyond 1), or if the values follow the faces' (correlations of at least `FOLLOWS`) on a scale of their
own (mean CCC below half of that). Constant outputs are not doubted: their CCC of 0 is right.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from benchmark.records.selection_metric import DIMENSIONS, ccc, ccc_mean

GAIN, GOOD, GOOD_EACH, LEVEL = 0.10, 0.40, 0.20, 1e-3
WITHIN = 0.95
BEYOND, BEYOND_SHARE = 1.5, 0.05
FOLLOWS = 0.8
SCALES = {  # (low, high): how it is brought to [-1, 1]
    (-1, 1): "",
    (0, 1): "2x - 1",
    (1, 5): "(x - 3) / 2",
    (1, 7): "(x - 4) / 3",
    (1, 9): "(x - 5) / 4",
    (-5, 5): "dividing by 5",
    (-10, 10): "dividing by 10",
    (-100, 100): "dividing by 100",
    (-1000, 1000): "dividing by 1000",
}


@dataclass(frozen=True)
class Change:
    """One change of the outputs: exchanged or not, then brought from `scale` to [-1, 1], then multiplied by `signs`."""

    swapped: bool
    scale: tuple[int, int]
    signs: tuple[int, int]

    def of(self, outputs: np.ndarray) -> np.ndarray:
        """The outputs (N, 2) after the change."""
        low, high = self.scale
        columns = outputs[:, ::-1] if self.swapped else outputs
        changed: np.ndarray = (columns * 2 - (high + low)) / (high - low) * np.array(self.signs)
        return changed

    def possible(self, outputs: np.ndarray) -> bool:
        """Whether the outputs can be on this scale (the declared one always can)."""
        low, high = self.scale
        room = (high - low) / 10
        return self.scale == (-1, 1) or bool(((outputs >= low - room) & (outputs <= high + room)).mean() >= WITHIN)

    def words(self) -> tuple[list[str], list[str]]:
        """(how the outputs look, what mends them)."""
        turned = " and ".join(name for name, sign in zip(DIMENSIONS, self.signs, strict=True) if sign < 0)
        low, high = self.scale
        looks = ["swapped"] * self.swapped
        looks += [f"given in [{low}, {high}]"] * (self.scale != (-1, 1)) + [f"turned in the sign of {turned}"] * bool(turned)
        mends = ["exchanging them"] * self.swapped
        mends += [SCALES[self.scale]] * (self.scale != (-1, 1)) + [f"turning {turned}"] * bool(turned)
        return looks, mends


def changes() -> Iterator[Change]:
    """All that are tried, the declared outputs first."""
    for swapped, scale, signs in product((False, True), SCALES, product((1, -1), (1, -1))):
        yield Change(swapped, scale, signs)


def better_change(targets: np.ndarray, outputs: np.ndarray) -> Change | None:
    """The change that the rule at the top of this module names. Arguments as of `ccc_mean`, float64 (N, 2)."""
    from scipy.stats import pearsonr

    possible = [change for change in changes() if change.possible(outputs)]
    best = max(possible, key=lambda change: ccc_mean(targets, change.of(outputs)))
    after = best.of(outputs)
    each = [ccc(target, output) or 0.0 for target, output in zip(targets.T, after.T, strict=True)]
    if np.mean(each) - ccc_mean(targets, outputs) < GAIN or np.mean(each) < GOOD or min(each) < GOOD_EACH:
        return None
    p = max(
        pearsonr(target, output, alternative="greater").pvalue for target, output in zip(targets.T, after.T, strict=True)
    )
    return best if 8 * p < LEVEL else None


def told(targets: np.ndarray, outputs: np.ndarray, faces: str) -> tuple[str, tuple[str, ...]] | None:
    """The warning, and the words of it that name the mistake; None if there is none.

    Args:
        targets, outputs: float64 (N, 2).
        faces: how many of which split, as "140 test faces".
    """
    from scipy.stats import pearsonr

    before = ccc_mean(targets, outputs)
    if change := better_change(targets, outputs):
        looks, mends = change.words()
        after = ccc_mean(targets, change.of(outputs))
        raised = f"the mean CCC on {faces} from {before:.3f} to {after:.3f}"
        best = "" if change.scale == (-1, 1) else "; of the scales that are tried it fits best, only the makers know theirs"
        return f"valence and arousal look {' and '.join(looks)}: {' and '.join(mends)} raises {raised}{best}", tuple(looks)
    beyond = np.abs(outputs).max(1) > BEYOND
    if beyond.mean() > BEYOND_SHARE:
        what = "look given on another scale than [-1, 1]"
        largest = float(np.abs(outputs).max())
        text = f"{beyond.sum():,} of {faces} have a value beyond {BEYOND} (largest {largest:.3g})"
        return f"valence and arousal {what}: {text}", (what,)
    pairs = list(zip(targets.T, outputs.T, strict=True))
    if all(np.ptp(target) > 0 and np.ptp(output) > 0 for target, output in pairs):
        found = [pearsonr(target, output, alternative="greater") for target, output in pairs]
        follows = [float(each.statistic) for each in found]
        if min(follows) >= FOLLOWS and before < np.mean(follows) / 2 and max(each.pvalue for each in found) < LEVEL:
            what = "look given on a scale of their own"
            text = f"they correlate with those of {faces} by {follows[0]:.3f} and {follows[1]:.3f}, but the mean CCC is"
            return f"valence and arousal {what}: {text} {before:.3f}", (what,)
    return None
