"""Which checks build on which, what a copy is, and the table of what was found."""

from pathlib import Path

import pytest

from benchmark.records import check_table, examine
from benchmark.records.examine import CHECKS, FAILED, NOT_CHECKED, PASSED, READ, Examined, Result


def test_which_checks_build_on_which():
    assert {name: needs for name, (_, needs) in CHECKS.items()} == {
        "seal": (), "definition": (), "data": ("definition",), "outputs": ("definition",),
        "faces": ("definition", "data", "outputs"), "history": ("definition", "outputs", "faces"),
        "parameters": ("definition",), "warnings": ("definition", "outputs", "faces"),
    }  # fmt: skip
    modules = {name: check.__module__.rpartition(".")[2] for name, (check, _) in CHECKS.items()}
    assert modules == {name: name for name in CHECKS} | {"seal": "sealed"}


class Copied(dict):
    """A record's digests and its place."""

    outside, diverged = None, False

    def __init__(self, directory, seed, predictions="x", fingerprint="f", protocol_hash="p", **attributes):
        super().__init__(protocol_hash=protocol_hash, data={"fingerprint": fingerprint}, predictions_sha256=predictions)
        self.directory, self.seed = Path(directory), seed
        self.__dict__.update(attributes)


OWN, DEEP = Copied("r/p/c/seed0", 0), Copied("r/imported/p/c/seed1", 1)


def copies(records, others=()):
    return [record for record, _ in examine._copies(records, others)]


def test_copies_under_another_seed():
    assert copies([DEEP, OWN]) == [DEEP] and copies([OWN, DEEP]) == [DEEP]  # the pipeline's own is the first
    assert copies([DEEP], [OWN]) == [DEEP] and copies([OWN], [DEEP]) == [OWN]
    assert copies([OWN, Copied("r/imported/p/c/seed0", 0)]) == []  # one run in two places


@pytest.mark.parametrize(
    "changes", [{"predictions": "y"}, {"fingerprint": "g"}, {"protocol_hash": "q"}, {"outside": {}}, {"diverged": True}]
)
def test_what_is_no_copy(changes):
    assert copies([OWN, Copied("r/imported/p/c/seed1", 1, **changes)]) == []


def examined(place, **results):
    return Examined(place, Path(place), None, {name: Result(PASSED) for name in (READ, *CHECKS)} | results)


def test_the_table_of_checks():
    skipped, failed = Result(NOT_CHECKED, "no faces"), Result(FAILED, "other faces")
    found = [
        examined("p/a/seed0"),
        examined("p/a/seed1", faces=skipped),
        examined("p/b/seed0", faces=failed, history=skipped),
        examined("p/b/seed1", faces=skipped, data=Result(NOT_CHECKED, "other bytes")),
        examined("p/c/seed0"),
    ]
    lines = check_table.lines(found)
    columns = [[each.strip() for each in line.split("  ") if each.strip()] for line in lines[:5]]
    rows = {name: own for name, *own in columns}
    assert rows["record"] == [READ, *CHECKS]
    assert rows["p/a seeds 0 1"] == ["ok"] * 5 + ["1 of 2 not checked"] + ["ok"] * 3
    assert rows["p/b/seed0"] == ["ok"] * 5 + [FAILED, NOT_CHECKED, "ok", "ok"]
    assert rows["p/b seed 1"][3] == rows["p/b seed 1"][5] == NOT_CHECKED and rows["p/c seed 0"] == ["ok"] * 9
    assert lines[5:] == [
        "p/b/seed0: faces FAILED: other faces",
        "data not checked: other bytes (1 record)",
        "faces not checked: no faces (2 records)",  # those of a record with faults are not counted
    ]
    assert check_table.summary(found) == "4 records in order (2 with a check not made), 1 with faults"
    assert check_table.summary(found[:1]) == "1 record in order, 0 with faults"
    assert check_table.reasons(["x", "y", "y"]) == ["y (2 records)", "x (1 record)"]
