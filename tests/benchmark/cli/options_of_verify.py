"""Every option of the verb `verify`: what it changes, by value."""

import contextlib
from pathlib import Path
from types import SimpleNamespace

from benchmark.records.check_table import COLUMNS
from benchmark.records.examine import PASSED, Examined, Result
from benchmark.records.record import Record
from benchmark.records.sameness import IDENTICAL, Sameness
from benchmark.runs.weights_again import Outcome

from .conftest import GONE, named

RECORDS, PREPARED, RUNS = Path("reports/records"), Path("data/prepared"), Path("runs")
ENTRY = "{protocol: synthetic-8, data: synthetic, package: ablations, cell: %s, model: residual,\n"
ENTRY += "  options: {units: [1, 1, 1], widths: [4, 8]}, loss: plain}"
PARAMS = f"seeds: [3, 4]\nruns:\n a: {ENTRY % 'own-a'}\n b: {ENTRY % 'own-b'}\n"
PLACE, ALL_PASSED = "synthetic-8/own-a/seed3", {name: Result(PASSED) for name in COLUMNS}
NOT_ALONE = "ferbench: ferbench verify: found --write; expected it with --weights or --retrain\n"
EXAMINED = [
    Examined(PLACE, RECORDS / PLACE, Record(RECORDS / PLACE, {"seed": 3}), ALL_PASSED),
    Examined("p/c/seed1", RECORDS / "p/c/seed1", Record(RECORDS / "p/c/seed1", {"seed": 1}), ALL_PASSED),
]
FOLDERS = [RECORDS / "p/c/seed0", RECORDS / "p/c/seed1"]
MADE_AGAIN = SimpleNamespace(
    lines=["a line"],
    tables=SimpleNamespace(deviations=["t.csv, row 1"]),
    answer="all equal",
    in_order=True,
    as_json={"a": 1},
)
REPRODUCED = named("reproduction", {"runs": [f"synthetic-8/own-{c}/seed{s}" for s in (3, 4) for c in "ab"], "made": RUNS})
REPRODUCED |= {"reproduction.report": Path("reports"), "reproduction.published": Path("of HEAD/reports")}
REPRODUCED |= {"files_at.revision": "HEAD"}
REPRODUCED |= {"files_at.paths": [f"reports/{name}" for name in ("records", "tables", "metrics", "claims.md")]}
STATED = named("stated", {"examined": [PLACE, "p/c/seed1"], "records": RECORDS, "report": Path("reports")})
STATED |= {"stated.planned": frozenset(f"synthetic-8/{cell}/seed{seed}" for cell in ("own-a", "own-b") for seed in (3, 4))}
NEVER = dict.fromkeys(REPRODUCED | STATED, GONE)
WEIGHTS = NEVER | {"Rerun.runs": RUNS, "Rerun.device": "cpu"}
WEIGHTS |= {
    "printed": "predictions of 1 records made again from weights: 1 bit-identical, 0 the same, 0 different, 0 FAILED; 1 not"
}
SITE = {"prepared": PREPARED, "out": RUNS / "again", "device": "cpu", "restart_stale": True, "path": "eager"}
AGAIN = NEVER | named("choose", {"examined": [PLACE, "p/c/seed1"], "patterns": ["p/c/0", "p/*/1"]})
AGAIN |= named("retrain", {"chosen": ["chosen"], "jobs": None, "time_budget": None}) | named("retrain.places", SITE)
AGAIN |= named("outcomes", {"chosen": ["chosen"], "out": RUNS / "again"})
AGAIN |= {"printed": "1 runs are trained again in runs/again\n1 of 1 runs bit-identical to the published ones\n"}
RETRAIN = "verify --retrain p/c/0 p/*/1"
WROTE = {"read_verification.path": Path("reports/verification.json"), "write_verified.device": "cpu"}
WROTE |= {"write_verified.records": {PLACE: EXAMINED[0].record}}


FOLDER = {"files_at.revision": GONE, "files_at.paths": GONE}


def rerun(runs, faces, device):
    return lambda examined: (
        Outcome(examined.place, IDENTICAL, largest=0.0)
        if examined is EXAMINED[0]
        else Outcome(examined.place, "not checked", "no weights")
    )


