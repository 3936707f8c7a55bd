"""Weights scored under a protocol: the same predictions as the run that made them, class order, input, refusals."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.metrics import accuracy_score, f1_score

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.files import read_yaml
from benchmark.outside.adapters.weights import read_state
from benchmark.outside.score_weights import evaluate_weights
from benchmark.protocol.cells import Run, find_cell
from benchmark.protocol.protocol import RECIPES, load_protocol
from benchmark.records import face_intervals
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import build_model

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(face_intervals, "RESAMPLES", 300)


@pytest.fixture(scope="module")
def record(tiny_faces, tiny_protocol, tiny_cell, tmp_path_factory):
    run = Run(tiny_protocol(epochs=1), tiny_cell(), 0)
    return train(run, tiny_faces, tmp_path_factory.mktemp("runs") / "run", device=CPU)


def evaluate(record, faces, protocol, cell, out, **changes):
    file = changes.pop("weights", None) or record.directory / "weights.pt"
    return evaluate_weights(protocol, cell, file, faces, out, device=CPU, **changes)


def stored(out):
    with np.load(out / "predictions.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def test_a_runs_own_weights_predict_as_its_record(record, tiny_faces, tiny_protocol, tiny_cell, tmp_path):
    found = evaluate(record, tiny_faces, tiny_protocol(epochs=1), tiny_cell(), tmp_path / "out")
    arrays = stored(tmp_path / "out")
    assert set(arrays) == set(record.predictions)
    assert all(np.array_equal(arrays[name], values) for name, values in record.predictions.items())
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text()) == found
    targets, outputs = record.outputs("test", "flip")
    scores = found["metrics"]["test"]["flip"]
    assert scores["accuracy"] == pytest.approx(accuracy_score(targets, outputs.argmax(1)))
    assert scores["macro_f1"] == pytest.approx(f1_score(targets, outputs.argmax(1), average="macro", zero_division=0))
    right = outputs.argmax(1) == targets
    ends = found["intervals"]["flip"]["accuracy"]
    half = 1.96 * np.sqrt(right.mean() * (1 - right.mean()) / len(right))
    assert (ends["low"], ends["high"]) == pytest.approx((right.mean() - half, right.mean() + half), abs=0.25 * half)
    assert not (tmp_path / "out" / "record.json").exists()  # never taken for a run


def test_no_flipped_bit_of_a_runs_weights_is_loaded(record, tmp_path):
    """The seal of the record tells; torch alone would load most of these."""
    folder = tmp_path / "run"
    shutil.copytree(record.directory, folder)
    whole = (folder / "weights.pt").read_bytes()
    assert set(read_state(folder / "weights.pt")[0]) == set(torch.load(folder / "weights.pt", weights_only=True))
    for place in range(7, len(whole), len(whole) // 40):
        (folder / "weights.pt").write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        with pytest.raises(BadInput, match="as in seal.json beside it"):
            read_state(folder / "weights.pt")


def test_safetensors_say_the_same(record, tiny_faces, tiny_protocol, tiny_cell, tmp_path):
    state = torch.load(record.directory / "weights.pt", weights_only=True)
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, tmp_path / "w.safetensors")
    evaluate(record, tiny_faces, tiny_protocol(epochs=1), tiny_cell(), tmp_path / "out", weights=tmp_path / "w.safetensors")
    arrays = stored(tmp_path / "out")
    assert all(np.array_equal(arrays[name], values) for name, values in record.predictions.items())


def test_other_class_order_and_other_input(record, tiny_faces, tiny_protocol, tiny_cell, tmp_path):
    state = torch.load(record.directory / "weights.pt", weights_only=True)
    turned = [2, 0, 1]  # the network's outputs are high, low, middle
    for name in ("output.weight", "output.bias"):
        state[name] = state[name][turned]
    torch.save(state, tmp_path / "turned.pt")
    options = {"weights": tmp_path / "turned.pt", "order": ["high", "low", "middle"]}
    evaluate(record, tiny_faces, tiny_protocol(epochs=1), tiny_cell(), tmp_path / "out", **options)
    for name, values in record.predictions.items():
        same = np.array_equal if values.dtype.kind == "U" else np.allclose  # sums over the classes in another order
        assert same(stored(tmp_path / "out")[name], values), name
    mean = read_yaml(RECIPES)["released"]["input_mean"]
    found = evaluate(record, tiny_faces, tiny_protocol(epochs=1), tiny_cell(), tmp_path / "input", input_recipe="released")
    assert found["input"] == {"recipe": "released", "mean": mean, "deviation": [1, 1, 1]}
    rows = tiny_faces.rows("test")
    model = build_model(Run(tiny_protocol(epochs=1), tiny_cell(), 0), CPU)
    model.load_state_dict(torch.load(record.directory / "weights.pt", weights_only=True))
    pixels = torch.from_numpy(tiny_faces.pictures[rows] / 255 - np.array(mean)).float().permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = model.eval()(pixels).numpy()
    assert np.abs(stored(tmp_path / "input")["test_outputs_none"] - expected).max() < 1e-4


def test_valence_and_arousal(tiny_faces, tiny_protocol, tiny_cell, tmp_path):
    protocol, cell = tiny_protocol("dimensional"), tiny_cell("mse")
    torch.save(build_model(Run(protocol, cell, 3), CPU).state_dict(), tmp_path / "w.pt")
    found = evaluate(None, tiny_faces, protocol, cell, tmp_path / "out", weights=tmp_path / "w.pt")
    arrays = stored(tmp_path / "out")
    roots = np.sqrt(((arrays["test_outputs_none"] - arrays["test_targets"]) ** 2).mean(axis=0))
    assert found["metrics"]["test"]["none"]["rmse_mean"] == pytest.approx(roots.mean(), rel=1e-5)
    ends = found["intervals"]["none"]["rmse_mean"]
    assert ends["low"] < roots.mean() < ends["high"]
    with pytest.raises(BadInput, match="order of the outputs: found low; expected valence, arousal"):
        evaluate(None, tiny_faces, protocol, cell, tmp_path / "o", weights=tmp_path / "w.pt", order=["low"])


class Evil:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize(
    ("contents", "line"),
    [
        (None, "no such file"),
        (b"nothing of torch's", "a file that torch does not load"),
        (Evil(), "a pickle that asks for builtins.print, which is code; it was not run"),
        ([torch.zeros(1)], "a list, no tensors; expected a state dict"),
        ({"stem.weight": 1.0}, "keys 'stem.weight', no tensors; expected a state dict"),
        ({"stem.weight": torch.zeros(4, 3, 3, 3)}, "1 tensor in the file; 49 of the network's 57 missing"),
    ],
)
def test_files_that_are_no_weights(record, tiny_faces, tiny_protocol, tiny_cell, tmp_path, contents, line, capsys):
    path = tmp_path / "w.pt"
    if isinstance(contents, bytes):
        path.write_bytes(contents)
    elif contents is not None:
        torch.save(contents, path)
    with pytest.raises(BadInput, match=line):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(), tmp_path / "out", weights=path)
    assert not (tmp_path / "out").exists() and capsys.readouterr().out == ""


def test_weights_of_another_network_and_other_refusals(record, tiny_faces, tiny_protocol, tiny_cell, tmp_path):
    with pytest.raises(
        BadInput, match=r"stem.weight: found shape \(4, .* \(and .* differ\); expected shape \(8, 3, 3, 3\), as in cell tiny"
    ):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(widths=[8, 8]), tmp_path / "out")
    with pytest.raises(BadInput, match="surplus \\('units.0.shortcut.a', .*; expected exactly the tensors of cell tiny"):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(shortcut="fixed"), tmp_path / "out")
    with pytest.raises(BadInput, match="each class of tiny-categorical once: low, middle, high"):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(), tmp_path / "out", order=["low", "low", "high"])
    with pytest.raises(BadInput, match="order of the outputs: found low, high, none; expected all of low, middle, high"):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(), tmp_path / "out", order=["low", "high", "none"])
    with pytest.raises(BadInput, match="recipe of the input: found 'best'"):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(), tmp_path / "out", input_recipe="best")
    with pytest.raises(BadInput, match="expected a new folder"):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(), tmp_path)
    state = torch.load(record.directory / "weights.pt", weights_only=True)
    state["output.bias"][1] = torch.nan
    torch.save(state, tmp_path / "nan.pt")
    with pytest.raises(BadInput, match="validation_outputs_none: found outputs that are not finite"):
        evaluate(record, tiny_faces, tiny_protocol(), tiny_cell(), tmp_path / "out", weights=tmp_path / "nan.pt")
    assert not (tmp_path / "out").exists()


def test_command_line(tmp_path, capsys):
    protocol, cell = load_protocol("synthetic-8"), find_cell("narrow8-12-adaptive-working-plain")
    rng, n = np.random.default_rng(0), 48
    write_faceset(
        tmp_path / "prepared" / protocol.data,
        rng.integers(0, 256, (n, 32, 32, 3), np.uint8),
        name=protocol.data,
        version=protocol.data_version,
        classes=protocol.classes,
        id=[f"face-{row}" for row in range(n)],
        split=[protocol.splits[("train", "validation", "test")[row % 3]] for row in range(n)],
        expression=np.arange(n) // 3 % 8,
        valence=rng.uniform(-1, 1, n),
        arousal=rng.uniform(-1, 1, n),
    )
    torch.save(build_model(Run(protocol, cell, 0), CPU).state_dict(), tmp_path / "w.pt")
    prepared, out = str(tmp_path / "prepared"), str(tmp_path / "scored")
    call = ["evaluate-weights", protocol.name, cell.name, str(tmp_path / "w.pt"), "--prepared", prepared, "--out", out]
    assert main([*call, "--device", "cpu", "--order", *protocol.classes[::-1]]) == 0
    printed = capsys.readouterr().out
    accuracy = json.loads((tmp_path / "scored" / "evaluation.json").read_text())["metrics"]["test"]["none"]["accuracy"]
    assert f"test, TTA none: accuracy {accuracy:.4f} [" in printed
    assert main(call) == 2 and "expected a new folder" in capsys.readouterr().err
