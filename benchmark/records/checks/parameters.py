"""Whether a record states the number of parameters that its network has."""

from benchmark.errors import BadInput
from benchmark.records.checks.known import Known
from benchmark.records.record import Record


def check(record: Record, known: Known) -> str | None:
    """Check the number of trainable parameters, if `known.parameters` has it.

    Returns:
        None; or a sentence, if the number is not known here.

    Raises:
        BadInput: another number; no such network.
    """
    if record.outside is not None:
        return "as its submitter states" if record["parameters"] is not None else None
    if (wanted := known.parameters(record)) is None:
        return "the network was neither built nor counted here"
    if record["parameters"] != wanted:
        expected = f"{wanted:,}, those of the network"
        raise BadInput(f"{record.directory}, parameters", f"{record['parameters']:,}", expected)
    return None
