"""Every form of a checkpoint gives the outputs of the network that was saved, or is refused by a line that helps; no code in
a file is run."""

import argparse
import io
import os
import pathlib
import pickle
import sys
import tarfile
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file
from torch import nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.outside.adapters.state_dicts import fitting
from benchmark.outside.adapters.torch_file import read_contents

from ..conftest import DECLARED, SMALL

CPU = torch.device("cpu")
INPUT = Preprocessing(**DECLARED | {"classes": tuple(DECLARED["classes"])})


class RecorderMeter:
    """As EfficientFace and POSTER V2 have it in their checkpoints: an object of a class that lives in their script."""

    def __init__(self):
        self.losses, self.epochs = np.zeros((2, 2), np.float32), 2


class Settings(dict):
    """As the settings of Lightning, EasyDict or yacs: a mapping with attributes."""


class Call:
    """A pickle that calls a function when it is loaded without care."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def under(prefix, state):
    return {prefix + name: value for name, value in state.items()}


def without_counter(state):
    return {name: value for name, value in state.items() if "num_batches" not in name}


ADAM = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}
KEY = "weights: taken from key"
# form -> (what is saved, what is said)
FORMS = {
    "plain": (lambda s: s, None),
    "DataParallel": (lambda s: under("module.", s), "weights: prefix 'module.' taken off"),
    "ImageNet example": (
        lambda s: {"epoch": 12, "state_dict": under("module.", s), "optimizer": ADAM, "best_acc": torch.tensor(0.9)},
        f"{KEY} 'state_dict', prefix 'module.' taken off",
    ),
    "tutorial": (
        lambda s: {"iter": 3, "model_state_dict": s, "optimizer_state_dict": ADAM},
        f"{KEY} 'model_state_dict'",
    ),
    "Lightning": (
        lambda s: {"state_dict": under("model.", s), "pytorch-lightning_version": "2.0", "hyper_parameters": Settings(a=1)},
        f"{KEY} 'state_dict', prefix 'model.' taken off, objects of test_checkpoint_forms.Settings left out",
    ),
    "fer2013 of 2018": (lambda s: {"net": s, "best_PrivateTest_acc": 0.7}, f"{KEY} 'net'"),
    "two keys": (lambda s: {"ema": {"decay": 0.99, "shadow": s}}, f"{KEY} 'ema' > 'shadow'"),
    "any key": (lambda s: {"tnet": s, "snet": {"other.weight": torch.zeros(3)}}, f"{KEY} 'tnet'"),
    "compiled": (
        lambda s: {"model": under("_orig_mod.module.", s)},
        f"{KEY} 'model', prefix '_orig_mod.module.' taken off",
    ),
    "before 0.4.1": (without_counter, "weights: num_batches_tracked absent in 1 layer"),
    "half": (
        lambda s: {name: value.half() if value.is_floating_point() else value for name, value in s.items()},
        "weights: float16 converted to float32",
    ),
    "half in all": (lambda s: {name: value.half() for name, value in s.items()}, "weights: float16 converted to float32"),
    "double": (
        lambda s: {name: value.double() if value.is_floating_point() else value for name, value in s.items()},
        "weights: float64 converted to float32",
    ),
    "numpy": (lambda s: {name: value.numpy() for name, value in s.items()}, None),
    "numpy's numbers": (lambda s: {"state_dict": s, "best_acc": np.float64(0.7), "n": np.int64(3)}, f"{KEY} 'state_dict'"),
    "parameters": (lambda s: {n: nn.Parameter(v) if v.is_floating_point() else v for n, v in s.items()}, None),
    "options": (
        lambda s: {"state_dict": s, "args": argparse.Namespace(out=pathlib.PurePosixPath("a/b"), lr=0.1)},
        f"{KEY} 'state_dict', objects of argparse.Namespace, pathlib.PurePosixPath left out",
    ),
    "recorder": (
        lambda s: {"epoch": 1, "state_dict": under("module.", s), "recorder": RecorderMeter()},
        f"{KEY} 'state_dict', prefix 'module.' taken off, objects of test_checkpoint_forms.RecorderMeter left out",
    ),
    "twice the same": (lambda s: {"model": s, "ema": dict(s)}, f"{KEY} 'model'"),
    "among other entries": (lambda s: {**s, "epoch": 3, "name": "net"}, None),
}


@pytest.fixture(scope="module")
def images():
    return torch.randn(5, 3, SMALL, SMALL, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def opened(colour_protocol, stranger):
    """A function (path of weights) -> Given, of a network of the module that `stranger` writes."""
    return lambda path, model="colour_net:Net": open_model(model, colour_protocol, CPU, file=path, preprocessing=INPUT)


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The classes of this file can be found by pickle, so what is not imported is not for want of it."""
    module = types.ModuleType("test_checkpoint_forms")
    for each in (RecorderMeter, Settings):
        monkeypatch.setattr(each, "__module__", module.__name__)
        setattr(module, each.__name__, each)
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_outputs_of_the_network(form, legacy, stranger, images, opened, tmp_path):
    make, said = FORMS[form]
    torch.save(make(stranger.model.state_dict()), tmp_path / "w.pth", _use_new_zipfile_serialization=not legacy)
    given = opened(tmp_path / "w.pth")
    assert given.said == ((said,) if said else ()) and given.kind == "weights"
    with torch.inference_mode():
        # Weights in half precision have eleven bits.
        limit = 0.02 if "half" in form else 1e-5
        assert given.model.eval()(images).numpy() == pytest.approx(stranger.model(images).numpy(), abs=limit)


