"""The choice of path from fabricated measurements; what a check counts as the same step; processes that fail."""

import dataclasses
import os
import time

import pytest
import torch

from benchmark.errors import Findings, Interrupted
from benchmark.files import read_object
from benchmark.protocol.cells import Run
from benchmark.runs.first_contact import path_choice, step_check
from benchmark.runs.first_contact.path_choice import FILE, TRIED, Contact, choose, networks
from benchmark.runs.first_contact.path_words import table
from benchmark.runs.first_contact.side_process import Failed, SideProcess
from benchmark.runs.first_contact.step_check import BF16_TOLERANCES, TOLERANCES, NotPossible, beyond, deviations, take_step
from benchmark.runs.training import capture, compiling
from benchmark.runs.training.paths import PATHS

CPU = torch.device("cpu")


def rates(**paths):
    """eager=(one, two, three) and compiled=(...) at once; a text is a failure."""
    return [
        {"path": path, "jobs": jobs} | ({"failed": value} if isinstance(value, str) else {"images_per_second": value})
        for path, values in paths.items()
        for jobs, value in enumerate(values, 1)
    ]


@pytest.mark.parametrize(
    "measured, wrong, expected",
    [
        ({"eager": (100, 180, 170), "compiled": (150, 250, 240)}, (), ("compiled", 2)),  # three are slower than two
        ({"eager": (100, 180, 170), "compiled": (150, 250, 240)}, ("compiled",), ("eager", 2)),  # fastest but incorrect
        ({"eager": (100, 180, 200), "compiled": ("no compiler",)}, (), ("eager", 3)),
        ({"eager": (100, "out of memory")}, (), ("eager", 1)),
        ({"eager": (100, 101, 102)}, (), ("eager", 1)),  # within 2 %: the fewest at once
        ({"eager": (100, 103, 104)}, (), ("eager", 2)),
        ({"eager": (100,), "compiled": (101,)}, (), ("eager", 1)),
        ({"eager": (100,)}, ("eager", "compiled"), None),
        ({"eager": ("out of memory",)}, (), None),
    ],
)
def test_the_fastest_correct_path(measured, wrong, expected):
    best = choose(rates(**measured), lambda path: path not in wrong)
    assert (best and (best["path"], best["jobs"])) == expected


@pytest.fixture
def contact(tmp_path, tiny_protocol, tiny_cell, tiny_faces, monkeypatch):
    """A function (disagreeing, speeds, ...) -> Contact over two networks whose checks and speeds are fabricated.

    `disagreeing` holds pairs of shortcut and path, with "bf16" behind them where only that deviates; `asked` of the result
    lists what was done.
    """
    cells = [dataclasses.replace(tiny_cell(shortcut=shortcut), name=shortcut) for shortcut in ("identity", "adaptive")]
    runs = [Run(tiny_protocol(), cell, seed) for seed in (0, 1) for cell in cells]

    def make(disagreeing=(), measured=None, left=lambda: 100.0, stop=lambda: False, failing=(), device=CPU):
        asked = []

        class Process:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def ask(self, seconds, stop, function, *arguments):
                if stop():
                    raise Interrupted("stopped")
                if function is path_choice.expect:
                    self.name = arguments[0].cell.name
                    return 1.0, ""
                path = arguments[2]
                if (self.name, path) in failing and arguments[1] == "bf16":
                    raise Failed("RuntimeError: no bf16")
                asked.append((self.name, path, arguments[1]))
                limits = TOLERANCES if arguments[1] == "float32" else TOLERANCES | BF16_TOLERANCES
                off = 2.0 if (self.name, path, *arguments[1:2][: arguments[1] == "bf16"]) in disagreeing else 0.5
                return {name: off * value for name, value in limits.items()} | {"worst": "stem.weight"}, ""

        def speeds(run, prepared, device, *, path, jobs, **_):
            given = rates(**(measured or {"eager": (100, 150), "compiled": (200, 300), "step": (50, 60)}))
            for each in given:
                if each["path"] == path and each["jobs"] in jobs:
                    asked.append((path, each["jobs"]))
                    yield {k: v for k, v in each.items() if k != "path"}

        monkeypatch.setattr(path_choice, "SideProcess", Process)
        monkeypatch.setattr(path_choice, "speeds", speeds)
        made = Contact(runs, tiny_faces.directory.parent, tmp_path, device, (1, 2), 0.1, left, stop)
        made.asked = asked
        return made

    return make


