"""The recipe `released` against the authors' script: picture operations and Adam written plainly, TensorFlow."""

import colorsys
import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.protocol.protocol import load_protocol
from benchmark.runs.training.augmentation import levels, released, shift_hue, uniform, zoom
from benchmark.runs.training.batches import Batches
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.trainer import Run, Trainer, precision_of

CPU = torch.device("cpu")
SIDE = 13


def faces(n: int) -> np.ndarray:
    """uint8 (n, SIDE, SIDE, 3): noise, smooth colours, grey, and flat or saturated patches."""
    rng = np.random.default_rng(2)
    out = rng.integers(0, 256, (n, SIDE, SIDE, 3))
    ramp = np.linspace(-20, 300, SIDE)[:, None] + rng.uniform(-60, 60, (n, 1, SIDE))
    out[1::4] = ramp[1::4, ..., None] + np.array([0, 40, -30])
    out[2::4] = ramp[2::4, ..., None]
    out[3::4, :6] = rng.integers(0, 256, (len(out[3::4]), 1, 1, 3))
    return out.clip(0, 255).astype(np.uint8)


def drawn(n: int, seed: int) -> dict[str, np.ndarray]:
    """What `released` draws for n pictures, in its order."""
    draws, like = torch.Generator().manual_seed(seed), torch.empty(0)
    values = {
        "flip": torch.rand(n, generator=draws) < 0.5,
        "hue": uniform((n,), -0.08, 0.08, like, draws),
        "saturation": uniform((n,), 0.6, 1.6, like, draws),
        "brightness": uniform((n,), -0.05, 0.05, like, draws),
        "contrast": uniform((n,), 0.7, 1.3, like, draws),
        "side": np.arange(0.8, 1.0, 0.01)[torch.randint(20, (n,), generator=draws).numpy()],
        "zoomed": torch.rand(n, generator=draws) < 0.5,
        "touched": torch.rand(n, generator=draws) < 0.5,
    }
    return {name: np.asarray(value) for name, value in values.items()}


def to_bytes(values: np.ndarray) -> np.ndarray:
    """tf.image.convert_image_dtype to uint8, saturating: times 255.5, cut off."""
    return np.clip(np.floor(values * 255.5), 0, 255).astype(np.uint8)


def in_hsv(picture: np.ndarray, turn: float, factor: float) -> np.ndarray:
    out = np.empty(picture.shape)
    for place in np.ndindex(picture.shape[:2]):
        h, s, v = colorsys.rgb_to_hsv(*(picture[place] / 255))
        out[place] = colorsys.hsv_to_rgb((h + turn) % 1, min(1, s * factor), v)
    return to_bytes(out)


def window(picture: np.ndarray, side: float) -> np.ndarray:
    """tf.image.crop_and_resize of a centred box and a cast to uint8, pixel by pixel."""
    out, last = np.empty(picture.shape, np.uint8), len(picture) - 1
    for y, x in np.ndindex(picture.shape[:2]):
        v, u = ((0.5 - side / 2) * last + place * side for place in (y, x))
        (top, left), (bottom, right) = map(int, (v, u)), (math.ceil(v), math.ceil(u))
        rows = [picture[row].astype(float) for row in (top, bottom)]
        upper, lower = ((1 - u + left) * row[left] + (u - left) * row[right] for row in rows)
        out[y, x] = np.floor((1 - v + top) * upper + (v - top) * lower + 1e-4)  # what is a whole level stays one
    return out


def as_the_script(picture: np.ndarray, values: dict) -> np.ndarray:
    """`augment` of the script, one picture, uint8 between the operations."""
    if not values["touched"]:
        return picture
    out = picture[:, ::-1] if values["flip"] else picture
    out = in_hsv(out, values["hue"], 1)
    out = in_hsv(out, 0, values["saturation"])
    out = to_bytes(out / 255 + values["brightness"])
    mean = out.mean((0, 1)) / 255
    out = to_bytes((out / 255 - mean) * values["contrast"] + mean)
    return window(out, values["side"]) if values["zoomed"] else out


