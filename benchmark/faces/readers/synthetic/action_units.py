"""Facial action units: their names, their combinations in the eight expressions, and valence and arousal computed from them.

Sources (the numbers in square brackets below):

[1] Ekman, Friesen: Facial Action Coding System, Consulting Psychologists Press 1978 (unit numbers and names; Table 11-1,
    combinations per emotion, as quoted in MPR-online issue 4, article 3); Ekman, Friesen, Hager: FACS Investigator's
    Guide, 2002, Table 10-1.
[2] EMFACS (Friesen, Ekman: EMFACS-7, unpublished manual, UCSF 1983), in the short form that is commonly tabulated:
    happiness 6+12, sadness 1+4+15, surprise 1+2+5B+26, fear 1+2+4+5+7+20+26, anger 4+5+7+23, disgust 9+15+16,
    contempt R12A+R14A.
[3] Lucey et al.: The Extended Cohn-Kanade Dataset (CK+), CVPR Workshops 2010, doi 10.1109/CVPRW.2010.5543262, Table 1.
[4] Du, Tao, Martinez: Compound facial expressions of emotion, PNAS 111(15), 2014, doi 10.1073/pnas.1322355111, Table 1:
    units shown by more than 70 % of 230 people, and for each further unit the percentage of people who show it.
[5] Ekman, Friesen: A new pan-cultural facial expression of emotion, Motivation and Emotion 10, 1986 (contempt).
[6] Russell: A circumplex model of affect, J. Pers. Soc. Psychol. 39, 1980.
[7] Haines et al., PLoS ONE 14(2) e0211735, 2019, and Zhang et al., Sci. Rep. 14, 2024, doi 10.1038/s41598-024-70563-8:
    which units carry rated valence (AU 12 and 6 positive; AU 4 and others negative).

[1] to [5] were available only second-hand or from memory; check the printed tables before relying on a percentage of [4].
The sources say WHICH units belong together and how often. The intensities, the frequencies of the variants and the weights
of valence and arousal were chosen for this data set: the signs follow [6] and [7], the sizes were set by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
"""Expressions in AffectNet's label order."""

UNITS: Mapping[int, str] = {
    1: "inner brow raiser",
    2: "outer brow raiser",
    4: "brow lowerer",
    5: "upper lid raiser",
    6: "cheek raiser",
    7: "lid tightener",
    9: "nose wrinkler",
    10: "upper lip raiser",
    12: "lip corner puller",
    14: "dimpler",
    15: "lip corner depressor",
    16: "lower lip depressor",
    17: "chin raiser",
    20: "lip stretcher",
    23: "lip tightener",
    24: "lip pressor",
    25: "lips part",
    26: "jaw drop",
}
"""FACS number -> FACS name [1]."""

NUMBERS = tuple(UNITS)
COLUMN = {number: column for column, number in enumerate(NUMBERS)}


@dataclass(frozen=True)
class Variant:
    """One way to show an expression.

    Attributes:
        share: relative frequency among the variants of its class.
        always: unit -> intensity in (0, 1] at full strength (about FACS A 0.15, B 0.3, C 0.5, D 0.75, E 1).
        sometimes: unit -> (fraction of faces that show it, intensity).
        source: the source of the combination.
        unilateral: units shown on one side of the face only (a random side).
    """

    share: float
    always: Mapping[int, float]
    source: str
    sometimes: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    unilateral: tuple[int, ...] = ()