def test_every_network_is_checked_on_the_path_chosen_and_nothing_twice(contact, tmp_path):
    first = contact()
    chosen = first.decide()
    assert (chosen["path"], chosen["jobs"], chosen["networks_checked"]) == ("compiled", 2, 2)
    assert ("adaptive", "compiled", "float32") in first.asked and ("adaptive", "eager", "float32") not in first.asked
    assert read_object(tmp_path / FILE) == first.found
    again = contact()
    assert again.decide() == chosen and again.asked == []


def test_a_path_on_which_another_network_disagrees_is_not_used(contact, capsys):
    made = contact(disagreeing=[("adaptive", "compiled")])
    assert made.decide()["path"] == "eager"
    assert "adaptive, compiled" in (said := capsys.readouterr().out) and "DISAGREES in loss, gradient" in said
    assert ("adaptive", "eager", "float32") in made.asked


def test_a_path_that_disagrees_is_not_even_measured(contact):
    made = contact(disagreeing=[("identity", "compiled")])
    assert made.decide()["path"] == "eager" and ("compiled", 1) not in made.asked


def test_without_a_correct_path_nothing_is_trained(contact, tmp_path):
    with pytest.raises(Findings, match="no path is both correct and measured"):
        contact(disagreeing=[("identity", path) for path in ("eager", "compiled", "step")]).decide()
    assert [each["agrees"] for each in read_object(tmp_path / FILE)["checks"]] == [False] * 3


def test_what_was_found_before_a_stop_is_kept(contact, tmp_path):
    """Stopped once the eager path has been measured: the next call does the rest alone."""
    stopping = contact(stop=lambda: bool(read_object(tmp_path / FILE)["rates"]) if (tmp_path / FILE).exists() else False)
    with pytest.raises(Interrupted):
        stopping.decide()
    following = contact()
    assert following.decide()["path"] == "compiled"
    assert not any("eager" in each for each in following.asked)


def test_another_machine_or_plan_is_found_out_anew(contact, tmp_path, monkeypatch):
    contact().decide()
    monkeypatch.setattr(path_choice, "machine", lambda device: {"device": "another card"})
    other = contact()
    other.decide()
    assert {("eager", 1), ("eager", 2)} < set(other.asked)
    assert read_object(tmp_path / FILE)["machine"] == {"device": "another card"}


def test_without_time_the_compiled_path_is_left_out(contact):
    """The clock has run out once the eager path is known; unmeasured paths are not chosen."""
    made = contact(left=lambda: 1.0 if not made.found["rates"] else 0.0)
    assert made.decide()["path"] == "eager" and not any("compiled" in each for each in made.asked)


def test_running_out_of_time_says_nothing_of_a_path(contact, tmp_path, monkeypatch):
    """A check cut off by the seconds given is made again by the next call; one that fails in good time is not."""
    seconds = [100.0]
    cut = contact(left=lambda: seconds[0])

    def late(*_):
        seconds[0] = 0.0
        raise Failed("no end after 100 s")

    monkeypatch.setattr(path_choice.SideProcess, "ask", late)
    with pytest.raises(Interrupted, match="too few seconds"):
        cut.decide()
    assert read_object(tmp_path / FILE)["checks"] == []
    assert contact().decide()["path"] == "compiled"


def test_more_at_once_are_measured_first_of_what_leads(contact):
    """Two at once of the compiled path, which is slower than eager with one, only at the end; of the fastest, at once."""
    speeds = {"eager": (100, 150), "compiled": (90, 400), "step": (200, 210)}
    made = contact(measured=speeds)
    assert (made.decide()["path"], made.found["chosen"]["jobs"]) == ("compiled", 2)
    measured = [each for each in made.asked if len(each) == 2]
    assert measured == [("eager", 1), ("eager", 2), ("compiled", 1), ("step", 1), ("step", 2), ("compiled", 2)]


