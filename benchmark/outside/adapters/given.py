"""Given: an opened model from outside, with the facts about it that go into the record; and how such a model is called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.preprocessing import Preprocessing

WRAP = "one array of shape (N, K); after model.eval() wrap the model, as in `lambda x: model(x)[0]`"
LOGITS = "outputs: the model's 'logits' are taken"


@dataclass(frozen=True)
class Given:
    """A model ready to predict.

    Attributes:
        kind: "python", "weights", "onnx" or "exported".
        source: file name, or module:factory, or the class of an object.
        sha256: digest of the file; None if there is no file.
        model: maps float32 pictures, prepared and laid out as `preprocessing` says, to (N, K).
        preprocessing: what the user, the model itself or its file declares; None: nothing was declared.
        parameters: number of parameters; None: not known.
        said: sentences on what was done to open it, for the person who gave it.
    """

    kind: str
    source: str
    sha256: str | None
    model: nn.Module
    preprocessing: Preprocessing | None
    parameters: int | None
    said: tuple[str, ...] = ()


class Calling(nn.Module):
    """A function on tensors, wrapped as a module. The module does not manage mode, device or parameters of the function.

    `forward` gives float (N, K) on the device of the pictures, from whatever array the function returns.

    Args:
        batch: the only batch size that the function accepts; None: any size. A smaller last batch is filled up with zeros,
            and the surplus outputs are dropped.
        where: description of the function for error messages.

    Attributes:
        said: what was taken of the outputs, after the first call.

    Raises:
        BadInput: outputs that are no array (`as_array`); a function that fails on several pictures and not on one.
    """

    def __init__(self, function: Callable[[Tensor], object], batch: int | None = None, where: object = "the model"):
        super().__init__()
        self.function, self.batch, self.where = (function,), batch, where  # in a tuple: not registered as a submodule
        self.said: tuple[str, ...] = ()

    def forward(self, images: Tensor) -> Tensor:
        images = images.contiguous()
        if self.batch is None:
            return self._several(images)
        parts = []
        for part in images.split(self.batch):
            missing = self.batch - len(part)
            filled = torch.cat([part, part.new_zeros(missing, *part.shape[1:])]) if missing else part
            parts.append(self._called(filled)[: len(part)].clone())  # the model may return one tensor again and again
        return torch.cat(parts)

    def _called(self, images: Tensor) -> Tensor:
        outputs = self.function[0](images)
        logits = logits_of(outputs)
        if logits is not None:
            self.said, outputs = (LOGITS,), logits
        return as_array(outputs, self.where).to(images.device)

    def _several(self, images: Tensor) -> Tensor:
        """The outputs for a batch of any size. If it fails and one picture does not, the error says so."""
        try:
            found = self._called(images)
        except Exception as error:  # a model from outside may raise any kind of error
            if len(images) > 1 and self._takes_one(images):
                message = " ".join(str(error).split())[:200]
                raise self._only_one(f"{type(error).__name__} ({message}) for {len(images)} pictures") from error
            raise
        if found.shape[:1] != images.shape[:1] and self._takes_one(images):
            raise self._only_one(f"outputs of shape {tuple(found.shape)} for {len(images)} pictures")
        return found

    def _takes_one(self, images: Tensor) -> bool:
        try:
            return self._called(images[:1]).shape[:1] == (1,)
        except Exception:  # noqa: BLE001 - then the first error is the one to report
            return False

    def _only_one(self, found: str) -> BadInput:
        return BadInput(self.where, found, "`batch` declared, the number of pictures that it takes: 1 works")


def logits_of(outputs: object) -> object | None:
    """The entry or attribute `logits` of what a model returns, as models of transformers have it; None without one."""
    if isinstance(outputs, Mapping):
        return outputs.get("logits")
    return None if isinstance(outputs, Tensor | np.ndarray) else getattr(outputs, "logits", None)


def as_array(outputs: object, where: object) -> Tensor:
    """What a model returns as a tensor: a tensor, an array of numpy, a list of rows, or anything that numpy reads as an
    array of numbers. BadInput for several outputs, saying how to wrap the model; it names `where`."""
    here = f"{where}, outputs"
    if isinstance(outputs, Tensor):
        if outputs.is_complex():
            raise BadInput(here, "complex numbers", "real ones")
        return outputs.to_dense() if outputs.layout != torch.strided else outputs
    if isinstance(outputs, Mapping):
        expected = WRAP.replace("[0]", f"[{next(iter(outputs))!r}]") if outputs else WRAP
        raise BadInput(here, f"a {type(outputs).__name__} of {', '.join(map(repr, outputs))}", expected)
    several = isinstance(outputs, list) and any(getattr(each, "ndim", 0) > 1 for each in outputs)
    if isinstance(outputs, tuple) or several:
        raise BadInput(here, f"a {type(outputs).__name__} of {len(outputs)}", WRAP)
    try:
        rows = [np.asarray(each) for each in outputs] if isinstance(outputs, list) else outputs
        array = np.asarray(rows)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(here, f"a {type(outputs).__name__} that is no array", WRAP) from error
    if array.dtype.kind not in "fiub":
        raise BadInput(here, f"a {type(outputs).__name__} that is no array of numbers", WRAP)
    return torch.from_numpy(np.array(array, dtype=np.float32))


def check_batch(path: object, fixed: int | None, preprocessing: Preprocessing | None) -> None:
    """BadInput for a declared `batch` other than the number of pictures that a file was made for (None: any number)."""
    declared = preprocessing.batch if preprocessing else None
    if fixed is not None and declared not in (None, fixed):
        raise BadInput(f"{path}, batch", f"{fixed} pictures in the file", f"{declared} as declared")
