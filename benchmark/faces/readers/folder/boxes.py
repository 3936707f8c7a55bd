"""Face boxes beside the sizes of their pictures, which are read from the pictures' headers."""

import warnings
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from PIL import Image

from benchmark.faces.readers.folder.examining import Lost
from benchmark.faces.readers.folder.rows import Row
from benchmark.faces.reading.pictures import FORMATS, Unreadable, check_box

TURNED = (5, 6, 7, 8)  # EXIF orientations that exchange width and height
_ORIENTATION = 0x0112
_EXIF_OF_PNG = {"exif", "Raw profile type exif"}


def beyond(rows: Sequence[Row], base: Path, margin: float) -> tuple[Lost, list[Row]]:
    """(the faces that `check_box` refuses with this margin and why; those whose box lies in the picture only in part).
    Faces without a box, and those of pictures whose header can not be read, are in neither."""
    sizes: dict[PurePosixPath, tuple[int, int] | None] = {}
    nowhere: Lost = []
    in_part = []
    for row in rows:
        if row.box is None:
            continue
        if row.path not in sizes:
            sizes[row.path] = _size(base / row.path)
        if (size := sizes[row.path]) is None:
            continue
        (left, top, right, bottom), (width, height) = row.box, size
        try:
            check_box(row.box, width, height, margin)
        except Unreadable as error:
            nowhere.append((row, str(error)))
            continue
        if left < 0 or top < 0 or right > width or bottom > height:
            in_part.append(row)
    return nowhere, in_part


def _size(path: Path) -> tuple[int, int] | None:
    """Width and height as the picture is shown; None if its header can not be read."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as image:
            width, height = image.size
            # In a PNG without EXIF before its pixels, Pillow looks behind them, and decodes the whole picture for that.
            if image.format == "PNG" and not _EXIF_OF_PNG & set(image.info):
                return width, height
            return (height, width) if image.getexif().get(_ORIENTATION) in TURNED else (width, height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
