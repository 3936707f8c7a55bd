"""A batch of pictures, painted layer by layer with anti-aliased edges.

Shapes are signed distances (negative inside, in head units); a layer's coverage falls from 1 to 0 over one pixel around
the zero line. Everything here uses +, -, *, /, min, max and square root alone, which IEEE 754 defines to the last bit, so
that equal parameters give equal bytes whatever the vector instructions of the machine.
"""

from types import SimpleNamespace

import numpy as np

Size = float | np.float32 | np.ndarray  # in head units, one for all faces or one each, (N, 1, 1)
SCALE = 0.53
"""Pixels a head unit, as a share of the picture's side."""


def stack(rows: list[dict[str, float]]) -> SimpleNamespace:
    """Parameters of N faces as attributes: float32 (N, 1, 1); every trio ``name_r, name_g, name_b`` also as (3, N, 1, 1)."""
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
    """Signed distance, to first order at the edge, from the ellipse with half axes a and b about the origin."""
    p, q = x / a, y / b
    level = np.sqrt(p * p + q * q)
    p /= a
    q /= b
    distance: np.ndarray = level * (level - 1) / (np.sqrt(p * p + q * q) + np.float32(1e-3))
    return distance


class Canvas:
    """N square RGB pictures in the making.

    Attributes:
        rgb: float32 (3, N, size, size), about 0 to 1.
        x, y: float32 (N, size, size), head coordinates of the pixel centres (head units, y downwards), pose undone but
            for the turn of the head.
        pixels: float32 (N, 1, 1), pixels a head unit.
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
        """Share in [0, 1] of each pixel inside the shape; `soft` widens the edge by that many head units."""
        return np.clip(np.float32(0.5) - distance * (self.pixels / (1 + soft * self.pixels)), 0, 1)

    def paint(self, coverage: np.ndarray, colour: np.float32 | np.ndarray) -> None:
        """Lay `colour`, one for all or (3, N, 1, 1) or (3, N, size, size), over the pictures where `coverage` is above 0."""
        self.rgb += coverage * (colour - self.rgb)

    def shade(self, *amounts: np.ndarray) -> None:
        """Multiply by 1 - amount for each of `amounts` (darken; a negative amount brightens)."""
        kept = 1 - amounts[0]
        for amount in amounts[1:]:
            kept *= 1 - amount
        self.rgb *= kept

    def part(self, rows: slice) -> "Canvas":
        """The canvas restricted to some pixel rows of every picture; painting on it paints on this one."""
        part = object.__new__(Canvas)
        part.rgb, part.x, part.y, part.pixels = self.rgb[:, :, rows], self.x[:, rows], self.y[:, rows], self.pixels
        return part
