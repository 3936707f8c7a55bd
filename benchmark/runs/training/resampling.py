"""Pictures of a FaceSet -> pictures of the protocol's size and channels."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmark.array_file import ArrayFile

CHUNK = 1024
CHUNK_BYTES = 64 * 2**20


def kept_channels(depth: int, channels: int) -> int:
    """Channels of a resized picture of `depth` channels for a network of `channels`: grey stays one."""
    return 1 if channels == 1 else depth


def chunk_rows(images: np.ndarray | ArrayFile) -> int:
    """Pictures to resize at once: 1024, fewer where that many float32 ones would take more than 64 MiB."""
    return max(1, min(CHUNK, CHUNK_BYTES // (4 * int(np.prod(images.shape[1:])))))


def resized(images: np.ndarray | ArrayFile, rows: np.ndarray, size: int, channels: int) -> Tensor:
    """uint8 (len(rows), C, size, size): antialiased bilinear resampling (area averaging by whole factors), rounded.

    C stays 1 for grey pictures even if the network wants 3 (they are repeated batch by batch); colour pictures become
    grey by ITU-R BT.601 luma when `channels` is 1.
    """
    height, width, depth = images.shape[1:]
    kept = kept_channels(depth, channels)
    out = torch.empty((len(rows), kept, size, size), dtype=torch.uint8)
    chunk = chunk_rows(images)
    for start in range(0, len(rows), chunk):
        part = torch.from_numpy(np.ascontiguousarray(images[rows[start : start + chunk]])).permute(0, 3, 1, 2).float()
        if kept != depth:
            part = (part * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
        if (height, width) != (size, size):
            if height % size == 0 and width % size == 0:
                part = functional.avg_pool2d(part, (height // size, width // size))
            else:
                part = functional.interpolate(part, (size, size), mode="bilinear", antialias=True, align_corners=False)
        out[start : start + chunk] = part.round().clamp(0, 255).to(torch.uint8)
    return out
