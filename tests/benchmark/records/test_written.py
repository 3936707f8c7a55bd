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


@pytest.mark.parametrize(
    ("ends", "within", "text"),
    [
        ((0.88, 1.06), (0, 1), "97.10 [88.00, 100.00†]"),
        ((-0.2, 1.06), (0, 1), "97.10 [0.00†, 100.00†]"),
        ((0.0, 1.0), (0, 1), "97.10 [0.00, 100.00]"),  # reached, not passed
        ((-1e-15, 1 + 1e-15), (0, 1), "97.10 [0.00, 100.00]"),  # rounding
        ((-0.00004, 1.00004), (0, 1), "97.10 [0.00, 100.00]"),  # no other number would be shown
        ((-0.00006, 1.00006), (0, 1), "97.10 [0.00†, 100.00†]"),
        ((-1.5, 1.5), (-1, 1), "97.10 [-100.00†, 100.00†]"),
        ((-1.5, 1.5), (0, None), "97.10 [0.00†, 150.00]"),
        ((-1.5, 1.5), (None, None), "97.10 [-150.00, 150.00]"),
        ((None, None), (0, 0.5), "97.10"),  # a mean is never cut
    ],
)
def test_an_interval_is_shown_only_as_far_as_is_possible(ends, within, text):
    assert bracketed(Interval(0.971, *ends, 1), lambda v: number(v, "%"), within) == text
