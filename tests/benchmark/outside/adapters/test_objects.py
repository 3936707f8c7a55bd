"""A model as an object of Python, or with a fixed batch, gives the outputs of the network; what is refused, by its line."""

import dataclasses
import sys
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import timm
import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import LOGITS, Calling
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import Preprocessing, Scores, preprocessing_from

from .. import entering
from ..conftest import DECLARED, SMALL, by_hand

CPU = torch.device("cpu")
INPUT = preprocessing_from(DECLARED, "test")


@pytest.fixture(scope="module")
def images():
    return torch.randn(5, 3, SMALL, SMALL, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def opened(colour_protocol):
    """A function (model, changes of the declaration) -> Given."""

    def run(model, **changes):
        return open_model(model, colour_protocol, CPU, preprocessing=dataclasses.replace(INPUT, **changes))

    return run


class Answer(OrderedDict):
    """As the outputs of transformers: entries that are attributes too."""

    @property
    def logits(self):
        return self["logits"]


class Lazy:
    """As a tensor of another framework: numpy reads it."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


def only_numpy(model):
    def run(batch):
        assert type(batch) is np.ndarray and batch.dtype == np.float32 and batch.flags.c_contiguous
        return model(torch.from_numpy(batch)).numpy()

    return run


def channels_last(model):
    return lambda batch: model(batch.permute(0, 3, 1, 2))


WAYS = {
    "module": lambda m: m,
    "DataParallel": nn.DataParallel,
    "double": lambda m: type(m)(4, 3, SMALL).double().eval().requires_grad_(False),
    "function": lambda m: lambda batch: m(1 * batch),
    "bound method": lambda m: m.forward,
    "numpy": only_numpy,
    "list of rows": lambda m: lambda batch: m(batch).tolist(),
    "list of tensors": lambda m: lambda batch: list(m(batch)),
    "another framework": lambda m: lambda batch: Lazy(m(batch).numpy()),
    "logits": lambda m: lambda batch: {"loss": None, "logits": m(batch)},
    "ModelOutput": lambda m: lambda batch: Answer(logits=m(batch), hidden=batch),
    "named tuple": lambda m: lambda batch: namedtuple("Out", "loss logits")(None, m(batch)),
    "half precision out": lambda m: lambda batch: m(batch).bfloat16().float(),
}


@pytest.mark.parametrize("way", WAYS)
def test_objects_give_the_outputs_of_the_network(way, stranger, images, opened):
    model = WAYS[way](stranger.model)
    if way == "double":
        model.load_state_dict(stranger.model.state_dict())
    given = opened(model)
    with torch.inference_mode():
        found, expected = given.model(images).float(), stranger.model(images)
    assert found.numpy() == pytest.approx(expected.numpy(), abs=0.1 if way == "half precision out" else 1e-5)
    assert given.kind == "python" and given.sha256 is None and given.source.endswith(" given as an object")
    number = sum(parameter.numel() for parameter in stranger.model.parameters())
    assert given.parameters == (number if way in ("module", "DataParallel", "double") else None)
    assert given.said == ((LOGITS,) if way in ("logits", "ModelOutput", "named tuple") else ())


def test_sources_name_the_class_or_the_function(stranger, opened):
    for model in (stranger.model, nn.DataParallel(stranger.model)):
        assert opened(model).source == "colour_net.Net given as an object"
    assert opened(channels_last(stranger.model), layout="NHWC").source.endswith(
        "channels_last.<locals>.<lambda> given as an object"
    )


def test_a_layout_as_declared(stranger, images, opened):
    given = opened(channels_last(stranger.model), layout="NHWC")
    with torch.inference_mode():
        found = given.model(images.permute(0, 2, 3, 1))
    assert found.numpy() == pytest.approx(stranger.model(images).detach().numpy(), abs=1e-5)


def test_the_object_stays_as_it_is(stranger, images, opened):
    """Modes, numbers and hooks are those of before, also after an error; the outputs are those of evaluation mode."""
    model = type(stranger.model)(4, 3, SMALL).double()
    model.load_state_dict(stranger.model.state_dict())
    model.train()
    model.features[1].eval()
    modes = [part.training for part in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    given = opened(model)
    with torch.inference_mode():
        for _ in range(2):
            assert given.model(images).float().numpy() == pytest.approx(stranger.model(images).numpy(), abs=1e-5)
    with pytest.raises(RuntimeError):
        given.model(images[:, :2])
    assert [part.training for part in model.modules()] == modes and len(set(modes)) == 2
    after = model.state_dict()
    assert all(torch.equal(after[name], value) and after[name].dtype == value.dtype for name, value in before.items())
    assert not model._forward_hooks and not model._forward_pre_hooks


def test_a_module_is_called_on_its_own_device(images, opened):
    class Elsewhere(nn.Module):
        def __init__(self):
            super().__init__()
            self.output = nn.Linear(3, 4, device="meta")

        def forward(self, x):
            assert x.device.type == "meta"
            return self.output(x.mean((2, 3)))

    model = Elsewhere()
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):  # the outputs of this device can not be moved
        opened(model).model(images)
    assert model.output.weight.device.type == "meta"


def test_what_an_object_declares_is_heeded(stranger, colour_protocol):
    function = channels_last(stranger.model)
    function.preprocessing = DECLARED | {"layout": "NHWC", "batch": 2}
    given = open_model(function, colour_protocol, CPU)
    assert given.preprocessing == dataclasses.replace(INPUT, layout="NHWC", batch=2)
    pictures = preprocessing_from({"range": [0, 255]}, "x")  # says nothing of what the function returns and how it is called
    given = open_model(function, colour_protocol, CPU, preprocessing=pictures)
    kept = {"classes": tuple(DECLARED["classes"]), "layout": "NHWC", "batch": 2}
    assert given.preprocessing == dataclasses.replace(pictures, **kept)
    assert given.said == ("preprocessing: classes and layout and batch as the model itself declares",)
    assert open_model(function, colour_protocol, CPU, preprocessing=Preprocessing(range=(0, 255))).said == given.said
    whole = preprocessing_from(INPUT.as_dict(), "x")  # says everything
    assert open_model(function, colour_protocol, CPU, preprocessing=whole).preprocessing == INPUT
    wrapped = nn.DataParallel(nn.Sequential(stranger.model))
    wrapped.module.preprocessing = DECLARED
    assert open_model(wrapped, colour_protocol, CPU).preprocessing == INPUT
    odd = nn.Sequential(stranger.model)
    odd.preprocessing = nn.Identity()  # a part of the network, no declaration
    with pytest.raises(BadInput, match="preprocessing: found none declared"):
        open_model(odd, colour_protocol, CPU)


def test_a_whole_evaluation_of_an_object(stranger, colour_protocol, colour_faces, tmp_path):
    record = entering.evaluate(
        stranger.model, colour_protocol, "object", colour_faces, tmp_path, device=CPU, preprocessing=DECLARED
    )
    order = [DECLARED["classes"].index(name) for name in colour_faces.classes]
    with torch.inference_mode():
        expected = stranger.model(by_hand(colour_faces.pictures[colour_faces.rows("test")]))[:, order]
    assert record.outputs("test")[1] == pytest.approx(expected.numpy(), abs=1e-4)
    assert record.outside["kind"] == "python" and record.outside["source"] == "colour_net.Net given as an object"
    assert record["parameters"] == sum(parameter.numel() for parameter in stranger.model.parameters())


def fails(_):
    raise ValueError("no\nsuch   thing")


WRAP = "expected one array of shape (N, K); after model.eval() wrap the model, as in `lambda x: model(x)[0]`"
REFUSED = {
    "tuple": (lambda x: (x, None), f"outputs: found a tuple of 2; {WRAP}"),
    "list of outputs": (lambda x: [x, x], f"outputs: found a list of 2; {WRAP}"),
    "mapping": (
        lambda x: {"scores": x, "features": x},
        f"outputs: found a dict of 'scores', 'features'; {WRAP.replace('[0]', chr(91) + repr('scores') + chr(93))}",
    ),
    "text": (lambda x: ["happy"] * len(x), f"outputs: found a list that is no array of numbers; {WRAP}"),
    "nothing": (lambda x: None, f"outputs: found a NoneType that is no array of numbers; {WRAP}"),
    "ragged": (lambda x: [[1.0], [1.0, 2.0]], f"outputs: found a list that is no array; {WRAP}"),
    "both fail": (
        fails,
        "found with a tensor ValueError (no such thing); with an array of numpy ValueError (no such thing); "
        "expected a function of a batch, float32 (5, 3, 8, 8), as declared",
    ),
}


@pytest.mark.parametrize("way", REFUSED)
def test_outputs_that_are_no_scores(way, images, opened):
    function, line = REFUSED[way]
    with pytest.raises(BadInput) as error:
        opened(function).model(images)
    assert str(error.value).endswith(line)


def test_objects_that_are_no_models(stranger, colour_protocol):
    cases = [
        (type(stranger.model), {}, "colour_net:Net: found a class; expected an object of it with its weights, or the text"),
        (3, {}, "the model: found a int, which can not be called; expected a module or a function on batches"),
        (
            stranger.model,
            {"options": {"width": 3}},
            "found weights or options for an object; expected an object that has its",
        ),
        (stranger.model, {"file": stranger.folder / "net.pt"}, "found weights or options for an object"),
        (
            stranger.model,
            {},
            "none declared; expected preprocessing=..., a mapping (docs/model-files.md), a recipe's name, or",
        ),
    ]
    for model, options, line in cases:
        with pytest.raises(BadInput) as error:
            open_model(model, colour_protocol, CPU, **options)
        assert line in str(error.value)


def test_for_a_model_of_timm_the_message_offers_its_numbers(colour_protocol):
    model = timm.create_model("resnet10t", num_classes=4)
    with pytest.raises(BadInput) as error:
        open_model(nn.DataParallel(model), colour_protocol, CPU)
    assert str(error.value).endswith(
        "; timm's own weights of it want {'input_size': 176, 'channels': 3, 'mean': [0.485, 0.456, 0.406], "
        "'deviation': [0.229, 0.224, 0.225]}, yours may not"
    )


def test_a_network_of_public_code_flattens_by_view_and_returns_a_tuple(colour_protocol, tmp_path, monkeypatch, images):
    (tmp_path / "view_net.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, num_outputs, in_channels, input_size, both=False):\n"
        "        super().__init__()\n"
        "        self.first, self.both = nn.Conv2d(in_channels, 4, 3), both\n"
        "        self.fc = nn.Linear(4 * (input_size - 2) ** 2, num_outputs)\n"
        "    def forward(self, x):\n"
        "        x = self.first(x)\n"
        "        x = self.fc(x.view(len(x), -1))\n"
        "        return (x, x) if self.both else x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import view_net

    torch.save(view_net.Net(4, 3, SMALL).state_dict(), tmp_path / "w.pt")
    options = {"file": tmp_path / "w.pt", "preprocessing": INPUT}
    wanted = images.contiguous(memory_format=torch.channels_last)  # as `predict` gives them
    assert open_model("view_net:Net", colour_protocol, CPU, **options).model(wanted).shape == (5, 4)
    with pytest.raises(BadInput, match="view_net:Net, outputs: found a tuple of 2"):
        open_model("view_net:Net", colour_protocol, CPU, options={"both": True}, **options).model(wanted)
    sys.modules.pop("view_net")


# ---- models that take a certain number of pictures
@pytest.mark.parametrize("batch", [1, 2, 5, 7])
def test_a_declared_batch(batch, stranger, images, opened):
    sizes = []

    def fixed(x):
        sizes.append(len(x))
        assert len(x) == batch
        return stranger.model(x)

    with torch.inference_mode():
        assert opened(fixed, batch=batch).model(images).numpy() == pytest.approx(stranger.model(images).numpy(), abs=1e-5)
    assert sizes == [batch] * (1 + -(-5 // batch))


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "one"])
def test_a_batch_is_a_whole_number(value):
    with pytest.raises(BadInput, match="batch: found .*; expected a whole number of pictures"):
        preprocessing_from({"batch": value}, "x")


def single(x):
    return x.mean((2, 3)).reshape(1, 3)


def flattening(x):
    return x.mean((2, 3)).reshape(1, -1)


@pytest.mark.parametrize(
    ("function", "found"),
    [(single, "RuntimeError (shape '[1, 3]' is invalid for input of size 15) for 5 pictures"),
     (flattening, "outputs of shape (1, 15) for 5 pictures")],
)  # fmt: skip
def test_a_model_for_one_picture_is_found_out(function, found, images):
    with pytest.raises(BadInput) as error:
        Calling(function, where="net.onnx")(images)
    expected = "`batch` declared, the number of pictures that it takes: 1 works"
    assert str(error.value) == f"net.onnx: found {found}; expected {expected}"
    assert Calling(function, 1)(images).shape == (5, 3)


def test_a_batch_for_code_with_weights(stranger, images, colour_protocol):
    options = {"file": stranger.folder / "net.pt", "preprocessing": dataclasses.replace(INPUT, batch=2)}
    given = open_model("colour_net:Net", colour_protocol, CPU, **options)
    with torch.inference_mode():
        assert given.model(images).numpy() == pytest.approx(stranger.model(images).numpy(), abs=1e-5)


# ---- ONNX files made by hand: mean of each channel, times a matrix
@pytest.fixture
def onnx_file(tmp_path):
    """A function (kind of input number, shape of the pooled numbers, names of outputs -> number of columns) -> path."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper, numpy_helper

    def make(number=TensorProto.FLOAT, shape=(-1, 3), outputs=None, batch="N"):
        outputs = outputs or {"scores": 4}
        nodes = [
            helper.make_node("Cast", ["x"], ["f"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["f"], ["m"], axes=[2, 3], keepdims=0),
            helper.make_node("Reshape", ["m", "shape"], ["r"]),
            *(helper.make_node("MatMul", ["r", f"w_{name}"], [name]) for name in outputs),
        ]
        arrays = [numpy_helper.from_array(np.array(shape, np.int64), "shape")]
        for name, columns in outputs.items():
            weight = np.arange(3 * columns, dtype=np.float32).reshape(3, columns)
            arrays.append(numpy_helper.from_array(weight, f"w_{name}"))
        graph = helper.make_graph(
            nodes,
            "net",
            [helper.make_tensor_value_info("x", number, [batch, 3, SMALL, SMALL])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, each]) for name, each in outputs.items()],
            arrays,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, tmp_path / "net.onnx")
        return tmp_path / "net.onnx"

    return make


