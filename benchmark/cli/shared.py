"""What the groups of verbs share: the paths that they read and write, relative to the project's folder, and the parsing of
common options."""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.errors import BadInput

RAW, PREPARED, RUNS = Path("data/raw"), Path("data/prepared"), Path("runs")
AUDITS = Path("data/audit")  # pictures of audits that must not be published; git ignores it
REPORTS, PARAMS = Path("reports"), Path("params.yaml")
RECORDS, HUMANS = REPORTS / "records", REPORTS / "humans"
OUTSIDE = RECORDS / "outside"


def params() -> dict:
    """Contents of params.yaml. BadInput naming what is missing, unknown or of a wrong form."""
    from benchmark.runs.checked_params import read_params

    return read_params(PARAMS)


def planned_runs(key: str) -> list:
    """The runs of an entry of params.yaml, or with "all" of every entry. BadInput as of `params`."""
    from benchmark.files import read_yaml
    from benchmark.runs.params import all_runs, runs_of

    contents = read_yaml(PARAMS)  # both check it as a whole; once is enough
    return all_runs(contents) if key == "all" else runs_of(contents, key)


def planned_places() -> frozenset[str] | None:
    """The folders of the runs in params.yaml, `<protocol>/<cell>/seed<k>`; None without it. BadInput as of `params`."""
    from benchmark.runs.params import all_runs

    return frozenset(run.place.as_posix() for run in all_runs(params())) if PARAMS.is_file() else None


def counts_file(runs: Path, data: str) -> Path:
    """Where `run` writes how many parameters the networks of the plan on a data set have, and where `collect` looks."""
    return runs / "networks" / f"{data}.json"


def jobs_of(asked: int | None, device) -> int:
    """Number of processes: the requested number, or the default for the device. BadInput for less than 1."""
    from benchmark.runs.runner import default_jobs

    if asked is not None and asked < 1:
        raise BadInput("--jobs", asked, "a number from 1")
    return asked or default_jobs(device)


def seeds_of(asked: Sequence[int], option: str = "--seeds") -> list[int]:
    """The seeds of a command line. BadInput as of `benchmark.runs.plan.checked_seeds`."""
    from benchmark.runs.plan import checked_seeds

    return checked_seeds(asked, option)


def budget_of(seconds: float | None, began: float) -> float | None:
    """The seconds of a time budget that are left: importing torch counts too. None: no limit.

    Args:
        seconds: as given; BadInput for nan and for 0 or less.
        began: the time.monotonic() at which the command began.
    """
    if seconds is None:
        return None
    if not seconds > 0:  # nor nan
        raise BadInput("--time-budget", f"{seconds:g}", "seconds, more than 0")
    return seconds - (time.monotonic() - began)


def check_outputs(*paths: Path) -> None:
    """Check before long work that these files can be written after it.

    Raises:
        SystemSaysNo: a folder where a file is to be, or as of `benchmark.room.check_room`.
    """
    from benchmark.room import check_file

    for path in paths:
        check_file(path, path.name)


def only_with(arguments: argparse.Namespace, what: str, given: object, *names: str) -> None:
    """Raise BadInput for an option in `names` that was given a value although nothing reads it.

    Args:
        what: the option or argument with which it would be read.
        given: whether that is there.
        names: of options, as the parser stores them.
    """
    for name in () if given else names:
        if _given(arguments, name):
            raise BadInput(arguments.verb.prog, f"--{name.replace('_', '-')} without {what}", "it only there")


def only_without(arguments: argparse.Namespace, what: str, given: object, *names: str) -> None:
    """As `only_with`, for options that are read only where `what` is not there."""
    for name in names if given else ():
        if _given(arguments, name):
            raise BadInput(arguments.verb.prog, f"--{name.replace('_', '-')} with {what}", "one of the two")


def _given(arguments: argparse.Namespace, name: str) -> bool:
    return bool(getattr(arguments, name) != arguments.verb.get_default(name))


def options_of(pairs: Sequence[str]) -> dict:
    """The options of a factory from texts KEY=VALUE; values are read as YAML (`benchmark.strict_yaml`).

    Raises:
        BadInput: another form, a key twice, a value that is no YAML.
    """
    from benchmark.strict_yaml import parsed

    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.isidentifier():
            raise BadInput("--option", f"'{pair}'", "KEY=VALUE")
        if key in found:
            raise BadInput(f"--option {key}", "it more than once", "it once")
        try:
            found[key] = parsed(value)
        except BadInput as error:
            raise BadInput(f"--option {key}", f"'{value}' ({error.found})", error.expected) from error
    return found


def write_verified(records: Mapping, what: str, done: Mapping[str, dict], device) -> None:
    """Add to verification.json what was done here with records.

    Args:
        records: place -> Record, of the places in `done`.
        what: "weights" or "again".
        done: place -> outcome, as `benchmark.records.trust` describes it, without `where`.
    """
    from benchmark.records.trust import FILE, record_digest, write_verification
    from benchmark.runs.environment import describe

    machine = describe(device)
    where = {name: machine[name] for name in ("device", "versions", "commit")}
    entries = {place: {"record": record_digest(records[place]), what: own | {"where": where}} for place, own in done.items()}
    write_verification(REPORTS / FILE, entries)
