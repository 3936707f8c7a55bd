"""Commands in the pages: taken apart as a shell does it, and parsed by the programs' own parsers without being run."""

import argparse
import importlib.util
import re
import shlex
from pathlib import Path

from tests.docs.pages import ROOT

SEPARATORS = {"&&", "||", "|", ";", "&"}
BEFORE = {"nohup", "srun", "if", "then", "else", "do", "!", "time"}  # words before a command
PLAIN = {
    ".", "[", "cat", "cd", "cp", "curl", "echo", "exit", "export", "fi", "kill", "ls", "mkdir", "mv", "rm", "rsync",
    "scontrol", "tar", "test", "unzip",
}  # fmt: skip
TOOLS = {"lint-imports", "mkdocs", "mypy", "pre-commit", "pytest", "ray", "ruff"}  # of this project's extras
GIT = {
    "add", "branch", "checkout", "clean", "clone", "commit", "diff", "init", "log", "push", "restore",
    "show", "stash", "status", "switch", "tag",
}  # fmt: skip


class Unknown(Exception):
    """A command that no parser here accepts."""


def simple_commands(block: str) -> list[list[str]]:
    """The words of every command of a block, without heredocs, comments, redirections and assignments."""
    block = re.sub(r"<<-?\s*'?(\w+)'?(.*?)\n.*?^\1$", r"\2", block, flags=re.MULTILINE | re.DOTALL).replace("\\\n", " ")
    found = []
    for line in block.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, "#"
        command: list[str] = []
        for word in [*lexer, ";"]:
            if word not in SEPARATORS:
                command.append(word)
                continue
            while command and (command[0] in BEFORE or re.fullmatch(r"\w+=.*", command[0])):
                command = command[1:]
            if command and command[0] == "nice":  # nice -n 19 COMMAND
                command = command[3:]
            redirected = next((at for at, each in enumerate(command) if re.fullmatch(r"\d?>+&?", each)), len(command))
            if command[:redirected]:
                found.append(command[:redirected])
            command = []
    return found


def check(command: list[str], block: str = "") -> str:
    """Parse a command. Returns the name of what parsed it; Unknown if nothing does. A program that a heredoc of ``block``
    wrote may be called."""
    name, words = command[0], command[1:]
    if name in ("python", "python3") and words[:1] == ["-m"]:
        if words[1] == "benchmark":
            name, words = "ferbench", words[2:]
        elif importlib.util.find_spec(words[1]):
            return "python -m"
    try:
        if name == "ferbench":
            from benchmark.cli.main import parser

            parser().parse_args(words)
        elif name == "dvc":
            from dvc.cli import DvcParserError
            from dvc.cli.parser import get_main_parser

            try:
                get_main_parser().parse_args(words)
            except DvcParserError as error:
                raise Unknown(" ".join(command)) from error
        elif name == "pip":
            from pip._internal.commands import create_command

            create_command(words[0]).parser.parse_args(words[1:])
        elif not _known(name, words, block):
            raise Unknown(" ".join(command))
    except (SystemExit, KeyError, IndexError) as error:
        if not (isinstance(error, SystemExit) and error.code == 0):  # --help and --version end with 0
            raise Unknown(" ".join(command)) from error
    return name


def _known(name: str, words: list[str], block: str) -> bool:
    """Whether a command is one of the shell's, of git's, of the Makefile's, or a program that is there."""
    if name == "git":
        return next((each for each in words if not each.startswith("-") and "/" not in each), "") in GIT
    if name == "make":
        return set(words) <= set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    if name in ("python", "python3"):
        return words[0] in ("-", "-c") or (ROOT / words[0]).is_file() or f"> {words[0]}" in block
    return name in PLAIN | TOOLS or (name.startswith(".") and (ROOT / Path(name)).is_file())


def unknown_words(span: str) -> list[str]:
    """What a command named in a sentence has that is not there: its verb, or options that the verb does not have. What else
    the command needs may be left out there, and words such as PATH or ... stand for others."""
    from benchmark.cli.main import parser
    from benchmark.cli.parsing import verbs_of

    name, *words = span.split()
    assert name == "ferbench"
    top = parser()
    if not words or words[0].startswith("-"):
        verb: argparse.ArgumentParser = top
    else:
        verbs = {" ".join(found): one for found, one in verbs_of(top)}
        two, one = " ".join(words[:2]), words[0]
        below = any(verb.startswith(f"{one} ") for verb in verbs) and words[1:2] and words[1].islower()
        if two not in verbs and (one not in verbs or below) and one != "VERB":
            return [two if below else one]
        verb = verbs.get(two) or verbs.get(one) or top
    known = {option for action in verb._actions for option in action.option_strings}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
