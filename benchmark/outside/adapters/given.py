"""Given: a model from outside, opened, with what the record says of it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmark.outside.adapters.preprocessing import Preprocessing


@dataclass(frozen=True)
class Given:
    """A model ready to predict.

    Attributes:
        kind: "python", "weights", "onnx" or "exported".
        source: file name, or module:factory.
        sha256: digest of the file, None where there is none.
        model: float32 pictures, prepared and laid out as `preprocessing` says -> (N, K).
        preprocessing: declared by the model itself or by its file (as far as it tells), None = nothing.
        parameters: numbers learnt, None = not known.
    """

    kind: str
    source: str
    sha256: str | None
    model: nn.Module
    preprocessing: Preprocessing | None
    parameters: int | None


class Calling(nn.Module):
    """A function on tensors as a module: evaluation mode, devices and parameters are the function's own affair.

    Args:
        batch: pictures that the function takes at once where it takes no other number; None = any. A last, smaller
            batch is filled up with zeros and the surplus outputs are dropped.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], batch: int | None = None):
        super().__init__()
        self.function, self.batch = (function,), batch  # a tuple: not a submodule

    def forward(self, images: Tensor) -> Tensor:
        images = images.contiguous()
        if self.batch is None:
            return self.function[0](images)
        parts = []
        for part in images.split(self.batch):
            missing = self.batch - len(part)
            filled = torch.cat([part, part.new_zeros(missing, *part.shape[1:])]) if missing else part
            parts.append(self.function[0](filled)[: len(part)])
        return torch.cat(parts)