def test_without_time_for_all_the_fastest_so_far_is_taken(contact):
    speeds = {"eager": (100, 150), "compiled": (90, 400), "step": (200, 210)}
    made = contact(measured=speeds, left=lambda: 100.0 if len(made.found["rates"]) < 5 else 0.0)
    assert (made.decide()["path"], made.found["chosen"]["jobs"]) == ("step", 2)


def test_a_path_known_to_be_slow_is_resumed_last(contact, tmp_path):
    """The call after a stop keeps to the same order."""
    speeds = {"eager": (100, 150), "compiled": (90, 400), "step": (200, 210)}
    stopping = contact(
        measured=speeds, stop=lambda: (tmp_path / FILE).exists() and len(read_object(tmp_path / FILE)["rates"]) > 2
    )
    with pytest.raises(Interrupted):
        stopping.decide()
    made = contact(measured=speeds)
    assert made.decide()["path"] == "compiled"
    assert [each for each in made.asked if len(each) == 2] == [("step", 1), ("step", 2), ("compiled", 2)]


def test_a_gpu_has_every_path_and_the_fastest_correct_one_is_taken(contact, monkeypatch, capsys):
    """Twelve paths with a stand-in for the device: one is wrong, one fails in bf16, one deviates there; a table says so."""
    monkeypatch.setattr(path_choice, "machine", lambda device: {"device": "a card"})
    monkeypatch.setattr(path_choice.environment, "describe", lambda device: {})
    assert set(TRIED) == set(PATHS) and len(TRIED) == len(PATHS)
    speeds = {path: (100 + 10 * number, 200 + 10 * number) for number, path in enumerate(TRIED)}
    speeds |= {"step+graph": (900, 1800), "compiled+graph": (800, 1600), "graph+triton": (700, 1400), "graph": (600, 650)}
    made = contact(
        measured=speeds,
        device=torch.device("cuda"),
        disagreeing=[("identity", "step+graph"), ("identity", "graph+triton", "bf16")],
        failing=[("identity", "compiled+graph")],
    )
    chosen = made.decide()
    assert (chosen["path"], chosen["jobs"], chosen["networks_checked"]) == ("graph", 2, 2)
    tried = list(dict.fromkeys(each["path"] for each in made.found["checks"]))
    assert tried == list(TRIED)
    not_measured = set(TRIED) - {each["path"] for each in made.found["rates"]}
    assert not_measured == {"step+graph", "graph+triton", "compiled+graph"}
    said = capsys.readouterr().out
    assert "failed, so the path is not used: RuntimeError: no bf16" in said
    assert "DISAGREES in loss in bf16, gradient in bf16, so the path is not used" in said
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "path correct images/s, 1 at once images/s, 2 at once" in lines
    assert {"graph yes 600.0 650.0", "step+graph NO - -", "compiled+graph failed - -"} <= set(lines)


def test_a_table_of_what_was_found():
    checks = [{"path": "eager", "agrees": True}, {"path": "graph", "agrees": True}, {"path": "graph", "agrees": False}]
    found = table(checks, rates(eager=(100, "out of memory"), graph=(1234.5,)))
    assert found == [
        "path   correct  images/s, 1 at once  images/s, 2 at once",
        "eager  yes      100.0                failed",
        "graph  NO       1,234.5              -",
    ]


def test_networks_are_protocols_and_cells(tiny_protocol, tiny_cell):
    one, two = tiny_protocol(), tiny_protocol(epochs=5)
    runs = [Run(one, tiny_cell(), 0), Run(two, tiny_cell(), 0), Run(one, tiny_cell(), 1)]
    assert networks(runs) == runs[:2]


@pytest.fixture(scope="module")
def run(tiny_protocol, tiny_cell):
    return Run(tiny_protocol(), tiny_cell(), 0)


def test_the_same_step_deviates_by_nothing_and_bf16_beyond_tolerance(run, tiny_faces):
    expected = take_step(run, tiny_faces, CPU)
    assert expected.rate == run.protocol.recipe.learning_rate, "the warm-up hides the update"
    found = deviations(take_step(run, tiny_faces, CPU), expected, run)
    assert {found[name] for name in TOLERANCES} == {0.0}
    assert "gradient" in beyond(deviations(take_step(run, tiny_faces, CPU, precision="bf16"), expected, run))


