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
from benchmark.runs.first_contact.path_choice import FILE, Contact, choose, networks
from benchmark.runs.first_contact.side_process import Failed, SideProcess
from benchmark.runs.first_contact.step_check import TOLERANCES, beyond, deviations, take_step

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

    `disagreeing` holds pairs of shortcut and path; `asked` of the result lists what was done.
    """
    cells = [dataclasses.replace(tiny_cell(shortcut=shortcut), name=shortcut) for shortcut in ("identity", "adaptive")]
    runs = [Run(tiny_protocol(), cell, seed) for seed in (0, 1) for cell in cells]

    def make(disagreeing=(), measured=None, left=lambda: 100.0, stop=lambda: False):
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
                path = "compiled" if arguments[2] else "eager"
                asked.append((self.name, path, arguments[1]))
                off = 2.0 if (self.name, path) in disagreeing and arguments[1] == "float32" else 0.5
                return {name: off * value for name, value in TOLERANCES.items()} | {"worst": "stem.weight"}, ""

        def speeds(run, prepared, device, *, compile, jobs, **_):
            path = "compiled" if compile else "eager"
            asked.append((path, tuple(jobs)))
            given = rates(**(measured or {"eager": (100, 150), "compiled": (200, 300)}))
            yield from ({k: v for k, v in each.items() if k != "path"} for each in given if each["path"] == path)

        monkeypatch.setattr(path_choice, "SideProcess", Process)
        monkeypatch.setattr(path_choice, "speeds", speeds)
        made = Contact(runs, tiny_faces.directory.parent, tmp_path, CPU, (1, 2), 0.1, left, stop)
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
    assert made.decide()["path"] == "eager" and ("compiled", (1, 2)) not in made.asked


def test_without_a_correct_path_nothing_is_trained(contact, tmp_path):
    with pytest.raises(Findings, match="no path is both correct and measured"):
        contact(disagreeing=[("identity", "eager"), ("identity", "compiled")]).decide()
    assert [each["agrees"] for each in read_object(tmp_path / FILE)["checks"]] == [False, False]


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
    assert ("eager", (1, 2)) in other.asked
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
