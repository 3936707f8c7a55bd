"""docs/own-protocol.md, run as it is written, on a small FaceSet in place of the drawn faces."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmark.cli.main import main, parser
from benchmark.faces.faceset import write_faceset
from benchmark.protocol.protocol import TEMPLATE, protocol_from
from benchmark.records.record import read_records

PAGE = Path(__file__).parents[1] / "docs" / "own-protocol.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = "".join(re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)).splitlines()
CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")


@pytest.fixture
def said(tmp_path, monkeypatch, capsys, one_thread):
    """A function that runs a command of the page: its exit status, and what it printed."""
    monkeypatch.chdir(tmp_path)
    rng, label = np.random.default_rng(3), np.arange(112) % 8
    pictures = (25 * label[:, None, None, None] + rng.normal(40, 20, (112, 32, 32, 3))).clip(0, 255).astype(np.uint8)
    write_faceset(
        tmp_path / "data" / "prepared" / "synthetic",
        pictures,
        name="synthetic",
        version="1.0",
        classes=CLASSES,
        id=[f"face-{row}" for row in range(112)],
        split=["train"] * 64 + ["validation"] * 24 + ["test"] * 24,
        expression=label,
    )

    def run(command: str) -> tuple[int, str]:
        line, _, file = command.partition(" > ")
        status = main(shlex.split(line)[1:])
        told = capsys.readouterr()
        if file:
            Path(file).write_text(told.out)
        return status, told.out + told.err

    return run


def test_the_file_on_the_page_is_the_template():
    (shown,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    template = protocol_from(yaml.safe_load(TEMPLATE.read_text(encoding="utf-8")), "template")
    assert protocol_from(yaml.safe_load(shown), "page") == template


def test_every_command_of_the_page(said, tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark.runs.runner.default_jobs", lambda device: 1)
    done = {}
    for command in COMMANDS:
        if command.startswith("ferbench prepare"):
            parser().parse_args(shlex.split(command)[1:])
            continue
        status, done[command] = said(command)
        assert (status, command) == (0, command), done[command]
    told = dict(zip((command.split()[1] for command in done), done.values(), strict=False))
    whole = "\n".join(done.values())
    assert "my-protocol.yaml: in order" in whole and "train 64, validation 24, test 24" in whole
    (record, *more) = read_records(tmp_path / "reports" / "records" / "imported")
    assert len(more) == 3 and record.protocol == "my-protocol" and "4 records taken into" in told["import"]
    own = f"my-protocol (hash {record['protocol_hash']})"
    assert f"{own}: one that the suite does not have" in told["import"] and told["compare"].startswith(own)
    (page,) = (tmp_path / "reports" / "pages" / "protocols").glob("my-protocol*.md")
    assert re.search(r"^# my-protocol\S*\n\nA protocol that the suite does not have", page.read_text("utf-8"), re.MULTILINE)
    assert "4 records in order" in told["verify"]


def test_links_and_verbs_of_the_page():
    for command in COMMANDS:
        parser().parse_args(shlex.split(command.partition(" > ")[0])[1:])
    for link in re.findall(r"\]\(([^)h][^)]*)\)", TEXT):
        assert (PAGE.parent / link).is_file(), link
    assert len(TEXT.split()) <= 450
