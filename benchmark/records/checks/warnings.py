"""Whether an outside entry carries the warnings that its predictions deserve."""

from benchmark.errors import BadInput
from benchmark.records.checks.known import Known, own_protocol
from benchmark.records.doubts import doubts
from benchmark.records.record import Record


def check(record: Record, _known: Known) -> None:
    """Raise BadInput if a warning of `benchmark.records.doubts`, made again from the predictions, is not in the record.
    Warnings that came from the model itself can not be made again without it."""
    if record.outside is None:
        return
    stored = record.outside["warnings"]
    for sentence in doubts(own_protocol(record), *record.outputs("test")):
        if sentence not in stored:
            raise BadInput(f"{record.directory}, outside, warnings", "none of this kind", f"the warning '{sentence}'")
