"""Whether an outside entry carries the warning that its predictions deserve."""

from benchmark.errors import BadInput
from benchmark.records.checks.known import Known, own_protocol
from benchmark.records.doubts import doubt_of
from benchmark.records.record import Record


def check(record: Record, _known: Known) -> None:
    """Raise BadInput if the doubt of `benchmark.records.doubts`, made again from the predictions, is not among the record's
    warnings, in whichever words and numbers. Warnings that came from the model itself can not be made again without it."""
    if record.outside is None:
        return
    doubt = doubt_of(own_protocol(record), record.predictions)
    if doubt and not any(doubt.is_said_by(sentence) for sentence in record.outside["warnings"]):
        expected = f"the warning '{doubt.sentence}'; score or evaluate it again with --replace"
        raise BadInput(f"{record.directory}, outside, warnings", "none of this kind", expected)
