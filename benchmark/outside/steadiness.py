"""Whether a model answers a face alike every time and whatever faces are beside it in a batch, and faces differently at all.

One that is left in training mode does not: dropout is random, and BatchNorm takes its mean from the batch. A module that is
given itself is put into evaluation mode; one inside a function can not be.
"""

import numpy as np
import torch

from benchmark.outside.adapters.preprocessing import Input, Scores
from benchmark.protocol.protocol import Protocol
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import Split

FACES = 32  # most faces that are asked again
LARGEST = 0.05  # root mean square difference, in standard deviations of the outputs; rounding in bfloat16 gives below 0.01


def unsteady(model: Scores, split: Split, prepare: Input, protocol: Protocol, known: np.ndarray) -> list[str]:
    """A warning, if the outputs for some faces, asked again in a smaller batch, differ from those that were given before by
    more than `LARGEST`, or if all outputs are the same; else none.

    Args:
        split: pictures at the declared size.
        known: float32 (N, K), the model's outputs for all faces of the split, view "none".
    """
    if len(split) > 1 and np.ptp(known, axis=0).max() == 0:
        return ["outputs: the same for every face; does the model look at the picture?"]
    number = min(FACES, len(split) // 2)
    if not number:
        return []
    rows = np.linspace(0, len(split) - 1, number).round().astype(int)
    chosen = torch.from_numpy(rows).to(split.targets.device)
    some = Split(split.ids[rows], split.batch(chosen), split.targets[chosen])
    held = [k for k, place in enumerate(model.columns.places) if place is not None]  # the others are constants
    again = predict(model, some, prepare, categorical=bool(protocol.classes))[:, held].astype(np.float64)
    before, spread = known[rows][:, held].astype(np.float64), float(known[:, held].astype(np.float64).std())
    apart = float(np.sqrt(np.mean((again - before) ** 2)))
    if apart <= LARGEST * spread:
        return []
    return [
        f"outputs: for {number} faces that were asked again they differ by {apart / spread:.2f} standard deviations; they "
        "depend on chance or on the other faces of a batch: is the model in evaluation mode (model.eval())?"
    ]
