"""The rows of a layout, looked at together and beside their files."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.options import Options
from benchmark.faces.readers.folder.rows import Row, Spellings
from benchmark.names import checked_text

Lost = list[tuple[Row, str]]  # faces without a picture, and why


def examined(rows: Sequence[Row], base: Path, options: Options) -> tuple[list[Row], Lost]:
    """(the rows with their groups, those without a picture and why; they stay among the rows). Pictures are not opened.

    Raises:
        BadInput: no row; a face that is listed twice; a name that is not printable; a picture outside of `base`; more faces
            without a picture than the options allow; a path in which the option `group` finds nothing; groups that differ by
            case or blanks alone.
    """
    if not rows:
        raise BadInput(base, "no picture", "some, as split/class/picture or listed in a csv")
    seen: dict[object, str] = {}
    files: dict[PurePosixPath, str] = {}  # path -> why it is no picture, "" for one that is
    lost: Lost = []
    kept, groups = [], Spellings("group")
    top = base.resolve()
    for row in rows:
        for key in (row.name, (row.path, row.box)):
            if key in seen:
                shown = row.name if row.box is None else f"{row.path} with the same face box"
                raise BadInput(row.where, f"{shown}, which {seen[key]} has too", "each picture once")
            seen[key] = row.where
        if not row.name.isprintable() or not row.path.as_posix().isprintable() or not row.group.isprintable():
            raise BadInput(row.where, f"{row.path.as_posix()!r}, group {row.group!r}", "printable characters")
        if row.split:
            checked_text(row.split, "split", row.where)
        if row.path not in files:
            files[row.path] = _why_not(base / row.path, row, top)
        without_area = row.box is not None and not (row.box[0] < row.box[2] and row.box[1] < row.box[3])
        if why := files[row.path] or ("a face box without area" if without_area else ""):
            lost.append((row, why))
        kept.append(row if options.group is None else dataclasses.replace(row, group=_group(row, options.group)))
        if kept[-1].group:
            groups.add(kept[-1].group, row.where)
    check_share(lost, len(rows), base, options)
    return kept, lost


def check_share(lost: Lost, rows: int, base: Path, options: Options) -> None:
    """BadInput, naming the first, if more faces have no picture than the options allow."""
    if len(lost) > options.allow_unreadable * rows:
        row, why = lost[0]
        many = f" ({len(lost)} of {rows} faces without a picture)" if len(lost) > 1 else ""
        expected = f"a picture; at most {100 * options.allow_unreadable:g} % may have none (allow_unreadable)"
        raise BadInput(row.where, f"{why}: {base / row.path}{many}", expected)


def _why_not(file: Path, row: Row, top: Path) -> str:
    try:
        within = file.resolve().is_relative_to(top)
        size = file.stat().st_size if file.is_file() else None
    except (OSError, RuntimeError) as error:  # a name that is too long; links in a circle
        why = error.strerror if isinstance(error, OSError) else error
        raise BadInput(row.where, f"{row.path} ({why})", "a picture") from error
    if not within:
        raise BadInput(row.where, f"{row.path}, which leads out of {top}", "a picture inside it")
    return "no such picture" if size is None else "" if size else "a picture of 0 bytes"


def _group(row: Row, pattern: str) -> str:
    match = re.search(pattern, row.path.as_posix())
    if not match or not match[1]:
        raise BadInput(row.where, f"{row.path}, in which {pattern!r} finds nothing", "the name of its group")
    return match[1]


def together(rows: Sequence[Row]) -> list[str]:
    """For each row, the name of the faces that a fold must not divide: its group and, if a picture is listed several times,
    the other faces of the picture and their groups. "": none."""
    if len({row.path for row in rows}) == len(rows):
        return [row.group for row in rows]
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pictures = [f"picture {row.path.as_posix()}" for row in rows]
    groups = [f"group {row.group}" if row.group else picture for row, picture in zip(rows, pictures, strict=True)]
    names, ends = np.unique([pictures, groups], return_inverse=True)
    first, second = ends.reshape(2, -1)
    pairs = coo_array((np.ones(len(rows), bool), (first, second)), shape=(len(names),) * 2)
    part = connected_components(pairs, directed=False)[1]
    _, smallest = np.unique(part, return_index=True)  # the name of a part is its first one
    found: list[str] = names[smallest[part[first]]].tolist()
    return found
