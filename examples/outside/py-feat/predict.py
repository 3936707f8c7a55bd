"""The emotion network `resmasknet` of py-feat's Detectorv1, with the whole picture as the face.

- The package has no call for a face that is cut out already, and its detector finds none in some small pictures, so the
  network of the detector is called itself, with what `Detectorv1.detect_faces` makes: RGB, 224 pixels, range 0 to 1.
- The first call downloads the weights, also those of the face and landmark detectors, which are not used.
"""

import numpy as np
import torch
from contract import predict
from feat import Detectorv1
from PIL import Image
from torch.nn import functional

CLASSES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
SIZE = 224
detector = Detectorv1(emotion_model="resmasknet", au_model=None, identity_model=None, gaze_model=None, device="cpu")


@torch.inference_mode()
def answer(file):
    picture = torch.from_numpy(np.array(Image.open(file).convert("RGB"))).permute(2, 0, 1)[None].float() / 255
    picture = functional.interpolate(picture, (SIZE, SIZE), mode="bilinear", align_corners=False)
    return torch.softmax(detector.emotion_detector(picture), 1)[0].tolist()


predict(CLASSES, answer)
