"""Predictions of a trained network, with or without test-time augmentation."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.protocol.protocol import SELECTION_METRIC
from benchmark.records.selection_metric import accuracy, mean_ccc
from benchmark.runs.training.augmentation import warp
from benchmark.runs.training.pixels import Split, Standardiser

BATCH = 256


def _five_crops(images: Tensor) -> list[Tensor]:
    """Five crops: the four corners and the centre. Each has 7/8 of the side and is resampled to full size."""
    views = []
    for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1), (0, 0)):
        matrix = torch.tensor([[0.875, 0.0, x * 0.125], [0.0, 0.875, y * 0.125]], device=images.device)
        views.append(warp(images, matrix.expand(len(images), 2, 3)))
    return views


# Name -> function that makes the views of a batch in [0, 1]; the outputs for the views are averaged.
TTA: dict[str, Callable[[Tensor], list[Tensor]]] = {
    "none": lambda images: [images],
    "flip": lambda images: [images, images.flip(3)],
    "ten-crop": lambda images: [view for crop in _five_crops(images) for view in (crop, crop.flip(3))],
}


@torch.inference_mode()
def predict(
    model: nn.Module,
    split: Split,
    prepare: Standardiser,
    *,
    categorical: bool,
    tta: str = "none",
    precision: str = "float32",
) -> np.ndarray:
    """Outputs of `model` (in its evaluation mode) for every face of a split: float32 (N, K).

    With more than one view per face, the class probabilities are averaged, and the logarithm of the mean is returned:
    softmax of the outputs gives the mean probabilities. Valence and arousal are averaged directly.

    Args:
        tta: a name in `TTA`.
        precision: "float32" or "bf16" (autocast).

    Raises:
        BadInput: an unknown `tta`.
    """
    if tta not in TTA:
        raise BadInput("test-time augmentation", f"'{tta}'", f"one of {', '.join(TTA)}")
    training, parts = model.training, []
    model.eval()
    for start in range(0, len(split), BATCH):
        here, following = slice(start, start + BATCH), slice(start + BATCH, start + 2 * BATCH)
        batch = prepare.unit(split.batch(here, following))
        outputs = []
        for view in TTA[tta](batch):
            inputs = prepare.standardise(view)
            with torch.autocast(inputs.device.type, torch.bfloat16, enabled=precision == "bf16"):
                outputs.append(model(inputs.contiguous(memory_format=torch.channels_last)).float())
        if len(outputs) == 1:
            parts.append(outputs[0])
        elif categorical:
            logs = torch.stack([each.log_softmax(1) for each in outputs])
            parts.append(torch.logsumexp(logs, 0) - np.log(len(outputs)))
        else:
            parts.append(torch.stack(outputs).mean(0))
    model.train(training)
    return torch.cat(parts).cpu().numpy()


def selection_metric(task: str, targets: np.ndarray, outputs: np.ndarray) -> float:
    """The metric that selects the epoch: accuracy, or the mean CCC of valence and arousal. Higher is better."""
    return float({"accuracy": accuracy, "mean CCC": mean_ccc}[SELECTION_METRIC[task]](targets, outputs))
