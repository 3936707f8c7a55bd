"""The command `ferbench`: one verb for each arrow of docs/design.md, and the few that prepare them.

Exit status: 0 done; 1 an audit with --strict found something wrong; 2 bad input (one line says where, what was found, what
was expected); 3 stopped before the end with everything kept (Ctrl-C, time budget): the same command resumes.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.errors import BadInput, Findings, Interrupted

RAW, PREPARED, RUNS = Path("data/raw"), Path("data/prepared"), Path("runs")
AUDITS = Path("data/audit")  # pictures of audits that must not be published; git ignores it
REPORTS, PARAMS = Path("reports"), Path("params.yaml")
RECORDS, HUMANS = REPORTS / "records", REPORTS / "humans"
OUTSIDE = RECORDS / "outside"


def _params() -> dict:
    from benchmark.protocol import read_yaml

    return read_yaml(PARAMS)


def data_add(arguments) -> None:
    from benchmark.datasets.add import add

    add(arguments.name, arguments.path, dvc=not arguments.no_dvc)


def prepare(arguments) -> None:
    from benchmark import datasets

    options = {}
    if arguments.params:
        entry = _params().get("data", {}).get(arguments.name)
        if entry is None:
            raise BadInput(f"{PARAMS}, data", f"no entry '{arguments.name}'", "one; choose a profile that uses it")
        options = entry["options"]
    faces = datasets.reader(arguments.name).prepare(PREPARED / arguments.name, raw=RAW, **options)
    print(f"{len(faces)} faces in {faces.directory}, fingerprint {faces.fingerprint[:16]}")


def audit(arguments) -> None:
    from benchmark.audit import audit as audit_faces
    from benchmark.faces import open_faceset

    faces, private = open_faceset(PREPARED / arguments.name), AUDITS / arguments.name
    contents = audit_faces(faces, REPORTS / "data" / arguments.name, private, near_limit=arguments.near_limit)
    for split, counts in contents["counts"].items():
        print(f"{split}: {sum(counts.values())} faces: " + ", ".join(f"{k} {v}" for k, v in counts.items()))
    for kind, sentences in contents["findings"].items():
        for sentence in sentences:
            print(f"{kind}: {sentence}")
    print(f"wrote {REPORTS / 'data' / arguments.name}")
    if contents["pairs_of_copies"] == "private":
        print(f"pictures of the worst near copies across splits, not to be published: {private}")
    if arguments.strict and contents["findings"]["wrong"]:
        raise Findings(f"{len(contents['findings']['wrong'])} findings are wrong")


def ceilings(arguments) -> None:
    from benchmark import ceilings as humans
    from benchmark.faces import open_faceset

    if (arguments.source == "affectnet_c25") != (arguments.path is not None):
        raise BadInput("ferbench ceilings", "no folder or one too many", "a folder for affectnet_c25, none for ferplus")
    if arguments.source == "ferplus":
        found = humans.ferplus(open_faceset(PREPARED / "fer2013"), open_faceset(PREPARED / "ferplus"), HUMANS)
    else:
        found = humans.c25(arguments.path, HUMANS)
    for part in (key for key, value in found.items() if isinstance(value, dict) and "n" in value):
        own = {key: value for key, value in found[part].items() if key != "n"}
        print(f"{part}: " + ", ".join(f"{k} {v['mean']:.4f} [{v['low']:.4f}, {v['high']:.4f}]" for k, v in own.items()))
    print(f"wrote {HUMANS / arguments.source}.json")


def faces(arguments) -> None:
    from benchmark.extremes import extremes
    from benchmark.faces import open_faceset
    from benchmark.records import read_records

    own = [record for record in read_records(RECORDS) if record.outside is None]
    found = extremes(open_faceset(PREPARED / arguments.name), own, REPORTS / "faces" / arguments.name)
    names = ", ".join(entry["protocol"] for entry in found["protocols"])
    reason = names or ("no finished run on these faces" if found["shown"] else "none: the terms do not allow showing them")
    print(f"easiest and hardest test faces of {arguments.name}: {reason}")


def run(arguments) -> None:
    began = time.time()
    from benchmark.cells import Run, cell_of, cell_or_model, plan
    from benchmark.protocol import load_protocol
    from benchmark.runner import Places, default_jobs, pick_device, run_all

    named = bool(arguments.cell) + bool(arguments.model)
    lists = [arguments.params, arguments.profile, arguments.plan]
    if sum(map(bool, [*lists, arguments.protocol or named])) != 1 or bool(arguments.protocol) != named:
        expected = "PROTOCOL and CELL, or --params KEY, --profile NAME or --plan FILE (--model MODEL may stand for CELL)"
        raise BadInput("ferbench run", "not exactly one choice", expected)
    if not arguments.model and (arguments.loss or arguments.option):
        raise BadInput("ferbench run", "--loss or --option without --model", "both only where no cell says them")
    if arguments.params:
        from benchmark.params import all_runs, runs_of

        runs = all_runs(_params()) if arguments.params == "all" else runs_of(_params(), arguments.params)
    elif arguments.profile:
        runs = plan(arguments.profile)
    elif arguments.plan:
        from benchmark.plan_file import read_plan

        runs = read_plan(arguments.plan)
    else:
        protocol = load_protocol(arguments.protocol)
        if arguments.model:
            cell = cell_of(arguments.model, protocol.task, loss=arguments.loss, options=_options(arguments.option))
        else:
            cell = cell_or_model(arguments.cell, protocol.task)
        runs = [Run(protocol, cell, seed) for seed in arguments.seeds or [0]]
    if arguments.seeds is not None:
        runs = [each for each in runs if each.seed in arguments.seeds]
    if arguments.share:
        runs = _share(runs, arguments.share)
    device = pick_device("cpu" if arguments.engine == "ray" else arguments.device)  # a task of Ray picks its own
    places = Places(arguments.prepared, arguments.out, device, arguments.restart_stale, arguments.compile)
    # Importing torch is part of what the caller waits for.
    budget = None if arguments.time_budget is None else arguments.time_budget - (time.time() - began)
    if arguments.engine == "ray":
        from benchmark.cluster import Share, run_on_ray

        share = Share(arguments.gpus_per_run, arguments.cpus_per_run, arguments.retries)
        run_on_ray(runs, places, arguments.device, address=arguments.address, share=share, time_budget=budget)
    else:
        run_all(runs, places, jobs=arguments.jobs or default_jobs(device), time_budget=budget)
    print(f"records in {arguments.out}")


def _share(runs: list, text: str) -> list:
    """Share K of N of a list: every Nth run from the Kth (from 1) on. BadInput for another form."""
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise BadInput("--share", f"'{text}'", "K/N with K from 1 to N, such as 2/8")
    return runs[int(part) - 1 :: int(parts)]


def _options(pairs: Sequence[str]) -> dict:
    """Options of a factory from KEY=VALUE, the values read as YAML."""
    import yaml

    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise BadInput("--option", f"'{pair}'", "KEY=VALUE")
        try:
            found[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise BadInput(f"--option {key}", f"'{value}'", "a value in YAML") from error
    return found


def plan_file(arguments) -> None:
    import fnmatch

    from benchmark.cells import plan
    from benchmark.plan_file import write_plan

    runs = [each for each in plan(arguments.profile) if any(fnmatch.fnmatch(each.cell.name, p) for p in arguments.cells)]
    if not runs:
        raise BadInput(f"profile {arguments.profile}", f"no cell like {' or '.join(arguments.cells)}", "one")
    write_plan(runs, arguments.out)
    print(f"{arguments.out}: {len(runs)} runs; next: ferbench run --plan {arguments.out}")


def tune(arguments) -> None:
    began = time.time()
    from benchmark import tuning
    from benchmark.runner import Places, default_jobs, pick_device

    search = tuning.load_search(arguments.search)
    if arguments.write:
        tuning.write_search(search, arguments.write)
        print(f"{arguments.write}: {len(search.runs())} runs; next: ferbench tune {arguments.write}")
        return
    log, device = REPORTS / "tuning" / f"{search.name}.jsonl", pick_device(arguments.device)
    if arguments.table:
        print("\n".join(tuning.table(tuning.read_log(log))))
        return
    places = Places(arguments.prepared, RUNS / "tuning" / search.name, device, arguments.restart_stale)
    budget = None if arguments.time_budget is None else arguments.time_budget - (time.time() - began)
    lines = tuning.tune(search, places, log, jobs=arguments.jobs or default_jobs(device), time_budget=budget)
    print("\n".join([*tuning.table(lines), f"wrote {log}"]))


def trial(arguments) -> None:
    from benchmark.cells import Run, cell_or_model
    from benchmark.faces import open_faceset
    from benchmark.protocol import load_protocol
    from benchmark.runner import pick_device, try_steps

    protocol = load_protocol(arguments.protocol)
    run_ = Run(protocol, cell_or_model(arguments.cell, protocol.task), arguments.seed)
    faces = open_faceset(arguments.prepared / run_.protocol.data)
    for step, loss in enumerate(try_steps(run_, faces, arguments.steps, pick_device(arguments.device)), 1):
        print(f"step {step:4}  training loss {loss:.6g}", flush=True)


def collect(arguments) -> None:
    from benchmark.importing import copy_record
    from benchmark.params import runs_of
    from benchmark.records import read_record

    for each in runs_of(_params(), arguments.params):
        copy_record(read_record(RUNS / each.place), RECORDS / each.place)


def complexity(arguments) -> None:
    from benchmark.cells import Run, find_cell
    from benchmark.claim_list import networks
    from benchmark.params import all_runs
    from benchmark.plan_complexity import measure_plan
    from benchmark.protocol import load_protocol

    claimed = [Run(load_protocol(protocol), find_cell(cell), 0) for protocol, cell in networks()]
    measure_plan([*all_runs(_params()), *claimed], REPORTS / "complexity.json")
    print(f"wrote {REPORTS / 'complexity.json'}")


def gradients(arguments) -> None:
    from benchmark.plan_gradients import measure_plan
    from benchmark.runner import default_jobs, pick_device

    device, out = pick_device(arguments.device), REPORTS / "gradients" / f"{arguments.plan}.json"
    work = RUNS / "gradients" / arguments.plan
    contents = measure_plan(arguments.plan, PREPARED, work, out, device, jobs=arguments.jobs or default_jobs(device))
    diverged = sum(each["status"] == "diverged" for each in contents["measurements"])
    print(f"wrote {out}: {len(contents['measurements'])} networks, {diverged} of them diverged")


def compare(arguments) -> None:
    import json

    from benchmark import compare as comparing
    from benchmark.faces import open_faceset

    found = comparing.compare(RECORDS, arguments.a, arguments.b, arguments.protocol, REPORTS / "complexity.json")
    if arguments.picture:
        faces = open_faceset(arguments.prepared / found["data"]["name"])
        comparing.picture(found, faces, arguments.picture)
    if arguments.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    print("\n".join(comparing.sentences(found)))
    if found["disagree"]:
        more = " ..." if len(found["disagree"]) > 10 else ""
        print("  " + " ".join(found["disagree"][:10]) + more + (" (all of them: --json)" if more else ""))


def speed(arguments) -> None:
    import json

    from benchmark import speed as measuring
    from benchmark.cells import find_cell
    from benchmark.protocol import load_protocol
    from benchmark.runner import StopRequest, pick_device

    out, cells = REPORTS / "speed.json", [find_cell(name) for name in arguments.cells]
    given = {"device": pick_device(arguments.device), "batches": arguments.batches, "runs": arguments.runs}
    with StopRequest(None) as stop:
        found = measuring.measure_cells(load_protocol(arguments.protocol), cells, out, **given, stop=stop)
    if arguments.json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return
    print("\n".join([*measuring.table(found), f"wrote {out}"]))


def bench(arguments) -> None:
    from benchmark.bench import measure
    from benchmark.runner import StopRequest, pick_device

    device, given = pick_device(arguments.device), ("shortcuts", "sizes", "batch", "steps", "rounds", "growth", "compile")
    options = {name: getattr(arguments, name) for name in given} | {"device": device}
    out = REPORTS / "bench" / f"{device.type}.json"
    with StopRequest(None) as stop:
        found = measure.bench(out, **options, stop=stop)
    print("\n".join([*measure.table(found), f"wrote {out}"]))


def robustness(arguments) -> None:
    from benchmark import progress
    from benchmark.cells import find_cell
    from benchmark.protocol import load_protocol
    from benchmark.robustness import measure
    from benchmark.runner import StopRequest, pick_device

    protocol, cell, out = load_protocol(arguments.protocol), find_cell(arguments.cell), REPORTS / "robustness"
    places = {"prepared": arguments.prepared, "runs": arguments.runs, "out": out, "device": pick_device(arguments.device)}
    with StopRequest(None) as stop:
        for seed in arguments.seeds:
            found = measure(protocol, cell, seed, **places, stop=stop)
            name, clean = next(iter(found["clean"].items()))
            worst = {kind: of[-1][name] for kind, of in found["corrupted"].items()}
            shown = ", ".join(f"{kind} {'-' if value is None else f'{value:.4f}'}" for kind, value in worst.items())
            progress.say(f"seed {seed}: {name} {clean:.4f}; at severity 5: {shown}")
    print(f"wrote {out / protocol.name / cell.name}")


def report(arguments) -> None:
    from benchmark.report import build

    build(RECORDS, REPORTS / "complexity.json", REPORTS / "data", REPORTS)
    print(f"wrote {REPORTS / 'index.html'} and {REPORTS / 'README.md'}")


def audit_release(arguments) -> None:
    from benchmark.release.audit import audit

    audit(arguments.path, REPORTS)
    print(f"wrote {REPORTS / 'release-audit.md'}")


def convert_release(arguments) -> None:
    from benchmark.release.conversion import MODEL, OPTIONS, convert

    made = convert(arguments.checkpoint, arguments.out)
    options = ", ".join(f"{name} {value}" for name, value in OPTIONS.items())
    print(f"{arguments.out}: {made.parameters:,} trained parameters, {made.outputs} outputs; model {MODEL}, {options}")
    print(f"BatchNorm: {made.untouched} of {made.normalisations} layers with moving mean 0 and variance 1, never updated")
    print("pictures: RGB, as recipe 'released' prepares them; class order: that of the labels it was trained on, not stored")


def evaluate_weights(arguments) -> None:
    from benchmark import weights
    from benchmark.cells import find_cell
    from benchmark.faces import open_faceset
    from benchmark.protocol import load_protocol
    from benchmark.runner import pick_device

    protocol = load_protocol(arguments.protocol)
    found = weights.evaluate_weights(
        protocol,
        find_cell(arguments.cell),
        arguments.weights,
        open_faceset(arguments.prepared / protocol.data),
        arguments.out,
        device=pick_device(arguments.device),
        input_recipe=arguments.input,
        order=arguments.order,
    )
    for tta, intervals in found["intervals"].items():
        for name, ends in intervals.items():
            value, (low, high) = found["metrics"]["test"][tta][name], ends.values()
            interval = "no interval" if low is None else f"[{low:.4f}, {high:.4f}]"
            print(f"test, TTA {tta}: {name} " + ("not defined" if value is None else f"{value:.4f} {interval}"))
    print(f"wrote {arguments.out}; brackets: 95 % over test images, one network")


def evaluate(arguments) -> None:
    from benchmark import outside_models
    from benchmark.faces import open_faceset
    from benchmark.protocol import load_protocol
    from benchmark.runner import pick_device
    from benchmark.scoring import summary_of

    protocol = load_protocol(arguments.protocol)
    record = outside_models.evaluate(
        arguments.model,
        protocol,
        arguments.name,
        open_faceset(arguments.prepared / protocol.data),
        arguments.out,
        device=pick_device(arguments.device),
        weights=arguments.weights,
        options=_options(arguments.option),
        preprocessing=arguments.preprocessing,
        trust=arguments.trust,
        stated=_stated(arguments),
        extra_training_data=arguments.extra_training_data,
        replace=arguments.replace,
    )
    _say_entry(summary_of(record), arguments.json)


def score(arguments) -> None:
    from benchmark.faces import open_faceset
    from benchmark.protocol import load_protocol
    from benchmark.scoring import score as score_file

    protocol = load_protocol(arguments.protocol)
    found = score_file(
        arguments.predictions,
        protocol,
        open_faceset(arguments.prepared / protocol.data),
        arguments.name,
        meaning=arguments.scores,
        stated=_stated(arguments),
        extra_training_data=arguments.extra_training_data,
        parameters=arguments.parameters,
        out=arguments.out,
        replace=arguments.replace,
    )
    _say_entry(found, arguments.json)


def _stated(arguments) -> dict | None:
    """What an entry's authors state, as `benchmark.outside.FIELDS` has it."""
    if (arguments.stated_accuracy is None) != (arguments.stated_source is None):
        raise BadInput("ferbench", "one of --stated-accuracy and --stated-source", "both or neither")
    if arguments.stated_accuracy is None:
        return None
    return {"accuracy": arguments.stated_accuracy, "source": arguments.stated_source}


