"""Augmentation: colour arithmetic against the standard library, geometry, ranges, and what is left untouched."""

import colorsys

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from benchmark.runs.training import augmentation
from benchmark.runs.training.augmentation import AUGMENTATIONS, mirror, released, shift_hue, standard, uniform, warp


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_hue_and_saturation_against_colorsys():
    images = torch.rand(5, 3, 4, 4, generator=generator())
    amount, saturation = torch.tensor([0.08, -0.08, 0.0, 0.05, -0.3]), torch.tensor([1.0, 0.6, 1.6, 0.9, 1.2])
    found = shift_hue(images, amount, saturation)
    for b in range(5):
        for y in range(4):
            for x in range(4):
                h, s, v = colorsys.rgb_to_hsv(*images[b, :, y, x].tolist())
                expected = colorsys.hsv_to_rgb((h + amount[b].item()) % 1, min(1, s * saturation[b].item()), v)
                np.testing.assert_allclose(found[b, :, y, x].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_grey_stays_grey(channels):
    grey = torch.rand(3, 1, 6, 6, generator=generator()).expand(-1, channels, -1, -1)
    out = shift_hue(grey, torch.full((3,), 0.08), torch.full((3,), 1.6))
    torch.testing.assert_close(out, grey.contiguous())


def test_warp_by_whole_pixels_is_a_shift():
    images = torch.rand(2, 3, 8, 8, generator=generator())
    matrix = torch.tensor([[1.0, 0.0, 2 * 2 / 8], [0.0, 1.0, 0.0]]).expand(2, 2, 3)  # reads two pixels to the right
    out = warp(images, matrix)
    torch.testing.assert_close(out[..., :6], images[..., 2:])
    torch.testing.assert_close(out[..., 7], images[..., 7])  # the edge is repeated


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
@pytest.mark.parametrize("channels", [1, 3])
def test_keeps_shape_range_and_repeats(name, channels):
    images = torch.rand(64, channels, 16, 16, generator=generator(1))
    first, again, other = (AUGMENTATIONS[name](images, generator(s)) for s in (5, 5, 6))
    assert first.shape == images.shape and first.dtype == torch.float32
    assert first.min() >= 0 and first.max() <= 1
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_released_leaves_half_untouched_and_flips_a_quarter():
    images = torch.rand(2000, 1, 8, 8, generator=generator(2))
    out = released(images, generator(3))
    untouched = (out == images).flatten(1).all(1).double().mean().item()
    assert untouched == pytest.approx(0.5, abs=0.04)
    ramp = torch.linspace(0, 1, 8).expand(2000, 1, 8, 8)
    out = released(ramp, generator(4))
    falls = (out[:, 0, :, 0] > out[:, 0, :, -1]).all(1).double().mean().item()
    assert falls == pytest.approx(0.25, abs=0.03)


def test_every_image_draws_its_own():
    images = torch.rand(1, 3, 16, 16, generator=generator(1)).expand(32, -1, -1, -1)
    out = standard(images, generator(2))
    assert len({out[i].numpy().tobytes() for i in range(32)}) == 32


def test_which_augmentation_a_name_means():
    assert {"flip": mirror, "released": released, "standard": standard} == AUGMENTATIONS


def test_uniform_fills_the_interval():
    draws = uniform((20000, 2), -0.25, 1.5, torch.empty(0), generator())
    assert draws.shape == (20000, 2) and draws.dtype == torch.float32
    assert -0.25 <= draws.min() < -0.249 and 1.499 < draws.max() <= 1.5
    assert draws.mean().item() == pytest.approx(0.625, abs=0.01) and draws.std().item() == pytest.approx(
        1.75 / 12**0.5, abs=0.01
    )


def test_mirror_turns_half_of_the_pictures_and_nothing_else():
    images = torch.rand(2000, 3, 4, 4, generator=generator(1))
    out = mirror(images, generator(2))
    turned, same = (out == images.flip(3)).flatten(1).all(1), (out == images).flatten(1).all(1)
    assert (turned ^ same).all() and turned.double().mean().item() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("name", list(AUGMENTATIONS))
def test_everything_is_drawn_and_computed_on_the_device_of_the_pictures(name, monkeypatch):
    """A tensor on another device would stop a run on a GPU at its first step."""
    meta, made = torch.device("meta"), []

    def noting(function):
        return lambda *given, **named: made.append(function(*given, **named)) or made[-1]

    for each in ("rand", "randint", "zeros", "ones", "arange"):
        monkeypatch.setattr(torch, each, noting(getattr(torch, each)))
    assert AUGMENTATIONS[name](torch.empty(4, 3, 8, 8, device=meta), generator()).device == meta
    assert made and {tensor.device for tensor in made} == {meta}


def test_half_of_the_draws_are_below_one_half(monkeypatch):
    """A draw of exactly 1/2 changes nothing, as it does not in the script."""
    images = (torch.rand(1, 3, 12, 12, generator=generator()) * 255).round() / 255
    found = {}
    for zoomed, touched in ((0.5, 0.4), (0.6, 0.4), (0.4, 0.4), (0.4, 0.5)):
        draws = iter([torch.tensor(value) for value in (0.0, 1.0, 0.0, 1.0, zoomed, touched)])
        monkeypatch.setattr(augmentation, "uniform", lambda shape, *_, draws=draws: next(draws).expand(shape))
        found[zoomed, touched] = released(images, generator(1))
    assert torch.equal(found[0.5, 0.4], found[0.6, 0.4]) and not torch.equal(found[0.5, 0.4], found[0.4, 0.4])
    assert torch.equal(found[0.4, 0.5], images)
    monkeypatch.setattr(torch, "rand", lambda *_, **__: torch.tensor([0.5]))
    assert torch.equal(mirror(images, generator()), images)


def standard_plainly(pictures: np.ndarray, draws: torch.Generator) -> np.ndarray:
    """`standard` picture by picture in pixels, with SciPy's interpolation: what its docstring says, from the same draws."""

    def between(low: float, high: float, *shape: int) -> np.ndarray:
        return low + (high - low) * torch.rand(shape, generator=draws).double().numpy()

    n, side = len(pictures), pictures.shape[-1]
    flipped = torch.rand(n, generator=draws).numpy() < 0.5
    angle, scale = np.deg2rad(between(-10, 10, n)), between(0.9, 1.1, n)
    shift = between(-0.06, 0.06, n, 2) * side
    brightness, contrast = between(-0.1, 0.1, n, 1, 1, 1), between(0.8, 1.2, n, 1, 1, 1)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    found = []
    for k, picture in enumerate(pictures):
        source = picture[:, :, ::-1] if flipped[k] else picture
        across = scale[k] * (np.cos(angle[k]) * x - np.sin(angle[k]) * y) + shift[k, 0] + (side - 1) / 2
        down = scale[k] * (np.sin(angle[k]) * x + np.cos(angle[k]) * y) + shift[k, 1] + (side - 1) / 2
        out = np.stack([map_coordinates(channel, [down, across], order=1, mode="nearest") for channel in source])
        out = out + brightness[k, 0, 0, 0]
        mean = out.mean()
        found.append(np.clip((out - mean) * contrast[k, 0, 0, 0] + mean, 0, 1))
    return np.array(found)


@pytest.mark.parametrize("channels", [1, 3])
def test_standard_pixel_by_pixel(channels):
    images = torch.rand(60, channels, 14, 14, generator=generator(3))
    found = standard(images, generator(4))
    np.testing.assert_allclose(found.numpy(), standard_plainly(images.double().numpy(), generator(4)), atol=2e-5)
