"""Verbs that choose runs and train them."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.cli.parsing import MACHINES, PIPELINE, RUN
from benchmark.cli.shared import (
    PREPARED,
    REPORTS,
    RUNS,
    budget_of,
    counts_file,
    jobs_of,
    only_with,
    only_without,
    options_of,
    params,
    planned_runs,
    seeds_of,
)
from benchmark.errors import BadInput
from benchmark.runs.training.paths import EAGER, check_path
from benchmark.suggesting import one_of


def plan_file(arguments) -> None:
    import fnmatch

    from benchmark.runs.plan import plan
    from benchmark.runs.plan_file import write_plan

    every = plan(arguments.profile)
    for pattern in arguments.cells:
        if not any(fnmatch.fnmatch(each.cell.name, pattern) for each in every):
            expected = one_of(pattern, dict.fromkeys(each.cell.name for each in every))
            raise BadInput(f"profile {arguments.profile}", f"no cell like {pattern}", expected)
    runs = [each for each in every if any(fnmatch.fnmatch(each.cell.name, pattern) for pattern in arguments.cells)]
    write_plan(runs, arguments.out)
    print(f"{arguments.out}: {len(runs)} runs; next: ferbench run --plan {arguments.out}")


def run(arguments) -> None:
    began = time.monotonic()
    ray = arguments.engine == "ray"
    only_with(arguments, "--model", arguments.model, "loss", "option")
    only_with(arguments, "--engine ray", ray, "address", "gpus_per_run", "cpus_per_run", "retries")
    only_without(arguments, "--engine ray", ray, "jobs")
    only_with(arguments, "--params all", arguments.params == "all", "data")
    only_with(arguments, "--params", arguments.params, "collect")
    only_without(arguments, "--collect", arguments.collect, "seeds", "share")
    if ray and arguments.device not in ("auto", "cpu", "cuda"):
        raise BadInput("--device", f"'{arguments.device}'", "auto, cpu or cuda: Ray shows a task the GPU that it may use")
    for option, number, least in (
        ("--cpus-per-run", arguments.cpus_per_run, 1),
        ("--retries", arguments.retries, 0),
        ("--gpus-per-run", arguments.gpus_per_run or 0, 0),
    ):
        if not least <= number < math.inf:  # nor nan
            raise BadInput(option, f"{number:g}", f"a number from {least}")
    seeds = None if arguments.seeds is None else seeds_of(arguments.seeds)
    budget_of(arguments.time_budget, began)
    runs = planned = _chosen(arguments, seeds)
    if seeds is not None:
        if odd := [seed for seed in seeds if all(each.seed != seed for each in runs)]:
            raise BadInput("--seeds", ", ".join(map(str, odd)), "seeds of these runs")
        runs = [each for each in runs if each.seed in seeds]
    if arguments.share and not (runs := _share(runs, arguments.share)):
        print(f"no run in share {arguments.share}")
        return
    if arguments.path != EAGER:  # what follows may import torch
        from benchmark.runs.environment import pick_device

        there = "cpu" if arguments.device == "cpu" else "cuda"  # a Ray task picks its own device
        check_path(arguments.path, there if ray else pick_device(arguments.device).type)
    if ray:
        from benchmark.runs.cluster import Share, run_on_ray

        places = _site(arguments, "cpu")  # a Ray task picks its own device
        share = Share(arguments.gpus_per_run, arguments.cpus_per_run, arguments.retries)
        budget = budget_of(arguments.time_budget, began)
        run_on_ray(runs, places, arguments.device, address=arguments.address, share=share, time_budget=budget)
    elif _all_finished(arguments, runs):
        print(f"{len(runs)} of {len(runs)} runs were finished before" if runs else f"no run on {arguments.data}")
    else:
        from benchmark.runs.runner import run_all

        places = _site(arguments, arguments.device)
        budget = budget_of(arguments.time_budget, began)
        run_all(runs, places, jobs=jobs_of(arguments.jobs, places.device), time_budget=budget)
    if arguments.data is not None:
        from benchmark.runs.parameters import write_counts

        write_counts(planned, counts_file(arguments.out, arguments.data))  # of all, also where only a share was trained
    if arguments.collect:
        from benchmark.cli.checking import collect_runs

        collect_runs(runs, arguments.out, arguments.prepared, arguments.params)
    print(f"records in {arguments.out}")


def _site(arguments, device: str):
    from benchmark.runs.environment import pick_device
    from benchmark.runs.runner import Site

    chosen = pick_device(device)
    return Site(arguments.prepared, arguments.out, chosen, arguments.restart_stale, arguments.path)


def _all_finished(arguments, runs: list) -> bool:
    """Whether nothing is left to do. Then torch is not imported, which takes seconds. Options that only torch or the trained
    runs can check are left to the long way."""
    from benchmark.runs.finished import all_finished

    plain = arguments.device in ("auto", "cpu") and (arguments.jobs is None or arguments.jobs > 0)
    return plain and all_finished(runs, arguments.prepared, arguments.out)


def _chosen(arguments, seeds: list[int] | None) -> list:
    """The runs that the command line names, without regard to --share; `seeds` only of a single cell."""
    from benchmark.protocol.cells import Run, cell_of, cell_or_model
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.plan import plan

    named = bool(arguments.cell) + bool(arguments.model)
    lists = [arguments.params, arguments.profile, arguments.plan]
    if sum(map(bool, [*lists, named])) != 1 or bool(arguments.protocol) != named:
        expected = "PROTOCOL and CELL, or --params KEY, --profile NAME or --plan FILE (--model MODEL may stand for CELL)"
        raise BadInput("ferbench run", "not exactly one choice", expected)
    if arguments.params:
        runs = planned_runs(arguments.params)
        return runs if arguments.data is None else _on_data(arguments.data, runs)
    if arguments.profile:
        return plan(arguments.profile)
    if arguments.plan:
        from benchmark.runs.plan_file import read_plan

        return read_plan(arguments.plan)
    protocol = load_protocol(arguments.protocol)
    if arguments.model:
        cell = cell_of(arguments.model, protocol.task, loss=arguments.loss, options=options_of(arguments.option))
    else:
        cell = cell_or_model(arguments.cell, protocol.task)
    return [Run(protocol, cell, seed) for seed in seeds or [0]]


def _on_data(name: str, runs: list) -> list:
    """Those of the runs of params.yaml that are on a data set. BadInput for one that params.yaml does not have."""
    found = [each for each in runs if each.protocol.data == name]
    if not found and name not in (known := {each.protocol.data for each in runs} | {*params().get("data", {})}):
        raise BadInput("--data", f"'{name}'", f"a data set of params.yaml, {one_of(name, sorted(known))}")
    return found


def _share(runs: list, text: str) -> list:
    """Every Nth run of a list, starting with the Kth (from 1). `text`: "K/N"; BadInput for another form."""
    part, _, parts = text.partition("/")
    short = part.isdecimal() and parts.isdecimal() and len(text) < 20  # int refuses thousands of digits
    if not (short and 1 <= int(part) <= int(parts)):
        raise BadInput("--share", f"'{text}'", "K/N with K from 1 to N, such as 2/8")
    return runs[int(part) - 1 :: int(parts)]


def trial(arguments) -> None:
    from benchmark.faces.faceset import open_faceset
    from benchmark.protocol.cells import Run, cell_or_model
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.environment import pick_device
    from benchmark.runs.runner import try_steps

    if arguments.steps < 1:
        raise BadInput("--steps", arguments.steps, "a number from 1")
    (seed,) = seeds_of([arguments.seed], "--seed")
    device, protocol = pick_device(arguments.device), load_protocol(arguments.protocol)
    run_ = Run(protocol, cell_or_model(arguments.cell, protocol.task), seed)
    faces, step = open_faceset(arguments.prepared / run_.protocol.data), 0
    for step, loss in enumerate(try_steps(run_, faces, arguments.steps, device), 1):
        print(f"step {step:4}  training loss {loss:.6g}", flush=True)
    if step < arguments.steps:
        print(f"the first epoch has no more than {step} steps")


def sources(arguments) -> None:
    from benchmark.files import write_text
    from benchmark.protocol.registry import models
    from benchmark.runs.sources import package_digest, package_sources

    if not package_sources(arguments.package):
        known = {entry.value.partition(":")[0].partition(".")[0] for entry in models().values()}
        expected = f"an importable package with networks, {one_of(arguments.package, [*sorted(known), 'timm'])}"
        raise BadInput("ferbench sources", f"'{arguments.package}'", expected)
    out = REPORTS / "sources" / f"{arguments.package}.txt"
    write_text(out, f"{package_digest(arguments.package)}\n")
    print(f"wrote {out}")


def planned(arguments) -> None:
    from benchmark.runs.planned import write_planned

    out = REPORTS / "plan"
    print(f"wrote {out}: {write_planned(params(), out)} cells")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("plan", plan_file, "write a profile's runs into one JSON file, for machines with only torch and numpy",
               "ferbench plan fer2013 grid.json", group=MACHINES)  # fmt: skip
    one.add_argument("profile", help="`ferbench profile` lists the profiles")
    one.add_argument("out", type=Path, help="file to write, for `ferbench run --plan`")
    one.add_argument("--cells", nargs="+", default=["*"], metavar="PATTERN", help="only these cells (default: all)")

    one = verb("run", run, "train, select an epoch, predict and write records; stopped runs are resumed",
               "ferbench run fer2013-7 bregnext-50-adaptive-working-plain --seeds 0 1 2", group=RUN)  # fmt: skip
    one.add_argument("protocol", nargs="?", help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("cell", nargs="?", help="cell, registered model, timm:NAME, or package.module:factory")
    one.add_argument("--model", help="train this model without a cell, instead of CELL; see --loss and --option")
    one.add_argument("--loss", help="loss for --model (default: plain, or mse for valence and arousal)")
    one.add_argument("--option", action="append", default=[], metavar="KEY=VALUE",
                     help="argument of the factory of --model; can be repeated")  # fmt: skip
    one.add_argument("--profile", help="instead: all runs of a profile, the first seed of every cell first")
    one.add_argument("--params", metavar="KEY", help="instead: the runs of one entry of params.yaml, or 'all'")
    one.add_argument("--data", metavar="NAME", help="with --params all: only the runs on this data set, whose networks are\n"
                     "then counted for `collect`")  # fmt: skip
    one.add_argument("--plan", type=Path, metavar="FILE", help="instead: the runs of a file from `ferbench plan`")
    one.add_argument("--share", metavar="K/N", help="only every Nth run, starting with the Kth: one task of a job array")
    one.add_argument("--seeds", type=int, nargs="+", help="only these seeds (default: 0, or all of the plan)")
    one.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
    one.add_argument("--jobs", type=int, help="processes (default: one per core on the CPU, one on a GPU)")
    one.add_argument("--time-budget", type=float, metavar="SECONDS", help="stop cleanly before this time is over")
    one.add_argument("--engine", choices=("here", "ray"), default="here",
                     help="here: processes on this machine; ray: tasks of a Ray cluster (docs/cluster.md)")  # fmt: skip
    one.add_argument("--address", help="address of the Ray cluster, or auto (default: start one on this machine)")
    one.add_argument("--gpus-per-run", type=float, metavar="N",
                     help="ray: GPUs per run, such as 0.25 (default: 1 if there are GPUs)")  # fmt: skip
    one.add_argument("--cpus-per-run", type=int, default=1, metavar="N",
                     help="ray: cores and threads per run (default: 1)")  # fmt: skip
    one.add_argument("--retries", type=int, default=3, metavar="N",
                     help="ray: restarts of a run whose machine was lost (default: 3)")  # fmt: skip
    one.add_argument("--path", default="eager",
                     help="how a step is computed: eager, compiled, graph, compiled+graph, ... (docs/speed.md)")  # fmt: skip
    one.add_argument("--compile", dest="path", action="store_const", const="compiled", help="the same as --path compiled")
    one.add_argument("--restart-stale", action="store_true",
                     help="replace records and checkpoints of another configuration instead of stopping")  # fmt: skip
    one.add_argument("--collect", action="store_true", help="then check the records and copy them -> reports/records")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--out", type=Path, default=RUNS, help="folder of runs (default: %(default)s)")

    one = verb("trial", trial, "make the first steps of a run and print each loss; nothing is written",
               "ferbench trial fer2013-7-released bregnext-50-identity-frozen-plain --steps 30", group=RUN)  # fmt: skip
    one.add_argument("protocol", help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("cell")
    one.add_argument("--steps", type=int, default=30, help="default: %(default)s")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED)

    one = verb("sources", sources,
               "write the digest of the code that decides runs of a package's networks -> reports/sources",
               "ferbench sources ablations", group=PIPELINE)  # fmt: skip
    one.add_argument("package", help="ablations, baselines, timm, or another package of networks")

    verb("planned", planned, "write what decides the runs of each cell of params.yaml -> reports/plan",
         "ferbench planned", group=PIPELINE)  # fmt: skip
