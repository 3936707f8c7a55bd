"""FER2013 as one file in the forms in which it is kept, and as the two trees of pictures.

Not stated by the notes, and taken so: that the rows of icml_face_data.csv have no blank after their commas (the header has);
that every file ends with a line's end; the name of the other file in the tar; which rows the re-split tree puts into which
part (its first ones into train).
"""

import gzip
import io
import lzma
import tarfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import draw_all, drawn, put
from tests.facsimiles.truth import Row, Truth, chosen, scaled

WORDS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COUNTS = {  # counted in the real file
    "Training": (3995, 436, 4097, 7215, 4830, 3171, 4965),
    "PublicTest": (467, 56, 496, 895, 653, 415, 607),
    "PrivateTest": (491, 55, 528, 879, 594, 416, 626),
}
START = (70, 80, 82, 72, 58, 58, 60, 63)  # of the first row, whose label is 0
FORMS = {  # name of the file, or of the folder
    "csv": "fer2013.csv",
    "icml": "icml_face_data.csv",
    "tar": "fer2013.csv",  # an uncompressed tar under the name of the csv
    "tar.gz": "fer2013.tar.gz",
    "gz": "fer2013.csv.gz",
    "xz": "fer2013.csv.xz",
    "train": "train.csv",
    "test": "test.csv",
    "msambare": "fer2013",
    "jonathanoheix": "fer2013",
}
TRAPS = (
    "crlf",  # lines end with CR LF
    "black",  # one training picture is all black
    "copies",  # a copy with another label in Training, and one in PublicTest
    "short_row",  # one row has 2303 numbers
    "bad_label",  # one row has the label 7
    "row_missing",  # the last row is not there
)


def picture(row: Row, seed: int = 0) -> np.ndarray:
    """The pixels of a row: uint8 (48, 48), of the two trees before compression."""
    if row.attributes == {"black": True}:
        return np.zeros((48, 48), np.uint8)
    pixels = np.array(drawn(f"{seed}/{row.copy_of or row.id}", (48, 48), "L"))
    if (row.copy_of or row.id) == "0":
        pixels[0, : len(START)] = START
    return pixels


def rows_of(scale: float, seed: int, traps: frozenset[str] = frozenset()) -> list[Row]:
    """The rows in the official order of parts; the first has the label 0. `id` is the row's number."""
    rng, rows = np.random.default_rng(seed), []
    for part, counts in COUNTS.items():
        codes = rng.permutation(np.repeat(np.arange(7), [scaled(each, scale) for each in counts]))
        zero = int(np.flatnonzero(codes == 0)[0])
        codes[[0, zero]] = codes[[zero, 0]]
        for code in codes.tolist():
            rows.append(Row(str(len(rows)), "", part, len(rows), code, WORDS[code], file="", line=len(rows) + 2))
    public = next(row.index for row in rows if row.part == "PublicTest")
    if "copies" in traps:
        for place in (1, public):
            code = 3 if place == 1 else rows[place].code
            rows[place] = rows[place]._replace(code=code, word=WORDS[code], copy_of="0")
    if "black" in traps:
        rows[2] = rows[2]._replace(attributes={"black": True})
    if "bad_label" in traps:
        rows[3] = rows[3]._replace(code=7, word=None)
    return rows[:-1] if "row_missing" in traps else rows


def _text(rows: list[Row], form: str, seed: int, traps: frozenset[str]) -> bytes:
    header = {"icml": "emotion, Usage, pixels", "train": "emotion,pixels", "test": "pixels"}.get(
        form, "emotion,pixels,Usage"
    )
    lines = [header]
    for row in rows:
        pixels = " ".join(map(str, picture(row, seed).ravel().tolist()))
        if "short_row" in traps and row.index == 4:
            pixels = pixels.rpartition(" ")[0]
        cells = {"icml": (row.code, row.part, pixels), "train": (row.code, pixels), "test": (pixels,)}
        lines.append(",".join(map(str, cells.get(form, (row.code, pixels, row.part)))))
    end = "\r\n" if "crlf" in traps else "\n"
    return (end.join(lines) + end).encode()


def _packed(text: bytes, form: str) -> bytes:
    if form == "gz":
        return gzip.compress(text, 1, mtime=0)
    if form == "xz":
        return lzma.compress(text, preset=0)
    if form not in ("tar", "tar.gz"):
        return text
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in (("fer2013/fer2013.csv", text), ("fer2013/README", b"a, note, with, commas\n")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(held.getvalue(), 1, mtime=0) if form == "tar.gz" else held.getvalue()


def write(
    folder: Path | str, *, scale: float = 0.01, seed: int = 0, trap: str | Iterable[str] | None = None, form: str = "csv"
) -> Truth:
    """Writes one of `FORMS`.

    Args:
        scale: of 28,709, 3,589 and 3,589 rows, at least one of each class; 1 makes a file of 260 MB in a minute.
        trap: names of `TRAPS`; those that change a row of text have no meaning in the two trees (ValueError).

    Returns:
        Truth whose `folder` is the file, or the tree's top. `id` is the row's number, `picture(row)` its pixels, `part` the
        Usage. train.csv has the Training rows, test.csv the others, which have no label there. In the tree of jonathanoheix
        `part` is "train" or "validation". `traps` has under "rows" the rows concerned.
    """
    folder, traps = Path(folder) / FORMS[form], chosen(trap, TRAPS)
    rows = rows_of(scale, seed, traps)
    if form in ("msambare", "jonathanoheix"):
        if traps:
            raise ValueError(f"{sorted(traps)}: not of a tree")
        rows = _write_tree(folder, rows, form, seed)
    else:
        if form in ("train", "test"):
            rows = [row for row in rows if (row.part == "Training") == (form == "train")]
            rows = [row._replace(line=number) for number, row in enumerate(rows, start=2)]
        put(folder, _packed(_text(rows, form, seed, traps), form))
        if form == "test":
            rows = [row._replace(code=None, word=None) for row in rows]
    concerned = {"black": {"2"}, "short_row": {"4"}, "bad_label": {"3"}, "copies": {row.id for row in rows if row.copy_of}}
    return Truth(
        folder, rows, {name: {"rows": [row for row in rows if row.id in concerned.get(name, ())]} for name in traps}
    )


def _write_tree(folder: Path, rows: list[Row], form: str, seed: int) -> list[Row]:
    """JPEG files. The numbers in the names of msambare's are not the rows'; jonathanoheix's parts are others."""
    numbers = np.random.default_rng(seed).choice(10**8, len(rows), replace=False).tolist()
    found = []
    for row, number in zip(rows, numbers, strict=True):
        if form == "msambare":
            path = f"{'train' if row.part == 'Training' else 'test'}/{row.word}/{row.part}_{number}.jpg"
        else:
            part = "train" if row.index * 35_887 < 28_821 * len(rows) else "validation"
            path = f"images/{part}/{row.word}/{row.index}.jpg"
            row = row._replace(part=part)
        found.append(row._replace(path=path, line=0))
    draw_all(([folder / row.path], f"{seed}/{row.id}", (48, 48), "L") for row in found)
    return found
