"""DeepFace.analyze of deepface, with the whole picture as the face (`detector_backend="skip"`).

- The first call downloads the weights.
- It takes TensorFlow if that is installed, else torch; here it is told to take onnxruntime.

It enlarges a face to 224 pixels, makes it grey and shrinks it to 48 (OpenCV, bilinear); range 0 to 1.
"""

import os

os.environ.setdefault("DEEPFACE_BACKEND_ENGINE", "onnx")

import cv2  # the variable must be there first
from contract import predict
from deepface import DeepFace

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def answer(file):
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR)  # BGR, as deepface wants it
    (found,) = DeepFace.analyze(picture, actions=["emotion"], detector_backend="skip", enforce_detection=False, silent=True)
    return [found["emotion"][name] / 100 for name in CLASSES]


predict(CLASSES, answer)
