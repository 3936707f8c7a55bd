"""speed.py beside this file: what it counts, and that the copies it makes are records in order."""

import importlib
import importlib.util
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.records.checks.known import Known
from benchmark.records.examine import gather
from benchmark.records.record import read_records
from benchmark.report.pages import all_pages
from benchmark.report.sections import curves, results

RECORDS = Path(__file__).parents[3] / "reports" / "records"
FEW = ("imported/diffusionfer-7-quick", "outside/diffusionfer-7", "synthetic-va")  # folds, an outside entry, two outputs


@pytest.fixture(scope="module")
def speed():
    spec = importlib.util.spec_from_file_location("speed", Path(__file__).with_name("speed.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_function_is_charged_without_those_it_calls(speed):
    now = SimpleNamespace(seconds=0.0)

    def passing(seconds):
        now.seconds += seconds

    clock = speed.Clock(lambda: now.seconds)

    def failing():
        passing(4)
        raise ValueError("none")

    draws, fails = clock.timed("figures", passing), clock.timed("judging", failing)

    def reads():
        passing(1)
        draws(2)
        with pytest.raises(ValueError, match="none"):
            fails()
        passing(8)
        return "read"

    passing(16)
    assert clock.timed("reading", reads)() == "read"
    passing(32)
    draws(64)
    assert clock.seconds == {"reading": 9, "figures": 66, "judging": 4, speed.REST: 16 + 32}


def test_functions_by_kind(speed):
    kinds = {name.rpartition(".")[2]: kind for name, kind in speed.FUNCTIONS.items()}
    for name in speed.FUNCTIONS:
        module, _, function = name.rpartition(".")
        assert speed.kind_of(getattr(importlib.import_module(module), function)) == kinds[function]
    assert speed.kind_of(curves.learning_curves) == "figures" and speed.kind_of(all_pages.all_pages) == "pages"
    assert speed.kind_of(results.tables) is None


def test_functions_are_timed_where_they_are_imported(speed):
    drawn = curves.learning_curves
    own = SimpleNamespace(confusion=drawn, again=drawn, tables=results.tables, number=1)
    clock = speed.Clock()
    speed.timing(clock, [own])
    assert own.confusion is own.again is not drawn and own.confusion.__wrapped__ is drawn
    assert own.tables is results.tables and own.number == 1
    with pytest.raises(AttributeError):
        own.confusion(None)
    assert clock.seconds["figures"] > 0


@pytest.mark.usefixtures("really_published")
def test_copies_of_records_are_in_order(speed, tmp_path):
    for name in FEW:
        shutil.copytree(RECORDS / name, tmp_path / name)
    before = {record.directory: record for record in read_records(tmp_path)}
    runs = sum(record.outside is None for record in before.values())
    many = len(before) + 2 * runs + 1  # each run as another seed and as another cell, and one of them as a third
    speed.multiply(tmp_path, many)
    found = gather(tmp_path, Known())
    assert not found.apart and len(found.records) == many
    assert len({(r.protocol, r.cell, r.seed) for r in found.records if r.outside is None}) == 3 * runs + 1
    for record in found.records:
        if record.directory not in before:
            first, *place = record.directory.relative_to(tmp_path).parts
            original = before[tmp_path.joinpath(*place[:-2], record.cell.partition("-again")[0], f"seed{record.seed % 100}")]
            changed = [name for name, array in original.predictions.items() if (record.predictions[name] != array).any()]
            assert changed == ["test_outputs_none"] and first in ("seeds1", "cells2", "seeds3")
            assert np.sum(record.predictions[changed[0]] != original.predictions[changed[0]]) == 1


def test_sizes_by_folder(speed, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name, size in (("a/x", 3), ("a/b/y", 4), ("z.html", 5)):
        (tmp_path / name).write_bytes(bytes(size))
    assert list(speed.sizes(tmp_path).items()) == [("a", 7), ("z.html", 5)]
