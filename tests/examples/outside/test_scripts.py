"""The scripts with stand-ins of their packages, whose answers are known: what goes into the network and what comes out."""

import math
import os
import runpy
import shutil
import subprocess
import sys

import pytest
import shipped

GREYS = {"a": 0, "b": 51, "c": 255}
NODE = shutil.which("node")
# A cv2 of what the scripts use. A grey picture has the same grey in each channel.
CV2 = """
import numpy as np
from PIL import Image
COLOR_BGR2GRAY = "grey"
def imread(path):
    return np.array(Image.open(path).convert("RGB"))[:, :, ::-1]
def cvtColor(picture, code):
    assert code == "grey"
    return picture[:, :, 0]
"""
STAND_INS = {
    "fer-mini-xception": {
        "cv2.py": CV2,
        "fer/__init__.py": "",
        "fer/fer.py": """
class FER:
    def __init__(self, offsets):
        assert offsets == (0, 0)
    def _get_labels(self):
        return dict(enumerate("angry disgust fear happy sad surprise neutral".split()))
    def _classify_emotions(self, faces):
        return [[face, 1 - face, 0, 0, 0, 0, 0] for face in faces]
    def detect_emotions(self, picture, boxes):
        assert boxes == [(0, 0, 4, 4)]
        self._classify_emotions([picture.mean() / 255])  # its rounded answer is not asked for
""",
    },
    "pyemotion": {
        "cv2.py": CV2,
        "PyEmotion.py": """
import torch
class Network(torch.nn.Module):
    def forward(self, faces):
        return torch.cat([faces, 1 - faces], 1)
class DetectFace:
    def __init__(self, device):
        self.network, self.emotions = Network(), {0: "Angry", 1: "Happy"}
        print("Welcome")
    def _predict(self, image):
        self.network(torch.tensor([[image.mean() / 255]]))
        return "Angry"
""",
    },
    "what-the-face": {
        "what_the_face_classification/__init__.py": "",
        "what_the_face_classification/inference.py": """
import torch, numpy as np
class Network(torch.nn.Module):
    def forward(self, faces):
        assert not self.training and faces.shape == (1, 1, 4, 4)
        return torch.stack([faces.mean().log(), (1 - faces.mean()).log()])[None]
class Image_classifier:
    classes = ("angry", "disgust")
    net = Network()
    def transform(self, picture):
        return torch.from_numpy(np.array(picture.convert("L"))[None] / 255)
""",
    },
}
NODE_STAND_INS = {
    "pngjs/index.js": """
exports.PNG = { sync: { read: ([grey]) => ({ width: 1, height: 1, data: Uint8Array.from([grey, grey, grey, 9]) }) } };
""",
    "@tensorflow/tfjs-backend-wasm/index.js": "exports.setWasmPaths = () => {};",
    "@vladmandic/face-api/dist/face-api.node-wasm.js": """
exports.FACE_EXPRESSION_LABELS = ['neutral', 'happy'];
exports.tf = { setBackend: async () => {}, ready: async () => {}, tensor3d: (data, shape, type) => {
  if (shape.join() !== '1,1,3' || type !== 'int32' || data.length !== 3) throw new Error('another picture');
  return { data, dispose() {} };
} };
exports.nets = { faceExpressionNet: { loadFromDisk: async () => {},
  predictExpressions: async ({ data }) => ({ happy: 1 - data[0] / 255, neutral: data[0] / 255 }) } };
""",
}


def written(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def run(command):
    environment = os.environ | {"PYTHONPATH": str(shipped.FOLDER)}
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)


def answers(text):
    header, *rows = text.splitlines()
    return header, {row.split(",")[0]: [float(score) for score in row.split(",")[1:]] for row in rows}


@pytest.mark.parametrize("name", STAND_INS)
def test_a_python_script_writes_what_its_network_gave(name, tmp_path, blind_folder, monkeypatch, capsys, one_thread):
    written(tmp_path / "stand-ins", STAND_INS[name])
    monkeypatch.syspath_prepend(tmp_path / "stand-ins")
    for module in {file.partition("/")[0].removesuffix(".py") for file in STAND_INS[name]}:
        for known in [each for each in sys.modules if each == module or each.startswith(f"{module}.")]:
            monkeypatch.delitem(sys.modules, known)
    monkeypatch.setattr(sys, "argv", ["predict.py", str(blind_folder), str(tmp_path / "out.csv")])
    runpy.run_path(str(shipped.FOLDER / name / "predict.py"), run_name="__main__")
    assert capsys.readouterr().out.splitlines()[-1] == "done 3"
    header, found = answers((tmp_path / "out.csv").read_text())
    assert header.split(",")[:2] == ["id", "Angry" if name == "pyemotion" else "angry"]
    for face, grey in GREYS.items():
        x = grey / 255
        first = math.exp(x) / (math.exp(x) + math.exp(1 - x)) if name == "pyemotion" else x
        assert found[face][:2] == pytest.approx([first, 1 - first], rel=1e-6)


