"""Training augmentation of whole batches, on the device of the images.

One generator is used for the batch, and every image gets its own random parameters. Images are float32 (B, C, S, S) in
[0, 1] with C = 1 or 3, before and after.
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
    """Bilinear resampling. `matrices` (B, 2, 3) map output coordinates to input coordinates, both in [-1, 1]. Outside the
    image, its edge pixels are repeated."""
    grid = functional.affine_grid(matrices, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def mirror(images: Tensor, generator: Generator) -> Tensor:
    """Horizontal flip with probability 1/2."""
    flip = torch.rand(len(images), generator=generator, device=images.device) < 0.5
    return torch.where(flip[:, None, None, None], images.flip(3), images)


def shift_hue(images: Tensor, amount: Tensor, saturation: Tensor) -> Tensor:
    """Change hue and saturation in HSV space. The value V = max(R, G, B) of a colour stays the same.

    Grey images are returned unchanged.

    Args:
        amount: (B,), rotation of the hue, as a fraction of the full colour circle.
        saturation: (B,), factor of the saturation.
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
    # A channel is V minus chroma times a triangle wave of the distance between the hue and the channel's own hue.
    turned = [(offset + hue * 6) % 6 for offset in (5.0, 3.0, 1.0)]
    return torch.stack([value - chroma * torch.minimum(k, 4 - k).clamp(0, 1) for k in turned], 1)


def levels(images: Tensor) -> Tensor:
    """Round down to whole grey levels / 255 and clip to [0, 1]; the same as tf.image.convert_image_dtype to uint8, which is
    floor(255.5 x)."""
    return (images * 255.5).floor().clamp(0, 255) / 255


def zoom(images: Tensor, side: Tensor) -> Tensor:
    """Crop a centred square, resize it to the full size and round down to whole grey levels. The result equals
    tf.image.crop_and_resize followed by a cast to uint8.

    Args:
        images: whole grey levels / 255.
        side: float64 (B,), side of the square as a fraction of the image's side, 0..1.
    """
    size, side = images.shape[-1], side[:, None]
    low, high = (0.5 - 0.5 * side).float(), (0.5 + 0.5 * side).float()
    # The same operations in the same order as in TensorFlow. Where the exact result is a whole level, the last bit decides
    # whether it is rounded down to the level below.
    place = low * (size - 1) + torch.arange(size, device=images.device) * ((high - low) * (size - 1) / (size - 1))
    before, after, share = place.floor().long(), place.ceil().long(), place - place.floor()
    out = (images * 255).round()
    for axis in (3, 2):
        shape = (len(out), 1, 1, size) if axis == 3 else (len(out), 1, size, 1)
        first, second = (out.gather(axis, index.view(shape).expand_as(out)) for index in (before, after))
        out = first + (second - first) * share.view(shape)
    return out.floor() / 255


def released(images: Tensor, generator: Generator) -> Tensor:
    """The augmentation of the authors' TensorFlow script. `images` are whole grey levels / 255.

    Half of the images stay unchanged. The others go through these operations in this order: horizontal flip (p = 1/2); hue
    shift within +-0.08 of the circle; saturation times 0.6..1.6; brightness shift within +-0.05; contrast times 0.7..1.3
    about each channel's mean; and for half of them a zoom to a centred square of 0.80, 0.81, .. 0.99 of the side. The
    script works on uint8 images, so the result of every operation is rounded down to whole levels and clipped to [0, 1].
    """
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