def as_tensor(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def as_bytes(pictures: torch.Tensor) -> np.ndarray:
    scaled = (pictures * 255).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(scaled, scaled.round(), atol=1e-4)  # whole levels
    return scaled.round().astype(np.uint8)


def differences(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.abs(found.astype(int) - expected.astype(int))


def test_augmentation_is_the_scripts_pixel_by_pixel():
    pictures = faces(120)
    found = as_bytes(released(as_tensor(pictures), torch.Generator().manual_seed(4)))
    values = drawn(len(pictures), 4)
    expected = np.array([as_the_script(each, {k: v[i] for k, v in values.items()}) for i, each in enumerate(pictures)])
    np.testing.assert_array_equal(found[~values["touched"]], pictures[~values["touched"]])
    kinds = [values["touched"] & (values["zoomed"] == zoomed) for zoomed in (False, True)]
    assert min(map(sum, kinds)) > 20
    for kind, share in zip(kinds, (1e-3, 1e-2), strict=True):  # the last bit decides a level here and there
        off = differences(found[kind], expected[kind])
        assert off.max() <= 2 and (off > 0).mean() < share


def test_zoom_keeps_flat_pictures_and_takes_the_window():
    flat = (torch.arange(256) / 255).view(-1, 1, 1, 1).expand(-1, 3, 64, 64).contiguous()
    for side in np.arange(0.8, 1.0, 0.01):
        assert torch.equal(zoom(flat, torch.full((256,), side, dtype=torch.float64)), flat)
    ramp = (3 * torch.arange(64.0) / 255).expand(1, 3, 64, 64)
    out = zoom(ramp, torch.tensor([0.8], dtype=torch.float64))[0, 0, 0] * 255
    np.testing.assert_array_equal(out.round(), np.floor(3 * (6.3 + 0.8 * np.arange(64)) + 1e-4))


def test_epsilon_is_added_before_the_correction(tiny_faces, tiny_protocol, tiny_cell):
    """theta - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + epsilon hat), as TensorFlow's AdamOptimizer says; an epsilon as
    large as the gradients, so that its place shows."""
    recipe = {"optimizer": "adam", "weight_decay": 0.0, "schedule": "staircase", "learning_rate": 0.01, "decay_steps": 100}
    for epsilon_hat in (1e-3, None):
        run = Run(tiny_protocol(recipe=recipe | {"epsilon_hat": epsilon_hat}), tiny_cell(), 0)
        trainer = Trainer(run, tiny_faces, CPU, load_splits(tiny_faces, run.protocol, CPU))
        order, moments = trainer.order(), {}
        for step in range(1, 5):
            before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
            trainer.train_step(order)
            for name, parameter in trainer.model.named_parameters():
                gradient, old = parameter.grad.double(), moments.get(name, (0.0, 0.0))
                m, v = 0.9 * old[0] + 0.1 * gradient, 0.999 * old[1] + 0.001 * gradient**2
                moments[name] = m, v
                corrections = 1 - 0.9**step, 1 - 0.999**step
                if epsilon_hat:
                    update = math.sqrt(corrections[1]) / corrections[0] * m / (v.sqrt() + epsilon_hat)
                else:
                    update = m / corrections[0] / ((v / corrections[1]).sqrt() + 1e-8)
                found = before[name].double() - parameter.detach().double()
                torch.testing.assert_close(found, 0.01 * update, rtol=1e-3, atol=3e-7)


def test_precision(tiny_protocol):
    plain, exact = tiny_protocol().recipe, load_protocol("fer2013-7-released").recipe
    cuda = torch.device("cuda")
    assert [precision_of(recipe, cuda) for recipe in (plain, exact)] == ["bf16", "float32"]
    assert precision_of(plain, CPU) == precision_of(exact, CPU) == "float32"


@pytest.mark.slow
def test_the_recipe_against_tensorflow(tmp_path):
    """Picture operations one by one and all together, orders and batches of tf.data, Adam. Needs TensorFlow, here or in the
    Python that FER_TENSORFLOW names."""
    python = os.environ.get("FER_TENSORFLOW")
    if python is None and importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed and FER_TENSORFLOW names no Python that has it")
    pictures, values = faces(200), drawn(200, 6)
    rng = np.random.default_rng(0)
    gradients = (rng.normal(size=(30, 5)) * [1, 1e-2, 1e-5, 1e-7, 1e-8]).astype(np.float32)
    np.savez(tmp_path / "given.npz", pictures=pictures, gradients=gradients, **values)
    script = Path(__file__).parents[2] / "outside" / "release" / "recipe_with_tensorflow.py"
    subprocess.run([python or sys.executable, script, tmp_path], check=True, capture_output=True)
    with np.load(tmp_path / "found.npz") as stored:
        theirs = dict(stored)
    x, given = as_tensor(pictures), {name: torch.from_numpy(value) for name, value in values.items()}
    ones, zeros = torch.ones(len(x)), torch.zeros(len(x))
    mean, contrast = x.mean((2, 3), keepdim=True), given["contrast"].view(-1, 1, 1, 1)
    ours = {
        "hue": levels(shift_hue(x, given["hue"], ones)),
        "saturation": levels(shift_hue(x, zeros, given["saturation"])),
        "brightness": levels(x + given["brightness"].view(-1, 1, 1, 1)),
        "contrast": levels((x - mean) * contrast + mean),
        "side": zoom(x, given["side"]),
        "all": released(x, torch.Generator().manual_seed(6)),
    }
    for name, picture in ours.items():
        off = differences(as_bytes(picture), theirs[name])
        print(f"{name}: largest difference {off.max()} levels, {(off > 0).mean():.1e} of the pixels differ")
        assert off.max() <= 2 and (off > 0).mean() < 2e-4, name
    # Three epochs of 28,709 through a shuffle buffer of 1,192, batches of 64.
    batches = Batches(28709, 64, 3, 0, across_epochs=True, buffer=1192)
    lengths = [len(step) for epoch in range(3) for step in batches.order(epoch).split(64)]
    assert lengths == theirs["lengths"].tolist()
    line, places = theirs["line"].reshape(3, -1), np.arange(28709)
    for own, other in zip((batches._order(epoch).numpy() for epoch in range(3)), line, strict=True):
        figures = [(np.corrcoef(o, places)[0, 1], np.abs(o - places).mean(), (o - places).max()) for o in (own, other)]
        print("correlation, mean distance, earliest: {:.4f} {:.0f} {}, theirs {:.4f} {:.0f} {}".format(*sum(figures, ())))
        assert sorted(other.tolist()) == places.tolist() and abs(figures[0][0] - figures[1][0]) < 0.001
        assert abs(figures[0][1] - figures[1][1]) < 25 and max(figures[0][2], figures[1][2]) <= 1191
    parameter = torch.nn.Parameter(torch.zeros(5))
    optimiser = torch.optim.Adam([parameter], lr=1e-4, fused=True)
    for step, gradient in enumerate(torch.from_numpy(gradients), 1):
        optimiser.param_groups[0]["eps"] = 1e-8 / math.sqrt(1 - 0.999**step)
        parameter.grad = gradient
        optimiser.step()
        np.testing.assert_allclose(parameter.detach().numpy(), theirs["adam"][step - 1], rtol=2e-4, atol=1e-9)
