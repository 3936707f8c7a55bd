"""complexity, speed and robustness of a model by every way in: numbers known by hand, or the literal refusal."""

import copy
import dataclasses
import json
import pickle
import re
from concurrent.futures import Future
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torchvision.ops import deform_conv2d

from benchmark.errors import BadInput, Interrupted
from benchmark.measures.complexity.measure import count
from benchmark.measures.speed import inference
from benchmark.outside.counting import macs_of
from benchmark.outside.measuring import complexity, complexity_of_all, complexity_table, speed
from benchmark.outside.ready import made_ready
from benchmark.outside.robust import robustness
from benchmark.protocol.building import create

from . import entering
from .adapters.test_ways_in import onnx_file, program_file
from .conftest import DECLARED, SMALL, few_faces

CPU = torch.device("cpu")
# colour_net.Net at 8 x 8: a convolution of 3 x 3 from 3 to 8 channels, batch norm, a linear layer from 8 to 4.
MACS = 9 * 3 * 8 * SMALL**2 + 8 * 4
PARAMETERS = 9 * 3 * 8 + 8 + 2 * 8 + 8 * 4 + 4
YAML, TRUST = {"preprocessing": "net.yaml"}, {"trust": True}
# way -> (model, options); a name of a file stands for the one in the folder of `files`.
CODE = {
    "factory": ("colour_net:trained", {}),
    "factory and state dict": ("colour_net:Net", {"weights": "net.pt"} | YAML),
    "factory and safetensors": ("colour_net:Net", {"weights": "net.safetensors"} | YAML),
    "module": ("the module", {"preprocessing": DECLARED}),
    "entry of a factory": ("by-name", {}),
}
FILES = {
    "ONNX": ("net.onnx", YAML),
    "exported program": ("net.pt2", YAML | TRUST),
    "TorchScript": ("net.torchscript", YAML | TRUST),
    "function": ("the function", {"preprocessing": DECLARED}),
}
UNTRAINED = {
    "cell": ("mini-xception-plain", {}),
    "registered model": ("mini-xception", {}),
    "factory, untrained": ("colour_net:Net", YAML | {"options": {"width": 8}}),
}
REFUSED = {
    "predictions": ("p.csv", {}, "p.csv: found a file of predictions; expected a model: predictions have no {}"),
    "entry of predictions": ("of-file", {}, "outside entry of-file: found predictions (p.csv); expected a model: "
                             "predictions have no {}"),
    "entry of a file": ("of-onnx", {}, "outside entry of-onnx: found its record, without the model (net.onnx); expected the "
                        "model itself: PATH/net.onnx"),
    "entry of weights": ("of-weights", {}, "outside entry of-weights: found its record, without the model (colour_net:Net, "
                         "net.pt); expected the model itself: colour_net:Net --weights PATH/net.pt"),
    "no trust": ("net.pt2", YAML, "{folder}/net.pt2: found a file whose loading may run code of its own; expected --trust "
                 "(trust=True), if you trust its makers; or ONNX"),
    "weights alone": ("net.pt", {}, "{folder}/net.pt: found weights without their network; expected MODEL --weights FILE, "
                      "MODEL being the network's code"),
    "missing file": ("absent.onnx", {}, "{folder}/absent.onnx: found no such file; expected a model: .onnx, .pt2, "
                     ".torchscript, .ts"),
    "no model": ("nowhere", {}, "model: found 'nowhere'; expected one of the "),
    "weights for an object": ("the module", {"weights": "net.pt"}, "the model: found weights or options for an object; "
                              "expected an object that has its weights, and none of them"),
}  # fmt: skip
LACKS = {"complexity": "parameters and no MACs", "speed": "speed", "robustness": "answers to other faces"}


