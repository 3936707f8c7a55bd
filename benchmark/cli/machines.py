"""Verbs for other machines: the first contact with a new device, and packing records to copy them from there."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from benchmark.cli.parsing import MACHINES
from benchmark.cli.shared import PREPARED, RUNS, check_outputs
from benchmark.errors import BadInput


def first_contact(arguments) -> None:
    began = time.monotonic()
    for option, seconds in (("--seconds", arguments.seconds), ("--timed", arguments.timed)):
        if not 0 < seconds < math.inf:  # nor nan
            raise BadInput(option, f"{seconds:g}", "seconds, more than 0")
    from benchmark.runs.environment import pick_device
    from benchmark.runs.first_contact.first_contact import first_contact as make
    from benchmark.runs.first_contact.path_choice import FILE
    from benchmark.runs.plan_file import read_plan

    runs = read_plan(arguments.plan)
    jobs = sorted(set(arguments.at_once))
    if jobs[0] < 1:
        raise BadInput("--at-once", jobs[0], "numbers from 1")
    for data in sorted({run.protocol.data for run in runs}):
        if not (arguments.prepared / data / "meta.json").is_file():
            raise BadInput(arguments.prepared / data, "no meta.json", "a prepared FaceSet")
    check_outputs(arguments.out / FILE)
    device = pick_device(arguments.device)
    make(
        runs,
        arguments.prepared,
        arguments.runs,
        device,
        arguments.out,
        seconds=arguments.seconds - (time.monotonic() - began),
        jobs=jobs,
        timed=arguments.timed,
        restart_stale=arguments.restart_stale,
    )


def pack(arguments) -> None:
    from benchmark.runs.first_contact.plan_progress import packed

    if not arguments.runs.is_dir():  # packing nothing would delete the archives of an earlier call
        raise BadInput(f"--runs {arguments.runs}", "no folder", "the folder of records that `run` wrote")
    print(packed(arguments.runs, arguments.out))


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("first-contact", first_contact,
               "first use of a GPU: check it against the CPU, find the fastest correct way, train a plan, pack\n"
               "(on every path, a training step is compared with the CPU's and the speed of one and more runs is measured;\n"
               "the plan is trained for the given time; finished records are packed)",
               "ferbench first-contact --plan grid.json --seconds 540 --out home --device cuda", group=MACHINES)  # fmt: skip
    one.add_argument("--plan", type=Path, required=True, metavar="FILE", help="file of runs from `ferbench plan`")
    one.add_argument("--seconds", type=float, required=True, metavar="S",
                     help="time for everything; calling it again continues")  # fmt: skip
    one.add_argument("--out", type=Path, required=True, help="folder for archives (records-*.tar) and first-contact.json")
    one.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
    one.add_argument("--at-once", type=int, nargs="+", default=[1, 2, 3], metavar="N",
                     help="numbers of simultaneous runs to try (default: 1 2 3)")  # fmt: skip
    one.add_argument("--timed", type=float, default=4.0, metavar="S", help="seconds of each measurement (default: 4)")
    one.add_argument("--restart-stale", action="store_true",
                     help="replace records and checkpoints of another configuration instead of stopping")  # fmt: skip
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--runs", type=Path, default=RUNS, help="folder of runs (default: %(default)s)")

    one = verb("pack", pack, "pack finished records of runs/ into archives of at most 15 MB, for `ferbench import`",
               "ferbench pack home", group=MACHINES)  # fmt: skip
    one.add_argument("out", type=Path, help="folder for the archives")
    one.add_argument("--runs", type=Path, default=RUNS, help="folder of runs (default: %(default)s)")
