"""A batch of pictures, painted layer by layer with anti-aliased edges.

A shape is given by a signed distance (negative inside, in head units). The coverage of a layer falls from 1 to 0 over one
pixel around the zero line. Only +, -, *, /, min, max and square root are used. IEEE 754 defines these to the last bit, so
equal parameters give equal bytes on every machine, whatever vector instructions it has.
"""

from types import SimpleNamespace

import numpy as np

Size = float | np.float32 | np.ndarray  # a length in head units: one for all faces, or one per face, (N, 1, 1)
SCALE = 0.53
"""Length of a head unit, as a fraction of the picture's side."""


def stack(rows: list[dict[str, float]]) -> SimpleNamespace:
    """The parameters of N faces as attributes, each float32 (N, 1, 1). Three parameters ``name_r, name_g, name_b`` are also
    available together as ``name``, (3, N, 1, 1)."""
    values = {key: np.array([row[key] for row in rows], dtype=np.float32)[:, None, None] for key in rows[0]}
    for key in [key for key in values if key.endswith("_r") and f"{key[:-1]}g" in values]:
        values[key[:-2]] = np.stack([values[f"{key[:-1]}{channel}"] for channel in "rgb"])
    return SimpleNamespace(**values)


def segment(x: np.ndarray, y: np.ndarray, x0: Size, y0: Size, x1: Size, y1: Size) -> np.ndarray:
    """Distance of the points (x, y) from the straight line between (x0, y0) and (x1, y1)."""
    dx, dy = x1 - x0, y1 - y0
    px, py = x - x0, y - y0
    along = np.clip((px * dx + py * dy) / (dx * dx + dy * dy + np.float32(1e-6)), 0, 1)
    px -= along * dx
    py -= along * dy
    distance: np.ndarray = np.sqrt(px * px + py * py)
    return distance


def ellipse(x: np.ndarray, y: np.ndarray, a: Size, b: Size) -> np.ndarray:
    """Signed distance of the points (x, y) from the ellipse with half axes a and b around the origin. It is exact to first
    order near the edge."""
    p, q = x / a, y / b
    level = np.sqrt(p * p + q * q)
    p /= a
    q /= b
    distance: np.ndarray = level * (level - 1) / (np.sqrt(p * p + q * q) + np.float32(1e-3))
    return distance


class Canvas:
    """N square RGB pictures that are being painted.

    Attributes:
        rgb: float32 (3, N, size, size), about 0 to 1.
        x, y: float32 (N, size, size), coordinates of the pixel centres relative to the head (in head units, y downwards).
            Shift, scale and roll are undone; yaw and pitch are not.
        pixels: float32 (N, 1, 1), pixels per head unit.
    """

    def __init__(self, size: int, shot: SimpleNamespace):
        self.pixels: np.ndarray = size * np.float32(SCALE) * shot.scale
        centre = np.float32((size - 1) / 2)
        grid = np.arange(size, dtype=np.float32) - centre
        px = grid[None, None, :] / self.pixels - shot.shift_x
        py = grid[None, :, None] / self.pixels - shot.shift_y
        t = shot.roll
        cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        self.x, self.y = cosine * px + sine * py, cosine * py - sine * px
        self.rgb = np.empty((3, *self.x.shape), dtype=np.float32)

    def coverage(self, distance: np.ndarray, soft: float = 0.0) -> np.ndarray:
        """The fraction, in [0, 1], of each pixel inside the shape. `soft`: width added to the edge, in head units."""
        return np.clip(np.float32(0.5) - distance * (self.pixels / (1 + soft * self.pixels)), 0, 1)

    def paint(self, coverage: np.ndarray, colour: np.float32 | np.ndarray) -> None:
        """Blend `colour` into the pictures with the opacity `coverage`. `colour`: one number, (3, N, 1, 1) or
        (3, N, size, size)."""
        self.rgb += coverage * (colour - self.rgb)

    def shade(self, *amounts: np.ndarray) -> None:
        """Multiply the pictures by 1 - amount for each of `amounts`. A positive amount darkens, a negative one brightens."""
        kept = 1 - amounts[0]
        for amount in amounts[1:]:
            kept *= 1 - amount
        self.rgb *= kept

    def part(self, rows: slice) -> "Canvas":
        """A canvas of some pixel rows of every picture. It is a view: painting on it paints on this canvas."""
        part = object.__new__(Canvas)
        part.rgb, part.x, part.y, part.pixels = self.rgb[:, :, rows], self.x[:, rows], self.y[:, rows], self.pixels
        return part
