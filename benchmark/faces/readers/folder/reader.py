"""A user's own pictures: folders ``split/class/picture``, or a csv that lists pictures; and all data sets that are presets.

The name of a user's data set begins with ``folder-`` (``folder-mine``). It is also the name of its raw folder, its FaceSet
and the `data` of its protocols, so there can be any number of them. What the files do not say is written in folder.yaml at
the top of the folder (see `Options`) or in the profile. Options of the profile take precedence. A preset (`preset`) has its
own name, and says all of this itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, Texts
from benchmark.faces.readers.folder.boxes import beyond
from benchmark.faces.readers.folder.examining import Lost, check_share, examined, together
from benchmark.faces.readers.folder.lines import Lines
from benchmark.faces.readers.folder.options import OPTIONS_FILE, Options, plain, read_options
from benchmark.faces.readers.folder.preset import HoldOut, Preset
from benchmark.faces.readers.folder.rows import Box, Row, label, meaning
from benchmark.faces.readers.folder.summary import ALL, survey
from benchmark.faces.readers.folder.table import find_table, read_table
from benchmark.faces.readers.folder.tree import empty_folders, read_tree
from benchmark.faces.reading.copies import expected_parts, hold_out
from benchmark.faces.reading.decoding import Batch, SplitOf, write_decoded
from benchmark.faces.reading.folds import assign_folds
from benchmark.faces.reading.pictures import Unreadable, load_image
from benchmark.faces.reading.raw import raw_folder
from benchmark.faces.reading.unpacked import check_folder
from benchmark.faces.survey import Survey
from benchmark.files import Json

VERSION = "1.0"
PICTURES_A_BATCH = 64
Cut = tuple[str, Box | None]  # one face: path of its picture in the folder, face box
Source = tuple[str, tuple[Cut, ...], int, int, float]  # one batch: folder, faces, size, channels, margin


@dataclass(frozen=True)
class Listing:
    """What a folder has. `base`: where it begins. `classes`: what is written -> name. `labels`: int64 (N,). `read`: files
    directly in `base` that were read. `notes`: of the layout. The other fields are as their names say."""

    edition: str
    base: Path
    options: Options
    rows: Sequence[Row]
    lost: Lost
    classes: Mapping[str, str]
    labels: NDArray[np.int64]
    read: Sequence[str] = ()
    notes: Sequence[str] = ()


class Reader:
    """The reader of the data set `name`, with the attributes that `benchmark.faces.data_sets` asks of a reader module.
    `preset`: None for a user's own folder."""

    TAKES_FOLDERS = True

    def __init__(self, name: str, preset: Preset | None = None):
        self.name, self.preset, self.RAW, self.__file__ = name, preset, (name,), __file__
        # Version and classes of a user's FaceSet come from its data, not from here.
        self.VERSION = VERSION if preset is None else preset.options.version
        classes = () if preset is None or preset.options.classes is None else preset.options.classes
        self.CLASSES = tuple(classes.values()) if isinstance(classes, Mapping) else classes

    def check(self, path: Path) -> Survey:
        """Validate a folder: its options, its csv or subfolders, and that every picture exists and is not empty; decode a
        few of them. BadInput says what is wrong."""
        path = Path(path)
        check_folder(path, "a folder of pictures")
        found = self.listing(path, {})
        if found.options.folds is not None:
            _folds(found, path)
        nowhere, in_part = beyond(found.rows, found.base, found.options.margin)
        already = {row.name for row, _ in found.lost}
        lost = [*found.lost, *((row, why) for row, why in nowhere if row.name not in already)]
        check_share(lost, len(found.rows), found.base, found.options)
        notes = list(found.notes)
        if in_part:
            notes.append(f"face boxes that reach beyond their picture, black outside: {len(in_part)}")
        allowed = found.options.allow_unreadable
        return survey(
            found.edition, found.base, found.rows, lost, found.classes, found.labels, self.preset, found.read, notes, allowed
        )

    def listing(self, folder: Path, given: Mapping[str, Json]) -> Listing:
        """The rows of a folder, checked. `given`: options that take precedence. BadInput says what is wrong."""
        read: tuple[str, ...] = ()
        notes: list[str] = []
        if self.preset is not None:
            options = self.preset.with_options(given)
            layout, base = self.preset.find(folder)
            edition, (rows, notes) = layout.edition, layout.read(base)
            read = layout.lists if isinstance(layout, Lines) else ()
        else:
            options = read_options(folder, given)
            base = folder if options.top is None else folder / options.top
            if not base.is_dir():
                raise BadInput(f"{folder / OPTIONS_FILE}, top", f"no folder {options.top}", "a folder inside the folder")
            table = find_table(base, options)
            if table is not None:
                edition, read, rows = f"pictures listed in {table}", (table,), read_table(base, table, options)
            else:
                edition, rows = "a tree of folders", read_tree(base, splits=options.folds is None)
                notes = empty_folders(base)
        rows, lost = examined(rows, base, options)
        classes = meaning(options.classes, rows, folder / OPTIONS_FILE)
        return Listing(edition, base, options, rows, lost, classes, label(rows, classes), read, notes)

    def expected_counts(self, meta: Mapping[str, Json]) -> dict[str, dict[str, int]] | None:
        """The published counts, if this is a preset with splits. A split that was held out has the faces that it has, and
        the split that it comes from has the others."""
        known = None if self.preset is None else self.preset.known.counts
        if self.preset is None or known is None or ALL in known:
            return None
        counts = {split: dict(own) for split, own in known.items()}
        if (held := self.preset.hold_out) is not None:
            part = meta["counts"].get(held.name, {})
            counts[held.of], counts[held.name] = expected_parts(counts[held.of], part)
        return counts

    def prepare(self, directory: Path, *, raw: Path = Path("data/raw"), **options: Json) -> FaceSet:
        """Write the FaceSet of the folder ``raw/<name>``. Pictures are decoded in parallel; a stopped call can be resumed.

        Args:
            options: fields of `Options` (for a preset, some of them); they take precedence over the folder's own file.

        Raises:
            BadInput: as `check`; also more unreadable pictures than allowed.
        """
        folder = raw_folder(raw, self.name)
        found = self.listing(folder, options)
        rows, chosen = found.rows, found.options
        ids = [row.name for row in rows]
        group = [row.group for row in rows]
        split: Texts | SplitOf = [row.split for row in rows]
        how: dict[str, Json] = {"reader": "folder", "options": plain(chosen)}
        if chosen.folds is not None:
            split = _folds(found, folder)
            several = len({row.path for row in rows}) < len(rows)
            group = [row.group or (row.path.as_posix() if several else "") for row in rows]
        if self.preset is not None:
            how |= {"preset": self.name, "edition": found.edition}
            if self.preset.hold_out is not None:
                split = _Held(self.preset.hold_out, ids, [row.split for row in rows])
        return write_decoded(
            directory,
            [
                Batch(range(start, min(start + PICTURES_A_BATCH, len(rows))), source)
                for start, source in _sources(found.base, rows, chosen)
            ],
            load,
            size=chosen.size,
            channels=chosen.channels,
            name=self.name,
            version=chosen.version,
            classes=list(found.classes.values()),
            id=ids,
            split=split,
            expression=found.labels,
            valence=[row.valence for row in rows],
            arousal=[row.arousal for row in rows],
            group=group,
            how=how,
            where=ids,
            allow_unreadable=chosen.allow_unreadable,
        )


