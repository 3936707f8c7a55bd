"""Predictions of a Keras classifier of grey faces for `ferbench score`; needs TensorFlow and Pillow, not this suite.

    ferbench export-test --protocol fer2013-7 faces
    python examples/keras_predictions.py model.hdf5 faces predictions.csv angry disgust fear happy sad surprise neutral

The pictures are made grey, resized (bilinear) to the model's input and mapped to [-1, 1], as the mini-Xception of
Arriaga et al. (arXiv:1710.07557) and the packages that ship it do; another model may want something else.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image


def main(weights: str, folder: str, out: str, classes: list[str]) -> None:
    model = tf.keras.models.load_model(weights, compile=False)
    height, width = model.input_shape[1:3]
    with open(Path(folder) / "ids.csv", newline="") as stream:
        faces = list(csv.DictReader(stream))
    pictures = [
        Image.open(Path(folder) / face["file"]).convert("L").resize((width, height), Image.Resampling.BILINEAR)
        for face in faces
    ]
    scores = model.predict(np.stack(pictures)[..., None] / np.float32(127.5) - 1, batch_size=256, verbose=0)
    if scores.shape[1] != len(classes):
        sys.exit(f"{scores.shape[1]} outputs, {len(classes)} class names")
    with open(out, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", *classes])
        writer.writerows([face["id"], *row] for face, row in zip(faces, scores.tolist(), strict=True))
    print(f"{model.count_params():,} parameters; {len(faces)} faces in {out}")


if __name__ == "__main__":
    main(*sys.argv[1:4], sys.argv[4:])
