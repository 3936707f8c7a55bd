"""The verb `verify`."""

from pathlib import Path

from benchmark import progress
from benchmark.cli.shared import RECORDS, REPORTS
from benchmark.errors import BadInput, Findings

NAMED = 20  # most values that are named one by one


def records(arguments) -> None:
    from benchmark.records import check_table
    from benchmark.records.checks.known import Known
    from benchmark.records.examine import examine_all
    from benchmark.records.prepared import Prepared
    from benchmark.runs.parameters import parameters_of

    folders = _folders(arguments.folder, arguments.added_since)
    if not folders:
        progress.say(f"no record in {arguments.folder} was added or changed since {arguments.added_since}")
        return
    here = Prepared(arguments.prepared, verify=True)
    known = Known(here.rows, here.fingerprint, parameters_of)
    with progress.bar(total=len(folders), desc="records", unit="record") as bar:
        examined = examine_all(arguments.folder, known, folders, bar.update)
    for line in check_table.lines(examined):
        progress.say(line)
    faults = [f"{here.folder / name}: {error}" for name, error in here.damaged.items()]
    if arguments.folder == RECORDS and not arguments.added_since:
        faults += _report(examined)
    for line in faults:
        progress.say(line)
    progress.say(check_table.summary(examined))
    failed = [each for each in examined if each.failures]
    if failed or faults:
        raise Findings("...")


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


def _report(examined) -> list[str]:
    """What the report in its folder states and the records do not give."""
    from benchmark.records.comparisons import summarise
    from benchmark.records.trust import FILE, read_verification
    from benchmark.report.scores import score_files
    from benchmark.report.values import compare, files_in

    good = [each.record for each in examined if not each.failures]
    summary = summarise(good, RECORDS, {}, read_verification(REPORTS / FILE))
    fresh = score_files(summary, RECORDS)
    stated = {name: own for name, own in files_in(REPORTS).items() if name in fresh or name.startswith("metrics/")}
    compared = compare(stated, fresh)
    return [str(each) for each in compared.deviations[:NAMED]]
