"""Whether a record has a seal. That its bytes agree with the seal is checked whenever it is read."""

from benchmark.errors import BadInput
from benchmark.records import seal
from benchmark.records.checks.known import Known
from benchmark.records.record import Record


def check(record: Record, _known: Known) -> None:
    """Raise BadInput for a record without a seal."""
    if not record.sealed:
        expected = f"{seal.FILE}; `ferbench import` seals a record that it takes, `ferbench seal` those of an older version"
        raise BadInput(record.directory, "no seal", expected)
