"""Decoding in parallel, stopped and resumed, with pictures that can not be read."""

import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import open_faceset
from benchmark.faces.reading import tracks
from benchmark.faces.reading.decoding import Batch, Unreadable, write_decoded
from benchmark.faces.reading.tracks import Pictures

SHAPE = (8, 8, 3)
ROWS, EACH = 20, 3
BATCHES = [Batch(range(start, min(start + EACH, ROWS)), start) for start in range(0, ROWS, EACH)]


class Loader:
    """Gives row k as a picture of value k; `lost` rows are unreadable; Ctrl-C at the batch `stop`. Counts its calls."""

    __module__, __name__ = __name__, "Loader"

    def __init__(self, lost=(), stop=None):
        self.lost, self.stop, self.calls = lost, stop, []

    def __call__(self, start):
        self.calls.append(start)
        for row in range(start, min(start + EACH, ROWS)):
            if start == self.stop:
                raise KeyboardInterrupt
            yield Unreadable(f"row {row} is lost") if row in self.lost else np.full(SHAPE, row, np.uint8)


def write(directory, load, **options):
    return write_decoded(
        directory / "set",
        BATCHES,
        load,
        size=8,
        channels=3,
        where=[f"file {row}" for row in range(ROWS)],
        name="set",
        version="1.0",
        **{"classes": (), "processes": 1, "id": [str(row) for row in range(ROWS)], "split": ["train"] * ROWS} | options,
    )


def test_pictures_and_rows_agree_and_nothing_is_left_behind(tmp_path):
    faces = write(tmp_path, Loader())
    assert [int(image.max()) for image in faces.pictures] == list(range(ROWS)) and len(faces) == ROWS
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert open_faceset(tmp_path / "set", verify=True).meta["how"]["unreadable"] == {"count": 0, "first": {}}


def test_lost_rows_are_named_and_the_others_keep_their_labels(tmp_path):
    with pytest.raises(BadInput, match=r"2 of 20 pictures .*\(file 0: row 0 is lost; file 7: row 7.*at most 0.1 %"):
        write(tmp_path, Loader(lost=(0, 7)))
    assert not (tmp_path / "set").exists()
    again = Loader()
    faces = write(tmp_path, again, allow_unreadable=0.1, valence=np.arange(ROWS) / ROWS)
    assert again.calls  # other columns: another call
    faces = write(tmp_path, Loader(lost=(0, 7)), allow_unreadable=0.1, valence=np.arange(ROWS) / ROWS)
    kept = [row for row in range(ROWS) if row not in (0, 7)]
    assert faces.id.tolist() == [str(row) for row in kept]
    assert [int(image.max()) for image in faces.pictures] == kept
    assert faces.valence.tolist() == pytest.approx([row / ROWS for row in kept])
    assert faces.attributes == {}
    found = faces.meta["how"]["unreadable"]
    assert found == {"count": 2, "first": {"file 0": "row 0 is lost", "file 7": "row 7 is lost"}}


