"""Edition x trap x result: what `check` says of a copy of the lists of 2017 with one thing wrong, or of another folder, by
its whole line; and what it notes. test_affectnet_parts.py has the releases of 2021 and later."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import affectnet_layouts as layouts
from affectnet_traps import CODES, LACKING, changed, is_refused, removed, written

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet import reader as affectnet

ONE = "one release of AffectNet: training.csv and validation.csv, or train_set and val_set"
BELOW = ", in the given folder or at most 2 folders below it"
TRAIN = "Manually_Annotated_file_lists/training.csv"


def box(text):
    return changed(
        TRAIN, ",3,5,32,32,", f",{text},"
    ), f"{{top}}/{TRAIN} line 2: found face box '{text}'; expected four numbers"


LINES = f"{{top}}/{TRAIN} line"
REFUSED = {
    "2017, NULL in face_x alone": (layouts.write_lists, *box("NULL,5,32,32"), ", or NULL"),
    "2017, NULL in face_y alone": (layouts.write_lists, *box("3,NULL,32,32"), ", or NULL"),
    "2017, NULL in width and height": (layouts.write_lists, *box("3,5,NULL,NULL"), ", or NULL"),
    "2017, NULL in three": (layouts.write_lists, *box("NULL,NULL,NULL,32"), ", or NULL"),
    "2017, NULL beside text": (layouts.write_lists, *box("NULL,NULL,x,32"), ", or NULL"),
    "2017, NULL beside nan": (layouts.write_lists, *box("NULL,NULL,nan,32"), ", or NULL"),
    "2017, text": (layouts.write_lists, *box("3,5,x,32"), ", or NULL"),
    "2017, infinite": (layouts.write_lists, *box("3,5,inf,32"), " of pixels"),
    "2017, a path out of the folder": (
        layouts.write_lists,
        changed(TRAIN, "0/00000000.png", "../../x.png"),
        LINES + " 2: found path '../../x.png'; expected a path inside the folder of pictures, with '/' and without '..'",
    ),
    "2017, no path": (
        layouts.write_lists,
        changed(TRAIN, "0/00000000.png", "."),
        LINES + " 2: found path '.'; expected a path inside the folder of pictures, with '/' and without '..'",
    ),
    "2017, a picture twice": (
        layouts.write_lists,
        changed(TRAIN, "1/00000001.PNG", "0/00000000.png"),
        LINES + f" 3: found 0/00000000.png, which {LINES} 2 has too; expected each picture once",
    ),
    "2017, valence nan": (
        layouts.write_lists,
        changed(TRAIN, ",1.0,-1.0", ",nan,-1.0"),
        LINES + " 6: found valence 'nan'; expected a number in [-1, 1], or -2 for none",
    ),
    "2017, arousal too large": (
        layouts.write_lists,
        changed(TRAIN, ",1.0,-1.0", ",1.0,1.5"),
        LINES + " 6: found arousal '1.5'; expected a number in [-1, 1], or -2 for none",
    ),
    "2017, code 11": (layouts.write_lists, changed(TRAIN, ",8,-2,-2", ",11,-2,-2"), LINES + " 47: " + CODES.format(11)),
    "2017, code of a row without corner": (
        layouts.write_lists,
        lambda top: [changed(TRAIN, ",3,5,32,", ",NULL,NULL,32,")(top), changed(TRAIN, "7.25,0,", "7.25,happy,")(top)],
        LINES + " 2: " + CODES.format("happy"),
    ),
    "2017, tabs": (
        layouts.write_lists,
        lambda top: (top / TRAIN).write_text((top / TRAIN).read_text().replace(",", "\t")),
        LINES
        + f" 1: found 1 fields, {layouts.HEADER.replace(',', chr(9))[:80]!r}; expected the header {layouts.HEADER}, or "
        "nine values",
    ),
    "2017, a short row": (
        layouts.write_lists,
        changed(TRAIN, "\n0/", "\na,b\n0/"),
        LINES + " 2: found 2 fields; expected 9, separated by commas",
    ),
    "2017, an empty list": (
        layouts.write_lists,
        written(TRAIN),
        f"{{top}}/{TRAIN}: found no row; expected at least one picture",
    ),
    "2017, a missing picture": (
        layouts.write_lists,
        removed("Manually_Annotated_Images/1/00000001.PNG"),
        LINES + " 3: found no picture {top}/Manually_Annotated_Images/1/00000001.PNG; " + LACKING,
    ),
    "2017, no pictures": (
        layouts.write_lists,
        lambda top: (top / "Manually_Annotated_Images").rename(top / "Elsewhere"),
        LINES
        + " 2: found no picture {top}/Manually_Annotated_file_lists/0/00000000.png; 60 of the 60 pictures are missing; "
        "expected at most 0.1 % of the listed pictures missing; the folder of pictures must be called "
        "Manually_Annotated_Images and lie at most 2 folders below the given one, or the pictures lie beside the lists",
    ),
    "2017, two rows without a corner": (
        layouts.write_lists,
        changed(TRAIN, ",3,5,32,", ",NULL,NULL,32,", times=2),
        LINES + " 2: found 2 rows with NULL as face_x and face_y beside a width and a height; expected one, as released, or "
        "a copy of the list that is whole",
    ),
    "2017, pictures on another disk": (
        layouts.write_lists,
        lambda top: [
            (top / "Manually_Annotated_Images").rename(top.parent / "disk"),
            (top / "Manually_Annotated_Images").symlink_to(top.parent / "disk"),
        ],
        LINES + " 2: found {top}/Manually_Annotated_Images/0, a link that leads out of {top}; expected the pictures "
        "themselves there",
    ),
    "2017, a name that is not printable": (
        layouts.write_lists,
        lambda top: [
            changed(TRAIN, "0/00000000.png", "0/a\xa0b.png")(top),
            (top / "Manually_Annotated_Images/0/00000000.png").rename(top / "Manually_Annotated_Images/0/a\xa0b.png"),
        ],
        "{top}: found the name 'Manually_Annotated_Images/0/a\\xa0b.png'; expected a name of printable characters, in "
        "UTF-8; rename the file",
    ),
    "2017, one list": (
        layouts.write_lists,
        removed("Manually_Annotated_file_lists/validation.csv"),
        "{top}: found no validation.csv; expected exactly one validation.csv",
    ),
    "2017, a list twice": (
        layouts.write_lists,
        lambda top: shutil.copy(top / TRAIN, top),
        f"{{top}}: found {{top}}/training.csv, {{top}}/{TRAIN}; expected exactly one training.csv",
    ),
    "two releases": (
        lambda folder, faces: layouts.write_lists(layouts.write_npy(folder, faces, text=True), faces),
        lambda top: None,
        f"{{top}}: found the lists of 2017 beside a train_set; expected {ONE}",
    ),
    "nothing": (
        lambda folder, faces: folder.mkdir(),
        lambda top: None,
        f"{{top}}: found neither training.csv nor train_set; expected {ONE}{BELOW}",
    ),
    "no folder": (
        lambda folder, faces: None,
        lambda top: None,
        "{top}: found no such folder; expected the folder of AffectNet",
    ),
    "Kaggle's class folders": (
        lambda folder, faces: written("Train/Anger/image0000006.jpg")(folder),
        lambda top: [written(f"{p}/a.jpg")(top) for p in ("Train/fear", "Test/Anger", "Test/fear", "labels")],
        "{top}: found {top}/Test with the folders Anger, fear; {top}/Train with the folders Anger, fear; expected "
        + ONE
        + "; "
        "pictures in folders of classes: `ferbench data add folder-NAME PATH`",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_trap_is_refused_in_one_line(case, tmp_path, faces):
    writer, trap, *line = case
    top = tmp_path / "AffectNet"
    writer(top, faces)
    trap(top)
    is_refused(top, "".join(line))


def test_a_picture_of_many_that_is_missing_is_noted(tmp_path, faces):
    """One of 1,100 is below 0.1 %, two are not. Pictures of rows without a class need not be there."""
    layouts.write_lists(tmp_path, faces)
    images, table = tmp_path / "Manually_Annotated_Images", tmp_path / TRAIN
    rows = []
    for number in range(1100 - 60):
        os.link(images / "0/00000000.png", images / f"0/copy{number}.png")
        rows.append(f"0/copy{number}.png,3,5,32,32,{layouts.LANDMARKS},0,-2,-2\n")
    table.write_text(table.read_text() + "".join(rows))
    (images / "0/copy7.png").unlink()
    note = f"1 of the 1100 pictures are missing and left out, the first is {images}/0/copy7.png ({table} line 57)"
    assert note in affectnet.check(tmp_path).notes
    (images / "0/copy3.png").unlink()
    with pytest.raises(BadInput, match=r"training.csv line 53: found no picture .*/copy3.png; 2 of the 1100 pictures are"):
        affectnet.check(tmp_path)
