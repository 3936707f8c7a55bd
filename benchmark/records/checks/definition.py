"""Whether a record is of the protocol and cell that it names. The definition decides, never the name."""

from benchmark.errors import BadInput
from benchmark.files import digest
from benchmark.names import checked_name
from benchmark.protocol.cells import Cell, Run, check_installed, named_cell
from benchmark.protocol.turned import check_base
from benchmark.records.checks.known import Known, installed_protocol, own_protocol
from benchmark.records.outside_record import outside_cell
from benchmark.records.record import Record


def check(record: Record, _known: Known) -> str | None:
    """Check the digests of protocol and cell, and that an installed protocol or cell of their names is the same.

    Returns:
        None; or a sentence, if the record's protocol is an older version of the installed one, or based on another version
        of an installed one.

    Raises:
        BadInput: naming what the record contains and what is installed.
    """
    where, contents = record.directory, record.contents
    if (found := digest(contents["protocol"])) != contents["protocol_hash"]:
        raise BadInput(f"{where}, protocol_hash", contents["protocol_hash"], f"{found}, the digest of its protocol")
    checked_name(record.protocol, "protocol", where)  # that of a fold or a trial has a dot
    protocol = own_protocol(record)
    if contents["classes"] != list(protocol.classes):
        raise BadInput(f"{where}, classes", ", ".join(contents["classes"]), ", ".join(protocol.classes) or "none")
    if f"seed{record.seed}" != where.name:
        raise BadInput(where, f"seed {record.seed}", f"a folder named seed{record.seed}")
    cell = _own_cell(record)
    check_installed(cell, f"{where}, cell {cell.name}")
    if record.outside is None:
        Run(protocol, cell, record.seed)  # refuses a loss of another task
    if unsure := check_base(protocol, where):
        return unsure
    installed = installed_protocol(record.protocol)
    if installed is None or installed.hash == contents["protocol_hash"]:
        return None
    found = f"version {protocol.version}, hash {contents['protocol_hash']}"
    if installed.version != protocol.version:
        return f"{found}: not the installed version {installed.version}"
    expected = f"hash {installed.hash}, as the installed protocol of this name and version"
    raise BadInput(f"{where}, protocol {record.protocol}", found, expected)


def _own_cell(record: Record) -> Cell:
    """The cell of a record. BadInput if its hash is not of its definition."""
    where, contents = record.directory, record.contents
    if record.outside is not None:
        cell = outside_cell(record.cell)
        if contents["cell"] != cell.as_dict() or contents["cell_hash"] != cell.hash:
            raise BadInput(f"{where}, cell", contents["cell"], f"{cell.as_dict()} and hash {cell.hash}")
        return cell
    cell = named_cell(contents["cell"], where)
    if cell.hash != contents["cell_hash"]:
        raise BadInput(f"{where}, cell_hash", contents["cell_hash"], f"{cell.hash}, the digest of its cell")
    return cell
