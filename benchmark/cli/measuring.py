"""Verbs that measure networks, and that compare cells or outside entries."""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmark.cli.models import given_options, model_options
from benchmark.cli.parsing import CHECK, REPORT
from benchmark.cli.shared import (
    OUTSIDE,
    PREPARED,
    RECORDS,
    REPORTS,
    RUNS,
    check_outputs,
    jobs_of,
    only_with,
    params,
    seeds_of,
)
from benchmark.measures.speed.instructions import ENVIRONMENTS, NATIVE


def complexity(arguments) -> None:
    if arguments.models:
        return _complexity_of_models(arguments)
    options = ("protocol", "weights", "option", "preprocessing", "trust", "latency", "json", "out")
    only_with(arguments, "MODEL", False, *options)
    from benchmark.measures.complexity.plan import listed, measure_all
    from benchmark.runs.params import all_runs

    out, latency = REPORTS / "complexity.json", REPORTS / "latency.json"
    check_outputs(out, latency)
    found, _ = measure_all(all_runs(params()), listed(), out, latency)
    print(f"wrote {out} and {latency}: {len(found['networks'])} networks, {len(found['cells'])} cells of the plan")
    return None


def _complexity_of_models(arguments) -> None:
    from benchmark.errors import StopRequest
    from benchmark.files import write_json
    from benchmark.outside import measuring
    from benchmark.protocol.protocol import load_protocol

    given = given_options(arguments, arguments.models) | {"latency": arguments.latency, "entries": OUTSIDE}
    check_outputs(*[arguments.out] * bool(arguments.out))
    protocol = load_protocol(arguments.protocol)
    with StopRequest(None) as stop:
        found = measuring.complexity_of_all(arguments.models, protocol, **given, stop=stop)
    if arguments.out:
        write_json(arguments.out, found)
    if arguments.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    print("\n".join([*measuring.complexity_table(found), *[f"wrote {arguments.out}"] * bool(arguments.out)]))


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
    from benchmark.measures.speed import inference
    from benchmark.outside import measuring
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.environment import pick_device

    out, given = REPORTS / "speed.json", given_options(arguments, arguments.models)
    check_outputs(out)
    given |= {"device": pick_device(arguments.device), "batches": arguments.batches, "runs": arguments.runs}
    protocol = load_protocol(arguments.protocol)
    with StopRequest(None) as stop:
        found = measuring.speed(arguments.models, protocol, entries=OUTSIDE, out=out, **given, stop=stop)
    if arguments.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    print("\n".join([*inference.table(found), f"wrote {out}"]))


def bench(arguments) -> None:
    from benchmark.errors import StopRequest
    from benchmark.measures.speed import training as measure
    from benchmark.measures.speed.file import file_name
    from benchmark.runs.environment import pick_device

    device, given = pick_device(arguments.device), ("networks", "shortcuts", "sizes", "batch", "steps", "rounds", "ways")
    given += ("growth", "paths", "instructions")
    options = {name: getattr(arguments, name) for name in given} | {"device": device}
    out = REPORTS / "bench" / f"{file_name(device.type, arguments.instructions)}.json"
    check_outputs(out)
    with StopRequest(None) as stop:
        found = measure.bench(out, **options, stop=stop)
    print("\n".join([*measure.table(found), f"wrote {out}"]))


def robustness(arguments) -> None:
    from benchmark.errors import StopRequest
    from benchmark.measures.robustness.measure import measure
    from benchmark.outside.entry_models import check_runs, run_cell
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.environment import pick_device

    seeds, given = seeds_of(arguments.seeds), given_options(arguments, [arguments.model])
    protocol, out = load_protocol(arguments.protocol), REPORTS / "robustness"
    finished = arguments.weights or arguments.preprocessing or arguments.name
    cell = None if finished else run_cell(arguments.model, protocol, arguments.runs, OUTSIDE, given["options"])
    if cell is None:
        only_with(arguments, "a run of this suite", False, "seeds", "runs")
        return _robustness_of_model(arguments, protocol, given)
    check_runs(arguments.model, protocol, cell, arguments.runs, seeds)
    check_outputs(*(out / protocol.name / cell.name / f"seed{seed}.json" for seed in seeds))
    places = {"prepared": arguments.prepared, "runs": arguments.runs, "out": out, "device": pick_device(arguments.device)}
    with StopRequest(None) as stop:
        for seed in seeds:
            found = measure(protocol, cell, seed, **places, stop=stop)
            _say_robustness(f"seed {seed}", found, arguments.json)
    if not arguments.json:
        print(f"wrote {out / protocol.name / cell.name}")
    return None


