"""The parser of the command line: its errors are one line that says what may have been meant, and its help shows the verbs
by what they are for."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from benchmark.cli import failures
from benchmark.errors import visible
from benchmark.suggesting import one_of

# What a person wants of a verb; the help shows them in this order.
START, DATA, RUN, CHECK = "start", "data", "run", "check a claim, verify"
MODEL, REPORT, MACHINES, PIPELINE = "bring a model", "report and measure", "many machines", "for the pipeline"
GROUPS = (START, DATA, RUN, CHECK, MODEL, REPORT, MACHINES, PIPELINE)
OTHERS = "others"  # the group of a verb that names none
_REQUIRED = "the following arguments are required"
_WITH_COMMAS = re.compile(r"invalid (int|float) value: '([0-9.]+(?:,[0-9.]+)+)'$")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, whatever a stranger's file name contains."""

    given: Sequence[str] = ()

    def print_help(self, file: TextIO | None = None) -> None:
        print(self.format_help(), end="", file=file)  # argparse hides that it can not be written

    def parse_known_args(self, args=None, namespace=None):  # as argparse has it
        self.given = list(sys.argv[1:] if args is None else args)
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            self._refuse_option(rest)
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return found, rest

    def error(self, message: str) -> NoReturn:
        if message.startswith(_REQUIRED):  # an option that is misspelt is not there; its name says more
            self._refuse_option(self.given)
        if several := _WITH_COMMAS.search(message):
            message += f"; separate them by spaces: {several[2].replace(',', ' ')}"
        if dashed := [word for word in self.given if word.startswith("-") and Path(word).is_file()]:
            message += f"; a file whose name begins with a dash is given as ./{dashed[0]}"
        elif message.startswith(_REQUIRED) and self.is_verb and self.epilog:
            message += f"; {self.epilog}"
        self._refuse(f"{message}; see {self.prog} --help")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is None or value in action.choices:
            return
        verbs = isinstance(action, argparse._SubParsersAction)  # noqa: SLF001  # argparse has no other name for it
        known = [" ".join(words) for words, _ in verbs_of(self)] if verbs else list(map(str, action.choices))
        known += list(self._option_string_actions) if verbs and not self.is_verb else []
        what = "verb" if verbs else f"argument {'/'.join(action.option_strings) or action.metavar or action.dest}"
        self._refuse(f"{what}: found '{value}'; expected {one_of(value, known, f'{self.prog} --help')}")

    @property
    def is_verb(self) -> bool:
        """Whether it is the parser of a verb, not of the command itself."""
        return " " in self.prog

    def _refuse_option(self, words: Sequence[str]) -> None:
        """End the command if an option among `words` is none of this parser."""
        options = list(self._option_string_actions)
        for word in words[: list(words).index("--") if "--" in words else None]:
            name = word.partition("=")[0]
            if name.startswith("--") and not any(each.startswith(name) for each in options):
                self._refuse(f"option: found '{name}'; expected {one_of(name, options, f'{self.prog} --help')}")

    def _refuse(self, text: str) -> NoReturn:
        self.exit(failures.BAD_INPUT, f"{self.prog}: {visible(text)}\n")


class Command(Parser):
    """The parser of the whole command. Its help shows every verb, by groups."""

    def format_help(self) -> str:
        groups, lines = groups_of(self), [self.format_usage(), self.description or "", ""]
        about = {" ".join(words): one.description or "" for words, one in verbs_of(self)}
        wide = max(map(len, about))
        for group, verbs in groups.items():
            lines.append(f"{group}:")
            lines += [f"  {verb:{wide}}  {about[verb].partition(chr(10))[0]}" for verb in verbs]
        return "\n".join([*lines, self.epilog or "", ""])


def verbs_of(
    one: argparse.ArgumentParser, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Every verb of a parser that does something, with its parser: ("data",), ("data", "add"), ..."""
    for action in one._actions:  # noqa: SLF001  # argparse lists its actions nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for name, inner in action.choices.items():
                if inner.get_default("function"):
                    yield (*above, name), inner
                yield from verbs_of(inner, (*above, name))


def groups_of(one: argparse.ArgumentParser) -> dict[str, list[str]]:
    """Group -> its verbs ("data add"), in the order of `GROUPS`."""
    found: dict[str, list[str]] = {group: [] for group in (*GROUPS, OTHERS)}
    for words, verb in verbs_of(one):
        group = verb.get_default("group")
        found[group if group in found else OTHERS].append(" ".join(words))
    return {group: verbs for group, verbs in found.items() if verbs}
