"""Verbs that measure networks, and that compare cells or outside entries."""

import json
from collections.abc import Callable
from pathlib import Path

from benchmark.cli.parsing import CHECK, REPORT
from benchmark.cli.shared import PREPARED, RECORDS, REPORTS, RUNS, check_outputs, jobs_of, params, seeds_of


def complexity(arguments) -> None:
    from benchmark.measures.complexity.plan import listed, measure_all
    from benchmark.runs.params import all_runs

    out, latency = REPORTS / "complexity.json", REPORTS / "latency.json"
    check_outputs(out, latency)
    found, _ = measure_all(all_runs(params()), listed(), out, latency)
    print(f"wrote {out} and {latency}: {len(found['networks'])} networks, {len(found['cells'])} cells of the plan")


def gradients(arguments) -> None:
    from benchmark.files import read_yaml
    from benchmark.measures.gradients.plan import PLANS, measure_plan
    from benchmark.runs.environment import pick_device
    from benchmark.suggesting import unknown

    if arguments.plan not in (plans := read_yaml(PLANS)["plans"]):
        raise unknown("gradients, plan", arguments.plan, plans)
    device, out = pick_device(arguments.device), REPORTS / "gradients" / f"{arguments.plan}.json"
    work = RUNS / "gradients" / arguments.plan
    check_outputs(out)
    contents = measure_plan(arguments.plan, PREPARED, work, out, device, jobs=jobs_of(arguments.jobs, device))
    diverged = sum(each["status"] == "diverged" for each in contents["measurements"])
    print(f"wrote {out}: {len(contents['measurements'])} networks, {diverged} of them diverged")


def speed(arguments) -> None:
    from benchmark.errors import StopRequest
    from benchmark.measures.speed import inference as measuring
    from benchmark.protocol.cells import find_cell
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.environment import pick_device

    out, cells = REPORTS / "speed.json", [find_cell(name) for name in arguments.cells]
    check_outputs(out)
    given = {"device": pick_device(arguments.device), "batches": arguments.batches, "runs": arguments.runs}
    with StopRequest(None) as stop:
        found = measuring.measure_cells(load_protocol(arguments.protocol), cells, out, **given, stop=stop)
    if arguments.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    print("\n".join([*measuring.table(found), f"wrote {out}"]))


def bench(arguments) -> None:
    from benchmark.errors import StopRequest
    from benchmark.measures.speed import training as measure
    from benchmark.runs.environment import pick_device

    device, given = pick_device(arguments.device), ("shortcuts", "sizes", "batch", "steps", "rounds", "growth", "compile")
    options = {name: getattr(arguments, name) for name in given} | {"device": device}
    out = REPORTS / "bench" / f"{device.type}.json"
    check_outputs(out)
    with StopRequest(None) as stop:
        found = measure.bench(out, **options, stop=stop)
    print("\n".join([*measure.table(found), f"wrote {out}"]))


def robustness(arguments) -> None:
    from benchmark import progress
    from benchmark.errors import StopRequest
    from benchmark.measures.robustness.measure import measure
    from benchmark.protocol.cells import find_cell
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.environment import pick_device

    seeds = seeds_of(arguments.seeds)
    protocol, cell, out = load_protocol(arguments.protocol), find_cell(arguments.cell), REPORTS / "robustness"
    check_outputs(*(out / protocol.name / cell.name / f"seed{seed}.json" for seed in seeds))
    places = {"prepared": arguments.prepared, "runs": arguments.runs, "out": out, "device": pick_device(arguments.device)}
    with StopRequest(None) as stop:
        for seed in seeds:
            found = measure(protocol, cell, seed, **places, stop=stop)
            name, clean = next(iter(found["clean"].items()))
            worst = {kind: of[-1][name] for kind, of in found["corrupted"].items()}
            shown = ", ".join(f"{kind} {'-' if value is None else f'{value:.4f}'}" for kind, value in worst.items())
            progress.say(f"seed {seed}: {name} {clean:.4f}; at severity 5: {shown}")
    print(f"wrote {out / protocol.name / cell.name}")


