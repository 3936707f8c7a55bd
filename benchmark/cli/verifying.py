"""The verb `verify`, at each of its depths. Each prints a table and ends in one line; Findings if it found something."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmark import progress
from benchmark.cli.checking import known_here
from benchmark.cli.parsing import CHECK
from benchmark.cli.shared import (
    PARAMS,
    PREPARED,
    RECORDS,
    REPORTS,
    RUNS,
    budget_of,
    check_outputs,
    jobs_of,
    only_with,
    only_without,
    params,
    planned_places,
    write_verified,
)
from benchmark.errors import BadInput, Findings

NAMED = 20  # most faults and values of tables that are named one by one; --json has all
SCHEMA = 1


def verify(arguments) -> None:
    from benchmark.records.trust import FILE, read_verification

    if arguments.weights and arguments.retrain:
        raise BadInput("ferbench verify", "--weights and --retrain", "one of them")
    if arguments.write and not (arguments.weights or arguments.retrain):
        raise BadInput("ferbench verify", "--write", "it with --weights or --retrain")
    only_with(arguments, "--retrain", arguments.retrain, "out", "jobs", "time_budget")
    only_with(arguments, "--weights or --retrain", arguments.weights or arguments.retrain, "device")
    if arguments.weights:
        only_without(arguments, "--weights", True, "against", "runs")
    if arguments.retrain:
        only_without(arguments, "--retrain", True, "against")
    budget_of(arguments.time_budget, time.monotonic())
    if arguments.write and arguments.folder != RECORDS:
        raise BadInput("ferbench verify", f"--write for {arguments.folder}", f"it for {RECORDS}")
    if arguments.write:
        read_verification(REPORTS / FILE)  # a damaged file ends the command before it has begun
    check_outputs(*[REPORTS / FILE] * arguments.write, *[arguments.json] * bool(arguments.json))
    if arguments.weights:
        _weights(arguments)
    elif arguments.retrain:
        _again(arguments)
    else:
        _records(arguments)


def _records(arguments) -> None:
    from benchmark.records import check_table

    examined, here = _examined(arguments)
    if not examined:
        progress.say(f"no record in {arguments.folder} was added or changed since {arguments.added_since}")
    faults = [f"{here.folder / name}: {error}" for name, error in here.damaged.items()]
    faults += _deleted(arguments)
    told = {"records": [_as_json(each) for each in examined]}
    if examined:
        progress.say("\n".join(check_table.lines(examined)))
    whole = arguments.folder == RECORDS and not arguments.added_since
    if whole and any(not each.failures and each.record.outside is None for each in examined):
        faults += _stated(examined)
    for line in faults[:NAMED]:
        progress.say(line)
    if len(faults) > NAMED:
        progress.say(f"and {len(faults) - NAMED} more")
    failed = sum(bool(each.failures) for each in examined)
    others = f"; {'report' if whole else 'others'}: {len(faults)} faults" if whole or faults else ""
    progress.say(check_table.summary(examined) + others)
    reproduced = _reproduced(arguments) if whole or arguments.against else None
    told |= {"faults": faults, "reproduction": reproduced and reproduced.as_json}
    _write_json(arguments, told)
    if failed or faults or (reproduced and not reproduced.in_order):
        raise Findings(_found(failed, faults, reproduced))


def _found(failed: int, faults: list[str], reproduced) -> str:
    parts = [f"{failed} records with faults"] * bool(failed) + [f"{len(faults)} other faults"] * bool(faults)
    if reproduced and not reproduced.in_order:
        parts.append("a reproduction that differs")
    return " and ".join(parts)


def _stated(examined) -> list[str]:
    from benchmark.report.stated import stated

    return [f"{REPORTS}/{each}" for each in stated(examined, RECORDS, REPORTS, planned_places()).deviations]


def _reproduced(arguments):
    """The comparison with what is published, printed; None if there is nothing to compare."""
    from benchmark.report.reproduction import reproduction
    from benchmark.runs.params import all_runs

    runs = all_runs(params()) if PARAMS.is_file() else []
    if not arguments.against and not any((arguments.runs / run.place / "record.json").is_file() for run in runs):
        progress.say(
            f"not compared with what is published: no run of {PARAMS} is in {arguments.runs} (dvc repro makes them)"
        )
        return None
    try:
        with _published(arguments.against) as published:
            found = reproduction(runs, arguments.runs, REPORTS, published)
    except BadInput as error:
        if arguments.against:
            raise
        progress.say(f"not compared with what is published ({error}); --against names another folder or revision")
        return None
    for line in [*found.lines, *(f"{REPORTS}/{each}" for each in found.tables.deviations[:NAMED]), found.answer]:
        progress.say(line)
    return found


@contextlib.contextmanager
def _published(against: str | None) -> Iterator[Path]:
    """The folder of the published report: of a checkout, of a report, or of a git revision (HEAD)."""
    from benchmark.records.revision import files_at
    from benchmark.report.reproduction import COMPARED

    if against and Path(against).is_dir():
        yield Path(against) / "reports" if (Path(against) / "reports").is_dir() else Path(against)
        return
    with files_at(against or "HEAD", [f"{REPORTS}/{name}" for name in COMPARED]) as folder:
        yield folder / REPORTS


def _weights(arguments) -> None:
    from benchmark.records import check_table, sameness
    from benchmark.records.examine import FAILED, NOT_CHECKED
    from benchmark.runs.environment import pick_device
    from benchmark.runs.weights_again import Rerun

    if not arguments.weights.is_dir():
        raise BadInput(arguments.weights, "no such folder", "runs with their weights")
    device = pick_device(arguments.device)
    examined, here = _examined(arguments)
    rerun = Rerun(arguments.weights, here.faces, device)
    outcomes = []
    with progress.bar(total=len(examined), desc="weights", unit="record") as bar:
        for each in examined:
            outcomes.append(rerun(each))
            bar.update()
    rows = [[each.place, each.outcome, each.why] for each in outcomes if each.outcome != NOT_CHECKED]
    if rows:
        progress.say("\n".join(check_table.padded([["record", "predictions", ""], *rows])))
    for line in check_table.reasons([each.why for each in outcomes if each.outcome == NOT_CHECKED]):
        progress.say(f"not checked: {line}")
    for name, error in here.damaged.items():
        progress.say(f"{here.folder / name}: {error}")
    kinds = (sameness.IDENTICAL, sameness.SAME, sameness.DIFFERENT, FAILED)
    count = {kind: sum(each.outcome == kind for each in outcomes) for kind in (*kinds, NOT_CHECKED)}
    line = ", ".join(f"{count[kind]} {kind}" for kind in kinds)
    progress.say(f"predictions of {len(rows)} records made again from weights: {line}; {count[NOT_CHECKED]} not checked")
    _write_json(arguments, {"weights": [vars(each) for each in outcomes]})
    if arguments.write:
        done = {
            each.place: {"outcome": each.outcome, "largest": each.largest} for each in outcomes if each.outcome in kinds[:3]
        }
        _write(examined, "weights", done, device)
    if count[sameness.DIFFERENT] or count[FAILED] or here.damaged:
        raise Findings(f"{count[sameness.DIFFERENT] + count[FAILED]} records whose weights do not give their predictions")


def _again(arguments) -> None:
    began = time.monotonic()
    from benchmark.records import check_table, sameness
    from benchmark.runs import again
    from benchmark.runs.environment import pick_device
    from benchmark.runs.params import all_runs
    from benchmark.runs.runner import Site

    kept = [place.resolve() for place in (arguments.runs, arguments.folder)]
    if any(place == arguments.out.resolve() or arguments.out.resolve() in place.parents for place in kept):
        raise BadInput("--out", arguments.out, f"a folder of its own, other than {arguments.runs} and {arguments.folder}")
    device = pick_device(arguments.device)
    jobs = None if arguments.jobs is None else jobs_of(arguments.jobs, device)
    examined, here = _examined(arguments)
    for name, error in here.damaged.items():
        raise BadInput(here.folder / name, error.found, error.expected)
    if arguments.retrain == ["all"]:
        chosen = again.choose_runs(examined, all_runs(params()))
    else:
        chosen = again.choose(examined, arguments.retrain)
    progress.say(f"{len(chosen)} runs are trained again in {arguments.out}")
    places = Site(arguments.prepared, arguments.out, device, restart_stale=True)
    budget = budget_of(arguments.time_budget, began)
    again.retrain(chosen, places, jobs=jobs, time_budget=budget)
    results = again.outcomes(chosen, arguments.out)
    rows = [[each.place, *same.columns] for each, same in results if same.outcome != sameness.IDENTICAL]
    if rows:
        progress.say("\n".join(check_table.padded([["run", "outcome", "how", "what differs"], *rows])))
    progress.say(sameness.counted([same for _, same in results]))
    _write_json(arguments, {"again": [{"place": each.place, **same.as_json} for each, same in results]})
    if arguments.write:
        _write(examined, "again", {each.place: same.as_json for each, same in results}, device)
    if odd := [each.place for each, same in results if same.outcome == sameness.DIFFERENT]:
        raise Findings(f"{len(odd)} runs are different: {', '.join(odd[:NAMED])}")


def _examined(arguments):
    """The records of the folder, examined, and the FaceSets that are here, with a bar."""
    from benchmark.records.examine import examine_all
    from benchmark.records.prepared import Prepared

    folders = _folders(arguments.folder, arguments.added_since)
    here = Prepared(arguments.prepared, verify=True)
    with progress.bar(total=len(folders), desc="records", unit="record") as bar:
        return examine_all(arguments.folder, known_here(here), folders, bar.update), here


def _folders(root: Path, added_since: str | None) -> list[Path]:
    from benchmark.records.record import record_folders
    from benchmark.records.revision import changed_since

    folders = record_folders(root)
    if not folders:
        raise BadInput(root, "no record.json below it", "records")
    if added_since is None:
        return folders
    changed = {path.parent for path in changed_since(added_since, root)}
    return [folder for folder in folders if folder in changed]


def _deleted(arguments) -> list[str]:
    """The records that the revision of --added-since has and the folder has not, a line each: without a record that its
    author does not like, a row looks better than it is."""
    from benchmark.records.revision import changed_since
    from benchmark.records.seal import RECORD

    if arguments.added_since is None:
        return []
    gone = [each for each in changed_since(arguments.added_since, arguments.folder) if each.name == RECORD]
    return [f"{each.parent}: deleted since {arguments.added_since}" for each in gone if not each.exists()]


def _as_json(examined) -> dict:
    checks = {name: {"outcome": result.outcome, "why": result.why} for name, result in examined.results.items()}
    return {"place": examined.place, "checks": checks}


def _write_json(arguments, contents: dict) -> None:
    from benchmark.files import write_json

    if arguments.json:
        write_json(arguments.json, {"schema": SCHEMA, **contents})


def _write(examined, what: str, done: dict[str, dict], device) -> None:
    """Add what was done with records (place -> outcome) to verification.json."""
    from benchmark.records.trust import FILE

    records = {each.place: each.record for each in examined if each.place in done}
    write_verified(records, what, done, device)
    progress.say(f"wrote {REPORTS / FILE}: {len(records)} records; next: ferbench report")


VERIFY = """check records and what is made from them: the files, predictions made again, or training again
records (default): files, seals, definitions, faces, history, parameters, warnings, and the scores in the report;
  after `dvc repro`, runs and tables made here are also compared with the published ones;
