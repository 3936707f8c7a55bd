"""The list of packages in which weights were looked for: its form, and that its rows are there as it says."""

from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "examples" / "outside"
LIST = yaml.safe_load((FOLDER / "looked-at.yaml").read_text(encoding="utf-8"))
PACKAGES = LIST["packages"]
ROWS = {package["row"]: package for package in PACKAGES if package["row"]}
by_name = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["package"])


@by_name
def test_a_package_has_all_fields(package):
    assert set(package) == {"package", "version", "index", "how", "found", "row", "why"}
    assert package["index"] in ("pypi", "npm", "debian")
    assert package["how"] in ("opened", "described")
    assert isinstance(package["version"], str)
    assert package["why"].strip()


@by_name
def test_only_an_opened_package_has_weights_and_only_such_a_package_a_row(package):
    if package["found"] == "none":
        assert package["row"] is None
        return
    assert package["how"] == "opened"
    for file in package["found"]["weights"]:
        assert set(file) == {"file", "bytes", "sha256", "network", "classes"}
        assert type(file["bytes"]) is int
        assert len(bytes.fromhex(file["sha256"])) == 32


def test_nothing_is_there_twice():
    names = [(package["index"], package["package"].lower()) for package in PACKAGES]
    names += [(index, name.lower()) for index, more in LIST["not_looked_at"].items() for name in more]
    assert len(set(names)) == len(names)
    digests = [file["sha256"] for package in PACKAGES if package["found"] != "none" for file in package["found"]["weights"]]
    assert len(set(digests)) == len(digests), "a copy is no finding of its own"


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_a_folder_that_pins_the_version_looked_at(row):
    package, entry = ROWS[row], yaml.safe_load((FOLDER / row / "entry.yaml").read_text(encoding="utf-8"))
    assert {key: entry[key] for key in ("package", "version", "index")} == {
        key: package[key] for key in ("package", "version", "index")
    }
    assert any(entry["classes"] == file["classes"] for file in package["found"]["weights"])
    pinned = (FOLDER / row / "requirements.txt").read_text(encoding="utf-8").lower()
    assert f"{package['package'].lower()}=={package['version']} " in pinned
