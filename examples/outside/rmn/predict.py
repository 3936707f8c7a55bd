"""rmn (Residual Masking Network) as it comes, with the whole picture as the face: `detect_emotion_for_single_face_image`.

- `import rmn` downloads its weights, or takes the file `pretrained_ckpt` of the current folder.
- A picture is read as grey: the package makes a frame grey before it cuts out a face, but its call for one face does not.

It repeats the grey over three channels, resizes to 224 pixels (OpenCV, bilinear, 8 bits); range 0 to 1.
"""

import cv2
from contract import predict
from rmn import RMN

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
model = RMN(face_detector=False)


def answer(file):
    _, _, pairs = model.detect_emotion_for_single_face_image(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE))
    found = {name: value for pair in pairs for name, value in pair.items()}
    return [found[name] for name in CLASSES]


predict(CLASSES, answer)
