"""Verbs that search for recipe values, and that make studies, which begin with such a search."""

import time
from collections.abc import Callable
from pathlib import Path

from benchmark.cli.parsing import RUN
from benchmark.cli.shared import PREPARED, REPORTS, RUNS, budget_of, check_outputs, jobs_of, only_without
from benchmark.errors import BadInput


def tune(arguments) -> None:
    began = time.monotonic()
    if arguments.write and arguments.table:
        raise BadInput("ferbench tune", "--write and --table", "one of them")
    for name in ("write", "table"):
        made_elsewhere = ("device", "jobs", "time_budget", "restart_stale", "prepared")
        only_without(arguments, f"--{name}", getattr(arguments, name), *made_elsewhere)
    budget_of(arguments.time_budget, began)
    from benchmark.runs import tuning
    from benchmark.runs.environment import pick_device
    from benchmark.runs.runner import Site
    from benchmark.runs.tuning_log import read_log

    search = tuning.load_search(arguments.search)
    if arguments.write:
        tuning.write_search(search, arguments.write)
        print(f"{arguments.write}: {len(search.runs())} runs; next: ferbench tune {arguments.write}")
        return
    log = REPORTS / "tuning" / f"{search.name}.jsonl"
    if arguments.table:
        print("\n".join(tuning.table(read_log(log))))
        return
    check_outputs(log)
    device = pick_device(arguments.device)
    places = Site(arguments.prepared, RUNS / "tuning" / search.name, device, arguments.restart_stale)
    budget = budget_of(arguments.time_budget, began)
    lines = tuning.tune(search, places, log, jobs=jobs_of(arguments.jobs, device), time_budget=budget)
    print("\n".join([*tuning.table(lines), f"wrote {log}"]))


def study(arguments) -> None:
    began = time.monotonic()
    only_without(arguments, "--status", arguments.status, "time_budget", "restart_stale", "prepared")
    budget_of(arguments.time_budget, began)
    from benchmark.runs import study as studies
    from benchmark.runs.environment import pick_device
    from benchmark.runs.runner import Site

    chosen, device = studies.load_study(arguments.profile), pick_device(arguments.device)
    log, jobs = REPORTS / "tuning" / f"{chosen.search.name}.jsonl", jobs_of(arguments.jobs, device)
    if not arguments.status:
        check_outputs(log)
        places = Site(arguments.prepared, arguments.out, device, arguments.restart_stale)
        budget = budget_of(arguments.time_budget, began)
        trials = arguments.out / "tuning" / chosen.search.name
        studies.make(chosen, places, trials, log, jobs=jobs, time_budget=budget)
    print("\n".join(studies.told(chosen, studies.standing(chosen, arguments.out, log), jobs)))
    print(f"records in {arguments.out}, trials in {log}")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("tune", tune, "try recipe values for several cells, on the validation split only -> reports/tuning",
               "ferbench tune fer2013 --time-budget 3600", group=RUN)  # fmt: skip
    one.add_argument("search", help="entry of benchmark/runs/tuning.yaml, or a file made by --write")
    one.add_argument("--write", type=Path, metavar="FILE",
                     help="only write the search as JSON, for a machine without pyyaml")  # fmt: skip
    one.add_argument("--table", action="store_true", help="only print the table of the log, in Markdown")
    one.add_argument("--device", default="auto")
    one.add_argument("--jobs", type=int, help="processes (default: one per core on the CPU, one on a GPU)")
    one.add_argument("--time-budget", type=float, metavar="SECONDS", help="stop cleanly before this time is over")
    one.add_argument("--restart-stale", action="store_true", help="repeat trials made by another version of the code")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("study", study,
               "make the parts of a study: find each cell's learning rate, then train; a stopped call is resumed",
               "ferbench study fer2013-study --status", group=RUN)  # fmt: skip
    one.add_argument("profile", help="a profile with a search of learning rates (benchmark/runs/profiles.yaml)")
    one.add_argument("--status", action="store_true", help="only print how far it is and how much time is left")
    one.add_argument("--device", default="auto")
    one.add_argument("--jobs", type=int, help="processes (default: one per core on the CPU, one on a GPU)")
    one.add_argument("--time-budget", type=float, metavar="SECONDS", help="stop cleanly before this time is over")
    one.add_argument("--restart-stale", action="store_true", help="repeat what another version of the code made")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--out", type=Path, default=RUNS, help="folder of runs (default: %(default)s)")
