"""Which frames of videos can not become pictures, as far as it shows without decoding more than the first frame of each.

`write_decoded` would refuse a data set with too many of them too, but only when everything is decoded, after an hour.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading.pictures import DAMAGED, Unreadable, check_box
from benchmark.faces.reading.tracks import Track, number_of, shown
from benchmark.faces.reading.video import Clip, shown_size, whole_packets

Lost = list[tuple[int, str]]  # frame numbers and why


def check_clips(tracks: Sequence[Track], root: Path, allow_unreadable: float) -> list[str]:
    """Notes about frames that can not be used: those of videos that do not open or whose first frame can not be decoded,
    those behind the place where a file is cut short, and those whose face box is outside of the picture. Damage within a
    file of full length shows only when it is decoded.

    Raises:
        BadInput: these are more than the fraction `allow_unreadable` of all frames.
    """
    lost = [(track, own) for track in tracks if isinstance(track.source, Clip) and (own := _lost(track.source))]
    number, total = sum(len(own) for _, own in lost), sum(map(len, tracks))
    if not number:
        return []
    track, ((first, why), *_) = lost[0]
    named = shown(
        f"{track.name} ({len(own)} of {number_of(len(track), 'frame')}{_other(own[0][1], why)})" for track, own in lost
    )
    if number > allow_unreadable * total:
        where = f"{track.source.path if isinstance(track.source, Clip) else root} frame {first}"
        found = f"{why}; {number} of {number_of(total, 'frame')} can not be used: {named}"
        raise BadInput(where, found, f"at most {100 * allow_unreadable:g} % of the frames; {DAMAGED}")
    return [f"{number} of {number_of(total, 'frame')} can not be used and will be left out: {why}: {named}"]


def _other(why: str, first: str) -> str:
    """A reason, to be added to the name of a video, if it is not the first one."""
    return "" if why == first else f": {why}"


def _lost(clip: Clip) -> Lost:
    if not len(clip.numbers):
        return []
    try:
        width, height = shown_size(clip.path)
    except Unreadable as error:
        return [(number, str(error)) for number in clip.numbers.tolist()]
    end = whole_packets(clip.path)
    lost: Lost = []
    for row, number in enumerate(clip.numbers.tolist()):
        if end is not None and number > end:
            lost.append((number, f"the file is cut short or damaged after frame {end}"))
        elif clip.boxes is not None:
            try:
                check_box(clip.boxes[row].tolist(), width, height)
            except Unreadable as error:
                lost.append((number, f"{error}, which has {width} x {height} pixels"))
    return lost
