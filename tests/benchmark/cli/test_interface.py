"""The command line as a whole: every verb, argument and option with its default, kind and choices, as in interface.yaml.
Whether an option has its effect is tested beside this (test_options_of_*.py)."""

import argparse
from pathlib import Path

import pytest
import yaml

from benchmark.cli.main import main, parser
from benchmark.protocol.cells import Run, find_cell
from benchmark.protocol.protocol import load_protocol

FILE = Path(__file__).with_name("interface.yaml")


def interface(one: argparse.ArgumentParser, name: str = "ferbench") -> dict[str, dict]:
    """Verb -> argument -> what argparse knows of it, apart from the wording of its help."""
    own, below = {}, {}
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for verb, inner in action.choices.items():
                below |= interface(inner, f"{name} {verb}")
        elif not isinstance(action, argparse._HelpAction):
            own[" ".join(action.option_strings) or action.dest] = _argument(action)
    function = one.get_default("function")
    return {name: {"function": function.__name__ if function else None, "arguments": own}} | below


def _argument(action: argparse.Action) -> dict:
    kind = type(action).__name__.strip("_")
    told = {
        "action": "" if kind == "StoreAction" else kind,
        "type": getattr(action.type, "__name__", ""),
        "dest": action.dest if action.option_strings else "",
        "nargs": action.nargs or "",
        "default": action.default if isinstance(action.default, bool | int | float) else str(action.default or ""),
        "choices": list(action.choices or ()),
        "required": action.required if action.option_strings else False,
    }
    plain = action.option_strings and action.option_strings[0].strip("-").replace("-", "_") == action.dest
    return {key: value for key, value in told.items() if value not in ("", [], False) and not (key == "dest" and plain)}


def test_every_option_is_as_listed():
    """A change here is a change for everyone who has a script: make it on purpose, with a line in CHANGELOG.md. The file is
    written anew by running this module: ``python tests/benchmark/cli/test_interface.py``."""
    found, listed = interface(parser()), yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert found.keys() == listed.keys()
    for verb, own in listed.items():
        assert found[verb] == own, verb


@pytest.mark.parametrize(
    "line, said",
    [
        ("verify weights --weights nowhere", "nowhere: found no such folder; expected runs with their weights"),
        (
            "first-contact --plan plan.json --seconds 9 --out out --at-once 4 0",
            "--at-once: found 0; expected numbers from 1",
        ),
    ],
)
def test_what_is_refused_is_named_as_it_was_given(line, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = Run(load_protocol("synthetic-8"), find_cell("resnet18-plain"), 0)
    monkeypatch.setattr("benchmark.runs.plan_file.read_plan", lambda path: [run])
    assert main(line.split()) == 2
    assert capsys.readouterr().err == f"ferbench: {said}\n"


if __name__ == "__main__":
    FILE.write_text(yaml.safe_dump(interface(parser()), sort_keys=False, width=125), encoding="utf-8")
