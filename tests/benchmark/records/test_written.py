"""Numbers as the tables show them."""

import pytest

from benchmark.records.intervals import Interval
from benchmark.records.written import bracketed, number


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        (0.12346, "%", False, "12.35"),
        (0.12346, "%", True, "+12.35"),
        (-0.5, "%", True, "-50.00"),
        (-0.00001, "%", False, "0.00"),  # no minus before a 0
        (-0.00001, "%", True, "+0.00"),
        (0.12346, "", False, "0.123"),
        (1.5, "nats", True, "+1.500"),
        (-0.0001, "", False, "0.000"),
    ],
)
def test_a_number(value, unit, signed, text):
    assert number(value, unit, signed) == text


def test_a_number_with_its_interval():
    show = "{:.1f}".format
    assert bracketed(Interval(0.5, 0.25, 0.75, 3), show) == "0.5 [0.2, 0.8]"
    assert bracketed(Interval(0.5, None, None, 1), show) == "0.5"
    assert bracketed(Interval(0.5, None, None, 2), show) == "0.5 (no spread)"
