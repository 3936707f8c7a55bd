"""The verb that prints a script with which the shell completes verbs, options, files and names."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmark.cli.parsing import START, verbs_of
from benchmark.errors import BadInput

# Argument -> what it names (`names`); for one that names something else in another verb, the verb is put in front.
TAKES = {
    "protocol": "protocol",
    "protocols": "protocol",
    "cell": "cell",
    "cells": "cell",
    "model": "model",
    "profile": "profile",
    "search": "search",
    "models": "network",
    "robustness model": "network",
    "compare a": "cell",
    "compare b": "cell",
    "profile name": "profile",
    "cells pattern": "cell",
    "data add name": "data",
    "data check name": "data",
    "prepare name": "data",
    "audit name": "data",
    "faces name": "data",
    "subgroups name": "data",
    "evaluate model": "model",
    "predict model": "model",
    "gradients plan": "gradients",
    "sources package": "package",
}


def names() -> Mapping[str, Sequence[str]]:
    """What an argument may name -> the names there are now, those of other installed packages too."""
    from benchmark.faces import data_sets
    from benchmark.files import read_yaml
    from benchmark.protocol import cells, protocol, registry
    from benchmark.runs.params import GRADIENTS
    from benchmark.runs.plan import profile_names
    from benchmark.runs.tuning_log import SEARCHES

    models, installed = registry.models(), cells.installed_cells()
    return {
        "protocol": protocol.protocol_names(),
        "cell": list(installed),
        "model": list(models),
        "network": [*installed, *models],
        "profile": profile_names(),
        "data": data_sets.names(),
        "search": list(read_yaml(SEARCHES)),
        "gradients": list(read_yaml(GRADIENTS)["plans"]),
        "package": sorted({entry.value.partition(":")[0].partition(".")[0] for entry in models.values()}),
    }


def completion(arguments) -> None:
    try:
        import shtab
    except ModuleNotFoundError as error:
        raise BadInput("ferbench completion", "package shtab is missing", "it installed: pip install shtab") from error

    known = names()
    for words, verb in verbs_of(arguments.command):
        _complete(verb, " ".join(words), shtab.FILE, known)
    print(shtab.complete(arguments.command, arguments.shell))


def _complete(verb: argparse.ArgumentParser, name: str, files: dict, known: Mapping[str, Sequence[str]]) -> None:
    """Let the shell complete the names of what is known, and files for every argument that is a path."""
    for action in verb._actions:  # noqa: SLF001  # argparse lists its actions nowhere else
        kind = TAKES.get(f"{name} {action.dest}", TAKES.get(action.dest))
        if action.type is Path:
            action.complete = files  # type: ignore[attr-defined]  # as shtab wants it
        elif kind is not None and not isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            action.choices = known[kind]


def add(verb: Callable, command: argparse.ArgumentParser) -> None:
    """Add the verb `completion` for the parser of the whole command."""
    one = verb("completion", completion, "print a script that completes verbs, options, files and names in your shell",
               "ferbench completion bash > ~/.local/share/bash-completion/completions/ferbench", group=START)  # fmt: skip
    one.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    one.set_defaults(command=command)
