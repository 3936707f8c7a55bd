"""dvc.yaml: a stage goes stale when a source that decides its numbers changes."""

import subprocess
import sys
from pathlib import Path

import yaml

from benchmark.environment import TRAINING_PATH

ROOT = Path(__file__).parents[1]
# What the report imports and whose change does not change a number: reading, writing, finding.
PLUMBING = {
    "atomic", "bench", "datasets", "datasets.linking", "errors", "json_file", "protocol", "records", "registry",
    "robustness_file",
}  # fmt: skip


def dependencies(stage: str) -> set[str]:
    found = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"][stage]
    return set(found.get("do", found)["deps"])


def test_a_run_depends_on_every_source_in_its_digest():
    assert {f"benchmark/{name}.py" for name in TRAINING_PATH} <= dependencies("run")


def test_the_report_depends_on_what_it_imports_and_imports_no_torch():
    script = "import sys, benchmark.report.build; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "torch" not in loaded
    own = {name.removeprefix("benchmark.") for name in loaded if name.startswith("benchmark.")}
    deciding = {name for name in own - PLUMBING if name.split(".")[0] != "report"}
    known = dependencies("report")
    assert {f"benchmark/{name.replace('.', '/')}.py" for name in deciding} <= known
    assert "calibration" in deciding and "benchmark/report" in known
    # A record counts by the hash of the protocol file and by the registered cell (`benchmark.ledger`).
    assert {"benchmark/protocols", "benchmark/recipes.yaml", "ablations/cells.yaml", "baselines/cells.yaml"} <= known