@pytest.fixture(scope="module")
def files(stranger):
    folder, model = stranger.folder, stranger.model
    save_file(model.state_dict(), folder / "net.safetensors")
    program_file(model, folder / "net.pt2")
    torch.jit.trace(model, (torch.zeros(2, 3, SMALL, SMALL),)).save(folder / "net.torchscript")
    onnx_file(model, folder / "net.onnx")
    (folder / "net.yaml").write_text(yaml.safe_dump(DECLARED))
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return few_faces(tmp_path_factory.mktemp("few"), 60)


@pytest.fixture(scope="module")
def entries(files, few, colour_protocol, tmp_path_factory):
    """A folder of outside entries: one for each kind that is refused or found by its name."""
    out = tmp_path_factory.mktemp("entries")
    given = {"device": CPU, "preprocessing": DECLARED}
    for name, model, options in (
        ("by-name", "colour_net:trained", {}),
        ("of-onnx", str(files / "net.onnx"), {}),
        ("of-weights", "colour_net:Net", {"weights": files / "net.pt"}),
    ):
        entering.evaluate(model, colour_protocol, name, few, out, **(given | options))
    from benchmark.records.record import read_record

    stored = read_record(out / "colours-4" / "by-name" / "seed0")
    arrays = {name: stored.predictions[name] for name in ("test_ids", "test_outputs_none")}
    about = {"kind": "predictions", "source": "p.csv"}
    entering.enter(colour_protocol, "of-file", arrays, faces=few, outside=about, out=out)
    return out


@pytest.fixture
def call(files, few, entries, colour_protocol, stranger, monkeypatch):
    """A function (verb, model, options) -> what the verb finds. Speed is measured in this process, of what a pickle of the
    model's maker gives."""
    monkeypatch.setattr(inference, "Workers", Here)
    objects = {"the module": stranger.model, "the function": stranger.model.forward}

    def run(verb, model, options):
        options = dict(options)
        for key in ("weights", "preprocessing"):
            if isinstance(options.get(key), str):
                options[key] = files / options[key]
        path = files / str(model)
        named = path if path.suffix in (".onnx", ".pt2", ".torchscript", ".pt") else objects.get(model, model)
        if verb == "complexity":
            return complexity(named, colour_protocol, entries=entries, **options)
        if verb == "speed":
            return speed(named, colour_protocol, entries=entries, device=CPU, batches=[2], runs=2, **options)
        prepared = few.directory.parent
        return robustness(named, colour_protocol, few, prepared, device=CPU, entries=entries, **options)

    return run


class Here:
    """In place of Workers."""

    def __init__(self, number):
        assert number == 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, maker, *given):
        future = Future()
        future.set_result(function(pickle.loads(pickle.dumps(maker)), *given))
        return future


@pytest.mark.parametrize("way", CODE)
def test_a_network_given_as_code_is_counted(way, call):
    found = call("complexity", *CODE[way])
    assert (found["macs"], found["parameters"]) == (MACS, {"trainable": PARAMETERS, "total": PARAMETERS})
    assert found["torch_agrees"] and found["note"] is None and found["input"] == [1, 3, SMALL, SMALL]


@pytest.mark.parametrize("way", UNTRAINED)
def test_cost_and_speed_do_not_ask_for_training(way, call):
    own = create("mini-xception", num_outputs=4, in_channels=3, input_size=16)
    expected = (
        (MACS, PARAMETERS) if "factory" in way else (count(own, 3, 16)["macs"], sum(p.numel() for p in own.parameters()))
    )
    found = call("complexity", *UNTRAINED[way])
    (row,) = call("speed", *UNTRAINED[way])["cells"].values()
    assert (found["macs"], found["parameters"]["total"], row["parameters"]) == (*expected, expected[1])


@pytest.mark.parametrize("way", FILES)
def test_of_what_is_not_code_only_parameters_are_told(way, call):
    found = call("complexity", *FILES[way])
    assert found["note"] == "not counted: only for networks given as code"
    assert found["macs"] is found["flops"] is found["torch_flops"] is None and found["input"] == [1, 3, SMALL, SMALL]
    if way == "ONNX":  # in evaluation mode: batch norm with its two statistics, or joined with the convolution
        assert found["parameters"]["total"] in (PARAMETERS, PARAMETERS + 16, PARAMETERS - 16)
    else:
        assert found["parameters"]["total"] == (None if way == "function" else PARAMETERS)


