"""Common corruptions of pictures, at five severities. Their parameters are in corruptions.yaml.

Random parts (the noise, the position of the square) depend only on the id of the face. At a higher severity they are the
same, only stronger. So a curve over severities follows the same corruption of each picture, and every network sees the same
pixels.
"""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import digest, read_yaml

FILE = Path(__file__).with_name("corruptions.yaml")

SEVERITIES = (1, 2, 3, 4, 5)
GREY = 0.5  # grey level of the occluding square


def parameters() -> Mapping[str, Sequence[float]]:
    """The corruptions of corruptions.yaml, in its order: name -> one number per severity.

    Raises:
        BadInput: a missing or unknown name, or a wrong number of severities.
    """
    path = FILE
    found = read_yaml(path)
    if odd := sorted(set(found) ^ set(CORRUPTIONS)):
        raise BadInput(path, f"missing or unknown: {', '.join(odd)}", f"exactly {', '.join(CORRUPTIONS)}")
    for name, values in found.items():
        if not isinstance(values, list) or len(values) != len(SEVERITIES):
            raise BadInput(f"{path}, {name}", values, f"{len(SEVERITIES)} numbers")
    return found


def parameters_digest() -> str:
    """Digest of the parameters, to see whether two measurements used the same ones."""
    return digest(parameters())


def corrupt(images: np.ndarray, ids: Sequence[str], name: str, severity: int) -> np.ndarray:
    """The corrupted pictures, with the same shape and dtype.

    Args:
        images: uint8 (N, C, S, S), C = 1 or 3.
        ids: str (N,), of the faces.
        severity: 0 (unchanged) to 5.

    Raises:
        BadInput: an unknown corruption or severity.
    """
    if name not in CORRUPTIONS:
        raise BadInput("corruption", f"'{name}'", f"one of {', '.join(CORRUPTIONS)}")
    if severity not in (0, *SEVERITIES):
        raise BadInput("severity", severity, "0 to 5")
    if severity == 0:
        return images
    return CORRUPTIONS[name](images, ids, parameters()[name][severity - 1])


def draws(id: str, name: str) -> np.random.Generator:
    """The random generator for one face and one corruption."""
    return np.random.default_rng(list(hashlib.sha256(f"{name} {id}".encode()).digest()[:16]))


def gaussian_blur(images: np.ndarray, ids: Sequence[str], share: float) -> np.ndarray:
    """Gaussian filter with mirrored edges (scipy). `share`: its deviation as a fraction of the side."""
    from scipy.ndimage import gaussian_filter

    deviation = share * images.shape[-1]
    return _pixels(gaussian_filter(images.astype(np.float32), (0, 0, deviation, deviation), mode="reflect"))


def gaussian_noise(images: np.ndarray, ids: Sequence[str], deviation: float) -> np.ndarray:
    """Independent Gaussian noise in every pixel and channel. `deviation`: as a fraction of 255."""
    noise = np.stack([draws(id, "gaussian-noise").standard_normal(images.shape[1:], np.float32) for id in ids])
    return _pixels(images + 255 * deviation * noise)


def jpeg(images: np.ndarray, ids: Sequence[str], quality: float) -> np.ndarray:
    """Save as JPEG and read again (Pillow; chroma subsampling 4:2:0)."""
    from PIL import Image

    def once(picture):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(quality), subsampling="4:2:0")
        return Image.open(buffer)

    return _each(images, once)


def brightness(images: np.ndarray, ids: Sequence[str], added: float) -> np.ndarray:
    """Add `added` x 255 to every pixel, clipped at white."""
    return _pixels(images + np.float32(255 * added))


def contrast(images: np.ndarray, ids: Sequence[str], kept: float) -> np.ndarray:
    """Multiply the contrast of every channel, about its mean over the picture, by `kept`."""
    mean = images.mean(axis=(2, 3), keepdims=True, dtype=np.float32)
    return _pixels(mean + np.float32(kept) * (images - mean))


def low_resolution(images: np.ndarray, ids: Sequence[str], share: float) -> np.ndarray:
    """Reduce to a fraction `share` of the side by area averaging, then enlarge again bilinearly (Pillow)."""
    from PIL import Image

    side = images.shape[-1]
    small = max(1, round(share * side))

    def once(picture):
        reduced = picture.resize((small, small), Image.Resampling.BOX)
        return reduced.resize((side, side), Image.Resampling.BILINEAR)

    return _each(images, once)


def occlusion(images: np.ndarray, ids: Sequence[str], share: float) -> np.ndarray:
    """A grey square with its centre anywhere in the picture; parts over the edge are cut off. `share`: its side as a
    fraction of the picture's side."""
    side, covered = images.shape[-1], images.copy()
    half = share * side / 2
    for row, id in enumerate(ids):
        y, x = side * draws(id, "occlusion").random(2)
        (top, bottom), (left, right) = ((max(0, round(c - half)), round(c + half)) for c in (y, x))
        covered[row, :, top:bottom, left:right] = round(255 * GREY)
    return covered


CORRUPTIONS: dict[str, Callable[[np.ndarray, Sequence[str], float], np.ndarray]] = {
    "gaussian-blur": gaussian_blur,
    "gaussian-noise": gaussian_noise,
    "jpeg": jpeg,
    "brightness": brightness,
    "contrast": contrast,
    "low-resolution": low_resolution,
    "occlusion": occlusion,
}


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _each(images: np.ndarray, once: Callable) -> np.ndarray:
    """Apply a function of Pillow images to every picture."""
    from PIL import Image

    made = np.empty_like(images)
    for row, image in enumerate(images):
        if len(image) == 1:
            made[row, 0] = np.asarray(once(Image.fromarray(image[0])))
        else:
            made[row] = np.asarray(once(Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))))).transpose(2, 0, 1)
    return made
