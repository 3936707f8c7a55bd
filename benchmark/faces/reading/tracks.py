"""Makes a FaceSet from labels per video frame; shared by the readers of Aff-Wild and Aff-Wild2.

A Track is one annotated person in one video. Its frames are rows of the FaceSet, with the id ``<track>/<number>`` (numbers
from 1). The group is the video, which may have two tracks, so that all its frames stay in one split.
"""

import hashlib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.faces.reading.decoding import Batch, write_decoded
from benchmark.faces.reading.pictures import Unreadable, load_image
from benchmark.faces.reading.raw import check_names
from benchmark.faces.reading.video import Clip, read_clip
from benchmark.files import Json

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
DELIMITERS = {",": "a comma", "\t": "a tab", ";": "a semicolon", " ": "a space"}
PICTURES_A_BATCH = 256


@dataclass(frozen=True)
class Pictures:
    """The F picture files of a track, and the wanted size and channels. Paths are text because a Path takes three times the
    memory."""

    paths: Sequence[str]
    size: int
    channels: int


@dataclass(frozen=True)
class Track:
    """The selected frames of one annotated person in one video.

    Attributes:
        name: of the annotation, unique in the data set.
        video: name of the video; tracks of two persons may have the same one.
        split: "train", "validation" or "test".
        numbers: int64 (F,), frame numbers from 1, ascending.
        valence, arousal: float (F,) in [-1, 1].
        source: the source of the F pictures.
        expression: int64 (F,), -1: none; None: no expression in the whole track.
    """

    name: str
    video: str
    split: str
    numbers: NDArray[np.int64]
    valence: NDArray[np.floating]
    arousal: NDArray[np.floating]
    source: Clip | Pictures
    expression: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.numbers)


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, without line ends. A byte-order mark and empty lines at the end are removed.

    Raises:
        BadInput: an empty file, or one that is not UTF-8 text.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise BadInput(path, f"byte {error.object[error.start]:#04x} at {error.start}", "UTF-8 text") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise BadInput(path, "an empty file", "one line per frame")
    return lines


def numbers_in(line: str, columns: int, delimiter: str | None, where: str) -> list[float]:
    """The numbers in one line.

    Args:
        columns: how many numbers there must be.
        delimiter: None: spaces or tabs.
        where: file and line, for error messages.

    Raises:
        BadInput: a wrong number of fields, or a field that is not a finite decimal number (nan is refused too).
    """
    fields = [field.strip() for field in line.split(delimiter)]
    expected = f"{columns} number{'s' * (columns > 1)}"
    if columns > 1:
        expected += f" parted by {DELIMITERS[delimiter or ' ']}"
    if len(fields) != columns:
        raise BadInput(where, f"{len(fields)} fields, {line[:60]!r}", expected)
    for field in fields:
        if not NUMBER.fullmatch(field):
            raise BadInput(where, f"{field[:60]!r}", expected)
    return [float(field) for field in fields]


def share(video: str, salt: str) -> float:
    """A number in [0, 1) that depends only on the salt and the name of a video: the first 32 bits of the SHA-256 of
    ``salt:video``, divided by 2^32."""
    return int(hashlib.sha256(f"{salt}:{video}".encode()).hexdigest()[:8], 16) / 2**32


def taken(numbers: NDArray[np.int64], every: int) -> NDArray[np.bool_]:
    """bool (F,): whether each frame is one of 1, 1 + every, 1 + 2 every, ... of its video."""
    return np.asarray((numbers - 1) % every == 0)


def check_options(*, every: int, size: int) -> None:
    """Raise BadInput if the sampling step or the side in pixels is not a whole number of at least 1."""
    for name, value in (("every", every), ("size", size)):
        if type(value) is not int or value < 1:
            raise BadInput(f"option {name}", repr(value), "a whole number from 1")