@pytest.mark.parametrize("way", CODE | FILES)
def test_every_way_has_a_row_of_speed(way, call):
    found = call("speed", *(CODE | FILES)[way])
    (row,) = found["cells"].values()
    assert [(each["batch"], each["runs"]) for each in row["measurements"]] == [(2, 2)]
    assert row["input"] == [3, SMALL, SMALL]
    assert row["parameters"] == (None if way in ("ONNX", "function") else PARAMETERS)
    assert ("note" in row) == (way in ("module", "function"))
    assert len(inference.table(found)) == 3


@pytest.fixture(scope="module")
def expected(few, colour_protocol, stranger):
    """Of the network itself, which test_robust.py computes by hand."""
    given = {"device": CPU, "preprocessing": DECLARED}
    return robustness(stranger.model, colour_protocol, few, few.directory.parent, **given)


@pytest.mark.parametrize("way", CODE | FILES)
def test_every_way_has_the_same_robustness(way, call, expected):
    found = call("robustness", *(CODE | FILES)[way])
    for part in ("clean", "flip"):
        assert found[part] == pytest.approx(expected[part], abs=1e-4)
    jpeg, own = ([step["accuracy"] for step in each["corrupted"]["jpeg"]] for each in (found, expected))
    assert jpeg == own
    assert (found["predictions_sha256"] is None) == (way != "entry of a factory")


@pytest.mark.parametrize("way", UNTRAINED)
def test_robustness_asks_for_training(way, call):
    model, options = UNTRAINED[way]
    with pytest.raises(BadInput, match="drawn anew at each call; expected a trained network: give --weights FILE"):
        call("robustness", model, options)


@pytest.mark.parametrize("verb", LACKS)
@pytest.mark.parametrize("way", REFUSED)
def test_what_each_verb_refuses(way, verb, call, files):
    model, options, line = REFUSED[way]
    with pytest.raises(BadInput) as error:
        call(verb, model, options)
    assert str(error.value).startswith(line.format(LACKS[verb], folder=files)) and "\n" not in str(error.value)


def test_an_onnx_file_on_a_gpu(files, colour_protocol):
    with pytest.raises(BadInput, match="net.onnx, device: found meta; expected cpu: onnxruntime runs ONNX files there"):
        speed(str(files / "net.onnx"), colour_protocol, device=torch.device("meta"), preprocessing=DECLARED)


def test_speed_in_a_process_of_its_own(stranger, colour_protocol, tmp_path):
    found = speed("colour_net:trained", colour_protocol, device=CPU, batches=[3], runs=2, out=tmp_path / "speed.json")
    (measured,) = found["cells"]["colour_net:trained"]["measurements"]
    assert measured["batch"] == 3 and measured["peak_memory_bytes"] is not None
    assert json.loads((tmp_path / "speed.json").read_text()) == found


def test_one_weights_file_is_for_one_model(colour_protocol, files):
    for verb in (complexity_of_all, lambda *given, **named: speed(*given, **named, device=CPU)):
        with pytest.raises(BadInput, match="them for 2 models; expected one model"):
            verb(["colour_net:Net", "mini-xception"], colour_protocol, weights=files / "net.pt")
        with pytest.raises(BadInput, match="colour_net:trained twice; expected models whose names differ"):
            verb(["colour_net:trained", "colour_net:trained"], colour_protocol)


