"""One network by every way in gives the same numbers; what each way refuses."""

import dataclasses
import hashlib
import io
import json
import logging
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file
from sklearn.metrics import accuracy_score, log_loss

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.records import metrics

from .. import entering
from ..conftest import DECLARED, SMALL, by_hand

CPU = torch.device("cpu")
# Calibration bins and the confusion matrix count faces, one of which may fall on a bin's edge.
NUMBERS = ("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "macro_ppv", "kappa", "alpha", "mcc", "roc_auc")
NUMBERS += ("pr_auc", "nll", "brier", "n", "classes", "support", "precision", "recall", "f1")
EXAMPLE = (torch.zeros(2, 3, SMALL, SMALL),)


def onnx_file(model, path, batch=None):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    example = EXAMPLE if batch is None else (torch.zeros(batch, 3, SMALL, SMALL),)
    dynamic = ({0: torch.export.Dim("batch")},) if batch is None else None
    torch.onnx.export(model, example, path, dynamo=True, dynamic_shapes=dynamic, external_data=False, verbose=False)
    return path


def program_file(model, path, batch=None):
    example = EXAMPLE if batch is None else (torch.zeros(batch, 3, SMALL, SMALL),)
    dynamic = ({0: torch.export.Dim("batch")},) if batch is None else None
    torch.export.save(torch.export.export(model, example, dynamic_shapes=dynamic), path)
    return path


@pytest.fixture(scope="module")
def files(stranger, tmp_path_factory):
    """The network as every kind of file, and its declaration."""
    folder, model = tmp_path_factory.mktemp("files"), stranger.model
    save_file(model.state_dict(), folder / "net.safetensors")
    program_file(model, folder / "net.pt2")
    torch.jit.trace(model, EXAMPLE).save(folder / "net.torchscript")
    onnx_file(model, folder / "net.onnx")
    (folder / "net.yaml").write_text(yaml.safe_dump(DECLARED))
    return folder


@pytest.fixture(scope="module")
def enter(colour_protocol, colour_faces, tmp_path_factory):
    """A function (model, name, options of entering.evaluate) -> Record."""
    out = tmp_path_factory.mktemp("outside")

    def run(model, name, **options):
        given = {"device": CPU, "protocol": colour_protocol, "faces": colour_faces, "out": out, "views": "all"} | options
        protocol, faces, place = given.pop("protocol"), given.pop("faces"), given.pop("out")
        return entering.evaluate(str(model), protocol, name, faces, place, **given)

    return run


@pytest.fixture(scope="module")
def plain(stranger, colour_faces):
    """What the network says of the test faces, by hand: logits in the protocol's order, without and with flip."""
    images = colour_faces.pictures[colour_faces.rows("test")]
    order = [DECLARED["classes"].index(name) for name in colour_faces.classes]
    with torch.inference_mode():
        direct, mirrored = (stranger.model(by_hand(each))[:, order].double() for each in (images, images[:, :, ::-1]))
    both = (direct.softmax(1) + mirrored.softmax(1)) / 2
    return {"none": direct.numpy(), "flip": both.log().numpy()}


WAYS = {
    "class": ("colour_net:trained", {}),
    "state dict": ("colour_net:Net", {"weights": "net.pt", "preprocessing": "net.yaml"}),
    "safetensors": ("colour_net:Net", {"weights": "net.safetensors", "preprocessing": "net.yaml"}),
    "onnx": ("net.onnx", {"preprocessing": "net.yaml"}),
    "exported": ("net.pt2", {"preprocessing": "net.yaml", "trust": True}),
    "torchscript": ("net.torchscript", {"preprocessing": "net.yaml", "trust": True}),
}
KINDS = {"class": "python", "state dict": "weights", "safetensors": "weights", "torchscript": "exported"}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_numbers_of_the_network_itself(way, files, stranger, enter, plain, colour_faces):
    model, options = WAYS[way]
    options = dict(options)
    if "weights" in options:
        options["weights"] = (stranger.folder if options["weights"] == "net.pt" else files) / options["weights"]
    if "preprocessing" in options:
        options["preprocessing"] = str(files / options["preprocessing"])
    record = enter(model if ":" in model else files / model, way.replace(" ", "-"), **options)
    targets = colour_faces.expression[colour_faces.rows("test")]
    assert 0.8 < accuracy_score(targets, plain["none"].argmax(1)) < 1  # a network that has learnt, and errs
    for tta, expected in plain.items():
        assert np.array_equal(record.predictions["test_targets"], targets)
        found = metrics.categorical(*record.outputs("test", tta), colour_faces.classes)
        own = metrics.categorical(targets, expected, colour_faces.classes)
        for name in NUMBERS:
            assert found[name] == pytest.approx(own[name], abs=1e-4), (tta, name)
        probabilities = np.exp(expected) / np.exp(expected).sum(1, keepdims=True)
        assert found["accuracy"] == pytest.approx(accuracy_score(targets, expected.argmax(1)), abs=1e-4)
        stored = np.exp(record.outputs("test", tta)[1].astype(float))
        stored /= stored.sum(1, keepdims=True)
        assert log_loss(targets, stored) == pytest.approx(log_loss(targets, probabilities), abs=1e-4)
    assert record.outside["kind"] == KINDS.get(way, way)
    assert record.outside["warnings"] == []
    assert (record.outside["sha256"] is None) == (way == "class")
    assert record["parameters"] == (None if way == "onnx" else sum(p.numel() for p in stranger.model.parameters()))
    assert record["input"]["colour"] == "BGR" and record["input"]["probes"]["faces"] == 400


def test_predictions_made_by_hand_enter_with_the_same_numbers(plain, colour_faces, colour_protocol, tmp_path, enter):
    rows = colour_faces.rows("test")
    arrays = {"test_ids": colour_faces.id[rows]} | {f"test_outputs_{tta}": each for tta, each in plain.items()}
    about = {"kind": "predictions", "source": "by hand"}
    record = entering.enter(colour_protocol, "hand", arrays, faces=colour_faces, outside=about, out=tmp_path)
    other = enter("colour_net:trained", "class-again")
    for tta in plain:
        mine, its = (metrics.categorical(*each.outputs("test", tta), colour_faces.classes) for each in (record, other))
        assert all(mine[name] == pytest.approx(its[name], abs=1e-4) for name in NUMBERS)


@pytest.mark.parametrize("batch", [1, 7])
def test_files_for_a_fixed_batch(batch, stranger, tmp_path, enter, plain):
    (tmp_path / "net.yaml").write_text(yaml.safe_dump(DECLARED))
    options = {"preprocessing": str(tmp_path / "net.yaml"), "out": tmp_path / "out"}
    for path in (
        program_file(stranger.model, tmp_path / "n.pt2", batch),
        onnx_file(stranger.model, tmp_path / "n.onnx", batch),
    ):
        record = enter(path, f"fixed-{path.suffix[1:]}", trust=path.suffix == ".pt2", **options)
        assert record.outputs("test")[1] == pytest.approx(plain["none"], abs=1e-4)


def test_layout_and_probabilities(stranger, tmp_path, enter, plain):
    class Keras(torch.nn.Module):  # channels last, softmax included
        def __init__(self):
            super().__init__()
            self.inner = stranger.model

        def forward(self, x):
            return self.inner(x.permute(0, 3, 1, 2)).softmax(1)

    example, dynamic = (torch.zeros(2, SMALL, SMALL, 3),), ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(Keras().eval(), example, dynamic_shapes=dynamic), tmp_path / "k.pt2")
    for outputs in ("probabilities", "scores"):
        declared = DECLARED | {"layout": "NHWC", "outputs": outputs}
        (tmp_path / "k.yaml").write_text(yaml.safe_dump(declared))
        record = enter(tmp_path / "k.pt2", outputs, preprocessing=str(tmp_path / "k.yaml"), trust=True, out=tmp_path / "out")
        scores = np.exp(record.outputs("test")[1])
        if outputs == "probabilities":
            assert scores == pytest.approx(torch.from_numpy(plain["none"]).softmax(1).numpy(), abs=1e-5)
            assert record.outside["outputs"] == "probabilities" and record.outside["warnings"] == []
        else:
            assert record.outside["warnings"] == [
                "outputs: they are probabilities; declare them as probabilities for a right calibration"
            ]
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(DECLARED | {"outputs": "probabilities"}))
    program_file(stranger.model, tmp_path / "s.pt2")
    with pytest.raises(BadInput, match="numbers that are no probabilities"):
        enter(tmp_path / "s.pt2", "s", preprocessing=str(tmp_path / "s.yaml"), trust=True, out=tmp_path / "out")


