"""How many frames of each video have a valence, an arousal and a picture. The three lengths may differ by some frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.readers.affwild.labels import Labels
from benchmark.faces.reading.tracks import number_of
from benchmark.faces.reading.video import frame_count, opens


@dataclass(frozen=True)
class Lengths:
    """The lengths of all videos.

    Attributes:
        of: video -> number of frames with valence, with arousal, and in the video (None: unknown, see `frame_count`).
        closed: the videos that do not open, sorted.
    """

    of: Mapping[str, tuple[int, int, int | None]]
    closed: Sequence[str]

    def known(self, video: str) -> list[int]:
        """The lengths of a video that are known."""
        return [length for length in self.of[video] if length is not None]

    @property
    def shortest(self) -> dict[str, int]:
        """Video -> number of frames that count."""
        return {video: min(self.known(video)) for video in self.of}

    @property
    def uneven(self) -> list[str]:
        """The videos whose lengths differ."""
        return [video for video in self.of if len(set(self.known(video))) > 1]

    @property
    def left_out(self) -> int:
        """Number of frames that do not have all three."""
        return sum(self.gap(video) for video in self.of)

    @property
    def worst(self) -> str | None:
        """The first video with the largest difference; None if there is no difference."""
        return max(self.uneven, key=self.gap, default=None)

    def gap(self, video: str) -> int:
        """The largest difference between the lengths of a video."""
        return max(self.known(video)) - min(self.known(video))

    def said(self, video: str) -> str:
        """The lengths of a video as text."""
        return "valence {}, arousal {}, video {}".format(*("unknown" if n is None else n for n in self.of[video]))

    def notes(self) -> list[str]:
        """Sentences for a survey."""
        if (worst := self.worst) is None:
            return []
        return [
            f"{number_of(len(self.uneven), 'video')} with unequal lengths: the shortest counts; frames left out: "
            f"{self.left_out}; the largest difference is that of {worst}: {self.said(worst)}"
        ]


def lengths_of(labels: Mapping[str, Labels], videos: Mapping[str, Path], allow_gap: float) -> Lengths:
    """The lengths of all labelled videos, without decoding. BadInput for a video whose shortest length is below the longest
    by more than the fraction `allow_gap`."""
    of = {video: (*own.lengths, frame_count(videos[video])) for video, own in labels.items()}
    closed = sorted(video for video, (_, _, frames) in of.items() if frames is None and not opens(videos[video]))
    found = Lengths(of, closed)
    for video in labels:
        if min(found.known(video)) < (1 - allow_gap) * max(found.known(video)):
            expected = f"lengths that differ by {100 * allow_gap:g} % at most"
            raise BadInput(f"{videos[video]}, frames", found.said(video), expected)
    return found
