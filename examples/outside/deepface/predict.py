"""predict.py FACES_FOLDER OUT.csv: the emotions of deepface for faces of `ferbench export-test`.

Every picture is taken as a face (`detector_backend="skip"`). The first call downloads the weights.
"""

import csv
import os
import sys
from pathlib import Path

os.environ.setdefault("DEEPFACE_BACKEND_ENGINE", "onnx")  # else what happens to be installed: TensorFlow or torch first

import cv2
from deepface import DeepFace

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def main(folder: str, out: str) -> None:
    with open(Path(folder) / "ids.csv", newline="") as stream:
        faces = list(csv.DictReader(stream))
    rows = []
    for face in faces:
        picture = cv2.imread(str(Path(folder) / face["file"]), cv2.IMREAD_COLOR)  # BGR, as deepface wants it
        (found,) = DeepFace.analyze(
            picture, actions=["emotion"], detector_backend="skip", enforce_detection=False, silent=True
        )
        rows.append([face["id"], *(found["emotion"][name] for name in CLASSES)])
    with open(out, "w", newline="") as stream:
        csv.writer(stream).writerows([["id", *CLASSES], *rows])


if __name__ == "__main__":
    main(*sys.argv[1:])
