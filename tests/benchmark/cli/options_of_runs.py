"""Every option of the verbs that choose and train runs, here and on other machines: what it changes, by value."""

from functools import cache
from pathlib import Path

import yaml

from benchmark.protocol.cells import Run, find_cell
from benchmark.protocol.protocol import load_protocol

from .conftest import GONE, Opened, named

P, W = "narrow8-12-identity-working-plain", "narrow8-12-identity-working-weighted"
ENTRY = "{protocol: synthetic-8, data: synthetic, package: ablations, cell: %s, model: residual,\n"
ENTRY += "  options: {units: [1, 1, 1], widths: [4, 8]}, loss: %s}"
PARAMS = f"seeds: [3, 4]\nruns:\n a: {ENTRY % ('own-a', 'plain')}\n b: {ENTRY % ('own-b', 'weighted')}\n"


@cache
def planned(profile: str) -> list[Run]:
    """Four runs of each profile, with a protocol of its own."""
    protocol = load_protocol({"one": "synthetic-8", "two": "fer2013-7"}[profile])
    return [Run(protocol, find_cell(cell), seed) for seed in (0, 1) for cell in (P, W)]


def places(protocol: str, *runs: str) -> list[str]:
    return [f"{protocol}/{run}" for run in runs]


FIRST = places("synthetic-8", f"{P}/seed0")
PLAN = places("synthetic-8", f"{P}/seed0", f"{W}/seed0", f"{P}/seed1", f"{W}/seed1")
OTHER_PLAN = [place.replace("synthetic-8", "fer2013-7") for place in PLAN]
RUN = f"run synthetic-8 {P}"
ALL = places("synthetic-8", "own-a/seed3", "own-b/seed3", "own-a/seed4", "own-b/seed4")  # of PARAMS
OWN_B = places("synthetic-8", "own-b/seed3", "own-b/seed4")
RAY = f"{RUN} --engine ray"
SITE = {"prepared": Path("data/prepared"), "out": Path("runs"), "device": "cpu", "restart_stale": False, "path": "eager"}
# What does not arrive where a Ray cluster trains, and what arrives there.
ON_RAY = {f"run_all.{name}": GONE for name in ("runs", *(f"places.{name}" for name in SITE), "jobs", "time_budget")}
ON_RAY |= {f"run_on_ray.places.{name}": value for name, value in SITE.items()}
ON_RAY |= {"run_on_ray.runs": FIRST, "run_on_ray.device": "auto", "run_on_ray.address": None}
ON_RAY |= {"run_on_ray.share.gpus": None, "run_on_ray.share.cpus": 1, "run_on_ray.share.retries": 3}
ON_RAY |= {"run_on_ray.time_budget": None}


def made(model: str, task: str = "categorical", loss: str | None = None, options: dict | None = None) -> dict:
    return named("cell_of", {"model": model, "task": task, "loss": loss, "options": options or {}})


class Named(str):
    """A search of two runs, or a study whose search is called s."""

    __slots__ = ()
    name = property(str.__str__)
    search = property(lambda self: Named("s"))

    def runs(self) -> list:
        return [0, 0]


