"""Every file that a verb writes at its end is looked at before its work: where it is to be, a folder may be already."""

from pathlib import Path

import pytest

from .options_of_networks import P
from .options_of_verify import RETRAIN
from .test_options import TABLE

ROBUST = f"robustness synthetic-8 {P} --seeds 3 5"


@pytest.mark.parametrize(
    "command, output",
    [
        ("complexity", "reports/complexity.json"),
        ("complexity", "reports/latency.json"),
        ("gradients fer2013", "reports/gradients/fer2013.json"),
        (f"speed {P}", "reports/speed.json"),
        ("bench --device cuda:1", "reports/bench/cuda.json"),
        (ROBUST, f"reports/robustness/synthetic-8/{P}/seed3.json"),
        (ROBUST, f"reports/robustness/synthetic-8/{P}/seed5.json"),
        ("audit fer2013", "reports/data/fer2013/audit.json"),
        ("tune synthetic", "reports/tuning/synthetic.jsonl"),
        ("study one", "reports/tuning/s.jsonl"),
        (TABLE["first-contact"]["base"], "home/first-contact.json"),
        ("compare x y --picture pair.jpg", "pair.jpg"),
        ("verify --json found.json", "found.json"),
        ("verify --weights --write", "reports/verification.json"),
        (f"{RETRAIN} --write --json found.json", "reports/verification.json"),
        (f"{RETRAIN} --write --json found.json", "found.json"),
    ],
)
def test_a_folder_in_the_place_of_a_result_is_said_before_the_work(arriving, command, output):
    entry = TABLE[command.split()[0]]
    found = arriving({**entry, "files": entry.get("files", {}) | {f"{output}/x": ""}}, command)
    assert found["error"] == f"ferbench: {output}: a folder, not a file; name a file\n"
    assert (found["status"], found["printed"], found["written"]) == (4, "", [])


@pytest.mark.parametrize("command", ["tune synthetic --table", "study one --status", "compare x y", "verify"])
def test_what_writes_nothing_asks_for_no_place(arriving, command):
    """Not even for the log that another call would write, and the stored verification."""
    entry, taken = TABLE[command.split()[0]], dict.fromkeys(
        [f"reports/{each}/x" for each in ("tuning/synthetic.jsonl", "tuning/s.jsonl", "verification.json")], ""
    )  # fmt: skip
    assert arriving({**entry, "files": entry.get("files", {}) | taken}, command)["error"] == ""


def test_a_place_without_a_right_to_write_is_named(arriving, monkeypatch):
    """With the file that was to be written there."""
    asked = []
    monkeypatch.setattr("benchmark.room.check_room", lambda *given: asked.append(given))
    arriving(TABLE["complexity"], "complexity")
    assert asked == [(Path("reports"), 0, "complexity.json"), (Path("reports"), 0, "latency.json")]
