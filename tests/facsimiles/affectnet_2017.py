"""AffectNet as first released: two csv lists and the pictures as found on the web, with a box for the face.

Not stated by the notes, and taken so: how the 94,060 training rows of codes 9 and 10 divide (11,645 and 82,415, the
numbers of the paper's table less 500 each); the endings of the training pictures (as in the validation part, and one in
4,504 for each ending seen in training alone) and of codes 9 and 10 (jpg); whether copies have the same label (the same
class and box, valence and arousal of their own); what the bad row's width, height and landmarks hold (numbers like any
other's); which part the empty picture belongs to (training); where the lists lie beside `Manually_Annotated/`; what the
automatic list holds (the same columns, codes 0..7).
"""

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled, shares

HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
WORDS = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt", "None", "Uncertain", "No-Face")
TRAINING = (74874, 134416, 25459, 14090, 6378, 3803, 24882, 3750, 33088, 11645, 82415)
VALIDATION = (500,) * 11
NULL_ROW = 315313
COPIES, COPIED_FROM = 32_941, 287_651
ENDINGS = {"validation": {"jpg": 4015, "png": 223, "JPG": 170, "jpeg": 90, "tif": 1, "PNG": 1}}
ENDINGS["training"] = ENDINGS["validation"] | {"bmp": 1, "BMP": 1, "Jpeg": 1, "TIF": 1}
TRAPS = (
    "null_row",  # face_x and face_y of one training row are NULL
    "no_header",  # validation.csv begins with its first row
    "empty_picture",  # a training picture of class 8..10 has no byte
    "copies",  # training pictures with the bytes of another
    "outer_folder",  # Manually_Annotated/Manually_Annotated_Images
    "folder_twice",  # Manually_Annotated_Images/Manually_Annotated_Images, the lists in label/
    "automatic_list",  # Automatically_Annotated_file_lists/automatically_annotated.csv, without pictures
    "box_outside",  # nothing of the picture lies in the box
    "box_beyond",  # the box reaches beyond the picture's edges
    "box_thin",  # the box is less than a pixel wide
    "web_pages",  # every tenth picture is a page of HTML, as a failed download leaves it
    "linked",  # Manually_Annotated_Images is a link to a folder beside the given one
    "missing_pictures",  # `missing` training pictures of classes 0..7 are not there
    "apple_double",  # ._training.csv, and ._NAME beside a picture
    "rubbish",  # Thumbs.db, desktop.ini and .DS_Store beside pictures and lists
)
RELEASED = ("null_row", "empty_picture", "copies")
BOXES = {  # x, y, width, height in widths of the picture
    "box_outside": (8, 8, 1.25, 1.25),
    "box_beyond": (-0.15625, -0.15625, 1.5625, 1.5625),
    "box_thin": (0.9921875, 0.9921875, 0.00625, 0.00625),
}


@functools.lru_cache(maxsize=20_000)
def _landmarks(margin: int, width: int, kind: int) -> str:
    """68 points inside the box: 136 numbers, x;y;x;y..."""
    points = np.random.default_rng((margin, width, kind)).uniform(margin, margin + width, 136)
    return ";".join(f"{round(each, 2):g}" for each in points)


def _codes(counts: Iterable[int], scale: float, rng: np.random.Generator) -> np.ndarray:
    numbers = [scaled(count, scale) for count in counts]
    return rng.permutation(np.repeat(np.arange(11), numbers))


def _endings(codes: np.ndarray, part: str, rng: np.random.Generator) -> list[str]:
    """An ending a row. Those of codes 9 and 10 are jpg."""
    known, rows = ENDINGS[part], np.flatnonzero(codes <= 8)
    least = int(len(rows) >= 3 * len(known))
    drawn = rng.permutation(np.repeat(list(known), shares(len(rows), list(known.values()), least)))
    found = ["jpg"] * len(codes)
    for row, ending in zip(rows.tolist(), drawn.tolist(), strict=True):
        found[row] = ending
    return found


