"""The order in which several processes train runs, and what becomes of the time at the end."""

import dataclasses
import heapq

import pytest

from benchmark.protocol.cells import Run
from benchmark.runs.order import Order
from benchmark.runs.plan import balanced


@pytest.fixture
def cells(tiny_protocol, tiny_cell):
    """A function: names -> for each cell its runs of three seeds."""
    protocol = tiny_protocol()
    named = {name: dataclasses.replace(tiny_cell(), name=name) for name in "abcd"}
    return lambda names: [[Run(protocol, named[name], seed) for seed in range(3)] for name in names]


def taken(order: Order, seconds: dict[str, float]) -> str:
    found = []
    while order:
        run = order.next()
        order.took(run, seconds[run.cell.name])
        found.append(f"{run.cell.name}{run.seed}")
    return " ".join(found)


def test_longest_first_within_a_round_once_it_is_known(cells):
    seconds = {"a": 5, "b": 70, "c": 7}
    assert taken(Order(balanced(cells("abc"))), seconds) == "a0 b0 c0 b1 c1 a1 b2 c2 a2"


def test_finished_runs_say_nothing(cells):
    seconds = {"a": 0.01, "b": 0.01, "c": 7}
    assert taken(Order(balanced(cells("abc"))), seconds) == "a0 b0 c0 a1 b1 c1 a2 b2 c2"


def test_cell_by_cell_and_parts_stay_as_given(cells):
    one, two = cells("ab"), cells("cd")
    seconds = {"a": 1, "b": 2, "c": 3, "d": 4}
    assert taken(Order([*one[0], *one[1]]), seconds) == "a0 a1 a2 b0 b1 b2"
    assert taken(Order([*balanced(one), *balanced(two)]), seconds) == "a0 b0 b1 a1 b2 a2 c0 d0 d1 c1 d2 c2"


class AsGiven(Order):
    """For comparison."""

    def next(self) -> Run:
        return self._waiting.pop(0)[1]


def end_of(order: Order, seconds: dict[str, float], processes: int = 2) -> float:
    """When the last of some processes ends."""
    running: list[tuple[float, int, Run]] = []
    now, number = 0.0, 0
    while order or running:
        while order and len(running) < processes:
            run, number = order.next(), number + 1
            heapq.heappush(running, (now + seconds[run.cell.name], number, run))
        now, _, run = heapq.heappop(running)
        order.took(run, seconds[run.cell.name])
    return now


def test_no_process_waits_long_for_the_last_run(cells):
    """By hand. Two processes have 12 s of work each of a, b (1 s) and c (4 s), two seeds: 6 s at best; as given, c1 ends at
    7 s. With three seeds and c of 3 s: 7.5 s at best, so 8; as given 9 s."""
    two = [runs[:2] for runs in cells("abc")]
    seconds = {"a": 1.0, "b": 1.0, "c": 4.0}
    assert (end_of(Order(balanced(two)), seconds), end_of(AsGiven(balanced(two)), seconds)) == (6, 7)
    seconds["c"] = 3.0
    assert (end_of(Order(balanced(cells("abc"))), seconds), end_of(AsGiven(balanced(cells("abc"))), seconds)) == (8, 9)
