"""predict.py FACES_FOLDER OUT.csv: the emotions of py-feat's `resmasknet` for faces of `ferbench export-test`.

Every picture is taken as a face: py-feat's own face detector finds none in some small pictures, and each test face must have
an answer. The first call downloads the weights, also those of the face and landmark detectors, which are not used.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import torch
from feat import Detectorv1
from PIL import Image
from torch.nn import functional

CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
SIZE, BATCH = 224, 32


def main(folder: str, out: str) -> None:
    network = Detectorv1(
        emotion_model="resmasknet", au_model=None, identity_model=None, gaze_model=None, device="cpu"
    ).emotion_detector
    with open(Path(folder) / "ids.csv", newline="") as stream:
        faces = list(csv.DictReader(stream))
    rows = []
    for start in range(0, len(faces), BATCH):
        part = faces[start : start + BATCH]
        arrays = [np.asarray(Image.open(Path(folder) / face["file"]).convert("RGB")) for face in part]
        pictures = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode():
            pictures = functional.interpolate(pictures, (SIZE, SIZE), mode="bilinear", align_corners=False)
            scores = torch.softmax(network(pictures), 1)
        rows += [[face["id"], *row] for face, row in zip(part, scores.tolist(), strict=True)]
    with open(out, "w", newline="") as stream:
        csv.writer(stream).writerows([["id", *CLASSES], *rows])


if __name__ == "__main__":
    main(*sys.argv[1:])