def by_matrix(images, columns=4):
    return images.numpy().mean((2, 3)) @ np.arange(3 * columns, dtype=np.float32).reshape(3, columns)


def test_onnx_that_holds_one_picture_in_a_free_batch(onnx_file, images, opened, colour_protocol):
    path = onnx_file(shape=(1, 3))
    scores = Scores(opened(path).model, INPUT, colour_protocol, path.name)
    with pytest.raises(BadInput, match="net.onnx: found .* for 5 pictures; expected `batch` declared, the number of"):
        scores(images)
    given = opened(str(path), batch=1)
    assert given.model(images).numpy() == pytest.approx(by_matrix(images), abs=1e-4) and given.said == ()
    with pytest.raises(BadInput, match="net.onnx, batch: found 7 pictures in the file; expected 2 as declared"):
        opened(onnx_file(batch=7), batch=2)
    assert opened(onnx_file(batch=7), batch=7).model(images).numpy() == pytest.approx(by_matrix(images), abs=1e-4)


@pytest.mark.parametrize(("code", "name", "limit"), [(10, "float16", 0.05), (11, "float64", 1e-4)])
def test_onnx_with_other_numbers_as_input(code, name, limit, onnx_file, images, opened):
    given = opened(onnx_file(code))
    assert given.said == (f"input: given as {name}, as the file wants it",)
    assert given.model(images).numpy() == pytest.approx(by_matrix(images), abs=limit)