def test_several_models_in_a_table(colour_protocol, files, stranger):
    given = ["colour_net:trained", str(files / "net.onnx")]
    found = complexity_of_all(given, colour_protocol, preprocessing=DECLARED)
    lines = complexity_table(found)
    assert lines[2].startswith(f"| colour_net:trained | 3x8x8 | 276 | {MACS:,} | ") and lines[2].endswith(
        f" | {MACS:,} | aten::mean (1) |"
    )
    assert lines[3].endswith(" | not known | not known | not known | - |")
    assert lines[4:] == [f"{files / 'net.onnx'}: not counted: only for networks given as code"]
    with pytest.raises(Interrupted, match="nothing was written"):
        complexity_of_all(given, colour_protocol, stop=lambda: True)
    timed = complexity_of_all(["colour_net:trained"], colour_protocol, latency=True)
    assert complexity_table(timed)[0].endswith("| ms, one thread |")
    assert timed["models"]["colour_net:trained"]["latency"]["threads"] == 1


class Odd(torch.nn.Module):
    """Answers, but its counting fails: it looks at the type of its input."""

    def forward(self, images):
        if type(images) is not torch.Tensor or torch.jit.is_tracing():
            raise TypeError("not while\nI am watched")
        return torch.zeros(len(images), 4)


