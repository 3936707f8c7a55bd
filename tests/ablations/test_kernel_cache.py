"""The library of the kernels: kept, compiled again when damaged, and never taken from where others can write."""

import hashlib
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ablations import kernel_cache

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")


@pytest.fixture
def cache(monkeypatch):
    """A cache folder that is not there yet, two folders below one that others can enter (pytest's own keep others out)."""
    monkeypatch.delenv("CC", raising=False)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name).resolve()
        place.chmod(0o755)
        monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        yield place / "cache" / "ferbench"


@pytest.fixture
def source(tmp_path):
    """A function that returns 42."""
    path = tmp_path / "answer.c"
    path.write_text("int answer(void) { return 42; }\n")
    return path


@pytest.fixture
def planted(tmp_path):
    """A library that writes a file when it is loaded: (its bytes, that file)."""
    sign = tmp_path / "loaded"
    code = f'__attribute__((constructor)) void f(void) {{ fclose(fopen("{sign}", "w")); }}\nint answer(void) {{ return 7; }}'
    code = f"#include <stdio.h>\n{code}\n"
    (tmp_path / "planted.c").write_text(code)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "planted.so", tmp_path / "planted.c"], check=True)
    return (tmp_path / "planted.so").read_bytes(), sign


def kept(cache) -> list[Path]:
    return sorted(cache.glob("*.so"))


def key_of(cache, source) -> str:
    """The key of a source's library, found by compiling it once; the cache is left empty."""
    kernel_cache.load([source])
    (path,) = kept(cache)
    path.unlink()
    return path.name.split("-")[1]


def test_it_is_compiled_once_and_only_the_user_can_write_it(cache, source, monkeypatch):
    assert kernel_cache.load([source]).answer() == 42
    (path,) = kept(cache)
    assert path.stem.split("-")[2] == hashlib.sha256(path.read_bytes()).hexdigest()
    for each in (cache.parent, cache, path):
        assert not each.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    monkeypatch.setattr(kernel_cache, "_compile", None)
    assert kernel_cache.load([source]).answer() == 42


def test_a_damaged_library_is_never_loaded_but_compiled_again(cache, source, capfd):
    kernel_cache.load([source])
    (path,) = kept(cache)
    raw, draw = path.read_bytes(), random.Random(0)
    places = [draw.randrange(8 * len(raw)) for _ in range(60)]
    for damaged in [*(flip(raw, at) for at in places), raw[:100], b"", raw + b"\0"]:
        path.unlink()  # a new file, so that nothing that is loaded changes
        path.write_bytes(damaged)
        assert kernel_cache.load([source]).answer() == 42
        assert capfd.readouterr().err == f"{path} is damaged: compiled again\n"
        assert kept(cache) == [path] and path.read_bytes() == raw
    assert [each for each in cache.iterdir() if each != path] == []


def flip(raw: bytes, at: int) -> bytes:
    out = bytearray(raw)
    out[at // 8] ^= 1 << at % 8
    return bytes(out)


def test_another_librarys_bytes_under_its_name_are_not_loaded(cache, source, planted):
    library, sign = planted
    kernel_cache.load([source])
    (path,) = kept(cache)
    path.unlink()
    path.write_bytes(library)
    assert kernel_cache.load([source]).answer() == 42 and not sign.exists()


def folder_of_another(cache):
    os.chown(cache, 1234, 1234)


def file_of_another(cache):
    os.chown(kept(cache)[0], 1234, 1234)


def parent_of_another(cache):
    os.chown(cache.parent, 1234, 1234)
    cache.parent.chmod(0o755)


def folder_is_a_link(cache):
    cache.rename(cache.with_name("real"))
    cache.symlink_to("real")


def file_is_a_link(cache):
    path = kept(cache)[0]
    path.rename(cache.parent / "real.so")
    path.symlink_to(cache.parent / "real.so")


AS_ROOT = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files to another user")


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda c: c.chmod(0o777), "does not belong to this user alone"),
        (lambda c: c.chmod(0o770), "does not belong to this user alone"),
        (lambda c: kept(c)[0].chmod(0o664), "does not belong to this user alone"),
        (lambda c: c.parent.chmod(0o777), "others can replace what is in"),
        (lambda c: c.parent.chmod(0o775), "others can replace what is in"),
        (folder_is_a_link, "does not belong to this user alone"),
        (file_is_a_link, "can not be opened"),
        pytest.param(folder_of_another, "does not belong to this user alone", marks=AS_ROOT),
        pytest.param(file_of_another, "does not belong to this user alone", marks=AS_ROOT),
        pytest.param(parent_of_another, "others can replace what is in", marks=AS_ROOT),
    ],
)
def test_a_library_that_others_could_have_planted_is_not_loaded(cache, source, planted, capfd, monkeypatch, change, why):
    """With the right name, and the digest that fits: only the owner and the mode tell."""
    library, sign = planted
    key = key_of(cache, source)
    path = cache / f"kernels-{key}-{hashlib.sha256(library).hexdigest()}.so"
    path.write_bytes(library)
    change(cache)
    before = {each: each.read_bytes() for each in cache.parent.rglob("*.so")}
    monkeypatch.setattr(tempfile, "tempdir", str(path.parents[2]))
    assert kernel_cache.load([source]).answer() == 42 and not sign.exists()
    told = capfd.readouterr().err
    assert told.count("\n") == 1 and why in told and told.endswith("compiled for this process alone\n")
    assert {each: each.read_bytes() for each in cache.parent.rglob("*.so")} == before
    assert not list(cache.parents[1].glob("ferbench-kernels-*"))


def test_the_planted_library_is_one_that_would_run(planted):
    """The trap works: loaded in another process, it leaves its sign."""
    library, sign = planted
    path = sign.with_name("planted.so")
    subprocess.run([sys.executable, "-c", f"import ctypes; ctypes.CDLL({str(path)!r})"], check=True)
    assert sign.exists() and library


def test_a_folder_that_others_cannot_enter_protects_what_is_below(cache, source, capfd):
    """As where a umask of 002 makes ~/.cache writable for the user's own group, in a home folder of mode 700."""
    kernel_cache.load([source])
    cache.parents[1].chmod(0o700)
    cache.parent.chmod(0o775)
    kernel_cache.load([source])
    assert capfd.readouterr().err == ""
    cache.parents[1].chmod(0o755)
    kernel_cache.load([source])
    assert "others can replace what is in" in capfd.readouterr().err


def test_no_safe_folder_at_all_is_an_error_that_says_so(cache, source, monkeypatch):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    shared = cache.parents[1] / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    with pytest.raises(RuntimeError, match="no folder for them is safe: others can replace what is in .*shared"):
        kernel_cache.load([source])


def test_no_cache_folder_can_be_made(cache, source, capfd):
    cache.parent.write_text("a file where the folder should be")
    assert kernel_cache.load([source]).answer() == 42
    assert "there is no folder for it" in capfd.readouterr().err