TABLE = {
    "profile": {
        "spies": {
            "benchmark.runs.params.write_params": {"runs": {"a": {"seeds": [1]}, "b": {}}, "seeds": [0, 1], "data": {}}
        },
        "files": {"dvc.yaml": ""},
        "base": "profile",
        "arrives": {"printed": "\nfer2013-quick "},
        "options": {
            "name": (
                "profile smoke",
                named("write_params", {"profile": "smoke", "path": Path("params.yaml")})
                | {"printed": "params.yaml: profile smoke, 2 cells, 3 runs; next: dvc repro\n"},
            )
        },
    },
    "models": {"base": "models", "arrives": {"printed": "ablations"}},
    "protocols": {"base": "protocols", "arrives": {"printed": "\nfer2013-7-quick "}},
    "cells": {
        "base": "cells",
        "arrives": {"printed": "\nnarrow8-12-{adaptive,fixed,identity}-{working,frozen}-{plain,weighted,"},
        "options": {"pattern": ("cells narrow8-*-weighted", {"printed": "narrow8-12-identity-working-weighted   "})},
    },
    "protocol check": {
        "spies": {"benchmark.protocol.told.told": ["what it is", "what it needs"]},
        "base": "protocol check synthetic-8",
        "arrives": {
            "told.protocol": "synthetic-8",
            "told.prepared": Path("data/prepared"),
            "printed": "synthetic-8: in order\n  what it is\n  what it needs\nnext: ferbench run synthetic-8 CELL (",
        },
        "options": {
            "protocol": (
                "protocol check fer2013-7",
                {"told.protocol": "fer2013-7", "printed": "fer2013-7: in order\n"},
            ),
            "prepared": ("protocol check synthetic-8 --prepared x", {"told.prepared": Path("x")}),
        },
    },
    "protocol template": {"base": "protocol template", "arrives": {"printed": "\nname: my-protocol  # letters"}},
    "plan": {
        "spies": {"benchmark.runs.plan.plan": planned, "benchmark.runs.plan_file.write_plan": None},
        "base": "plan one grid.json",
        "arrives": {"plan.profile": "one", "write_plan.runs": PLAN, "write_plan.path": Path("grid.json")},
        "options": {
            "profile": ("plan two grid.json", {"plan.profile": "two", "write_plan.runs": OTHER_PLAN}),
            "out": ("plan one x.json", {"write_plan.path": Path("x.json"), "printed": "x.json: 4 runs; next: ferbench run"}),
            "cells": ("plan one grid.json --cells *weighted", {"write_plan.runs": PLAN[1::2]}),
            "cells: several": (
                "plan two grid.json --cells *plain *weighted",
                {"plan.profile": "two", "write_plan.runs": OTHER_PLAN},
            ),
        },
    },
    "run": {
        "spies": {
            "benchmark.runs.runner.run_all": None,
            "benchmark.runs.parameters.write_counts": None,
            "benchmark.runs.cluster.run_on_ray": None,
            "benchmark.cli.checking.collect_runs": None,
            "benchmark.runs.plan.plan": planned,
            "benchmark.runs.plan_file.read_plan": lambda path: planned("two")[:3],
            "benchmark.protocol.cells.cell_of": ...,
        },
        "files": {"params.yaml": PARAMS},
        "base": RUN,
        "arrives": named("run_all", {"runs": FIRST, "jobs": 5, "time_budget": None})
        | named("run_all.places", SITE)
        | {"printed": "records in runs\n"},
        "options": {
            "protocol": (f"run fer2013-7 {P}", {"run_all.runs": places("fer2013-7", f"{P}/seed0")}),
            "cell": (f"run synthetic-8 {W}", {"run_all.runs": places("synthetic-8", f"{W}/seed0")}),
            "model": (
                "run synthetic-8 --model mini-xception",
                made("mini-xception") | {"run_all.runs": ["synthetic-8/mini-xception-plain/seed0"]},
            ),
            "loss": (
                "run synthetic-8 --model mini-xception --loss focal",
                made("mini-xception", loss="focal") | {"run_all.runs": ["synthetic-8/mini-xception-focal/seed0"]},
            ),
            "option": (
                "run synthetic-va --model residual --option units=[1,2,1] --option shortcut=fixed",
                made("residual", "dimensional", options={"units": [1, 2, 1], "shortcut": "fixed"})
                | {"run_all.runs": ["synthetic-va/residual-fixed--1-2-1--mse/seed0"]},
            ),
            "profile": ("run --profile two", {"plan.profile": "two", "run_all.runs": OTHER_PLAN}),
            "params": ("run --params b", {"run_all.runs": OWN_B}),
            "params: all": (
                "run --params all",
                {"run_all.runs": ALL},
            ),
            "data": (
                "run --params all --data synthetic",
                {"run_all.runs": ALL}
                | {"write_counts.path": Path("runs/networks/synthetic.json"), "write_counts.runs": ALL},
            ),
            "data: a share of it, of which all networks are counted": (
                "run --params all --data synthetic --share 1/2",
                {"run_all.runs": ALL[::2], "write_counts.runs": ALL}
                | {"write_counts.path": Path("runs/networks/synthetic.json")},
            ),
            "plan": ("run --plan x.json", {"read_plan.path": Path("x.json"), "run_all.runs": OTHER_PLAN[:3]}),
            "share": ("run --profile one --share 2/3", {"plan.profile": "one", "run_all.runs": PLAN[1:2]}),
            "share: last": ("run --profile one --share 3/3", {"plan.profile": "one", "run_all.runs": PLAN[2:3]}),
            "share: of nineteen characters": (
                "run --profile one --share 000000002/000000004",
                {"plan.profile": "one", "run_all.runs": PLAN[1:2]},
            ),
            "share: first": ("run --profile one --share 1/3", {"plan.profile": "one", "run_all.runs": PLAN[::3]}),
            "seeds": (f"{RUN} --seeds 7 5", {"run_all.runs": places("synthetic-8", f"{P}/seed7", f"{P}/seed5")}),
            "seeds: of a plan": ("run --profile one --seeds 1", {"plan.profile": "one", "run_all.runs": PLAN[2:]}),
            "device": (f"{RUN} --device cuda:1", {"run_all.places.device": "cuda:1", "run_all.jobs": 6}),
            "jobs": (f"{RUN} --jobs 3", {"run_all.jobs": 3}),
            "jobs: one": (f"{RUN} --jobs 1", {"run_all.jobs": 1}),
            "time_budget": (f"{RUN} --time-budget 1000", {"run_all.time_budget": 993.0}),
            "time_budget: a moment": (f"{RUN} --time-budget 0.5", {"run_all.time_budget": -6.5}),
            "engine": (RAY, ON_RAY),
            "address": (f"{RAY} --address there:1", ON_RAY | {"run_on_ray.address": "there:1"}),
            "gpus_per_run": (f"{RAY} --gpus-per-run 0.25", ON_RAY | {"run_on_ray.share.gpus": 0.25}),
            "cpus_per_run": (f"{RAY} --cpus-per-run 4", ON_RAY | {"run_on_ray.share.cpus": 4}),
            "retries: none": (f"{RAY} --retries 0", ON_RAY | {"run_on_ray.share.retries": 0}),
            "device: the CPU of ray": (f"{RAY} --device cpu", ON_RAY | {"run_on_ray.device": "cpu"}),
            "retries": (f"{RAY} --retries 8", ON_RAY | {"run_on_ray.share.retries": 8}),
            "device: ray": (f"{RAY} --device cuda", ON_RAY | {"run_on_ray.device": "cuda"}),
            "time_budget: ray": (f"{RAY} --time-budget 50", ON_RAY | {"run_on_ray.time_budget": 43.0}),
            "path: compile": (f"{RUN} --compile", {"run_all.places.path": "compiled"}),
            "path": (f"{RUN} --path step", {"run_all.places.path": "step"}),
            "restart_stale": (f"{RUN} --restart-stale", {"run_all.places.restart_stale": True}),
            "collect": (
                "run --params b --collect --prepared p --out o",
                {"run_all.runs": OWN_B, "run_all.places.prepared": Path("p"), "run_all.places.out": Path("o")}
                | named("collect_runs", {"runs": OWN_B, "out": Path("o"), "prepared": Path("p"), "key": "b"})
                | {"printed": "records in o\n"},
            ),
            "prepared": (f"{RUN} --prepared p", {"run_all.places.prepared": Path("p")}),
            "out": (f"{RUN} --out o", {"run_all.places.out": Path("o"), "printed": "records in o\n"}),
        },
    },
    "planned": {
        "spies": {"benchmark.runs.planned.write_planned": 2},
        "files": {"params.yaml": PARAMS},
        "base": "planned",
        "arrives": {"write_planned.out": Path("reports/plan"), "printed": "wrote reports/plan: 2 cells\n"}
        | {"write_planned.params": yaml.safe_load(PARAMS)},
        "options": {},
    },
    "trial": {
        "spies": {
            "benchmark.runs.runner.try_steps": [0.5, 0.25],
            "benchmark.faces.faceset.open_faceset": lambda directory, verify: Opened(directory),
        },
        "base": f"trial synthetic-8 {P}",
        "arrives": named("open_faceset", {"directory": Path("data/prepared/synthetic"), "verify": False})
        | named("try_steps", {"run": FIRST[0], "faces": "data/prepared/synthetic", "steps": 30, "device": "cpu"})
        | {"printed": "step    1  training loss 0.5\nstep    2  training loss 0.25\n"},
        "options": {
            "protocol": (
                f"trial fer2013-7 {P}",
                named("open_faceset", {"directory": Path("data/prepared/fer2013")})
                | named("try_steps", {"run": f"fer2013-7/{P}/seed0", "faces": "data/prepared/fer2013"}),
            ),
            "cell": (f"trial synthetic-8 {W}", {"try_steps.run": f"synthetic-8/{W}/seed0"}),
            "steps": (
                f"trial synthetic-8 {P} --steps 3",
                {"try_steps.steps": 3, "printed": "the first epoch has no more than 2 steps\n"},
            ),
            "steps: one": (f"trial synthetic-8 {P} --steps 1", {"try_steps.steps": 1}),
            "seed": (f"trial synthetic-8 {P} --seed 4", {"try_steps.run": f"synthetic-8/{P}/seed4"}),
            "device": (f"trial synthetic-8 {P} --device cuda:1", {"try_steps.device": "cuda:1"}),
            "prepared": (
                f"trial synthetic-8 {P} --prepared p",
                {"open_faceset.directory": Path("p/synthetic"), "try_steps.faces": "p/synthetic"},
            ),
        },
    },
}
TUNE = named("tune", {"search": "synthetic", "log": Path("reports/tuning/synthetic.jsonl"), "jobs": 5, "time_budget": None})
TUNE |= named("tune.places", SITE | {"out": Path("runs/tuning/synthetic")})
NO_TUNE = dict.fromkeys(TUNE, GONE) | {"table.lines": GONE}
TABLE |= {
    "tune": {
        "spies": {
            "benchmark.runs.tuning.load_search": lambda **given: Named(given["name"]),
            "benchmark.runs.tuning.tune": ["made"],
            "benchmark.runs.tuning.write_search": None,
            "benchmark.runs.tuning.table": lambda lines: [f"table of {lines}"],
            "benchmark.runs.tuning_log.read_log": ["there"],
        },
        "base": "tune synthetic",
        "arrives": TUNE
        | {"load_search.name": "synthetic", "table.lines": ["made"]}
        | {"printed": "table of ['made']\nwrote reports/tuning/synthetic.jsonl\n"},
        "options": {
            "search": (
                "tune fer2013",
                {"load_search.name": "fer2013", "tune.search": "fer2013", "tune.places.out": Path("runs/tuning/fer2013")}
                | {"tune.log": Path("reports/tuning/fer2013.jsonl"), "printed": "wrote reports/tuning/fer2013.jsonl\n"},
            ),
            "write": (
                "tune synthetic --write s.json",
                NO_TUNE
                | {"write_search.search": "synthetic", "write_search.path": Path("s.json")}
                | {"printed": "s.json: 2 runs; next: ferbench tune s.json\n"},
            ),
            "table": (
                "tune synthetic --table",
                NO_TUNE
                | {"read_log.path": Path("reports/tuning/synthetic.jsonl"), "table.lines": ["there"]}
                | {"printed": "table of ['there']\n"},
            ),
            "device": ("tune synthetic --device cuda:1", {"tune.places.device": "cuda:1", "tune.jobs": 6}),
            "jobs": ("tune synthetic --jobs 3", {"tune.jobs": 3}),
            "time_budget": ("tune synthetic --time-budget 1000", {"tune.time_budget": 993.0}),
            "restart_stale": ("tune synthetic --restart-stale", {"tune.places.restart_stale": True}),
            "prepared": ("tune synthetic --prepared p", {"tune.places.prepared": Path("p")}),
        },
    }
}


