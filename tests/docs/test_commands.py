"""Every command that a page shows is run by a test, or parsed by the program's own parser."""

import re

import pytest

from tests.docs.commands import Unknown, check, simple_commands, unknown_words
from tests.docs.pages import FENCE, ROOT, blocks, named, pages, text

RUN = {  # page -> what also runs commands of it as they are written
    "docs/quick-start.md": "tests/docs/test_quick_start.py",
    "docs/new-model.md": "tests/test_new_model_page.py",
    "README.md": ".ci/run",  # the tests
}


@pytest.mark.parametrize("page", pages())
def test_every_command_parses(page):
    for block in blocks(page):
        for command in simple_commands(block):
            check(command, text(page))


@pytest.mark.parametrize("page", pages())
def test_no_command_is_outside_a_fence_that_is_read(page):
    """Markdown takes indented lines for code too."""
    outside = FENCE.sub("", text(page))
    assert not re.findall(r"^    (?:ferbench|dvc|python|pip|git|ray|rsync|cp|cd) .*$", outside, re.MULTILINE)


@pytest.mark.parametrize("page", pages())
def test_a_command_named_in_a_sentence_is_there(page):
    assert {span: wrong for span in named(page) if (wrong := unknown_words(span))} == {}


def test_a_wrong_name_in_a_sentence_is_found():
    assert unknown_words("ferbench verfy --json found.json") == ["verfy"]
    assert unknown_words("ferbench data delete fer2013") == ["data delete"]
    assert unknown_words("ferbench data add NAME PATH") == unknown_words("ferbench data") == []
    assert unknown_words("ferbench run P CELL --seed 0") == ["--seed"]
    assert unknown_words("ferbench protocol check FILE --prepared=x --no") == ["--no"]
    assert unknown_words("ferbench --version") == unknown_words("ferbench VERB --help") == []


@pytest.mark.parametrize("page", RUN)
def test_what_is_said_to_run_a_page_reads_it(page):
    assert page.rpartition("/")[2] in (ROOT / RUN[page]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wrong",
    [
        "ferbench runn synthetic-8",
        "ferbench run synthetic-8 toy --seed-list 0",
        "python -m benchmark verify --no-such",
        "dvc repro --no-such-option",
        "dvc reproduce",
        "pip install --no-such",
        "pip no-such",
        "git frobnicate",
        "python -m no_such_module",
        "python no/such/file.py",
        "make no-such-target",
        "no-such-program",
        "./no-such-file",
        "ls && no-such-program",
        "X=1 nohup nice -n 19 no-such-program > log 2>&1 &",
    ],
)
def test_an_unknown_command_is_found(wrong):
    with pytest.raises(Unknown):
        for command in simple_commands(wrong):
            check(command)


def test_a_block_is_taken_apart_as_by_a_shell():
    heredoc = "cat > a.py <<'END'\nno command\nEND\n"
    background = "nohup nice -n 19 dvc repro > log 2>&1 &"
    block = f"{heredoc}A=1 ferbench run a \\\n  b # why\npip install -e '.[test]' && ls\n{background}"
    assert simple_commands(block) == [
        ["cat"], ["ferbench", "run", "a", "b"], ["pip", "install", "-e", ".[test]"], ["ls"],
        ["dvc", "repro"],
    ]  # fmt: skip