def test_onnx_with_pixels_as_input(onnx_file, opened):
    path = onnx_file(2)
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 3, SMALL, SMALL)).astype(np.float32))
    given = opened(path, mean=(0.0,), deviation=(1.0,))
    assert given.model(pixels - 0.001).numpy() == pytest.approx(by_matrix(pixels), abs=1e-2)
    with pytest.raises(BadInput, match=r"input of uint8, .* not 0..255; expected `range: \[0, 255\]`, without mean and dev"):
        opened(path)


def test_onnx_with_several_outputs(onnx_file, images, opened):
    given = opened(onnx_file(outputs={"features": 9, "scores": 4}))
    assert given.said == ("output 'scores' taken, of features, scores",)
    assert given.model(images).numpy() == pytest.approx(by_matrix(images), abs=1e-4)
    for outputs, found in (
        ({"a": 4, "b": 4}, "2 outputs of shape (N, 4) among a ['N', 4]; b ['N', 4]"),
        ({"a": 3, "b": 9}, "no outputs of shape (N, 4) among a ['N', 3]; b ['N', 9]"),
    ):
        path = onnx_file(outputs=outputs)
        with pytest.raises(BadInput) as error:
            opened(path)
        expected = "one, the scores: export the model with them as its only output"
        assert str(error.value) == f"{path}: found {found}; expected {expected}"


@pytest.mark.parametrize(
    ("name", "found"),
    [("n.h5", "a model of Keras"), ("n.keras", "a model of Keras"), ("n.tflite", "a model of TensorFlow"),
     ("n.joblib", "a pickle, which may hold code"), ("n.caffemodel", "a model of Caffe")],
)  # fmt: skip
def test_files_of_other_frameworks(name, found, tmp_path, colour_protocol):
    (tmp_path / name).write_bytes(b"x")
    expected = "expected ONNX; or its predictions, for ferbench score; or in Python, a callable"
    with pytest.raises(BadInput, match=f"found {found}; {expected}"):
        open_model(tmp_path / name, colour_protocol, CPU)


@pytest.mark.parametrize(("name", "options"), [("n.onnx", {}), ("n.pt2", {"trust": True}), ("n.ts", {"trust": True})])
def test_a_failed_download_of_a_model(name, options, tmp_path, colour_protocol):
    for data, line in (
        (b"", "an empty file"),
        (b"<html>", "a web page: the download went wrong"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS, not the file itself"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadInput, match=line):
            open_model(tmp_path / name, colour_protocol, CPU, preprocessing=Preprocessing(), **options)
