"""The command `ferbench`. docs/design.md shows how its verbs work together.

Exit status: 0 done; 1 `verify`, or an audit with --strict, found something wrong; 2 bad input (one line says where, what was
found and what was expected); 3 stopped before the end by Ctrl-C or a time budget, with everything kept: the same command
resumes.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.cli import checking, data, machines, measuring, outside, reports, training, verifying
from benchmark.cli.terminal import plain_output
from benchmark.errors import BadInput, Findings, Interrupted, visible


def parser() -> argparse.ArgumentParser:
    """The argument parser of `ferbench`."""
    top = argparse.ArgumentParser(prog="ferbench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = top.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, function: Callable, text: str, example: str, to=verbs) -> argparse.ArgumentParser:
        made = to.add_parser(
            name, help=text, description=text, epilog=f"example: {example}", formatter_class=argparse.RawTextHelpFormatter
        )
        made.set_defaults(function=function)
        return made

    data.add(verb, verbs)
    for group in (training, checking, verifying, machines, measuring, outside, reports):
        group.add(verb)
    one = verb("completion", completion, "print a script that completes verbs, options and files in your shell",
               "ferbench completion bash > ~/.local/share/bash-completion/completions/ferbench")  # fmt: skip
    one.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    return top


def completion(arguments) -> None:
    try:
        import shtab
    except ModuleNotFoundError as error:
        raise BadInput("ferbench completion", "package shtab is missing", "it installed") from error

    top = parser()
    _complete_paths(top, shtab.FILE)
    print(shtab.complete(top, arguments.shell))


def _complete_paths(one: argparse.ArgumentParser, files: dict) -> None:
    """Let the shell complete file names for every argument that is a path."""
    for action in one._actions:  # noqa: SLF001  # argparse lists its actions nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                _complete_paths(below, files)
        elif action.type is Path:
            action.complete = files


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit status."""
    arguments = parser().parse_args(argv)
    try:
        with plain_output():
            arguments.function(arguments)
    except Findings as error:
        return _said(error, 1)
    except BadInput as error:
        return _said(error, 2)
    except (Interrupted, KeyboardInterrupt) as error:
        return _said(str(error) or "interrupted", 3)
    return 0


def _said(error: object, status: int) -> int:
    print(f"ferbench: {visible(error)}", file=sys.stderr)
    return status
