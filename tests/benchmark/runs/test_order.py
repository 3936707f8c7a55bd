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


def test_the_last_process_ends_soon_after_the_first(cells):
    """Two processes; by hand: 3 x (9 + 1 + 1 + 1) = 36 seconds of work, so 18 at best."""
    seconds, order = {"a": 1, "b": 1, "c": 1, "d": 9}, Order(balanced(cells("abcd")))
    free, now = [0.0, 0.0], 0.0
    running: list[tuple[float, int, Run]] = []
    while order or running:
        while order and len(running) < len(free):
            run = order.next()
            heapq.heappush(running, (now + seconds[run.cell.name], id(run), run))
        now, _, run = heapq.heappop(running)
        order.took(run, seconds[run.cell.name])
    assert now == 18 + 1.5
