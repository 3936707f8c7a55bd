"""From a FaceSet to network input and from a network to predictions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.errors import BadInput
from benchmark.runs.training.evaluation import TTA, predict
from benchmark.runs.training.pixels import Split, Standardiser, load_splits, resized, standardiser

CPU = torch.device("cpu")


def test_whole_factor_is_the_area_average():
    images = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    found = resized(images, np.array([1]), 4, 3)[0].permute(1, 2, 0).numpy()
    expected = np.round(images[1].astype(float).reshape(4, 2, 4, 2, 3).mean((1, 3)))
    assert np.abs(found - expected).max() == 0


@pytest.mark.parametrize("size", [64, 40])
def test_resampling_against_pillow(size):
    """Pillow's BILINEAR is the same triangle filter; both round to whole grey levels."""
    smooth = np.add.outer(np.arange(48), np.arange(48)) * 2 + np.random.default_rng(1).integers(0, 60, (48, 48))
    picture = smooth.astype(np.uint8)
    found = resized(picture[None, :, :, None], np.array([0]), size, 3)
    assert found.shape == (1, 1, size, size)  # grey is repeated later, batch by batch
    expected = np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(found[0, 0].numpy().astype(int) - expected).max() <= 1


def test_luma():
    images = np.zeros((1, 4, 4, 3), np.uint8)
    images[..., 1] = 200
    assert (resized(images, np.array([0]), 4, 1) == round(200 * 0.587)).all()


def test_roles_and_statistics(tiny_faces, tiny_protocol):
    protocol = tiny_protocol()
    splits = load_splits(tiny_faces, protocol, CPU)
    assert {role: len(split) for role, split in splits.items()} == {"train": 100, "validation": 25, "test": 35}
    pixels = np.array(tiny_faces.pictures[:100]).reshape(-1, 3) / 255
    found = standardiser(protocol, splits["train"])
    np.testing.assert_allclose(found.mean, pixels.mean(0), rtol=1e-9)
    np.testing.assert_allclose(found.deviation, pixels.std(0), rtol=1e-9)
    batch = found.standardise(found.unit(splits["train"].pictures))
    np.testing.assert_allclose(batch.mean((0, 2, 3)).numpy(), 0, atol=1e-5)
    np.testing.assert_allclose(batch.std((0, 2, 3)).numpy(), 1, atol=1e-3)


@pytest.mark.parametrize("field", ["input_mean", "input_deviation"])
@pytest.mark.parametrize("value, found", [("rgb", "'rgb'"), ((0.5,), "1 numbers")])
def test_standardising_constants_are_numbers_one_a_channel(tiny_faces, tiny_protocol, field, value, found):
    """A string with as many letters as there are channels would pass a check of the length alone."""
    protocol = tiny_protocol()
    protocol = replace(protocol, recipe=replace(protocol.recipe, **{field: value}))
    assert protocol.channels == 3
    with pytest.raises(BadInput, match=f"{field}: found {found}; expected"):
        standardiser(protocol, load_splits(tiny_faces, protocol, CPU)["train"])


def test_swapped_class_names_are_refused(tiny_faces, tiny_protocol):
    with pytest.raises(BadInput, match="class order: found low, middle, high; expected middle, low, high"):
        load_splits(tiny_faces, tiny_protocol(classes=["middle", "low", "high"]), CPU)


def test_other_data_is_refused(tiny_faces, tiny_protocol):
    with pytest.raises(BadInput, match="version: found 1.0; expected 2.0"):
        load_splits(tiny_faces, tiny_protocol(data_version="2.0"), CPU)
    with pytest.raises(BadInput, match="no row of split 'dev'"):
        load_splits(tiny_faces, tiny_protocol(splits={"train": "train", "validation": "dev", "test": "test"}), CPU)


class Centre(torch.nn.Module):
    """Scores (x, -x) with x the mean of the left half, so that a mirror image scores differently."""

    def forward(self, images):
        x = images[..., : images.shape[3] // 2].mean((1, 2, 3))
        return torch.stack([x, -x], 1)


def test_test_time_augmentation_by_hand():
    images = torch.randint(0, 256, (3, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    split = Split(np.array(["a", "b", "c"]), images, torch.zeros(3, dtype=torch.int64))
    unit = images.double() / 255
    left, right = unit[..., :8].mean((1, 2, 3)), unit[..., 8:].mean((1, 2, 3))
    prepare = Standardiser((0.0,), (1.0,))

    def scores(x):
        return torch.stack([x, -x], 1).softmax(1)

    plain = predict(Centre(), split, prepare, categorical=True)
    np.testing.assert_allclose(plain[:, 0], left, rtol=1e-6)
    flip = predict(Centre(), split, prepare, categorical=True, tta="flip")
    np.testing.assert_allclose(np.exp(flip), ((scores(left) + scores(right)) / 2).numpy(), rtol=1e-6)
    raw = predict(Centre(), split, prepare, categorical=False, tta="flip")
    np.testing.assert_allclose(raw[:, 0], (left + right) / 2, rtol=1e-6)


def test_ten_crops_cover_the_corners():
    ramp = torch.linspace(0, 1, 64).view(1, 1, 1, 64).expand(1, 1, 64, 64)
    views = TTA["ten-crop"](ramp)
    assert len(views) == 10 and all(view.shape == ramp.shape for view in views)
    # 7/8 of the side: the left crops average 7/16 of the ramp, the right ones 9/16, the centre one half.
    means = [view.mean().item() for view in views]
    assert means == pytest.approx([7 / 16, 7 / 16, 9 / 16, 9 / 16] * 2 + [1 / 2] * 2, abs=2e-3)


def test_unknown_augmentation():
    split = Split(np.array(["a"]), torch.zeros(1, 1, 4, 4, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))
    with pytest.raises(BadInput, match="'twelve'"):
        predict(Centre(), split, Standardiser((0.0,), (1.0,)), categorical=True, tta="twelve")
