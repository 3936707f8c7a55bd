"""Clips with one json each, which has valence, arousal and landmarks of every frame: AFEW-VA's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.rows import Box, Row
from benchmark.files import Json, read_object

CLIP = "[0-9][0-9][0-9]"


@dataclass(frozen=True)
class Clips:
    """The layout of a preset.

    Attributes:
        edition: what is read so.
        top: where it may begin: patterns of folders, "." for the folder given.
        scale: valence and arousal are between -scale and scale, and divided by it.
        points: number of landmarks of a face. The face box is the smallest that contains them.
        splits: split -> number of its last clip, in ascending order.
    """

    edition: str
    top: tuple[str, ...]
    scale: int
    points: int
    splits: Mapping[str, int]

    @property
    def wanted(self) -> str:
        """What it looks for."""
        return "clips such as 001/001.json with frames such as 001/00000.png"

    def lies_in(self, base: Path) -> bool:
        """Whether a folder has this layout: one clip."""
        return any(file.stem == file.parent.name for file in base.glob(f"{CLIP}/{CLIP}.json"))

    def read(self, base: Path) -> tuple[list[Row], list[str]]:
        """The rows of all frames, sorted by clip and frame, and a note about clips without frames. The group of a face is
        its clip.

        Raises:
            BadInput: a folder of a clip without its json; what is not as in the release: a missing key, valence or arousal
                that is not a number within the scale, another number of landmarks, a clip beyond the last split.
        """
        clips = {folder: self._clip(folder) for folder in sorted(base.glob(CLIP)) if folder.is_dir()}
        bare = [folder.name for folder, rows in clips.items() if not rows]
        notes = [f"clips without an annotated frame: {len(bare)} (the first: {bare[0]})"] if bare else []
        return [row for rows in clips.values() for row in rows], notes

    def _clip(self, folder: Path) -> list[Row]:
        path = folder / f"{folder.name}.json"
        if not path.is_file():
            raise BadInput(path, "no such file", "the annotation of the clip")
        frames = read_object(path).get("frames")
        if not isinstance(frames, dict) or not all(isinstance(frame, dict) for frame in frames.values()):
            raise BadInput(path, "no frames", 'an object with "frames": {"00000": {...}, ...}')
        split = next((name for name, last in self.splits.items() if int(folder.name) <= last), None)
        if split is None:
            raise BadInput(folder, f"clip {folder.name}", f"at most {max(self.splits.values())}")
        return [self._frame(f"{path}, frame {name}", folder.name, name, frames[name], split) for name in sorted(frames)]

    def _frame(self, where: str, clip: str, name: str, contents: Mapping[str, Json], split: str) -> Row:
        if not name.isascii() or not name.isdecimal():
            raise BadInput(where, f"name {name!r}", "the number of a frame")
        valence, arousal = (self._affect(contents, key, where) for key in ("valence", "arousal"))
        box = self._box(contents.get("landmarks"), where)
        path = PurePosixPath(clip, f"{name}.png")
        return Row(where, path, split, valence=valence, arousal=arousal, group=clip, box=box)

    def _affect(self, contents: Mapping[str, Json], key: str, where: str) -> float:
        value = contents.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= self.scale:
            raise BadInput(where, f"{key} {value!r}"[:80], f"a number from -{self.scale} to {self.scale}")
        return value / self.scale

    def _box(self, landmarks: Json, where: str) -> Box:
        points = landmarks if isinstance(landmarks, list) else []
        good = len(points) == self.points and all(isinstance(p, list) and len(p) == 2 for p in points)
        flat = [value for point in points for value in point] if good else []
        if not flat or not all(type(value) in (int, float) and math.isfinite(value) for value in flat):
            raise BadInput(where, f"landmarks {landmarks!r}"[:80], f"{self.points} points [x, y]")
        return min(flat[::2]), min(flat[1::2]), max(flat[::2]), max(flat[1::2])