def _say_entry(found: dict, as_json: bool) -> None:
    """Print `benchmark.scoring.summary_of` an entry, its warnings to the error stream."""
    for sentence in found["warnings"]:
        print(f"ferbench: warning: {sentence}", file=sys.stderr)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False))
        return
    for split, values in found["metrics"].items():
        for name, value in values.items():
            if value is not None and isinstance(value, float):
                print(f"{split}: {name} {value:.4f}")
    for name, reason in found["not_tested"].items():
        print(f"{name} {reason}")
    ends = found["interval"]
    if ends["low"] is not None:
        print(f"test: {ends['metric']} 95 % over test images [{ends['low']:.4f}, {ends['high']:.4f}]")
    if found["stated"]:
        print(f"stated: accuracy {found['stated']['accuracy']:.4f} ({found['stated']['source']})")
    print(f"taken as {found['outputs']}; wrote {found['record']}")


def export_test(arguments) -> None:
    from benchmark.blind_faces import export_faces
    from benchmark.faces import open_faceset
    from benchmark.protocol import load_protocol

    protocol = load_protocol(arguments.protocol)
    faces = open_faceset(arguments.prepared / protocol.data)
    number = export_faces(protocol, faces, arguments.split, arguments.out)
    print(f"{number} faces of the {arguments.split} split in {arguments.out}, their ids in {arguments.out / 'ids.csv'}")


