"""The sentences at the top of a protocol's page, from runs whose scores are chosen here."""

from types import SimpleNamespace

import pytest

from benchmark.claims.claim import Check
from benchmark.protocol.cells import Cell
from benchmark.report.pages.findings import of_section, shown_value
from benchmark.report.parts import Section
from benchmark.report.tables import Entry, Table

LOW, HIGH, LOST = (Cell(f"{name}-plain", name, {}, "plain") for name in ("low", "high", "lost"))


@pytest.fixture
def section(run, comparison):
    """A function: own, tables -> the section of three cells, of which one diverged and the best lost a seed."""

    def made(tables=()):
        of = comparison(
            *(run(LOW, seed, {"accuracy": 0.25}) for seed in range(3)),
            *(run(HIGH, seed, {"accuracy": value}) for seed, value in enumerate((0.5, 0.75, None)) if value),
            run(HIGH, 2),
            *(run(LOST, seed) for seed in range(2)),
        )
        return Section(of, tables, [], [])

    return made


def test_the_highest_mean_is_said_with_the_seeds_that_finished(section):
    (words,) = of_section(section(), lambda slug, label: f"{label} under {slug}", [])
    # t-interval of 0.5 and 0.75: 0.625 +- 12.7062 * 0.125 (Student's t for one degree of freedom), beyond what is possible
    ends = "[0.00\N{DAGGER}, 100.00\N{DAGGER}]"
    assert words == (
        f"Highest test accuracy of this suite's cells: 62.50 {ends} %, high-plain under synthetic-8 "
        "(two seeds, one diverged, without TTA)."
    )


def test_a_cell_without_a_value_says_why(section, run, comparison):
    of = section().comparison
    assert shown_value(of, "lost-plain") == "diverged" and shown_value(of, "low-plain") == "25.00 (no spread) %"
    undefined = comparison(run(LOW, 0, {"ccc_mean": None}, protocol="synthetic-va"))
    assert shown_value(undefined, "low-plain") == "not defined"


def test_the_table_of_shortcuts_is_summarised_for_its_own_protocol(section):
    rows = [{"difference": Entry("", {"mean": 0.1}), "holm": Entry("", {"p": 0.5})}]
    own, other = (Table(f"{slug}-shortcuts", "T", (), {}, rows) for slug in ("synthetic-8", "synthetic-va"))

    def judged(name):
        check = Check("compare_cells", {"protocol": name})
        return [SimpleNamespace(of=lambda role: [(check, None)] if role == "deciding" else [])]

    assert len(of_section(section([other]), lambda slug, label: label, [])) == 1
    _, words, aside = of_section(section([other, own]), lambda slug, label: label, judged("synthetic-va"))
    assert "one under synthetic-8" in words and aside == "Comparisons under synthetic-8 are evidence for no claim."
    assert len(of_section(section([own]), lambda slug, label: label, judged("synthetic-8"))) == 2
