"""Random parameters of a person, and of a shot (how the picture was taken)."""

import numpy as np

# Colours of skin, hair and iris, RGB in [0, 1]. A person's colour is interpolated between two neighbours.
SKIN = np.array(
    [(0.42, 0.27, 0.19), (0.53, 0.36, 0.26), (0.66, 0.46, 0.34), (0.79, 0.59, 0.46), (0.90, 0.72, 0.60), (0.95, 0.81, 0.72)]
)
HAIR = np.array([(0.06, 0.05, 0.05), (0.16, 0.10, 0.07), (0.33, 0.20, 0.11), (0.52, 0.36, 0.19), (0.78, 0.62, 0.38)])
GREY = np.array((0.72, 0.71, 0.70))
IRIS = np.array([(0.16, 0.09, 0.05), (0.32, 0.20, 0.10), (0.28, 0.36, 0.20), (0.28, 0.42, 0.55)])
CLOTH_RANGE = (0.10, 0.85)

GLASSES = 0.15
"""Fraction of people with glasses."""
BEARDS = (("none", 0.76), ("stubble", 0.11), ("moustache", 0.05), ("full", 0.08))
"""Frequencies of kinds of beard."""
HAIRCUTS = (("bald", 0.10), ("short", 0.45), ("fringe", 0.18), ("long", 0.27))
"""Frequencies of haircuts."""
OCCLUDED = 0.10
"""Fraction of shots in which something covers a part of the face."""


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _bell(rng: np.random.Generator, mean: float, spread: float) -> float:
    """A bell-shaped random number in mean +- spread: the sum of three uniform numbers, so that it needs exact arithmetic
    only."""
    return mean + spread * (2 * (rng.random() + rng.random() + rng.random()) / 3 - 1)


def _squared(rng: np.random.Generator) -> float:
    """A random number in [0, 1), the square of a uniform one: small values are more likely."""
    draw = rng.random()
    return draw * draw


def _along(palette: np.ndarray, place: float) -> np.ndarray:
    place *= len(palette) - 1
    low = min(int(place), len(palette) - 2)
    return palette[low] + (palette[low + 1] - palette[low]) * (place - low)


def _choose(rng: np.random.Generator, shares: tuple[tuple[str, float], ...]) -> str:
    ticket = rng.random()
    for name, share in shares:
        ticket -= share
        if ticket < 0:
            return name
    return shares[-1][0]


def _colour(name: str, rgb: np.ndarray) -> dict[str, float]:
    return {f"{name}_{channel}": float(value) for channel, value in zip("rgb", np.clip(rgb, 0, 1), strict=True)}


def sample_person(rng: np.random.Generator) -> dict[str, float]:
    """Random parameters of a person. They are the same in all pictures of that person.

    Lengths are in head units: the head is about 2 units high, its centre is (0, 0), x points right, y points down.
    """
    age = rng.random()
    haircut, beard = _choose(rng, HAIRCUTS), _choose(rng, BEARDS)
    skin = _along(SKIN, _bell(rng, 0.55, 0.45)) * (1 + 0.05 * (rng.random(3) - 0.5))
    hair = _along(HAIR, _squared(rng))
    hair = hair + (GREY - hair) * max(0.0, age - 0.55) * 2.0 * rng.random()
    lip = skin * np.array((0.90, 0.50, 0.50)) + np.array((0.06, 0.0, 0.01)) * rng.random()
    return {
        "age": age,
        "head_a": _bell(rng, 0.77, 0.09),
        "head_b": _bell(rng, 1.0, 0.06),
        "jaw": _bell(rng, 0.22, 0.14),
        "eye_x": _bell(rng, 0.345, 0.05),
        "eye_y": _bell(rng, -0.10, 0.04),
        "eye_w": _bell(rng, 0.182, 0.025),
        "eye_h": _bell(rng, 0.084, 0.016),
        "eye_tilt": _bell(rng, 0.0, 0.12),
        "brow_gap": _bell(rng, 0.225, 0.035),
        "brow_thick": _bell(rng, 0.048, 0.014),
        "brow_slope": _bell(rng, 0.0, 0.035),
        "brow_dark": _between(rng, 0.6, 1.0),
        "nose_y": _bell(rng, 0.27, 0.05),
        "nose_w": _bell(rng, 0.125, 0.035),
        "mouth_y": _bell(rng, 0.55, 0.04),
        "mouth_w": _bell(rng, 0.330, 0.040),
        "lip_upper": _bell(rng, 0.048, 0.022),
        "lip_lower": _bell(rng, 0.068, 0.028),
        "rest_corner": _bell(rng, 0.0, 0.030),
        "hairline": _bell(rng, -0.60, 0.12) if haircut != "fringe" else _bell(rng, -0.42, 0.06),
        "hairline_bend": _bell(rng, 0.35, 0.35) if haircut != "fringe" else 0.05,
        "hair_front": float(haircut != "bald"),
        "hair_volume": {"bald": 0.0, "short": 0.06, "fringe": 0.10, "long": 0.12}[haircut],
        "hair_long": float(haircut == "long"),
        "moustache": {"none": 0.0, "stubble": 0.25, "moustache": 0.85, "full": 0.80}[beard],
        "beard": {"none": 0.0, "stubble": 0.28, "moustache": 0.0, "full": 0.82}[beard],
        "glasses": float(rng.random() < GLASSES),
        "glasses_r": _bell(rng, 0.235, 0.03),
        "glasses_thick": _between(rng, 0.014, 0.030),
        "glasses_tone": _between(rng, 0.03, 0.45),
        **_colour("skin", skin),
        **_colour("hair", hair),
        **_colour("lip", lip),
        **_colour("iris", _along(IRIS, rng.random())),
    }


