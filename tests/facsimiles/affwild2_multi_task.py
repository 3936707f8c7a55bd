"""s-Aff-Wild2, the multi-task lists of Aff-Wild2: a line a picture with valence, arousal, expression and action units.

Not stated by the notes, and taken so: that `aus`, one name in the header, stands for twelve numbers (`aus` sets how many);
that the codes of the expressions are those of EXPR_Set with Other; where the lists and crops lie (at the top, and in
`cropped_aligned`).
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put
from tests.facsimiles.truth import Row, Truth, chosen

HEADER = "image,valence,arousal,expression,aus"
WORDS = ("Neutral", "Anger", "Disgust", "Fear", "Happiness", "Sadness", "Surprise", "Other")
LISTS = {"train": "training_set_annotations_22.txt", "validation": "validation_set_annotations_22.txt"}
TEST_LIST = "MTL_Challenge_test_set_release.txt"
TRAPS = (
    "test_list",  # the list of the test part lies beside the others: the same header, then bare names
    "no_picture",  # one training picture is not there
    "apple_double",
)


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    frames: int = 20,
    aus: int = 12,
    size: int = 112,
) -> Truth:
    """Writes the two lists and the crops.

    Args:
        scale: of 460 training and 104 validation tracks, at least four and two.
        frames: of each track.

    Returns:
        Truth with a row a line: `id` "VIDEO/00001.jpg" as listed, `group` the video, `code` None where the line has -1,
        `valence` and `arousal` None where it has -5, `attributes` {"aus": [...]}. Every fifth line is without V/A, every
        seventh without expression. `traps` has under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps, rng, rows = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed), []
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    number = 0
    for part, total, least in (("train", 460, 4), ("validation", 104, 2)):
        lines = [HEADER]
        for _ in range(max(least, round(total * scale))):
            number += 1
            video = f"{number}-30-1280x720"
            for frame in range(1, frames + 1):
                index, name = len(lines) - 1, f"{video}/{frame:05d}.jpg"
                valence, arousal = rng.uniform(-1, 1, 2).round(3).tolist() if index % 5 != 4 else (-5, -5)
                code = index % 8 if index % 7 != 6 else -1
                units = rng.integers(0, 2, aus).tolist() if index % 3 else [-1] * aus
                lines.append(",".join([name, f"{valence:g}", f"{arousal:g}", str(code), *map(str, units)]))
                made = Row(
                    id=name,
                    path=f"cropped_aligned/{name}",
                    part=part,
                    index=index,
                    code=None if code < 0 else code,
                    word=None if code < 0 else WORDS[code],
                    valence=None if valence == -5 else valence,
                    arousal=None if arousal == -5 else arousal,
                    file=LISTS[part],
                    line=len(lines),
                    group=video,
                    picture=not ("no_picture" in traps and part == "train" and index == 2),
                    attributes={"aus": units},
                )
                rows.append(made)
                if not made.picture:
                    told["no_picture"]["rows"].append(made)
        put(folder / LISTS[part], "\n".join(lines) + "\n")
    draw_all(([folder / row.path], f"{seed}/{row.id}", (size, size), "RGB") for row in rows if row.picture)
    if "test_list" in traps:
        names = [f"900-30-1280x720/{frame:05d}.jpg" for frame in range(1, 6)]
        put(folder / TEST_LIST, "\n".join([HEADER, *names]) + "\n")
        draw_all(([folder / "cropped_aligned" / name], f"{seed}/{name}", (size, size), "RGB") for name in names)
        told["test_list"]["files"] = [folder / TEST_LIST]
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(folder / LISTS["train"], folder / rows[0].path)
    return Truth(folder, rows, told)