def _copies(codes: np.ndarray, without: Iterable[int], rng: np.random.Generator) -> dict[int, int]:
    """{row: the row of the same class that it is a copy of}, in the released proportion to the rows of codes 0..7."""
    free = ~np.isin(np.arange(len(codes)), list(without))
    of_class = [np.flatnonzero((codes == code) & free) for code in range(8)]
    total = round(int((codes < 8).sum()) * COPIES / COPIED_FROM)
    found: dict[int, int] = {}
    for rows, number in zip(of_class, shares(total, [len(rows) for rows in of_class]), strict=True):
        rows = rng.permutation(rows)
        found.update(zip(rows[:number].tolist(), rng.choice(rows[number:], number).tolist(), strict=True))
    return found


def _trees(folder: Path, traps: frozenset[str]) -> tuple[Path, Path]:
    """Where the lists and the pictures go."""
    if "folder_twice" in traps:
        return folder / "label", folder / "Manually_Annotated_Images" / "Manually_Annotated_Images"
    if "outer_folder" in traps:
        return folder / "Manually_Annotated_file_lists", folder / "Manually_Annotated" / "Manually_Annotated_Images"
    return folder / "Manually_Annotated_file_lists", folder / "Manually_Annotated_Images"


def _affect(code: int, rng: np.random.Generator) -> tuple[str, str]:
    """Valence and arousal as text: about six digits, a plain 0 now and then."""
    values = [0.0 if abs(each) < 0.02 else each for each in rng.uniform(-1, 1, 2).tolist()]
    return ("-2", "-2") if code > 8 else (f"{values[0]:.6g}", f"{values[1]:.6g}")


def _special(codes: np.ndarray, traps: frozenset[str], missing: int, rng: np.random.Generator) -> dict[int, str]:
    """{training row: the trap that it is}. Makes the row that is bad in the release one of class happy."""
    bad = int(NULL_ROW * len(codes) / sum(TRAINING))
    happy = int(np.flatnonzero(codes == 1)[0])
    codes[[bad, happy]] = codes[[happy, bad]]
    free = iter(rng.permutation(np.flatnonzero((codes < 2) & (np.arange(len(codes)) != bad))).tolist())
    found = {bad: "null_row", int(np.flatnonzero(codes >= 8)[0]): "empty_picture"}
    found |= {next(free): name for name in BOXES}
    found |= {next(free): "missing_pictures" for _ in range(missing * ("missing_pictures" in traps))}
    return {row: name for row, name in found.items() if name in traps}


@dataclass
class _Part:
    """What is decided of a part before a line is written. All lists have a row each."""

    codes: np.ndarray
    special: dict[int, str]
    copies: dict[int, int]
    names: list[str]
    margins: list[int]


