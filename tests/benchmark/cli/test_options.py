"""Every option of every verb: what it changes, by value. The tables are in options_of_*.py: the functions that do a verb's
work and are replaced by spies, a command and exactly what of it arrives there, and for each option a command with it and
what arrives otherwise."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmark.cli.main import parser
from benchmark.records.check_table import COLUMNS
from benchmark.records.sameness import IDENTICAL, Sameness

from . import options_of_networks, options_of_records, options_of_runs, options_of_verify
from .conftest import GONE
from .options_of_networks import EVALUATE, OUTSIDE
from .options_of_verify import PLACE, RETRAIN

TABLES = [each.TABLE for each in (options_of_networks, options_of_records, options_of_runs, options_of_verify)]
TABLE = {verb: entry for table in TABLES for verb, entry in table.items()}


@pytest.mark.parametrize(
    "verb, option",
    [
        pytest.param(verb, option, id=f"{verb} {option or ''}".strip())
        for verb, entry in TABLE.items()
        for option in (None, *entry.get("options", {}))
    ],
)
def test_what_an_option_changes(arriving, verb, option):
    entry = TABLE[verb]
    compare(arriving(entry, entry["base"] if option is None else entry["options"][option][0]), entry, option)


def compare(found: Mapping, entry: Mapping, option: str | None) -> None:
    """Compare what `arriving` found with what the table says: exactly what reaches the spies, which files are written and
    what standard error says; of what is printed, a part."""
    wanted = {"status": 0, "written": [], "error": ""} | entry["arrives"]
    if option is not None:
        wanted |= entry["options"][option][1]
    part = wanted.pop("printed", "")
    wanted = {name: value for name, value in wanted.items() if value is not GONE}
    assert {name: value for name, value in found.items() if name != "printed"} == wanted
    assert part in found["printed"]


def test_every_verb_and_option_is_in_a_table():
    assert sum(len(table) for table in TABLES) == len(TABLE)
    shown = {verb: {option.split(":")[0] for option in entry.get("options", {})} for verb, entry in TABLE.items()}
    assert shown == dict(arguments_of(parser()))


def arguments_of(one: argparse.ArgumentParser, verb: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every verb of a parser with the names of its arguments."""
    actions = [action for action in one._actions if not isinstance(action, argparse._HelpAction)]
    if below := [action for action in actions if isinstance(action, argparse._SubParsersAction)]:
        for name, inner in below[0].choices.items():
            yield from arguments_of(inner, f"{verb} {name}".strip())
    else:
        yield verb, {action.dest for action in actions}


def test_an_entry_elsewhere_is_not_written_as_verified(arriving):
    """--write holds for the folder of entries that the report reads, and says so before anything is evaluated."""
    found = arriving(TABLE["evaluate"], f"{EVALUATE} --write --out elsewhere")
    assert found.pop("error") == f"ferbench: ferbench evaluate: found --write for elsewhere; expected it for {OUTSIDE}\n"
    assert found == {"status": 2, "printed": "", "written": []}


def test_sources_writes_the_digest(arriving):
    arriving(TABLE["sources"], "sources timm")
    assert Path("reports/sources/timm.txt").read_text() == "digest of timm\n"


@pytest.mark.parametrize(
    "command, contents",
    [
        (
            "verify",
            {
                "records": [
                    {"place": place, "checks": {key: {"outcome": "ok", "why": ""} for key in COLUMNS}}
                    for place in (PLACE, "p/c/seed1")
                ],
                "faults": [],
                "reproduction": {"a": 1},
            },
        ),
        (
            "verify --weights",
            {
                "weights": [
                    {"place": PLACE, "outcome": "bit-identical", "why": "", "largest": 0.0},
                    {"place": "p/c/seed1", "outcome": "not checked", "why": "no weights", "largest": None},
                ]
            },
        ),
        (RETRAIN, {"again": [{"place": PLACE} | Sameness(IDENTICAL).as_json]}),
    ],
)
def test_what_verify_writes_as_json(arriving, command, contents):
    assert arriving(TABLE["verify"], f"{command} --json f.json")["status"] == 0
    assert json.loads(Path("f.json").read_text()) == {"schema": 1} | contents


@pytest.mark.parametrize(
    "command, place, work",
    [
        ("complexity", "reports", "measure_all"),
        ("complexity a.b:c --out shown/c.json", "shown", "complexity_of_all"),
        ("gradients", "reports", "measure_plan"),
        ("speed " + options_of_networks.P, "reports", "speed"),
        ("bench", "reports/bench", "bench"),
        ("robustness synthetic-8 " + options_of_networks.P, "reports/robustness", "measure"),
        ("robustness synthetic-8 a.b:c --name n", "reports/robustness", "robustness"),
        ("audit synthetic", "reports/data", "audit"),
        ("tune synthetic", "reports/tuning", "tune"),
        ("study fer2013-study", "reports/tuning", "make"),
        (EVALUATE, "reports/records", "evaluate"),
        (TABLE["first-contact"]["base"], "home", "first_contact"),
        (f"{TABLE['compare']['base']} --picture shown/pair.jpg", "shown", "compare"),
        ("verify --json shown/found.json", "shown", "examine_all"),
    ],
)
def test_where_the_result_can_not_go_is_said_before_the_work(arriving, command, place, work):
    entry = TABLE[command.split()[0]]
    assert any(name.endswith(f".{work}") for name in entry["spies"])
    blocked = {place: "a file where a folder is to be"}
    found = arriving({**entry, "files": entry.get("files", {}) | blocked}, command)
    assert found["status"] == 4 and not found["written"] and not found["printed"]
    assert found["error"] == f"ferbench: {Path(place).absolute()}: a file, not a folder; name another folder\n"
    assert not [name for name in found if name.startswith(f"{work}.")]


def test_a_folder_where_the_result_is_to_go(arriving):
    found = arriving({**TABLE["verify"], "files": {"shown/x": ""}}, "verify --json shown")
    assert (found["status"], found["error"]) == (4, "ferbench: shown: a folder, not a file; name a file\n")
    assert "examine_all.root" not in found and not found["written"]
