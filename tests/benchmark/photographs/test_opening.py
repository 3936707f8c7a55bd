"""The network that is named: a run with its weights, a finished model by file, code or object, an outside entry."""

import dataclasses

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from benchmark.errors import BadInput
from benchmark.photographs.opening import networks
from benchmark.photographs.runs import is_run, network_of_run
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.runs.runner import Site, Worker

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def trained(tiny_faces, tiny_protocol, tiny_cell, tmp_path_factory):
    """The folder of a run of the tiny network under the tiny protocol."""
    runs = tmp_path_factory.mktemp("runs")
    run = Run(tiny_protocol(), tiny_cell(), 0)
    Worker(Site(tiny_faces.directory.parent, runs, CPU), lambda: False)(run)
    return runs / run.place


@pytest.fixture(autouse=True)
def installed(monkeypatch, tiny_cell):
    """The tiny cell is an installed one."""
    monkeypatch.setattr("benchmark.runs.parameters.installed_cells", lambda: {"tiny": tiny_cell()})


@pytest.fixture
def opened(tiny_faces, tmp_path):
    """`networks` in an empty project with the tiny faces."""

    def open_one(model, protocol=None, **how):
        where = {"entries": tmp_path / "outside", "prepared": tiny_faces.directory.parent, "device": CPU}
        return networks(model, protocol, **where, **how)

    return open_one


def test_a_run_answers_as_its_record_says(trained, tiny_faces, opened):
    record = read_record(trained)
    (network,) = opened(trained)
    row = {name: k for k, name in enumerate(tiny_faces.id.tolist())}
    faces = [
        np.asarray(tiny_faces.pictures[row[name] : row[name] + 1])[0] for name in record.predictions["test_ids"].tolist()
    ]
    stored = record.outputs("test")[1].astype(float)
    wanted = np.exp(stored) / np.exp(stored).sum(1, keepdims=True)
    np.testing.assert_allclose(network.answers(faces, CPU), wanted, rtol=0, atol=1e-12)
    assert network.title == "tiny, seed 0, trained here under tiny-categorical" and network.card == str(trained)
    assert is_run(trained) and is_run(str(trained)) and not is_run(trained.parent) and not is_run(nn.Identity())


def test_what_a_run_lacks(trained, tmp_path, monkeypatch):
    import shutil

    bare = tmp_path / "seed0"
    shutil.copytree(trained, bare, ignore=shutil.ignore_patterns("weights.pt"))
    with pytest.raises(
        BadInput, match=r"weights.pt: found no such file; .*`ferbench run tiny-categorical tiny --seeds 0` makes"
    ):
        network_of_run(bare)
    (bare / "weights.pt").write_bytes((trained / "weights.pt").read_bytes()[:-1] + b"x")
    with pytest.raises(BadInput, match="weights.pt: found SHA-256"):
        network_of_run(bare)
    monkeypatch.setattr("benchmark.runs.parameters.installed_cells", dict)
    with pytest.raises(BadInput, match="found a network that is not installed"):
        network_of_run(trained)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"outside": {"kind": "onnx"}}, "found the record of an outside entry; expected the model itself"),
        ({"status": "diverged"}, "found a diverged run, which has no weights; expected a finished run"),
    ],
)
def test_records_that_have_no_network(trained, monkeypatch, change, said):
    from benchmark.photographs import runs

    record = read_record(trained)
    changed = dataclasses.replace(record, contents={**record.contents, **change})
    monkeypatch.setattr(runs, "read_record", lambda _: changed)
    with pytest.raises(BadInput, match=said):
        network_of_run(trained)


@pytest.mark.parametrize("model", [None, "run"])
def test_options_for_a_network_that_needs_none(opened, trained, model, tiny_protocol):
    own = trained if model else None
    with pytest.raises(
        BadInput, match=r"predict: found trust, protocol for (the carried networks|the run .*); expected it with a"
    ):
        opened(own, tiny_protocol(), trust=True)


class Red(nn.Module):
    """The score of the third class is the mean of the first channel."""

    preprocessing = {"input_size": 8, "range": [0, 1]}

    def forward(self, x):
        assert x.shape[1:] == (3, 8, 8)
        red = x[:, 0].mean((1, 2))
        return torch.stack([0 * red, 0 * red, red], 1)


def test_an_object_gets_what_it_declares(opened, tiny_protocol):
    face = np.zeros((20, 20, 3), np.uint8)
    face[..., 0] = 255
    (network,) = opened(Red(), tiny_protocol())
    e = np.exp(1.0)
    np.testing.assert_allclose(network.answers([face, 0 * face], CPU), [[1 / (2 + e)] * 2 + [e / (2 + e)], [1 / 3] * 3])
    assert "trained elsewhere" in network.title


