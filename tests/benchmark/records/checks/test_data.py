"""The data that a record names."""

import pytest

from benchmark.records.examine import NOT_CHECKED

PLACE = "synthetic-8/resnet18-plain/seed0"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": "fer2013"}, "data: found fer2013 1.0; expected synthetic 1.0 as the protocol says"),
        ({"version": "2.0"}, "data: found synthetic 2.0; expected synthetic 1.0"),
        ({"fingerprint": "19987ea2"}, "data fingerprint: found '19987ea2'; expected 64 hexadecimal digits"),
        ({"fingerprint": "G" * 64}, "expected 64 hexadecimal digits"),
    ],
)
def test_other_data_is_named(committed, faults, change, sentence):
    found = faults(committed(PLACE, lambda c: c["data"].update(change)))
    assert set(found) == {"data"} and sentence in found["data"]


def test_known_bytes_pass_and_others_are_not_checked(committed, passes, outcome, faults):
    assert passes(committed(PLACE), "data")
    other = committed(PLACE, lambda c: c["data"].update(fingerprint="a" * 64))
    assert outcome(other, "data") == (NOT_CHECKED, "bytes that are none of the known editions") and not faults(other)
