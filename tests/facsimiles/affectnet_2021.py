"""AffectNet8 of 2021: cropped pictures with an npy file for each label of each, and the forms in which it circulates.

Not stated by the notes, and taken so: how the number in an npy file's text is spelt (about six digits, as in the list of
2017); the type of `_lnd.npy` (float64, (136,)); in which folder the renamed variant's pictures lie (`train_set/images`,
`val_set/images`, without annotations); the number of pictures of a class in the Kaggle tree (the release's), and the rest of
its columns. The name `val_set_annotation_without_lnd.csv` follows from that of the training part.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

WORDS = ("Neutral", "Happy", "Sad", "Surprise", "Fear", "Disgust", "Anger", "Contempt")
COUNTS = {
    "train_set": (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750),
    "val_set": (500, 500, 500, 500, 500, 500, 500, 499),
}
KAGGLE = (
    "neutral",
    "happy",
    "sad",
    "surprise",
    "fear",
    "disgust",
    "Anger",
    "Contempt",
)  # the folders, in the order of WORDS
FORMS = ("npy", "csv", "renamed", "kaggle")
TRAPS = (
    "apple_double",  # ._ID_exp.npy and ._ID.jpg
    "rubbish",  # Thumbs.db, desktop.ini and .DS_Store among the pictures and annotations
    "missing_val",  # no val_set
    "no_picture",  # one training picture is not there
    "no_annotation",  # one training picture has no label of any kind
    "half_annotation",  # one training picture has no _val.npy
    "minus_two",  # one training picture has -2 as valence and arousal
)


def _npy(value: object) -> bytes:
    held = io.BytesIO()
    np.save(held, np.array(value))
    return held.getvalue()


def _rows(part: str, scale: float, seed: int, marked: dict[str, int]) -> list[tuple[int, str, str]]:
    """(code, valence, arousal) a picture, as text where a file holds text."""
    rng = np.random.default_rng((seed, len(part)))
    codes = rng.permutation(np.repeat(np.arange(8), [scaled(each, scale) for each in COUNTS[part]]))
    affect = rng.uniform(-1, 1, (len(codes), 2))
    affect[abs(affect) < 0.02] = 0
    return [
        (code, "-2", "-2") if row == marked.get("minus_two") else (code, f"{valence:.6g}", f"{arousal:.6g}")
        for row, (code, (valence, arousal)) in enumerate(zip(codes.tolist(), affect.tolist(), strict=True))
    ]


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    form: str = "npy",
    side: int = 224,
    processes: int = 1,
) -> Truth:
    """Writes `train_set` and `val_set`.

    Args:
        form: "npy" as released; "csv" with `train_set_annotation_without_lnd.csv` in place of the npy files; "renamed" with
            the labels in the pictures' names; "kaggle" with class folders in `Train` and `Test`, and a labels.csv.
        trap: names of `TRAPS`. "half_annotation" and "minus_two" are of the form "npy" alone, "no_annotation" of "npy" and
            "csv" (ValueError with another).
        side: width and height of the pictures; 224 in the release.

    Returns:
        Truth with `id` as "train_set/12"; the number in the name restarts in val_set. `word` None: a picture without label,
        in `rows` all the same. In the form "kaggle" there are no values, the parts are "Train" and "Test", and the folder is
        the class. `traps` has under "rows" the rows concerned, under "files" the files added.
    """
    folder, traps = Path(folder), chosen(trap, TRAPS)
    if form not in FORMS:
        raise ValueError(f"no form is called {form}; there are {FORMS}")
    if form != "npy" and traps & {"half_annotation", "minus_two"}:
        raise ValueError(f"{sorted(traps)}: of the form npy alone")
    if form in ("renamed", "kaggle") and "no_annotation" in traps:
        raise ValueError("no_annotation: the name is the label")
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    marked = {name: 3 + place for place, name in enumerate(TRAPS[3:]) if name in traps}
    rows: list[Row] = []
    for part in ("train_set", "val_set")[: 1 + ("missing_val" not in traps)]:
        here = marked if part == "train_set" else {}
        for number, (code, valence, arousal) in enumerate(_rows(part, scale, seed, here)):
            bare, minus = number == here.get("no_annotation"), valence == "-2"
            row = Row(
                id=f"{part}/{number}",
                path=f"{part}/images/{number}.jpg",
                part=part,
                index=number,
                code=None if bare else code,
                word=None if bare else WORDS[code],
                valence=None if bare or minus else float(valence),
                arousal=None if bare or minus else float(arousal),
                picture=number != here.get("no_picture"),
            )
            if form == "npy" and not bare:
                values = {"exp": str(code), "val": valence, "aro": arousal, "lnd": _landmarks(number, side)}
                if number == here.get("half_annotation"):
                    del values["val"]
                    row = row._replace(valence=None)
                for name, value in values.items():
                    put(folder / part / "annotations" / f"{number}_{name}.npy", _npy(value))
            elif form == "renamed":
                thousandths = [round(1000 * float(each)) for each in (valence, arousal)]
                name = f"{number:07d}s{code}s{thousandths[0]}s{thousandths[1]}.jpg"
                row = row._replace(
                    path=f"{part}/images/{name}", valence=thousandths[0] / 1000, arousal=thousandths[1] / 1000
                )
            elif form == "kaggle":
                row = _as_kaggle(row, code)
            rows.append(row)
            for name in (name for name, place in here.items() if place == number):
                told[name]["rows"].append(row)
    if form == "csv":
        rows = _write_lists(folder, rows)
        told |= {name: {"rows": [rows[each.index] for each in told[name]["rows"]], "files": []} for name in marked}
    if form == "kaggle":
        listed = [
            f"{number},{row.path.split('/', 1)[1].lower()},{str(row.word).lower()},0.87" for number, row in enumerate(rows)
        ]
        put(folder / "labels.csv", "\n".join([",pth,label,relFCs", *listed]) + "\n")
    shown = [row for row in rows if row.picture]
    draw_all((([folder / row.path], f"{seed}/{row.id}", (side, side), "RGB") for row in shown), processes)
    if "apple_double" in traps:
        beside = [folder / shown[0].path, folder / shown[-1].path, folder / "train_set" / "annotations" / "0_exp.npy"]
        told["apple_double"]["files"] = apple_double(*(file for file in beside if file.exists()))
    if "rubbish" in traps:
        folders = {
            file.parent
            for file in (folder / shown[0].path, folder / "train_set" / "annotations" / "0")
            if file.parent.is_dir()
        }
        told["rubbish"]["files"] = [file for each in sorted(folders) for file in rubbish(each)]
    return Truth(folder, rows, told)


def _landmarks(number: int, side: int) -> np.ndarray:
    """68 points, (136,) float64."""
    return (np.arange(136) * 0.61803398875 + number * 0.01) % 1 * side


def _as_kaggle(row: Row, code: int) -> Row:
    part = {"train_set": "Train", "val_set": "Test"}[row.part]
    path = f"{part}/{KAGGLE[code]}/image{row.index:07d}.jpg"
    return row._replace(id=path, part=part, path=path, valence=None, arousal=None)


def _write_lists(folder: Path, rows: list[Row]) -> list[Row]:
    """The two csv files; the rows with the lines where they lie."""
    found: list[Row] = []
    for part in dict.fromkeys(row.part for row in rows):
        name, lines = f"{part}_annotation_without_lnd.csv", ["number,expression,valence,arousal"]
        for row in rows:
            if row.part == part:
                if row.code is not None:
                    lines.append(f"{row.index},{row.code},{row.valence:.6g},{row.arousal:.6g}")
                    row = row._replace(file=name, line=len(lines))
                found.append(row)
        put(folder / name, "\n".join(lines) + "\n")
    return found
