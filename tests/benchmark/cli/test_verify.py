"""`ferbench verify` at its three depths: what it finds, what it says, its exit status."""

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from benchmark.cli.main import main
from benchmark.files import read_object, write_json
from benchmark.records.record import read_record
from benchmark.records.seal import write_seal
from benchmark.records.trust import level, read_verification, record_digest

from .conftest import CELL, git

ROOT = Path(__file__).parents[3]
PLACE = f"tiny/{CELL}/seed0"
pytestmark = pytest.mark.usefixtures("one_thread")


def verify(capsys, *arguments: str) -> tuple[int, list[str], str]:
    """(exit status, lines of the output, error) of `ferbench verify`."""
    status = main(["verify", *arguments])
    told = capsys.readouterr()
    return status, told.out.splitlines(), told.err


def test_after_a_reproduction_the_last_line_answers(project, capsys):
    status, lines, error = verify(capsys, "--json", "found.json")
    assert status == 0 and not error
    assert lines[-1] == "2 of 2 runs bit-identical to the published ones; every table value equal"
    assert lines[0].split() == [
        "record", "read", "seal", "definition", "data", "outputs", "faces", "history", "parameters", "warnings",
    ]  # fmt: skip
    assert lines[1].split() == [f"tiny/{CELL}", "seeds", "0", "1", *["ok"] * 9]
    found = read_object(Path("found.json"))
    assert [each["place"] for each in found["records"]] == [PLACE, PLACE.replace("seed0", "seed1")]
    assert found["reproduction"]["answer"] == lines[-1] and found["faults"] == []


def test_a_damaged_record_has_a_row_and_the_others_go_on(project, capsys):
    path = project / "reports/records" / PLACE / "record.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 0', b'"seed": 7'))
    status, lines, error = verify(capsys, "reports/records/tiny", "--json", "found.json")
    assert status == 1 and error == "ferbench: 1 records with faults\n"
    assert lines[1].split()[:3] == [PLACE.removeprefix("tiny/"), "FAILED", "not"]
    assert lines[2].split()[:3] == [CELL, "seed", "1"] and "FAILED" not in lines[2]
    assert any("read FAILED" in line and "SHA-256" in line for line in lines)
    assert lines[-1].startswith("1 record in order") and lines[-1].endswith("1 with faults")
    checks = read_object(Path("found.json"))["records"][0]["checks"]
    assert checks["read"]["outcome"] == "FAILED" and checks["history"]["outcome"] == "not checked"


@pytest.mark.parametrize("file", ["tables/runs.csv", "metrics/tiny.json"])
def test_a_score_that_was_edited_by_hand_is_named(project, capsys, file):
    """Without runs, so that nothing is compared with what is published."""
    shutil.rmtree("runs")
    (path,) = (project / "reports").glob(file.replace("tiny.", "tiny*."))
    text = path.read_text()
    if path.suffix == ".json":
        changed = text.replace('"accuracy": 0', '"accuracy": 1', 1)
    else:
        rows = list(csv.DictReader(io.StringIO(text)))
        changed = text.replace(rows[0]["accuracy"], "0.99", 1)
    assert changed != text
    path.write_text(changed)
    status, lines, _ = verify(capsys)
    assert status == 1
    name = path.relative_to(project / "reports").as_posix()
    assert any(line.startswith(f"reports/{name}, ") and "accuracy: " in line for line in lines)
    assert lines[-1].startswith("not compared with what is published: no run of params.yaml is in runs")


def test_a_table_value_that_no_run_explains_is_found(project, capsys):
    path = next((project / "reports/tables").glob("*-results.csv"))
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    path.write_text(path.read_text().replace(rows[0]["accuracy_mean"], "0.123", 1))
    status, lines, error = verify(capsys)
    assert status == 1 and "a reproduction that differs" in error
    assert any(line.startswith(f"reports/tables/{path.name}, row 1, accuracy_mean: '0.123'") for line in lines)
    by = abs(float(rows[0]["accuracy_mean"]) - 0.123)
    assert "1 of " in lines[-1] and lines[-1].endswith(f"table values differ by at most {by:.2g}")


def test_a_run_that_is_different_is_found_and_what_differs_is_said(project, capsys):
    shutil.rmtree(f"runs/{PLACE}")
    shutil.copytree(f"runs/tiny/{CELL}/seed1", f"runs/{PLACE}")
    path = Path("runs", PLACE, "record.json")
    write_json(path, read_object(path) | {"seed": 0, "code": "0123456789abcdef"})
    write_seal(path.parent)
    status, lines, _ = verify(capsys)
    told = [line for line in lines if line.startswith(f"{PLACE}: ")]
    assert len(told) == 1 and "code 0123456789abcdef instead of " in told[0]
    assert ("1 different" in lines[-1]) == (status == 1)
    assert lines[-1].startswith("1 of 2 runs bit-identical to the published ones, ")


