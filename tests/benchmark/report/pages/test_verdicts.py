"""The words of the page of claims that stand for no number."""

import pytest

from benchmark.claims.claim import Check
from benchmark.claims.finding import NO_VERDICT, NO_VERDICT_YET, UNDETERMINED, Finding
from benchmark.records.intervals import Interval
from benchmark.report.pages.verdicts import _footnote, _parameters, _sized

GIVEN = {"a": "fixed", "b": "identity", "normalisation": "working"}


@pytest.mark.parametrize(
    ("networks", "trained", "words"),
    [
        (["deep"], [], "deep at the start"),
        ([], ["deep"], "deep trained"),
        (["deep"], ["deep"], "deep at the start and trained"),
        (["flat", "deep"], ["flat"], "flat, deep at the start, flat trained"),
    ],
)
def test_two_checks_of_gradients_that_differ_in_the_moment_differ_in_words(networks, trained, words):
    check = Check("gradient_ratio", GIVEN | {"networks": networks, "trained": trained})
    assert _sized(check, Finding("refuted", "")) == f"{words}, fixed against identity, working BatchNorm"


def test_a_parameter_without_an_entry_is_called_none():
    assert _parameters(Check("gradient_ratio", {"trained": [], "networks": ["flat", "deep"]})) == (
        "trained none, networks flat and deep"
    )


def test_a_footnote_says_measured_only_of_what_was():
    interval = Interval(1.0, 0.9, 1.1, 3)
    gradients = Check("gradient_ratio", GIVEN | {"protocol": "p", "needs": "drawn faces"})
    for finding, word in (
        (Finding(NO_VERDICT, "reason"), "measured"),
        (Finding(UNDETERMINED, "reason; too close to the margin", interval), "measured"),
        (Finding(UNDETERMINED, "missing: gradients of the plan x under p"), "not measured"),
    ):
        assert _footnote(gradients, finding) == f"p (drawn faces), fixed, working BatchNorm: {word}"
    runs = Check("measured", {"protocol": "p", "needs": "drawn faces", "cell": "c", "metric": "m"})
    assert _footnote(runs, Finding(NO_VERDICT_YET, "2 of 3")) == "p (drawn faces): not measured"
    for reason in ("accuracy 50 %", "records of p that are not comparable: p, q"):
        assert _footnote(runs, Finding(UNDETERMINED, reason)) == f"p (drawn faces): {reason}"
