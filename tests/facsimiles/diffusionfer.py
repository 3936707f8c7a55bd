"""DiffusionFER as published: a folder a prompt, and a sheet with AffectNet's codes.

The names, the folders' names and counts are those of the real sheet, which the tests read where it is. Not stated, and taken
so: the pictures' size (224); that a folder `DiffusionFER` holds the pictures as the sheet spells them, the sheet beside it.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

HEADER = "subDirectory_filePath,valence,arousal,expression"
FOLDERS = {"neutral": 347, "happy": 339, "sad": 81, "surprise": 182, "fear": 71, "disgust": 88, "angry": 177}
WORDS = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger")
OTHER_CODE = 194 / 1285  # share of files whose folder is another class than the column
TRAPS = (
    "no_picture",  # one picture is not there
    "not_in_sheet",  # one picture more than lines
    "bad_code",  # one line has the code 7
    "apple_double",
    "rubbish",
)


def write(
    folder: Path | str, *, scale: float = 0.1, seed: int = 0, trap: str | Iterable[str] | None = None, side: int = 64
) -> Truth:
    """Writes `dataset_sheet.csv` and `DiffusionFER/DiffusionEmotion_S/cropped/neutral/aksjlkjl_0.png` and so on.

    Args:
        scale: of 1,285 pictures, at least two a folder.
        trap: names of `TRAPS`.

    Returns:
        Truth with `id` and `path` as in the sheet, `code` and `word` of the column, `attributes` {"prompt": the folder's
        name}, one part ("all"). `traps` has under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps, rng = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed)
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    rows: list[Row] = []
    lines = [HEADER]
    for code, (prompt, number) in enumerate(FOLDERS.items()):
        number = max(2, scaled(number, scale))
        for place in range(number):
            letters = "".join("abcdefghijklmnopqrstuvwxyz"[each] for each in rng.integers(0, 26, 8))
            path = f"DiffusionFER/DiffusionEmotion_S/cropped/{prompt}/{letters}_{place % 7}.png"
            own = (code + 1) % 7 if place < round(number * OTHER_CODE) else code
            own = 7 if "bad_code" in traps and len(rows) == 1 else own
            valence, arousal = (rng.integers(-10, 11, 2) / 10).tolist()
            lines.append(f"{path},{valence:.1f},{arousal:.1f},{own}")
            made = Row(
                id=path,
                path=path,
                part="all",
                index=len(rows),
                code=own,
                word=WORDS[own] if own < 7 else None,
                valence=valence,
                arousal=arousal,
                file="dataset_sheet.csv",
                line=len(lines),
                picture=not ("no_picture" in traps and len(rows) == 0),
                attributes={"prompt": prompt},
            )
            rows.append(made)
            for name in (
                name for name, index in (("no_picture", 0), ("bad_code", 1)) if name in traps and made.index == index
            ):
                told[name]["rows"].append(made)
    put(folder / "dataset_sheet.csv", "\n".join(lines) + "\n")
    draw_all(([folder / row.path], f"{seed}/{row.id}", (side, side), "RGB") for row in rows if row.picture)
    first = folder / rows[-1].path
    if "not_in_sheet" in traps:
        told["not_in_sheet"]["files"] = [first.with_name("zzzzzzzz_0.png")]
        draw_all([(told["not_in_sheet"]["files"], f"{seed}/extra", (side, side), "RGB")])
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(first, folder / "dataset_sheet.csv")
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish(first.parent)
    return Truth(folder, rows, told)
