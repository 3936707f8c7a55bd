"""What measurements make of times, bytes and answers that a test chooses, no two of which are equal, number by number."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from benchmark.measures.complexity import file as counted
from benchmark.measures.complexity import measure as complexity
from benchmark.measures.gradients.measure import weight_layers
from benchmark.measures.speed import inference, training
from benchmark.measures.speed.turns import Setting
from benchmark.protocol.building import create
from benchmark.protocol.protocol import load_protocol

CPU = torch.device("cpu")
MIB = 2**20


def ticking(*durations, warm_up=0):
    """A clock that is read before each pass, and after each that is no warm-up: seconds."""
    readings, now = [0.0] * warm_up, 50.0
    for each in durations:
        readings += [now, now + each]
        now += 100 + each
    ticks = iter(readings)
    return lambda: next(ticks)


class Growth:
    """In place of the memory of a process."""

    def grown(self):
        return 13 * MIB


def test_a_pass_has_the_quartiles_of_the_timed_passes_in_milliseconds(monkeypatch):
    """Of 1, 2, 4, 9 and 17 ms, after two passes of the warm-up."""
    clock = ticking(0.004, 0.001, 0.017, 0.002, 0.009, warm_up=2)
    monkeypatch.setattr(inference, "time", SimpleNamespace(perf_counter=clock))
    monkeypatch.setattr(inference, "ProcessMemory", Growth)
    found = inference.passes(nn.Flatten(), (6, 3, 4, 4), CPU, runs=5, warm_up=2)
    assert [found[f"{name}_ms"] for name in ("lower_quartile", "median", "upper_quartile")] == pytest.approx([2, 4, 9])
    assert found["images_per_second"] == pytest.approx(1500) and found["peak_memory_bytes"] == 13 * MIB
    assert (found["batch"], found["runs"], found["warm_up"]) == (6, 5, 2)


def test_latency_has_the_quartiles_in_milliseconds(monkeypatch):
    monkeypatch.setattr(complexity.torch, "get_num_threads", lambda: 1)
    clock = ticking(0.004, 0.001, 0.017, 0.002, 0.009)
    monkeypatch.setattr(complexity, "time", SimpleNamespace(thread_time=clock, perf_counter=lambda: 0.0))
    found = complexity.latency(nn.Flatten(), 1, 4, runs=5, warm_up=0)
    names = ("lower_quartile_ms", "median_ms", "upper_quartile_ms")
    assert [found[name] for name in names] == pytest.approx([2, 4, 9])


def test_memory_of_a_process_is_its_growth_in_bytes(monkeypatch, tmp_path):
    monkeypatch.setattr(inference.ProcessMemory, "STATUS", tmp_path / "status")
    monkeypatch.setattr(inference.ProcessMemory, "MARK", tmp_path / "mark")
    (tmp_path / "status").write_text("VmHWM:\t   9000 kB\nVmRSS:\t   1003 kB\n")
    memory = inference.ProcessMemory()
    (tmp_path / "status").write_text("VmHWM:\t   1050 kB\nVmRSS:\t   1001 kB\n")
    assert memory.grown() == 47 * 1024 and (tmp_path / "mark").read_text() == "5"


def test_the_table_of_inference():
    one = {"device": "chip", "threads": 3, "batch": 64, "median_ms": 2.504, "lower_quartile_ms": 2.25,
           "upper_quartile_ms": 3.125, "images_per_second": 25559.1, "peak_memory_bytes": 2000 * MIB}  # fmt: skip
    other = one | {"threads": None, "peak_memory_bytes": None}
    lines = inference.table({"cells": {"net": {"input": [3, 32, 32], "measurements": [one, other]}}})
    assert lines[0] == "| model | input | device | threads | batch | pass, ms [quartiles] | images/s | memory, MiB |"
    assert lines[2:] == [
        "| net | 3x32x32 | chip | 3 | 64 | 2.50 [2.25, 3.12] | 25,559 | 2000.0 |",
        "| net | 3x32x32 | chip | - | 64 | 2.50 [2.25, 3.12] | 25,559 | not known |",
    ]


def test_every_number_of_threads_and_batch_is_measured(tiny_protocol, tiny_cell, tmp_path, monkeypatch):
    """Without processes: what each would be asked for."""

    class Here:
        def __init__(self, *_, **__):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def submit(self, work, maker, device, threads, batch, runs):
            told = {"parameters": 607, "input": [3, 16, 16]}
            return SimpleNamespace(result=lambda: (told, {"asked": [threads, batch, runs]}))

    monkeypatch.setattr(inference, "Workers", Here)
    monkeypatch.setattr(inference.torch, "get_num_threads", lambda: 3)
    found = inference.measure_cells(tiny_protocol(), [tiny_cell()], tmp_path / "s.json", device=CPU, batches=(64, 1), runs=7)
    (entry,) = found["cells"].values()
    assert [each["asked"] for each in entry["measurements"]] == [[1, 1, 7], [1, 64, 7], [3, 1, 7], [3, 64, 7]]
    assert entry["parameters"] == 607


MEASURED = {
    "train": {"suite": [4.0, 2.0, 8.0], "plain": [8.0, 6.0, 10.0]},
    "evaluate": {"suite": [64.0, 32.0, 128.0], "plain": [128.0, 16.0, 1280.0]},
    "memory": {"suite": 30, "plain": 120},
    "ceilings": [{"bytes_per_second": b, "operations_per_second": o} for b, o in ((7, 20), (3, 90), (5, 10))],
}


@pytest.fixture
def compared(monkeypatch):
    """Three rounds of three steps of 16 pictures; the least time is 3 s a step and 0.25 s an evaluated batch."""
    asked = []

    def floor(operations, moved, ceilings):
        asked.append((operations, moved, ceilings))
        return {11: 3.0, 13: 0.25}[operations]

    work = {"operations": 11, "bytes": 17, "evaluation_operations": 13, "evaluation_bytes": 19}
    monkeypatch.setattr(training, "build_model", lambda *_: None)
    monkeypatch.setattr(training, "count_step", lambda *_: work)
    monkeypatch.setattr(training, "floor_seconds", floor)
    setting = Setting(size=8, batch=16, steps=3, rounds=3, device=CPU, instructions="native")
    found = training._compared(MEASURED, training._cell("bregnext-50"), setting)
    return found, asked


def test_rates_are_pictures_by_seconds_and_ratios_are_taken_round_by_round(compared):
    """48 pictures trained, 4 batches, so 64, evaluated a turn. Suite / plain: 2, 3 and 1.25 in training, 2, 0.5 and 10 in
    evaluation."""
    found, _ = compared
    suite, ratio = found["contenders"]["suite"], found["ratios"]["plain"]
    assert suite["train"]["values"] == [12, 24, 6] and suite["evaluate"]["values"] == [1, 2, 0.5]
    assert suite["train"] | {"values": 0} == {"median": 12, "lower_quartile": 9, "upper_quartile": 18, "values": 0}
    assert (suite["memory_bytes"], found["contenders"]["plain"]["memory_bytes"]) == (30, 120)
    assert ratio["train"]["values"] == [2, 3, 1.25] and ratio["evaluate"]["values"] == [2, 0.5, 10]
    assert ratio["memory"] == 0.25 and set(found["ratios"]) == {"plain"}


def test_the_floor_is_compared_with_the_median_rate(compared):
    """Training: 3 s a step at 12 of 16 pictures a second, evaluation: 0.25 s a batch at 1 a second."""
    found, asked = compared
    ceilings = {"bytes_per_second": 5, "operations_per_second": 20}
    assert found["ceilings"] == ceilings and asked == [(11, 17, ceilings), (13, 19, ceilings)]
    assert found["floor"]["achieved"] == {"train": 3 * 12 / 16, "evaluate": 0.25 * 1 / 16}
    assert (found["floor"]["train_seconds"], found["floor"]["evaluate_seconds"]) == (3, 0.25)


def test_the_table_of_a_bench(compared):
    found, _ = compared
    found["contenders"]["suite"]["memory_bytes"] = 3000 * MIB
    found["contenders"]["plain"]["memory_bytes"] = None
    titles = {"suite": "ours", "plain": "a loop"}
    lines = training.table({"titles": titles, "comparisons": [{"network": "net", "shortcut": "fixed", "size": 8} | found]})
    assert lines[2:] == [
        "| net | fixed | 8 | ours | 12.0 | 1.0 | 3,000 | - | - | - |",
        "| net | fixed | 8 | a loop | 6.0 | 0.5 | not known | 2.00 [1.62, 2.50] | 2.00 [1.25, 6.00] | 0.25 |",
    ]


def test_growth_changes_one_thing_at_a_time():
    grown = list(training._growing(19))
    assert [(axis, value, size, many) for axis, value, _, size, many in grown] == [
        *(("batch", many, 64, many) for many in (8, 16, 32, 64)), *(("size", size, size, 19) for size in (32, 48, 64, 96)),
        *(("weight layers", layers, 64, 19) for layers in (12, 26, 50)),
    ]  # fmt: skip
    for _, layers, cell, *_ in grown[-3:]:
        assert weight_layers(create(cell.model, num_outputs=7, in_channels=3, input_size=64, **cell.options)) == layers


def test_operations_an_element():
    aten, x = torch.ops.aten, torch.zeros(2, 3, 8, 8)
    for name, overload, arguments, result, expected in (
        ("addcmul", aten.addcmul.default, (x, x, x), x, 2), ("hardswish", aten.hardswish.default, (x,), x, 1),
        ("native_layer_norm", aten.native_layer_norm.default, (x,), x, 7), ("clone", aten.clone.default, (x,), x, 0),
        ("max_pool2d_with_indices", aten.max_pool2d_with_indices.default, (x, [3, 3]), x, 8),
        ("avg_pool2d", aten.avg_pool2d.default, (x, [2]), x, 4), ("atan", aten.atan.default, (x,), x, 1),
    ):  # fmt: skip
        assert complexity.operations(name, overload, arguments, (result,)) == expected * 384, name


def test_a_network_is_found_by_all_that_defines_it():
    protocol, cell = load_protocol("fer2013-7").as_dict(), {"name": "c", "model": "m", "options": {"k": 1}}
    right = {"model": "m", "options": {"k": 1}, "outputs": 7, "input": [1, 3, 64, 64], "id": 0}
    odd = [{"model": "n"}, {"options": {"k": 2}}, {"outputs": 8}, {"input": [1, 3, 48, 48]}, {"input": [1, 1, 64, 64]}]
    others = [right | change | {"id": 1 + place} for place, change in enumerate(odd)]
    assert counted.of_cell({"cells": {}, "networks": [*others, right]}, protocol, cell)["id"] == 0
    assert counted.of_cell({"cells": {}, "networks": others}, protocol, cell) is None
    named = {"fer2013-7/c": {"id": 9}}
    assert counted.of_cell({"cells": named, "networks": [right]}, protocol, cell) == {"id": 9}
    entry = {"fer2013-7/c": {"parameters": {"trainable": 601, "total": 701}}}
    assert counted.counted_parameters({"cells": entry}, {"protocol": protocol, "cell": cell}) == 601
