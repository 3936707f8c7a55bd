"""Models by timm's names and by module:factory, as cells made on the fly and trained by the protocol's recipe."""

import sys

import pytest
import timm
import torch

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.protocol import registry, timm_models
from benchmark.protocol.building import create
from benchmark.protocol.cells import Cell, Run, cell_of, cell_or_model, find_cell
from benchmark.runs import sources
from benchmark.runs.training.train import train

OTHERS = (("nothing", "cell: found 'nothing'"), ("os.path:..", "no such form"), ("a b:c", "no such form"))
OTHERS += (("some_nets:Other", "does not import"), ("some_nets:number", "is a int; expected a class or a factory"))
OTHERS += (("no_such_package:net", "does not import"), ("timm:resnet19", "no such network of timm"))
SIZES = {"num_outputs": 7, "in_channels": 1, "input_size": 32}


@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "vit_tiny_patch16_224", "resnet18.a1_in1k"])
def test_timms_own_network_untrained_for_the_protocols_pictures(name):
    torch.manual_seed(4)
    model = create(f"timm:{name}", **SIZES)
    torch.manual_seed(4)
    further = {"img_size": 32} if name.startswith("vit") else {}
    own = timm.create_model(name.split(".")[0], pretrained=False, num_classes=7, in_chans=1, **further)
    assert model.training and {n: p.shape for n, p in model.named_parameters()} == {
        n: p.shape for n, p in own.named_parameters()
    }
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), own.parameters(), strict=True))
    pictures = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(model.eval()(pictures), own.eval()(pictures))


def test_options_are_timms_own():
    model = create("timm:mobilenetv3_small_050", **SIZES, drop_rate=0.3)
    assert model.drop_rate == 0.3


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("resnet19", {}, "no such network of timm; expected a name of timm.list_models"),
        ("", {}, "no such network of timm; expected a name of timm.list_models"),
        ("resnet18", {"pretrained": True}, "options: found pretrained; expected none of these: the protocol sets them"),
        ("mobilenetv3_small_050", {"no_such": 1}, "TypeError .*expected a network for 32 pixels"),
        ("swin_tiny_patch4_window7_224", {"patch_size": 64}, "expected a network for 32 pixels"),
    ],
)
def test_wrong_names_and_options(name, options, line):
    with pytest.raises(BadInput, match=line):
        create(f"timm:{name}", **SIZES, **options)


