"""Aff-Wild2: label files a video (VA_Set, EXPR_Set) and the aligned crops, in the trees in which it is found.

Not stated by the notes, and taken so: how many digits a value has (three); which frames lack a crop and which the labels
ignore; how the 564 tracks divide (460 and 104, as the labelled frames do) and how long each is (all alike); that the
validation folder of the 2020 tree is spelt like its training folder; that EXPR_Set is called `EXPR_Classification_Challenge`
in the tree of ABAW3; that crops lie in `cropped_aligned` at the top in every tree; that a track with more frames than lines
has the crop of the last frame.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.facsimiles.affwild import write_video
from tests.facsimiles.drawing import Linked, apple_double, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, shares

EXPRESSIONS = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other")
TRACKS = {"train": 460, "validation": 104}
LABELLED = {"train": (1_653_757, 26_387), "validation": (376_323, 5_698)}  # lines with a label: with, without a crop
LINES_MORE = {1: 209, 2: 9, 0: 94, -1: 6}  # lines less frames of the video: number of videos
SEGMENTS = (
    *((f"122-60-1920x1080-{part}", "122-60-1920x1080") for part in range(1, 6)),
    *((f"video45_{part}", "video45") for part in range(1, 8)),
)
TREES = {  # folder of the labels of valence and arousal, by part
    "VA_Set": ("annotations/VA_Set/Train_Set", "annotations/VA_Set/Validation_Set"),
    "Training_Set": ("annotations/VA_Set/Training_Set", "annotations/VA_Set/Validation_Set"),
    "ABAW3": (
        "Third ABAW Annotations/VA_Estimation_Challenge/Train_Set",
        "Third ABAW Annotations/VA_Estimation_Challenge/Validation_Set",
    ),
    "2020": (
        "annotations/phoebe/dk15/new_aff_wild/Aff-Wild2_ready/VA_Set/annotations/Train_set",
        "annotations/phoebe/dk15/new_aff_wild/Aff-Wild2_ready/VA_Set/annotations/Validation_set",
    ),
}
TRAPS = (
    "segments",  # tracks that are segments of one source
    "people",  # VIDEO_left and VIDEO_right, and VIDEO itself
    "zero_based",  # crops numbered from 00000: the crop of line n is called n - 1
    "stray_zero",  # one track has a crop 00000 beside those that count from 1
    "every_third",  # crops of frames 1, 4, 7, ... of a video cut at a third of its rate, numbered 1, 2, 3, ...
    "no_crops",  # one training track has no crop
    "half_ignored",  # one line has -5 as arousal alone
    "out_of_range",  # one line has a valence of 1.5
    "both_sets",  # EXPR_Set beside VA_Set, with the same first video of each part
    "two_editions",  # the labels a second time, in the tree of ABAW3
    "VA_Set_given",  # Truth.folder is VA_Set itself
    "apple_double",  # ._NAME.txt and ._00001.jpg
    "rubbish",  # Thumbs.db, desktop.ini and .DS_Store among the labels and crops
)


OWN_TRACK = {"half_ignored": 1, "out_of_range": 2, "no_crops": 3}  # the training track that a trap alters
PEOPLE = "999-30-640x360"


class _Track(NamedTuple):
    name: str
    part: str
    source: str
    frames: int
    lines: list[str]  # without the header
    bare: frozenset[int]  # lines (from 1) without a crop


def _lines(labelled: int, rng: np.random.Generator) -> list[str]:
    """The lines of valence and arousal; two neighbours more than `labelled` are to be ignored, never the first or last."""
    values = np.cumsum(rng.normal(0, 0.02, (labelled, 2)), axis=0) + rng.uniform(-0.6, 0.6, 2)
    lines = [f"{valence:g},{arousal:g}" for valence, arousal in (values.clip(-1, 1).round(3) + 0.0).tolist()]
    place = int(rng.integers(1, labelled - 3))
    return [*lines[:place], "-5,-5", "-5,-5", *lines[place:]]


def _tracks(traps: frozenset[str], scale: float, lines: int | None, rng: np.random.Generator) -> list[_Track]:
    """The tracks of both parts. Segments and people are training tracks beside those of the scale. Of the labelled lines,
    1.6 % have no crop, as in the release; but in each track at least one has none, and those that the video has no frames
    for. So of 24 lines a track, 7 % have none."""
    plan: list[tuple[str, str, str, int]] = []  # name, part, source, labelled lines
    for part, number in TRACKS.items():
        number = max(4 if part == "train" else 2, round(number * scale))
        total = number * lines if lines else round(sum(LABELLED[part]) * number / TRACKS[part])
        for own in shares(total, [1] * number):
            name = f"{len(plan) + 1}-{('30-1280x720', '30-640x360', '25-1920x1080')[len(plan) % 3]}"
            plan.append((name, part, name, own))
    each_once = 4 < len(plan) < 53  # of 53 files one is of the rarest kind
    kinds = shares(len(plan), list(LINES_MORE.values()), least=each_once)
    more = rng.permutation(np.repeat(list(LINES_MORE), kinds)).tolist()
    extra = [*SEGMENTS] * ("segments" in traps)
    extra += [(f"{PEOPLE}{side}", PEOPLE) for side in ("", "_left", "_right")] * ("people" in traps)
    plan += [(name, "train", source, lines or 300) for name, source in extra]
    more += [0] * len(extra)
    found = []
    for part in TRACKS:
        own_plan = [(track, beyond) for track, beyond in zip(plan, more, strict=True) if track[1] == part]
        least = [max(0, beyond) + 1 for _, beyond in own_plan]
        labelled = sum(track[3] for track, _ in own_plan)
        bare = max(sum(least), round(labelled * LABELLED[part][1] / sum(LABELLED[part])))
        rest = shares(bare - sum(least), [1] * len(least))
        for ((name, _, source, own), beyond), first, more_bare in zip(own_plan, least, rest, strict=True):
            made = _lines(own, rng)
            open_lines = [number for number, line in enumerate(made[:-2], start=1) if line != "-5,-5" and number > 1]
            tail = list(range(len(made) - max(0, beyond) + 1, len(made) + 1))
            chosen_bare = rng.choice(open_lines, first + more_bare - len(tail), replace=False).tolist()
            found.append(_Track(name, part, source, len(made) - beyond, made, frozenset(chosen_bare + tail)))
    return found


def _va_rows(folder: Path, track: _Track, file: Path, crop: str, shift: int) -> list[Row]:
    """A row a line. `crop` has the place for the frame's number."""
    rows = []
    for number, line in enumerate(track.lines, start=1):
        valence, arousal = (float(each) for each in line.split(","))
        lost = not (-1 <= valence <= 1 and -1 <= arousal <= 1)
        rows.append(
            Row(
                id=f"{track.name}/{number:05d}",
                path=crop.format(number - shift),
                part=track.part,
                index=number - 1,
                valence=None if lost else valence,
                arousal=None if lost else arousal,
                file=os.path.relpath(file, folder),
                line=number + 1,
                group=track.source,
                picture=number not in track.bare,
            )
        )
    return rows


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    tree: str = "VA_Set",
    lines: int | None = 24,
    crops_in: str = "cropped_aligned",
    distinct: int | None = None,
    videos: bool = False,
    keep_rows: bool = True,
) -> Truth:
    """Writes the labels, the crops (112x112) and, if asked, videos.

    Args:
        scale: of 460 training and 104 validation tracks, at least four and two.
        tree: one of `TREES`.
        lines: labelled lines of each track; None: as many as the release has in the mean (3,652 and 3,673).
        crops_in: folder of the crops, below `folder`.
        distinct: so many crops are drawn and the rest are hard links to them; None: each is a picture of its own.
        videos: also writes them (PyAV): in raw_video, in the tree of 2020 in VA_Set/videos/Train_Set and so on.
        keep_rows: False leaves `rows` empty; two million take a gigabyte.

    Returns:
        Truth with a row a label line, also of the ignored ones (no valence and arousal) and those without a crop. `id` is
        "VIDEO/00001" with the number of the line, `group` the source. Rows of EXPR_Set come after, with the same ids and a
        `code` (None: ignored). `traps` has the "tracks", "rows" and "files" concerned; `totals` for each part "tracks",
        "lines", "labelled", "with_crop" (labelled ones), "crops" (files).
        Full size: `write(folder, scale=1, lines=None, distinct=300, keep_rows=False)`: labelled lines 1,680,144 and 382,021,
        of these with a crop 1,653,757 and 376,323.
    """
    top, traps, rng = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed)
    parts = dict(zip(("train", "validation"), TREES[tree], strict=True))
    folder = top
    if "VA_Set_given" in traps:
        folder = top / parts["train"][: parts["train"].index("VA_Set") + len("VA_Set")]
    told: dict[str, dict] = {name: {"tracks": [], "rows": [], "files": []} for name in traps}
    totals = {part: dict.fromkeys(("tracks", "lines", "labelled", "with_crop", "crops"), 0) for part in parts}
    tracks, pictures = _tracks(traps, scale, lines, rng), Linked((112, 112), distinct, f"{seed}/crop")
    shift, rows = int("zero_based" in traps), []
    for place, track in enumerate(tracks):
        what = next((name for name, own in OWN_TRACK.items() if name in traps and own == place), "")
        if what == "no_crops":
            track = track._replace(bare=frozenset(range(1, track.frames + 2)))
        elif what:
            track.lines[0] = {"half_ignored": "0.25,-5", "out_of_range": "1.5,0.25"}[what]
        file, crops = top / parts[track.part] / f"{track.name}.txt", top / crops_in / track.name
        put(file, "\n".join(["valence,arousal", *track.lines]) + "\n")
        if "two_editions" in traps:
            again = top / TREES["ABAW3"][track.part != "train"] / file.name
            put(again, file.read_bytes())
            told["two_editions"]["files"].append(again)
        shown = [number for number in range(1, track.frames + 1) if number not in track.bare]
        if "every_third" in traps:
            shown = [number // 3 + 1 for number in shown if number % 3 == 1]
        for number in shown:
            pictures.add(f"{crops}/{number - shift:05d}.jpg")
        if "stray_zero" in traps and place == 0:
            told["stray_zero"]["files"] = [crops / "00000.jpg"]
            pictures.add(f"{crops}/00000.jpg")
        if videos:
            _write_video(top, tree, track, seed)
        own_rows = _va_rows(folder, track, file, os.path.relpath(crops, folder) + "/{:05d}.jpg", shift)
        if what:
            told[what]["rows"] = own_rows if what == "no_crops" else own_rows[:1]
        for name, sources in (("segments", {source for _, source in SEGMENTS}), ("people", {PEOPLE})):
            if name in traps and track.source in sources:
                told[name]["tracks"].append(track.name)
        good = [row for row in own_rows if row.valence is not None]
        counted = (1, len(own_rows), len(good), sum(row.picture for row in good), len(shown))
        for name, number in zip(totals[track.part], counted, strict=True):
            totals[track.part][name] += number
        rows += own_rows if keep_rows else []
    if "both_sets" in traps:
        for part in parts:
            told["both_sets"]["rows"] += _write_expressions(
                top, folder, tree, next(t for t in tracks if t.part == part), rows
            )
        told["both_sets"]["tracks"] = list(dict.fromkeys(row.id.split("/")[0] for row in told["both_sets"]["rows"]))
        rows += told["both_sets"]["rows"]
    first = tracks[0]
    beside = top / parts["train"] / f"{first.name}.txt", Path(pictures.first[0])
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(*beside)
    if "rubbish" in traps:
        told["rubbish"]["files"] = [file for each in beside for file in rubbish(each.parent)]
    return Truth(folder, rows, told, totals)


def _write_expressions(top: Path, folder: Path, tree: str, track: _Track, rows: list[Row]) -> list[Row]:
    """The file of EXPR_Set of a track, and its rows. Every seventh line is to be ignored."""
    codes = [-1 if number % 7 == 3 else number % len(EXPRESSIONS) for number in range(len(track.lines))]
    place = TREES[tree][track.part != "train"].replace("VA_Set", "EXPR_Set").replace("VA_Estimation", "EXPR_Classification")
    file = top / place / f"{track.name}.txt"
    put(file, "\n".join([",".join(EXPRESSIONS), *map(str, codes)]) + "\n")
    own = [row for row in rows if row.id.startswith(f"{track.name}/")]
    return [
        row._replace(
            code=None if code < 0 else code,
            word=None if code < 0 else EXPRESSIONS[code],
            valence=None,
            arousal=None,
            file=os.path.relpath(file, folder),
        )
        for row, code in zip(own, codes, strict=True)
    ]


def _write_video(top: Path, tree: str, track: _Track, seed: int) -> None:
    """The video of a track's source; people share one."""
    name = track.source if track.source == PEOPLE else track.name
    place = top / "raw_video"
    if tree == "2020":
        place = top / TREES[tree][track.part != "train"].replace("/annotations/T", "/videos/T").replace(
            "/annotations/V", "/videos/V"
        )
        place = place.with_name(place.name.replace("_set", "_Set"))
    if not (place / f"{name}.mp4").exists():
        write_video(place / f"{name}.mp4", f"{seed}/{name}", track.frames)
