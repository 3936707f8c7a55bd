"""ExpW: label.lst with several faces a picture.

Not stated by the notes, and taken so: the number of faces of each class (91,793 in all, the counts that papers report); that
the list has no header; the names of the pictures; where list and pictures lie (`label/label.lst`, `image/origin`); that
neutral is written 6; that the box is in pixels with right and bottom outside it.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

WORDS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # FER2013's order
COUNTS = (3671, 3995, 1088, 30537, 10559, 7060, 34883)
TRAPS = (
    "no_picture",  # one picture of three faces is not there
    "bad_label",  # one line has the label 7
    "box_outside",  # one box has no pixel of the picture
    "box_beyond",  # one box reaches beyond the picture's edges
    "same_box_twice",  # one face is listed twice, with two labels
    "apple_double",  # ._NAME beside a picture, and beside the list
    "rubbish",  # Thumbs.db, desktop.ini and .DS_Store among the pictures
)


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    list_file: str = "label/label.lst",
    pictures: str = "image/origin",
    size: tuple[int, int] = (120, 80),
) -> Truth:
    """Writes the list `name face_id top left right bottom confidence label` and the pictures.

    Args:
        scale: of 91,793 faces, at least one of each class.
        trap: names of `TRAPS`.

    Returns:
        Truth with `id` "NAME#face_id", `box` (left, top, right, bottom), `attributes` {"face_id", "confidence"}, one part
        ("all"), several rows with one `path`, which is their `group`. `traps` has under "rows" the rows concerned (of
        "same_box_twice" both), under "files" the files added.
    """
    folder, traps, rng = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed)
    codes = rng.permutation(np.repeat(np.arange(7), [scaled(each, scale) for each in COUNTS])).tolist()
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    rows: list[Row] = []
    lines: list[str] = []
    shown: list[str] = []
    width, height = size
    picture = -1
    left_over = 0
    for index, code in enumerate(codes):
        if not left_over:  # pictures of three, one, two, ... faces
            picture += 1
            left_over, face = (3, 1, 2)[picture % 3], -1
        left_over, face = left_over - 1, face + 1
        name = f"{WORDS[code]}_{picture:05d}.jpg" if face == 0 else rows[-1].path.rpartition("/")[2]
        what = {3: "bad_label", 4: "box_outside", 6: "box_beyond"}.get(index, "")
        what = what if what in traps else ""
        left, top, side = 4 + face * width // 3, 6 + face * 3, min(width // 3, height) - 8
        box = {"box_outside": (900, 900, 960, 960), "box_beyond": (-10, -10, width + 10, height + 10)}.get(
            what, (left, top, left + side, top + side)
        )
        code = 7 if what == "bad_label" else code
        confidence = f"{rng.uniform(1, 60):.6g}"
        lines.append(f"{name} {face} {box[1]} {box[0]} {box[2]} {box[3]} {confidence} {code}")
        absent = "no_picture" in traps and picture == 3
        made = Row(
            id=f"{name}#{face}",
            path=f"{pictures}/{name}",
            part="all",
            index=index,
            code=code,
            word=WORDS[code] if code < 7 else None,
            box=tuple(float(each) for each in box),
            file=list_file,
            line=len(lines),
            group=f"{pictures}/{name}",
            picture=not absent,
            attributes={"face_id": face, "confidence": float(confidence)},
        )
        rows.append(made)
        for each in (what, "no_picture" if absent else ""):
            if each:
                told[each]["rows"].append(made)
        if face == 0 and not absent:
            shown.append(made.path)
    if "same_box_twice" in traps:
        last = rows[-1]
        other = (int(last.code or 0) + 1) % 7
        lines.append(lines[-1].rpartition(" ")[0] + f" {other}")
        rows.append(last._replace(index=len(rows), code=other, word=WORDS[other], line=len(lines)))
        told["same_box_twice"]["rows"] = rows[-2:]
    put(folder / list_file, "\n".join(lines) + "\n")
    draw_all(([folder / path], f"{seed}/{path}", size, "RGB") for path in shown)
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(folder / shown[0], folder / list_file)
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish((folder / shown[0]).parent)
    return Truth(folder, rows, told)
