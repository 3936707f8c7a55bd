"""What every predict.py shares: it reads the faces, asks the model and writes the answers. It needs Python alone.

    predict.py FACES OUT.csv

FACES is a folder that `ferbench export-test` wrote: pictures, and ids.csv with the columns id and file. OUT.csv gets the
column id and one for each class of the model, by the model's own names: probabilities with nine digits, which is every bit
of a float32. The rows are in the order of ids.csv. Now and then a line "done N" goes to standard output, for the progress.
"""

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

EVERY = 32  # faces between two lines of progress


def predict(classes: Sequence[str], answer: Callable[[Path], Sequence[float]]) -> None:
    """Write the answers for the faces of the command line.

    Args:
        classes: the model's own names.
        answer: the probabilities of a picture, in the order of `classes`.
    """
    if len(sys.argv) != 3:
        sys.exit(f"usage: {Path(sys.argv[0]).name} FACES OUT.csv")
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    with open(folder / "ids.csv", encoding="utf-8", newline="") as stream:
        faces = list(csv.DictReader(stream))
    lines = [",".join(["id", *classes])]
    for number, face in enumerate(faces, 1):
        scores = [float(score) for score in answer(folder / face["file"])]
        if len(scores) != len(classes):
            sys.exit(f"{face['file']}: {len(scores)} scores for {len(classes)} classes")
        lines.append(",".join([face["id"], *(f"{score:.9g}" for score in scores)]))
        if number % EVERY == 0 or number == len(faces):
            print(f"done {number}", flush=True)
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
