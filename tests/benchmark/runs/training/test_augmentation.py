"""Augmentation: colour arithmetic against the standard library, geometry, ranges, and what is left untouched."""

import colorsys

import numpy as np
import pytest
import torch

from benchmark.runs.training.augmentation import AUGMENTATIONS, released, shift_hue, standard, warp


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
