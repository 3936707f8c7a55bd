"""dvc.yaml: a stage goes stale when a source that decides its numbers changes."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmark.faces import data_sets
from benchmark.runs import params
from benchmark.runs.sources import PACKAGE, TRAINING, training_sources

ROOT = Path(__file__).parents[1]
# Modules whose change does not change a number: reading, checking types, writing, processes and how they end.
READING = (
    "array_file", "errors", "exchange", "files", "leftovers", "names", "progress", "room", "sealed_file", "stopping",
    "strict_yaml", "suggesting", "typed", "workers",
)  # fmt: skip
GROUND = [f"benchmark/{name}" for name in READING]
PLUMBING = {*READING, "faces", "runs"}


def declared(stage: str) -> dict:
    found = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]
    return found.get("do", found)


def dependencies(stage: str) -> set[str]:
    return set(declared(stage)["deps"])


def parameters(stage: str) -> list:
    return declared(stage)["params"]


def test_what_decides_a_run_is_one_list():
    """The list that the digest takes and the stage that writes the digest are the same; what trains depends on that file."""
    of_package = {"${item.code}", "${item.built_on}"}
    assert dependencies("sources") == {f"benchmark/{place}" for place in (*TRAINING, "runs/sources.py")} | of_package
    assert "reports/sources/${item.package}.txt" in dependencies("run") & dependencies("gradients")


def test_a_run_is_not_stale_for_another_recipe_or_cell():
    """The file of its cell has what decides it: tests/benchmark/runs/test_planned.py."""
    assert dependencies("run") == {
        "data/prepared/${item.data}", "reports/plan/cells/${key}.txt", "reports/sources/${item.package}.txt",
    }  # fmt: skip
    assert not any("params" in declared(stage) for stage in ("plan", "train", "run", "complexity", "report"))
    assert not any(path.endswith(("recipes.yaml", "cells.yaml")) or path == "${item}" for path in dependencies("gradients"))
    recipes = "benchmark/protocol/recipes.yaml"
    assert [each[recipes] for each in parameters("gradients") if recipes in each] == [["${item.recipe}"]]


def test_the_training_of_all_cells_is_never_taken_from_the_run_cache():
    """DVC would else restore its small output and leave the training to the stages `run`, one cell after the other."""
    assert declared("train")["outs"] == [{"runs/networks/${key}.json": {"persist": True}}]
    assert all("runs/networks" not in path for stage in ("run", "report") for path in dependencies(stage))


def test_the_plan_depends_on_what_decides_it():
    """Besides that it imports what only refuses, and what says where code and data are."""
    found = upstream("benchmark.runs.planned")
    ground = [name for name in GROUND if name in found]
    refusing = [f"benchmark/{name}" for name in ("runs/checked_params", "runs/plan")]
    places = [f"benchmark/{name}" for name in ("faces/data_sets", "faces/readers", "runs/sources")]
    assert uncovered(found, "plan") == sorted([*ground, *refusing, *places])


def test_what_training_imports_is_in_the_list_or_decides_no_number():
    """Whoever splits a module of the training path has to list the new one."""
    script = "import sys, benchmark.runs.training.trainer, benchmark.runs.training.crossvalidation; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    own = {name.removeprefix("benchmark.") for name in done.stdout.split() if name.startswith("benchmark.")}
    listed = {path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".") for path in training_sources()}
    # Reading and writing; what is fixed, which has hashes of its own; what is said of a run beside its numbers.
    ground = {f"faces.{name}" for name in ("attributes", "faces_table", "faceset", "meta")}
    ground |= {f"records.{name}" for name in ("contents", "record", "seal", "shape")}
    fixed = {f"protocol.{name}" for name in ("cells", "known", "protocol", "registry", "values")}
    said = {"runs.commit", "runs.environment", "runs.sources"}
    packages = {"faces", "protocol", "records", "runs", "runs.training"}
    assert own - listed - {*READING} == ground | fixed | said | packages


def test_the_report_depends_on_what_it_imports_and_imports_no_torch():
    script = (
        "import importlib, pkgutil, sys; import benchmark.report.build; from benchmark.report import chapters\n"
        "for each in pkgutil.iter_modules(chapters.__path__): importlib.import_module(f'{chapters.__name__}.{each.name}')\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "torch" not in loaded
    own = {name.removeprefix("benchmark.") for name in loaded if name.startswith("benchmark.")} - PLUMBING
    known = dependencies("report")
    places = {name: f"benchmark/{name.replace('.', '/')}" for name in own}
    assert [n for n, p in places.items() if not any(f"{p}.py" == k or f"{p}/".startswith(f"{k}/") for k in known)] == []
    assert "records.calibration" in own and "benchmark/report" in known
    # A record counts by the hash of the protocol file and by the registered cell (`benchmark.claims.ledger`).
    assert {"benchmark/protocol", "ablations/cells.yaml", "baselines/cells.yaml"} <= known


def upstream(*modules: str) -> set[str]:
    """The given modules and all modules of the package that they import, directly or indirectly; as paths without extension.
    Imports inside functions count too."""
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("benchmark", exclude_type_checking_imports=True, cache_dir=None)
    found = {name for module in modules for name in graph.find_descendants(module) | {module}}
    found |= {name for each in found for name in graph.find_upstream_modules(each)}
    return {name.replace(".", "/") for name in found}


def uncovered(found: set[str], stage: str, *further: str) -> list[str]:
    known = {path.removesuffix(".py") for path in (*dependencies(stage), *further)}
    return sorted(name for name in found if not any(f"{name}/".startswith(f"{path}/") for path in known))


@pytest.mark.parametrize("name", data_sets.names())
def test_a_prepared_set_depends_on_what_reads_it(name):
    """Its own reader, which imports no other reader, and what readers share. Nothing else can change a FaceSet."""
    code = params.stage_dependencies(name)["code"]
    module = code.removesuffix(".py").replace("/", ".")
    found = upstream(module)
    found.discard("benchmark/faces/survey")  # what `check` says of raw files; it decides nothing of what is prepared
    assert uncovered(found, "prepare", code) == [name for name in GROUND if name in found]


def test_the_audit_depends_on_what_it_does():
    """Readers are loaded by name, so the reader of the data set is a separate dependency."""
    found = upstream("benchmark.faces.audit")
    faces = ["attributes", "data_sets", "faces_table", "faceset", "meta", "readers"]
    ground = [name for name in GROUND if name in found]
    assert uncovered(found, "audit") == sorted([*ground, *(f"benchmark/faces/{name}" for name in faces)])
