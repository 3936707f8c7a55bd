"""Networks with drawn weights that have the inputs and outputs of the recipes' models, and faces of one colour for them.

Every network gives ``mean over the picture of each channel @ WEIGHTS + BIAS``. On a face of one colour no resampling changes
that mean, so what a model must answer follows from the colour by hand.
"""

import numpy as np
import torch
from torch import nn

from benchmark.faces.faceset import FaceSet, write_faceset
from benchmark.protocol.protocol import Protocol

FACES = 8  # in each split
MOST = 10  # outputs
DRAWN = np.random.default_rng(7)
WEIGHTS = DRAWN.normal(0, 1, (3, MOST)).astype(np.float32)
BIAS = DRAWN.normal(0, 0.3, MOST).astype(np.float32)


class Means(nn.Module):
    """Images (N, C, H, W) to (N, `outputs`)."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(3, outputs))  # those of `WEIGHTS` come from a file
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((2, 3)) @ self.weights + self.bias


def state(outputs: int) -> dict[str, torch.Tensor]:
    """The trained weights of a `Means`."""
    return {"weights": torch.tensor(WEIGHTS[:, :outputs]), "bias": torch.tensor(BIAS[:outputs])}


def onnx_file(path, shape: list, outputs: int, *, axes: tuple[int, int] = (2, 3), softmax: bool = False, scale: float = 1.0):
    """A `Means` as an ONNX file for input `shape` (a text: any number), whose values are multiplied by `scale`."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    channels = shape[({1, 2, 3} - set(axes)).pop()]
    names = [("means", "ReduceMean", ["input", "axes"], {"keepdims": 0}), ("scores", "Gemm", ["means", "w", "b"], {})]
    names += [("output", "Softmax", ["scores"], {"axis": 1})] if softmax else []
    nodes = [helper.make_node(kind, inputs, [name], **about) for name, kind, inputs, about in names]
    constants = {
        "axes": np.array(axes, np.int64),
        "w": WEIGHTS[:channels, :outputs] * np.float32(scale),
        "b": BIAS[:outputs],
    }
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[-1][0], TensorProto.FLOAT, [shape[0], outputs])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    checker.check_model(model)
    save(model, path)


def faces(folder, protocol: Protocol, *, grey: bool) -> FaceSet:
    """A FaceSet by the name that the protocol asks for, of faces of one colour each."""
    splits = [*protocol.folds] if protocol.folds else [*(protocol.splits[role] for role in ("train", "validation", "test"))]
    n = FACES * len(splits)
    rng = np.random.default_rng(3)
    colours = rng.integers(0, 256, (n, 1, 1, 1 if grey else 3), dtype=np.uint8)
    return write_faceset(
        folder / protocol.data,
        np.broadcast_to(colours, (n, 48, 48, colours.shape[3])).copy(),
        name=protocol.data,
        version=protocol.data_version,
        classes=protocol.classes or ("neutral", "happy"),
        id=[f"{protocol.data}-{row}" for row in range(n)],
        split=[splits[row % len(splits)] for row in range(n)],
        expression=np.arange(n) % max(len(protocol.classes), 2),
        valence=rng.uniform(-1, 1, n),
        arousal=rng.uniform(-1, 1, n),
        how={"options": dict(protocol.data_options or {})},
    )
