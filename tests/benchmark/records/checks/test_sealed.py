"""A record without a seal."""

from benchmark.records.record import read_record

PLACE = "synthetic-8/resnet18-plain/seed0"


def test_a_seal_is_asked_for(committed, faults, passes):
    record = committed(PLACE)
    assert passes(record, "seal") and not faults(record)
    (record.directory / "seal.json").unlink()
    found = faults(read_record(record.directory))
    assert set(found) == {"seal"} and "found no seal; expected seal.json; `ferbench import` seals" in found["seal"]
