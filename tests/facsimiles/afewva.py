"""AFEW-VA: a folder a clip with numbered frames and a json file.

Not stated by the notes, and taken so: that valence and arousal are whole numbers; what an actor's name looks like; the size
of the frames; how many a clip has. The split 001-360, 361-480, 481-600 is the usual one, not one of the release.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

PARTS = {"train": range(1, 361), "validation": range(361, 481), "test": range(481, 601)}
TRAPS = (
    "no_picture",  # one frame of the first clip is not there
    "no_annotation",  # one frame of the first clip is not in the json file
    "no_json",  # one training clip has no json file
    "beyond_ten",  # one frame has a valence of 11
    "apple_double",
    "rubbish",
)


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    frames: int = 8,
    size: tuple[int, int] = (90, 64),
) -> Truth:
    """Writes `001/00000.png` ... and `001/001.json`.

    Args:
        scale: of 360, 120 and 120 clips, at least four, two and two.
        trap: names of `TRAPS`.
        frames: of each clip.

    Returns:
        Truth with a row a picture, and one for the frame without picture. `id` "001/00000", `part` that of the usual split,
        `group` the clip, `valence` and `arousal` in -10..10 as written (None: not annotated), `attributes` {"actor"}.
        `traps` has under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps, rng, rows = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed), []
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    for part, numbers in PARTS.items():
        for number in numbers[: max(4 if part == "train" else 2, scaled(len(numbers), scale))]:
            clip, actor, held = f"{number:03d}", f"ACTOR {number % 7}", {}
            for frame in range(frames):
                name = f"{frame:05d}"
                what = {1: "no_picture", 2: "no_annotation", 3: "beyond_ten"}.get(frame, "") if number == 1 else ""
                what = "no_json" if number == 2 else what
                what = what if what in traps else ""
                valence, arousal = rng.integers(-10, 11, 2).tolist()
                valence = 11 if what == "beyond_ten" else valence
                bare = what in ("no_annotation", "no_json")
                if not bare:
                    points = rng.uniform(0, min(size), (68, 2)).round(2).tolist()
                    held[name] = {"landmarks": points, "valence": valence, "arousal": arousal}
                made = Row(
                    id=f"{clip}/{name}",
                    path=f"{clip}/{name}.png",
                    part=part,
                    index=frame,
                    valence=None if bare else valence,
                    arousal=None if bare else arousal,
                    file=f"{clip}/{clip}.json",
                    group=clip,
                    picture=what != "no_picture",
                    attributes={"actor": actor},
                )
                rows.append(made)
                if what:
                    told[what]["rows"].append(made)
            if not ("no_json" in traps and number == 2):
                put(folder / clip / f"{clip}.json", json.dumps({"video_id": clip, "actor": actor, "frames": held}))
    draw_all(([folder / row.path], f"{seed}/{row.id}", size, "RGB") for row in rows if row.picture)
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(folder / "001" / "001.json", folder / "001" / "00000.png")
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish(folder / "001") + rubbish(folder)
    return Truth(folder, rows, told)