def completion(arguments) -> None:
    try:
        import shtab
    except ModuleNotFoundError as error:
        raise BadInput("ferbench completion", "package shtab is missing", "it installed") from error

    top = parser()
    _complete_paths(top, shtab.FILE)
    print(shtab.complete(top, arguments.shell))


def _complete_paths(one: argparse.ArgumentParser, files: dict) -> None:
    """Let the shell offer files wherever an argument is a path."""
    for action in one._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _complete_paths(below, files)
        elif action.type is Path:
            action.complete = files


def import_(arguments) -> None:
    from benchmark.datasets.fingerprints import is_other
    from benchmark.importing import import_records

    taken = import_records(
        arguments.path,
        RECORDS / "imported",
        PREPARED,
        replace=arguments.replace,
        check_only=arguments.check,
        outside=OUTSIDE,
    )
    for record in taken:
        data = record["data"]
        if is_other(data["name"], data["version"], data["fingerprint"]):
            print(f"{record.directory}: made on other bytes of {data['name']} than the known ones, so kept apart")
    entries = sum(record.outside is not None for record in taken)
    places = [RECORDS / "imported"] * (entries < len(taken)) + [OUTSIDE] * (entries > 0)
    print(f"{len(taken)} records " + ("are in order" if arguments.check else f"taken into {' and '.join(map(str, places))}"))