def test_float32_in_another_order_of_summation_agrees(run, tiny_faces, monkeypatch):
    """The project's kernels against torch's own operators."""
    from ablations import kernels

    expected = take_step(run, tiny_faces, CPU)
    monkeypatch.setattr(kernels, "usable", lambda *_, **__: False)
    found = deviations(take_step(run, tiny_faces, CPU), expected, run)
    assert not beyond(found), found


@pytest.mark.parametrize(
    "change, name",
    [
        (lambda step: {"loss": step.loss * 1.001}, "loss"),
        (lambda step: {"loss": float("nan")}, "loss"),
        (lambda step: {"gradients": {n: g * 1.01 for n, g in step.gradients.items()}}, "gradient"),
        # A single small tensor of another sign: too little of the whole gradient to be seen there.
        (lambda step: {"gradients": step.gradients | {"output.bias": -step.gradients["output.bias"]}}, "tensor"),
        (lambda step: {"buffers": {n: b + 1 for n, b in step.buffers.items()}}, "state"),
        (lambda step: {"moved": step.parameters}, "update"),
        (lambda step: {"moved": {n: 2 * p - step.moved[n] for n, p in step.parameters.items()}}, "update"),
        (lambda step: {"gradients": {n: g for n, g in step.gradients.items() if n != "stem.weight"}}, "gradient"),
    ],
)
def test_what_is_wrong_is_found(run, tiny_faces, change, name):
    expected = take_step(run, tiny_faces, CPU)
    found = deviations(dataclasses.replace(expected, **change(expected)), expected, run)
    assert name in beyond(found), found


def test_errors_by_hand():
    """A tensor of 4 elements and norm 2; beside it one of zeros in truth, whose floor is 0.1 x 2 x sqrt(4 / 8)."""
    expected = {"a": torch.ones(4, dtype=torch.float64), "b": torch.zeros(4, dtype=torch.float64)}
    found = {"a": 1.5 * expected["a"], "b": torch.tensor([0.1, 0, 0, 0], dtype=torch.float64)}
    each = step_check._each(found, expected)
    assert each["a"] == pytest.approx(0.5) and each["b"] == pytest.approx(0.1 / (0.1 * 2 * 0.5**0.5))


def test_a_process_that_fails_crashes_or_hangs_is_a_line():
    with SideProcess() as process:
        assert process.ask(60, lambda: False, divmod, 7, 2) == ((3, 1), "")
        assert process.ask(60, lambda: False, print, "said there") == (None, "said there\n")
        with pytest.raises(Failed, match="ZeroDivisionError"):
            process.ask(60, lambda: False, divmod, 7, 0)
        with pytest.raises(Failed, match="ended by itself .exit code 3"):
            process.ask(60, lambda: False, os._exit, 3)
        with pytest.raises(Failed, match="ended by itself"):
            process.send(divmod, 7, 2)
    with SideProcess() as process:
        process.ask(60, lambda: False, divmod, 7, 2)
        with pytest.raises(Failed, match="no end after 0 s"):
            process.ask(0.3, lambda: False, time.sleep, 60)
    with SideProcess() as process, pytest.raises(Interrupted):
        process.ask(60, lambda: True, time.sleep, 60)


def test_the_step_compiled_as_one_agrees(run, tiny_faces, monkeypatch):
    """Traced by torch.compile, and computed by torch's operators."""
    whole = torch.compile
    monkeypatch.setattr(compiling.torch, "compile", lambda work, **given: whole(work, backend="aot_eager", **given))
    torch._dynamo.reset()
    expected = take_step(run, tiny_faces, CPU)
    found = deviations(take_step(run, tiny_faces, CPU, path="step"), expected, run)
    assert not beyond(found), found


def test_a_path_that_can_not_be_had_is_no_answer(run, tiny_faces, monkeypatch):
    def no_gpu(step):
        raise RuntimeError("no GPU")

    monkeypatch.setattr(capture, "recorded", no_gpu)
    with pytest.raises(NotPossible, match="computed on the path eager instead"):
        take_step(run, tiny_faces, CPU, path="graph")
    assert take_step(dataclasses.replace(run), tiny_faces, CPU, path="triton").loss > 0