def test_outputs_without_a_class_of_the_protocol_are_left_out(stranger, tmp_path, enter, plain):
    class Wider(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = stranger.model

        def forward(self, x):
            return torch.cat([x.mean((1, 2, 3), keepdim=True)[:, :, 0, 0] + 90, self.inner(x)], 1)

    program_file(Wider().eval(), tmp_path / "w.pt2")
    (tmp_path / "w.yaml").write_text(yaml.safe_dump(DECLARED | {"classes": ["contempt", *DECLARED["classes"]]}))
    record = enter(tmp_path / "w.pt2", "w", preprocessing=str(tmp_path / "w.yaml"), trust=True, out=tmp_path / "out")
    assert record.outputs("test")[1] == pytest.approx(plain["none"], abs=1e-4)
    assert record.outside["warnings"] == [
        "outputs: contempt left out, which colours-4 has not; it had been the answer for 400 of 400 test faces"
    ]


class Evil:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.mkdir, (self.path,))


def test_files_that_may_run_code_want_a_word(files, enter, colour_protocol, tmp_path):
    for name in ("net.pt2", "net.torchscript"):
        with pytest.raises(BadInput, match="may run code of its own; expected --trust"):
            enter(files / name, "t", preprocessing=str(files / "net.yaml"), out=tmp_path)
    torch.save(Evil(tmp_path / "evil"), tmp_path / "evil.pt")
    with pytest.raises(BadInput, match="a pickle that asks for posix.mkdir, which is code; it was not run"):
        enter("colour_net:Net", "e", weights=tmp_path / "evil.pt", out=tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["evil.pt"]


def test_onnx_without_its_runtime(files, colour_protocol, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(
        BadInput, match=r"package onnxruntime is missing; expected it installed: pip install 'ferbench\[onnx\]'"
    ):
        open_model(str(files / "net.onnx"), colour_protocol, CPU)


@pytest.mark.parametrize("location", ["parted.data", "{folder}/parted.data", "../{name}/parted.data"])
def test_an_onnx_file_whose_weights_lie_beside_it(location, files, tmp_path, colour_protocol, monkeypatch):
    """They are not opened, wherever the process is: the digest would not cover them."""
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    model = onnx.load(files / "net.onnx")
    # torch and onnx keep tensors below a kilobyte inside; these are small, so the limit is lowered.
    onnx.save(model, tmp_path / "parted.onnx", save_as_external_data=True, size_threshold=0, location="parted.data")
    assert (tmp_path / "parted.data").is_file()
    model = onnx.load(tmp_path / "parted.onnx", load_external_data=False)
    for entry in (entry for tensor in model.graph.initializer for entry in tensor.external_data):
        if entry.key == "location":
            entry.value = location.format(folder=tmp_path, name=tmp_path.name)
    onnx.save(model, tmp_path / "parted.onnx")
    for folder in (tmp_path, tmp_path.parent):
        monkeypatch.chdir(folder)
        with pytest.raises(BadInput, match=r"weights in another file; expected them in this one: torch\.onnx\.export"):
            open_model(str(tmp_path / "parted.onnx"), colour_protocol, CPU)


def test_what_is_refused_before_anything_is_written(files, stranger, enter, tmp_path):
    out, declared = tmp_path / "out", str(files / "net.yaml")
    buffer = io.BytesIO()
    torch.save({"features.0.bias": torch.zeros(8)}, buffer)
    (tmp_path / "part.pt").write_bytes(buffer.getvalue())
    (tmp_path / "text.onnx").write_text("no model")
    (tmp_path / "text.pt2").write_text("no model")
    (tmp_path / "text.safetensors").write_text("no model")
    wrong = {"size.yaml": {"input_size": 16}, "key.yaml": {"colors": "BGR"}, "names.yaml": {"classes": ["red", "contempt"]}}
    wrong |= {"two.yaml": {"mean": [1, 2]}, "zero.yaml": {"deviation": 0}, "order.yaml": {"colour": "GBR"}}
    wrong |= {"text.yaml": {"mean": "1e-3"}, "range.yaml": {"range": [255, 0]}}
    for name, change in wrong.items():
        (tmp_path / name).write_text(yaml.safe_dump({**DECLARED, **change}))
    cases = [
        (files / "net.onnx", {}, "preprocessing: found none declared"),
        ("colour_net:Net", {"preprocessing": declared}, "parameters drawn anew at each call; expected a trained network"),
        ("colour_net:Nothing", {}, "does not import"),
        ("colour_net:", {}, "no such form"),
        ("nowhere", {}, "no such model"),
        (tmp_path / "absent.onnx", {}, "no such file"),
        (tmp_path / "text.onnx", {}, "a file that onnxruntime does not load"),
        (tmp_path / "text.pt2", {"trust": True}, "a file that torch does not load"),
        (stranger.folder / "net.pt", {}, "weights without their network"),
        (files / "net.onnx", {"weights": files / "net.safetensors"}, "a file that holds its own"),
        ("colour_net:Net", {"weights": tmp_path / "part.pt"}, r"7 of the network's 9 missing \('features.0.weight'"),
        ("colour_net:Net", {"weights": tmp_path / "text.safetensors"}, "a file that safetensors does not load"),
        ("colour_net:Net", {"options": {"depth": 3}}, "options: found got an unexpected keyword argument 'depth'"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "key.yaml")}, "colors; expected keys among input_size"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "names.yaml")}, "found red of the classes of colours-4"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "two.yaml")}, "2 numbers; expected 1 or 3"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "zero.yaml")}, "deviation: found 0"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "order.yaml")}, "'GBR'; expected one of RGB, BGR"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "text.yaml")}, "mean: found '1e-3'; expected a number"),
        (files / "net.onnx", {"preprocessing": str(tmp_path / "range.yaml")}, "two numbers, the lower first"),
        (
            files / "net.pt2",
            {"preprocessing": str(tmp_path / "size.yaml"), "trust": True},
            r"takes float32 \(256, 3, 16, 16\)",
        ),
        (files / "net.onnx", {"preprocessing": "best"}, "recipe of the input: found 'best'"),
    ]
    for model, options, line in cases:
        with pytest.raises(BadInput, match=line) as error:
            enter(model, "x", out=out, **options)
        assert "\n" not in str(error.value)
    with pytest.raises(BadInput, match="outside entry, name: found name '../x'"):
        enter("colour_net:trained", "../x", out=out)
    assert not out.exists()


