"""Twenty random kills each of `collect`, `import`, `report` and `prepare`: the same command mends each, and what is there
then is what an undisturbed call makes. The counts are printed (`pytest -m slow -s`)."""

import functools
import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.cli.main import main

ROOT = Path(__file__).parents[2]
KILLS = 20
KEY = "synthetic-8_resnet18-plain"
RECORDS = "synthetic-8/resnet18-plain"
FURTHER = ("synthetic-8/narrow8-12-identity-working-plain", "synthetic-8/narrow8-12-adaptive-frozen-plain")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project folder, the current one, with the committed records of some cells as its runs; without data."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for place in (RECORDS, *FURTHER):
        shutil.copytree(ROOT / "reports/records" / place, tmp_path / "runs" / place)
    for name in ("sources", "release"):
        shutil.copytree(ROOT / "reports" / name, tmp_path / "reports" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str) -> None:
    """A command, to its end and with status 0."""
    assert not main([*arguments])


def trial(killed, work, reset, *made: Path) -> Counter:
    """Kill `work` at random times, after `reset` for each other kill; each time the same call must mend it."""
    draw, found = random.Random(15), Counter()
    reset()
    work()  # imports what it needs
    reset()
    number, seconds = killed.changes(work, made[0].parent / "tally")
    (made[0].parent / "tally").unlink()
    whole = killed.contents(*made)
    tries = 0
    while found["killed"] < KILLS and tries < 5 * KILLS:  # a call that ends before its kill does not count as one
        tries += 1
        if tries % 2:
            reset()
        found["killed"] += killed.at_random(draw, work, number, seconds)
        after = killed.contents(*made)
        found["old or new" if after == whole or not any(after) else "in between"] += 1
        found["leftovers"] += any(name.endswith(".tmp") or ".partial" in name for name in after)
        work()
        mended = killed.contents(*made)
        found["mended by the same command"] += mended == whole
        found["leftovers then"] += len(mended.keys() - whole.keys())
    print(f"\n{number} changing calls, {seconds:.1f} s; {tries} tries: {dict(found)}")
    assert found["killed"] == KILLS and found["mended by the same command"] == tries and not found["leftovers then"]
    return found


def once(function):
    """The function, whose first result is the result of all calls."""
    results: list = []

    def called(*arguments):
        if not results:
            results.append(function(*arguments))
        return results[0]

    return called


def remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def test_collect(killed, project):
    made = project / "reports" / "records"
    trial(killed, functools.partial(call, "collect", "--params", KEY), lambda: remove(made), made)


def test_import(killed, project, monkeypatch):
    """Without --replace, from an archive: what an interrupted import left is never a different record."""
    from benchmark.records.packing import pack

    pack(project / "runs", project / "packed")
    made, unpacked = project / "reports" / "records", project / "system"
    unpacked.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(unpacked))
    trial(killed, functools.partial(call, "import", "packed"), lambda: remove(made), made, unpacked)


def test_report(killed, project, monkeypatch):
    """The pages and figures are made once and only written again, so that the kills meet the writing."""
    from benchmark.report import build

    for name in ("read_material", "made_contents", "made_files", "all_pages", "markdown_pages"):
        monkeypatch.setattr(build, name, once(getattr(build, name)))
    for place in (RECORDS, *FURTHER):
        shutil.copytree(project / "runs" / place, project / "reports" / "records" / place)
    made = project / "reports"
    pages = [made / name for name in build.FOLDERS]
    trial(killed, functools.partial(call, "report"), lambda: remove(*pages), made)


def test_prepare(killed, project, monkeypatch):
    """Pictures in a folder, decoded in this process, so that a kill can be before any call."""
    from benchmark.faces.readers.folder import reader as folder

    draw = np.random.default_rng(15)
    for row in range(200):
        path = project / "data/raw/folder-mine" / ("train", "test")[row % 2] / ("happy", "sad")[row // 2 % 2] / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (24, 24, 3), np.uint8)).save(path)
    monkeypatch.setattr(folder, "PICTURES_A_BATCH", 8)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    made = project / "data" / "prepared"
    trial(killed, functools.partial(call, "prepare", "folder-mine"), lambda: remove(made), made)
