"""A protocol file on the command line: every mistake at once; every verb that takes a protocol takes the file."""

from pathlib import Path

import pytest

from benchmark.cli.main import main
from benchmark.protocol.protocol import PROTOCOLS, TEMPLATE

CELL = "mini-xception-plain"
FIVE = {
    "name: synthetic-8": "name: my protocol",
    "epochs: 4": 'epoch: "4"',
    "tta: [none, flip]": "tta: none",
    "input_size: 32": "input_size: 5000",
}
LINES = [
    "epoch: found an unknown field; expected epochs: did you mean that?",
    "epoch: found '4'; expected a whole number; this is text in YAML, write 4",
    "tta: found 'none'; expected a list of texts; write [none]",
    "name: found name 'my protocol'; expected at most 100 letters, digits, '-', '_' and '+', a letter or digit first: it "
    "names folders",
    "input_size: found 5000; expected a number from 1 to 4096",
]
TAKE_A_FILE = [
    "protocol check {}",
    f"run {{}} {CELL}",
    f"trial {{}} {CELL}",
    "evaluate net.onnx --protocol {} --name mine",
    "score predictions.csv --protocol {} --name mine",
    "export-test faces --protocol {}",
    f"evaluate-weights {{}} {CELL} weights.pt --out scored",
    f"speed {CELL} --protocol {{}}",
    f"robustness {{}} {CELL}",
    f"compare {CELL} vgg13-plain --protocol {{}}",
    "publish {}",
]


@pytest.fixture
def file(tmp_path, monkeypatch) -> str:
    """A protocol file with five mistakes."""
    monkeypatch.chdir(tmp_path)
    text = (PROTOCOLS / "synthetic-8.yaml").read_text(encoding="utf-8")
    for old, new in FIVE.items():
        assert old in text
        text = text.replace(old, new)
    Path("bad.yaml").write_text(text)
    return "bad.yaml"


@pytest.mark.parametrize("command", TAKE_A_FILE)
def test_every_verb_refuses_a_bad_file_with_the_same_lines(file, capsys, command):
    assert main(command.format(file).split()) == 2
    said = capsys.readouterr()
    assert said.err.splitlines() == [f"ferbench: bad.yaml, {line}" for line in LINES] and not said.out
    assert sorted(path.name for path in Path().iterdir()) == ["bad.yaml"], "something was written"


@pytest.mark.parametrize("command", [each for each in TAKE_A_FILE if not each.startswith(("publish", "compare", "speed"))])
def test_every_verb_asks_for_the_data_of_a_good_file(tmp_path, monkeypatch, capsys, command):
    """It has read the file: it looks for the FaceSet (or the run's weights) that the file names."""
    monkeypatch.chdir(tmp_path)
    Path("good.yml").write_text(TEMPLATE.read_text(encoding="utf-8").replace("data: synthetic", "data: folder-mine"))
    status = main(command.format("good.yml").split())
    said = capsys.readouterr()
    assert status == (0 if "check" in command else 2)
    assert "folder-mine" in said.out + said.err or "my-protocol" in said.err


def test_what_publish_and_compare_say_of_an_own_protocol(tmp_path, monkeypatch, capsys):
    """One is for protocols that the suite has; for the other there is no record yet."""
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(TEMPLATE.read_text(encoding="utf-8"))
    assert main(["publish", "good.yaml"]) == 2
    said = (
        "ferbench: ferbench publish good.yaml: found a protocol that the suite does not have; expected one of the suite's\n"
    )
    assert capsys.readouterr().err == said
    assert main(["compare", CELL, "vgg13-plain", "--protocol", "good.yaml"]) == 2
    assert "found no record" in capsys.readouterr().err