@pytest.mark.skipif(NODE is None, reason="no node")
def test_the_script_of_face_api_writes_what_its_network_gave(tmp_path, blind_folder):
    written(tmp_path / "node_modules", NODE_STAND_INS)
    for package in ("@vladmandic/face-api", "@tensorflow/tfjs-backend-wasm"):
        (tmp_path / "node_modules" / package / "package.json").write_text("{}")
    for file in (shipped.FOLDER / "contract.mjs", shipped.FOLDER / "face-api-expression" / "predict.mjs"):
        shutil.copy(file, tmp_path)
    for face, grey in GREYS.items():
        (blind_folder / f"{face}.png").write_bytes(bytes([grey]))  # as the stand-in of pngjs reads it
    done = run([NODE, tmp_path / "predict.mjs", blind_folder, tmp_path / "out.csv"])
    assert done.returncode == 0, done.stderr
    assert done.stdout == "done 3\n"
    assert (tmp_path / "out.csv").read_text() == "id,neutral,happy\na,0,1\nb,0.2,0.8\nc,1,0\n"


PLAIN = "from contract import predict\npredict(('one', 'two'), lambda file: {answer})\n"


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [("(1 / 3, 2 / 3)", 0, "done 3"), ("(1.0,)", 1, "a.png: 1 scores for 2 classes")],
)
def test_the_contract(answer, status, said, tmp_path, blind_folder):
    (tmp_path / "predict.py").write_text(PLAIN.format(answer=answer))
    done = run([sys.executable, tmp_path / "predict.py", blind_folder, tmp_path / "out.csv"])
    assert (done.returncode, said in done.stdout + done.stderr) == (status, True)
    assert (tmp_path / "out.csv").exists() == (status == 0), "no file of a script that failed"
    if status == 0:
        assert (tmp_path / "out.csv").read_text().splitlines()[1] == "a,0.333333333,0.666666667"
    assert run([sys.executable, tmp_path / "predict.py"]).returncode == 1


JS = """
import { predict, pixels } from './contract.mjs';
await predict(['a', 'b'], (file) => { const { width, data } = pixels(file); return ANSWER; });
"""


@pytest.mark.skipif(NODE is None, reason="no node")
@pytest.mark.parametrize(
    "answer, more, said",
    [
        ("[0.123456789, data[3] - 4]", [], None),
        ("[1]", [], "a.png: 1 scores for 2 classes"),
        ("[1, 0]", ["more"], "usage: predict.mjs FACES OUT.csv"),
    ],
)
def test_the_contract_of_node(answer, more, said, tmp_path, blind_folder):
    """Nine digits; the alpha of a pixel is left out; lines of ids.csv may end as on Windows."""
    shutil.copy(shipped.FOLDER / "contract.mjs", tmp_path)
    (tmp_path / "predict.mjs").write_text(JS.replace("ANSWER", answer))
    (tmp_path / "node_modules/pngjs").mkdir(parents=True)
    decoded = "{ width: 2, height: 1, data: new Uint8Array([1, 2, 3, 255, 5, 6, 7, 255]) }"
    (tmp_path / "node_modules/pngjs/index.js").write_text(f"exports.PNG = {{ sync: {{ read: () => ({decoded}) }} }};")
    (blind_folder / "ids.csv").write_bytes(b"id,file\r\na,a.png\r\nb,b.png\r\n")
    command = ["node", str(tmp_path / "predict.mjs"), str(blind_folder), str(tmp_path / "out.csv"), *more]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if said is None:
        assert (ended.returncode, ended.stdout) == (0, "done 2\n")
        assert (tmp_path / "out.csv").read_text() == "id,a,b\na,0.123456789,1\nb,0.123456789,1\n"
    else:
        assert ended.returncode != 0 and said in ended.stderr and not (tmp_path / "out.csv").exists()
