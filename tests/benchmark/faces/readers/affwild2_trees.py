"""Small trees of Aff-Wild2 whose crops have given numbers."""

import functools
import io
import shutil

import numpy as np
from PIL import Image

from benchmark.faces.readers.affwild2 import reader as affwild2

LINES = 20


@functools.cache
def _picture(level):
    stream = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


def written(folder, crops, lines=LINES):
    """A small tree. crops: track -> numbers of its crops; the last track is the validation part. The labels of line n are
    n / 100 and -n / 100; every crop has the level of its number."""
    (folder / "VA_Set/Train_Set").mkdir(parents=True)
    (folder / "VA_Set/Validation_Set").mkdir()
    for place, (track, numbers) in enumerate(crops.items(), 1):
        part = "Validation_Set" if place == len(crops) else "Train_Set"
        text = "".join(f"{n / 100},{-n / 100}\n" for n in range(1, lines + 1))
        (folder / "VA_Set" / part / f"{track}.txt").write_text(f"valence,arousal\n{text}")
        for number in numbers:
            path = folder / "cropped_aligned" / track / f"{number:05d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_picture(10 * number))
    return folder


def tree(zero=0, one=0, late=0):
    """Crops of so many tracks that begin with 0, with 1 and with 2."""
    begins = [0] * zero + [1] * one + [2] * late
    return {f"{k}-30-64x64": range(begin, begin + LINES - 1) for k, begin in enumerate(begins, 1)}


def notes(folder):
    return "\n".join(affwild2.check(folder).notes)


def as_lists(folder, frames):
    """Puts multi-task lists in place of the labels of `written`. frames: of each track, those that are listed; frame 1 has
    an expression and no valence and arousal."""
    for part, name in (("Train_Set", "training"), ("Validation_Set", "validation")):
        rows = [f"{path.stem}/{n:05d}.jpg" for path in sorted((folder / "VA_Set" / part).iterdir()) for n in frames]
        lines = [f"{row},{'-5,-5' if row.endswith('/00001.jpg') else '0.1,0.2'},3,0-0" for row in rows]
        text = "\n".join(["image,valence,arousal,expression,aus", *lines])
        (folder / f"{name}_set_annotations_22.txt").write_text(f"{text}\n")
    shutil.rmtree(folder / "VA_Set")
    return folder
