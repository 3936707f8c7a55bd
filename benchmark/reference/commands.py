"""The page of commands, from the parser of the command line."""

import argparse
from collections.abc import Iterator

from benchmark.cli import failures, main
from benchmark.cli.parsing import groups_of, verbs_of
from benchmark.reference.markdown import page, table


def commands() -> str:
    """Every verb with its arguments and options, by group where the command line has groups."""
    top = main.parser()
    verbs = {" ".join(words): one for words, one in verbs_of(top)}
    parts = []
    for group, names in groups_of(top).items():
        parts += [f"## {group[:1].upper()}{group[1:]}"]
        parts += [part for name in names for part in _verb(f"ferbench {name}", verbs[name])]
    return page(
        "Commands",
        "the command's own help (`benchmark/cli`)",
        "`ferbench VERB --help` shows the same. Every verb also works as `python -m benchmark VERB`. Before work that "
        "takes long, `prepare`, `run`, `tune` and `study` check the room on the disk, the device, the seeds and the "
        "networks; what is wrong is said before anything is written. Results are on standard output, progress and warnings "
        "on standard error.",
        _statuses(),
        *parts,
    )


def _statuses() -> str:
    """The exit statuses of `benchmark.cli.failures` as a table."""
    rows: list[list[str]] = []
    for line in failures.STATUSES.splitlines()[1:]:
        number, _, text = line.strip().partition("  ")
        if number.isdigit():
            rows.append([number, text])
        else:
            rows[-1][1] += f" {line.strip()}"
    return f"## Exit status\n\n{table(('exit status', 'means'), rows)}"


def _verb(name: str, one: argparse.ArgumentParser) -> Iterator[str]:
    yield f"### {name}"
    if one.description:
        yield _sentence(one.description)
    if one.epilog:
        yield _example(one.epilog)
    actions = [a for a in one._actions if not isinstance(a, argparse._HelpAction | argparse._SubParsersAction)]  # noqa: SLF001
    if actions := [action for action in actions if action.help != argparse.SUPPRESS]:
        yield table(("argument", "meaning"), ((_shown(action), _help(action)) for action in actions))


def _example(epilog: str) -> str:
    lines = epilog.removeprefix("example:").strip().splitlines()
    return "```sh\n" + "\n".join(line.strip() for line in lines) + "\n```"


def _sentence(text: str) -> str:
    said = " ".join(text.split())
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")


def _shown(action: argparse.Action) -> str:
    named = ", ".join(f"`{name}`" for name in action.option_strings)
    wanted = action.nargs != 0
    meta = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    argument = f"`{meta if isinstance(meta, str) else ' '.join(meta)}`" if wanted else ""
    many = " ..." if action.nargs in ("+", "*") else ""
    required = " (required)" if action.option_strings and action.required else ""
    return f"{named} {argument}".strip() + many + required


def _help(action: argparse.Action) -> str:
    said = " ".join((action.help or "").split())
    if "%(default)s" in said:
        return said.replace("%(default)s", str(action.default)).replace("%%", "%")
    said = said.replace("%%", "%")
    if "default" in said or action.default in (None, False, argparse.SUPPRESS) or action.default == []:
        return said
    default = " ".join(map(str, action.default)) if isinstance(action.default, list) else action.default
    return f"{said} (default: {default})".strip()