class _Held:
    """Splits of which one gives a part to another when it is known which pictures are copies."""

    def __init__(self, held: HoldOut, ids: Sequence[str], split: Texts):
        self.held, self.ids, self.split = held, np.asarray(ids, dtype=str), np.asarray(split, dtype=str)

    def __call__(self, rows: NDArray[np.intp], digest: NDArray[np.str_]) -> NDArray[np.str_]:
        names = self.split[rows].astype(object)
        of = np.flatnonzero(names == self.held.of)
        names[of[hold_out(self.ids[rows][of], digest[of], self.held.share)]] = self.held.name
        return names.astype(str)


def load(source: Source) -> list[np.ndarray | Unreadable]:
    """The pictures of one batch, for `write_decoded`; an Unreadable in place of one that can not be read."""
    folder, cuts, size, channels, margin = source
    pictures: list[np.ndarray | Unreadable] = []
    for path, box in cuts:
        try:
            if box is not None and not (box[0] < box[2] and box[1] < box[3]):
                raise Unreadable("a face box without area")
            pictures.append(load_image(Path(folder, path), size=size, channels=channels, box=box, margin=margin))
        except Unreadable as error:
            pictures.append(error)
    return pictures


def _folds(found: Listing, where: Path) -> NDArray[np.str_]:
    assert found.options.folds is not None
    return assign_folds(found.options.folds, found.labels, together(found.rows), where)


def _sources(base: Path, rows: Sequence[Row], options: Options) -> Iterator[tuple[int, Source]]:
    for start in range(0, len(rows), PICTURES_A_BATCH):
        part = tuple((row.path.as_posix(), row.box) for row in rows[start : start + PICTURES_A_BATCH])
        yield start, (str(base), part, options.size, options.channels, options.margin)
