"""The emotion network of faceemotionrecognition, with the whole picture as the person whom the package would have cut out.

The package is a window with buttons, so its module is not imported: what it does with a person is done here. It resizes
the person to 640 x 640 pixels and asks a YOLO11n, which makes that 320 x 320 (the size that is stored with the weights);
colours are RGB, from 0 to 1. The class of the surest box is its answer; without a box above 0.25 it says "Unknown".

A class's score here is that of its surest box, whatever it is. The best class is then the package's answer wherever it has
one (checked on 200 pictures), and the best guess where it would say "Unknown". Each score is a sigmoid of its own, and they
do not sum to one, so they are divided by their sum, which changes no answer.

The weights are a pickle of a whole network. It is loaded with weights_only and a list of the classes of torch and
ultralytics that it needs; ultralytics itself would load anything.
"""

import importlib.metadata
import os
import tempfile

os.environ.setdefault("YOLO_CONFIG_DIR", tempfile.gettempdir())  # ultralytics writes settings when it is imported

import cv2  # the variable must be there first
import torch
from contract import predict
from torch import nn
from ultralytics.data.augment import LetterBox
from ultralytics.nn.modules import block, conv, head
from ultralytics.nn.tasks import DetectionModel

torch.set_num_threads(1)
BLOCKS = "Attention Bottleneck C2PSA C3k C3k2 DFL PSABlock SPPF"
LAYERS = "SiLU BatchNorm2d ModuleList Sequential Conv2d Identity MaxPool2d Upsample"
known = [getattr(block, name) for name in BLOCKS.split()] + [getattr(nn, name) for name in LAYERS.split()]
known += [conv.Concat, conv.Conv, conv.DWConv, head.Detect, DetectionModel, set]
package = importlib.metadata.distribution("faceemotionrecognition")
with torch.serialization.safe_globals(known):
    stored = torch.load(
        package.locate_file("faceemotionrecognition/trained_model.pt"), map_location="cpu", weights_only=True
    )
network = stored["model"].float().eval().fuse(verbose=False)
size = network.args["imgsz"]
letterbox = LetterBox((size, size), stride=32)


@torch.no_grad()
def answer(file):
    person = letterbox(image=cv2.resize(cv2.imread(str(file)), (640, 640)))
    given = torch.from_numpy(person[..., ::-1].transpose(2, 0, 1).copy()).float()[None] / 255
    boxes = network(given)[0]  # (1, 4 coordinates and 8 classes, boxes)
    scores = boxes[0, 4:].amax(1)
    return (scores / scores.sum()).tolist()


predict([network.names[number] for number in sorted(network.names)], answer)
