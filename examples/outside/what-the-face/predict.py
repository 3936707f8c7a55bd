"""Image_classifier of what_the_face_classification, with the whole picture as the face.

`predict` of the package looks for a face first and answers "no face detected" for a doubtful one; it returns the best class
alone. So its parts are used: its class list, its `transform` (resize to 48, grey, 0 to 1; no mean is subtracted) and its
network, whose outputs get the softmax of `predict`.
"""

import torch
from contract import predict
from PIL import Image
from what_the_face_classification.inference import Image_classifier

torch.set_num_threads(1)
classifier = Image_classifier()
classifier.net.eval()


def answer(file):
    with Image.open(file) as picture, torch.no_grad():
        face = classifier.transform(picture.convert("RGB")).unsqueeze(0)
        return torch.softmax(classifier.net(face), 1)[0].tolist()


predict(classifier.classes, answer)