def test_a_size_that_contradicts_the_file(stranger, tmp_path, colour_protocol):
    path = onnx_file(stranger.model, tmp_path / "n.onnx")
    for declared, line in (
        (Preprocessing(input_size=16), "input_size: found 8 in the file .NCHW.; expected 16"),
        (Preprocessing(channels=1), "channels: found 3 in the file"),
        (Preprocessing(channels=3, layout="NHWC"), "channels: found 8 in the file .NHWC.; expected 3"),
    ):
        with pytest.raises(BadInput, match=line):
            open_model(str(path), colour_protocol, CPU, preprocessing=declared)


def test_an_entry_is_not_replaced_unasked(enter, tmp_path):
    first = enter("colour_net:trained", "one", out=tmp_path)
    with pytest.raises(BadInput, match="an entry of this name; expected another name, or --replace"):
        enter("colour_net:trained", "one", out=tmp_path)
    assert (
        enter("colour_net:trained", "one", out=tmp_path, replace=True)["predictions_sha256"] == first["predictions_sha256"]
    )


def test_a_protocol_with_folds_is_evaluated_on_every_face(enter, colour_protocol, colour_faces, stranger, tmp_path):
    folded = dataclasses.replace(colour_protocol, splits={}, folds=("train", "validation", "test"), tta=("none",))
    record = enter("colour_net:trained", "f", protocol=folded, out=tmp_path)
    assert record.predictions["test_ids"].tolist() == colour_faces.id.tolist()
    assert record.outside["warnings"] == ["input: not probed, as the protocol has no validation split of its own"]
    order = [DECLARED["classes"].index(name) for name in colour_faces.classes]
    with torch.inference_mode():
        expected = stranger.model(by_hand(colour_faces.pictures[:]))[:, order].numpy()
    assert record.outputs("test")[1] == pytest.approx(expected, abs=1e-4)


