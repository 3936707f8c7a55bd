"""constraints.txt and requirements-hashed.txt name the same versions, and every file has its hash."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENTRY = re.compile(r"([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def plain(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {plain(name): version for name, version in pairs}


def hashed() -> dict[str, tuple[str, int]]:
    """Name -> its version and how many hashes it has."""
    found: dict[str, tuple[str, int]] = {}
    for line in (ROOT / "requirements-hashed.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        if entry := ENTRY.fullmatch(line):
            name = plain(entry[1])
            assert name not in found, name
            found[name] = entry[2], 0
        else:
            assert HASH.fullmatch(line), line
            found[name] = found[name][0], found[name][1] + 1
    return found


def test_both_files_name_the_same_versions_and_nothing_is_without_a_hash():
    versions, hashes = pinned(), hashed()
    assert len(versions) > 150 and {name: hashes[name][0] for name in versions} == versions
    assert all(count > 0 for _, count in hashes.values())
    further = set(hashes) - set(versions)  # torch's GPU libraries, and what other systems and Pythons need
    systems = {"appnope", "httpx2-jsfetch", "pywin32", "pyyaml-ft", "triton", "tzdata"}
    assert all(name.startswith(("nvidia-", "cuda-")) or name in systems for name in further), further


def test_what_the_project_asks_for_is_pinned_the_build_too():
    contents = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = contents["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["test"] + extras["dev"] + extras["docs"] + contents["build-system"]["requires"]
    assert {plain(re.match(r"[A-Za-z0-9._-]+", each)[0]) for each in wanted} <= set(pinned())