LOG = Path("reports/tuning/s.jsonl")
MADE = named("make", {"study": "one", "trials": Path("runs/tuning/s"), "log": LOG, "jobs": 5, "time_budget": None})
MADE |= named("make.places", SITE)
TABLE |= {
    "study": {
        "spies": {
            "benchmark.runs.study.load_study": lambda **given: Named(given["profile"]),
            "benchmark.runs.study.make": None,
            "benchmark.runs.study.standing": ["half"],
            "benchmark.runs.study.told": ["half done"],
        },
        "base": "study one",
        "arrives": MADE
        | {"load_study.profile": "one"}
        | named("standing", {"study": "one", "out": Path("runs"), "log": LOG})
        | named("told", {"study": "one", "standings": ["half"], "jobs": 5})
        | {"printed": f"half done\nrecords in runs, trials in {LOG}\n"},
        "options": {
            "profile": (
                "study two",
                {"load_study.profile": "two", "make.study": "two", "standing.study": "two", "told.study": "two"},
            ),
            "status": ("study one --status", dict.fromkeys(MADE, GONE)),
            "device": ("study one --device cuda:1", {"make.places.device": "cuda:1", "make.jobs": 6, "told.jobs": 6}),
            "jobs": ("study one --jobs 3", {"make.jobs": 3, "told.jobs": 3}),
            "time_budget": ("study one --time-budget 1000", {"make.time_budget": 993.0}),
            "restart_stale": ("study one --restart-stale", {"make.places.restart_stale": True}),
            "prepared": ("study one --prepared p", {"make.places.prepared": Path("p")}),
            "out": (
                "study one --out o",
                {"make.places.out": Path("o"), "make.trials": Path("o/tuning/s"), "standing.out": Path("o")}
                | {"printed": f"half done\nrecords in o, trials in {LOG}\n"},
            ),
        },
    },
    "sources": {
        "spies": {
            "benchmark.runs.sources.package_sources": [Path("x.py")],
            "benchmark.runs.sources.package_digest": lambda package: f"digest of {package}",
        },
        "base": "sources ablations",
        "arrives": {"package_sources.package": "ablations", "package_digest.package": "ablations"}
        | {"printed": "wrote reports/sources/ablations.txt\n", "written": ["reports/sources/ablations.txt"]},
        "options": {
            "package": (
                "sources timm",
                {"package_sources.package": "timm", "package_digest.package": "timm"}
                | {"printed": "wrote reports/sources/timm.txt\n", "written": ["reports/sources/timm.txt"]},
            )
        },
    },
    "pack": {
        "spies": {"benchmark.runs.first_contact.plan_progress.packed": lambda folder, out: f"{folder} in {out}"},
        "files": {"runs/x": "", "others/x": ""},
        "base": "pack home",
        "arrives": {"packed.folder": Path("runs"), "packed.out": Path("home"), "printed": "runs in home\n"},
        "options": {
            "out": ("pack there", {"packed.out": Path("there"), "printed": "runs in there\n"}),
            "runs": ("pack home --runs others", {"packed.folder": Path("others"), "printed": "others in home\n"}),
        },
    },
}
CONTACT = "first-contact --plan one --seconds 900 --out home"
TABLE |= {
    "first-contact": {
        "spies": {
            "benchmark.runs.first_contact.first_contact.first_contact": None,
            "benchmark.runs.plan_file.read_plan": lambda path: planned(str(path)),
        },
        "files": {
            "data/prepared/synthetic/meta.json": "",
            "data/prepared/fer2013/meta.json": "",
            "p/synthetic/meta.json": "",
        },
        "base": CONTACT,
        "arrives": {"read_plan.path": Path("one")}
        | named("first_contact", {"runs": PLAN, "prepared": Path("data/prepared"), "folder": Path("runs"), "device": "cpu"})
        | named("first_contact", {"out": Path("home"), "seconds": 893.0, "jobs": [1, 2, 3], "timed": 4.0})
        | {"first_contact.restart_stale": False},
        "options": {
            "plan": (CONTACT.replace("one", "two"), {"read_plan.path": Path("two"), "first_contact.runs": OTHER_PLAN}),
            "seconds": (CONTACT.replace("900", "60.5"), {"first_contact.seconds": 53.5}),
            "out": (CONTACT.replace("home", "there"), {"first_contact.out": Path("there")}),
            "device": (f"{CONTACT} --device cuda:1", {"first_contact.device": "cuda:1"}),
            "at_once": (f"{CONTACT} --at-once 9 4 9", {"first_contact.jobs": [4, 9]}),
            "timed": (f"{CONTACT} --timed 1.5", {"first_contact.timed": 1.5}),
            "timed: a moment": (f"{CONTACT} --timed 0.5", {"first_contact.timed": 0.5}),
            "restart_stale": (f"{CONTACT} --restart-stale", {"first_contact.restart_stale": True}),
            "prepared": (f"{CONTACT} --prepared p", {"first_contact.prepared": Path("p")}),
            "runs": (f"{CONTACT} --runs r", {"first_contact.folder": Path("r")}),
        },
    },
}
