"""The page from the recorded facts and from index files; the findings against what was put into those."""

import csv
import re
import xml.etree.ElementTree as ElementTree

import pytest
import yaml

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.outside.release.findings import differences, read_findings, recorded
from benchmark.outside.release.layers import Network
from benchmark.report.release_audit import audit as audit_module
from benchmark.report.release_audit.audit import audit


@pytest.fixture(scope="session")
def facts():
    return yaml.safe_load(audit_module.FACTS.read_text())


@pytest.fixture
def save(tmp_path, writer):
    def write(tensors):
        path = tmp_path / "given.index"
        path.write_bytes(writer.index(tensors, 20))
        return path

    return write


def test_findings_are_what_was_put_in(save, released):
    tensors, scalars = released
    found = read_findings(save(tensors), Network())
    assert found.coefficients == tuple(scalars) and len(scalars) == 24
    assert found.means == found.variances == (49, 49)
    assert found.steps == 123456 and found.training_switch is True
    assert sum(found.parameters.values()) == 3072696 and found.variables == 3 * 246 + 98 + 2


def test_a_moved_statistic_is_seen(save, released):
    tensors, _ = released
    data = bytearray(tensors["ResidualBlock_2/BatchNormalization_3/moving_variance"][2])
    data[-1] ^= 1
    moved = tensors | {"ResidualBlock_2/BatchNormalization_3/moving_variance": (1, (64,), bytes(data))}
    moved.pop("is_training")
    found = read_findings(save(moved), Network())
    assert found.means == (49, 49) and found.variances == (49, 48) and found.training_switch is None


@pytest.mark.parametrize(
    "change, line",
    [
        ({"Conv2D/W": None}, "Conv2D/W: found no such variable"),
        ({"FullyConnected/b": (1, (7,), 28)}, r"FullyConnected/b: found shape \(7,\) of type 1; expected shape \(8,\)"),
        ({"ResidualBlock/shortcut_mod/a/Adam": None}, "shortcut_mod/a/Adam: found no such variable"),
        ({"ResidualBlock/shortcut_mod/a": (3, (), b"1234")}, r"found shape \(\) of type 3"),
        ({"BatchNormalization/moving_mean": None}, "moving_mean: found no such variable"),
    ],
)
def test_another_network_is_refused(save, released, tmp_path, change, line):
    tensors = {name: value for name, value in (released[0] | change).items() if value}
    with pytest.raises(BadInput, match=line):
        audit(save(tensors), tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


def test_page_from_the_facts_alone(tmp_path):
    audit(None, tmp_path)
    page = (tmp_path / "release-audit.md").read_text()
    for shown in (
        "3,072,696", "3,072,648", "15,356,569", "15,356,448", "9,181,679", "25,809", "1,777,730,560", "3,604,109,985",
        "| 9.25 M |", "| 17.02 M |", "| 34.50 M |", "recorded [X]", "49 are exactly 0", "0.970102",
    ):  # fmt: skip
        assert shown in page, shown
    assert "differs" not in page and "Read:" not in page and str(tmp_path) not in page
    (link,) = re.findall(r"!\[.*\]\((.*)\)", page)
    assert ElementTree.parse(tmp_path / link).getroot().tag.endswith("svg")
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table
    again = tmp_path / "again"
    audit(None, again)
    assert (again / link).read_bytes() == (tmp_path / link).read_bytes() and (again / "release-audit.md").read_text() == page


def test_a_clone_is_searched_for_its_checkpoint(save, released, tmp_path, monkeypatch):
    clone = tmp_path / "clone" / "codes" / "Snapshots" / "categorical_attempt_1"
    clone.mkdir(parents=True)
    save(released[0]).rename(clone / "checkpoints.index")
    (tmp_path / "clone" / "codes" / "BReG-NeXt.py").touch()
    monkeypatch.chdir(tmp_path)
    assert main(["audit-release", "clone"]) == 0
    page = (tmp_path / "reports" / "release-audit.md").read_text()
    assert "Read: `checkpoints.index`" in page and "- steps: 123456, recorded 7701" in page
    first, last = released[1][0], released[1][-1]
    assert all(f"{value:.6f}" in page for value in (*first, *last))


def test_page_from_another_checkpoint_says_so(save, released, tmp_path):
    audit(save(released[0]), tmp_path)
    page = (tmp_path / "release-audit.md").read_text()
    assert "It differs from what is recorded" in page and "- steps: 123456, recorded 7701" in page
    assert "is_training` is True" in page and "| all scalars within 0.4" in page


def test_command_line_refuses_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clone").mkdir()
    for argument, line in (("nowhere", "nowhere: found nothing"), ("clone", "clone: found 0 *.index files")):
        assert main(["audit-release", argument]) == 2
        assert line in capsys.readouterr().err
    for name in ("one.index", "two.index"):
        (tmp_path / "clone" / name).touch()
    assert main(["audit-release", "clone"]) == 2
    assert "found 2 *.index files one.index, two.index" in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_the_release_itself(fer_data, facts, tmp_path):
    folder = fer_data / "release"
    if not (folder / "checkpoints.index").is_file():
        pytest.skip("no release/checkpoints.index in FER_DATA")
    found = read_findings(folder / "checkpoints.index", Network())
    assert found.means == found.variances == (49, 49)
    with open(folder / "coefficients.csv", newline="") as stream:
        expected = [(float(row["a"]), float(row["c"])) for row in csv.DictReader(stream)]
    assert [(round(a, 6), round(c, 6)) for a, c in found.coefficients] == expected and len(expected) == 24
    assert differences(found, recorded(facts)) == [] and found.sha256 == facts["checkpoint"]["sha256"]
    audit(folder, tmp_path)
    page = (tmp_path / "release-audit.md").read_text()
    assert "It says what is recorded" in page and "read; derived: 3,072,696" in page
