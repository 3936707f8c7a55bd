"""A list of pictures with one line for each face and fields between spaces: RAF-DB's and ExpW's."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.rows import FARTHEST, Box, Row, inside
from benchmark.faces.reading.unpacked import packed_below

SIDES = ("left", "top", "right", "bottom")
IGNORED = "-"


@dataclass(frozen=True)
class Lines:
    """The layout of a preset.

    Attributes:
        edition: what is read so.
        top: where it may begin: patterns of folders, "." for the folder given.
        lists: places of the list, relative to that; exactly one of them is there.
        pictures: places of the folder of pictures; exactly one of them is there.
        columns: what the fields of a line are: "name", "expression", `SIDES` (of a face box, in pixels), or `IGNORED`.
        file: the file of a picture: ``{stem}`` and ``{suffix}`` are those of its name.
        split: regular expression that finds the split in a name; None: the release has no splits.
    """

    edition: str
    top: tuple[str, ...]
    lists: tuple[str, ...]
    pictures: tuple[str, ...]
    columns: tuple[str, ...]
    file: str = "{stem}{suffix}"
    split: str | None = None

    @property
    def wanted(self) -> str:
        """What it looks for."""
        return f"{' or '.join(self.lists)} beside {' or '.join(self.pictures)}"

    def lies_in(self, base: Path) -> bool:
        """Whether a folder has this layout: its list."""
        return any((base / name).is_file() for name in self.lists)

    def read(self, base: Path) -> tuple[list[Row], list[str]]:
        """The rows of the list, and notes. The id of a face is the file's name, in a list with face boxes ``NAME#n``: the
        n-th face of that name from 0. A line that stands twice counts once. A face that has several expressions is left out.

        Raises:
            BadInput: several lists, no or several folders of pictures, bytes that are not UTF-8, a line of another number of
                fields, a path that leads out of the folder, a name without a split, a box that is not four numbers.
        """
        path = base / _only(base, [name for name in self.lists if (base / name).is_file()], self.lists)
        pictures = _only(base, [name for name in self.pictures if (base / name).is_dir()], self.pictures)
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise BadInput(path, f"bytes that are not UTF-8 ({error.reason})", "text in UTF-8") from error
        every = [self._row(line, f"{path} line {k}", pictures) for k, line in enumerate(lines, 1) if line.strip()]
        rows, notes = _once(every)
        return (_numbered(rows) if set(SIDES) <= set(self.columns) else rows), notes

    def _row(self, line: str, where: str, pictures: str) -> Row:
        fields = line.split()
        if len(fields) != len(self.columns):
            expected = " ".join(name if name != IGNORED else "..." for name in self.columns)
            raise BadInput(where, f"{len(fields)} fields, {line[:80]!r}", f"{len(self.columns)}: {expected}")
        given = dict(zip(self.columns, fields, strict=True))
        name = inside(given["name"], where)
        file = name.with_name(self.file.format(stem=name.stem, suffix=name.suffix))
        split = ""
        if self.split is not None:
            match = re.search(self.split, name.as_posix())
            if match is None:
                raise BadInput(where, f"name {name.as_posix()!r}", f"one with the split, {self.split}")
            split = match[1]
        path = PurePosixPath(pictures) / file
        box = _box(given, where) if set(SIDES) <= set(given) else None
        return Row(where, path, split, given.get("expression", ""), box=box, id=file.as_posix())


def _once(every: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Each face once, without those that have several expressions; and what was left out."""
    faces: dict[tuple[PurePosixPath, Box | None], list[Row]] = {}
    for row in every:
        faces.setdefault((row.path, row.box), []).append(row)
    alike = [own for own in faces.values() if len({row.expression for row in own}) == 1]
    doubtful = [own for own in faces.values() if len({row.expression for row in own}) > 1]
    notes = []
    if again := [row for own in alike for row in own[1:]]:
        notes.append(f"lines that repeat another one, left out: {len(again)} (the first: {again[0].where})")
    if doubtful:
        shown = f"{doubtful[0][0].where} and {doubtful[0][1].where.rpartition(' ')[2]}"
        number = f"{len(doubtful)}, in {sum(map(len, doubtful))} lines"
        notes.append(f"faces with several expressions, left out: {number} (the first: {shown})")
    return [own[0] for own in alike], notes


def _numbered(rows: Sequence[Row]) -> list[Row]:
    times: dict[str, int] = {}
    numbered = []
    for row in rows:
        times[row.id] = times.get(row.id, -1) + 1
        numbered.append(dataclasses.replace(row, id=f"{row.id}#{times[row.id]}"))
    return numbered


def _only(base: Path, found: Sequence[str], places: Sequence[str]) -> str:
    if len(found) != 1:
        raise BadInput(base, " and ".join(found) or f"none of {', '.join(places)}{packed_below(base)}", "one of them")
    return found[0]


def _box(given: Mapping[str, str], where: str) -> Box:
    try:
        left, top, right, bottom = (float(given[side]) for side in SIDES)
    except ValueError:
        left, top, right, bottom = (math.nan,) * 4
    if not all(abs(side) < FARTHEST for side in (left, top, right, bottom)):  # false for nan
        shown = ", ".join(f"{side} {given[side][:20]}" for side in SIDES)
        raise BadInput(where, f"face box {shown}", "four numbers of pixels")
    return left, top, right, bottom