MIXTURES: Mapping[str, tuple[Variant, ...]] = {
    "neutral": (Variant(1.0, {}, "no unit above a trace [1]"),),
    "happy": (
        Variant(0.25, {6: 0.8, 12: 0.8}, "6+12 [2]"),
        Variant(0.65, {12: 0.9, 25: 0.8}, "12+25, 6 in 51 % [4]", {6: (0.51, 0.8)}),
        Variant(0.10, {12: 0.8}, "12 [3]"),
    ),
    "sad": (
        Variant(0.45, {1: 1.0, 4: 0.5, 15: 1.0}, "1+4+15 [1, 2]"),
        Variant(
            0.40,
            {4: 0.7, 15: 1.0},
            "4+15, 1 in 60 %, 6 in 50 %, 17 in 67 % [4]",
            {1: (0.60, 0.8), 6: (0.50, 0.4), 17: (0.67, 0.7)},
        ),
        Variant(0.15, {6: 0.5, 15: 1.0}, "6+15 [1, 3]"),
    ),
    "surprise": (
        Variant(0.50, {1: 0.8, 2: 0.9, 5: 0.5, 26: 0.8}, "1+2+5B+26 [1, 2]"),
        Variant(0.40, {1: 0.8, 2: 0.8, 25: 0.5, 26: 0.7}, "1+2+25+26, 5 in 66 % [4]", {5: (0.66, 0.6)}),
        Variant(0.10, {1: 0.9, 2: 0.9, 5: 0.4}, "1+2 or 5, 5 at most B [3]"),
    ),
    "fear": (
        Variant(0.35, {1: 0.9, 2: 0.5, 4: 0.6, 5: 0.9, 20: 0.8, 25: 0.7}, "1+2+4+5+20+25 [1]"),
        Variant(0.35, {1: 0.9, 2: 0.5, 4: 0.6, 5: 0.9, 7: 0.4, 20: 0.8, 26: 0.5}, "1+2+4+5+7+20+26 [2]"),
        Variant(
            0.30,
            {1: 0.9, 4: 0.6, 20: 0.8, 25: 0.7},
            "1+4+20+25, 2 in 57 %, 5 in 63 %, 26 in 33 % [4]",
            {2: (0.57, 0.6), 5: (0.63, 0.9), 26: (0.33, 0.5)},
        ),
    ),
    "disgust": (
        Variant(0.30, {9: 1.0, 15: 0.5, 16: 0.8}, "9+15+16 [2]", {25: (0.5, 0.4)}),
        Variant(0.50, {9: 1.0, 10: 0.9, 17: 0.6}, "9+10+17, 4 in 31 %, 24 in 26 % [4]", {4: (0.31, 0.5), 24: (0.26, 0.5)}),
        Variant(0.20, {4: 0.5, 10: 1.0, 17: 0.7}, "10+17+4 [1]"),
    ),
    "anger": (
        Variant(0.35, {4: 0.9, 5: 0.5, 7: 0.7, 23: 0.8}, "4+5+7+23 [2]"),
        Variant(0.25, {4: 0.9, 5: 0.5, 7: 0.7, 24: 0.8}, "4+5+7+24 [1]"),
        Variant(
            0.40,
            {4: 0.9, 7: 0.8, 24: 0.8},
            "4+7+24, 10 in 26 %, 17 in 52 %, 23 in 29 % [4]",
            {10: (0.26, 0.5), 17: (0.52, 0.6), 23: (0.29, 0.6)},
        ),
    ),
    "contempt": (
        Variant(0.65, {12: 0.8, 14: 1.0}, "R12+R14 [2, 5]", unilateral=(12, 14)),
        Variant(0.35, {14: 1.0}, "14, here one-sided [3, 5]", {12: (0.3, 0.4)}, unilateral=(12, 14)),
    ),
}

STRENGTH = (0.50, 1.0)
"""Range of the factor that multiplies all units of a face (uniform)."""
JITTER = 0.25
"""Relative random variation of each single unit (uniform, +-)."""
STRAY = (0.18, 0.22)
"""Units that do not belong to the expression: the probability of each to appear, and its largest intensity (uniform from
0)."""
ASYMMETRY = 0.08
"""Largest natural difference between the two sides of a bilateral unit (relative, uniform)."""

