"""Cells whose planned seeds are not all there are compared in no table, and are as before with the last one."""

import pytest

from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.plans import held_back
from benchmark.report.sections import grid, pairs

PROTOCOL, NETWORK = "fer2013-7-small", "narrow16-50"


def test_runs_that_do_not_count_are_compared_nowhere(make, tmp_path, cells):
    """Three of five seeds of cells whose learning rate is still to be found: counted in the ledger's reason alone."""
    names = [f"{NETWORK}-{shortcut}-working-plain" for shortcut in ("identity", "adaptive")]
    waiting = {(PROTOCOL, name) for name in names}
    for name in names:
        for seed in range(3):
            make(tmp_path, PROTOCOL, cells[name], seed, quality=1 + ("adaptive" in name), protocol={"tta": ["none"]})
    summary = summarise(read_records(tmp_path), tmp_path)
    (comparison,) = held_back(summary, judge(load_claims(), summary, None, waiting=waiting)).comparisons
    assert all(f"{name}: 0 of 5 planned seeds" in comparison.waits(*names) for name in names)
    assert not any(pair.difference for pair in grid.shortcut_pairs(comparison))


@pytest.mark.parametrize("made", [4, 5])
def test_a_cell_is_not_compared_before_its_last_planned_seed(make, tmp_path, cells, made):
    for shortcut, seeds in (("identity", 5), ("adaptive", made), ("fixed", 5)):
        for seed in range(seeds):
            cell = cells[f"{NETWORK}-{shortcut}-working-plain"]
            make(tmp_path, PROTOCOL, cell, seed, quality=1 + (shortcut != "identity"), protocol={"tta": ["none"]})
    summary = summarise(read_records(tmp_path), tmp_path)
    (comparison,) = held_back(summary, judge(load_claims(), summary, None)).comparisons
    adaptive, identity = (f"{NETWORK}-{shortcut}-working-plain" for shortcut in ("adaptive", "identity"))
    words = f"not tested: {adaptive}: 4 of 5 planned seeds"
    assert comparison.waits(adaptive, identity) == ("" if made == 5 else words.removeprefix("not tested: "))
    shown = [row for table in grid.tables(comparison) for row in table.rows if row["shortcut"].text == "adaptive"]
    of_pairs = [row for row in pairs.table(comparison).rows if row["a"].text == adaptive]
    assert len(shown) == 2 and len(of_pairs) == 2
    for row in (*shown, *of_pairs):
        assert (row["difference"].text == words) == (made == 4)
        assert ("holm" in row or "over_seeds" in row) == (made == 5)
    fixed = [row for table in grid.tables(comparison) for row in table.rows if row["shortcut"].text == "fixed"]
    assert all("holm" in row for row in fixed)  # its own seeds are all there
    drawn = {pair.place.shortcut for pair in grid.shortcut_pairs(comparison) if pair.difference}
    assert drawn == ({"adaptive", "fixed"} if made == 5 else {"fixed"})  # what the headline draws
