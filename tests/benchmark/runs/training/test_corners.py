"""Corners of training: whole rows, a group without pages of files, an address space with a limit, names of augmentations."""

import subprocess
import sys
from types import SimpleNamespace

from benchmark.runs.training import resampling
from benchmark.runs.training.augmentation import AUGMENTATIONS, mirror, released, standard
from benchmark.runs.training.memory import _control_groups


def test_a_chunk_has_whole_rows():
    shape = (1000, 3000, 1000, 3)  # 36 MB a picture
    rows = resampling.chunk_rows(SimpleNamespace(shape=shape))
    assert type(rows) is int and rows == max(1, min(resampling.CHUNK, resampling.CHUNK_BYTES // 36_000_000))


def test_a_group_whose_statistics_lack_the_pages_of_files(tmp_path):
    (tmp_path / "cgroup").write_text("0::/a\n")
    (tmp_path / "a").mkdir()
    for name, text in (("memory.max", "1000"), ("memory.current", "300"), ("memory.stat", "anon 5\n")):
        (tmp_path / "a" / name).write_text(text)
    assert list(_control_groups(tmp_path, tmp_path / "cgroup")) == [700]


def test_a_limited_address_space_counts_what_is_in_use():
    script = """
import resource
from benchmark.runs.training.memory import _address_space
limit = 1 << 40
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
(left,) = _address_space()
pages = int(open("/proc/self/statm").read().split()[0])
assert abs(limit - left - pages * resource.getpagesize()) < 1 << 26, (left, pages)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_augmentations_by_name():
    assert {"flip": mirror, "released": released, "standard": standard} == AUGMENTATIONS
