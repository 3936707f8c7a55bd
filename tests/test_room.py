"""Room on the disk and permission to write, before the work."""

import os
import shutil

import pytest

from benchmark.errors import SystemSaysNo
from benchmark.room import SPARE, check_room, shown


@pytest.fixture
def free(monkeypatch):
    """A function that sets the free bytes of every disk; the folders that were asked about."""
    asked = []

    def set_free(number: int) -> list:
        def usage(folder):
            asked.append(folder)
            return shutil._ntuple_diskusage(10**15, 10**15 - number, number)

        monkeypatch.setattr(shutil, "disk_usage", usage)
        return asked

    return set_free


def test_room_to_the_byte(tmp_path, free):
    asked = free(SPARE + 5000)
    check_room(tmp_path / "a" / "b", 5000, "2 runs")
    assert asked == [tmp_path]
    with pytest.raises(SystemSaysNo) as error:
        check_room(tmp_path / "a" / "b", 5001, "2 runs")
    assert str(error.value) == (
        f"{tmp_path}/a/b: 16 MiB free on its disk, too little for 2 runs (16 MiB); "
        "free some space or name another folder, then repeat the command"
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_that_can_not_be_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK | os.X_OK or path != tmp_path)
    with pytest.raises(
        SystemSaysNo, match=f"^{tmp_path}: permission denied; change its permissions or name another folder$"
    ):
        check_room(tmp_path / "runs", 1, "a run")


def test_a_file_in_the_place_of_a_folder(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(SystemSaysNo, match=f"^{tmp_path}/runs: a file, not a folder; name another folder$"):
        check_room(tmp_path / "runs" / "a", 1, "a run")


@pytest.mark.parametrize(
    "size, words",
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (3 * 2**20, "3 MiB"), (5 * 2**30, "5 GiB"), (2**41, "2.0 TiB")],
)
def test_bytes_in_words(size, words):
    assert shown(size) == words
