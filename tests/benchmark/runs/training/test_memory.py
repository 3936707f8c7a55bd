"""How much memory there is, from what Linux and the C library say: each source by itself, word for word as they write it."""

import ctypes
import os
import resource
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from benchmark.errors import BadInput
from benchmark.runs.training import memory

CPU, GPU = torch.device("cpu"), torch.device("cuda", 1)


@pytest.fixture
def sources(monkeypatch):
    """A function that lets the three sources of the system say these numbers."""

    def say(**numbers: list[int]) -> None:
        for name in ("_system", "_control_groups", "_address_space"):
            own = numbers.get(name, [])
            monkeypatch.setattr(memory, name, lambda own=own: iter(own))

    return say


def test_the_least_of_all_that_is_known(sources, monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (250, 999) if device == GPU else None)
    sources(_system=[900], _control_groups=[800, 700], _address_space=[600])
    assert memory.available(CPU) == 600 and memory.available(GPU) == 250
    sources(_system=[900], _control_groups=[800, 100], _address_space=[600])
    assert memory.available(CPU) == memory.available(GPU) == 100
    sources(_system=[900], _control_groups=[-5])  # over its limit
    assert memory.available(CPU) == 0
    sources()
    assert memory.available(CPU) == sys.maxsize and memory.available(GPU) == 250


def test_a_quarter_of_it_is_for_the_pictures_of_all_processes(sources, monkeypatch):
    monkeypatch.delenv("FERBENCH_RESIDENT_BYTES", raising=False)
    sources(_system=[1000])
    assert [memory.resident_limit(CPU), memory.resident_limit(CPU, 3)] == [250, 83]
    for given in (0, 7, 10**15):
        monkeypatch.setenv("FERBENCH_RESIDENT_BYTES", str(given))
        assert memory.resident_limit(CPU, 3) == given
    for odd in ("-1", "1e9", ""):
        monkeypatch.setenv("FERBENCH_RESIDENT_BYTES", odd)
        with pytest.raises(BadInput, match=f"^FERBENCH_RESIDENT_BYTES: found '{odd}'; expected a number of bytes$"):
            memory.resident_limit(CPU)


def says(monkeypatch, **files: str) -> None:
    """Let files of /proc hold these texts."""
    texts = {f"/proc/{name.replace('_', '/', 1)}": text for name, text in files.items()}
    monkeypatch.setattr(Path, "read_text", lambda path, *_, **__: texts[str(path)])


def test_available_memory_of_the_system(monkeypatch):
    says(monkeypatch, meminfo="MemTotal: 900 kB\nMemFree: 100 kB\nMemAvailable:     300 kB\nBuffers: 5 kB\n")
    assert list(memory._system()) == [300 * 1024]
    says(monkeypatch, meminfo="MemTotal: 900 kB\n")  # kernels before 3.14
    assert list(memory._system()) == []


def test_a_system_that_says_nothing(monkeypatch):
    def absent(path, *_, **__):
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", absent)
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4096}.__getitem__)
    assert list(memory._system()) == [40960]
    monkeypatch.setattr(os, "sysconf_names", {})
    assert list(memory._system()) == []
    monkeypatch.delattr(os, "sysconf_names")  # Windows
    assert list(memory._system()) == []


def group(folder: Path, limit: str, used: str, pages: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("memory.max", limit), ("memory.current", used), ("memory.stat", f"anon 9\nfile {pages}")):
        (folder / name).write_text(text + "\n")


def test_groups_with_odd_names_beside_other_controllers(tmp_path):
    """Lines of other controllers are passed over; a colon may be in a name; nothing above the root is read."""
    (tmp_path / "cgroup").write_text("7:cpu,cpuset:/x\n0::/a:b/c\n")
    root = tmp_path / "root"
    group(root / "a:b" / "c", "1000", "400", 50)
    group(root / "a:b", "3000", "400", 0)
    group(root, "5000", "1", 0)
    group(tmp_path, "1", "1", 0)
    assert list(memory._control_groups(root, tmp_path / "cgroup")) == [650, 2600, 4999]


def test_where_linux_shows_control_groups():
    """cgroups(7)."""
    assert memory._control_groups.__defaults__ == (Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"))


def test_what_a_limited_address_space_still_allows(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda what: (1 << 40, 1 << 50) if what == resource.RLIMIT_AS else None)
    says(monkeypatch, self_statm="1000 300 20 1 0 500 0\n")
    assert list(memory._address_space()) == [(1 << 40) - 1000 * resource.getpagesize()]
    monkeypatch.setattr(resource, "getrlimit", lambda what: (resource.RLIM_INFINITY, 5))
    assert list(memory._address_space()) == []


def test_no_limit_is_known_where_python_has_no_resource(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert list(memory._address_space()) == []


def test_peak_memory_is_what_the_system_counted(monkeypatch):
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 77 if device == GPU else None)
    assert memory.peak_memory(GPU) == 77
    says(monkeypatch, self_status="Name:\ta: b: c\nVmPeak:\t  99 kB\nVmHWM:\t   12 kB\nVmRSS:\t 5 kB\n")
    assert memory.peak_memory(CPU) == 12 * 1024
    says(monkeypatch, self_status="Name:\tpython\n")  # some sandboxes
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=50 + who))
    assert memory.peak_memory(CPU) == (50 + resource.RUSAGE_SELF) * 1024
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.peak_memory(CPU) == 50 + resource.RUSAGE_SELF


@pytest.mark.parametrize("answers, kept", [((1, 1), True), ((1, 0), False), ((0, 1), False)])
def test_the_c_library_is_asked_to_keep_memory(monkeypatch, answers, kept):
    """mallopt(3): M_MMAP_MAX is -4 and M_TRIM_THRESHOLD -1 in glibc's malloc.h; an int is at most 2^31 - 1."""
    asked, answer = [], iter(answers)

    def mallopt(*given):
        asked.append(given)
        return next(answer)

    opened = []
    library = SimpleNamespace(gnu_get_libc_version=lambda: b"2.36", mallopt=mallopt)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: opened.append(name) or library)
    assert memory.keep_freed() is kept and opened == [None]
    assert asked == [(-4, 0), (-1, 2147483647)][: 1 + answers[0]]


def test_another_c_library_is_left_alone(monkeypatch):
    other = SimpleNamespace(mallopt=lambda *_: pytest.fail("it may mean something else there"))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: other)
    assert memory.keep_freed() is False