@pytest.mark.parametrize(
    "name", ["w.pth.tar", "w.ckpt", "w.t7", "w.tar", "w.model", "w.checkpoint", "w.pkl", "w.bin", "w.PT"]
)
def test_the_name_of_the_file_does_not_matter(name, stranger, opened, colour_protocol, tmp_path):
    torch.save(stranger.model.state_dict(), tmp_path / name)
    (tmp_path / f"safe-{name}").write_bytes(save(stranger.model.state_dict()))
    for path in (tmp_path / name, tmp_path / f"safe-{name}"):
        assert torch.equal(opened(path).model.output.weight, stranger.model.output.weight)
        with pytest.raises(BadInput, match="weights without their network; expected MODEL --weights FILE"):
            open_model(str(path), colour_protocol, CPU)


def test_a_prefix_that_the_network_has_and_the_file_lacks(stranger):
    wrapped = nn.DataParallel(stranger.model)
    state, said = fitting({"net": stranger.model.state_dict()}, wrapped, "w.pth", "net")
    assert set(state) == set(wrapped.state_dict())
    assert said == ["taken from key 'net'", "prefix 'module.' put before the names"]


class Head(nn.Module):
    def __init__(self, outputs=7, channels=3):
        super().__init__()
        self.first, self.norm, self.fc = nn.Conv2d(channels, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, outputs)


