"""What a check finds in a forged record."""

import pytest

from benchmark.records.checks.known import Known
from benchmark.records.examine import PASSED, examine, failures


@pytest.fixture(autouse=True)
def _published(really_published):
    """Committed records are forged here; their faces are published."""


@pytest.fixture
def faults():
    """A function: record -> {check that failed: what it says}."""

    def found(record, known=None):
        return {name: result.why for name, result in failures(examine(record, known or Known())).items()}

    return found


@pytest.fixture
def outcome():
    """A function: record, name of a check -> (its outcome, its sentence)."""

    def found(record, name, known=None):
        result = examine(record, known or Known())[name]
        return result.outcome, result.why

    return found


@pytest.fixture
def passes(outcome):
    """A function: whether a check of that name passed."""
    return lambda record, name, known=None: outcome(record, name, known) == (PASSED, "")
