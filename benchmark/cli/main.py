"""The verbs of the command `ferbench`. docs/design.md shows how they work together.

Exit status: 0 done; 1 found something wrong; 2 bad input; 3 stopped, and the same command resumes; 4 the system said no;
70 a mistake of the suite. `benchmark.cli.failures` tells them apart and says what each means.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from benchmark.cli import checking, data, failures, machines, measuring, outside, protocols, reports, training, verifying
from benchmark.cli.terminal import plain_output
from benchmark.errors import BadInput, visible

TEXT = "A benchmark of facial expression recognition. docs/design.md shows how its verbs work together."


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, whatever a stranger's file name contains."""

    def print_help(self, file: TextIO | None = None) -> None:
        print(self.format_help(), end="", file=file)  # argparse hides that it can not be written

    def error(self, message: str) -> NoReturn:
        self.exit(failures.BAD_INPUT, f"{self.prog}: {visible(message)}; see {self.prog} --help\n")


def parser() -> argparse.ArgumentParser:
    """The argument parser of `ferbench`."""
    top = Parser(
        prog="ferbench", description=f"{TEXT}\n\n{failures.STATUSES}", formatter_class=argparse.RawTextHelpFormatter
    )
    verbs = top.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, function: Callable, text: str, example: str, to=verbs) -> argparse.ArgumentParser:
        made = to.add_parser(
            name, help=text, description=text, epilog=f"example: {example}", formatter_class=argparse.RawTextHelpFormatter
        )
        made.set_defaults(function=function, verb=made)
        return made

    data.add(verb, verbs)
    protocols.add(verb, verbs)
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
    """Run one verb. Returns the exit status. SystemExit for a command line that does not parse (2), and after --help (0)."""
    try:
        with plain_output():
            arguments = parser().parse_args(argv)
            arguments.function(arguments)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001  # what is no mistake of the suite is told apart there
        return failures.status_of(error)
    return 0
