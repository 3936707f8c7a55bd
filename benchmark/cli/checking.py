"""Verbs that check records before they take or seal them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark import progress
from benchmark.cli.parsing import CHECK, MACHINES, PIPELINE
from benchmark.cli.shared import OUTSIDE, PREPARED, RECORDS, RUNS, counts_file, planned_runs
from benchmark.errors import BadInput


def known_here(here, counted=None):
    """What records are checked against on this machine: FaceSets (`benchmark.records.prepared.Prepared`), and networks that
    are built, unless they are among the `counted` ones (`benchmark.runs.parameters.read_counts`)."""
    from functools import partial

    from benchmark.records.checks.known import Known
    from benchmark.runs.parameters import parameters_of

    return Known(here.rows, here.fingerprint, partial(parameters_of, counted=counted))


def collect(arguments) -> None:
    collect_runs(planned_runs(arguments.params), RUNS, PREPARED, arguments.params)


def collect_runs(runs: Sequence, out: Path, prepared: Path, key: str) -> None:
    """Check the records of finished runs, then copy them, without weights, to reports/records. Cell by cell: nothing of one
    is copied unless all its records pass, and what is there of other seeds goes.

    Args:
        runs: all runs of each of their cells.
        out: folder of runs.
        prepared: folder of FaceSets.
        key: entry of params.yaml, for the error message.

    Raises:
        BadInput: a record that is missing, is not that of its run, or fails a check.
    """
    from benchmark.records.examine import check_all
    from benchmark.records.importing import copy_records
    from benchmark.records.prepared import Prepared
    from benchmark.records.record import read_record
    from benchmark.runs.parameters import read_counts

    cells: dict[Path, list] = {}
    for run in runs:
        cells.setdefault(run.place.parent, []).append(run)
    known = known_here(Prepared(prepared), read_counts(*{counts_file(out, run.protocol.data) for run in runs}))
    for folder, own in cells.items():
        records = []
        for run in own:
            record = read_record(out / run.place)
            if (record["protocol_hash"], record["cell_hash"]) != (run.protocol.hash, run.cell.hash):
                # the values of a protocol were turned after it was made: its folder is that of all of them
                made = f"`ferbench run --params {key} --restart-stale` makes it"
                raise BadInput(record.directory, f"a record of {record.protocol} / {record.cell}", f"one of {run}; {made}")
            records.append(record)
        for record in records:
            check_all(record, known)
        copy_records(records, RECORDS / folder)


def import_(arguments) -> None:
    from benchmark.records.grouping import on_other_bytes
    from benchmark.records.importing import import_records, is_own
    from benchmark.records.prepared import Prepared

    done = import_records(
        arguments.path,
        RECORDS / "imported",
        known_here(Prepared(PREPARED)),
        replace=arguments.replace,
        check_only=arguments.check,
        outside=OUTSIDE,
    )
    new = [*done.taken, *done.replaced]
    for record in filter(on_other_bytes, new):
        print(f"{record.directory}: made on other bytes of {record['data']['name']} than the known ones, so kept apart")
    for name in dict.fromkeys(f"{record.protocol} (hash {record['protocol_hash']})" for record in filter(is_own, new)):
        print(f"protocol {name}: one that the suite does not have, so in a section of its own and evidence for no claim")
    entries = sum(record.outside is not None for record in new)
    places = [RECORDS / "imported"] * (entries < len(new)) + [OUTSIDE] * (entries > 0)
    would = "in order, to be taken" if arguments.check else "taken"
    print(f"{len(new)} records {would} into {' and '.join(map(str, places))}" if new else "nothing new")
    if done.replaced:
        print(f"{len(done.replaced)} of them in place of different ones of the same runs")
    if done.passed_over:
        print(f"{len(done.passed_over)} records there already and identical, passed over")


def seal(arguments) -> None:
    from benchmark.records.examine import check_all
    from benchmark.records.prepared import Prepared
    from benchmark.records.record import read_record, record_folders
    from benchmark.records.seal import write_seal

    known, folders = known_here(Prepared(arguments.prepared)), record_folders(arguments.path)
    if not folders:
        raise BadInput(arguments.path, "no record.json below it", "records")
    records = [record for folder in folders if not (record := read_record(folder)).sealed]
    for record in records:
        check_all(record, known, without=["seal"])
    for record in records:
        write_seal(record.directory)
    progress.say(f"{len(records)} records checked and sealed, {len(folders) - len(records)} were sealed already")


def publish(arguments) -> None:
    import yaml

    from benchmark.faces.faceset import open_faceset
    from benchmark.protocol.protocol import load_protocol, protocol_names
    from benchmark.records.prepared import entry_of

    found: dict = {}
    for name in arguments.protocols:
        protocol = load_protocol(name)
        if protocol.name not in protocol_names():
            raise BadInput(f"ferbench publish {name}", "a protocol that the suite does not have", "one of the suite's")
        faces = open_faceset(arguments.prepared / protocol.data, verify=True)
        found[protocol.name] = {protocol.hash: {faces.fingerprint: entry_of(protocol, faces)}}
    print(yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=125), end="")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("collect", collect, "copy finished records, without weights, to reports/records",
               "ferbench collect --params synthetic-8_resnet18-plain", group=PIPELINE)  # fmt: skip
    one.add_argument("--params", metavar="KEY", required=True, help="entry of params.yaml")

    one = verb("import", import_, "check records made elsewhere and copy them to reports/records/imported or outside\n"
               "(docs/trust.md). Those that have no seal are sealed. Weights are not copied; identical\n"
               "records are skipped; different records of the same runs are an error that names them",
               "ferbench import ~/from-the-cluster/runs", group=MACHINES)  # fmt: skip
    one.add_argument("path", type=Path, help="folder with records or archives of records (records-*.tar), or one archive")
    one.add_argument("--check", action="store_true", help="only print what would be done")
    one.add_argument("--replace", action="store_true", help="replace different records of the same runs")

    one = verb("seal", seal, "check records that were made before there were seals, and write their seals\n"
               "beside them; record.json does not change. If one fails a check, none is sealed",
               "ferbench seal reports/records", group=CHECK)  # fmt: skip
    one.add_argument("path", type=Path, nargs="?", default=RECORDS, help="folder of records (default: %(default)s)")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("publish", publish, "print the entries of protocols for benchmark/faces/published.yaml\n"
               "(digests of their faces and labels, from the prepared data; CONTRIBUTING.md says when)",
               "ferbench publish fer2013-7 ferplus-8", group=PIPELINE)  # fmt: skip
    one.add_argument("protocols", nargs="+", metavar="PROTOCOL")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