def test_cells_made_on_the_fly(tmp_path, monkeypatch):
    (tmp_path / "some_nets.py").write_text("class Net: ...\nnumber = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    cell = cell_or_model("timm:convnextv2_atto.fcmae", "categorical")
    assert cell == Cell("timm-convnextv2_atto-fcmae-plain", "timm:convnextv2_atto.fcmae", {}, "plain")
    assert cell_or_model("mini-xception", "dimensional").name == "mini-xception-mse"
    assert cell_or_model("resnet18-plain", "categorical") == find_cell("resnet18-plain")
    assert cell_of("resnet18", "categorical").hash == find_cell("resnet18-plain").hash
    chosen = cell_of("some_nets:Net", "categorical", loss="focal", options={"width": 8, "act": "elu"})
    assert chosen.name == "some_nets-Net-elu-8-focal" and chosen.options == {"width": 8, "act": "elu"}
    assert chosen.hash != cell_of("some_nets:Net", "categorical", loss="focal", options={"width": 9, "act": "elu"}).hash
    for name, line in (
        ("nothing", "cell: found 'nothing'"),
        ("os.path:..", "no such form"),
        ("a b:c", "no such form"),
        *OTHERS,
    ):
        with pytest.raises(BadInput, match=line):
            cell_or_model(name, "categorical")
    with pytest.raises(BadInput, match="no such model"):
        cell_of("nothing", "categorical")
    with pytest.raises(BadInput, match="loss: found best"):
        cell_of("mini-xception", "categorical", loss="best")


def test_the_code_digest_knows_the_source_of_every_form(tmp_path, monkeypatch):
    (tmp_path / "flynet.py").write_text("one = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    before, digest = sources.code_digest("flynet:Net"), sources.code_digest("timm:resnet18")
    assert digest == sources.code_digest("timm:resnet34") != sources.code_digest("resnet18")
    (tmp_path / "flynet.py").write_text("one = 2\n")
    assert sources.code_digest("flynet:Net") != before
    monkeypatch.setattr(sources.importlib.metadata, "version", lambda name: "0.0")
    assert sources.code_digest("timm:resnet18") != digest  # another timm may make another network
    assert sources.code_digest("flynet:Net") != before


def test_a_run_of_each_form_leaves_a_sound_record(tiny_faces, tiny_protocol, tmp_path, monkeypatch, one_thread):
    (tmp_path / "flynet.py").write_text(
        "from torch import nn\n"
        "def net(num_outputs, in_channels, input_size, *, width=4):\n"
        "    return nn.Sequential(nn.Conv2d(in_channels, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),\n"
        "                         nn.Linear(width, num_outputs))\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    protocol = tiny_protocol(epochs=1, input_size=32)
    try:
        for model, options in (("timm:mobilenetv3_small_050", {}), ("flynet:net", {"width": 6})):
            cell = cell_of(model, "categorical", options=options)
            place = tmp_path / "runs" / Run(protocol, cell, 0).place
            record = train(Run(protocol, cell, 0), tiny_faces, place, device=torch.device("cpu"))
            assert record["cell"] == {"name": cell.name, "model": model, "options": options, "loss": "plain"}
            assert record["cell_hash"] == cell.hash and record["code"] == sources.code_digest(model)
            assert record["environment"]["versions"]["timm"] == timm.__version__
            sizes = {"num_outputs": 3, "in_channels": 3, "input_size": 32}
            expected = create(model, **sizes, **options)
            assert record["parameters"] == sum(p.numel() for p in expected.parameters())
            weights = torch.load(record.directory / "weights.pt", weights_only=True)
            assert {n: t.shape for n, t in weights.items()} == {n: t.shape for n, t in expected.state_dict().items()}
    finally:
        sys.modules.pop("flynet", None)


def test_command_line_refusals(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for command, line in (
        ("run synthetic-8 timm:resnet19", "no such network of timm"),
        ("run synthetic-8 timm:resnet18", "found no FaceSet; expected a prepared one: `ferbench prepare synthetic`"),
        ("run synthetic-8 resnet18-plain --loss focal", "found --loss without --model"),
        ("run synthetic-8 resnet18-plain --model timm:resnet18", "not exactly one choice"),
        ("run --model timm:resnet18", "not exactly one choice"),
        ("run synthetic-8 --model timm:resnet18 --option width", "--option: found 'width'; expected KEY=VALUE"),
        ("run synthetic-8 --model timm:resnet18 --loss mse", "loss 'mse'; expected one for a categorical task"),
    ):
        assert main(command.split()) == 2
        assert line in capsys.readouterr().err, command
    assert list(tmp_path.iterdir()) == []


def refusal(call, *arguments, **more):
    with pytest.raises(BadInput) as error:
        call(*arguments, **more)
    return str(error.value)


def test_networks_of_timm(monkeypatch):
    assert refusal(timm_models.factory, "resnet19_x") == (
        "model 'timm:resnet19_x': found no such network of timm; expected a name of timm.list_models(), such as "
        "convnextv2_atto"
    )
    near = ", ".join(timm.list_models("resnetv2*")[:8])
    assert refusal(timm_models.factory, "resnetv2_1.a") == (
        f"model 'timm:resnetv2_1.a': found no such network of timm; expected a name of timm.list_models(), such as {near}"
    )
    made = timm_models.factory("resnet18.a1_in1k")
    assert (made.func, made.args) == (timm_models.create, ("resnet18",))
    assert registry.load("timm:resnet18.a1_in1k").args == ("resnet18",)
    sizes = {"num_outputs": 2, "in_channels": 1, "input_size": 32}
    taken = {"pretrained": 1, "num_classes": 1, "in_chans": 1, "img_size": 1, "checkpoint_path": 1}
    assert refusal(timm_models.create, "resnet18", **sizes, **taken) == (
        "model 'timm:resnet18', options: found checkpoint_path, img_size, in_chans, num_classes, pretrained; "
        "expected none of these: the protocol sets them"
    )

    def made_wrong(*_, **__):
        return timm_models.nn.Flatten()

    monkeypatch.setattr(timm, "create_model", made_wrong)
    assert refusal(timm_models.create, "resnet18", **sizes) == (
        "model 'timm:resnet18': found outputs of shape (1, 1024) for one picture; expected (1, 2)"
    )

    def failing(*_, **__):
        raise KeyError("in\n  three   words" + "x" * 300)

    monkeypatch.setattr(timm, "create_model", failing)
    reason = " ".join(str(KeyError("in\n  three   words" + "x" * 300)).split())[:200]
    line = f"model 'timm:resnet18': found KeyError ({reason}); expected a network for 32 pixels"
    assert refusal(timm_models.create, "resnet18", **sizes) == line and "  " not in reason


def test_timm_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)  # as if it were not installed
    assert refusal(timm_models.factory, "resnet18") == (
        "model 'timm:resnet18': found package timm is missing; expected it installed"
    )