OTHERS = {
    "eight outputs": (
        Head(8).state_dict(),
        "w.pth: found the file's layer 'fc' has 8 outputs, the network's 7; "
        "expected if it is the last layer: `classes` declared with its 8 names",
    ),
    "grey": (
        Head(channels=1).state_dict(),
        "w.pth: found the file's layer 'first' has 1 input channels, the network's 3; expected `channels: 1` declared",
    ),
    "another width": (
        Head().state_dict() | {"first.weight": torch.zeros(4, 3, 5, 5), "norm.bias": torch.zeros(9)},
        "w.pth, first.weight: found shape (4, 3, 5, 5) (and 1 more that differ); expected shape (4, 3, 3, 3), as in net",
    ),
    "whole numbers": (
        Head().state_dict() | {"norm.bias": torch.zeros(4, dtype=torch.int8)},
        "w.pth, norm.bias: found int8; expected float32, as in net",
    ),
    "other names": (
        {
            "epoch": 1,
            "state_dict": {f"body.{name}": value for name, value in Head().state_dict().items()} | ADAM["state"][0],
        },
        "w.pth: found keys 'epoch', 'state_dict'; 10 tensors in key 'state_dict'; 8 of the network's 9 missing "
        "('first.weight', 'first.bias', 'norm.weight' and 5 more); 10 surplus ('body.first.weight', 'body.first.bias', "
        "'body.norm.weight' and 7 more); prefix 'body.' taken off, 9 would fit, but not all names have it; "
        "expected exactly the tensors of net",
    ),
    "a part": (
        {"module.fc.weight": torch.zeros(7, 4), "module.fc.bias": torch.zeros(7)},
        "w.pth: found 2 tensors in the file; the nearest names without the prefix 'module.'; 6 of the network's 9 missing "
        "('first.weight', 'first.bias', 'norm.weight' and 3 more); expected exactly the tensors of net",
    ),
    "two that fit": (
        {"state_dict": Head().state_dict(), "state_dict_ema": Head().state_dict()},
        "w.pth: found two sets of weights that fit: key 'state_dict' and key 'state_dict_ema'; "
        "expected a file with the one that is meant",
    ),
    "no tensors": (
        {"epoch": 1, "args": {"lr": 0.1}},
        "w.pth: found keys 'epoch', 'args', no tensors; expected a state dict: name -> tensor",
    ),
    "a number": (3, "w.pth: found a int, no tensors; expected a state dict: name -> tensor"),
    "text of numpy": (
        {"fc.weight": np.array(["a"])},
        "w.pth: found keys 'fc.weight', no tensors; expected a state dict: name -> tensor",
    ),
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_does_not_fit_says_why(other):
    contents, line = OTHERS[other]
    with pytest.raises(BadInput) as error:
        fitting(contents, Head(), "w.pth", "net")
    assert str(error.value) == line


def torch_bytes(contents, **options):
    buffer = io.BytesIO()
    torch.save(contents, buffer, **options)
    return buffer.getvalue()


def packed(maker):
    buffer = io.BytesIO()
    maker(buffer)
    return buffer.getvalue()


def in_tar(buffer, names=("a/net.pth",)):
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))


def in_zip(buffer):
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/net.pth", b"")


STATE = "expected a state dict: name -> tensor"
DAMAGED = {
    "empty": (b"", "an empty file; expected a file of weights"),
    "page": (b"\n<!DOCTYPE html><html>Google Drive", "a web page: the download went wrong; expected a file of weights"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
        "a pointer of Git LFS, not the file itself; expected the file: run git lfs pull where it was cloned",
    ),
    "truncated": (
        torch_bytes({"a": torch.zeros(99)})[:500],
        "a truncated file; expected the whole file; download it again",
    ),
    "truncated, before 1.6": (
        torch_bytes({"a": torch.zeros(99)}, _use_new_zipfile_serialization=False)[:-40],
        "a truncated file; expected the whole file; download it again",
    ),
    "truncated safetensors": (
        save({"a": torch.zeros(99)})[:-4],
        "a truncated file; expected the whole file; download it again",
    ),
    "plain pickle": (
        pickle.dumps({"a": 1}),
        "a plain pickle, which may hold code; expected torch.save(model.state_dict(), FILE), or safetensors",
    ),
    "tar": (packed(in_tar), "a tar archive of other files; expected the file of weights in it: unpack it"),
    "old tar": (
        packed(lambda buffer: in_tar(buffer, ("pickle", "storages", "tensors"))),
        "a file of torch before 0.2; expected one saved again by a later version",
    ),
    "zip": (packed(in_zip), "a zip archive of other files; expected the file of weights in it: unpack it"),
    "gzip": (b"\x1f\x8b\x08 and more", "a packed file (gzip); expected the file of weights in it: unpack it"),
    "Keras": (
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file, as of Keras; expected weights of a network of torch; for Keras, ONNX or ferbench score",
    ),
    "something": (b"something", f"a file that torch does not load; expected safetensors, or {STATE[9:]}"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_files_that_hold_no_weights(kind, opened, tmp_path):
    data, line = DAMAGED[kind]
    (tmp_path / "w.pth").write_bytes(data)
    with pytest.raises(BadInput) as error:
        opened(tmp_path / "w.pth")
    assert str(error.value) == f"{tmp_path}/w.pth: found {line}"


def test_a_program_of_torchscript_named_as_weights(stranger, opened, colour_protocol, tmp_path):
    torch.jit.trace(stranger.model, torch.zeros(2, 3, SMALL, SMALL)).save(tmp_path / "net.pt")
    with pytest.raises(BadInput, match="a program of TorchScript; expected MODEL, named .torchscript, with --trust"):
        opened(tmp_path / "net.pt")
    with pytest.raises(BadInput, match="a program of TorchScript; expected its name to end in .torchscript, and --trust"):
        open_model(tmp_path / "net.pt", colour_protocol, CPU)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: {"epoch": 1, "model": m}], ids=["alone", "under a key"])
