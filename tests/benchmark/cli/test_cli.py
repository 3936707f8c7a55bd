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
        (
            "data add fer2014 x.csv",
            "ferbench: data set: found 'fer2014'; expected one of the 12 that `ferbench data` lists, or folder-NAME",
        ),
        ("data add fer2013 x.csv", "x.csv"),
        ("prepare fer2013", "data/raw/fer2013: found no data yet; expected `ferbench data add fer2013 PATH`"),
        (
            "audit synthetic",
            "data/prepared/synthetic: found no FaceSet; expected a prepared one: `ferbench prepare synthetic` makes it",
        ),
        ("run fer2013-8 bregnext-50-adaptive-working-plain", "protocol: found 'fer2013-8'"),
        ("run fer2013-7 bregnext-50-adaptive-working-mse", "loss 'mse'; expected one for a categorical task"),
        ("run fer2013-7", "PROTOCOL and CELL, or --params KEY, --profile NAME or --plan FILE"),
        ("run fer2013-7 resnet18-plain --profile default", "not exactly one choice"),
        ("run --profile fast", "profile: found 'fast'"),
        (
            "run synthetic-8 resnet18-plain --device cpu --path graph",
            "'graph'; expected one of eager, compiled, step on cpu",
        ),
        ("bench --device cpu --paths step triton", "--paths: found 'triton'; expected one of eager, compiled, step on cpu"),
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
        if name not in ("data", "protocol"):  # whose verbs have two words
            assert f"example: ferbench {name}" in verb.format_help(), name


def test_listings(here, capsys):
    assert main(["models"]) == main(["cells", "bregnext"]) == main(["profile"]) == 0
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


RUN = "run synthetic-8 resnet18-plain "


@pytest.mark.parametrize(
    "command, line",
    [
        (RUN + "--seeds -1", "--seeds: found -1; expected whole numbers from 0, of at most 63 bits"),
        (
            RUN + "--seeds 9223372036854775808",
            "--seeds: found 9223372036854775808; expected whole numbers from 0, of at most 63 bits",
        ),
        (RUN + "--seeds 3 1 3", "--seeds: found 3 twice; expected whole numbers that differ"),
        ("run --profile smoke --seeds 0 77 78", "--seeds: found 77, 78; expected seeds of these runs"),
        (RUN + "--time-budget nan", "--time-budget: found nan; expected seconds, more than 0"),
        (RUN + "--time-budget -5", "--time-budget: found -5; expected seconds, more than 0"),
        ("tune synthetic --time-budget 0", "--time-budget: found 0; expected seconds, more than 0"),
        ("study fer2013-study --time-budget 0", "--time-budget: found 0; expected seconds, more than 0"),
        ("verify --retrain all --time-budget 0", "--time-budget: found 0; expected seconds, more than 0"),
        (RUN + "--share 3/2", "--share: found '3/2'; expected K/N with K from 1 to N, such as 2/8"),
        (RUN + f"--share 1/{'9' * 5000}", "--share: found '1/9999"),
        (RUN + "--device cuda", "--device: found 'cuda'; expected one of auto, cpu; torch finds no GPU"),
        (RUN + "--device cuda:7", "--device: found 'cuda:7'; expected one of auto, cpu; torch finds no GPU"),
        (RUN + "--device meta", "--device: found 'meta'; expected one of auto, cpu"),
        (RUN + "--device nonsense --jobs 2", "--device: found 'nonsense'; expected one of auto, cpu"),
        (RUN + "--engine ray --device mps", "--device: found 'mps'; expected auto, cpu or cuda"),
        (RUN + "--loss plain", "ferbench run: found --loss without --model; expected it only there"),
        (RUN + "--option a=1", "ferbench run: found --option without --model; expected it only there"),
        (
            "run synthetic-8 --model resnet18 --option a=1 --option a=2",
            "--option a: found it more than once; expected it once",
        ),
        ('run synthetic-8 --model resnet18 --option a={"b":1,"b":2}', '--option a: found \'{"b":1,"b":2}\''),
        ("run synthetic-8 --model resnet18 --option a=2024-13-45", "--option a: found '2024-13-45'"),
        (RUN + "--address auto", "ferbench run: found --address without --engine ray; expected it only there"),
        (RUN + "--gpus-per-run 1", "ferbench run: found --gpus-per-run without --engine ray"),
        (RUN + "--cpus-per-run 2", "ferbench run: found --cpus-per-run without --engine ray"),
        (RUN + "--retries 0", "ferbench run: found --retries without --engine ray"),
        (RUN + "--engine ray --jobs 2", "ferbench run: found --jobs with --engine ray; expected one of the two"),
        (RUN + "--collect", "ferbench run: found --collect without --params; expected it only there"),
        ("run --params all --collect --seeds 0", "ferbench run: found --seeds with --collect; expected one of the two"),
        ("run --params all --collect --share 1/2", "ferbench run: found --share with --collect; expected one of the two"),
        (RUN + "--engine ray --cpus-per-run 0", "--cpus-per-run: found 0; expected a number from 1"),
        (RUN + "--engine ray --retries -1", "--retries: found -1; expected a number from 0"),
        (RUN + "--engine ray --gpus-per-run nan", "--gpus-per-run: found nan; expected a number from 0"),
        (
            "trial synthetic-8 resnet18-plain --seed -1",
            "--seed: found -1; expected whole numbers from 0, of at most 63 bits",
        ),
        ("trial synthetic-8 resnet18-plain --steps 0", "--steps: found 0; expected a number from 1"),
        ("robustness synthetic-8 resnet18-plain --seeds 0 0", "--seeds: found 0 twice; expected whole numbers that differ"),
        ("tune synthetic --write a.json --table", "ferbench tune: found --write and --table; expected one of them"),
        ("tune synthetic --write a.json --jobs 2", "ferbench tune: found --jobs with --write; expected one of the two"),
        ("tune synthetic --table --device cpu", "ferbench tune: found --device with --table; expected one of the two"),
        ("study fer2013-study --status --time-budget 9", "ferbench study: found --time-budget with --status"),
        ("study fer2013-study --status --restart-stale", "ferbench study: found --restart-stale with --status"),
        ("plan smoke a.json --cells * nothing*", "profile smoke: found no cell like nothing*; expected one"),
        (
            "evaluate a.onnx --protocol synthetic-8 --replace",
            "ferbench evaluate: found --replace without --name; expected it",
        ),
        (
            "evaluate p.csv --protocol synthetic-8",
            "ferbench evaluate, p.csv: found predictions; expected a model; `ferbench",
        ),
        ("score net.onnx --protocol synthetic-8", "ferbench score, net.onnx: found no file of predictions; expected a .csv"),
        ("verify --jobs 2", "ferbench verify: found --jobs without --retrain; expected it only there"),
        ("verify --weights --out x", "ferbench verify: found --out without --retrain; expected it only there"),
        ("verify --device cpu", "ferbench verify: found --device without --weights or --retrain; expected it only there"),
        ("verify --weights --against HEAD", "ferbench verify: found --against with --weights; expected one of the two"),
        ("verify --weights --runs x", "ferbench verify: found --runs with --weights; expected one of the two"),
        ("verify --retrain all --against HEAD", "ferbench verify: found --against with --retrain; expected one of the two"),
        (
            "evaluate resnet18 --protocol synthetic-8 --name a --trust",
            "ferbench evaluate: found --trust without a file that may run code; expected it only there",
        ),
        ("first-contact --plan x --out y --seconds nan", "--seconds: found nan; expected seconds, more than 0"),
        ("first-contact --plan x --out y --seconds 9 --timed 0", "--timed: found 0; expected seconds, more than 0"),
        ("audit synthetic --near-limit -1", "--near-limit: found -1; expected a number from 0"),
        ("speed resnet18-plain --device cuda", "--device: found 'cuda'"),
        ("bench --device cuda", "--device: found 'cuda'"),
        ("gradients --device cuda", "--device: found 'cuda'"),
    ],
)
def test_an_option_that_can_not_be_obeyed_is_refused_before_work(here, capsys, monkeypatch, command, line):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(command.split()) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"ferbench: {line}") and said.err.count("\n") == 1 and not said.out
    assert list(here.iterdir()) == [], "something was written"


