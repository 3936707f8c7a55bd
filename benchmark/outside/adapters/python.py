"""Opens a model given as code (a cell, a registered name, ``timm:NAME`` or ``package.module:factory``), with or without a
file of weights."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedTensorMixin

from benchmark.errors import BadInput
from benchmark.outside.adapters.given import Given, as_array, logits_of
from benchmark.outside.adapters.preprocessing import Preprocessing, chosen_from, output_names
from benchmark.outside.adapters.weights import load_into
from benchmark.protocol import registry
from benchmark.protocol.building import create
from benchmark.protocol.cells import load_cells
from benchmark.protocol.protocol import Protocol

SEEDS = (0, 1)
LONGEST = 80  # letters of an option in the source of a model


def open_python(
    name: str,
    protocol: Protocol,
    *,
    weights: Path | None,
    options: Mapping,
    preprocessing: Preprocessing | None,
    trained: bool = True,
) -> Given:
    """The network that the factory of `name` makes, on the CPU.

    The factory is called as for training (`benchmark.protocol.registry`), with the declared input size, channels and number
    of outputs. A model declares its input by an attribute `preprocessing` of the factory or of the module that it makes.

    Args:
        weights: a file with the network's weights; None: the factory makes the network with its weights.
        options: keyword arguments for the factory (for a cell: in addition to the cell's own).
        preprocessing: used instead of what the model declares.
        trained: False: random parameters are not refused.

    Raises:
        BadInput: an unknown model; without `weights`, a network with new random parameters at each call, which is therefore
            not trained.
    """
    words = ",".join(f"{key}={''.join(str(value).split())[:LONGEST]}" for key, value in options.items())
    given = f"({words})" if options else ""
    if ":" not in name and name in (cells := load_cells()):
        whose, source = f"cell {name}", f"{name}{given}"
        name, options = cells[name].model, {**cells[name].options, **options}
    else:
        whose, source = f"model {name}", f"{name if ':' in name else registry.entry(name).value}{given}"
    factory = registry.load(name)
    declared = getattr(factory, "preprocessing", None)
    chosen, kept = chosen_from(preprocessing, declared, whose)
    model = _create(name, chosen, protocol, options, SEEDS[0])
    own = getattr(model, "preprocessing", None)
    if declared is None and own is not None:
        chosen, kept = chosen_from(preprocessing, own, whose)
        model = _create(name, chosen, protocol, options, SEEDS[0])
    if trained and weights is None and _drawn(model, _create(name, chosen, protocol, options, SEEDS[1])):
        raise BadInput(whose, "parameters drawn anew at each call", "a trained network: give --weights FILE")
    digest, said = load_into(model, weights, whose) if weights else (None, ())
    _plain(model, name)
    return Given(
        kind="weights" if weights else "python",
        source=source + (f", {weights.name}" if weights else ""),
        sha256=digest,
        model=model,
        preprocessing=chosen,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        said=(*kept, *said),
    )


def _plain(model: nn.Module, name: str) -> None:
    """Give the network pictures in the usual order in memory, which a `view` in public code needs, and take one tensor."""

    def contiguous(_: nn.Module, arguments: tuple) -> tuple:
        return tuple(each.contiguous() if isinstance(each, Tensor) else each for each in arguments)

    def one(_: nn.Module, __: tuple, outputs: object) -> Tensor:
        logits = logits_of(outputs)
        return as_array(outputs if logits is None else logits, name)

    model.register_forward_pre_hook(contiguous)
    model.register_forward_hook(one)


def _drawn(model: nn.Module, again: nn.Module) -> bool:
    """Whether the parameters or buffers of two networks of one factory differ."""
    both = zip((*model.parameters(), *model.buffers()), (*again.parameters(), *again.buffers()), strict=True)
    return not all(_same(a, b) for a, b in both)


def _same(a: Tensor, b: Tensor) -> bool:
    if a.is_meta or a.layout != torch.strided or a.is_quantized:  # without plain numbers: nothing is said of it
        return True
    return torch.equal(*(each.nan_to_num() if each.is_floating_point() else each for each in (a, b)))


def _create(name: str, preprocessing: Preprocessing | None, protocol: Protocol, options: Mapping, seed: int) -> nn.Module:
    full = (preprocessing or Preprocessing()).filled(protocol)
    torch.manual_seed(seed)
    sizes = {"in_channels": full.channels, "input_size": full.input_size}
    outputs = len(full.classes) if full.classes else len(output_names(protocol))
    try:
        model = create(name, num_outputs=outputs, **sizes, **options)
    except BadInput:
        raise
    except Exception as error:  # anyone's code may raise any kind of error
        found = f"{type(error).__name__} ({' '.join(str(error).split())[:200]})"
        raise BadInput(f"model {name}", found, f"a network for num_outputs={outputs}, {_words(sizes)}") from error
    if any(isinstance(each, UninitializedTensorMixin) for each in (*model.parameters(), *model.buffers())):
        raise BadInput(f"model {name}", "lazy layers without their sizes", "a network that was called once in its factory")
    return model


def _words(options: Mapping) -> str:
    return ", ".join(f"{key}={value}" for key, value in options.items())
