"""Converted weights against the forward pass written plainly in numpy, and against TensorFlow's own; hostile files."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.faces.faceset import write_faceset
from benchmark.outside.release.conversion import MODEL, OPTIONS, convert
from benchmark.outside.release.findings import read_findings
from benchmark.outside.release.layers import Network
from benchmark.outside.score_weights import evaluate_weights
from benchmark.protocol.building import create
from benchmark.protocol.cells import Cell
from benchmark.records import face_intervals

SIZES = (18, 20, 13)  # halves 18, 9, 5: even and odd, where SAME pads differently


def same_windows(x, kernel, stride, fill):
    """TensorFlow's SAME: ceil(size / stride) windows, the larger half of what is missing below and to the right."""
    pads = []
    for size in x.shape[:2]:
        missing = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads.append((missing // 2, missing - missing // 2))
    padded = np.pad(x, [*pads, (0, 0)], constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(0, 1))[::stride, ::stride]


def convolve(x, weight, bias, stride=1):
    return np.einsum("hwikl,klio->hwo", same_windows(x, 3, stride, 0), weight, optimize=True) + bias


def pool(x):
    """Mean over the real pixels of each 2 x 2 window."""
    return np.nanmean(same_windows(x, 2, 2, np.nan), axis=(3, 4))


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def forward(picture, of):
    """One picture (S, S, 3) through BReG-NeXt-50 in float64, from the variables by their names."""
    of = {name: value.astype(np.float64) for name, value in of.items()}

    def normalise(x, scope):
        mean, variance, gamma, beta = (of[f"{scope}/{k}"] for k in ("moving_mean", "moving_variance", "gamma", "beta"))
        return elu((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta)

    x = convolve(picture.astype(np.float64), of["Conv2D/W"], of["Conv2D/b"])
    groups = [("", 7, 1), ("_1", 1, 2), ("_2", 8, 1), ("_3", 1, 2), ("_4", 7, 1)]
    for suffix, count, stride in groups:
        for unit in range(count):
            scope, bypass = f"ResidualBlock{suffix}", x
            for number, step in ((2 * unit, stride), (2 * unit + 1, 1)):
                n = f"_{number}" if number else ""
                x = normalise(x, f"{scope}/BatchNormalization{n}")
                x = convolve(x, of[f"{scope}/Conv2D{n}/W"], of[f"{scope}/Conv2D{n}/b"], step)
            n = f"_{unit}" if unit else ""
            a, c = of[f"{scope}/shortcut_mod{n}/a"], of[f"{scope}/shortcut_mod{n}/c"]
            bypass = np.arctan(a * bypass / np.sqrt(c**2 + 1)) / (a * np.sqrt(c**2 + 1))
            if stride == 2:
                bypass = pool(bypass)
                extra = (x.shape[2] - bypass.shape[2]) // 2
                bypass = np.pad(bypass, [(0, 0), (0, 0), (extra, extra)])
            x = x + bypass
    return normalise(x, "BatchNormalization").mean(axis=(0, 1)) @ of["FullyConnected/W"] + of["FullyConnected/b"]


def ours(path, pictures, classes=8):
    """Logits of the registered network with the weights of a file, for pictures (N, S, S, 3)."""
    model = create(MODEL, num_outputs=classes, in_channels=3, input_size=64, **OPTIONS)
    model.load_state_dict(torch.load(path, weights_only=True))
    with torch.inference_mode():
        return model.eval()(torch.from_numpy(pictures).permute(0, 3, 1, 2)).numpy()


def pictures(size):
    return np.random.default_rng(size).uniform(-0.6, 0.6, (2, size, size, 3)).astype(np.float32)


def test_logits_are_those_of_a_plain_forward_pass(checkpoint, weights, tmp_path):
    made = convert(checkpoint.parents[3], tmp_path / "released.pt")  # the folder as a clone has it
    assert made == (3072696, 8, 49, 0)
    for size in SIZES:
        expected = np.stack([forward(picture, weights) for picture in pictures(size)])
        found = ours(tmp_path / "released.pt", pictures(size))
        assert expected.std() > 0.1 and np.abs(found - expected).max() < 1e-4, size


def test_seven_classes_and_untouched_statistics(save_checkpoint, weights, tmp_path):
    changed = dict(weights)
    changed |= {name: weights[name][..., :7].copy() for name in ("FullyConnected/W", "FullyConnected/b")}
    changed |= {name: np.zeros_like(value) for name, value in weights.items() if name.endswith("moving_mean")}
    changed |= {name: np.ones_like(value) for name, value in weights.items() if name.endswith("moving_variance")}
    changed["BatchNormalization/moving_mean"] = changed["BatchNormalization/moving_mean"] + np.float32(1e-6)
    index = save_checkpoint(changed, tmp_path)
    made = convert(index, tmp_path / "seven.pt")
    assert made == (3072567, 7, 49, 48)
    expected = np.stack([forward(picture, changed) for picture in pictures(8)])
    assert np.abs(ours(tmp_path / "seven.pt", pictures(8), 7) - expected).max() < 1e-4


def test_converted_weights_are_scored_on_pictures_as_the_authors_prepare_them(
    checkpoint, weights, tiny_protocol, tmp_path, monkeypatch
):
    """The order of the network's outputs is the protocol's backwards."""
    monkeypatch.setattr(face_intervals, "RESAMPLES", 20)
    names, n = [f"class {k}" for k in range(8)], 24
    pixels = np.random.default_rng(2).integers(0, 256, (n, 16, 16, 3), np.uint8)
    faces = write_faceset(
        tmp_path / "eight",
        pixels,
        name="eight",
        version="1.0",
        classes=names,
        id=[f"face-{row}" for row in range(n)],
        split=[("train", "validation", "test")[row % 3] for row in range(n)],
        expression=np.arange(n) % 8,
        valence=np.zeros(n),
        arousal=np.zeros(n),
    )
    convert(checkpoint, tmp_path / "released.pt")
    protocol = tiny_protocol(data="eight", classes=names, tta=["none"])
    cell = Cell("released", MODEL, OPTIONS, "plain")
    options = {"device": torch.device("cpu"), "input_recipe": "released", "order": names[::-1]}
    evaluate_weights(protocol, cell, tmp_path / "released.pt", faces, tmp_path / "out", **options)
    mean = (0.5727663, 0.44812188, 0.39362228)
    expected = np.stack([forward(picture / 255 - mean, weights) for picture in pixels[2::3]])
    with np.load(tmp_path / "out" / "predictions.npz") as found:
        assert np.abs(found["test_outputs_none"] - expected[:, ::-1]).max() < 1e-4
        assert list(found["test_ids"]) == [f"face-{row}" for row in range(2, n, 3)]


def damaged(place):
    def change(index):
        data = index.with_name("checkpoints.data-00000-of-00001")
        contents = bytearray(data.read_bytes())
        contents[place] ^= 1
        data.write_bytes(contents)

    return change


def shortened(index):
    data = index.with_name("checkpoints.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-1000])


def without_data(index):
    index.with_name("checkpoints.data-00000-of-00001").unlink()


def two_data_files(index):
    index.with_name("checkpoints.data-00000-of-00002").touch()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (damaged(0), "BatchNormalization/beta: found checksum"),
        (damaged(5_000_000), "W: found checksum"),
        (shortened, "ends there"),
        (without_data, "found 0 files checkpoints.data-00000-of-*"),
        (two_data_files, "found 2 files checkpoints.data-00000-of-*"),
        (lambda index: index.write_bytes(index.read_bytes()[:-9]), "end of a LevelDB table"),
    ],
)
def test_damaged_files_are_refused_in_one_line(checkpoint, tmp_path, capsys, change, line):
    folder = tmp_path / "copy"
    shutil.copytree(checkpoint.parent, folder)
    change(folder / "checkpoints.index")
    assert main(["convert-release", str(folder), str(tmp_path / "out.pt")]) == 2
    error = capsys.readouterr().err
    assert line in error and error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("Conv2D/W", np.zeros((5, 5, 3, 32)), r"Conv2D/W: found shape \(5, 5, 3, 32\)"),
        ("FullyConnected/b", np.zeros((8, 1)), r"FullyConnected/b: found shape \(8, 1\)"),
        ("FullyConnected/b", np.zeros(9), r"FullyConnected/W: found shape \(128, 8\) of type 1; expected shape \(128, 9\)"),
        ("ResidualBlock/shortcut_mod_3/a", None, "shortcut_mod_3/a: found no such variable"),
        ("ResidualBlock/BatchNormalization/moving_mean", None, "moving_mean: found no such variable"),
        ("FullyConnected/b", None, "FullyConnected/b: found no such variable"),
        ("Conv2D/b", np.full(32, np.nan), "Conv2D/b: found 32 values that are not finite"),
    ],
)
def test_another_network_is_refused(save_checkpoint, weights, tmp_path, name, value, line):
    values = {key: own for key, own in (weights | {name: value}).items() if own is not None}
    index = save_checkpoint(values, tmp_path)
    with pytest.raises(BadInput, match=line):
        convert(index, tmp_path / "out.pt")
    assert not (tmp_path / "out.pt").exists()