def _robustness_of_model(arguments, protocol, given: dict) -> None:
    from benchmark.errors import StopRequest
    from benchmark.faces.faceset import open_faceset
    from benchmark.outside.entry_models import ANSWERS, entry_name, find_model
    from benchmark.outside.robust import robustness as measure
    from benchmark.runs.environment import pick_device

    find_model(arguments.model, protocol, OUTSIDE, ANSWERS)  # what is no model is said before any face is read
    name, out = entry_name(arguments.model, protocol, OUTSIDE, arguments.name), REPORTS / "robustness"
    if name is not None:
        check_outputs(out / protocol.name / name / "seed0.json")
        given |= {"name": name, "entries": OUTSIDE, "out": out}
    faces = open_faceset(arguments.prepared / protocol.data)
    device = pick_device(arguments.device)
    with StopRequest(None) as stop:
        found = measure(arguments.model, protocol, faces, arguments.prepared, device=device, **given, stop=stop)
    _say_robustness(found["cell"], found, arguments.json)
    if not arguments.json:
        written = "nothing was written: --name ENTRY puts it beside the outside entry of the model"
        print(written if name is None else f"wrote {out / protocol.name / name}")


def _say_robustness(title: str, found: Mapping, as_json: bool) -> None:
    from benchmark import progress

    if as_json:
        progress.say(json.dumps(found, indent=1, ensure_ascii=False))
        return
    name, clean = next(iter(found["clean"].items()))
    worst = {kind: of[-1][name] for kind, of in found["corrupted"].items()}
    shown = ", ".join(f"{kind} {'-' if value is None else f'{value:.4f}'}" for kind, value in worst.items())
    progress.say(f"{title}: {name} {clean:.4f}; at severity 5: {shown}")


def compare(arguments) -> None:
    from benchmark.interface.comparing import compare as compared

    check_outputs(*[arguments.picture] * bool(arguments.picture))
    how = {name: value for name, value in given_options(arguments, [arguments.a, arguments.b]).items() if value}
    places = {"records": RECORDS, "prepared": arguments.prepared, "project": Path()}
    found = compared(arguments.a, arguments.b, arguments.protocol, **places, **how)
    if arguments.picture:
        found.picture(arguments.picture, prepared=arguments.prepared)
    print(found.to_json() if arguments.json else found)


MODELS = "cell, timm:NAME, registered model, package.module:factory, FILE.onnx, FILE.pt2 or an outside entry"


