"""The commands on folders and archives that a stranger sends: exit status 0, 1 or 2, at most one line of error, and nothing
written outside the destination."""

import hashlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.cli.main import main

EXAMPLES = 12
RUNS = [EXAMPLES, pytest.param(20 * EXAMPLES, marks=pytest.mark.slow)]
NAMES = (
    "../../x",
    "/tmp/x",
    "a/b",
    "..",
    ".",
    "",
    "x.y",
    "$x^$",
    "a\x1bb",
    "<script>",
    "=1",
    "x" * 300,
    "COM1 ",
    "imported",
)


def everything(root: Path) -> dict[str, bytes]:
    """Relative path -> contents of every file below `root`."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def strange_record(draw, original, tools) -> dict[str, bytes]:
    """The files of a record whose names and numbers an attacker chose; every digest fits."""
    contents, files = original.contents, dict(original.files)
    place = draw(
        st.sampled_from(
            (("cell", "name"), ("protocol", "name"), ("data", "name"), ("seed",), ("classes", 0), ("cell", "model"))
        )
    )
    parent = contents
    for name in place[:-1]:
        parent = parent[name]
    parent[place[-1]] = draw(st.sampled_from((*NAMES, -1, 10**30, None)))
    files["record.json"] = json.dumps(tools.consistent(contents, None)).encode()
    return tools.resealed(files)


def archive(draw, files) -> bytes:
    """A records-0.tar, with a path, a link or a special file that should not be in it."""
    made = io.BytesIO()
    prefix = draw(
        st.sampled_from(("p/c/seed0", "p/c/seed0", "../seed0", "/seed0", "p\\c\\seed0", "p/c/seed0/record.json", "a" * 300))
    )
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, contents in files.items():
            info = tarfile.TarInfo(f"{prefix}/{name}")
            info.size = len(contents)
            tar.addfile(info, io.BytesIO(contents))
        kind = draw(
            st.sampled_from(
                (None, None, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE, "again", "below")
            )
        )
        if kind == "again":
            tar.addfile(tarfile.TarInfo(f"{prefix}/record.json"))
        elif kind == "below":
            tar.addfile(tarfile.TarInfo(f"{prefix}/record.json/record.json"))
        elif kind is not None:
            info = tarfile.TarInfo(f"{prefix}/machine.json")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    data = made.getvalue()
    return data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 3)) == 0 else data


@pytest.mark.parametrize("examples", RUNS)
@pytest.mark.parametrize("way", ["folder", "archive"])
def test_what_a_stranger_sends(way, examples, originals, tools, tmp_path_factory, monkeypatch, capsys):
    @settings(max_examples=examples)
    @given(st.data())
    def check(data):
        top = tmp_path_factory.mktemp("top")
        project, sent = top / "project", top / "sent"
        project.mkdir()
        files = strange_record(data.draw, originals["classes"], tools)
        if way == "folder":
            folder = sent / "seed0"
            folder.mkdir(parents=True)
            for name, contents in files.items():
                (folder / name).write_bytes(contents)
            odd = data.draw(st.sampled_from((None, "pipe", "link", "folder")))
            place = folder / data.draw(st.sampled_from(("record.json", "machine.json", "predictions.npz", "seal.json")))
            if odd is not None:
                place.unlink(missing_ok=True)
            if odd == "pipe":
                os.mkfifo(place)
            elif odd == "link":
                place.symlink_to("/etc/passwd")
            elif odd == "folder":
                place.mkdir()
        else:
            sent.mkdir()
            (sent / "records-0.tar").write_bytes(archive(data.draw, files))
        monkeypatch.chdir(project)
        for command in (["import", "--check", str(sent)], ["import", "--replace", str(sent)], ["seal", str(sent)]):
            before = everything(project)
            status = main(command)
            said = capsys.readouterr()
            assert status in (0, 2)
            assert len(said.err.splitlines()) == (1 if status else 0)
            assert (said.err.strip("\n") or "x").isprintable()
            after = everything(project)
            if status or "--check" in command or command[0] == "seal":
                assert after == before
            else:
                assert all(name.startswith("reports/records/imported/synthetic-8/") for name in after)
        assert {path.name for path in top.iterdir()} == {"project", "sent"}

    check()


def test_the_commands_take_what_is_in_order(originals, lay, tmp_path, monkeypatch, capsys):
    """So that the test above can not pass because nothing is ever taken."""
    original = originals["classes"]
    sent = lay({name: data for name, data in original.files.items() if name != "seal.json"}, original.place)
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(sent)]) == 0
    taken = everything(tmp_path / "reports/records/imported" / original.place)
    seal = json.loads(taken.pop("seal.json"))  # that of the original lists weights, which are not in git
    assert taken == {name: data for name, data in original.files.items() if name != "seal.json"}
    assert seal["files"]["record.json"] == hashlib.sha256(taken["record.json"]).hexdigest()
    capsys.readouterr()
