"""The examination of records, and what becomes of those that fail: set apart by name, while the others go on."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli.checking import known_here
from benchmark.records.checks.known import Known
from benchmark.records.examine import CHECKS, FAILED, NOT_CHECKED, PASSED, examine, examine_all, failures, gather
from benchmark.records.prepared import Prepared
from benchmark.records.record import read_record, read_records

COMMITTED = Path(__file__).parents[3] / "reports" / "records"
PLACE = "synthetic-8/resnet18-plain/seed0"
CELL = "net-identity-working-plain"


def test_all_committed_records_pass_without_data(really_published, tmp_path):
    """Their networks are built and counted; not one face is needed. What is not checked is known."""
    records = read_records(COMMITTED)
    assert len(records) >= 96
    known, found = known_here(Prepared(tmp_path)), {}
    for record in records:
        results = examine(record, known)
        assert not failures(results), failures(results)
        for name, result in results.items():
            if result.outcome == NOT_CHECKED:
                found.setdefault((name, result.why), set()).add(record.protocol)
    assert found == {
        ("history", "scores of single folds can not be recomputed from pooled predictions"): {"diffusionfer-va-quick"},
        ("parameters", "as its submitter states"): {"diffusionfer-7", "fer2013-7", "ferplus-8"},
    }


def test_a_failed_check_stops_those_that_build_on_it_alone(committed, really_published):
    def two_faults(contents):
        contents["seed"] = 3
        contents["parameters"] = 7

    results = examine(committed(PLACE, two_faults), Known(parameters=lambda record: 8))
    assert list(results) == list(CHECKS)
    assert {name for name, result in results.items() if result.outcome == FAILED} == {"definition"}
    assert {name for name, result in results.items() if result.outcome == PASSED} == {"seal"}
    assert {result.why for result in results.values() if result.outcome == NOT_CHECKED} == {"since definition failed"}
    record = committed(PLACE, lambda c: c.update(parameters=7, selected_epoch=1))
    results = examine(record, Known(parameters=lambda _: 8))
    assert {name for name, result in results.items() if result.outcome == FAILED} == {"history", "parameters"}
    assert results["history"].error is not None and str(results["history"].error) == results["history"].why


def test_a_check_can_be_left_out(committed, really_published):
    record = committed(PLACE)
    (record.directory / "seal.json").unlink()
    record = read_record(record.directory)
    assert set(failures(examine(record, Known()))) == {"seal"}
    assert "seal" not in examine(record, Known(), without=["seal"])


@pytest.fixture
def four(make, cell, tmp_path):
    """Four records of one cell, whose faces are not published."""
    return [make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), seed) for seed in range(4)]


def relabelled(arrays):
    """The test faces in another order, targets and outputs with them: every score stays."""
    for name in [name for name in arrays if name.startswith("test")]:
        arrays[name] = np.roll(arrays[name], 5, axis=0)


def places(root, gathered):
    return [record.directory.relative_to(root).as_posix() for record in gathered.records], [
        folder.relative_to(root).as_posix() for folder in gathered.apart
    ]


def test_what_fails_is_set_apart_by_name(four, forge, tmp_path):
    """One forged, one that is no JSON, one without a seal; the fourth is kept."""
    root = tmp_path / "records"
    forge(four[0].directory, lambda c: c["history"].pop())
    (four[1].directory / "record.json").write_text("{")
    (four[2].directory / "seal.json").unlink()
    gathered = gather(root, Known())
    kept, apart = places(root, gathered)
    assert kept == [f"synthetic-8/{CELL}/seed3"] and apart == [f"synthetic-8/{CELL}/seed{seed}" for seed in (0, 1, 2)]
    sentences = list(gathered.apart.values())
    assert ["history: found 3 epochs; expected 4" in sentences[0][0], len(sentences[0])] == [True, 1]
    assert "record.json: found" in sentences[1][0] and "expected valid JSON" in sentences[1][0]
    assert "found no seal" in sentences[2][0]


def test_without_published_digests_most_records_decide(four, forge, tmp_path):
    root = tmp_path / "records"
    forge(four[0].directory, arrays=relabelled)
    kept, apart = places(root, gather(root, Known()))
    assert kept == [f"synthetic-8/{CELL}/seed{seed}" for seed in (1, 2, 3)] and apart == [f"synthetic-8/{CELL}/seed0"]
    (why,) = gather(root, Known()).apart[four[0].directory]
    assert f"test faces: found other ids or targets; expected those of {four[1].directory} (same data)" in why


def test_of_equally_many_the_first_decide(four, forge, tmp_path):
    for record in four[2:]:
        forge(record.directory, arrays=relabelled)
    kept, apart = places(tmp_path / "records", gather(tmp_path / "records", Known()))
    assert kept == [f"synthetic-8/{CELL}/seed{seed}" for seed in (0, 1)] and len(apart) == 2


def test_other_data_and_other_protocols_have_no_vote(four, make, cell, forge, tmp_path):
    """Two records on other bytes and two of another protocol, with faces of their own, against one."""
    root, own = tmp_path / "mixed", cell("identity", "working", "plain")
    for seed in (0, 1):
        data = {"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32}
        forge(make(root / "other", "synthetic-8", own, seed, data=data).directory, arrays=relabelled)
        forge(make(root, "fer2013-7", own, seed).directory, arrays=relabelled)
    make(root, "synthetic-8", own, 0)
    make(root, "synthetic-8", own, 5, diverged=True)
    gathered = gather(root, Known())
    assert len(gathered.records) == 6 and not gathered.apart


def test_published_digests_outvote_every_record(committed, forge, really_published, tmp_path):
    """Three records with one forged order of faces, and one with the published order."""
    for seed in (0, 1, 2):
        committed(f"synthetic-8/resnet18-plain/seed{seed}", arrays=relabelled)
    good = committed("synthetic-8/mini-xception-plain/seed0")
    gathered = gather(tmp_path / "copies", Known())
    assert [record.directory for record in gathered.records] == [good.directory] and len(gathered.apart) == 3


def test_unfinished_writes_are_not_gathered(four, tmp_path):
    shutil.copytree(four[0].directory, four[0].directory.parent / ".seed9.x.tmp")
    assert len(gather(tmp_path / "records", Known()).records) == 4
    shutil.rmtree(tmp_path / "records")
    assert gather(tmp_path / "records", Known()).records == []


def test_a_faults_sentence_is_one_line(four, forge, tmp_path):
    forge(four[0].directory, lambda c: c["cell"].update(model="a\nb\x1b[2J"))
    (why,) = gather(tmp_path / "records", Known()).apart[four[0].directory]
    assert why.isprintable() and json.dumps(why)


def test_a_run_copied_under_another_seed_is_set_apart(committed, really_published, tmp_path):
    """Sealed again, it passes every check of a single record, and a fourth seed would make the interval narrower."""
    copy = committed(PLACE, lambda c: c.update(seed=7), to="imported/synthetic-8/resnet18-plain/seed7")
    assert not failures(examine(copy, Known()))
    for seed in (0, 1):
        committed(f"synthetic-8/resnet18-plain/seed{seed}")
    committed("synthetic-8/resnet18-plain/seed1", to="imported/synthetic-8/resnet18-plain/seed1")  # the same run: no copy
    root = tmp_path / "copies"
    (apart,) = gather(root, Known()).apart.items()
    assert (
        apart[0] == copy.directory and f"found a copy; expected others than those of {root / 'synthetic-8'}" in apart[1][0]
    )
    (alone,) = examine_all(root, Known(), [copy.directory])  # the other is not examined, and still compared
    assert alone.results["outputs"].outcome == FAILED
