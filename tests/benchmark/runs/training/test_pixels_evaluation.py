"""From a FaceSet to network input and from a network to predictions."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmark.errors import BadInput
from benchmark.runs.training import pixels
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
@pytest.mark.parametrize("value, line", [("rgb", "found 'rgb'; expected training, or 3 numbers"),
                                         ((0.5,), "found 1 numbers; expected 3")])  # fmt: skip
def test_standardising_constants_are_numbers_one_a_channel(tiny_faces, tiny_protocol, field, value, line):
    """A string with as many letters as there are channels would pass a check of the length alone."""
    protocol = tiny_protocol()
    protocol = replace(protocol, recipe=replace(protocol.recipe, **{field: value}))
    assert protocol.channels == 3
    with pytest.raises(BadInput, match=f"^protocol tiny-categorical, {field}: {line}$"):
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
    line = "^test-time augmentation: found 'twelve'; expected one of none, flip, ten-crop$"
    with pytest.raises(BadInput, match=line):
        predict(Centre(), split, Standardiser((0.0,), (1.0,)), categorical=True, tta="twelve")


class Modes(torch.nn.Module):
    """Scores that tell its mode; fails in a graph that tracks gradients."""

    def __init__(self):
        super().__init__()
        self.own = torch.nn.Parameter(torch.ones(()))

    def forward(self, images):
        assert not torch.is_grad_enabled()
        x = images.flatten(1).sum(1) * self.own
        return torch.stack([x, x + self.training], 1)


@pytest.mark.parametrize("training", [True, False])
def test_predictions_are_made_in_evaluation_mode_in_order_and_the_mode_is_restored(training):
    """More faces than fit into one batch, each with its own value."""
    images = torch.arange(600, dtype=torch.int64).remainder(251).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    split = Split(np.arange(600).astype(str), images, torch.zeros(600, dtype=torch.int64))
    model = Modes().train(training)
    found = predict(model, split, Standardiser((0.25,), (0.5,)), categorical=True)
    assert found.dtype == np.float32 and found.shape == (600, 2) and model.training == training
    np.testing.assert_allclose(found[:, 0], 4 * (np.arange(600) % 251 / 255 - 0.25) / 0.5, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])


def test_ten_crops_average_probabilities_over_ten_views():
    """Corners and centre, each with its mirror image, cut out of one ramp by hand."""
    ramp = torch.linspace(0, 255, 64).round().to(torch.uint8).view(1, 1, 1, 64).expand(1, 1, 64, 64)
    split = Split(np.array(["a"]), ramp, torch.zeros(1, dtype=torch.int64))
    found = predict(Centre(), split, Standardiser((0.0,), (0.1,)), categorical=True, tta="ten-crop")
    # The left half of a crop spans 7/16 of the side from where the crop begins; of its mirror image, the right half.
    halves = [begin + 7 / 32 + flip * 7 / 16 for begin in (0, 1 / 8, 0, 1 / 8, 1 / 16) for flip in (0, 1)]
    each = 1 / (1 + np.exp(-2 * np.array(halves) / 0.1))
    np.testing.assert_allclose(np.exp(found[0]), [each.mean(), 1 - each.mean()], atol=2e-3)
    raw = predict(Centre(), split, Standardiser((0.0,), (0.1,)), categorical=False, tta="ten-crop")
    np.testing.assert_allclose(raw[0, 0], np.mean(halves) / 0.1, atol=0.05)


def test_colour_of_a_grey_picture_is_repeated_and_deviation_is_of_the_population():
    images = torch.tensor([[[[0, 51]]], [[[102, 255]]]], dtype=torch.uint8)
    prepare = Standardiser((0.1, 0.2, 0.3), (1.0, 2.0, 4.0))
    out = prepare.standardise(prepare.unit(images))
    assert out.shape == (2, 3, 1, 2)
    expected = (np.array([[0, 0.2], [0.4, 1]])[:, None, :] - np.array([0.1, 0.2, 0.3])[:, None]) / np.array([1, 2, 4])[
        :, None
    ]
    np.testing.assert_allclose(out[:, :, 0].numpy(), expected, rtol=1e-5, atol=1e-7)


def test_every_weight_of_luma():
    """ITU-R BT.601, channel by channel."""
    for channel, weight in enumerate((0.299, 0.587, 0.114)):
        images = np.zeros((1, 2, 2, 3), np.uint8)
        images[..., channel] = 250
        assert resized(images, np.array([0]), 2, 1).unique().tolist() == [round(250 * weight)]


def test_a_network_of_three_channels_keeps_grey_as_one_until_the_batch():
    grey = np.full((2, 4, 4, 1), 7, np.uint8)
    assert resized(grey, np.array([1, 0, 1]), 4, 3).shape == (3, 1, 4, 4)
    colour = np.zeros((1, 4, 4, 3), np.uint8)
    colour[..., 2] = 9
    assert resized(colour, np.array([0]), 4, 3)[0, :, 0, 0].tolist() == [0, 0, 9]


def test_pictures_that_are_not_square_are_averaged_only_by_whole_factors_of_both_sides():
    images = np.random.default_rng(3).integers(0, 256, (1, 8, 6, 1), dtype=np.uint8)
    found = resized(images, np.array([0]), 4, 1)[0, 0].numpy().astype(int)
    expected = np.asarray(Image.fromarray(images[0, :, :, 0]).resize((4, 4), Image.Resampling.BILINEAR)).astype(int)
    assert np.abs(found - expected).max() <= 1
    images = np.random.default_rng(3).integers(0, 256, (1, 12, 8, 1), dtype=np.uint8)
    found = resized(images, np.array([0]), 4, 1)[0, 0].numpy()
    np.testing.assert_array_equal(found, images[0, :, :, 0].reshape(4, 3, 4, 2).mean((1, 3)).round())


def test_faces_without_a_label_of_the_task_are_refused_by_their_split(tiny_faces, tiny_protocol):
    bare = replace(tiny_faces, expression=np.where(tiny_faces.split == "validation", -1, tiny_faces.expression))
    line = "tiny, split validation: found no row with a label; expected some$"
    with pytest.raises(BadInput, match=line):
        load_splits(bare, tiny_protocol(), CPU)


def test_what_decides_where_pictures_are_held(tiny_faces, tiny_protocol, monkeypatch):
    """The memory of a device among its processes; what streaming them needs is handed on."""
    asked, given, limit = [], [], 160 * 12 * 12  # grey pictures of 12 x 12, made of coloured ones
    monkeypatch.setattr(pixels, "resident_limit", lambda device, jobs: asked.append((device, jobs)) or limit)
    monkeypatch.setattr(pixels, "streamed", lambda faces, rows, *rest: given.append((len(rows), *rest)) or "streamed")
    stop = [].append
    protocol = tiny_protocol(input_size=12, channels=1)
    assert load_splits(tiny_faces, protocol, CPU)["train"].pictures.shape == (100, 1, 12, 12)
    limit, asked[:] = limit - 1, []
    assert load_splits(tiny_faces, protocol, CPU, jobs=3, stop=stop)["train"].pictures == "streamed"
    assert given == [(rows, 12, 1, CPU, stop) for rows in (100, 25, 35)]
    load_splits(tiny_faces, protocol, CPU)
    assert asked == [(CPU, 3), (CPU, 1)] and given[-1][-1]() is False


def test_statistics_do_not_depend_on_how_many_pictures_are_read_at_once(tiny_faces, tiny_protocol, monkeypatch):
    protocol = tiny_protocol()
    train = load_splits(tiny_faces, protocol, CPU)["train"]
    whole, asked, batch = standardiser(protocol, train), [], Split.batch
    monkeypatch.setattr(pixels, "CHUNK", 40)
    monkeypatch.setattr(Split, "batch", lambda *given: asked.append(given[1:]) or batch(*given))
    assert standardiser(protocol, train).mean == pytest.approx(whole.mean, rel=1e-12)
    assert asked == [(slice(at, at + 40), slice(at + 40, at + 80)) for at in (0, 40, 80)]


def test_statistics_of_grey_and_of_flat_pictures(tiny_protocol):
    """Grey ones are those of each channel; a deviation of 0 would divide by 0."""
    flat = torch.full((3, 1, 2, 2), 51, dtype=torch.uint8)
    found = standardiser(tiny_protocol(), Split(np.array(["a", "b", "c"]), flat, torch.zeros(3)))
    assert found.mean == pytest.approx((0.2,) * 3) and found.deviation == pytest.approx((1e-6,) * 3)


def test_faces_are_predicted_256_at_a_time_and_the_next_are_announced(monkeypatch):
    sizes, asked, batch = [], [], Split.batch

    class Sizes(torch.nn.Module):
        def forward(self, images):
            sizes.append((len(images), images.is_contiguous(memory_format=torch.channels_last)))
            return torch.zeros(len(images), 2)

    monkeypatch.setattr(Split, "batch", lambda *given: asked.append(given[1:]) or batch(*given))
    split = Split(np.arange(600).astype(str), torch.zeros(600, 3, 2, 2, dtype=torch.uint8), torch.zeros(600))
    predict(Sizes(), split, Standardiser((0.0,) * 3, (1.0,) * 3), categorical=True)
    assert sizes == [(256, True), (256, True), (88, True)]
    assert asked == [(slice(at, at + 256), slice(at + 256, at + 512)) for at in (0, 256, 512)]


def test_everything_stays_on_the_device_of_the_pictures(tiny_faces, tiny_protocol):
    meta = torch.device("meta")
    prepare = Standardiser((0.1, 0.2, 0.3), (1.0, 2.0, 4.0))
    grey = prepare.unit(torch.empty(2, 1, 3, 2, dtype=torch.uint8, device=meta))
    assert grey.shape == (2, 3, 3, 2) and prepare.standardise(grey).device == meta
    assert {view.device for view in TTA["ten-crop"](torch.empty(2, 3, 8, 8, device=meta))} == {meta}
    splits = load_splits(tiny_faces, tiny_protocol(), meta).values()
    assert {tensor.device for split in splits for tensor in (split.pictures, split.targets)} == {meta}


def test_the_precision_of_predictions_is_torchs_autocast(monkeypatch):
    """To bfloat16, whatever the device's own is: on a GPU that would be float16."""
    given, autocast = [], torch.autocast
    monkeypatch.setattr(torch, "autocast", lambda *kinds, **named: given.append((kinds, named)) or autocast(*kinds, **named))
    split = Split(np.array(["a"]), torch.zeros(1, 1, 4, 4, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))
    for precision in ({"precision": "bf16"}, {"precision": "float32"}, {}):
        predict(Centre(), split, Standardiser((0.0,), (1.0,)), categorical=True, **precision)
    assert given == [(("cpu", torch.bfloat16), {"enabled": enabled}) for enabled in (True, False, False)]
