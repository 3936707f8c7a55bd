"""What the name of a track says: its video, the source of the video, and the split."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.faces.readers.affwild2.labels import Labels
from benchmark.faces.reading.tracks import share

VALIDATION = 0.10  # fraction of the official training sources, chosen by hash of the name
PERSON = re.compile(r"_(left|right)$")
# 122-60-1920x1080-3 is the third segment of 122-60-1920x1080, and video45_2 the second of video45. This is not documented;
# it is inferred from the names.
SEGMENT = re.compile(r"(\d+-\d+-\d+x\d+)-\d+|(video\d+)_\d+", re.ASCII)
RULE = (
    f"official validation videos are test; share(source, 'affwild2') below {VALIDATION} of the official training videos is "
    "validation; source: the name without _left or _right, and without the number n of a segment in <id>-<fps>-<w>x<h>-<n> "
    "and video<k>_<n>; training tracks of a source that the official validation part has too are left out"
)


@dataclass(frozen=True)
class Chosen:
    """A track that is used.

    Attributes:
        name, video, source: of the track, of its video, of the source of the video.
        split: "train", "validation" or "test".
        labels: its labels.
    """

    name: str
    video: str
    source: str
    split: str
    labels: Labels


def video_of(track: str) -> str:
    """The video of a track: its name without ``_left`` or ``_right``."""
    return PERSON.sub("", track)


def source_of(video: str) -> str:
    """The source of a video: its name, without the number of a segment (``<id>-<fps>-<w>x<h>-<n>`` or ``video<k>_<n>``)."""
    match = SEGMENT.fullmatch(video)
    return (match[1] or match[2]) if match else video


def split_of(source: str, official: str) -> str:
    """ "test" for a source of the official validation part; else "validation" or "train", depending on the source's name."""
    if official == "test":
        return "test"
    return "validation" if share(source, "affwild2") < VALIDATION else "train"


def choose(labels: Mapping[str, Labels]) -> tuple[list[Chosen], list[str]]:
    """(tracks that are used, sorted by name; training tracks that are left out, sorted). A training track is left out if a
    track of the same source is in the official validation part, which is the test split and kept complete."""
    parts: dict[str, set[str]] = defaultdict(set)
    for track, own in labels.items():
        parts[source_of(video_of(track))].add(own.official)
    used, left_out = [], []
    for track in sorted(labels):
        own, video = labels[track], video_of(track)
        source = source_of(video)
        if own.official == "train" and "test" in parts[source]:
            left_out.append(track)
        else:
            used.append(Chosen(track, video, source, split_of(source, own.official), own))
    return used, left_out


def segments(tracks: Sequence[Chosen]) -> dict[str, list[str]]:
    """Source -> its videos, of the sources that have several."""
    found: dict[str, set[str]] = defaultdict(set)
    for track in tracks:
        found[track.source].add(track.video)
    return {source: sorted(videos) for source, videos in sorted(found.items()) if len(videos) > 1}