def test_command_line(checkpoint, tmp_path, capsys):
    assert main(["convert-release", str(checkpoint), str(tmp_path / "out.pt")]) == 0
    out = capsys.readouterr().out
    assert "3,072,696 trained parameters, 8 outputs; model bregnext-50, shortcut adaptive, normalisation frozen" in out
    assert "0 of 49 layers with moving mean 0" in out
    assert main(["convert-release", str(checkpoint), str(tmp_path / "out.npz")]) == 2
    assert "ending '.npz'; expected .pt" in capsys.readouterr().err


@pytest.mark.slow
def test_logits_are_those_of_tensorflow(weights, tmp_path):
    """And its index file is audited rightly. Needs TensorFlow, here or in the Python that FER_TENSORFLOW names."""
    python = os.environ.get("FER_TENSORFLOW")
    if python is None and importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed and FER_TENSORFLOW names no Python that has it")
    inputs = {f"pictures {size}": pictures(size) for size in (*SIZES, 64)}
    np.savez(tmp_path / "values.npz", **weights, **inputs)
    script = Path(__file__).with_name("with_tensorflow.py")
    subprocess.run([python or sys.executable, script, tmp_path], check=True, capture_output=True)
    audited = read_findings(tmp_path / "checkpoints.index", Network())
    scalars = [float(value) for name, value in weights.items() if "shortcut_mod" in name]
    assert audited.coefficients == tuple(zip(scalars[::2], scalars[1::2], strict=True)) and audited.steps == 7
    assert audited.means == audited.variances == (49, 0)
    assert convert(tmp_path, tmp_path / "released.pt") == (3072696, 8, 49, 0)
    with np.load(tmp_path / "logits.npz") as logits:
        for name, own in inputs.items():
            difference = np.abs(ours(tmp_path / "released.pt", own) - logits[name]).max()
            print(f"{name}: largest difference of a logit {difference:.2e}, their deviation {logits[name].std():.3f}")
            assert logits[name].std() > 0.1 and difference < 1e-4, name
