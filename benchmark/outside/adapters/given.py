"""Given: an opened model from outside, with the facts about it that go into the record."""

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
        sha256: digest of the file; None if there is no file.
        model: maps float32 pictures, prepared and laid out as `preprocessing` says, to (N, K).
        preprocessing: what the user, the model itself or its file declares; None: nothing was declared.
        parameters: number of parameters; None: not known.
    """

    kind: str
    source: str
    sha256: str | None
    model: nn.Module
    preprocessing: Preprocessing | None
    parameters: int | None


class Calling(nn.Module):
    """A function on tensors, wrapped as a module. The module does not manage mode, device or parameters of the function.

    Args:
        batch: the only batch size that the function accepts; None: any size. A smaller last batch is filled up with zeros,
            and the surplus outputs are dropped.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], batch: int | None = None):
        super().__init__()
        self.function, self.batch = (function,), batch  # in a tuple, so that it is not registered as a submodule

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
