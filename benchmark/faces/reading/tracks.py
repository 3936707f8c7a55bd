"""Makes a FaceSet from labels per video frame; shared by the readers of Aff-Wild and Aff-Wild2.

A Track is one annotated person in one video. Its frames are rows of the FaceSet, with the id ``<track>/<number>`` (numbers
from 1). The group is the video, or the source that several videos were cut from; all its frames stay in one split.
"""

import hashlib
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.faces_table import NO_EXPRESSION, counts
from benchmark.faces.faceset import FaceSet
from benchmark.faces.reading.decoding import Batch, write_decoded
from benchmark.faces.reading.pictures import DAMAGED, Unreadable, load_image
from benchmark.faces.reading.raw import check_names
from benchmark.faces.reading.video import Clip, read_clip
from benchmark.files import Json

PICTURES_A_BATCH = 256
# Lengths that differ by more than both are not those of the same frames. In the release of Aff-Wild2, label files have one
# line fewer to two lines more than the video has frames.
LINES, FRACTION = 2, 0.10


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
        group: name of what must stay in one split: the video, or a source of several videos.
        split: "train", "validation" or "test".
        numbers: int64 (F,), frame numbers from 1, ascending.
        valence, arousal: float (F,) in [-1, 1].
        source: the source of the F pictures.
        expression: int64 (F,), -1: none; None: no expression in the whole track.
    """

    name: str
    video: str
    group: str
    split: str
    numbers: NDArray[np.int64]
    valence: NDArray[np.floating]
    arousal: NDArray[np.floating]
    source: Clip | Pictures
    expression: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.numbers)


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


def far_apart(lines: int, frames: int) -> bool:
    """Whether a file of `lines` labels or boxes can not belong to `frames` frames."""
    return abs(lines - frames) > max(LINES, FRACTION * max(lines, frames))


def shown(names: Iterable[str], limit: int = 5) -> str:
    """The first `limit` names as text, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def number_of(number: int, noun: str) -> str:
    """A number with its noun: "1 track", "2 tracks"."""
    return f"{number} {noun}{'s' * (number != 1)}"


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


def check_tracks(tracks: Sequence[Track], root: Path) -> None:
    """Refuse what could not be written, before anything is decoded.

    Raises:
        BadInput: no labelled frame; a group in two splits; a name that is not printable.
    """
    if not sum(map(len, tracks)):
        raise BadInput(root, "no labelled frame", "some")
    splits: dict[str, str] = {}
    for track in tracks:
        if splits.setdefault(track.group, track.split) != track.split:
            raise BadInput(f"group {track.group}", f"in {splits[track.group]} and in {track.split}", "one split a group")
        source = track.source
        paths = [str(source.path)] if isinstance(source, Clip) else source.paths
        check_names(itertools.chain((track.name, track.group), (path.removeprefix(str(root)) for path in paths)), root)


def check_opened(tracks: Sequence[Track], closed: Collection[Path], root: Path, allow_unreadable: float) -> None:
    """Raise BadInput if more than the fraction `allow_unreadable` of all frames is in the videos `closed`, which do not
    open. `write_decoded` would refuse them too, but only when all the others are decoded."""
    lost = sum(len(track) for track in tracks if isinstance(track.source, Clip) and track.source.path in closed)
    total = sum(map(len, tracks))
    if lost > allow_unreadable * total:
        names = shown(path.relative_to(root).as_posix() for path in sorted(closed))
        found = f"{len(closed)} video{'s do' if len(closed) > 1 else ' does'} not open, {lost} of {total} frames: {names}"
        raise BadInput(root, found, f"at most {100 * allow_unreadable:g} % of the frames; {DAMAGED}")


def counted(tracks: Sequence[Track], classes: Sequence[str] = ()) -> dict[str, dict[str, int]]:
    """Split -> class -> frames, as the FaceSet of the tracks will have them; train, validation and test in this order."""
    split = np.array([track.split for track in tracks]).repeat([len(track) for track in tracks])
    found = counts(split, _expressions(tracks), classes)
    return {name: found[name] for name in ("train", "validation", "test") if name in found}


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
        BadInput: whatever `check_tracks` and `write_decoded` refuse.
    """
    check_tracks(tracks, root)
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
        group += [track.group] * len(track)
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
        expression=_expressions(tracks),
        valence=np.concatenate([track.valence for track in tracks]),
        arousal=np.concatenate([track.arousal for track in tracks]),
        how={**how, "parts": _parts(tracks)},
        allow_unreadable=allow_unreadable,
        processes=processes,
    )


def _expressions(tracks: Sequence[Track]) -> NDArray[np.int64]:
    none = [np.full(len(track), NO_EXPRESSION) if track.expression is None else track.expression for track in tracks]
    return np.concatenate(none)


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