def shown(names: Iterable[str], limit: int = 5) -> str:
    """The first `limit` names as text, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def digest_of_files(paths: Iterable[Path], root: Path) -> str:
    """SHA-256 over the names (relative to `root`) and bytes of files, sorted by name."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(root).as_posix()}\n".encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def load(source: Clip | Pictures) -> Iterable[np.ndarray | Unreadable]:
    """The pictures of one batch, one at a time, for `write_decoded`; an Unreadable in place of one that can not be read."""
    return read_clip(source) if isinstance(source, Clip) else (_load_picture(path, source) for path in source.paths)


def _load_picture(path: str, source: Pictures) -> np.ndarray | Unreadable:
    try:
        return load_image(Path(path), size=source.size, channels=source.channels)
    except Unreadable as error:
        return error


def write_tracks(
    directory: Path,
    tracks: Sequence[Track],
    root: Path,
    *,
    name: str,
    version: str,
    classes: Sequence[str] = (),
    size: int,
    channels: int = 3,
    how: Mapping[str, Json],
    allow_unreadable: float = 0.001,
    processes: int | None = None,
) -> FaceSet:
    """Write the FaceSet of the tracks, in their order.

    Args:
        root: messages name files relative to this folder.
        how: as for `write_faceset`; the numbers of videos, tracks and frames of each split are added.
        allow_unreadable, processes: as for `write_decoded`.

    Raises:
        BadInput: no labelled frame; a video in two splits; whatever `write_decoded` refuses.
    """
    if not sum(map(len, tracks)):
        raise BadInput(root, "no labelled frame", "some")
    splits: dict[str, str] = {}
    for track in tracks:
        if splits.setdefault(track.video, track.split) != track.split:
            raise BadInput(f"video {track.video}", f"in {splits[track.video]} and in {track.split}", "one split a video")
    ids: list[str] = []
    split: list[str] = []
    group: list[str] = []
    where: list[str] = []
    batches: list[Batch[Clip | Pictures]] = []
    row = 0
    for track in tracks:
        width = max(5, len(str(track.numbers.max(initial=0))))
        ids += [f"{track.name}/{number:0{width}d}" for number in track.numbers.tolist()]
        split += [track.split] * len(track)
        group += [track.video] * len(track)
        if isinstance(track.source, Clip):
            place = track.source.path.relative_to(root).as_posix()
            where += [f"{place} frame {number}" for number in track.numbers.tolist()]
            parts: list[Clip | Pictures] = [track.source] if len(track) else []
        else:
            where += [Path(path).relative_to(root).as_posix() for path in track.source.paths]
            starts = range(0, len(track), PICTURES_A_BATCH)
            parts = [replace(track.source, paths=track.source.paths[s : s + PICTURES_A_BATCH]) for s in starts]
        for source in parts:
            length = len(source.numbers if isinstance(source, Clip) else source.paths)
            batches.append(Batch(range(row, row + length), source))
            row += length
    check_names(itertools.chain(ids, group, where), root)
    expression = None
    if any(track.expression is not None for track in tracks):
        none = [np.full(len(track), -1) if track.expression is None else track.expression for track in tracks]
        expression = np.concatenate(none)
    return write_decoded(
        directory,
        batches,
        load,
        size=size,
        channels=channels,
        name=name,
        version=version,
        classes=classes,
        id=ids,
        split=split,
        group=group,
        where=where,
        expression=expression,
        valence=np.concatenate([track.valence for track in tracks]),
        arousal=np.concatenate([track.arousal for track in tracks]),
        how={**how, "parts": _parts(tracks)},
        allow_unreadable=allow_unreadable,
        processes=processes,
    )


def _parts(tracks: Sequence[Track]) -> dict[str, dict[str, int]]:
    parts = {}
    for split in dict.fromkeys(track.split for track in tracks):
        own = [track for track in tracks if track.split == split]
        parts[split] = {
            "videos": len({track.video for track in own}),
            "tracks": len(own),
            "frames": sum(map(len, own)),
        }
    return parts
