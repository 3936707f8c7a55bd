"""What the groups of verbs share: the paths that they read and write, relative to the project's folder, and the parsing of
common options."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.errors import BadInput

RAW, PREPARED, RUNS = Path("data/raw"), Path("data/prepared"), Path("runs")
AUDITS = Path("data/audit")  # pictures of audits that must not be published; git ignores it
REPORTS, PARAMS = Path("reports"), Path("params.yaml")
RECORDS, HUMANS = REPORTS / "records", REPORTS / "humans"
OUTSIDE = RECORDS / "outside"


def params() -> dict:
    """Contents of params.yaml."""
    from benchmark.files import read_yaml

    return read_yaml(PARAMS)


def jobs_of(asked: int | None, device) -> int:
    """Number of processes: the requested number, or the default for the device. BadInput for less than 1."""
    from benchmark.runs.runner import default_jobs

    if asked is not None and asked < 1:
        raise BadInput("--jobs", asked, "a number from 1")
    return asked or default_jobs(device)


def options_of(pairs: Sequence[str]) -> dict:
    """The options of a factory from texts KEY=VALUE; values are read as YAML."""
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
