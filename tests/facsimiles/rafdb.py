"""RAF-DB, the basic part: the official tree with its list, and the copy with class folders.

Not stated by the notes, and taken so: how test pictures are numbered (four digits, `test_0001.jpg`, where training ones have
five); that the list has the training part first, in order; the names in the copy's folders and csv files
(`train_00001_aligned.jpg`); the pictures' size (100x100) and that the second picture `original` is absent.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import apple_double, draw_all, put, rubbish
from tests.facsimiles.truth import Row, Truth, chosen, scaled

WORDS = {1: "Surprise", 2: "Fear", 3: "Disgust", 4: "Happiness", 5: "Sadness", 6: "Anger", 7: "Neutral"}
COUNTS = {"train": (1290, 281, 717, 4772, 1982, 705, 2524), "test": (329, 74, 160, 1185, 478, 162, 680)}
LIST = "basic/EmoLabel/list_patition_label.txt"
TRAPS = (
    "no_picture",  # one training picture is not there
    "not_in_list",  # one picture more than lines (or a class folder 8 with one picture, in the copy)
    "bad_code",  # one training line has the code 8
    "twice",  # one training line is there twice
    "copies",  # every twentieth training picture has the bytes of an earlier one
    "apple_double",  # ._NAME beside a picture, and beside the list
    "rubbish",  # Thumbs.db, desktop.ini and .DS_Store among the pictures
    "macosx",  # __MACOSX with a ._NAME at the top
    "dataset_folder",  # the copy's folders in DATASET/, its csv files beside that
)


def write(
    folder: Path | str,
    *,
    scale: float = 0.01,
    seed: int = 0,
    trap: str | Iterable[str] | None = None,
    tree: str = "official",
    side: int = 100,
) -> Truth:
    """Writes the pictures and the list ("official"), or class folders in train and test beside two csv files ("kaggle").

    Args:
        scale: of 12,271 and 3,068 pictures, at least one of each class.
        trap: names of `TRAPS`; "bad_code" and "twice" are of the official tree alone, "dataset_folder" of the other.

    Returns:
        Truth with `id` as the official list spells the picture ("train_00001.jpg"), in either tree. `traps` has under "rows"
        the rows concerned, under "files" the files added.
    """
    folder, traps, rng = Path(folder), chosen(trap, TRAPS), np.random.default_rng(seed)
    official = tree == "official"
    if tree not in ("official", "kaggle") or traps & ({"dataset_folder"} if official else {"bad_code", "twice"}):
        raise ValueError(f"tree {tree} with {sorted(traps)}")
    top = "DATASET/" if "dataset_folder" in traps else ""
    own = {name: 3 + place for place, name in enumerate(("no_picture", "bad_code", "twice")) if name in traps}
    told: dict[str, dict] = {name: {"rows": [], "files": []} for name in traps}
    rows: list[Row] = []
    lists: dict[str, list[str]] = {"train": [], "test": []}
    tasks: dict[str, tuple[list[Path], str, tuple[int, int], str]] = {}
    for part, counts in COUNTS.items():
        codes = rng.permutation(np.repeat(list(WORDS), [scaled(each, scale) for each in counts])).tolist()
        first = len(rows)
        for index, code in enumerate(codes):
            what = next((name for name, place in own.items() if part == "train" and place == index), "")
            number = index + 1
            name = f"train_{number:05d}" if part == "train" else f"test_{number:04d}"
            aligned = f"{name}_aligned.jpg"
            path = f"basic/Image/aligned/{aligned}" if official else f"{top}{part}/{code}/{aligned}"
            if what == "bad_code":
                code = 8
            lists[part].append(f"{name}.jpg {code}" if official else f"{aligned},{code}")
            copy = "copies" in traps and part == "train" and index % 20 == 19
            source = first + index - 11 if copy else len(rows)
            made = Row(
                id=f"{name}.jpg",
                path=path,
                part=part,
                index=index,
                code=code,
                word=WORDS.get(code),
                file=LIST if official else f"{part}_labels.csv",
                line=len(lists[part]) + (len(lists["train"]) if official and part == "test" else 0) + (not official),
                picture=what != "no_picture",
                copy_of=rows[source].id if copy else "",
            )
            if what == "twice":
                lists[part].append(lists[part][-1])
            for each in (what, "copies" if copy else ""):
                if each:
                    told[each]["rows"].append(made)
            rows.append(made)
            if made.picture:
                tasks.setdefault(str(source), ([], f"{seed}/{rows[source].id}", (side, side), "RGB"))[0].append(
                    folder / path
                )
    if "not_in_list" in traps:
        extra = "basic/Image/aligned/train_99999_aligned.jpg" if official else f"{top}train/8/train_99999_aligned.jpg"
        tasks["extra"] = ([folder / extra], f"{seed}/extra", (side, side), "RGB")
        told["not_in_list"]["files"] = [folder / extra]
    draw_all(tasks.values())
    if official:
        put(folder / LIST, "\n".join(lists["train"] + lists["test"]))  # the last line has no end
    else:
        for part, lines in lists.items():
            put(folder / f"{part}_labels.csv", "\n".join(["image,label", *lines]) + "\n")
    beside = folder / rows[0].path
    if "apple_double" in traps:
        told["apple_double"]["files"] = apple_double(beside, folder / rows[0].file)
    if "rubbish" in traps:
        told["rubbish"]["files"] = rubbish(beside.parent)
    if "macosx" in traps:
        told["macosx"]["files"] = apple_double(folder / "__MACOSX" / rows[0].path)
    return Truth(folder, rows, told)