def _sized_options(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--protocol", default="synthetic-8", help="name or file, sets input size and outputs (default: %(default)s)"
    )


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("complexity", complexity,
               "count parameters, MACs and FLOPs of every network, and time it -> reports/complexity.json",
               "ferbench complexity", group=REPORT)  # fmt: skip
    one.add_argument("models", nargs="*", metavar="MODEL", help=f"{MODELS}; then only these are counted, and printed")
    _sized_options(one)
    model_options(one)
    one.add_argument("--latency", action="store_true", help="also time one picture on one thread of the CPU")
    one.add_argument("--json", action="store_true", help="print JSON instead of a table")
    one.add_argument("--out", type=Path, metavar="FILE", help="write the JSON to a file")

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
    one.add_argument("models", nargs="+", metavar="MODEL", help=MODELS)
    _sized_options(one)
    model_options(one)
    one.add_argument("--device", default="auto", help="auto, cpu (with one and with all threads), cuda (default: auto)")
    one.add_argument("--batches", type=int, nargs="+", default=[1, 64], metavar="N", help="batch sizes (default: 1 64)")
    one.add_argument("--runs", type=int, default=20, help="timed passes per measurement (default: %(default)s)")
    one.add_argument("--json", action="store_true", help="print the file instead of a table")

    one = verb("bench", bench,
               "compare the speed of training and evaluation with other ways and timm's ResNets -> reports/bench",
               "ferbench bench --shortcuts adaptive --sizes 64", group=REPORT)  # fmt: skip
    one.add_argument("--networks", nargs="+", default=["bregnext-50"], metavar="NAME[@S]",
                     help="grids of cells, or one at its own size: narrow16-50@48 (default: bregnext-50)")  # fmt: skip
    one.add_argument("--shortcuts", nargs="+", default=["identity", "fixed", "adaptive"], help="default: all three")
    one.add_argument("--sizes", type=int, nargs="+", default=[64, 48], metavar="S", help="input sizes (default: 64 48)")
    one.add_argument("--device", default="auto")
    one.add_argument("--batch", type=int, default=32, help="training batch size (default: %(default)s)")
    one.add_argument("--steps", type=int, default=1,
                     help="training steps of each network per round (default: %(default)s)")  # fmt: skip
    one.add_argument("--rounds", type=int, default=5, help="number of rounds (default: %(default)s)")
    one.add_argument("--ways", nargs="+", metavar="WAY",
                     help="to train the same network, of benchmark/measures/speed/ways (default: all)")  # fmt: skip
    one.add_argument("--instructions", choices=list(ENVIRONMENTS), default=NATIVE,
                     help="of the CPU; avx2: without AVX-512, result in cpu-avx2.json (default: %(default)s)")  # fmt: skip
    one.add_argument("--paths", nargs="+", default=[], metavar="PATH",
                     help="also measure the suite on these: compiled, graph, ... (docs/speed.md)")  # fmt: skip
    one.add_argument(
        "--compile", dest="paths", action="store_const", const=["compiled"], help="the same as --paths compiled"
    )
    one.add_argument("--growth", action="store_true", help="also measure cost against batch size, input size and depth")

    one = verb("robustness", robustness,
               "evaluate networks on corrupted, mirrored and other data sets' faces -> reports/robustness",
               "ferbench robustness fer2013-7 resnet18-plain --seeds 0 1 2", group=REPORT)  # fmt: skip
    one.add_argument("protocol", help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("model", help=f"{MODELS}.\nCells and timm:NAME stand for their runs; what else is measured is only "
                     "printed, without --name")  # fmt: skip
    one.add_argument("--seeds", type=int, nargs="+", default=[0], help="of the runs (default: 0)")
    one.add_argument("--name", metavar="ENTRY", help="outside entry of this model: write the result beside it")
    model_options(one)
    one.add_argument("--json", action="store_true", help="print the whole result")
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--runs", type=Path, default=RUNS, help="folder of runs with their weights (default: %(default)s)")

    one = verb("compare", compare, "compare two models on the same test images: difference, tests, cost",
               "ferbench compare narrow8-12-adaptive-working-plain resnet18-plain --protocol synthetic-8",
               group=CHECK)  # fmt: skip
    one.add_argument("a", help="cell or outside entry with a record in reports/records, or a model with runs in runs; or a\n"
                     "file of predictions or a model, as for `evaluate`, which is then scored")  # fmt: skip
    one.add_argument("b", help="the same")
    one.add_argument("--protocol", help="name, hash or file; required for what is scored here, and if both have runs under\n"
                     "several protocols")  # fmt: skip
    model_options(one)
    one.add_argument("--json", action="store_true", help="print JSON, with the ids of all faces on which they disagree")
    one.add_argument("--picture", type=Path, metavar="FILE.jpg",
                     help="write a picture of these faces (if the data's terms allow it; needs the FaceSet)")  # fmt: skip
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