def compare(arguments) -> None:
    from benchmark.interface.comparing import compare as compared

    check_outputs(*[arguments.picture] * bool(arguments.picture))
    found = compared(
        arguments.a, arguments.b, arguments.protocol, records=RECORDS, prepared=arguments.prepared, project=Path()
    )
    if arguments.picture:
        found.picture(arguments.picture, prepared=arguments.prepared)
    print(found.to_json() if arguments.json else found)


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    verb("complexity", complexity,
         "count parameters, MACs and FLOPs of every network, and time it -> reports/complexity.json",
         "ferbench complexity", group=REPORT)  # fmt: skip

    one = verb("gradients", gradients, "measure signal and gradient along the units of networks -> reports/gradients",
               "ferbench gradients fer2013 --device cuda", group=REPORT)  # fmt: skip
    one.add_argument(
        "plan",
        nargs="?",
        default="default",
        help="entry of benchmark/measures/gradients/gradients.yaml (default: %(default)s)",
    )
    one.add_argument("--device", default="auto")
    one.add_argument("--jobs", type=int, help="processes (default: one per core on the CPU, one on a GPU)")

    one = verb("speed", speed, "measure latency, throughput and memory of inference -> reports/speed.json",
               "ferbench speed resnet18-plain mini-xception-plain --protocol fer2013-7", group=REPORT)  # fmt: skip
    one.add_argument("cells", nargs="+", metavar="CELL")
    one.add_argument(
        "--protocol", default="synthetic-8", help="name or file, sets input size and outputs (default: %(default)s)"
    )
    one.add_argument("--device", default="auto", help="auto, cpu (with one and with all threads), cuda (default: auto)")
    one.add_argument("--batches", type=int, nargs="+", default=[1, 64], metavar="N", help="batch sizes (default: 1 64)")
    one.add_argument("--runs", type=int, default=20, help="timed passes per measurement (default: %(default)s)")
    one.add_argument("--json", action="store_true", help="print the file instead of a table")

    one = verb("bench", bench,
               "compare the speed of training and evaluation with a plain loop and timm's ResNets -> reports/bench",
               "ferbench bench --shortcuts adaptive --sizes 64", group=REPORT)  # fmt: skip
    one.add_argument("--shortcuts", nargs="+", default=["identity", "fixed", "adaptive"], help="default: all three")
    one.add_argument("--sizes", type=int, nargs="+", default=[64, 48], metavar="S", help="input sizes (default: 64 48)")
    one.add_argument("--device", default="auto")
    one.add_argument("--batch", type=int, default=32, help="training batch size (default: %(default)s)")
    one.add_argument("--steps", type=int, default=1,
                     help="training steps of each network per round (default: %(default)s)")  # fmt: skip
    one.add_argument("--rounds", type=int, default=5, help="number of rounds (default: %(default)s)")
    one.add_argument("--compile", action="store_true", help="also measure the suite with torch.compile")
    one.add_argument("--growth", action="store_true", help="also measure cost against batch size, input size and depth")

    one = verb("robustness", robustness,
               "evaluate a run's networks on corrupted, mirrored and other data sets' faces -> reports/robustness",
               "ferbench robustness fer2013-7 resnet18-plain --seeds 0 1 2", group=REPORT)  # fmt: skip
    one.add_argument("protocol", help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("cell")
    one.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--runs", type=Path, default=RUNS, help="folder of runs with their weights (default: %(default)s)")

    one = verb("compare", compare, "compare two cells or outside entries on the same test images: difference, tests, cost",
               "ferbench compare narrow8-12-adaptive-working-plain resnet18-plain --protocol synthetic-8",
               group=CHECK)  # fmt: skip
    one.add_argument("a", help="cell or outside entry with a record in reports/records")
    one.add_argument("b")
    one.add_argument("--protocol", help="name, hash or file; required if both have runs under several protocols")
    one.add_argument("--json", action="store_true", help="print JSON, with the ids of all faces on which they disagree")
    one.add_argument("--picture", type=Path, metavar="FILE.jpg",
                     help="write a picture of these faces (if the data's terms allow it; needs the FaceSet)")  # fmt: skip
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
