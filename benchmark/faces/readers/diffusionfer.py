"""DiffusionFER (CC0): 1,285 faces made by a diffusion model, each with expression, valence and arousal.

Source: the folder DiffusionFER of github.com/marvanG/intelligent-systems-project. `dataset_sheet.csv` has the column names
and expression codes of AffectNet. The folder of a picture is the expression named in its prompt. The label is the column
`expression`: the expression that people saw. The data set has no splits; it is divided into folds here.
"""

import contextlib
import io
import itertools
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.faces.reading.archives import zip_members
from benchmark.faces.reading.csv_files import open_csv
from benchmark.faces.reading.folds import assign_folds
from benchmark.faces.reading.pictures import SUFFIXES, Unreadable, load_image
from benchmark.faces.reading.raw import check_names, raw_folder
from benchmark.faces.reading.walking import files_below
from benchmark.faces.survey import SHOWN, Survey, decode_sample
from benchmark.files import Json

VERSION = "1.0"
CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger")  # AffectNet's codes 0..6
RAW = ("diffusionfer",)
TAKES_FOLDERS = True
SHEET = "dataset_sheet.csv"
COLUMNS = ("subDirectory_filePath", "valence", "arousal", "expression")
PROMPTS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry")  # names of the picture folders
ROWS = 1285
COUNTS = (410, 336, 89, 166, 72, 53, 159)  # rows of each class in the published sheet
SHEET_MD5 = "c6b033401ade6c58059d91bb7484aea3"  # of the published sheet
FOLDS = 5
# Near duplicates may differ in this many of 256 bits. This is looser than the audit's threshold, because joining two
# unrelated faces does no harm to the folds, while a missed pair leaks into the test fold. At 64 no group has more than five
# faces; from 70 on, chains of pairs join different people (docs/data/diffusionfer.md).
NEAR = 64
SHEET_LIMIT = PICTURE_LIMIT = 1 << 24  # most bytes that are unpacked for the sheet, and for one picture in an archive
_CODE = {b"%d" % code: code for code in range(len(CLASSES))}
_NUMBER = re.compile(rb"[+-]?\d*\.?\d+([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Row:
    """One row of the sheet. `path`: as written in the sheet. `where`: file and line, for error messages."""

    where: str
    path: PurePosixPath
    valence: float
    arousal: float
    expression: int

    @property
    def id(self) -> str:
        """For example "neutral/aksjlkjl_0": the prompt's folder and the file name without its suffix."""
        return _key(self.path)

    @property
    def prompt(self) -> str:
        """The folder, which is the expression named in the prompt."""
        return self.path.parts[-2]


@dataclass(frozen=True)
class Picture:
    """The location of one picture: the file `path`, or the member `member` of the archive `path`."""

    path: Path
    member: str | None

    @property
    def name(self) -> PurePosixPath:
        return PurePosixPath(self.member or self.path.as_posix())

    def __str__(self) -> str:
        return f"{self.path}: {self.member}" if self.member else str(self.path)


def check(path: Path) -> Survey:
    """Validate a raw folder or archive: the sheet must be valid and every row must have exactly one picture. BadInput says
    what is wrong. The folds are made later, so all faces are one part."""
    path = Path(path)
    rows, account = read_sheet(path)
    pictures = find_pictures(path, rows)
    times = Counter(CLASSES[row.expression] for row in rows)
    other = [row for row in rows if PROMPTS[row.expression] != row.prompt]
    notes = []
    if other:
        notes.append(
            f"{len(other)} faces have another expression in the sheet than the folder they are in, which is the prompt (the "
            f"first: {other[0].where}); the sheet's is the label"
        )
    packed = sum(picture.member is not None for picture in pictures.values())
    if packed:
        notes.append(f"{packed} pictures are in an archive, whose members are decoded only by `ferbench prepare`")
    files = [picture.path for picture in pictures.values() if picture.member is None]
    return Survey(
        edition=f"{SHEET} as published" if account["csv_md5"] == SHEET_MD5 else f"{SHEET} with other bytes than published",
        counts={"all": {name: times[name] for name in CLASSES}},
        known={"all": dict(zip(CLASSES, COUNTS, strict=True))},
        notes=[*notes, *decode_sample(files, allowed=0)],
    )


def prepare(directory: Path, *, raw: Path = Path("data/raw"), size: int = 112) -> FaceSet:
    """Write the FaceSet of the folder ``raw/diffusionfer``.

    Images are uint8 (1285, size, size, 3), in the order of the sheet. The splits are "fold0" .. "fold4"; no group is in two
    folds, and classes are spread evenly. A group is a set of near duplicates. The flag is "prompted-as-<folder>" if folder
    and label differ.

    Raises:
        BadInput: as `check`; also an unreadable picture.
    """
    folder = raw_folder(raw, "diffusionfer")
    rows, source = read_sheet(folder)
    pictures = find_pictures(folder, rows)
    check_names(itertools.chain((row.id for row in rows), map(str, pictures.values())), folder)
    images = np.stack(list(_decoded(rows, pictures, size)))
    label = np.array([row.expression for row in rows])
    group = near_duplicate_groups(images)
    flag = ["" if PROMPTS[row.expression] == row.prompt else f"prompted-as-{row.prompt}" for row in rows]
    return write_faceset(
        directory,
        images,
        name="diffusionfer",
        version=VERSION,
        classes=CLASSES,
        id=[row.id for row in rows],
        split=assign_folds(FOLDS, label, group, "DiffusionFER"),
        expression=label,
        valence=[row.valence for row in rows],
        arousal=[row.arousal for row in rows],
        group=group,
        flag=flag,
        how={
            "reader": "diffusionfer",
            "sheet": source,
            "pictures": dict(Counter(pictures[row.id].name.suffix.lower() for row in rows)),
            "size": size,
            "label": "column expression; the folder is the prompt",
            "folder is another expression": sum(map(bool, flag)),
            "groups": f"near duplicates, at most {NEAR} of 256 bits apart, mirror images too",
            "folds": f"{FOLDS}, StratifiedGroupKFold without shuffling",
            "versions": {name: metadata.version(name) for name in ("imagehash", "pillow", "scikit-learn")},
        },
    )


def read_sheet(path: Path) -> tuple[list[Row], dict[str, Json]]:
    """(rows of the `dataset_sheet.csv` below or in `path`, entry for ``FaceSet.meta["how"]`` about the file).

    Raises:
        BadInput: no sheet or several; a wrong header; a row whose path occurs twice or has an unknown folder, whose valence
            or arousal is not in [-1, 1], or whose expression is not 0..6; not exactly `ROWS` rows; whatever `open_csv`
            refuses.
    """
    rows: list[Row] = []
    seen: dict[str, str] = {}
    with open_csv(_sheet_file(path), (SHEET,), limit=SHEET_LIMIT) as source:
        lines = iter(source)
        header = [name.decode(errors="replace") for name in next(lines, ("", []))[1]]
        if sorted(header) != sorted(COLUMNS):
            raise BadInput(f"{source.where} line 1", f"header {','.join(header)[:120]!r}", ",".join(COLUMNS))
        place = [header.index(column) for column in COLUMNS]
        for line, cells in lines:
            if len(cells) != len(COLUMNS):
                raise BadInput(line, f"{len(cells)} fields", len(COLUMNS))
            row = _row(line, *(cells[k] for k in place))
            if row.id in seen:
                raise BadInput(line, f"{row.id}, which {seen[row.id]} has too", "each picture once")
            seen[row.id] = " ".join(line.split()[-2:])  # "line N"
            rows.append(row)
        if len(rows) != ROWS:
            raise BadInput(source.where, f"{len(rows)} data rows", ROWS)
        account = {"file": SHEET, "archive": source.member is not None, "csv_md5": source.md5}
    return rows, account


def find_pictures(path: Path, rows: list[Row]) -> dict[str, Picture]:
    """id -> picture of each row: the file or archive member with the row's folder and name. The suffix may differ.

    If there are several (the published folder has pictures before and after cropping), the one is taken whose path ends
    with the path in the sheet.

    Raises:
        BadInput: a row without a picture or with several; a damaged archive; an archive with a member that is a link, is
            encrypted, has a path that leads out of the archive, or unpacks to more than `PICTURE_LIMIT` bytes.
    """
    found: dict[str, list[Picture]] = {}
    for picture in _pictures(path):
        found.setdefault(_key(picture.name), []).append(picture)
    chosen = {}
    for row in rows:
        candidates = every = found.get(row.id, [])
        ending = row.path.with_suffix("").as_posix()
        if not every:
            raise BadInput(f"{row.where}, {row.path}", f"no picture {row.id} (.png, .webp, ...) below {path}", "one picture")
        if len(every) > 1:
            candidates = [c for c in every if f"/{c.name.with_suffix('')}".endswith(f"/{ending}")]
        if len(candidates) != 1:
            several = candidates or every
            names = f"{len(several)} pictures {row.id}: {', '.join(map(str, several[:SHOWN]))}"
            raise BadInput(f"{row.where}, {row.path}", names, f"one picture, or one at .../{ending}; remove the others")
        chosen[row.id] = candidates[0]
    return chosen


def near_duplicate_groups(images: NDArray[np.uint8]) -> NDArray[np.str_]:
    """str (N,): name of each picture's group of near duplicates; "" if it has none."""
    from benchmark.faces.near_duplicates import near_groups

    number = near_groups(images, threshold=NEAR, mirrors=True)
    alone = np.bincount(number)[number] == 1
    return np.where(alone, "", np.char.add("alike-", number.astype(str)))


def _row(line: str, path: bytes, valence: bytes, arousal: bytes, expression: bytes) -> Row:
    try:
        name = PurePosixPath(path.decode("ascii"))
    except UnicodeDecodeError:
        raise BadInput(line, f"path {_text(path)}", "ASCII characters") from None
    if name.is_absolute() or ".." in name.parts or b"\\" in path or len(name.parts) < 2:
        raise BadInput(line, f"path {_text(path)}", "a relative path such as .../neutral/aksjlkjl_0.png, without '..'")
    if name.parts[-2] not in PROMPTS:
        raise BadInput(line, f"folder '{name.parts[-2]}'", f"one of {', '.join(PROMPTS)}")
    if expression not in _CODE:
        raise BadInput(line, f"expression {_text(expression)}", f"an integer 0..{len(CLASSES) - 1}")
    for column, cell in (("valence", valence), ("arousal", arousal)):
        if not _NUMBER.fullmatch(cell) or not math.fabs(float(cell)) <= 1:
            raise BadInput(line, f"{column} {_text(cell)}", "a number in [-1, 1]")
    return Row(line, name, float(valence), float(arousal), _CODE[expression])


def _files(path: Path) -> list[Path]:
    """Every file in or below a folder, as `files_below`. For a file: the file itself."""
    if path.is_file():
        return [path]
    return [path / inside for inside in files_below(path)]


def _archives(path: Path) -> list[Path]:
    return [file for file in _files(path) if file.suffix.lower() == ".zip"]


def _sheet_file(path: Path) -> Path:
    """The sheet, or the archive that contains it."""
    if not path.exists():
        raise BadInput(path, "no such file or folder", f"a folder with {SHEET} and the pictures, or a .zip of one")
    sheets = [file for file in _files(path) if file.name == SHEET]
    if not sheets:
        sheets = [
            a for a in _archives(path) if any(PurePosixPath(m).name == SHEET for m in zip_members(a, limit=PICTURE_LIMIT))
        ]
    if len(sheets) != 1:
        raise BadInput(path, ", ".join(map(str, sheets)) or f"no {SHEET}", f"exactly one {SHEET}")
    return sheets[0]


def _pictures(path: Path) -> Iterator[Picture]:
    for file in _files(path):
        if file.suffix.lower() in SUFFIXES:
            yield Picture(file, None)
    for archive in _archives(path):
        for member in zip_members(archive, limit=PICTURE_LIMIT):
            if PurePosixPath(member).suffix.lower() in SUFFIXES:
                yield Picture(archive, member)


def _decoded(rows: list[Row], pictures: Mapping[str, Picture], size: int) -> Iterator[np.ndarray]:
    """uint8 (size, size, 3) of each row's picture."""
    with contextlib.ExitStack() as stack:
        archives = {p.path for p in pictures.values() if p.member}
        opened = {path: stack.enter_context(zipfile.ZipFile(path)) for path in archives}
        for row in rows:
            picture = pictures[row.id]
            try:
                source = io.BytesIO(opened[picture.path].read(picture.member)) if picture.member else picture.path
                yield load_image(source, size=size, channels=3)
            except (Unreadable, zipfile.BadZipFile) as error:
                raise BadInput(picture, f"a picture that can not be read ({error})", "a whole one") from error


def _key(path: PurePosixPath) -> str:
    return "/".join(path.with_suffix("").parts[-2:])


def _text(cell: bytes) -> str:
    return repr(cell[:60].decode(errors="replace"))
