"""EmotionClassifier of facex, with the whole picture as the face: its own steps, less the search for faces.

It makes the picture grey, resizes it to 200 x 200 pixels (scikit-image, bilinear) and repeats the grey in three channels;
range 0 to 1. The network is a MobileNetV2 with weights of 8 bits (TensorFlow Lite).
"""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2  # the variable must be there first
import facex
from contract import predict

classifier = facex.EmotionClassifier(str(Path(facex.__file__).parent / "assets" / "model_optimized.tflite"))


def answer(file):
    face = classifier._preprocess_frame(cv2.imread(str(file)))  # noqa: SLF001  # what its predict does first
    scores = classifier.detect_emotion(face)
    return [scores[name] for name in classifier.category]


predict(classifier.category, answer)