def test_a_share_without_a_run_is_no_error(here, capsys):
    """Tasks of a job array may be more than the runs."""
    assert main([*RUN.split(), "--share", "2/2"]) == 0
    assert capsys.readouterr().out == "no run in share 2/2\n"


def test_a_device_that_is_here(monkeypatch):
    from benchmark.errors import BadInput
    from benchmark.runs.environment import pick_device

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert [str(pick_device(name)) for name in ("auto", "cpu", "cuda", "cuda:0", "cuda:1")] == [
        "cuda", "cpu", "cuda", "cuda:0", "cuda:1",
    ]  # fmt: skip
    with pytest.raises(BadInput, match="found 'cuda:2'; expected one of auto, cpu, cuda, cuda:0, cuda:1$"):
        pick_device("cuda:2")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert str(pick_device("auto")) == "cpu"


def environment() -> dict:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.mark.usefixtures("one_thread")
def test_time_budget_and_interrupt_stop_cleanly_and_resume(here, capsys):
    """The whole way as a user goes it: prepare, a run stopped by its budget, one (a process of its own) by Ctrl-C, the
    rest."""
    (here / "params.yaml").write_text(
        "seeds: [0]\n"
        "data: {synthetic: {options: {faces: 480, size: 32}}}\n"
        "runs: {a: {protocol: synthetic-8, data: synthetic, package: ablations, cell: a, model: residual,\n"
        "  options: {units: [1, 1, 1], widths: [4, 8], shortcut: adaptive}, loss: plain}}\n"
    )
    assert main(["prepare", "synthetic", "--params"]) == 0
    run = ["run", "--params", "a"]
    capsys.readouterr()
    assert main([*run, "--time-budget", "0.5"]) == 3
    stopped = capsys.readouterr().err
    assert "resumes" in stopped or "0 of 1 runs" in stopped
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmark", *run],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = Path("runs/synthetic-8/a/seed0.checkpoint")
    if checkpoint.exists():
        process.stdout.readline()  # says that it resumed: the loop has begun
    while not checkpoint.exists() and process.poll() is None:  # which is written after the first step
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate()
    if process.returncode == 3:  # else it had finished before the signal came
        assert error.count("\n") == 1 and "resumes it" in error and checkpoint.exists()
    assert main(run) == 0
    done = capsys.readouterr().out
    assert "[1/1] synthetic-8 / a / seed 0: validation accuracy" in done and "test" not in done
    assert Path("runs/synthetic-8/a/seed0/record.json").is_file() and not checkpoint.exists()
    assert main(["collect", "--params", "a"]) == 0
    assert sorted(p.name for p in Path("reports/records/synthetic-8/a/seed0").iterdir()) == [
        "machine.json",
        "predictions.npz",
        "record.json",
        "seal.json",
    ]
    assert main(["audit", "synthetic"]) == 0
    assert Path("reports/data/synthetic/contact-sheet.png").is_file()
