"""The options with which a model of any kind is given, for all verbs that take one."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmark.cli.shared import only_with, options_of

MODEL_HELP = (
    "FILE.onnx, FILE.pt2, FILE.torchscript; or code (with trained weights or --weights):\n"
    "package.module:factory, registered model, cell, timm:NAME"
)


def model_options(one: argparse.ArgumentParser) -> None:
    """Add the options: --weights, --option, --preprocessing and --trust."""
    one.add_argument("--weights", type=Path, metavar="FILE", help="safetensors or state dict for a model given as code")
    one.add_argument("--option", action="append", default=[], metavar="KEY=VALUE",
                     help="argument of the model's factory; can be repeated")  # fmt: skip
    one.add_argument("--preprocessing", metavar="FILE.yaml",
                     help="the input that the model needs (docs/model-files.md), or the name of a recipe, or 'protocol'\n"
                     "(default: as the model declares; with --weights and no declaration: 'protocol')")  # fmt: skip
    one.add_argument("--trust", action="store_true",
                     help="load a .pt2 or TorchScript file, although that may run code in it")  # fmt: skip


def given_options(arguments: argparse.Namespace, models: Sequence[str]) -> dict:
    """The values of these options as keyword arguments: weights, options, preprocessing, trust.

    Args:
        models: those that the command names.

    Raises:
        BadInput: --trust without a file that may run code; an --option of another form than KEY=VALUE.
    """
    from benchmark.outside.suffixes import EXPORTED, suffix_of

    runs_code = any(suffix_of(model) in EXPORTED for model in models)
    only_with(arguments, "a file that may run code", runs_code, "trust")
    return {
        "weights": arguments.weights,
        "options": options_of(arguments.option),
        "preprocessing": arguments.preprocessing,
        "trust": arguments.trust,
    }