def _decided(part: str, traps: frozenset[str], scale: float, seed: int, side: int, missing: int) -> _Part:
    rng = np.random.default_rng((seed, len(part)))
    codes = _codes(TRAINING if part == "training" else VALIDATION, scale, rng)
    special = _special(codes, traps, missing, rng) if part == "training" else {}
    copies = _copies(codes, special, rng) if part == "training" and "copies" in traps else {}
    endings = _endings(codes, part, rng)
    for row, source in copies.items():
        endings[row] = endings[source]
    hashes = [hashlib.sha224(f"{seed}/{part}/{row}".encode()).hexdigest() for row in range(len(codes))]
    folders = rng.integers(1, max(4, int(1200 * scale)), len(codes)).tolist()
    names = [f"{folder}/{name}.{end}" for folder, name, end in zip(folders, hashes, endings, strict=True)]
    for row, what in special.items():
        if what == "empty_picture":
            names[row] = f"103/29a31ebf{hashes[row][8:]}.jpg"
    margins = rng.choice((side // 16, side // 8, side * 3 // 20), len(codes)).tolist()
    return _Part(codes, special, copies, names, margins)


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    side: int = 64,
    pictures: Iterable[int] = range(11),
    missing: int = 1,
    processes: int = 1,
) -> Truth:
    """Writes training.csv, validation.csv and the pictures.

    Args:
        scale: of the released row counts, at least one row of each class in either part.
        trap: names of `TRAPS`; `RELEASED` are those that the release itself has.
        side: width of the pictures; every third is an eighth higher than wide.
        pictures: the codes whose pictures are on disk.
        missing: number of pictures that "missing_pictures" leaves out.
        processes: that draw; more than one needs a guard in the calling script.

    Returns:
        Truth with `id` as the list spells the picture. Classes are the words of `WORDS`; the box of the bad row is None.
        `traps` has under "rows" the rows concerned (under "copies" those that are copies), under "files" the files added.
        Full size: `write(folder, scale=1, side=96, pictures=range(8), trap=RELEASED)` makes 414,800 and 5,500 rows.
    """
    folder, traps = Path(folder), chosen(trap, TRAPS)
    lists, images = _trees(folder, traps)
    shown, rows, told = frozenset(pictures), [], {name: {"rows": [], "files": []} for name in traps}
    tasks: dict[str, tuple[list[Path], str, tuple[int, int], str]] = {}
    for part in ("training", "validation"):
        decided, rng = _decided(part, traps, scale, seed, side, missing), np.random.default_rng((seed, 0, len(part)))
        file = lists / f"{part}.csv"
        headed = part == "training" or "no_header" not in traps
        put(file, f"{HEADER}\n" if headed else "")
        number, written = int(headed), open(file, "a", encoding="ascii", newline="\n")  # not held: a third of a gigabyte
        for row, code in enumerate(decided.codes.tolist()):
            what, source, name = decided.special.get(row, ""), decided.copies.get(row, row), decided.names[row]
            margin = decided.margins[source]
            box = (margin, margin, side - 2 * margin, side - 2 * margin)
            if what in BOXES:
                box = tuple(side * each for each in BOXES[what])
            shape = [f"{each:g}" for each in box]
            if what == "null_row":
                shape[:2] = "NULL", "NULL"
            valence, arousal = _affect(code, rng)
            points = _landmarks(margin, side - 2 * margin, source % 61)
            written.write(",".join((name, *shape, points, str(code), valence, arousal)) + "\n")
            number += 1
            path, present = images / name, code in shown and what not in ("missing_pictures", "empty_picture")
            if present:
                key = f"{seed}/{part}/{source}"
                size = (side, side + side // 8 * (source % 3 == 0))
                tasks.setdefault(key, ([], key, size, "RGB"))[0].append(path)
            elif what == "empty_picture":
                put(path, b"")
            made = Row(
                id=name,
                path=path.relative_to(folder).as_posix(),
                part=part,
                index=row,
                code=code,
                word=WORDS[code],
                valence=None if code > 8 else float(valence),
                arousal=None if code > 8 else float(arousal),
                box=None if what == "null_row" else tuple(float(each) for each in shape),
                file=file.relative_to(folder).as_posix(),
                line=number,
                picture=present,
                copy_of="" if source == row else decided.names[source],
            )
            rows.append(made)
            for trap_met in (what, "copies" if source != row else ""):
                if trap_met:
                    told[trap_met]["rows"].append(made)
        written.close()
    draw_all(tasks.values(), processes)
    _beside(folder, lists, rows, told)
    return Truth(folder, rows, told)


def _beside(folder: Path, lists: Path, rows: list[Row], told: dict[str, dict]) -> None:
    """Files that lie beside those of the release."""
    seen = [folder / row.path for row in rows if row.picture]
    if "web_pages" in told:
        told["web_pages"]["files"] = seen[::10]
        for path in seen[::10]:
            path.write_bytes(b"<!DOCTYPE html>\n<html><title>404 Not Found</title></html>\n")
    if "linked" in told:
        pictures = folder / "Manually_Annotated_Images"
        pictures.rename(folder.parent / f"disk of {folder.name}")
        pictures.symlink_to(folder.parent / f"disk of {folder.name}")
        told["linked"]["files"] = [pictures]
    if "automatic_list" in told:
        file = folder / "Automatically_Annotated_file_lists" / "automatically_annotated.csv"
        some = [f"2/{hashlib.sha224(str(each).encode()).hexdigest()}.jpg,9,9,40,40,{_landmarks(9, 40, each)},{each},0.5,0.25"
                for each in range(8)]  # fmt: skip
        put(file, "\n".join([HEADER, *some]) + "\n")
        told["automatic_list"]["files"] = [file]
    if "apple_double" in told:
        told["apple_double"]["files"] = apple_double(lists / "training.csv", seen[0], seen[-1])
    if "rubbish" in told:
        told["rubbish"]["files"] = rubbish(seen[0].parent) + rubbish(lists)
