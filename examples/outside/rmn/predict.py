"""predict.py FACES_FOLDER OUT.csv: the probabilities of rmn for faces of `ferbench export-test`.

Importing rmn downloads its weights, or takes the file `pretrained_ckpt` of the current folder.
"""

import csv
import sys
from pathlib import Path

import cv2
from rmn import RMN

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def main(folder: str, out: str) -> None:
    model = RMN(face_detector=False)
    with open(Path(folder) / "ids.csv", newline="") as stream:
        faces = list(csv.DictReader(stream))
    rows = []
    for face in faces:
        # Grey, as the package makes its frames before it cuts out a face; its method for one face does not.
        picture = cv2.imread(str(Path(folder) / face["file"]), cv2.IMREAD_GRAYSCALE)
        found = {
            name: value for each in model.detect_emotion_for_single_face_image(picture)[2] for name, value in each.items()
        }
        rows.append([face["id"], *(found[name] for name in CLASSES)])
    with open(out, "w", newline="") as stream:
        csv.writer(stream).writerows([["id", *CLASSES], *rows])


if __name__ == "__main__":
    main(*sys.argv[1:])
