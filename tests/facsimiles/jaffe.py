"""JAFFE: 213 grey TIFF pictures in one folder, named SUBJECT.CLASSn.NUMBER.tiff, such as KA.AN1.39.tiff.

Stated by the notes is that name alone. The rest is the published description: ten subjects, the class counts below, 256x256.
"""

from collections.abc import Iterable
from pathlib import Path

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

WORDS = {
    "AN": "anger",
    "DI": "disgust",
    "FE": "fear",
    "HA": "happiness",
    "NE": "neutral",
    "SA": "sadness",
    "SU": "surprise",
}
COUNTS = {"AN": 30, "DI": 29, "FE": 32, "HA": 31, "NE": 30, "SA": 31, "SU": 30}
SUBJECTS = ("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM")
TRAPS = (
    "unknown_code",  # one picture has XX for its class
    "capital_endings",  # .TIFF
    "readme",  # README and a list of ratings beside the pictures
    "apple_double",
    "rubbish",
)


def write(
    folder: Path | str, *, scale: float = 1.0, seed: int = 0, trap: str | Iterable[str] | None = None, side: int = 64
) -> Truth:
    """Writes the pictures.

    Args:
        scale: of each class, at least one picture.
        trap: names of `TRAPS`.
        side: width and height; 256 in the release.

    Returns:
        Truth with `id` and `path` alike, `group` the subject, one part ("all"), `attributes` {"letters": "AN"}. `traps` has
        under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps, rows = Path(folder), chosen(trap, TRAPS), []
    ending = "TIFF" if "capital_endings" in traps else "tiff"
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    for code, (letters, number) in enumerate(COUNTS.items()):
        for place in range(scaled(number, scale)):
            subject, odd = SUBJECTS[place % 10], "unknown_code" in traps and not rows
            name = f"{subject}.{'XX' if odd else letters}{1 + place // 10}.{39 + len(rows)}.{ending}"
            word = None if odd else WORDS[letters]
            rows.append(
                Row(
                    name, name, "all", len(rows), code, word, group=subject, attributes={"letters": "XX" if odd else letters}
                )
            )
            if odd:
                told["unknown_code"]["rows"].append(rows[-1])
    draw_all(([folder / row.path], f"{seed}/{row.id}", (side, side), "L") for row in rows)
    if "capital_endings" in traps:
        told["capital_endings"]["rows"] = [*rows]
    if "readme" in traps:
        told["readme"]["files"] = [folder / "README", folder / "ratings.txt"]
        for file in told["readme"]["files"]:
            put(file, "HAP SAD SUR ANG DIS FEA\n1 2.87 2.52 2.10 1.97 1.97 2.06 KM-NE1\n")
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(folder / rows[0].path)
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish(folder)
    return Truth(folder, rows, told)
