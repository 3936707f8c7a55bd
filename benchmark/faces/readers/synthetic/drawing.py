"""Makes pixels from parameters: paints the layers in order, then applies light, lens blur and sensor noise."""

import numpy as np

from benchmark.faces.readers.synthetic import features, surroundings
from benchmark.faces.readers.synthetic.anatomy import pose_features
from benchmark.faces.readers.synthetic.canvas import Canvas, stack
from benchmark.files import Json

BLUR_PASSES = 3


def draw(
    people: list[dict[str, Json]],
    shots: list[dict[str, Json]],
    units: np.ndarray,
    size: int,
    noise: np.ndarray | None = None,
) -> np.ndarray:
    """Draw N faces.

    Args:
        people, shots: N parameter sets each, from `identity.sample_person` and `identity.sample_shot`.
        units: float32 (N, 2, units), from `action_units.sample_units`.
        size: side in pixels.
        noise: float32 (N, size, size, 3) with unit variance, the sensor noise before scaling; None: no noise.

    Returns:
        uint8 (N, size, size, 3), RGB. Picture k depends only on the k-th parameters.
    """
    p, shot = stack(people), stack(shots)
    f = pose_features(p, units)
    canvas = Canvas(size, shot)
    surroundings.draw_back(canvas, p, shot)
    outline = surroundings.draw_head(canvas, p, shot, f.jaw_drop)
    u, v = surroundings.turn(canvas, p, shot)
    features.draw_wrinkles(canvas, u, v, p, f)
    surroundings.draw_beard(canvas, u, v, outline, p, f)
    within = _Rows(canvas, u, v)
    features.draw_nose(*within(-0.25, 0.55), p, f, shot)
    features.draw_mouth(*within(0.10, 1.25), p, f)
    features.draw_eyes(*within(-0.45, 0.30), p, f, shot)
    features.draw_brows(*within(-0.85, 0.15), p, f)
    surroundings.draw_hair(canvas, u, v, p, shot)
    surroundings.draw_glasses(*within(-0.50, 0.35), p)
    surroundings.draw_occluder(canvas, shot)
    assert canvas.rgb.dtype == np.float32

    gradient = shot.gain * (1 + 0.28 * (shot.light_x * canvas.x + shot.light_y * canvas.y))
    rgb = ((canvas.rgb - 0.5) * shot.contrast + 0.5) * gradient * (shot.cast * 2) + shot.offset
    rgb = _blur(rgb, shot.blur * np.float32(size / 64) ** 2)
    rgb = rgb.transpose(1, 2, 3, 0)
    if noise is not None:
        rgb = rgb + noise * shot.noise[..., None]
    return (np.clip(rgb, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


class _Rows:
    """Selects the pixel rows in which a feature may be, to save work: it has no effect outside of them."""

    def __init__(self, canvas: Canvas, u: np.ndarray, v: np.ndarray):
        self.canvas, self.u, self.v = canvas, u, v
        self.top, self.bottom = v.min(axis=(0, 2)), v.max(axis=(0, 2))

    def __call__(self, low: float, high: float) -> tuple[Canvas, np.ndarray, np.ndarray]:
        found = np.flatnonzero((self.bottom >= low) & (self.top <= high))
        rows = slice(found[0], found[-1] + 1) if len(found) else slice(0, 0)
        return self.canvas.part(rows), self.u[:, rows], self.v[:, rows]


def _blur(rgb: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Approximately Gaussian blur with the given variance in pixels^2: the kernel (w, 1 - 2w, w) is applied BLUR_PASSES
    times along each axis."""
    w = variance / np.float32(2 * BLUR_PASSES)
    rgb = rgb.copy()
    for _ in range(BLUR_PASSES):
        flow = w * (rgb[:, :, 1:] - rgb[:, :, :-1])  # flows between neighbouring pixels, none over the picture's edge
        rgb[:, :, :-1] += flow
        rgb[:, :, 1:] -= flow
        flow = w * (rgb[..., 1:] - rgb[..., :-1])
        rgb[..., :-1] += flow
        rgb[..., 1:] -= flow
    return rgb