def test_without_git_it_says_that_it_can_not_compare(project, capsys):
    shutil.rmtree(".git")
    os.environ["GIT_CEILING_DIRECTORIES"] = str(project.parent)
    try:
        status, lines, _ = verify(capsys)
    finally:
        del os.environ["GIT_CEILING_DIRECTORIES"]
    assert status == 0 and lines[-1].startswith("not compared with what is published (git rev-parse HEAD")
    shutil.copytree("reports", "published")
    status, lines, _ = verify(capsys, "--against", "published")
    assert status == 0 and lines[-1] == "2 of 2 runs bit-identical to the published ones; every table value equal"
    assert verify(capsys, "--against", "nothing")[0] == 2


def test_only_what_a_revision_has_not_is_examined(project, capsys):
    status, lines, _ = verify(capsys, "--added-since", "HEAD")
    assert status == 0 and lines[0] == "no record in reports/records was added or changed since HEAD"
    shutil.copytree(f"reports/records/{PLACE}", f"reports/records/imported/{PLACE}")  # new, untracked
    status, lines, _ = verify(capsys, "--added-since", "HEAD")
    assert status == 0 and lines[1].startswith(f"imported/tiny/{CELL} seed 0") and lines[-1].startswith("1 record in order")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "added")
    assert verify(capsys, "--added-since", "HEAD")[1][0].startswith("no record")
    assert verify(capsys, "--added-since", "HEAD~1")[1][-1].startswith("1 record in order")
    other = Path("reports/records", PLACE.replace("seed0", "seed1"), "seal.json")
    other.write_text(other.read_text().replace('"schema": 1', '"schema": 2'))  # changed, not committed
    status, lines, _ = verify(capsys, "--added-since", "HEAD")
    assert status == 1 and "1 with faults" in lines[-1]
    assert verify(capsys, str(project / "reports/records"), "--added-since", "HEAD")[1][-1] == lines[-1]
    git(project, "checkout", "-q", "--", "reports")
    other.unlink()  # a deleted seal is a change of its record
    status, lines, _ = verify(capsys, "--added-since", "HEAD")
    assert status == 1 and any("no seal" in line for line in lines)
    git(project, "checkout", "-q", "--", "reports")
    shutil.rmtree(other.parent)  # a bad seed that somebody would rather not show
    status, lines, error = verify(capsys, "--added-since", "HEAD")
    assert status == 1 and f"{other.parent}: deleted since HEAD" in lines and "1 other faults" in error
    git(project, "checkout", "-q", "--", "reports")
    for odd in ("nothing", "--output=x"):
        assert verify(capsys, f"--added-since={odd}")[0] == 2
    assert not Path("x").exists()


def test_weights_give_the_predictions_again(project, capsys):
    status, lines, _ = verify(capsys, "--weights", "--write")
    assert status == 0 and lines[1].split()[:2] == [PLACE, "bit-identical"]
    assert any("2 bit-identical, 0 the same, 0 different, 0 FAILED; 0 not checked" in line for line in lines)
    entry = read_object(Path("reports/verification.json"))["records"][PLACE]
    assert entry["record"] == record_digest(read_record(Path("reports/records", PLACE)))
    assert entry["weights"]["outcome"] == "bit-identical" and entry["weights"]["where"]["versions"]["torch"]


