"""Corners of training: whole rows, a group without pages of files, names of augmentations."""

from types import SimpleNamespace

from benchmark.runs.training import resampling
from benchmark.runs.training.augmentation import AUGMENTATIONS, mirror, released, standard
from benchmark.runs.training.memory import _control_groups


def test_a_chunk_has_whole_rows():
    """At most 1024, and 64 MiB of float32: of 100 x 100 x 3, 67,108,864 / 120,000 = 559.2."""
    for side, rows in ((48, 1024), (64, 1024), (74, 1021), (100, 559), (2000, 1), (9000, 1)):
        found = resampling.chunk_rows(SimpleNamespace(shape=(5, side, side, 3)))
        assert type(found) is int and found == rows


def test_a_group_whose_statistics_lack_the_pages_of_files(tmp_path):
    (tmp_path / "cgroup").write_text("0::/a\n")
    (tmp_path / "a").mkdir()
    for name, text in (("memory.max", "1000"), ("memory.current", "300"), ("memory.stat", "anon 5\n")):
        (tmp_path / "a" / name).write_text(text)
    assert list(_control_groups(tmp_path, tmp_path / "cgroup")) == [700]


def test_the_augmentations_by_name():
    assert {"flip": mirror, "released": released, "standard": standard} == AUGMENTATIONS