TABLE = {
    "verify": {
        "spies": {
            "benchmark.records.record.record_folders": lambda root: [root / "p/c/seed0", root / "p/c/seed1"],
            "benchmark.records.examine.examine_all": EXAMINED,
            "benchmark.report.stated.stated": SimpleNamespace(deviations=[]),
            "benchmark.report.reproduction.reproduction": MADE_AGAIN,
            "benchmark.records.revision.files_at": lambda revision, paths: contextlib.nullcontext(Path(f"of {revision}")),
            "benchmark.records.revision.changed_since": lambda revision, folder: [
                folder / "p/c/seed1/record.json",
                folder / "p/gone/seed0/record.json",
            ],
            "benchmark.runs.weights_again.Rerun": rerun,
            "benchmark.runs.again.choose": lambda examined, patterns: ["chosen"],
            "benchmark.runs.again.choose_runs": lambda examined, runs: ["chosen"],
            "benchmark.runs.again.retrain": None,
            "benchmark.runs.again.outcomes": [(SimpleNamespace(place=PLACE), Sameness(IDENTICAL))],
            "benchmark.records.trust.read_verification": None,
            "benchmark.cli.verifying.write_verified": None,
        },
        "files": {
            "params.yaml": PARAMS,
            f"runs/{PLACE}/record.json": "",
            f"others/{PLACE}/record.json": "",
            "reports/records/p/c/seed1/record.json": "",
            "published/reports/x": "",
            "a-report/x": "",
        },
        "base": "verify",
        "arrives": {"record_folders.root": RECORDS}
        | named("examine_all", {"root": RECORDS, "known": (PREPARED, True), "folders": FOLDERS})
        | STATED
        | REPRODUCED
        | {"printed": "a line\nreports/t.csv, row 1\nall equal\n"},
        "options": {
            "folder": (  # not the published records: the report is neither checked nor compared
                "verify reports/records/p",
                NEVER
                | {"record_folders.root": RECORDS / "p", "examine_all.root": RECORDS / "p"}
                | {
                    "examine_all.folders": [RECORDS / "p/p/c/seed0", RECORDS / "p/p/c/seed1"],
                    "printed": "2 records in order, 0 with faults\n",
                },
            ),
            "weights": ("verify --weights", WEIGHTS),
            "weights: elsewhere": ("verify --weights others", WEIGHTS | {"Rerun.runs": Path("others")}),
            "retrain": (RETRAIN, AGAIN),
            "retrain: all": (
                "verify --retrain all",
                AGAIN
                | {"choose.examined": GONE, "choose.patterns": GONE, "choose_runs.examined": [PLACE, "p/c/seed1"]}
                | {"choose_runs.runs": REPRODUCED["reproduction.runs"]},
            ),
            "write": (
                "verify --weights --write",
                WEIGHTS
                | WROTE
                | {"write_verified.what": "weights", "write_verified.done": {PLACE: {"outcome": IDENTICAL, "largest": 0.0}}}
                | {"printed": "wrote reports/verification.json: 1 records; next: ferbench report\n"},
            ),
            "write: again": (
                f"{RETRAIN} --write",
                AGAIN
                | WROTE
                | {"write_verified.what": "again", "write_verified.done": {PLACE: Sameness(IDENTICAL).as_json}},
            ),
            "write: neither": (
                "verify --write",
                dict.fromkeys(("record_folders.root", "examine_all.root", "examine_all.known", "examine_all.folders"), GONE)
                | NEVER
                | {
                    "status": 2,
                    "printed": "",
                    "error": "ferbench: ferbench verify: found --write; expected it with --weights or --retrain\n",
                },
            ),
            "against": ("verify --against v1", {"files_at.revision": "v1", "reproduction.published": Path("of v1/reports")}),
            "against: a checkout": (
                "verify --against published",
                FOLDER | {"reproduction.published": Path("published/reports")},
            ),
            "against: a report": ("verify --against a-report", FOLDER | {"reproduction.published": Path("a-report")}),
            "added_since": (
                "verify --added-since v1",
                NEVER
                | named("changed_since", {"revision": "v1", "folder": RECORDS})
                | named("changed_since 2", {"revision": "v1", "folder": RECORDS})
                | {"examine_all.folders": FOLDERS[1:], "status": 1}
                | {"printed": "reports/records/p/gone/seed0: deleted since v1\n", "error": "ferbench: 1 other faults\n"},
            ),
            "json": ("verify --json f.json", {"written": ["f.json"]}),
            "runs": ("verify --runs others", {"reproduction.made": Path("others")}),
            "runs: none": (
                "verify --runs none",
                dict.fromkeys(REPRODUCED, GONE) | {"printed": "is in none (dvc repro makes them)"},
            ),
            "out": (
                f"{RETRAIN} --out o",
                AGAIN | {"retrain.places.out": Path("o"), "outcomes.out": Path("o"), "printed": "again in o\n"},
            ),
            "device": ("verify --weights --device cuda:1", WEIGHTS | {"Rerun.device": "cuda:1"}),
            "device: again": (f"{RETRAIN} --device cuda:1", AGAIN | {"retrain.places.device": "cuda:1"}),
            "jobs": (f"{RETRAIN} --jobs 3", AGAIN | {"retrain.jobs": 3}),
            "time_budget": (f"{RETRAIN} --time-budget 1000", AGAIN | {"retrain.time_budget": 993.0}),
            "prepared": ("verify --prepared p", {"examine_all.known": (Path("p"), True)}),
            "prepared: again": (
                f"{RETRAIN} --prepared p",
                AGAIN | {"examine_all.known": (Path("p"), True), "retrain.places.prepared": Path("p")},
            ),
        },
    }
}
