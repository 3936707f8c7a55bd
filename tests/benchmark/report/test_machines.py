"""Results are the same bytes on another machine: time, memory and machines are on their own page and in its folder."""

import json
import shutil
from pathlib import Path

import pytest

from benchmark.measures.machine import is_machine
from benchmark.records.record import read_records, write_record
from benchmark.report.build import build

REPORTS = Path(__file__).parents[3] / "reports"
# Few, because each takes seconds: with and without classes, with robustness.
CELLS = [
    ("synthetic-8", "narrow8-12-adaptive-working-plain"), ("synthetic-va", "narrow8-12-adaptive-working-mse"),
]  # fmt: skip
READ = (
    "complexity.json",
    "latency.json",
    "data",
    "faces",
    "gradients",
    "humans",
    "robustness",
    "bench",
    "tuning",
    "release",
    "release-audit.md",
)
MACHINE = {
    "device": "A slower processor", "cores": 96, "threads": 7, "system": "Plan9 riscv", "python": "9.9.9", "torch": "8.8.8",
    "numpy": "7.7.7", "timm": "6.6.6", "commit": "c0ffee" * 6, "precision": "float99", "implementation": "an abacus",
}  # fmt: skip
WRITERS = ("schema", "predictions_sha256", "seal")  # fields that `write_record` fills in
# In whatever file: entries that say how long something took, or how much it needed.
TAKEN = ("_seconds", "_per_second", "_ms", "memory_bytes", "images_s")


def elsewhere(value, inside=False):
    """The same contents from another machine, twice as slow. `inside`: below an environment, a cost or a latency."""
    if isinstance(value, list):
        return [elsewhere(each, inside) for each in value]
    if isinstance(value, dict):
        return {
            key: MACHINE[key]
            if inside and key in MACHINE
            else 2 * each
            if key.endswith(TAKEN) and isinstance(each, int | float)
            else elsewhere(each, inside or key in ("environment", "cost", "latency"))
            for key, each in value.items()
        }
    return value


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """The report of some committed records and all other committed measurements, and the report of the same results from
    another machine and another folder: the files of each that are results, and all its files."""
    found = []
    for there in (False, True):
        out = tmp_path_factory.mktemp("another" if there else "here") / ("deeper/reports" if there else "reports")
        out.mkdir(parents=True)
        for name in READ:
            copy = shutil.copytree if (REPORTS / name).is_dir() else shutil.copy
            copy(REPORTS / name, out / name)
        for path in [*out.glob("gradients/fer2013-*"), *out.glob("tuning/*-recipe.jsonl")]:
            path.unlink()  # more of the same
        for protocol, cell in CELLS:
            for record in read_records(REPORTS / "records" / protocol / cell)[:2]:
                known = {key: value for key, value in record.contents.items() if key not in WRITERS}
                made = elsewhere(known) if there else known
                write_record(out / "records" / protocol / cell / f"seed{record.seed}", made, dict(record.predictions))
        if there:
            for path in [out / "latency.json", *out.glob("bench/*.json"), *out.rglob("*.machine.json")]:
                path.write_text(json.dumps(elsewhere(json.loads(path.read_text()))))
            for path in out.glob("tuning/*.jsonl"):
                lines = [json.loads(line) for line in path.read_text().splitlines()]
                path.write_text("".join(json.dumps(elsewhere(line)) + "\n" for line in lines))
        build(out / "records", out / "complexity.json", out / "data", out)
        shutil.rmtree(out / "records")
        found.append(contents(out))
    return found


def of_costs(name):
    apart = name == "latency.json" or is_machine(Path(name)) or name.startswith(("bench/", "tuning/"))
    return apart or name.startswith(("costs.", "costs/"))


def test_no_result_changes_on_another_machine(two):
    here, there = two
    assert set(here) == set(there)
    assert [name for name in here if here[name] != there[name] and not of_costs(name)] == []
    expected = ("README.md", "index.html", "claims.md", "complexity.json", "tables/runs.csv", "tables/networks.md")
    expected += ("newest.json", "pages/search.js", "pages/contents.html", "pages/leaderboards.html", "pages/release.html")
    assert set(expected) <= {name for name in here if not of_costs(name)}
    for folder in ("pages", "tables", "metrics", "plots", "figures", "gradients", "robustness", "data", "faces"):
        assert [name for name in here if name.startswith(f"{folder}/")], folder


def test_no_result_names_a_machine(two):
    for name, text in two[1].items():
        if not of_costs(name):
            assert [word for word in map(str, MACHINE.values()) if len(word) > 2 and word.encode() in text] == [], name


def test_the_page_of_costs_shows_what_changed(two):
    here, there = two
    changed = {name for name in here if here[name] != there[name] and name.startswith("costs")}
    grown = ("speed-growth-cpu",) if json.loads((REPORTS / "bench" / "cpu.json").read_text())["growth"] else ()
    figures = {f"costs/figures/{name}.svg" for name in ("synthetic-8-latency", "synthetic-va-latency", *grown)}
    tables = {f"costs/tables/{name}.csv" for name in ("cost", "runs", "latency", "network-latency", "environments", "speed")}
    assert {"costs.md", "costs.html"} | figures | tables <= changed
    page = there["costs.md"].decode()
    assert [word for word in map(str, MACHINE.values()) if word not in page] == []


def test_what_the_pipeline_makes_again_says_nothing_of_a_machine_but_beside_it():
    """The committed files."""
    words = {"environment", "commit", "cores", "threads", "versions", "device", "latency", "train_seconds"}

    def keys(value):
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    folders = ("gradients", "robustness", "data", "faces", "humans")
    paths = [REPORTS / "complexity.json", *(path for name in folders for path in (REPORTS / name).rglob("*.json"))]
    assert len(paths) > 40
    for path in paths:
        if not is_machine(path):
            assert keys(json.loads(path.read_text())) & words == set(), path
