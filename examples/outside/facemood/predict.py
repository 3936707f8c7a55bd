"""The network of facemood, as its one function uses it: on the whole picture, which it takes from a camera.

That function opens a camera and a window and has its steps and its names of classes inside, so they are written again
here. It resizes the picture to 170 x 170 pixels (Pillow's default, bicubic); RGB, from 0 to 1.
"""

import importlib.metadata
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # the variable must be there first
import tensorflow as tf
from contract import predict
from PIL import Image

package = importlib.metadata.distribution("facemood")
network = tf.keras.models.load_model(package.locate_file("facemood/model__version1.0.0__.h5"), compile=False)


def answer(file):
    picture = Image.open(file).convert("RGB").resize((170, 170))
    return network(np.array(picture)[None] / 255.0, training=False)[0].numpy().tolist()


predict(["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"], answer)