def test_valence_and_arousal_in_the_models_own_order(colour_protocol, colour_faces, stranger, tmp_path, enter):
    protocol = dataclasses.replace(colour_protocol, name="colours-va", task="dimensional", classes=(), tta=("none",))
    (tmp_path / "va_net.py").write_text(
        "from torch import nn\nimport torch\n"
        "class Levels(nn.Module):\n"
        "    preprocessing = {'classes': ['arousal', 'valence'], 'range': [-1, 1]}\n"
        "    def __init__(self, num_outputs, in_channels, input_size):\n"
        "        super().__init__()\n"
        "    def forward(self, x):\n"
        "        return torch.stack([x.mean((1, 2, 3)), x[:, 2].mean((1, 2)) - x[:, 0].mean((1, 2))], 1)\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        record = enter("va_net:Levels", "va", protocol=protocol, out=tmp_path / "out")
    finally:
        sys.path.remove(str(tmp_path))
    scaled = colour_faces.pictures[colour_faces.rows("test")] / 127.5 - 1
    valence = scaled[..., 2].mean((1, 2)) - scaled[..., 0].mean((1, 2))
    expected = np.stack([valence, scaled.mean((1, 2, 3))], 1)
    assert record.outputs("test")[1] == pytest.approx(expected, abs=1e-5)
    assert record.outside["outputs"] == "valence and arousal"


def test_command_line(colour_faces, files, tmp_path, capsys):
    protocol = tmp_path / "colours.yaml"
    contents = {"name": "colours-4", "version": "1.0", "data": "colours", "data_version": "1.0", "task": "categorical"}
    contents |= {"classes": list(colour_faces.classes), "splits": {r: r for r in ("train", "validation", "test")}}
    contents |= {"input_size": 16, "channels": 3, "recipe": "quick", "epochs": 1, "selection": "last", "tta": ["none"]}
    protocol.write_text(yaml.safe_dump(contents))
    call = ["evaluate", str(files / "net.onnx"), "--protocol", str(protocol), "--name", "net", "--device", "cpu"]
    call += ["--prepared", str(colour_faces.directory.parent), "--out", str(tmp_path / "out")]
    assert main(call) == 2 and "none declared" in capsys.readouterr().err
    (tmp_path / "rgb.yaml").write_text(yaml.safe_dump(DECLARED | {"colour": "RGB"}))
    full = [*call, "--preprocessing", str(tmp_path / "rgb.yaml"), "--extra-training-data", "none of it"]
    assert main([*full, "--stated-accuracy", "0.9"]) == 2 and "--stated-accuracy alone" in capsys.readouterr().err
    assert main([*full, "--stated-accuracy", "0.9", "--stated-source", "their page"]) == 0
    printed = capsys.readouterr()
    assert "ferbench: warning: input: colours as BGR gives accuracy" in printed.err
    assert "test: accuracy 0." in printed.out and "stated: accuracy 0.9000 (their page)" in printed.out
    assert main([*full, "--replace", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["outputs"] == "logits" and found["stated"] is None and found["warnings"][0].startswith("input: colours")


@pytest.mark.parametrize("name", ["net.pt2", "net.torchscript"])
def test_what_is_loaded_is_what_the_digest_is_of(name, files, colour_protocol, tmp_path, monkeypatch):
    """A file that is exchanged after it was read is not opened again."""
    path = tmp_path / name
    path.write_bytes((files / name).read_bytes())
    read = Path.read_bytes

    def read_and_exchanged(self):
        data = read(self)
        if self == path:
            self.write_bytes(b"another file")
        return data

    monkeypatch.setattr(Path, "read_bytes", read_and_exchanged)
    given = open_model(path, colour_protocol, CPU, preprocessing=Preprocessing(input_size=SMALL, channels=3), trust=True)
    assert given.sha256 == hashlib.sha256(read(files / name)).hexdigest() and path.read_text() == "another file"


def test_a_damaged_program_is_one_line(tmp_path, files, colour_protocol, capfd):
    (tmp_path / "half.pt2").write_bytes((files / "net.pt2").read_bytes()[:-2000])
    (tmp_path / "other.pt2").write_bytes((files / "net.torchscript").read_bytes())
    for name in ("half.pt2", "other.pt2"):
        with pytest.raises(BadInput):
            open_model(tmp_path / name, colour_protocol, CPU, trust=True)
    assert capfd.readouterr().err == ""


def test_a_script_of_any_case_is_evaluated(files, stranger, colour_protocol, tmp_path):
    path = tmp_path / "net.TS"
    path.write_bytes((files / "net.torchscript").read_bytes())
    given = open_model(path, colour_protocol, CPU, preprocessing=Preprocessing(input_size=SMALL, channels=3), trust=True)
    images = torch.rand(5, 3, SMALL, SMALL)
    with torch.inference_mode():
        assert torch.allclose(given.model(images), stranger.model(images), atol=1e-6)


@pytest.mark.parametrize("disabled", [False, True])
@pytest.mark.parametrize("name", ["net.pt2", "net.torchscript"])
def test_the_log_of_torch_is_as_before(name, disabled, files, colour_protocol, tmp_path, monkeypatch):
    logger, path = logging.getLogger("torch.export"), tmp_path / "net.pt2"
    monkeypatch.setattr(logger, "disabled", disabled)
    path.write_bytes((files / name).read_bytes())
    given = {"preprocessing": Preprocessing(input_size=SMALL, channels=3), "trust": True}
    if name == "net.pt2":
        open_model(path, colour_protocol, CPU, **given)
    else:  # a script is no exported program
        with pytest.raises(BadInput, match="a file that torch does not load"):
            open_model(path, colour_protocol, CPU, **given)
    assert logger.disabled is disabled