# unit: its contribution to (valence, arousal) at intensity 1, before the sum is mapped to (-1, 1).
AFFECT: Mapping[int, tuple[float, float]] = {
    1: (-0.15, 0.05),
    2: (0.15, 0.30),
    4: (-0.40, 0.25),
    5: (-0.10, 0.55),
    6: (0.15, 0.05),
    7: (-0.10, 0.20),
    9: (-0.50, 0.25),
    10: (-0.35, 0.20),
    12: (1.00, 0.10),
    14: (-0.55, 0.15),
    15: (-0.60, -0.40),
    16: (-0.10, 0.05),
    17: (-0.25, -0.15),
    20: (-0.45, 0.30),
    23: (-0.25, 0.25),
    24: (-0.25, 0.15),
    25: (0.05, 0.25),
    26: (0.05, 0.40),
}
ONE_SIDED_12 = -1.2
"""Contribution to valence of a difference of 1 between the sides of unit 12: a one-sided smile is not a happy smile [5]."""
RATER_SD = (0.12, 0.14)
"""Standard deviation of the raters' noise on valence and on arousal."""


def sample_units(rng: np.random.Generator, name: str) -> np.ndarray:
    """Draw the units of one face that shows expression `name`.

    Returns:
        float32 (2, units): intensities in [0, 1] of the left and right half of the picture, columns as in `NUMBERS`.
    """
    variants = MIXTURES[name]
    shares = np.cumsum([variant.share for variant in variants])
    variant = variants[int(np.searchsorted(shares, rng.random() * shares[-1], side="right").clip(max=len(variants) - 1))]
    strength = STRENGTH[0] + (STRENGTH[1] - STRENGTH[0]) * rng.random()
    chance, jitter, side = rng.random(len(NUMBERS)), rng.random(len(NUMBERS)), rng.random(len(NUMBERS))
    one_sided = int(rng.integers(2))
    units = np.zeros((2, len(NUMBERS)))
    for column, number in enumerate(NUMBERS):
        level = variant.always.get(number, 0.0)
        if number in variant.sometimes and chance[column] < variant.sometimes[number][0]:
            level = variant.sometimes[number][1]
        level *= strength * (1 + JITTER * (2 * jitter[column] - 1))
        if level == 0 and chance[column] < STRAY[0]:
            level = STRAY[1] * jitter[column]
        tilt = ASYMMETRY * (2 * side[column] - 1)
        units[:, column] = level * (1 - tilt), level * (1 + tilt)
        if number in variant.unilateral:
            units[1 - one_sided, column] = 0.0
    return np.clip(units, 0.0, 1.0).astype(np.float32)


def valence_arousal(units: np.ndarray) -> NDArray[np.float64]:
    """Valence and arousal of the shown units, without rater noise.

    Each is s / sqrt(1 + s^2), where s is the weighted sum s = sum_u AFFECT[u] * m_u and m_u is the mean of the two sides.
    For unit 14, m_u is the larger of the two sides. Unit 12 also adds ONE_SIDED_12 * |left - right| / 2 to the sum of
    valence.

    Args:
        units: (..., 2, units) intensities in [0, 1] as from `sample_units`.

    Returns:
        float64 (..., 2): valence and arousal in (-1, 1).
    """
    units = np.asarray(units, dtype=np.float64)
    shown = units.mean(axis=-2)
    shown[..., COLUMN[14]] = units[..., COLUMN[14]].max(axis=-1)
    sums = np.zeros((*shown.shape[:-1], 2))
    for number, weights in AFFECT.items():  # summed in a fixed order, without BLAS: equal bits on every machine
        sums += shown[..., COLUMN[number], None] * np.array(weights)
    smile = units[..., COLUMN[12]]
    sums[..., 0] += ONE_SIDED_12 * np.abs(smile[..., 0] - smile[..., 1]) / 2
    affect: NDArray[np.float64] = sums / np.sqrt(1 + sums**2)
    return affect
