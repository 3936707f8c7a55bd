"""Whether a record was made on the data of its protocol."""

from benchmark.errors import BadInput
from benchmark.faces.fingerprints import is_other
from benchmark.records.checks.known import Known, own_protocol
from benchmark.records.record import Record


def check(record: Record, known: Known) -> str | None:
    """Check the name and version of the data.

    Returns:
        None; or a sentence, if the bytes are none of the known editions (the report keeps such records apart).

    Raises:
        BadInput: other data than the protocol's; a fingerprint that is none.
    """
    where, data, protocol = record.directory, record["data"], own_protocol(record)
    if (data["name"], data["version"]) != (protocol.data, protocol.data_version):
        expected = f"{protocol.data} {protocol.data_version} as the protocol says"
        raise BadInput(f"{where}, data", f"{data['name']} {data['version']}", expected)
    if len(data["fingerprint"]) != 64 or set(data["fingerprint"]) - set("0123456789abcdef"):
        raise BadInput(f"{where}, data fingerprint", repr(data["fingerprint"][:80]), "64 hexadecimal digits")
    if is_other(data["name"], data["version"], data["fingerprint"]):
        return "bytes that are none of the known editions"
    return None
