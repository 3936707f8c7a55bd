"""torch.compile for training; if compilation fails, the eager network is used instead."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from benchmark import progress


def compiled(model: nn.Module, example: Tensor, precision: str) -> Callable[[Tensor], Tensor]:
    """`model`, in its training mode, compiled for inputs of the shape of `example`.

    If compilation fails (no C++ compiler, no Triton, an unsupported operator), one line says why and `model` itself is
    returned. torch.compile fails only when the network is first used, so one forward and one backward pass are made here.
    Parameters and buffers are restored afterwards; gradients are set to None. The compiled callable shares the
    parameters of `model`.

    Args:
        example: network input (N, C, S, S) on the model's device. Another batch size is compiled when it first occurs.
        precision: the precision of the training that follows, "float32" or "bf16" (autocast).
    """
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    faster = torch.compile(model, dynamic=False, fullgraph=True)
    try:
        with torch.autocast(example.device.type, torch.bfloat16, enabled=precision == "bf16"):
            outputs = faster(example)
        outputs.float().sum().backward()
    except Exception as error:  # noqa: BLE001  # torch raises dozens of kinds here
        reason = str(error).strip().partition("\n")[0]
        progress.say(f"not compiled, so slower ({type(error).__name__}: {reason})")
        faster = model
    model.zero_grad(set_to_none=True)
    model.load_state_dict(before)
    return faster
