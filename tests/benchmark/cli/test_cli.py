"""The command line: exit status, one-line errors, and verbs that need no long work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.cli.main import main, parser

ROOT = Path(__file__).parents[3]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command, line",
    [
        ("data add fer2014 x.csv", "ferbench: data set: found 'fer2014'; expected one of affectnet, affwild"),
        ("data add fer2013 x.csv", "x.csv"),
        ("prepare fer2013", "data/raw/fer2013: found no file"),
        ("audit synthetic", "no meta.json; expected a prepared FaceSet"),
        ("run fer2013-8 bregnext-50-adaptive-working-plain", "protocol: found 'fer2013-8'"),
        ("run fer2013-7 bregnext-50-adaptive-working-mse", "loss 'mse'; expected one for a categorical task"),
        ("run fer2013-7", "PROTOCOL and CELL, or --params KEY, --profile NAME or --plan FILE"),
        ("run fer2013-7 resnet18-plain --profile default", "not exactly one choice"),
        ("run --profile fast", "profile: found 'fast'"),
        ("profile fast", "profile: found 'fast'"),
        ("prepare synthetic --params", "params.yaml: found no such file"),
        ("report", "record"),
        ("compare nobody resnet18-plain", "record"),
        ("robustness synthetic-8 resnet18-plain", "runs/synthetic-8/resnet18-plain/seed0: found no record.json"),
        ("robustness synthetic-8 nothing", "'nothing'"),
        ("speed nothing", "'nothing'"),
        ("speed resnet18-plain --runs 1", "at least 2 runs"),
        ("import nowhere", "nowhere: found no record.json"),
    ],
)
def test_bad_input_is_one_line_and_status_2(here, capsys, command, line):
    assert main(command.split()) == 2
    errors = [e for e in capsys.readouterr().err.splitlines() if not e.startswith("checking ")]
    assert len(errors) == 1 and errors[0].startswith("ferbench: ") and line in errors[0]
    assert list(here.iterdir()) == [], "something was written"


def test_every_verb_has_help_with_an_example(capsys):
    verbs = parser()._subparsers._group_actions[0].choices
    for name, verb in verbs.items():
        if name != "data":
            assert f"example: ferbench {name}" in verb.format_help(), name


def test_listings(here, capsys):
    assert main(["models"]) == main(["cells"]) == main(["profile"]) == 0
    out = capsys.readouterr().out
    for name in ("bregnext-50 ", "resnet18-smallstem ", "bregnext-50-adaptive-frozen-weighted ", "fer2013-quick"):
        assert name in out


@pytest.mark.parametrize("jobs", ["0", "-1"])
@pytest.mark.parametrize(
    "verb",
    [
        ["study", "fer2013-study", "--status"],
        ["study", "fer2013-study"],
        ["run", "--profile", "smoke"],
        ["tune", "synthetic"],
        ["gradients", "default"],
    ],
)
def test_fewer_than_one_process_is_one_line(here, capsys, verb, jobs):
    assert main([*verb, "--jobs", jobs]) == 2
    told = capsys.readouterr()
    assert told.err == f"ferbench: --jobs: found {jobs}; expected a number from 1\n" and not told.out
    assert not Path("runs").exists()


def environment() -> dict:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def test_time_budget_and_interrupt_stop_cleanly_and_resume(here):
    """The whole way as a user goes it: prepare, a run stopped by its budget, one by Ctrl-C, the rest."""
    ferbench = [sys.executable, "-m", "benchmark"]
    (here / "params.yaml").write_text(
        "seeds: [0]\n"
        "data: {synthetic: {options: {faces: 480, size: 32}}}\n"
        "runs: {a: {protocol: synthetic-8, data: synthetic, package: ablations, cell: a, model: residual,\n"
        "  options: {units: [1, 1, 1], widths: [4, 8], shortcut: adaptive}, loss: plain}}\n"
    )
    subprocess.run([*ferbench, "prepare", "synthetic", "--params"], env=environment(), check=True)
    run = [*ferbench, "run", "--params", "a"]
    stopped = subprocess.run([*run, "--time-budget", "0.5"], env=environment(), capture_output=True, text=True)
    assert stopped.returncode == 3 and ("resumes" in stopped.stderr or "0 of 1 runs" in stopped.stderr)
    process = subprocess.Popen(run, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoint = Path("runs/synthetic-8/a/seed0.checkpoint")
    if checkpoint.exists():
        process.stdout.readline()  # says that it resumed: the loop has begun
    while not checkpoint.exists() and process.poll() is None:  # which is written after the first step
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    if process.returncode == 3:  # else it had finished before the signal came
        assert error.count("\n") == 1 and "resumes it" in error and checkpoint.exists()
    done = subprocess.run(run, env=environment(), capture_output=True, text=True, check=True)
    assert "[1/1] synthetic-8 / a / seed 0: validation accuracy" in done.stdout and "test" not in done.stdout
    assert Path("runs/synthetic-8/a/seed0/record.json").is_file() and not checkpoint.exists()
    assert subprocess.run([*ferbench, "collect", "--params", "a"], env=environment()).returncode == 0
    assert sorted(p.name for p in Path("reports/records/synthetic-8/a/seed0").iterdir()) == [
        "machine.json",
        "predictions.npz",
        "record.json",
        "seal.json",
    ]
    subprocess.run([*ferbench, "audit", "synthetic"], env=environment(), check=True, stdout=subprocess.DEVNULL)
    assert Path("reports/data/synthetic/contact-sheet.png").is_file()
