"""Verbs that check records, and seal those that have no seal."""

from collections.abc import Callable
from pathlib import Path

from benchmark import progress
from benchmark.cli.shared import PREPARED, RECORDS
from benchmark.errors import BadInput


def known_here(prepared: Path):
    """What records are checked against on this machine: prepared FaceSets, and networks that are built."""
    from benchmark.records.checks.known import Known
    from benchmark.records.prepared import Prepared
    from benchmark.runs.parameters import parameters_of

    here = Prepared(prepared)
    return Known(here.rows, here.fingerprint, parameters_of)


def seal(arguments) -> None:
    from benchmark.records.examine import examine
    from benchmark.records.record import read_record, record_folders
    from benchmark.records.seal import write_seal

    known, folders = known_here(arguments.prepared), record_folders(arguments.path)
    if not folders:
        raise BadInput(arguments.path, "no record.json below it", "records")
    records = [record for folder in folders if not (record := read_record(folder)).sealed]
    for record in records:
        for result in examine(record, known, without=["seal"]).failures.values():
            raise result.error
    for record in records:
        write_seal(record.directory)
    progress.say(f"{len(records)} records checked and sealed, {len(folders) - len(records)} were sealed already")


def publish(arguments) -> None:
    import yaml

    from benchmark.faces.faceset import open_faceset
    from benchmark.protocol.protocol import load_protocol
    from benchmark.records.prepared import entry_of

    found: dict = {}
    for name in arguments.protocols:
        protocol = load_protocol(name)
        faces = open_faceset(arguments.prepared / protocol.data, verify=True)
        found[protocol.name] = {protocol.hash: {faces.fingerprint: entry_of(protocol, faces)}}
    print(yaml.safe_dump(found, sort_keys=False, default_flow_style=None, width=125), end="")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("seal", seal, "check records that were made before there were seals, and write their seals beside\n"
               "them; record.json does not change. If one fails a check, none is sealed",
               "ferbench seal reports/records")  # fmt: skip
    one.add_argument("path", type=Path, nargs="?", default=RECORDS, help="folder of records (default: %(default)s)")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("publish", publish, "print the entries of protocols for benchmark/faces/published.yaml: digests of their\n"
               "faces and labels, from the prepared data (CONTRIBUTING.md says when)",
               "ferbench publish fer2013-7 ferplus-8")  # fmt: skip
    one.add_argument("protocols", nargs="+", metavar="PROTOCOL")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
