"""The words of the page of claims that stand for no number."""

import pytest

from benchmark.claims.claim import Check
from benchmark.claims.finding import Finding
from benchmark.report.pages.verdicts import _parameters, _sized

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
