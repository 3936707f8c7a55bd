"""Batched training augmentation on the images' device: every image draws its own parameters from one generator.

Images are float32 (B, C, S, S) in [0, 1], C = 1 or 3; so is what comes back.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.nn import functional


def uniform(shape: tuple[int, ...], low: float, high: float, like: Tensor, generator: Generator) -> Tensor:
    """Uniform draws in [low, high) on the device of `like`."""
    return torch.rand(shape, generator=generator, device=like.device) * (high - low) + low


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Bilinear resampling; `matrices` (B, 2, 3) map output to input coordinates in [-1, 1]; edges are repeated."""
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def mirror(images: Tensor, generator: Generator) -> Tensor:
    """Horizontal flip with probability 1/2."""
    flip = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(flip[:, None, None, None], images.flip(3), images)


def shift_hue(images: Tensor, amount: Tensor, saturation: Tensor) -> Tensor:
    """Hue turned by `amount` (B,) of a full circle and saturation multiplied by `saturation` (B,), in HSV space.

    A colour keeps its value V = max(R, G, B). Grey images come back unchanged.
    """
    if images.shape[1] == 1:
        return images
    value, _ = images.max(1)
    chroma = value - images.min(1).values
    safe = chroma.clamp_min(1e-8)
    red, green, blue = images.unbind(1)
    hue = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = hue / 6 + amount[:, None, None]
    chroma = torch.minimum(chroma * saturation[:, None, None], value)
    # Each channel falls from V by chroma times how far the hue lies from that channel's own (a triangle wave).
    turned = [(offset + hue * 6) % 6 for offset in (5.0, 3.0, 1.0)]
    return torch.stack([value - chroma * torch.minimum(k, 4 - k).clamp(0, 1) for k in turned], 1)


def levels(images: Tensor) -> Tensor:
    """To whole grey levels / 255 and within [0, 1], as tf.image.convert_image_dtype does to uint8: floor(255.5 x)."""
    return (images * 255.5).floor().clamp(0, 255) / 255


def zoom(images: Tensor, side: Tensor) -> Tensor:
    """A centred window of `side` (B,) (float64, share of the whole side, 0..1), resized to full size and cut down to whole
    levels, as tf.image.crop_and_resize and a cast to uint8 do. `images` hold whole levels / 255."""
    size, side = images.shape[-1], side[:, None]
    low, high = (0.5 - 0.5 * side).float(), (0.5 + 0.5 * side).float()
    # Step by step as TensorFlow has it: an ulp decides whether a level that is met exactly is cut down by one.
    place = low * (size - 1) + torch.arange(size, device=images.device) * ((high - low) * (size - 1) / (size - 1))
    before, after, share = place.floor().long(), place.ceil().long(), place - place.floor()
    out = (images * 255).round()
    for axis in (3, 2):
        shape = (len(out), 1, 1, size) if axis == 3 else (len(out), 1, size, 1)
        first, second = (out.gather(axis, index.view(shape).expand_as(out)) for index in (before, after))
        out = first + (second - first) * share.view(shape)
    return out.floor() / 255


def released(images: Tensor, generator: Generator) -> Tensor:
    """As the authors' TensorFlow script: half of the images stay untouched; the others are flipped (p = 1/2), turned in
    hue by up to 0.08, scaled in saturation by 0.6..1.6, brightened by up to 0.05, scaled in contrast about the image's
    channel means by 0.7..1.3, and half of those are zoomed to a centred window of 0.80, 0.81, .. 0.99 of the side. Its
    images are uint8, so each operation ends in whole levels within [0, 1]. `images` hold whole levels / 255."""
    n, like = len(images), images
    no_turn, unscaled = torch.zeros(n, device=images.device), torch.ones(n, device=images.device)
    out = mirror(images, generator)
    out = levels(shift_hue(out, uniform((n,), -0.08, 0.08, like, generator), unscaled))
    out = levels(shift_hue(out, no_turn, uniform((n,), 0.6, 1.6, like, generator)))
    out = levels(out + uniform((n, 1, 1, 1), -0.05, 0.05, like, generator))
    mean = out.mean((2, 3), keepdim=True)
    out = levels((out - mean) * uniform((n, 1, 1, 1), 0.7, 1.3, like, generator) + mean)
    side = 0.8 + 0.01 * torch.randint(20, (n,), generator=generator, device=images.device).double()
    zoomed = uniform((n,), 0, 1, like, generator) < 0.5
    out = torch.where(zoomed[:, None, None, None], zoom(out, side), out)
    touched = uniform((n,), 0, 1, like, generator) < 0.5
    return torch.where(touched[:, None, None, None], out, images)


def standard(images: Tensor, generator: Generator) -> Tensor:
    """Flip (p = 1/2), rotation within 10 degrees, scale 0.9..1.1, shift within 6 % of the side, brightness within 0.1
    and contrast 0.8..1.2."""
    n, like = len(images), images
    out = mirror(images, generator)
    angle = uniform((n,), -math.pi / 18, math.pi / 18, like, generator)
    side = uniform((n,), 0.9, 1.1, like, generator)
    # Coordinates span 2, so 0.12 is 6 % of the side.
    out = warp(out, _matrices(side, angle, uniform((n, 2), -0.12, 0.12, like, generator)))
    out = out + uniform((n, 1, 1, 1), -0.1, 0.1, like, generator)
    mean = out.mean((1, 2, 3), keepdim=True)
    return ((out - mean) * uniform((n, 1, 1, 1), 0.8, 1.2, like, generator) + mean).clamp(0, 1)


def _matrices(side: Tensor, angle: Tensor, shift: Tensor) -> Tensor:
    cos, sin = side * angle.cos(), side * angle.sin()
    return torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)


AUGMENTATIONS: dict[str, Callable[[Tensor, Generator], Tensor]] = {
    "flip": mirror,
    "released": released,
    "standard": standard,
}
