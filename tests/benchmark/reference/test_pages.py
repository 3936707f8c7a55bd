"""The pages of docs/reference: what is committed is what the code says, nothing is left out, and links lead somewhere."""

import importlib
import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from benchmark.claims.rules import RULES
from benchmark.cli import main
from benchmark.faces import data_sets
from benchmark.outside.adapters.preprocessing import Preprocessing
from benchmark.protocol.protocol import Protocol, Recipe
from benchmark.records.examine import CHECKS, READ
from benchmark.reference import __main__ as command
from benchmark.reference.markdown import attributes, labelled, table, value
from benchmark.reference.pages import PAGES, written

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
SOURCES = sorted((ROOT / "benchmark" / "reference").glob("*.yaml"))


@pytest.fixture(scope="module")
def made():
    return written()


def test_there_are_no_other_pages(made):
    assert {path.name for path in REFERENCE.iterdir()} == set(made)


@pytest.mark.parametrize("name", ["README", *PAGES])
def test_a_committed_page_is_what_the_code_says(made, name):
    """If this fails: python -m benchmark.reference"""
    assert (REFERENCE / f"{name}.md").read_text(encoding="utf-8") == made[f"{name}.md"]


def test_check_names_what_is_not_up_to_date(made, monkeypatch, tmp_path, capsys):
    write = command.main
    monkeypatch.setattr(command, "written", lambda: made)
    assert write(["--out", str(tmp_path)]) == 0
    assert write(["--out", str(tmp_path), "--check"]) == 0 and capsys.readouterr().out == ""
    (tmp_path / "rules.md").write_text("other\n")
    (tmp_path / "speed.md").unlink()
    (tmp_path / "stray.md").write_text("a page of before\n")
    assert write(["--out", str(tmp_path), "--check"]) == 1
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        str(tmp_path / name) for name in ("speed.md", "stray.md", "rules.md")
    ]
    assert write(["--out", str(tmp_path)]) == 0 and not (tmp_path / "stray.md").exists()
    assert write(["--out", str(tmp_path), "--check"]) == 0


def test_every_verb_and_option_is_on_the_page_of_commands(made):
    """interface.yaml pins them: verb -> options and arguments."""
    pinned = yaml.safe_load((ROOT / "tests/benchmark/cli/interface.yaml").read_text())
    page = made["commands.md"]
    parts = dict(re.findall(r"^### (ferbench [\w -]+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    verbs = {verb for verb, own in pinned.items() if own["function"]}
    assert set(parts) == verbs and len(verbs) > 30
    for verb, part in parts.items():
        for argument in pinned[verb]["arguments"]:
            assert f"`{argument}`" in part if argument.startswith("-") else "| argument |" in part, (verb, argument)


def test_verbs_stand_in_the_groups_of_the_help(made):
    """The order of the page is that of `ferbench --help`, whose verbs are indented by two spaces below their group."""
    page, said = made["commands.md"], main.parser().format_help()
    helped = re.findall(r"^  ([a-z]+(?:-[a-z]+)*(?: [a-z]+)?)  +\S", said, re.MULTILINE)
    assert re.findall(r"^### ferbench (.*)$", page, re.MULTILINE) == helped and len(helped) > 35


def test_every_rule_of_a_verdict_has_its_text():
    sections = yaml.safe_load((ROOT / "benchmark/reference/rules.yaml").read_text())["sections"]
    named = {each.split(".")[-1] for one in sections for each in one.get("code", ())}
    assert set(RULES) - named == {"measured", "measured_difference"}  # these two are only shown, and judge nothing


def test_every_check_is_described_in_its_place(made):
    rows = re.findall(r"^\| (\w+) \|", made["checks.md"], re.MULTILINE)
    assert rows[: len(CHECKS) + 2] == ["check", READ, *CHECKS]


def test_remarks_are_on_data_sets_that_there_are():
    assert set(yaml.safe_load((ROOT / "benchmark/reference/protocols.yaml").read_text())["splits"]) <= set(data_sets.names())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_carries_a_section_out_exists(path):
    for one in yaml.safe_load(path.read_text()).get("sections", ()):
        assert one["parts"], one["title"]
        for name in one.get("code", ()):
            place, _, last = name.rpartition(".")
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                assert hasattr(importlib.import_module(place), last), name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_section_is_on_a_page(made, path):
    """A page may choose its sections by their titles; one that no page chooses would be lost without a word."""
    headings = set(re.findall(r"^#+ (.*)$", "\n".join(made.values()), re.MULTILINE))
    assert {one["title"] for one in yaml.safe_load(path.read_text()).get("sections", ())} <= headings


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_rows_have_as_many_entries_as_their_head(path):
    for one in yaml.safe_load(path.read_text()).get("sections", ()):
        for part in one["parts"]:
            assert set(part) in ({"text"}, {"head", "rows"})
            assert all(len(row) == len(part["head"]) for row in part.get("rows", ())), one["title"]


def test_links_lead_to_files_and_headings(made):
    for name, text in made.items():
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, heading = target.partition("#")
            if re.match(r"\w+:", file):
                continue
            path = (REFERENCE / file) if file else REFERENCE / name
            assert path.exists(), (name, target)
            if heading:
                there = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
                assert heading in {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in there}, (name, target)


@pytest.mark.parametrize(
    ("of", "silent"),
    [(Recipe, {"decay", "decay_steps"}), (Protocol, {"name", "version"}), (Preprocessing, set())],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_docstrings_explain_the_fields(of, silent):
    """Those that the docstring passes over are a part of another field, or say enough by their name."""
    said = attributes(of)
    assert {entry.name for entry in fields(of)} - set(said) == silent and set(said) <= {entry.name for entry in fields(of)}


class Example:
    """One line.

    Attributes:
        first, second: of both,
            on two lines.
        third: of one: with a colon.

    More text: not an attribute.
    """


class Definition:
    """x / y.

    Range: 0 to 1, with a
        second line.
    Special cases: none.
    """


def test_what_is_read_from_a_docstring():
    assert attributes(Example) == {
        "first": "of both, on two lines.", "second": "of both, on two lines.", "third": "of one: with a colon.",
    }  # fmt: skip
    assert labelled(Definition, "Range") == "0 to 1, with a second line"
    assert labelled(Definition, "Special cases") == "none" and labelled(Definition, "Computed with") == ""


def test_entries_of_tables():
    assert table(("a|b", "c"), [("x\n  y", 1)]) == "| a\\|b | c |\n|---|---|\n| x y | 1 |"
    assert value(None) == "none" and value([1, "x"]) == "`1`, `x`" and value([]) == "none"
    assert value({"a": [1, 2], "b": {"c": 3}}) == "`a: [1, 2]`, `b: {c: 3}`"