weights (--weights): predictions are made again from weights;
again (--retrain): runs are trained again.
Exit status: 0 in order, 1 something is not; the others as `ferbench --help` says"""


def add(verb: Callable) -> None:
    """Add the verb `verify`."""
    one = verb("verify", verify, VERIFY, "ferbench verify", group=CHECK)
    one.add_argument("folder", type=Path, nargs="?", default=RECORDS, help="folder of records (default: %(default)s)")
    one.add_argument("--weights", type=Path, nargs="?", const=RUNS, metavar="RUNS",
                     help="make predictions again from the weights in this folder of runs (runs)")  # fmt: skip
    one.add_argument("--retrain", nargs="+", metavar="KEY",
                     help="train runs again: PROTOCOL/CELL/SEED, with * for any; or all those of params.yaml")  # fmt: skip
    one.add_argument("--write", action="store_true",
                     help="store what --weights or --retrain found in reports/verification.json: trust levels")  # fmt: skip
    one.add_argument("--against", metavar="PLACE",
                     help="compare what was made here with this git revision (default: HEAD) or folder")  # fmt: skip
    one.add_argument("--added-since", metavar="REV",
                     help="only records that this git revision has not, or has otherwise;\n"
                     "records that it has and the folder has not are faults")  # fmt: skip
    one.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    one.add_argument("--runs", type=Path, default=RUNS, help="folder of the runs made here (default: %(default)s)")
    one.add_argument("--out", type=Path, default=RUNS / "again", help="folder for --retrain (default: %(default)s)")
    one.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
    one.add_argument("--jobs", type=int, help="processes of --retrain (default: one per core on the CPU, one on a GPU)")
    one.add_argument("--time-budget", type=float, metavar="SECONDS", help="stop --retrain cleanly before this time is over")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
