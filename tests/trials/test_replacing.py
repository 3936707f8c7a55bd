"""300 kills of replacements at random times; the counts are printed (`pytest -m slow -s`).

Before any call that changes the file system: tests/test_files.py.
"""

import itertools
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmark import files, leftovers

KILLS = 300
LONGEST = 0.05  # seconds until a kill: some tens of replacements
NAMES = [f"{part}/{number}" for part in ("a", "b") for number in range(10)]

pytestmark = pytest.mark.slow


def replace_folder(path: Path, text: str) -> None:
    with files.replacing_directory(path) as temporary:
        for name in NAMES:
            (temporary / name).parent.mkdir(exist_ok=True)
            (temporary / name).write_text(text)


def replace_file(path: Path, text: str) -> None:
    files.write_text(path, f"{text}\n" * 10_000)


def state(path: Path) -> str:
    """ "whole" if all of it is of one replacement; "half" or "none"."""
    if not path.exists():
        return "none"
    if path.is_file():
        lines = path.read_text().splitlines()
        return "whole" if len(lines) == 10_000 and len(set(lines)) == 1 else "half"
    texts = {(path / name).read_text() if (path / name).is_file() else None for name in NAMES}
    return "whole" if len(texts) == 1 and None not in texts and len(list(path.rglob("*/*"))) == len(NAMES) else "half"


def counted(killed, replace, path: Path) -> Counter:
    def work() -> None:
        for number in itertools.count():
            replace(path, f"{number:06}")

    draw, found = random.Random(15), Counter()
    replace(path, "first")
    for _ in range(KILLS):
        assert killed.after(draw.uniform(0, LONGEST), work)
        found[state(path)] += 1
        found["leftovers"] += any(each != path for each in path.parent.iterdir())
        replace(path, "again")
        found["leftovers after the next call"] += any(each != path for each in path.parent.iterdir())
    return found


@pytest.mark.parametrize("replace", [replace_folder, replace_file])
def test_random_kills(killed, tmp_path, replace):
    found = counted(killed, replace, tmp_path / "target")
    print(f"\n{replace.__name__}: {KILLS} kills: {dict(found)}")
    assert found["whole"] == KILLS and not found["leftovers after the next call"]
    assert found["leftovers"] > KILLS / 10, "few kills met a replacement"


def test_random_kills_where_nothing_can_be_exchanged(killed, tmp_path, monkeypatch):
    """Two renames: none is seldom, half is never, and the next reader finds a whole folder."""
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    path, draw, found = tmp_path / "target", random.Random(15), Counter()

    def work() -> None:
        for number in itertools.count():
            replace_folder(path, f"{number:06}")

    replace_folder(path, "first")
    for _ in range(KILLS):
        assert killed.after(draw.uniform(0, LONGEST), work)
        found[state(path)] += 1
        leftovers.recover(path)
        found[f"{state(path)} after the recovery"] += 1
    print(f"\ntwo renames: {KILLS} kills: {dict(found)}")
    assert not found["half"] and found["whole after the recovery"] == KILLS


OVERLAY = """
set -e
mkdir -p lower/reports/tables upper work merged
echo old > lower/reports/tables/a
mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr merged || exit 77
cd merged/reports
for text in new newer; do "$PYTHON" -c "
from benchmark.files import replacing_directory
with replacing_directory('tables') as temporary: (temporary / 'b').write_text('$text')
"; echo $(ls -A) $(ls tables) $(cat tables/b); done
"""


def test_an_overlay_file_system(tmp_path):
    """As in a container whose image has the report: the folder of a lower layer can be neither exchanged nor renamed."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare")
    own = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(Path(files.__file__).parents[1])}
    script = f"mount -t tmpfs none '{tmp_path}' && cd '{tmp_path}'\n{OVERLAY}"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], env=own, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no overlay file system for this user: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["tables b new", "tables b newer"]
