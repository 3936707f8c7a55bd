"""Makes a square picture of a FaceSet from a picture file or from the pixels of a video frame."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from benchmark.faces.reading.first_bytes import HEAD, kind

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})  # in lower case
# What is tried, whatever a file is called: formats that Pillow decodes itself. Others start a program (PostScript:
# Ghostscript) or read further files.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
PIXEL_LIMIT = 1 << 26  # 67 million; a larger picture may be a decompression bomb, so it is refused before decoding
DAMAGED = 'see "Damaged or unusual pictures" in docs/data/README.md'  # how more of them can be allowed
RESAMPLING = "Pillow BILINEAR, antialiased, after whole-factor averaging to no less than twice the size"
WIDE = 257  # divisor from 16 to 8 bits: 65535 = 255 x 257
TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
_ORIENTATION = 0x0112
_EXIF_OF_PNG = {"exif", "Raw profile type exif"}
_SIZE_OF_TIFF = (256, 257)  # tags


class Unreadable(Exception):
    """One picture can not be read; str(error) says why."""


def load_image(
    path: Path | BinaryIO,
    *,
    size: int,
    channels: int,
    box: Sequence[float] | None = None,
    margin: float = 0.0,
    roll: float = 0.0,
) -> np.ndarray:
    """A picture uint8 (size, size, channels) from a file of one of `FORMATS`, rotated by its EXIF orientation.

    Transparent parts become black. CMYK, palette and other modes are converted to RGB by Pillow. 16-bit values are divided
    by 257.

    Args:
        path: a file, or an open stream (a member of an archive).
        box, margin, roll: as for `fit`, in pixels of the picture after the EXIF rotation.

    Raises:
        Unreadable: a file that does not exist, is empty or truncated, is not a picture of `FORMATS` or has more than
            `PIXEL_LIMIT` pixels; floating-point values outside of 0..255, or none above 1; more than 8 bits a value, and no
            value above 255 but 0 (a picture of 8 bits, saved so), or one above 65535; a box as for `fit`.
    """
    try:
        if isinstance(path, Path) and not path.stat().st_size:
            raise Unreadable("an empty file")
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise Unreadable(f"{image.width} x {image.height} pixels")
            image.load()
            shown = _eight_bits(ImageOps.exif_transpose(image))
            return fit(shown, size=size, channels=channels, box=box, margin=margin, roll=roll)
    except Unreadable:
        raise
    except FileNotFoundError as error:
        raise Unreadable("no such file") from error  # the path is not in the reason: meta.json keeps it
    except UnidentifiedImageError as error:
        raise Unreadable(f"no picture that can be read: {_kind(path)}") from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)  # without "[Errno 13]"
        raise Unreadable(" ".join(said.replace(str(path), "file").split()) or type(error).__name__) from error


def _kind(path: Path | BinaryIO) -> str:
    """What a file is that Pillow does not know, in words."""
    if isinstance(path, Path):
        with open(path, "rb") as stream:
            return kind(stream.read(HEAD))
    path.seek(0)
    return kind(path.read(HEAD))


def fit(
    image: Image.Image | np.ndarray,
    *,
    size: int,
    channels: int,
    box: Sequence[float] | None = None,
    margin: float = 0.0,
    roll: float = 0.0,
) -> np.ndarray:
    """Crop and resample a picture (`RESAMPLING`): uint8 (size, size, channels).

    Args:
        image: a Pillow image of any mode with 8 bits, or uint8 (H, W) or (H, W, 3).
        box: x1 y1 x2 y2 in pixels; fractions are allowed. The box is made square around its centre and widened on every side
            by `margin` times its longer side. Parts outside of the picture are black. None: the whole picture, stretched if
            it is not square.
        roll: degrees by which the face leans clockwise for the viewer. The picture is rotated back around the centre of the
            box (bilinear; parts from outside of the picture are black). 0: no rotation.

    Raises:
        Unreadable: a box that covers no whole pixel of the picture; one of more than `PIXEL_LIMIT` pixels.
    """
    if isinstance(image, np.ndarray):
        image = Image.fromarray(np.ascontiguousarray(image))
    if box is not None:
        check_box(box, image.width, image.height, margin)
    if image.mode != (mode := "RGB" if channels == 3 else "L"):
        image = image.convert(mode)
    if roll:
        x1, y1, x2, y2 = box if box is not None else (0, 0, image.width, image.height)
        image = image.rotate(roll, Image.Resampling.BILINEAR, center=((x1 + x2) / 2, (y1 + y2) / 2))
    if box is None:
        cut = image.resize((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    else:
        x1, y1, x2, y2 = box
        half = max(x2 - x1, y2 - y1) * (0.5 + margin)
        left, top, right, bottom = (x1 + x2) / 2 - half, (y1 + y2) / 2 - half, (x1 + x2) / 2 + half, (y1 + y2) / 2 + half
        if left < 0 or top < 0 or right > image.width or bottom > image.height:
            around = int(np.floor(left)), int(np.floor(top)), int(np.ceil(right)), int(np.ceil(bottom))
            image = image.crop(around)  # Pillow fills with black
            left, right, top, bottom = left - around[0], right - around[0], top - around[1], bottom - around[1]
        within = (left, top, min(right, image.width), min(bottom, image.height))
        cut = image.resize((size, size), Image.Resampling.BILINEAR, box=within, reducing_gap=2.0)
    return np.asarray(cut).reshape(size, size, channels)


def check_box(box: Sequence[float], width: int, height: int, margin: float = 0.0) -> None:
    """Raise Unreadable if the box itself, without margin, has nothing of the picture: it would give a face that is black, or
    of one colour. Also if the square that is cut, with its margin, has more than `PIXEL_LIMIT` pixels."""
    x1, y1, x2, y2 = box
    left, top, right, bottom = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
    if left >= right or top >= bottom:
        raise Unreadable("a face box outside of the picture")
    if math.floor(right) - math.ceil(left) < 1 or math.floor(bottom) - math.ceil(top) < 1:
        raise Unreadable("a face box that covers no whole pixel of the picture")
    side = max(x2 - x1, y2 - y1) * (1 + 2 * margin)
    if side**2 > PIXEL_LIMIT:
        raise Unreadable(f"a face box of {side:.4g} pixels")


def shown_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a picture file as `load_image` shows it, from its header; None if that can not be read."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            # In a PNG without EXIF before its pixels, Pillow looks behind them, and decodes the whole picture for that.
            if image.format == "PNG" and not _EXIF_OF_PNG & set(image.info):
                return width, height
            if isinstance(image, TiffImagePlugin.TiffImageFile):  # its size is turned already, by some versions of Pillow
                width, height = (int(image.tag_v2[tag]) for tag in _SIZE_OF_TIFF)
            return (height, width) if image.getexif().get(_ORIENTATION) in TURNED else (width, height)
    except (OSError, ValueError, SyntaxError, KeyError, Image.DecompressionBombError):
        return None


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        if image.mode == "F":
            if not (values.min() >= 0 and 1 < values.max() <= 255):  # false for nan
                raise Unreadable(f"floating-point values from {values.min():g} to {values.max():g}, not 0 to 255")
        else:  # mode I too: older versions of Pillow read 16 bits so
            if 0 < values.max() <= 255 or values.max() > 65535:
                raise Unreadable(f"whole numbers of more than 8 bits up to {values.max():.0f}, which are not 16-bit values")
            values = values / WIDE
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    return image