def test_weights_with_a_flipped_bit_are_refused_by_their_seal(project, capsys):
    path = Path("runs", PLACE, "weights.pt")
    contents = bytearray(path.read_bytes())
    contents[len(contents) // 2] ^= 1
    path.write_bytes(contents)
    status, lines, _ = verify(capsys, "--weights")
    assert status == 1 and "FAILED" in lines[1] and "weights.pt: found SHA-256" in lines[1] and "bit-identical" in lines[2]


def test_other_weights_with_a_new_seal_are_different(project, capsys):
    path = Path("runs", PLACE, "weights.pt")
    state = torch.load(path, weights_only=True)
    last = [name for name, each in state.items() if each.is_floating_point()][-1]
    state[last] = state[last] + torch.tensor([9.0, 0.0, 0.0]) if state[last].shape == (3,) else -state[last]
    torch.save(state, path)
    write_seal(path.parent)
    status, lines, error = verify(capsys, "--weights")
    assert status == 1 and lines[1].split()[:2] == [PLACE, "different"] and "faces answered differently" in lines[1]
    assert "1 records whose weights do not give their predictions" in error
    # The plain call says so too: the run's seal is not the published one, though its predictions are.
    _, lines, _ = verify(capsys)
    assert any(line.startswith(f"{PLACE}: the same: equal predictions, but other weights") for line in lines)


def test_weights_that_are_not_here_are_said_to_be_missing(project, capsys):
    shutil.rmtree(f"runs/{PLACE}")
    status, lines, _ = verify(capsys, "--weights")
    assert status == 0 and "not checked: no run in its place in the folder of runs (1 record)" in lines
    shutil.rmtree("data/prepared/tiny")
    status, lines, _ = verify(capsys, "--weights")
    assert status == 0 and "not checked: its data tiny is not prepared here (1 record)" in lines
    assert verify(capsys, "--weights", "nowhere")[0] == 2


def test_a_run_trained_again_is_bit_identical_and_raises_the_trust(project, capsys):
    before = {path: path.read_bytes() for folder in ("runs", "reports/records") for path in Path(folder).rglob("*.*")
              if path.is_file()}  # fmt: skip
    status, lines, _ = verify(capsys, "--retrain", "tiny/*/0", "--write")
    assert status == 0 and any(line == "1 of 1 runs bit-identical to the published ones" for line in lines)
    assert {path: path.read_bytes() for path in before} == before
    assert Path("runs/again", PLACE, "weights.pt").is_file()
    assert main(["report"]) == 0
    (row, *_), *_ = [[r for r in csv.DictReader(Path("reports/tables/runs.csv").open()) if r["seed"] == s] for s in "01"]
    assert row["trust"] == "trained here and verified again"
    (table,) = Path("reports/tables").glob("*-results.csv")
    assert next(csv.DictReader(table.open()))["trust"] == "trained here"  # the lowest of its runs


def test_a_run_that_was_made_otherwise_is_different_when_trained_again(project, capsys):
    """Its record claims seed 0, and is that of seed 1."""
    for folder in ("runs", "reports/records"):
        shutil.rmtree(Path(folder, PLACE))
    shutil.copytree(f"reports/records/tiny/{CELL}/seed1", f"reports/records/{PLACE}")
    path = Path("reports/records", PLACE, "record.json")
    write_json(path, read_object(path) | {"seed": 0})
    write_seal(path.parent)
    status, lines, error = verify(capsys, "--retrain", PLACE)
    assert status == 1 and f"1 runs are different: {PLACE}" in error
    row = next(line for line in lines if line.startswith(PLACE) and "different" in line)
    assert "nothing of data, code, versions and processor differs" in row


def test_retraining_all_stops_with_status_3_and_resumes(project, capsys):
    status, _, error = verify(capsys, "--retrain", "all", "--time-budget", "0.01", "--jobs", "1")
    assert status == 3 and "stopped" in error.splitlines()[-1], "before a run began, or in its first epoch"
    status, lines, _ = verify(capsys, "--retrain", "all", "--jobs", "1")
    assert status == 0 and lines[-1] == "2 of 2 runs bit-identical to the published ones"
    began = time.monotonic()
    assert verify(capsys, "--retrain", "all", "--jobs", "1")[0] == 0, "finished runs are not made again"
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_ctrl_c_while_retraining_keeps_what_is_done(project):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "benchmark", "verify", "--retrain", "all", "--jobs", "1"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stdout:
        if "are trained again" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    assert process.returncode in (0, 3) and "Traceback" not in error
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "2 of 2 runs bit-identical to the published ones" in done.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        ("--retrain nothing", "PROTOCOL/CELL/SEED"),
        ("--retrain tiny/other/*", "'tiny/other/*'"),
        ("--retrain all --out runs", "a folder of its own"),
        ("--retrain all --out reports", "a folder of its own"),
        ("--retrain all --jobs 0", "--jobs"),
        ("--weights --retrain all", "one of them"),
        ("--write", "it with --weights or --retrain"),
        ("nowhere", "ferbench: nowhere: found no record.json below it; expected records\n"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(project, capsys, arguments, words):
    before = sorted(project.rglob("*"))
    status, _, error = verify(capsys, *arguments.split())
    assert status == 2 and error.count("\n") == 1 and words in error
    assert sorted(project.rglob("*")) == before


def test_damaged_data_is_named_and_no_record_is_blamed_for_it(project, capsys):
    path = Path("data/prepared/tiny/images.npy")
    contents = bytearray(path.read_bytes())
    contents[-1] ^= 1
    path.write_bytes(contents)
    status, lines, _ = verify(capsys)
    assert status == 1 and any(line.startswith("data/prepared/tiny: ") for line in lines)
    assert any("0 with faults; report: 1 faults" in line for line in lines)


def test_a_model_of_other_people_gets_a_level_where_its_weights_are_run(project, capsys):
    own = ["evaluate", CELL, "--weights", f"runs/{PLACE}/weights.pt", "--protocol", "./tiny.yaml", "--device", "cpu"]
    own += ["--preprocessing", "protocol"]
    assert main([*own, "--name", "one"]) == 0
    assert main([*own, "--name", "two", "--write"]) == 0
    levels = {}
    entries = read_verification(Path("reports/verification.json"))
    for name in ("one", "two"):
        place = f"outside/tiny/{name}/seed0"
        levels[name] = level(read_record(Path("reports/records", place)), place, entries)
    assert levels == {"one": "predictions only", "two": "weights re-run here"}
    assert main([*own, "--name", "three", "--write", "--out", "elsewhere"]) == 2 and not Path("elsewhere").exists()
    Path("reports/verification.json").write_text("{}")
    assert main([*own, "--name", "four", "--write"]) == 2 and not Path("reports/records/outside/tiny/four").exists()
