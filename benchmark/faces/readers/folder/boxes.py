"""Face boxes beside the sizes of their pictures, which are read from the pictures' headers."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from benchmark.faces.readers.folder.examining import Lost
from benchmark.faces.readers.folder.rows import Row
from benchmark.faces.reading.pictures import Unreadable, check_box, shown_size


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
            sizes[row.path] = shown_size(base / row.path)
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
