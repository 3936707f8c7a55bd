"""Every place where a name from a file or the command line becomes a folder, a file, a stage or a figure: what is no plain
name is refused in one line, and nothing is written."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.faces import data_sets
from benchmark.faces.card import card
from benchmark.faces.faceset import write_faceset
from benchmark.measures.extremes.file import read_faces
from benchmark.measures.gradients import file as gradients
from benchmark.measures.robustness.file import read as read_robustness
from benchmark.measures.speed.file import read_benches
from benchmark.protocol.cells import cell_of, cells_in, load_cells
from benchmark.protocol.protocol import PROTOCOLS, load_protocol, protocol_names
from benchmark.records.comparisons import Summary
from benchmark.records.outside_record import check_name
from benchmark.report.material import read_data
from benchmark.runs.params import runs_of
from benchmark.runs.plan_file import read_plan
from benchmark.runs.tuning import load_search
from benchmark.runs.tuning_log import read_log

CELL = {"model": "residual", "options": {}, "loss": "plain"}


def a_protocol(folder, change, shipped="synthetic-8"):
    contents = yaml.safe_load((PROTOCOLS / f"{shipped}.yaml").read_text())
    contents["name"] = "mine"
    change(contents)
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(contents))
    return load_protocol(str(path))


def whole(name="synthetic-8"):
    return load_protocol(name).as_dict()


def a_file(folder, name, contents):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(contents))
    return path


def a_plan(folder, protocol="mine", cell="mine"):
    own = whole() | {"name": protocol}
    run = [protocol, cell, 0] if isinstance(protocol, str) and isinstance(cell, str) else ["mine", "mine", 0]
    contents = {"schema": 1, "protocols": {run[0]: own}, "cells": {run[1]: CELL | {"name": cell}}, "runs": [run]}
    return read_plan(a_file(folder, "plan.json", contents))


def a_search(folder, name="mine", cell="mine"):
    contents = {
        "name": name,
        "protocol": whole(),
        "cells": [CELL | {"name": cell}],
        "seeds": [0],
        "epochs": 1,
        "trials": [{}],
    }
    return load_search(str(a_file(folder, "search.json", contents)))


def a_faceset(folder, name="mine", **changes):
    columns = {"classes": ["a", "b"], "id": ["1", "2"], "split": ["train", "test"]} | changes
    return write_faceset(folder / "faces", np.zeros((2, 4, 4, 1), np.uint8), name=name, version="1.0", **columns)


def faces_json(folder, **changes):
    entry = {"protocol": "mine", "protocol_hash": "0", "picture": "mine-0.jpg", "columns": 4, "groups": []} | changes
    a_file(folder, "faces/one/faces.json", {"schema": 1, "shown": True, "fingerprint": "0", "protocols": [entry]})
    return read_faces(folder / "faces", Summary(()))


def gradients_json(folder, plan="mine", network="net"):
    one = {"network": network, "shortcut": "fixed", "normalisation": "working"}
    data = {"name": "mine", "version": "1.0", "fingerprint": "0"}
    contents = {"schema": gradients.SCHEMA, "plan": plan, "protocol_hash": "0", "data": data, "measurements": [one]}
    a_file(folder, f"gradients/{plan}.json", contents)
    return gradients.read(folder / "gradients")


def audit_json(folder, **changes):
    audit = {"name": "mine", "version": "1", "fingerprint": "0", "classes": ["a"], "counts": {"train": {"a": 1}}} | changes
    a_file(folder, "data/one/audit.json", audit)
    return read_data(folder / "data", folder)


def a_log(folder, **changes):
    line = dict.fromkeys(
        ("trial", "cell_hash", "code", "fingerprint", "device_type", "protocol", "cell", "status", "metric"), "a"
    )
    line |= {"seed": 0, "epochs": 1, "changes": {}, "recipe": {"learning_rate": 0.1}, "train_loss": [], "train_seconds": 1}
    return read_log(a_file(folder, "log.jsonl", line | {"best": 0.5} | changes))


def bench_json(folder, kind):
    a_file(folder, "bench/cpu.json", {"schema": 1, "comparisons": [], "device_type": kind})
    return read_benches(folder / "bench")


def robustness_json(folder, **changes):
    return read_robustness(a_file(folder, "seed0.json", {"schema": 1, "corrupted": {}, "transfer": {}} | changes))


def params(cell):
    return runs_of({"runs": {"key": CELL | {"cell": cell, "protocol": "synthetic-8"}}, "seeds": [0]}, "key")


# Where a name stands -> (what is done with it there, a good one).
ANY = {
    "protocol, name": (lambda f, v: a_protocol(f, lambda c: c.update(name=v)), "own-1_a+b"),
    "protocol, data": (lambda f, v: a_protocol(f, lambda c: c.update(data=v)), "folder-mine"),
    "protocol, folds": (lambda f, v: a_protocol(f, lambda c: c.update(folds=[v, "b", "c"]), "diffusionfer-7"), "a"),
    "plan, cell": (lambda f, v: a_plan(f, cell=v), "other"),
    "plan, protocol": (lambda f, v: a_plan(f, protocol=v), "other"),
    "search, name": (a_search, "other"),
    "search, cell": (lambda f, v: a_search(f, cell=v), "other"),
    "params.yaml, cell": (lambda f, v: params(v), "other"),
    "FaceSet, name": (a_faceset, "folder-mine"),
    "faces.json, protocol": (lambda f, v: faces_json(f, protocol=v), "mine"),
    "faces.json, picture": (lambda f, v: faces_json(f, picture=f"{v}.jpg" if isinstance(v, str) else v), "mine-0"),
    "audit.json, name": (lambda f, v: audit_json(f, name=v), "synthetic"),
    "tuning log, cell": (lambda f, v: a_log(f, cell=v), "net"),
    "tuning log, protocol": (lambda f, v: a_log(f, protocol=v), "fer2013-7"),
    "bench, device": (bench_json, "cpu"),
    "gradients, network": (lambda f, v: gradients_json(f, network=v), "net-50"),
}  # fmt: skip
# The same for names that are always text.
TEXT = {
    "cells.yaml": (lambda f, v: cells_in({"cells": {v: CELL}}, "cells.yaml"), "net-mse+ccc"),
    "card": (lambda f, v: card(v), "synthetic"),
    "outside entry": (lambda f, v: check_name(v), "my-net"),
    "data set": (lambda f, v: data_sets.reader(v), "synthetic"),
    "robustness, corruption": (lambda f, v: robustness_json(f, corrupted={v: []}), "gaussian_noise"),
    "robustness, transfer": (lambda f, v: robustness_json(f, transfer={v: {}}), "fer2013-7"),
}  # fmt: skip
# The names of classes, splits and faces: any printable text of one line.
LINE = {
    "protocol, class": (lambda f, v: a_protocol(f, lambda c: c.update(classes=[v, "b"])), "d\u00e9go\u00fbt <3"),
    "protocol, split": (lambda f, v: a_protocol(f, lambda c: c["splits"].update(train=v)), "my train"),
    "FaceSet, class": (lambda f, v: a_faceset(f, classes=[v, "b"]), "\u6012\u308a"),
    "audit.json, class": (lambda f, v: audit_json(f, classes=[v]), "a & b"),
    "audit.json, split": (lambda f, v: audit_json(f, counts={v: {"a": 1}}), "my train"),
}  # fmt: skip
# Verbs of the command with a name.
VERBS = {
    "audit": ["audit"], "faces": ["faces"], "sources": ["sources"], "prepare": ["prepare"], "gradients": ["gradients"],
    "profile": ["profile"], "run cell": ["run", "synthetic-8"], "run params": ["run", "--params"],
    "run profile": ["run", "--profile"], "plan": ["plan"], "tune": ["tune"], "study": ["study"],
    "collect": ["collect", "--params"], "trial": ["trial", "synthetic-8"],
}  # fmt: skip
BAD_LINES = ("", "  ", "a\nb", "a\tb", "\x1b[31ma", "a\x00", "\u202ea", "a\u2028b", "x" * 101, None, 5, ["a"])


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def refused(place, folder, name):
    """Whether the place refuses the name in one line. (A file name that can not be made counts as refused.)"""
    try:
        place(folder, name)
    except BadInput as error:
        assert str(error).isprintable(), name
        return True
    return False


@pytest.mark.parametrize("place", [*ANY, *TEXT])
def test_what_is_no_plain_name_is_refused_in_one_line(place, tmp_path, hostile):
    function, good = (ANY | TEXT)[place]
    inside = tmp_path / "a" / "b" / "c"
    inside.mkdir(parents=True)
    function(inside, good)
    names = [name for name in hostile.NAMES if place in ANY or isinstance(name, str)]
    if place == "tuning log, cell":
        names = [name for name in names if isinstance(name, str)]
    before = {path for path in tmp_path.rglob("*") if inside not in path.parents}
    assert [name for name in names if not refused(function, inside, name)] == [] and len(names) > 25
    assert {path for path in tmp_path.rglob("*") if inside not in path.parents} == before


def test_a_plan_of_gradients_is_named_like_its_file(tmp_path, hostile):
    gradients_json(tmp_path / "good", "fer2013-cpu")
    for name in hostile.NAMES:
        if isinstance(name, str) and "/" not in name and "\x00" not in name and len(name) < 100:
            folder = tmp_path / str(hostile.NAMES.index(name))
            assert refused(gradients_json, folder, name), name


@pytest.mark.parametrize("place", LINE)
def test_the_names_of_classes_and_splits_are_printable_lines(place, tmp_path):
    function, good = LINE[place]
    function(tmp_path, good)
    for name in (name for name in BAD_LINES if isinstance(name, str) or place != "audit.json, split"):
        assert refused(function, tmp_path, name), name


def test_a_faceset_has_printable_ids_groups_and_flags(tmp_path):
    for column in ("id", "split", "group", "flag"):
        a_faceset(tmp_path, **{column: ["a", "d\u00e9j\u00e0 vu"]})
        before = tree(tmp_path)
        for name in ("a\nb", "\x1b[31ma", "\u202ea", "a\u2028b"):
            assert refused(lambda f, v, column=column: a_faceset(f, **{column: ["a", v]}), tmp_path, name)
        assert tree(tmp_path) == before


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_refuse_it_before_anything_is_written(verb, tmp_path, monkeypatch, capsys, hostile):
    project = tmp_path / "a" / "b" / "project"
    project.mkdir(parents=True)
    (project / "params.yaml").write_text(yaml.safe_dump({"runs": {}, "data": {}, "seeds": [0]}))
    faces = a_faceset(tmp_path)  # where ../../../faces leads from data/prepared... and nowhere else
    assert len(faces) == 2
    monkeypatch.chdir(project)
    before = tree(tmp_path)
    for name in ("../../../faces", *(name for name in hostile.NAMES if isinstance(name, str) and name not in ("", "-rf"))):
        further = ["out.json"] if verb == "plan" else []
        assert main([*VERBS[verb], name, *further]) == 2, name
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("ferbench: ") and lines[0].isprintable(), name
    assert tree(tmp_path) == before


def test_every_name_of_the_suite_is_a_plain_one():
    """Whatever the suite has already: all of it fits the grammar."""
    assert len(load_cells()) > 200 and len(protocol_names()) > 10
    for name in protocol_names():
        load_protocol(name)
    assert any("+" in name for name in load_cells())
    assert cell_of("timm:resnet18.a1_in1k", "categorical").name == "timm-resnet18-a1_in1k-plain"


def test_a_message_is_one_line_whatever_is_in_it(hostile):
    for text in (*hostile.TEXTS.values(), "\ud800", "x" * 10**6, "\x85\u2028\u2029"):
        for place in range(3):
            error = BadInput(*(text if place == at else "plain" for at in range(3)))
            assert str(error).isprintable() and len(str(error)) < 15_000
            again = error.__reduce__()
            assert str(again[0](*again[1])) == str(error)


def test_the_terminal_obeys_no_file(capsys, monkeypatch):
    """What a verb prints of a record or a file is shown with its control characters as escapes."""
    own = {"name": "\x1b[2Ja\u202e", "model": "m\r", "options": {}, "loss": "l", "learning_rate": None}
    monkeypatch.setattr("benchmark.protocol.cells.installed_cells", lambda: {"a": type("C", (), own)})
    assert main(["cells", "a"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("\n") and out.strip().isprintable() and "\\x1b[2Ja\\u202e" in out
