"""Any list of arguments ends in success or in one line with a documented status: no traceback, and nothing written by a
command that refuses its input. Work that takes long is cut off where it begins."""

import argparse
import itertools
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmark.cli.main import main, parser
from benchmark.errors import Interrupted

EXAMPLES = 75
RUNS = [EXAMPLES, pytest.param(20 * EXAMPLES, marks=pytest.mark.slow)]
NUMBERS = (
    "0", "1", "2", "-1", "-0", "7", "1.5", "1e3", "nan", "inf", "-inf", "1e400", "4294967296", "9" * 30, "9" * 5000, "", "x",
    "\u0663", "0x10", " 1", "1_0",
)  # fmt: skip
# No device file: a command that replaces its target would replace it.
PATHS = (
    "bytes", "folder",
    "folder/below", "missing/below", "", ".", "..", "bytes/below", "x" * 300, "x" * 5000, "a\x1b[31m", "-",
    "\udcff", "\u202e.csv", "x.csv", "x.npz", "x.json", "x.yaml", "x.onnx", "x.pt", "x.tar", "empty.json", "empty.csv", "~",
)  # fmt: skip
WORDS = (
    "synthetic-8", "synthetic-va", "resnet18-plain", "mini-xception-plain", "narrow8-12-adaptive-working-plain", "synthetic",
    "fer2013", "smoke", "default", "fer2013-study", "ablations", "timm", "mini-xception", "timm:nothing", "os:system", "all",
    "benchmark.nothing:x", "*", "1/2", "2/1", "0/0", "1/" + "9" * 5000, "units=[1", "a=1", "a", "=", "cpu", "auto", "cuda",
    "cuda:7", "mps", "meta", "cpu:-1", "HEAD", "ray", "here", "bash", "test", "ferplus", "affectnet_c25", "logits", "plain",
    "a\nb", "$x^$", "<script>", "--", "--help", "-h", "--version", "@file",
)  # fmt: skip


def verbs() -> dict[str, argparse.ArgumentParser]:
    """Every verb's words -> its parser."""
    found = {}
    waiting = [("", parser())]
    while waiting:
        words, one = waiting.pop()
        below = [action for action in one._actions if isinstance(action, argparse._SubParsersAction)]
        if not below:
            found[words.strip()] = one
        for action in below:
            waiting += [(f"{words} {name}", each) for name, each in action.choices.items()]
    return dict(sorted(found.items()))


VERBS = verbs()


def values(action: argparse.Action) -> st.SearchStrategy[str]:
    """Values for an argument: mostly such as it may have, some of another argument, some of none."""
    fitting = NUMBERS if action.type in (int, float) else PATHS if action.type is Path else (*(action.choices or ()), *WORDS)
    any_text = st.text(st.characters(exclude_characters="\0"), max_size=20)
    fits = st.sampled_from(fitting)
    return st.one_of(fits, fits, fits, fits, fits, st.sampled_from((*NUMBERS, *PATHS, *WORDS)), any_text)


@st.composite
def arguments(draw) -> list[str]:
    """A verb, and for each of its arguments: none, or a value, or several."""
    words = draw(st.sampled_from(list(VERBS)))
    argv = words.split()
    for action in VERBS[words]._actions:
        needed = action.required or (not action.option_strings and action.nargs != "?")
        if isinstance(action, argparse._HelpAction) or draw(st.integers(0, 19)) >= (19 if needed else 3):
            continue
        if action.option_strings:
            argv.append(action.option_strings[0])
        if action.nargs != 0:
            argv += draw(st.lists(values(action), min_size=1, max_size=2 if action.nargs == "+" else 1))
    if draw(st.integers(0, 19)) == 0:
        argv.insert(draw(st.integers(0, len(argv))), draw(st.sampled_from(WORDS)))
    return argv


def everything(root: Path) -> dict[str, bytes | None]:
    """Relative path -> contents of every file below `root`, None for a folder."""
    return {path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


@pytest.fixture
def cut_off(monkeypatch):
    """Work that takes more than a moment ends where it begins."""

    def begins(*_, **__):
        raise Interrupted("here the work begins")

    for place in (
        "benchmark.faces.readers.synthetic.reader.plan",
        "benchmark.measures.speed.inference.Workers",
        "benchmark.measures.speed.training.take_turns",
        "benchmark.runs.cluster.run_on_ray",
        "benchmark.report.release_audit.audit.audit",
    ):
        monkeypatch.setattr(place, begins)


@pytest.mark.parametrize("examples", RUNS)
def test_any_arguments(examples, cut_off, tmp_path_factory, monkeypatch, capsys):
    top, numbers, seen = tmp_path_factory.mktemp("arguments"), itertools.count(), Counter()

    @settings(max_examples=examples)
    @given(arguments())
    @example(["cells"])
    @example(["audit-release"])
    def check(argv):
        above = top / str(next(numbers))
        here = above / "project"
        (here / "folder").mkdir(parents=True)
        (here / "bytes").write_bytes(b"\xff\xfe\0")
        (here / "empty.json").write_text("{}")
        (here / "empty.csv").write_text("")
        monkeypatch.chdir(here)
        before = everything(above)
        try:
            status = main(argv)
        except SystemExit as end:  # of argparse
            status = end.code
            assert status in (0, 2)
        said = capsys.readouterr()
        assert status in (0, 1, 2, 3, 4), said.err
        assert "Traceback" not in said.err + said.out
        if status:
            lines = [
                line for line in said.err.split("\n") if line and not line.startswith(("checking ", "ferbench: warning: "))
            ]
            assert len(lines) == 1 and lines[0].startswith("ferbench") and lines[0].isprintable(), said.err
        if status == 2:
            assert everything(above) == before, "something was written"
        assert set(top.iterdir()) == {above}
        seen[status] += 1
        monkeypatch.chdir(top)
        for path in sorted(above.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        above.rmdir()

    check()
    print(dict(seen))
    assert seen[0] and seen[2] and seen[3]  # the two examples and what was drawn: not every list is refused