def test_attributes_are_those_of_the_rows_kept(tmp_path):
    given = {"age": [str(20 + row) for row in range(ROWS)], "race": ["", "a"] * (ROWS // 2)}
    faces = write(tmp_path, Loader(lost=(3,)), allow_unreadable=0.1, attributes=given)
    assert faces.id.tolist() == [str(row) for row in range(ROWS) if row != 3]
    assert {name: values.tolist() for name, values in faces.attributes.items()} == {
        name: values[:3] + values[4:] for name, values in given.items()
    }


def test_stopped_and_resumed(tmp_path):
    """Ctrl-C in the fourth batch; the next call makes the rest alone, and the bytes are those of a call never stopped."""
    with pytest.raises(Interrupted, match="the same command goes on"):
        write(tmp_path, Loader(stop=9))
    assert not (tmp_path / "set").exists()
    rest = Loader()
    faces = write(tmp_path, rest)
    assert rest.calls == [9, 12, 15, 18]
    assert faces.fingerprint == write(tmp_path / "whole", Loader()).fingerprint


def test_a_line_that_a_kill_cut_off_does_not_count(tmp_path):
    with pytest.raises(Interrupted):
        write(tmp_path, Loader(stop=9))
    journal = tmp_path / ".set.partial" / "journal"
    journal.write_text(journal.read_text()[:-3])
    rest = Loader()
    write(tmp_path, rest)
    assert rest.calls == [6, 9, 12, 15, 18]


@pytest.mark.parametrize("line", ["[0", "7", "[1]", "\udcff"])
def test_a_damaged_journal_is_begun_again(tmp_path, line):
    with pytest.raises(Interrupted):
        write(tmp_path, Loader(stop=9))
    journal = tmp_path / ".set.partial" / "journal"
    first, second, *others = journal.read_text().splitlines()
    journal.write_bytes("\n".join([first, line, *others, ""]).encode(errors="surrogateescape"))
    rest = Loader()
    assert write(tmp_path, rest).fingerprint == write(tmp_path / "whole", Loader()).fingerprint
    assert rest.calls == [0, 3, 6, 9, 12, 15, 18]


def test_killed_before_any_call_it_goes_on_to_the_same_bytes(tmp_path, killed):
    """Whatever was about to be written, the same call ends in the same FaceSet and leaves nothing beside it."""
    whole = killed.contents(write(tmp_path / "whole", Loader()).directory)
    begun_again = []
    for number in itertools.count(1):
        place = tmp_path / str(number)
        place.mkdir()
        died = killed.before(number, lambda at=place: write(at, Loader()))
        rest = Loader()
        write(place, rest)
        begun_again.append(len(rest.calls))
        assert killed.contents(place / "set") == whole and os.listdir(place) == ["set"], number
        if not died:
            break
    assert set(begun_again) == set(range(len(BATCHES) + 1)) and number > 30  # each of the batches was once the last


def test_another_configuration_begins_anew(tmp_path):
    with pytest.raises(Interrupted):
        write(tmp_path, Loader(stop=9))
    other = Loader()
    write(tmp_path, other, id=[f"other-{row}" for row in range(ROWS)])
    assert len(other.calls) == len(BATCHES)


def test_allowing_more_decodes_nothing_again(tmp_path):
    with pytest.raises(BadInput):
        write(tmp_path, Loader(lost=(3,)))
    again = Loader()
    assert len(write(tmp_path, again, allow_unreadable=0.5)) == ROWS - 1 and not again.calls


def test_processes_give_the_same_bytes(tmp_path):
    paths = []
    for row in range(40):
        paths.append(str(tmp_path / f"{row}.png"))
        Image.fromarray(np.full((16, 16, 3), row * 5, np.uint8)).save(paths[-1])
    (tmp_path / "17.png").write_bytes(b"")
    batches = [Batch(range(s, s + 8), Pictures(paths[s : s + 8], 16, 3)) for s in range(0, 40, 8)]
    columns = {"id": [str(row) for row in range(40)], "split": ["a"] * 40, "name": "x", "version": "1", "classes": ()}
    made = [
        write_decoded(
            tmp_path / f"set{n}", batches, tracks.load, size=16, channels=3, where=paths, processes=n, allow_unreadable=0.1,
            **columns,
        )
        for n in (1, 2)
    ]  # fmt: skip
    assert made[0].fingerprint == made[1].fingerprint and len(made[0]) == 39
    assert json.dumps(made[1].meta["how"]).count("an empty file") == 1


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
def test_workers_do_not_outlive_a_parent_that_was_killed(tmp_path):
    """Signal 9 to the parent while both workers sleep in a batch."""
    folder = Path(__file__).parent
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import slow_loader\n"
        "if __name__ == '__main__': slow_loader.write(sys.argv[2])\n"
    )
    (tmp_path / "slow_loader.py").write_text(SLOW_LOADER)
    (tmp_path / "main.py").write_text(program)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(folder.parents[3])])}
    parent = subprocess.Popen([sys.executable, tmp_path / "main.py", tmp_path, tmp_path / "out"], env=environment)
    pids = wait_for(lambda: len(found := list(tmp_path.glob("*.pid"))) == 2 and [int(p.stem) for p in found], seconds=30)
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not any(alive(pid) for pid in pids), seconds=10)


SLOW_LOADER = """
import os, time
from pathlib import Path
from benchmark.faces.reading.decoding import Batch, write_decoded

def load(folder):
    (Path(folder) / f"{os.getpid()}.pid").touch()
    time.sleep(60)

def write(out):
    batches = [Batch(range(k, k + 1), str(Path(__file__).parent)) for k in range(2)]
    columns = {"name": "x", "version": "1", "classes": (), "id": ["a", "b"], "split": ["a", "a"]}
    write_decoded(Path(out), batches, load, size=8, channels=3, where=["a", "b"], processes=2, **columns)
"""


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return value


def alive(pid):
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_splits_can_depend_on_which_pictures_are_copies(tmp_path):
    """The function gets the rows that were kept and the digests of their pictures, as in faces.csv; also after a stop."""
    seen = []

    def split_of(rows, digest):
        seen.append((rows.tolist(), digest.tolist()))
        return ["copied" if (digest == own).sum() > 1 else "alone" for own in digest]

    class Thirds(Loader):
        def __call__(self, start):
            for row, picture in zip(range(start, start + EACH), super().__call__(start), strict=False):
                yield picture if isinstance(picture, Unreadable) else np.full(SHAPE, row // 3 % 6, np.uint8)

    with pytest.raises(Interrupted):
        write(tmp_path, Thirds({4}, stop=9), split=split_of, allow_unreadable=0.1)
    assert not seen
    faces = write(tmp_path, Thirds({4}), split=split_of, allow_unreadable=0.1)
    assert seen == [([row for row in range(ROWS) if row != 4], faces.sha256.tolist())]
    values = [int(image.max()) for image in faces.pictures]
    assert faces.split.tolist() == ["copied" if values.count(value) > 1 else "alone" for value in values]
