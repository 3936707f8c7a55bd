"""Reads a picture of one's own: a file, a Pillow image or an array becomes upright RGB pixels, or is refused in one line."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from benchmark.errors import BadInput, refuse
from benchmark.faces.reading.first_bytes import HEAD, kind
from benchmark.faces.reading.pictures import FORMATS, PIXEL_LIMIT, WIDE

Given = str | Path | Image.Image | np.ndarray
SMALLEST = 16  # pixels a side: there is no face to see in fewer
EXPECTED = "a picture: JPEG, PNG, WebP, GIF, BMP, TIFF"
PLAIN = "an array uint8 (height, width), (height, width, 3) in RGB, or (height, width, 4) with alpha"
# At byte 4: the brands of formats that FORMATS leaves out.
PHONE = tuple(b"ftyp" + brand for brand in b"heic heix heim heis hevc hevx hevm hevs mif1 msf1 avif avis".split())


@dataclass(frozen=True)
class Picture:
    """A picture as it is looked at.

    Attributes:
        name: the file as given, or "picture K" for an object, counted from 1.
        pixels: uint8 (H, W, 3), RGB, upright. Transparent parts are black, as in training; grey is repeated.
    """

    name: str
    pixels: np.ndarray

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.pixels.shape[0])


def read_picture(given: Given, number: int = 1) -> Picture:
    """Read one picture: the first frame of a moving one, rotated by its EXIF orientation.

    Args:
        given: a file (one of `FORMATS` by its contents, whatever its name), a Pillow image, or an array as `PLAIN` says.
        number: place among the pictures, for the name of an object.

    Raises:
        BadInput: a folder; no such file; one that is damaged, or no picture; more than `PIXEL_LIMIT` pixels, which is seen
            before they are decoded; fewer than `SMALLEST` a side; an array of another kind.
    """
    if isinstance(given, str | Path):
        return _sized(Picture(str(given), _of_file(Path(given))))
    name = f"picture {number}"
    if isinstance(given, Image.Image):
        _check_size(name, given.width, given.height)
        return _sized(Picture(name, _of_image(given, name)))
    if not isinstance(given, np.ndarray):
        raise BadInput(name, f"an object of {type(given).__qualname__}", f"a file, a Pillow image, or {PLAIN}")
    plain = given.ndim == 2 or (given.ndim == 3 and given.shape[2] in (1, 3, 4))
    if given.dtype != np.uint8 or not plain:
        raise BadInput(name, f"{given.dtype} {given.shape}", PLAIN)
    _check_size(name, *given.shape[1::-1])
    squeezed = given[..., 0] if given.ndim == 3 and given.shape[2] == 1 else given
    return _sized(Picture(name, _pixels(Image.fromarray(np.ascontiguousarray(squeezed)), name)))


def check_readable(given: Sequence[Given], kept: int = PIXEL_LIMIT) -> list[Picture | None]:
    """Read every picture once, before the first answer.

    Args:
        kept: pixels that are held at most.

    Returns:
        for each the picture, or None for one that is to be read again because there is no room to hold it.

    Raises:
        BadInput: no picture; or as `read_picture`, for all that can not be read together (`benchmark.errors.BadInputs`).
    """
    if not given:
        raise BadInput("pictures", "none", "at least one")
    found: list[Picture | None] = []
    faults = []
    for number, one in enumerate(given, 1):
        try:
            picture = read_picture(one, number)
        except BadInput as error:
            faults.append(error)
            continue
        kept -= picture.width * picture.height
        found.append(picture if kept >= 0 else None)
    refuse(faults)
    return found


def _sized(picture: Picture) -> Picture:
    if min(picture.width, picture.height) < SMALLEST:
        raise BadInput(picture.name, f"{picture.width} x {picture.height} pixels", f"at least {SMALLEST} a side")
    return picture


def _check_size(where: object, width: int, height: int) -> None:
    if width * height > PIXEL_LIMIT:
        raise BadInput(
            where, f"{width} x {height} pixels", f"{PIXEL_LIMIT:,} at most; a smaller copy shows the face as well"
        )


def _of_image(image: Image.Image, name: str) -> np.ndarray:
    try:
        return _pixels(image, name)
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:  # closed, or a file decoded only now
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(
            name, f"a Pillow image without pixels ({reason})", "an open one that can be decoded to its end"
        ) from error


def _of_file(path: Path) -> np.ndarray:
    try:
        if path.is_dir():
            raise BadInput(path, "a folder", f"{EXPECTED}; `{path / '*'}` names all files in it")
        if path.exists() and not path.is_file():  # a pipe has no end
            raise BadInput(path, "a special file", EXPECTED)
        if not path.stat().st_size:
            raise BadInput(path, "an empty file", EXPECTED)
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            _check_size(path, image.width, image.height)
            image.load()
            return _pixels(image, path)
    except BadInput:
        raise
    except FileNotFoundError as error:
        address = str(path).startswith(("http:/", "https:/"))
        raise BadInput(path, "a web address" if address else "no such file", EXPECTED) from error
    except Image.DecompressionBombError as error:
        raise BadInput(path, "far too many pixels for a picture", f"{PIXEL_LIMIT:,} at most") from error
    except UnidentifiedImageError as error:
        raise BadInput(path, _kind(path), EXPECTED) from error
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        if isinstance(error, OSError) and error.strerror:  # of the system, not of Pillow
            raise BadInput(path, f"a file that can not be opened ({error.strerror.lower()})", EXPECTED) from error
        reason = " ".join(str(error).replace(str(path), "file").split()) or type(error).__name__
        raise BadInput(path, f"a damaged picture ({reason})", "one that can be decoded to its end") from error


def _kind(path: Path) -> str:
    """What a file is that Pillow does not know, in words."""
    with open(path, "rb") as stream:
        head = stream.read(HEAD)
    if head[4:12] in PHONE:
        return "a HEIC or AVIF picture, as phones write them, which is not read here"
    found = kind(head)
    return f"{found}, damaged" if found.endswith(" picture") else found


def _pixels(image: Image.Image, where: object) -> np.ndarray:
    """uint8 (H, W, 3) of a picture of any mode, upright, as `benchmark.faces.reading.pictures` does it for training; but
    whole numbers of more than 8 bits that are all below 256 are taken for 8 bits here, and refused there."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        if not (values.min() >= 0 and values.max() <= WIDE * 255):  # false for nan
            raise BadInput(where, f"values from {values.min():g} to {values.max():g}", "a picture of 8 or 16 bits")
        if image.mode == "F" and values.max() <= 1:  # in training too: 0 to 1 would be black
            raise BadInput(where, f"floating-point values from {values.min():g} to {values.max():g}", "values from 0 to 255")
        wide = values.max() > 255
        image = Image.fromarray((values / WIDE if wide else values).round().astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    return np.asarray(image.convert("RGB"))
