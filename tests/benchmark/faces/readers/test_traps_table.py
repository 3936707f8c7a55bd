"""docs/data/traps.md says what a check says, row by row."""

import pytest

from tests.benchmark.faces.readers.traps_table import PAGE, cases, row


@pytest.mark.slow
@pytest.mark.parametrize("case", list(cases()), ids=lambda case: "-".join(map(str, case)))
def test_a_row_of_the_table(case):
    found = row(case)
    assert found is None or found in PAGE.read_text().splitlines()


@pytest.mark.slow
def test_no_row_is_left_from_before():
    shown = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.startswith("| data set")]
    assert shown == [found for found in map(row, cases()) if found is not None]
