"""Changes after which a person still sees the same picture, and how many bits of its perceptual hash they change."""

import io
from collections.abc import Callable

import imagehash
import numpy as np
from PIL import Image

from benchmark.array_file import Pictures
from benchmark.faces.near_duplicates import SIDE, Rows, hashes, picture


def _jpeg(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        return Image.open(stream)

    return change


def _rescaled(share: float) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        small = image.resize([max(1, round(side * share)) for side in image.size], Image.Resampling.BILINEAR)
        return small.resize(image.size, Image.Resampling.BILINEAR)

    return change


def _cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        x, y = image.width * share, image.height * share
        return image.resize(image.size, Image.Resampling.BILINEAR, box=(x, y, image.width - x, image.height - y))

    return change


def _shifted(share: float) -> Callable[[Image.Image], Image.Image]:
    def change(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share), round(image.height * share)
        pixels = np.asarray(image)
        padding = ((y, 0), (x, 0)) + ((0, 0),) * (pixels.ndim - 2)
        return Image.fromarray(np.pad(pixels, padding, mode="edge")[: image.height, : image.width])

    return change


# In FER2013, 1/48 of the side is one pixel.
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG, quality 75": _jpeg(75),
    "JPEG, quality 30": _jpeg(30),
    "grey levels x 1.2 + 12": lambda image: image.point(lambda level: round(level * 1.2 + 12)),
    "scaled to 3/4 and back": _rescaled(0.75),
    "cropped by 1/48 on every side": _cropped(1 / 48),
    "cropped by 2/48 on every side": _cropped(2 / 48),
    "rotated by 3 degrees": lambda image: image.rotate(3, Image.Resampling.BILINEAR),
    "shifted by 1/48 down and right": _shifted(1 / 48),
    "shifted by 2/48 down and right": _shifted(2 / 48),
}


def calibration(pictures: Pictures, rows: Rows, threshold: int) -> dict[str, dict[str, float]]:
    """How many bits of a picture's hash each of `CHANGES` changes. These are known near duplicates, to check the threshold.

    Args:
        pictures: uint8 (N, H, W, 1 or 3).
        rows: pictures that are not blank, at least one.

    Returns:
        change -> {median, q95 (of the distances, in bits), found (fraction of the pictures within the threshold)}.
    """
    own, found = hashes(pictures, rows=rows), {}
    for name, change in CHANGES.items():
        changed = [imagehash.phash(change(picture(np.asarray(pictures[row]))), hash_size=SIDE).hash.ravel() for row in rows]
        distance = np.sum(own != np.array(changed), axis=1)
        found[name] = {
            "median": float(np.median(distance)),
            "q95": float(np.quantile(distance, 0.95)),
            "found": float(np.mean(distance <= threshold)),
        }
    return found
