"""CK+48: 981 pictures in a folder a class, named after subject, sequence and frame.

Not stated by the notes, and taken so: the pictures' mode (grey, 48x48, PNG); the frames of a sequence (three, of one class,
numbered on); which of the 118 subjects have which sequences.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.facsimiles.drawing import apple_double, draw_all, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

COUNTS = {"anger": 135, "contempt": 54, "disgust": 177, "fear": 75, "happy": 207, "sadness": 84, "surprise": 249}
SUBJECTS = 118
TRAPS = (
    "capitals",  # some pictures of anger lie in a second folder, Anger
    "stray_picture",  # one picture lies beside the class folders
    "capital_endings",  # .PNG
    "apple_double",
    "rubbish",
    "macosx",
)


def write(
    folder: Path | str, *, scale: float = 0.1, seed: int = 0, trap: str | Iterable[str] | None = None, side: int = 48
) -> Truth:
    """Writes `anger/S010_004_00000017.png` and so on.

    Args:
        scale: of the 327 sequences of three pictures, at least one of each class; and of 118 subjects, at least ten.
        trap: names of `TRAPS`.

    Returns:
        Truth with `id` and `path` alike, `group` the subject ("S010"), one part ("all").
        `traps` has under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps = Path(folder), chosen(trap, TRAPS)
    ending = "PNG" if "capital_endings" in traps else "png"
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    subjects, sequence, rows = max(10, scaled(SUBJECTS, scale)), 0, []
    for code, (word, number) in enumerate(COUNTS.items()):
        for _ in range(scaled(number // 3, scale)):
            subject, own, start = f"S{10 + sequence % subjects:03d}", 1 + sequence // subjects, 7 + sequence % 9
            sequence += 1
            for frame in range(start, start + 3):
                place = "Anger" if "capitals" in traps and word == "anger" and frame == start and own == 1 else word
                path = f"{place}/{subject}_{own:03d}_{frame:08d}.{ending}"
                rows.append(Row(path, path, "all", len(rows), code, word, group=subject))
                if place != word:
                    told["capitals"]["rows"].append(rows[-1])
    if "capital_endings" in traps:
        told["capital_endings"]["rows"] = [*rows]
    draw_all(([folder / row.path], f"{seed}/{row.id}", (side, side), "L") for row in rows)
    if "stray_picture" in traps:
        stray = folder / "S999_001_00000001.png"
        draw_all([([stray], f"{seed}/stray", (side, side), "L")])
        told["stray_picture"]["files"] = [stray]
    first = folder / rows[-1].path
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(first)
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish(first.parent) + rubbish(folder)
    if "macosx" in traps:
        told["macosx"]["files"] = apple_double(folder / "__MACOSX" / rows[-1].path)
    return Truth(folder, rows, told)
