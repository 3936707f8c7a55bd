"""torch.compile for training, with the eager network in its place where that can not be had."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark import progress


def compiled(model: nn.Module, example: Tensor, precision: str) -> Callable[[Tensor], Tensor]:
    """`model` compiled for inputs like `example`, in its training mode; `model` itself, and a line that says why, where
    compilation fails (no C++ compiler or no Triton, an operator it does not know).

    The first forward and backward pass are made here, because that is when it fails; parameters, buffers and gradients are
    afterwards as before. Both callables share the model's parameters.

    Args:
        example: network input (N, C, S, S) on the model's device; other batch sizes are compiled anew when they come.
        precision: "float32" or "bf16" (autocast), as training goes on.
    """
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    faster = torch.compile(model, dynamic=False, fullgraph=True)
    try:
        with torch.autocast(example.device.type, torch.bfloat16, enabled=precision == "bf16"):
            outputs = faster(example)
        outputs.float().sum().backward()
    except Exception as error:  # torch raises dozens of kinds here
        reason = str(error).strip().partition("\n")[0]
        progress.say(f"not compiled, so slower ({type(error).__name__}: {reason})")
        faster = model
    model.zero_grad(set_to_none=True)
    model.load_state_dict(before)
    return faster