class Hidden(torch.nn.Module):
    """A product that fvcore does not see."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3, 4))

    def forward(self, images):
        return Product.apply(images.mean((2, 3)), self.weight)


class Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        return a @ b


def test_a_count_that_fails_is_no_error(colour_protocol, few):
    found = complexity(Odd(), colour_protocol)
    assert found["macs"] is None and found["note"] == "not counted: TypeError (not while I am watched)"
    for model in (Odd(), Hidden()):
        assert macs_of(made_ready(model, colour_protocol, few, CPU, preprocessing={})) is None


@pytest.mark.parametrize("way", CODE | FILES)
def test_macs_of_an_entry(way, files, few, colour_protocol, stranger):
    model, options = (CODE | FILES)[way]
    if way == "entry of a factory":
        return
    model = {"the module": stranger.model, "the function": stranger.model.forward}.get(model, model)
    model = str(files / model) if way in FILES and isinstance(model, str) else model
    options = options | {"weights": files / options["weights"]} if "weights" in options else options
    ready = made_ready(model, colour_protocol, few, CPU, **(options | {"preprocessing": DECLARED}))
    assert macs_of(ready) == (MACS if way in CODE else None)


def test_a_model_with_channels_last(colour_protocol, stranger):
    class Last(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = stranger.model

        def forward(self, images):
            assert images.shape[1:] == (SMALL, SMALL, 3)
            return self.inner(images.permute(0, 3, 1, 2))

    assert complexity(Last(), colour_protocol, preprocessing=DECLARED | {"layout": "NHWC"})["macs"] == MACS
    found = speed(Last(), colour_protocol, preprocessing=DECLARED | {"layout": "NHWC"}, device=CPU, batches=[1], runs=2)
    assert found["cells"]["Last"]["input"] == [SMALL, SMALL, 3]


@pytest.mark.parametrize("training", [False, True])
def test_an_object_is_left_as_it_was(training, colour_protocol, few, stranger):
    model = torch.nn.Sequential(copy.deepcopy(stranger.model))
    model.train(training)
    model[0].features.eval()
    modes = [module.training for module in model.modules()]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    given = {"preprocessing": DECLARED}
    complexity(model, colour_protocol, latency=True, **given)
    speed(model, colour_protocol, device=CPU, batches=[1], runs=2, **given)
    robustness(model, colour_protocol, few, few.directory.parent, device=CPU, **given)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())


def test_a_model_that_does_not_take_its_input(colour_protocol, stranger):
    for verb in (complexity, lambda *given, **named: speed(*given, **named, device=CPU)):
        with pytest.raises(BadInput, match=r"outputs: found shape \(1, 4\); expected a tensor of shape \(1, 5\)"):
            verb(stranger.model, colour_protocol, preprocessing=DECLARED | {"classes": ["none", *DECLARED["classes"]]})


def test_without_the_package_onnx(call, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    assert call("complexity", *FILES["ONNX"])["parameters"] == {"trainable": None, "total": None}


def test_an_entry_under_another_protocol(entries, colour_protocol):
    other = dataclasses.replace(colour_protocol, name="other")
    with pytest.raises(BadInput, match="other, 'by-name': found no such entry; expected --protocol colours-4, where it is"):
        complexity("by-name", other, entries=entries)
    changed = dataclasses.replace(colour_protocol, version="2.0")
    with pytest.raises(BadInput, match=f"hash {colour_protocol.hash}; expected {changed.hash}; evaluate it again"):
        complexity("by-name", changed, entries=Path(entries))


class Skipped(torch.nn.Module):
    """A network with products that fvcore skips; `kind` says which."""

    preprocessing = {"input_size": SMALL}

    def __init__(self, kind):
        super().__init__()
        self.kind, self.last = kind, torch.nn.Linear(8, 4)
        self.attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        self.unit = torch.nn.GRU(8, 8, batch_first=True)
        self.pairs = torch.nn.Bilinear(8, 8, 8)
        self.slope = torch.nn.PReLU()
        self.deform = torch.nn.Parameter(torch.zeros(8, 3, 3, 3))

    def forward(self, x):
        rows = x.mean(1)
        found = {
            "attention": lambda: self.attention(rows, rows, rows)[0],
            "unit": lambda: self.unit(rows)[0],
            "pairs": lambda: self.pairs(rows, rows),
            "distances": lambda: torch.cdist(rows, rows),
            "waves": lambda: torch.fft.fft2(rows).abs(),
            "deformed": lambda: deform_conv2d(x, x.new_zeros(len(x), 18, SMALL, SMALL), self.deform, padding=1).mean(1),
            "moved": lambda: (
                torch.nn.functional.interpolate(self.slope(x).roll(1, 2)[:, [2, 1, 0]], scale_factor=2).amax(1).sort(1)[0]
            ),
        }
        return rows[:, 0, :4] if self.kind == "none" else self.last(found[self.kind]()[..., :8].mean(1))


@pytest.mark.parametrize(
    "kind, note",
    [
        ("attention", "not known: nothing counts what _native_multi_head_attention multiply"),
        ("unit", r"not known: fvcore counts 32 multiply-adds, torch [\d,]+"),
        ("pairs", "not known: nothing counts what _trilinear multiply"),
        ("distances", r"not known: nothing counts what _cdist_forward multiply"),
        ("waves", "not known: nothing counts what _fft_[rc]2c multiply"),
        ("deformed", "not known: nothing counts what deform_conv2d multiply"),
        ("none", "not known: fvcore counts 0 multiply-adds, torch 0"),
    ],
)
def test_a_count_that_lacks_something_is_not_known(kind, note, colour_protocol):
    found = complexity(Skipped(kind), colour_protocol)
    assert (found["macs"], found["flops"]) == (None, None) and found["parameters"]["total"] > 0
    assert re.fullmatch(note, found["note"])


def test_what_only_moves_and_chooses_numbers_needs_no_count(colour_protocol):
    found = complexity(Skipped("moved"), colour_protocol)
    assert (
        found["note"] is None
        and found["macs"] == 8 * 4
        and {"_prelu_kernel", "roll", "index", "sort", "amax"} <= set(found["uncounted"])
    )


def test_a_latency_is_that_of_one_thread(colour_protocol, stranger):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = complexity(stranger.model, colour_protocol, preprocessing=DECLARED, latency=True)
        assert found["latency"]["threads"] == 1 and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_record_of_a_model_given_as_code_has_its_cost(few, colour_protocol, stranger, tmp_path):
    record = entering.evaluate(stranger.model, colour_protocol, "counted", few, tmp_path, device=CPU, preprocessing=DECLARED)
    assert record.outside["macs"] == MACS


def test_an_object_is_asked_for_where_an_entry_was_one(few, colour_protocol, stranger, tmp_path):
    entering.evaluate(stranger.model, colour_protocol, "was-one", few, tmp_path, device=CPU, preprocessing=DECLARED)
    with pytest.raises(BadInput, match="its record, without the model .*; expected the object itself, in Python"):
        complexity("was-one", colour_protocol, entries=tmp_path)
