"""What a state dict has beside tensors is loaded as torch loads it: extra state, versions of modules. Factories that fail,
draw buffers, or have options; models that return one tensor again and again."""

import sys
import types

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Calling
from benchmark.outside.adapters.opening import open_model
from benchmark.outside.adapters.preprocessing import Preprocessing, preprocessing_from

from ..conftest import DECLARED, SMALL

CPU = torch.device("cpu")
X = torch.rand(3, 3, SMALL, SMALL, generator=torch.Generator().manual_seed(0))


class Scaled(nn.Module):
    """Its scale is no tensor."""

    def __init__(self, width=1):
        super().__init__()
        self.last, self.scale, self.width = nn.Linear(3, 4), 1.0, width

    def get_extra_state(self):
        return {"scale": self.scale}

    def set_extra_state(self, state):
        self.scale = state["scale"]

    def forward(self, x):
        return self.scale * self.last(x.mean((2, 3)))


class Gained(nn.Module):
    """Files of its first version have a gain of the other sign."""

    _version = 2

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(4))

    def _load_from_state_dict(self, state, prefix, metadata, *rest):
        if metadata.get("version", 1) < 2:
            state[f"{prefix}gain"] = -state[f"{prefix}gain"]
        super()._load_from_state_dict(state, prefix, metadata, *rest)

    def forward(self, x):
        return self.gain * x.mean((2, 3)).sum(1, keepdim=True)


class Outer(nn.Module):
    """Has one of the two as a part."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x):
        return self.part(x)


@pytest.fixture
def made(monkeypatch):
    """The module whose functions are factories."""
    module = types.ModuleType("made_here")
    module.scaled = lambda num_outputs, in_channels, input_size, **given: Outer(Scaled(**given))
    module.gained = lambda num_outputs, in_channels, input_size: Outer(Gained())
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def trained(part):
    torch.manual_seed(3)
    model = Outer(part)
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    if isinstance(part, Scaled):
        part.scale = 2.5
    return model.eval()


@pytest.mark.parametrize("form", ["plain", "DataParallel", "key"])
@pytest.mark.parametrize("name, part", [("scaled", Scaled), ("gained", Gained)])
def test_everything_in_a_state_dict_is_loaded(name, part, form, made, colour_protocol, tmp_path):
    own = trained(part())
    state = (nn.DataParallel(own) if form == "DataParallel" else own).state_dict()
    torch.save({"state_dict": state, "epoch": 3} if form == "key" else state, tmp_path / "net.pt")
    given = open_model(f"made_here:{name}", colour_protocol, CPU, file=tmp_path / "net.pt", preprocessing=Preprocessing())
    assert torch.equal(given.model(X), own(X)) and given.source == f"made_here:{name}, net.pt"


def test_extra_state_that_is_not_there(made, colour_protocol, tmp_path):
    state = {name: value for name, value in trained(Scaled()).state_dict().items() if isinstance(value, torch.Tensor)}
    save_file(state, tmp_path / "net.safetensors")
    given = {"file": tmp_path / "net.safetensors", "preprocessing": Preprocessing()}
    with pytest.raises(BadInput, match="found no 'part._extra_state'; expected the whole state dict of model made_here:sc"):
        open_model("made_here:scaled", colour_protocol, CPU, **given)


def test_options_are_part_of_the_source(made, colour_protocol, tmp_path):
    torch.save(trained(Scaled()).state_dict(), tmp_path / "net.pt")
    own = {"file": tmp_path / "net.pt", "options": {"width": 3}, "preprocessing": Preprocessing()}
    assert open_model("made_here:scaled", colour_protocol, CPU, **own).source == "made_here:scaled(width=3), net.pt"


def test_two_sets_that_differ_in_extra_state_alone(made, colour_protocol, tmp_path):
    own = trained(Scaled())
    first = own.state_dict()
    own.part.scale = 1.0
    torch.save({"ema": first, "model": own.state_dict()}, tmp_path / "net.pt")
    with pytest.raises(BadInput, match="two sets of weights that fit: key 'ema' and key 'model'"):
        open_model("made_here:scaled", colour_protocol, CPU, file=tmp_path / "net.pt", preprocessing=Preprocessing())


@pytest.mark.parametrize("foreign", [nn.Identity(), len, {"resize": 224}])
def test_another_attribute_of_the_name_preprocessing(foreign, made, colour_protocol):
    """Is no declaration, if there is one."""
    model = trained(Gained())
    model.preprocessing = foreign
    made.net = lambda **_: model
    given = preprocessing_from({"range": [-1, 1]}, "x")
    for each in ("made_here:net", model):
        assert open_model(each, colour_protocol, CPU, preprocessing=given).preprocessing == given
    with pytest.raises(BadInput, match="preprocessing: found"):
        open_model("made_here:net", colour_protocol, CPU)


class Odd(nn.Module):
    """The same each time, though its buffers are not equal to themselves or can not be compared."""

    def __init__(self, **_):
        super().__init__()
        self.register_buffer("gap", torch.tensor([float("nan"), 1.0]))
        self.register_buffer("sparse", torch.eye(3).to_sparse())
        self.weight = nn.Parameter(torch.ones(3, 4))

    def forward(self, x):
        return x.mean((2, 3)) @ self.weight


def test_odd_buffers_are_not_drawn_anew(made, colour_protocol):
    made.net = Odd
    given = open_model("made_here:net", colour_protocol, CPU, preprocessing=Preprocessing())
    assert torch.allclose(given.model(X), X.mean((2, 3)).sum(1, keepdim=True).expand(-1, 4))


class Lazy(nn.Module):
    def __init__(self, **_):
        super().__init__()
        self.last = nn.LazyLinear(4)


class Drawn(nn.Module):
    def __init__(self, **_):
        super().__init__()
        self.register_buffer("weight", torch.randn(3, 4))


def raising(**_):
    raise ValueError("only 48 pixels,\nplease")


@pytest.mark.parametrize(
    "factory, message",
    [
        (
            raising,
            r"model made_here:net: found ValueError \(only 48 pixels, please\); expected a network for num_outputs=4, in_ch",
        ),
        (Lazy, "model made_here:net: found lazy layers without their sizes; expected a network that was called once"),
        (Drawn, "parameters drawn anew at each call"),
    ],
)
def test_factories_that_make_no_trained_network(factory, message, made, colour_protocol):
    made.net = factory
    with pytest.raises(BadInput, match=message) as error:
        open_model("made_here:net", colour_protocol, CPU, preprocessing=Preprocessing())
    assert "\n" not in str(error.value)


def test_the_order_of_the_outputs_stays_that_of_the_model(made, colour_protocol):
    """Whoever declares the pictures alone says nothing of the classes."""
    made.net = lambda **_: trained(Gained())
    made.net.preprocessing = DECLARED | {"outputs": "probabilities"}
    given = open_model("made_here:net", colour_protocol, CPU, preprocessing=Preprocessing(mean=(0.5,)))
    assert given.preprocessing.classes == tuple(DECLARED["classes"]) and given.preprocessing.mean == (0.5,)
    assert given.preprocessing.outputs == "probabilities" and given.preprocessing.range == (0.0, 1.0)
    assert given.said == ("preprocessing: classes and outputs as the model itself declares",)


def test_a_tensor_that_is_returned_again_and_again():
    kept = torch.zeros(1, 4)

    def answer(images):
        kept[:] = images.mean((1, 2, 3))[:, None]
        return kept

    assert Calling(answer, 1)(X)[:, 0].tolist() == pytest.approx(X.mean((1, 2, 3)).tolist())
