"""What entry.yaml says of each package, against the pinned files beside it and against the suite."""

import json
import re
import subprocess

import pytest
import shipped
import table

from benchmark.outside.class_names import understood
from benchmark.protocol.protocol import load_protocol

NAMES = shipped.names()
each = pytest.mark.parametrize("name", NAMES)
of_index = {index: [name for name in NAMES if shipped.read(name).index == index] for index in shipped.INDEXES}
FIVE = {"face-api-expression", "fer-mini-xception", "human-emotion", "pyemotion", "what-the-face"}


def test_the_packages_that_were_measured_are_there():
    assert set(NAMES) >= FIVE


@each
def test_an_entry_is_complete(name):
    entry = shipped.read(name)
    assert all(text.strip() for text in (entry.model, entry.ran_with, entry.input, entry.training_source))
    assert all(under["why"].strip() for under in entry.protocols.values())


@pytest.mark.parametrize("name", sorted(FIVE))
def test_the_five_packages_have_both_protocols_of_grey_faces(name):
    assert set(shipped.read(name).protocols) == {"fer2013-7", "ferplus-8"}


@each
def test_a_stated_accuracy_of_one_data_set_is_not_given_for_another(name):
    stated = [under["stated"] for under in shipped.read(name).protocols.values()]
    assert len([one for one in stated if one and "accuracy" in one]) <= 1


@each
def test_the_suite_knows_the_names_of_the_classes(name):
    entry = shipped.read(name)
    for protocol in entry.protocols:
        columns = understood(entry.classes, load_protocol(protocol), name)
        assert columns.missing == ((7,) if (protocol, len(entry.classes)) == ("ferplus-8", 7) else ())


@each
def test_a_folder_has_the_script_and_the_pinned_files_alone(name):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "."], cwd=shipped.FOLDER / name,
                            capture_output=True, text=True)  # fmt: skip
    if listed.returncode:
        pytest.skip("no git checkout")
    entry = shipped.read(name)
    assert set(listed.stdout.split()) == {"entry.yaml", entry.script, *shipped.LOCKS[entry.language]}


@pytest.mark.parametrize("name", of_index["npm"])
def test_npm_locks_the_version_of_the_entry(name):
    entry, folder = shipped.read(name), shipped.FOLDER / name
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    assert wanted[entry.package] == locked[f"node_modules/{entry.package}"]["version"] == entry.version
    assert locked.pop("")["dependencies"] == wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    for what, package in locked.items():
        assert package["integrity"].startswith("sha512-"), what
        assert "resolved" not in package, "an address of a registry: npm install --omit-lockfile-registry-resolved"
        # npm ci leaves the code out that a package runs at its installation; that of core-js prints a request for money.
        assert not package.get("hasInstallScript") or what == "node_modules/core-js", what


@pytest.mark.parametrize("name", of_index["pypi"])
def test_pip_locks_the_version_of_the_entry(name):
    entry = shipped.read(name)
    text = (shipped.FOLDER / name / "requirements.txt").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    pins = [re.fullmatch(r"([a-z0-9._-]+)==(\S+)( ; [^#]*?)?((?:\s+--hash=sha256:[0-9a-f]{64})+)", line) for line in lines]
    assert all(pins), "a version and hashes for each, nothing else"
    versions = {re.sub(r"[-_.]+", "-", pin[1]): pin[2] for pin in pins}
    assert versions[re.sub(r"[-_.]+", "-", entry.package.lower())] == entry.version


def test_the_page_has_the_table_of_the_entries():
    text = table.PAGE.read_text(encoding="utf-8")
    assert table.page(text) == text, "python examples/outside/table.py"
    assert all(f"| [{name}]({name}) |" in text for name in NAMES)