def test_a_whole_pickled_model_is_told_apart(wrap, legacy, stranger, opened, tmp_path):
    torch.save(wrap(stranger.model), tmp_path / "whole.pt", _use_new_zipfile_serialization=not legacy)
    with pytest.raises(BadInput, match="expected its tensors alone") as error:
        opened(tmp_path / "whole.pt")
    assert "found a whole pickled model (colour_net.Net): it holds code;" in str(error.value)


# What is called -> why it is refused. What is not Python's own is not looked up: an empty mapping takes its place.
EVIL = {
    "posix.mkdir": (os.mkdir, "a pickle that asks for posix.mkdir, which is code; it was not run"),
    "builtins.exec": (exec, "a pickle that asks for builtins.exec, which is code; it was not run"),
    "a function of a package": (None, None),
}
PLACES = {
    "alone": lambda state, evil: evil,
    "a tensor": lambda state, evil: state | {"output.bias": evil},
    "beside": lambda state, evil: {"state_dict": state, "best_acc": evil},
    "deep": lambda state, evil: {"state_dict": under("module.", state), "optimizer": {"state": [{"x": (evil,)}]}},
    "as a key": lambda state, evil: {"state_dict": state, "odd": OrderedDict({"x": [evil, np.float64(1)]})},
    "in a module": lambda state, evil: nn.Sequential(OrderedDict(a=nn.ReLU())).__dict__ | {"state_dict": state, "x": evil},
}


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("evil", EVIL)
def test_no_code_in_a_file_is_run(evil, place, legacy, stranger, opened, tmp_path, monkeypatch):
    function, line = EVIL[evil]
    module = types.ModuleType("evil_package")
    exec("import os\ndef make(path): os.mkdir(path)", module.__dict__)
    monkeypatch.setitem(sys.modules, "evil_package", module)
    arguments = (str(tmp_path / "made"),) if function is not exec else (f"import os; os.mkdir({str(tmp_path / 'made')!r})",)
    call = Call(function or module.make, *arguments)
    contents = PLACES[place](stranger.model.state_dict(), call)
    path = tmp_path / "w.pth"
    torch.save(contents, path, _use_new_zipfile_serialization=not legacy)
    if line or place in ("alone", "a tensor") or (legacy and place == "in a module"):
        with pytest.raises(BadInput, match=line or "w.pth: found"):
            opened(path)
    else:
        assert "objects of evil_package.make" in opened(path).said[0]
    assert not (tmp_path / "made").exists()
    torch.load(path, weights_only=False)  # and it would have been
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "before 1.6"])
def test_a_damaged_file_never_ends_in_a_traceback(legacy, stranger):
    contents = {"state_dict": under("module.", stranger.model.state_dict()), "best": np.float64(1), "r": RecorderMeter()}
    whole, rng = torch_bytes(contents, _use_new_zipfile_serialization=not legacy), np.random.default_rng(0)
    cases = [whole[:length] for length in range(0, len(whole), len(whole) // 40)]
    for place in rng.integers(0, len(whole), 150):
        cases.append(whole[:place] + bytes([whole[place] ^ (1 << int(rng.integers(8)))]) + whole[place + 1 :])
    refused = 0
    for data in cases:
        try:
            fitting(read_contents(pathlib.Path("w.pth"), data)[0], stranger.model, "w.pth", "net")
        except BadInput:
            refused += 1
    assert refused > len(cases) / 3


def test_safetensors_by_their_suffix(stranger, opened, tmp_path):
    save_file(under("module.", stranger.model.state_dict()), tmp_path / "w.safetensors")
    assert opened(tmp_path / "w.safetensors").said == ("weights: prefix 'module.' taken off",)
