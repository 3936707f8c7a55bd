"""DetectFace of PyEmotion, with the whole picture as the face: `_predict`, which the package calls for each face it finds.

`_predict` returns the best class alone, so a hook keeps what the network gave. Its last layer is a sigmoid, and the package
takes exp of that for the probabilities (`ps = torch.exp(output)`). They are made to sum to one here, which is the softmax of
the sigmoids: no class gets more than 0.312 that way, so calibration is bad, as in the package. Where several sigmoids are 1
in float32, classes tie, and the first counts, as in the package. It resizes to 48 pixels; grey, from -1 to 1.

The weights are those of the package facial_emotion_recognition 0.3.4, byte for byte. They are a pickle, which torch loads
with weights_only.
"""

import cv2
import torch
from contract import predict
from PyEmotion import DetectFace

torch.set_num_threads(1)
detector = DetectFace(device="cpu")
outputs = []
detector.network.register_forward_hook(lambda network, given, output: outputs.append(output))


@torch.no_grad()
def answer(file):
    outputs.clear()
    detector._predict(cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2GRAY))  # noqa: SLF001
    return torch.softmax(outputs[0], 1)[0].tolist()


predict(list(detector.emotions.values()), answer)