@pytest.fixture
def weights(trained, tiny_protocol, tiny_cell, tmp_path):
    """The weights of the run as a safetensors file, and the options of its network."""
    state = torch.load(trained / "weights.pt", weights_only=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "net.safetensors")
    return {"weights": tmp_path / "net.safetensors", "options": tiny_cell().options}


def test_weights_of_code_are_given_the_input_of_training(opened, trained, tiny_protocol, weights):
    """Without a declaration the input is the protocol's, whose mean and deviation are measured on its faces or declared."""
    face = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    (by_run,), (measured,) = opened(trained), opened("residual", tiny_protocol(), **weights)
    declared = {key: read_record(trained)["input"][key] for key in ("mean", "deviation")}
    (given,) = opened("residual", tiny_protocol(), preprocessing=declared, **weights)
    wanted = by_run.answers([face], CPU)
    for one in (measured, given):
        np.testing.assert_allclose(one.answers([face], CPU), wanted, atol=1e-5)


def test_without_faces_the_mean_must_be_declared(tiny_protocol, weights, tmp_path):
    with pytest.raises(BadInput, match=r"mean and deviation of the training faces of tiny-categorical, and no faces in"):
        networks("residual", tiny_protocol(), entries=tmp_path, prepared=tmp_path, device=CPU, **weights)


def test_what_can_not_be_opened(opened, tiny_protocol, tmp_path):
    with pytest.raises(
        BadInput, match="predict, protocol: found none; expected the one whose classes it answers with: --protocol NAME"
    ):
        opened("a.b:c")
    with pytest.raises(BadInput, match=r"found a folder without record.json; expected the folder of a run"):
        opened(tmp_path, tiny_protocol())
    with pytest.raises(BadInput, match=r"runs/p/c/seed0: found no such file or folder; expected the folder of a run"):
        opened("runs/p/c/seed0")
    (tmp_path / "record.json").write_text("{}")
    with pytest.raises(BadInput, match=r"record.json: found a file of a run; expected its folder: "):
        opened(str(tmp_path / "record.json"))
    with pytest.raises(BadInput, match="preprocessing: found none declared; expected preprocessing=.*, a mapping"):
        opened(lambda batch: batch, tiny_protocol())
    with pytest.raises(
        BadInput, match="found a file of predictions; expected a model: predictions have no answers to pictures"
    ):
        opened("scores.csv", tiny_protocol())


def test_a_name_with_a_slash_may_be_one_of_timm(opened, tiny_protocol):
    with pytest.raises(BadInput, match="^(?!.*no such file or folder)"):
        opened("timm:somebody/net", tiny_protocol())


def test_the_carried_networks_are_put_on_the_device(tmp_path):
    found = networks(None, None, entries=tmp_path, prepared=tmp_path, device=torch.device("meta"))
    devices = {weight.device.type for network in found for one in network.members for weight in one.model.parameters()}
    assert len(found) == 2 and devices == {"meta"}


def test_an_entry_under_one_protocol_needs_no_other(monkeypatch, opened, tmp_path, tiny_protocol):
    for name in ("a", "b"):
        place = tmp_path / "outside" / name / "net" / "seed0"
        place.mkdir(parents=True)
        (place / "record.json").write_text("{}")
        asked = []
        monkeypatch.setattr(
            "benchmark.photographs.opening.load_protocol", lambda name, to=asked: to.append(name) or tiny_protocol()
        )
        if name == "a":
            with pytest.raises(BadInput):
                opened("net")
            assert asked == ["a"]
        else:
            with pytest.raises(BadInput, match="expected one of a, b, for which it has an entry: --protocol NAME"):
                opened("net")


def test_a_run_with_folds_has_a_member_each(trained, monkeypatch):
    """The names of the files, and the input of each fold."""
    from benchmark.photographs import runs

    record = read_record(trained)
    folds = [{"fold": name, "input": {"mean": [place], "deviation": [1.0]}} for place, name in enumerate("ab")]
    folded = dataclasses.replace(record, contents={**record.contents, "folds": folds})
    asked = []
    monkeypatch.setattr(runs, "read_record", lambda _: folded)
    monkeypatch.setattr(runs, "member", lambda run, where, name, own: asked.append((name, own["mean"])) or name)
    monkeypatch.setattr("pathlib.Path.is_file", lambda _: True)
    assert runs.network_of_run(trained).members == ("weights-a.pt", "weights-b.pt")
    assert asked == [("weights-a.pt", [0]), ("weights-b.pt", [1])]