def sample_shot(rng: np.random.Generator) -> dict[str, float]:
    """Random parameters of a shot: pose, gaze, light, background, clothes, occluder, blur and noise.

    Rotations are given as t = tan(angle / 2), so that sine and cosine need no library function: roll within +-5 degrees, yaw
    within +-10, pitch within +-3. Shifts are in head units. `blur` is a variance in squared pixels, for a picture of 64
    pixels.
    """
    occluded = rng.random() < OCCLUDED
    side = 1.0 if rng.random() < 0.5 else -1.0
    low_edge = rng.random() < 0.45
    back = _between(rng, 0.25, 0.65) + 0.15 * (rng.random(3) - 0.5)
    return {
        "roll": _bell(rng, 0.0, 0.045),
        "yaw": _bell(rng, 0.0, 0.085),
        "pitch": _bell(rng, 0.0, 0.027),
        "shift_x": _bell(rng, 0.0, 0.04),
        "shift_y": _bell(rng, -0.08, 0.04),
        "scale": _bell(rng, 1.0, 0.06),
        "gaze_x": _bell(rng, 0.0, 0.06),
        "gaze_y": _bell(rng, 0.0, 0.025),
        "light_x": _bell(rng, 0.0, 0.40),
        "light_y": _bell(rng, -0.15, 0.25),
        "gain": _bell(rng, 1.02, 0.14),
        "offset": _bell(rng, 0.0, 0.06),
        "contrast": _bell(rng, 1.10, 0.18),
        "blur": 1.2 * _squared(rng),
        "noise": 0.008 + 0.026 * _squared(rng),
        "back_slope_x": _bell(rng, 0.0, 0.15),
        "back_slope_y": _bell(rng, 0.0, 0.15),
        "blob_x": _between(rng, -1.2, 1.2),
        "blob_y": _between(rng, -1.2, 1.2),
        "blob_size": _between(rng, 0.3, 0.8),
        "occluder": float(occluded),
        "occluder_x": _between(rng, -0.5, 0.5) if low_edge else side * _between(rng, 0.55, 0.95),
        "occluder_y": _between(rng, 0.85, 1.10) if low_edge else _between(rng, -0.3, 0.7),
        "occluder_w": _between(rng, 0.35, 0.9) if low_edge else _between(rng, 0.25, 0.45),
        "occluder_h": _between(rng, 0.20, 0.36) if low_edge else _between(rng, 0.3, 0.9),
        **_colour("back", back),
        **_colour("blob", back + 0.3 * (rng.random(3) - 0.5)),
        **_colour("cloth", np.array([_between(rng, *CLOTH_RANGE) for _ in range(3)])),
        **_colour("thing", np.array([_between(rng, *CLOTH_RANGE) for _ in range(3)])),
        **_colour("cast", 0.5 + 0.04 * (2 * rng.random(3) - 1)),
    }
