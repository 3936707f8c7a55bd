"""Any network of timm by name, with random weights, built for a protocol's pictures. `benchmark.protocol.registry` names it
as ``timm:NAME``."""

import functools
from collections.abc import Callable

import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.files import Json


def factory(architecture: str) -> Callable[..., nn.Module]:
    """A factory (see `benchmark.protocol.registry`) of timm's network `architecture`. Needs timm.

    Raises:
        BadInput: timm has no such network, or timm is not installed.
    """
    where = f"model 'timm:{architecture}'"
    try:
        import timm
    except ModuleNotFoundError as error:
        raise BadInput(where, f"package {error.name} is missing", "it installed") from error
    name = architecture.partition(".")[0]  # a suffix after the dot would select pre-trained weights
    if not timm.is_model(name):
        near = timm.list_models(f"{name.split('_')[0]}*")[:8] or ["convnextv2_atto"]
        raise BadInput(where, "no such network of timm", f"a name of timm.list_models(), such as {', '.join(near)}")
    return functools.partial(create, name)


def create(name: str, *, num_outputs: int, in_channels: int, input_size: int, **options: Json) -> nn.Module:
    """timm's network `name` with random weights. Pre-trained weights are never used: every network is trained from scratch.

    It maps float (N, in_channels, S, S) to (N, num_outputs).

    Args:
        options: further keyword arguments of timm's factory, such as drop_path_rate.

    Raises:
        BadInput: an option that the factory does not accept or that the protocol sets; a network that cannot take pictures
            of this size.
    """
    import timm

    where = f"model 'timm:{name}'"
    if taken := sorted({"pretrained", "num_classes", "in_chans", "img_size", "checkpoint_path"} & set(options)):
        raise BadInput(f"{where}, options", ", ".join(taken), "none of these: the protocol sets them")
    given = {**options, "num_classes": num_outputs, "in_chans": in_channels}
    cfg = timm.get_pretrained_cfg(name, allow_unregistered=True)
    if getattr(cfg, "fixed_input_size", False):
        given["img_size"] = input_size
    try:
        model = timm.create_model(name, pretrained=False, **given)
        with torch.no_grad():
            found = tuple(model.eval()(torch.zeros(1, in_channels, input_size, input_size)).shape)
    except (TypeError, ValueError, RuntimeError, AssertionError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise BadInput(where, f"{type(error).__name__} ({reason})", f"a network for {input_size} pixels") from error
    if found != (1, num_outputs):
        raise BadInput(where, f"outputs of shape {found} for one picture", f"(1, {num_outputs})")
    return model.train()
