"""Common corruptions of pictures at five severities; parameters: corruptions.yaml.

What is drawn at random (noise, the place of the square) depends on the face's id alone and is the same at every severity,
only larger: a curve over severities follows one picture, and every network sees the same pixels.
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
GREY = 0.5  # of the occluding square


def parameters() -> Mapping[str, Sequence[float]]:
    """The corruptions of corruptions.yaml in its order: name -> one number a severity.

    Raises:
        BadInput: an unknown name, another number of severities.
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
    """Tells whether two measurements used the same parameters."""
    return digest(parameters())


def corrupt(images: np.ndarray, ids: Sequence[str], name: str, severity: int) -> np.ndarray:
    """Corrupted pictures of the same shape and type.

    Args:
        images: uint8 (N, C, S, S), C = 1 or 3.
        ids: str (N,), of the faces.
        severity: 0 (pictures as they are) to 5.

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
    """The random stream of one face under one corruption."""
    return np.random.default_rng(list(hashlib.sha256(f"{name} {id}".encode()).digest()[:16]))


def gaussian_blur(images: np.ndarray, ids: Sequence[str], share: float) -> np.ndarray:
    """Gaussian filter, edges mirrored (scipy)."""
    from scipy.ndimage import gaussian_filter

    deviation = share * images.shape[-1]
    return _pixels(gaussian_filter(images.astype(np.float32), (0, 0, deviation, deviation), mode="reflect"))


def gaussian_noise(images: np.ndarray, ids: Sequence[str], deviation: float) -> np.ndarray:
    """Independent noise in every pixel and channel."""
    noise = np.stack([draws(id, "gaussian-noise").standard_normal(images.shape[1:], np.float32) for id in ids])
    return _pixels(images + 255 * deviation * noise)


def jpeg(images: np.ndarray, ids: Sequence[str], quality: float) -> np.ndarray:
    """Written as JPEG and read back (Pillow; chroma halved in either direction)."""
    from PIL import Image

    def once(picture):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(quality), subsampling="4:2:0")
        return Image.open(buffer)

    return _each(images, once)


def brightness(images: np.ndarray, ids: Sequence[str], added: float) -> np.ndarray:
    """The same amount added to every pixel; white stays white."""
    return _pixels(images + np.float32(255 * added))


def contrast(images: np.ndarray, ids: Sequence[str], kept: float) -> np.ndarray:
    """Every channel drawn towards its mean over the picture."""
    mean = images.mean(axis=(2, 3), keepdims=True, dtype=np.float32)
    return _pixels(mean + np.float32(kept) * (images - mean))


def low_resolution(images: np.ndarray, ids: Sequence[str], share: float) -> np.ndarray:
    """Reduced by area averaging and enlarged again bilinearly (Pillow)."""
    from PIL import Image

    side = images.shape[-1]
    small = max(1, round(share * side))

    def once(picture):
        reduced = picture.resize((small, small), Image.Resampling.BOX)
        return reduced.resize((side, side), Image.Resampling.BILINEAR)

    return _each(images, once)


def occlusion(images: np.ndarray, ids: Sequence[str], share: float) -> np.ndarray:
    """A grey square whose centre lies anywhere in the picture; what reaches over the edge is cut off."""
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
    """A function of Pillow pictures on every picture."""
    from PIL import Image

    made = np.empty_like(images)
    for row, image in enumerate(images):
        if len(image) == 1:
            made[row, 0] = np.asarray(once(Image.fromarray(image[0])))
        else:
            made[row] = np.asarray(once(Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))))).transpose(2, 0, 1)
    return made
