"""Robustness of a model from outside: against the network's own answers to corrupted pictures, computed plainly, and against
the file of the run whose network it is; what is written beside an entry, and what is refused."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark.cli.main import main
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import write_faceset
from benchmark.measures.robustness.corruptions import CORRUPTIONS, corrupt
from benchmark.measures.robustness.file import read, read_of_entries, read_robustness
from benchmark.measures.robustness.measure import measure
from benchmark.outside.adapters.preprocessing import Input, Preprocessing
from benchmark.outside.robust import Resizing, robustness
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import build_model

from . import entering
from .conftest import CLASSES, DECLARED, SMALL, by_hand, few_faces, pictures

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return few_faces(tmp_path_factory.mktemp("few"), 120)


@pytest.fixture
def given(few, colour_protocol):
    return {"protocol": colour_protocol, "faces": few, "prepared": few.directory.parent, "device": CPU}


def test_numbers_are_those_of_the_network_on_corrupted_pictures_of_the_protocols_size(stranger, few, given):
    rows = few.rows("test")
    images, truth, order = few.pictures[rows], few.expression[rows], [DECLARED["classes"].index(name) for name in CLASSES]

    def accuracy(pixels):  # (N, 16, 16, 3), which `by_hand` halves to the network's 8 x 8
        with torch.inference_mode():
            return float(np.mean(stranger.model(by_hand(pixels))[:, order].argmax(1).numpy() == truth))

    found = robustness("colour_net:trained", **given)
    assert found["clean"]["accuracy"] == accuracy(images) > 0.5
    assert found["flip"]["accuracy"] == accuracy(images[:, :, ::-1])
    falls = 0
    for name in CORRUPTIONS:
        changed = [corrupt(images.transpose(0, 3, 1, 2), few.id[rows], name, severity) for severity in range(1, 6)]
        expected = [accuracy(each.transpose(0, 2, 3, 1)) for each in changed]
        assert [each["accuracy"] for each in found["corrupted"][name]] == expected
        falls += len(set(expected)) > 2
    assert falls >= 1  # else these numbers would tell nothing
    assert found["outside"]["input"]["input_size"] == 8 and found["outside"]["corrupted_at"] == 16
    assert (found["cell"], found["cell_hash"], found["predictions_sha256"]) == ("colour_net:trained", None, None)


@pytest.fixture(scope="module")
def trained(tiny_faces, tiny_protocol, tiny_cell, tmp_path_factory):
    run, runs = Run(tiny_protocol(epochs=2), tiny_cell(), 0), tmp_path_factory.mktemp("runs")
    train(run, tiny_faces, runs / run.place, device=CPU)
    return run, runs


def test_a_runs_network_as_an_object_has_the_numbers_of_the_runs_file(trained, tiny_faces, tmp_path):
    run, runs = trained
    places = {"prepared": tiny_faces.directory.parent, "device": CPU}
    expected = measure(run.protocol, run.cell, 0, runs=runs, out=tmp_path, **places)
    model, own = build_model(run, CPU), read_record(runs / run.place)["input"]
    model.load_state_dict(torch.load(runs / run.place / "weights.pt", weights_only=True))
    declared = {"mean": own["mean"], "deviation": own["deviation"]}
    found = robustness(model, run.protocol, tiny_faces, preprocessing=declared, **places)
    for part in ("clean", "corrupted", "flip", "transfer"):
        assert found[part] == expected[part]


@pytest.fixture
def entry(few, colour_protocol, stranger, tmp_path):
    entries = tmp_path / "reports" / "records" / "outside"
    entering.evaluate("colour_net:trained", colour_protocol, "net", few, entries, device=CPU)
    return entries


def test_beside_an_entry(entry, given, tmp_path, stranger, monkeypatch):
    written = {"entries": entry, "out": tmp_path / "out"}
    found = robustness("net", **given, **written)
    path = tmp_path / "out" / "colours-4" / "net" / "seed0.json"
    assert read(path) == found and path.with_name("seed0.machine.json").is_file()
    record = read_record(entry / "colours-4" / "net" / "seed0")
    assert found["cell"] == "net" and found["predictions_sha256"] == record["predictions_sha256"]
    summary = SimpleNamespace(comparisons=(), outside=[SimpleNamespace(record=record)])
    ((run, contents),) = read_of_entries(tmp_path / "out", summary)
    assert (run.record.cell, contents) == ("net", found) and read_robustness(tmp_path / "out", summary) == {}
    monkeypatch.setattr("benchmark.measures.robustness.measure.scored", None)
    assert robustness("net", **given, **written) == found  # kept
    with pytest.raises(TypeError):  # another model: measured again
        robustness(stranger.model, **given, **written, name="net")
    monkeypatch.undo()
    assert robustness(stranger.model, **given, entries=entry, name="net")["clean"] == found["clean"]


def test_a_model_that_is_not_the_entrys(entry, given, tmp_path, stranger):
    class Other(torch.nn.Module):
        def forward(self, images):
            return stranger.model(images).roll(1, 1)

    for out in (None, tmp_path / "out"):
        with pytest.raises(BadInput, match="of the record's answers; expected at least 99% of them"):
            robustness(Other(), **given, entries=entry, name="net", out=out)
    with pytest.raises(BadInput, match="'other'. found no such entry; expected the name of an outside entry"):
        robustness(stranger.model, **given, entries=entry, name="other")
    with pytest.raises(BadInput, match="robustness, name: found other; expected net, which the model is"):
        robustness("net", **given, entries=entry, name="other")
    with pytest.raises(Interrupted):
        robustness("net", **given, entries=entry, out=tmp_path / "out", stop=lambda: True)
    assert not (tmp_path / "out").exists()


def test_faces_that_are_not_the_entrys(entry, given, tmp_path):
    images, label = pictures(120, 5)
    split = ["train", "validation", "test"]
    changed = write_faceset(
        tmp_path / "colours", images, name="colours", version="1.0", classes=CLASSES,
        id=[f"few-{row}" for row in range(120)], split=[split[row // 40] for row in range(120)], expression=label,
    )  # fmt: skip
    with pytest.raises(BadInput, match="fingerprint .* as .*net/seed0 was made on"):
        robustness("net", **(given | {"faces": changed}), entries=entry)


def test_command_line(entry, few, colour_protocol, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmark.protocol.protocol.load_protocol", lambda name: colour_protocol)
    call = ["robustness", "colours-4", "--prepared", str(few.directory.parent), "--device", "cpu"]
    assert main([*call, "colour_net:trained"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("colour_net:trained: accuracy 0.") and "; at severity 5: gaussian-blur " in first
    assert last == "nothing was written: --name ENTRY puts it beside the outside entry of the model"
    assert main([*call, "net"]) == 0 and capsys.readouterr().out.endswith("\nwrote reports/robustness/colours-4/net\n")
    assert main([*call, "colour_net:trained", "--name", "net", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cell"] == "net"
    for words, line in (
        (["net", "--seeds", "1"], "ferbench robustness: found --seeds without a run of this suite; expected it only there"),
        (["p.csv"], "p.csv: found a file of predictions; expected a model: predictions have no answers to other faces"),
        (["timm:resnet18"], "runs/colours-4/timm-resnet18-plain/seed0: found no run; expected one, made by `ferbench run "
         "colours-4 --model timm:resnet18 --seeds 0`; or --weights FILE"),
        (["nothing"], "cell: found 'nothing'; expected "),
        (["mini-xception-plain", "--option", "a=1"], "cell mini-xception-plain, options: found a; expected none: a cell"),
        (["mini-xception"], "model mini-xception: found parameters drawn anew at each call; expected a trained network"),
        (["net.onnx", "--trust"], "ferbench robustness: found --trust without a file that may run code; expected it only"),
    ):  # fmt: skip
        assert main([*call, *words]) == 2
        assert line in capsys.readouterr().err


def test_a_file_is_stale_when_the_code_of_outside_models_changes(entry, given, tmp_path, stranger, monkeypatch):
    first = robustness(stranger.model, name="net", entries=entry, out=tmp_path, preprocessing=DECLARED, **given)
    assert robustness(stranger.model, name="net", entries=entry, out=tmp_path, preprocessing=DECLARED, **given) == first
    monkeypatch.setattr("benchmark.outside.robust.SOURCES", ("outside/robust.py",))
    again = robustness(stranger.model, name="net", entries=entry, out=tmp_path, preprocessing=DECLARED, **given)
    assert again["made_with"]["code"] != first["made_with"]["code"]


def test_colour_becomes_grey_for_a_model_of_one_channel():
    images = torch.randint(0, 256, (2, 3, SMALL, SMALL), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    needs = Preprocessing(input_size=SMALL, channels=1)
    found = Resizing(Input(needs)).unit(images)
    luma = (images.double() * torch.tensor([0.299, 0.587, 0.114]).double().view(1, 3, 1, 1)).sum(1, keepdim=True)
    assert found.shape == (2, 1, SMALL, SMALL) and (found * 255 - luma).abs().max() <= 0.51