def profile(arguments) -> None:
    from benchmark.cells import profile_names
    from benchmark.params import write_params

    if not arguments.name:
        print("\n".join(profile_names()))
        return
    contents = write_params(arguments.name, PARAMS)
    runs = sum(len(entry.get("seeds", contents["seeds"])) for entry in contents["runs"].values())
    print(f"{PARAMS}: profile {arguments.name}, {len(contents['runs'])} cells, {runs} runs; next: dvc repro")


def models(arguments) -> None:
    from benchmark import registry

    for name, entry in registry.models().items():
        print(f"{name:24} {entry.value}")


def cells(arguments) -> None:
    from benchmark.cells import load_cells

    for cell in load_cells().values():
        print(f"{cell.name:44} {cell.model} {dict(cell.options)} {cell.loss}")


def parser() -> argparse.ArgumentParser:
    """The argument parser of `ferbench`."""
    top = argparse.ArgumentParser(prog="ferbench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    verbs = top.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, function: Callable, text: str, example: str, to=verbs) -> argparse.ArgumentParser:
        made = to.add_parser(
            name, help=text, description=text, epilog=f"example: {example}", formatter_class=argparse.RawTextHelpFormatter
        )
        made.set_defaults(function=function)
        return made

    def entry_options(one: argparse.ArgumentParser) -> None:
        """What the verbs that leave an outside entry have in common."""
        one.add_argument("--protocol", required=True, help="name, or a file of your own such as ./my-protocol.yaml")
        one.add_argument("--name", required=True, help="of the entry: letters, digits, '-' and '_'")
        one.add_argument("--stated-accuracy", type=float, metavar="FRACTION", help="what the model's authors state, 0 to 1")
        one.add_argument("--stated-source", metavar="TEXT", help="where they state it")
        one.add_argument("--extra-training-data", metavar="TEXT", help="data beyond the protocol's training split, in words")
        one.add_argument("--replace", action="store_true", help="put it in place of the entry of that name")
        one.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
        one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
        one.add_argument("--out", type=Path, default=OUTSIDE, help="folder of entries (default: %(default)s)")

    data = verbs.add_parser("data", help="bring data files in").add_subparsers(metavar="VERB", required=True)
    one = verb("add", data_add, "check a raw file, copy it to data/raw (of a folder: a pointer), track it with DVC",
               "ferbench data add fer2013 ~/Downloads/fer2013.tar.gz", to=data)  # fmt: skip
    one.add_argument("name", help="data set (docs/data.md lists them)")
    one.add_argument("path", type=Path, help="file as downloaded, or folder (which stays where it is)")
    one.add_argument("--no-dvc", action="store_true", help="only copy; do not track with DVC")

    one = verb("prepare", prepare, "raw files -> FaceSet in data/prepared", "ferbench prepare synthetic")
    one.add_argument("name")
    one.add_argument("--params", action="store_true", help="take the options from params.yaml (as the pipeline does)")

    one = verb("audit", audit, "what a FaceSet holds and what is wrong with it -> reports/data", "ferbench audit fer2013")
    one.add_argument("name")
    one.add_argument("--strict", action="store_true", help="exit with status 1 when something is wrong")
    one.add_argument("--near-limit", type=int, default=400_000, metavar="N",
                     help="search near copies among at most N distinct pictures (default: %(default)s)")  # fmt: skip

    one = verb("ceilings", ceilings, "how well people agree -> reports/humans (aggregate numbers only)",
               "ferbench ceilings affectnet_c25 ~/affectnetc25")  # fmt: skip
    one.add_argument("source", choices=("ferplus", "affectnet_c25"))
    one.add_argument("path", type=Path, nargs="?", help="folder with the six files (affectnet_c25 only)")

    one = verb("faces", faces, "easiest and hardest test faces of a FaceSet -> reports/faces", "ferbench faces synthetic")
    one.add_argument("name")

    one = verb("run", run, "train, select and predict; leaves records; resumes what was stopped",
               "ferbench run fer2013-7 bregnext-50-adaptive-working-plain --seeds 0 1 2")  # fmt: skip
    one.add_argument("protocol", nargs="?", help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("cell", nargs="?", help="cell, registered model, timm:NAME, or package.module:factory")
    one.add_argument("--model", help="a model without a cell, in place of CELL; with --loss and --option where wanted")
    one.add_argument("--loss", help="of --model (default: plain, or mse for valence and arousal)")
    one.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="of --model's factory; repeatable")
    one.add_argument("--profile", help="all runs of a profile instead, seeds outermost")
    one.add_argument("--params", metavar="KEY", help="the runs of one entry of params.yaml instead, or 'all'")
    one.add_argument("--plan", type=Path, metavar="FILE", help="the runs of a file that `ferbench plan` wrote instead")
    one.add_argument("--share", metavar="K/N", help="every Nth of them, from the Kth on: one task of a job array")
    one.add_argument("--seeds", type=int, nargs="+", help="these seeds only (default: 0, or all of the plan)")
    one.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
    one.add_argument("--jobs", type=int, help="processes (default: one a core on the CPU, one on a GPU)")
    one.add_argument("--time-budget", type=float, metavar="SECONDS", help="stop cleanly before this much time is spent")
    one.add_argument("--engine", choices=("here", "ray"), default="here",
                     help="here: processes of this machine; ray: tasks of a Ray cluster (docs/cluster.md)")  # fmt: skip
    one.add_argument("--address", help="of the Ray cluster, or auto (default: a new one of this machine)")
    one.add_argument("--gpus-per-run", type=float, metavar="N", help="ray: such as 0.25 (default: 1 if there are any)")
    one.add_argument("--cpus-per-run", type=int, default=1, metavar="N", help="ray: cores and threads (default: 1)")
    one.add_argument("--retries", type=int, default=3, metavar="N", help="ray: of a run whose machine is lost (default: 3)")
    one.add_argument("--compile", action="store_true", help="train with torch.compile (docs/speed.md)")
    one.add_argument("--restart-stale", action="store_true",
                     help="replace records and checkpoints of another configuration instead of refusing")  # fmt: skip
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--out", type=Path, default=RUNS, help="folder of runs (default: %(default)s)")

    one = verb("plan", plan_file, "write a profile's runs into one JSON file, for machines with torch and numpy alone",
               "ferbench plan fer2013 grid.json")  # fmt: skip
    one.add_argument("profile", help="`ferbench profile` lists them")
    one.add_argument("out", type=Path, help="file for `ferbench run --plan`")
    one.add_argument("--cells", nargs="+", default=["*"], metavar="PATTERN", help="only these (default: all)")

    one = verb("tune", tune, "try recipe values on the validation split alone, for several cells -> reports/tuning",
               "ferbench tune fer2013 --time-budget 3600")  # fmt: skip
    one.add_argument("search", help="entry of benchmark/tuning.yaml, or a file that --write wrote")
    one.add_argument("--write", type=Path, metavar="FILE", help="only write it as JSON, for a machine without pyyaml")
    one.add_argument("--table", action="store_true", help="only print the log's table, in Markdown")
    one.add_argument("--device", default="auto")
    one.add_argument("--jobs", type=int, help="processes (default: one a core on the CPU, one on a GPU)")
    one.add_argument("--time-budget", type=float, metavar="SECONDS", help="stop cleanly before this much time is spent")
    one.add_argument("--restart-stale", action="store_true", help="make trials of another version of the code again")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("trial", trial, "the first steps of a run, each loss printed; leaves nothing behind",
               "ferbench trial fer2013-7-released bregnext-50-identity-frozen-plain --steps 30")  # fmt: skip
    one.add_argument("protocol")
    one.add_argument("cell")
    one.add_argument("--steps", type=int, default=30, help="default: %(default)s")
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED)

    one = verb("collect", collect, "copy the small part of finished records to reports/records",
               "ferbench collect --params synthetic-8_resnet18-plain")  # fmt: skip
    one.add_argument("--params", metavar="KEY", required=True, help="entry of params.yaml")

    verb("complexity", complexity, "parameters, MACs, FLOPs, latency of the plan's networks", "ferbench complexity")
    one = verb("gradients", gradients, "signal and gradient along the units of a plan's networks -> reports/gradients",
               "ferbench gradients fer2013 --device cuda")  # fmt: skip
    one.add_argument("plan", nargs="?", default="default", help="entry of benchmark/gradients.yaml (default: %(default)s)")
    one.add_argument("--device", default="auto")
    one.add_argument("--jobs", type=int, help="processes (default: one a core on the CPU, one on a GPU)")
    one = verb("compare", compare, "two cells or outside entries on the same test images: difference, tests, cost",
               "ferbench compare narrow8-12-adaptive-working-plain resnet18-plain --protocol synthetic-8")  # fmt: skip
    one.add_argument("a", help="cell or outside entry with a record in reports/records")
    one.add_argument("b")
    one.add_argument("--protocol", help="needed where both have runs under several")
    one.add_argument("--json", action="store_true", help="everything as JSON, with the ids of all faces they disagree on")
    one.add_argument("--picture", type=Path, metavar="FILE.jpg",
                     help="those faces as a picture (data sets whose terms allow it; needs the FaceSet)")  # fmt: skip
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("speed", speed, "latency, throughput and memory of networks in use -> reports/speed.json",
               "ferbench speed resnet18-plain mini-xception-plain --protocol fer2013-7")  # fmt: skip
    one.add_argument("cells", nargs="+", metavar="CELL")
    one.add_argument("--protocol", default="synthetic-8", help="gives input size and outputs (default: %(default)s)")
    one.add_argument("--device", default="auto", help="auto, cpu (with one and with all threads), cuda (default: auto)")
    one.add_argument("--batches", type=int, nargs="+", default=[1, 64], metavar="N", help="default: 1 64")
    one.add_argument("--runs", type=int, default=20, help="timed passes of each (default: %(default)s)")
    one.add_argument("--json", action="store_true", help="print the file instead of a table")

    one = verb("bench", bench, "training and evaluation against a plain loop and timm's ResNets -> reports/bench",
               "ferbench bench --shortcuts adaptive --sizes 64")  # fmt: skip
    one.add_argument("--shortcuts", nargs="+", default=["identity", "fixed", "adaptive"], help="default: all three")
    one.add_argument("--sizes", type=int, nargs="+", default=[64, 48], metavar="S", help="default: 64 48")
    one.add_argument("--device", default="auto")
    one.add_argument("--batch", type=int, default=32, help="of training (default: %(default)s)")
    one.add_argument("--steps", type=int, default=1, help="training steps of a turn (default: %(default)s)")
    one.add_argument("--rounds", type=int, default=5, help="turns of every contender (default: %(default)s)")
    one.add_argument("--compile", action="store_true", help="also the suite with torch.compile")
    one.add_argument("--growth", action="store_true", help="also cost against batch, size and depth")

    one = verb("robustness", robustness, "a run's networks on corrupted, mirrored and foreign faces -> reports/robustness",
               "ferbench robustness fer2013-7 resnet18-plain --seeds 0 1 2")  # fmt: skip
    one.add_argument("protocol")
    one.add_argument("cell")
    one.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--runs", type=Path, default=RUNS, help="folder of runs with their weights (default: %(default)s)")

    verb("report", report, "records -> index.html, README, tables and figures in reports/", "ferbench report")

    one = verb("audit-release", audit_release, "what the authors' release proves -> reports/release-audit.md",
               "ferbench audit-release ~/BReG-NeXt")  # fmt: skip
    one.add_argument("path", type=Path, nargs="?",
                     help="clone of their repository, or a checkpoint's .index file (default: recorded facts)")  # fmt: skip

    one = verb("convert-release", convert_release, "the authors' TensorFlow checkpoint -> weights for bregnext-50",
               "ferbench convert-release ~/BReG-NeXt released.pt")  # fmt: skip
    one.add_argument("checkpoint", type=Path, help="its .index file, the data file beside it; or a folder above one")
    one.add_argument("out", type=Path, help="file to write, *.pt")

    one = verb("evaluate-weights", evaluate_weights, "score weights on a protocol's faces; leaves predictions, no record",
               "ferbench evaluate-weights fer2013-7 bregnext-50-adaptive-frozen-plain weights.pt --out scored")  # fmt: skip
    one.add_argument("protocol")
    one.add_argument("cell", help="its model, options and outputs are the weights'")
    one.add_argument("weights", type=Path, help="a state dict: converted, or weights.pt of a run; or safetensors")
    one.add_argument("--out", type=Path, required=True, help="new folder for predictions.npz and evaluation.json")
    one.add_argument("--input", metavar="RECIPE", help="prepare pictures as this recipe does (default: the protocol's)")
    one.add_argument("--order", nargs="+", metavar="CLASS", help="classes in the order of the network's outputs")
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED)

    one = verb("evaluate", evaluate, "a model trained elsewhere, under a protocol -> an outside entry of its own",
               "ferbench evaluate net.onnx --protocol fer2013-7 --name my-net --preprocessing net.yaml")  # fmt: skip
    one.add_argument("model", help="FILE.onnx, FILE.pt2, FILE.torchscript; or code, with its weights or with --weights:\n"
                     "package.module:factory, registered model, cell, timm:NAME")  # fmt: skip
    one.add_argument("--weights", type=Path, metavar="FILE", help="safetensors or state dict for a model given as code")
    one.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="of its factory; repeatable")
    one.add_argument("--preprocessing", metavar="FILE.yaml",
                     help="what the model expects (docs/model-files.md), or a recipe's name, or 'protocol'\n"
                     "(default: as the model declares; with --weights alone: 'protocol')")  # fmt: skip
    one.add_argument("--trust", action="store_true",
                     help="load a .pt2 or TorchScript file, which may run code of its makers")  # fmt: skip
    one.add_argument("--device", default="auto")
    entry_options(one)

    one = verb("score", score, "predictions made by any framework -> metrics and an outside entry of the report",
               "ferbench score predictions.csv --protocol fer2013-7 --name my-model --json")  # fmt: skip
    one.add_argument("predictions", type=Path, help=".csv or .npz; docs/new-model.md says what is in it")
    one.add_argument("--scores", choices=("auto", "probabilities", "logits"), default="auto",
                     help="what scores are (default: probabilities if they can be)")  # fmt: skip
    one.add_argument("--parameters", type=int, metavar="N", help="the model's parameters, if known")
    entry_options(one)

    one = verb("export-test", export_test, "test pictures with blind ids and without labels, for predicting elsewhere",
               "ferbench export-test --protocol fer2013-7 faces")  # fmt: skip
    one.add_argument("out", type=Path, help="new folder for the PNG files and ids.csv")
    one.add_argument("--protocol", required=True)
    one.add_argument("--split", choices=("test", "validation"), default="test", help="default: %(default)s")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("import", import_, "check records made elsewhere and take them into reports/records/imported",
               "ferbench import ~/from-the-cluster/runs")  # fmt: skip
    one.add_argument("path", type=Path)
    one.add_argument("--check", action="store_true", help="only check")
    one.add_argument("--replace", action="store_true", help="put them in place of records of the same runs")

    one = verb("profile", profile, "write a plan into params.yaml; without a name, list the plans",
               "ferbench profile fer2013-quick")  # fmt: skip
    one.add_argument("name", nargs="?")

    one = verb("completion", completion, "print a script that completes verbs, options and files in your shell",
               "ferbench completion bash > ~/.local/share/bash-completion/completions/ferbench")  # fmt: skip
    one.add_argument("shell", choices=("bash", "zsh", "tcsh"))

    verb("models", models, "list the registered models", "ferbench models")
    verb("cells", cells, "list the cells that can be run", "ferbench cells")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    arguments = parser().parse_args(argv)
    try:
        arguments.function(arguments)
    except Findings as error:
        print(f"ferbench: {error}", file=sys.stderr)
        return 1
    except BadInput as error:
        print(f"ferbench: {error}", file=sys.stderr)
        return 2
    except (Interrupted, KeyboardInterrupt) as error:
        print(f"ferbench: {error or 'interrupted'}", file=sys.stderr)
        return 3
    return 0
