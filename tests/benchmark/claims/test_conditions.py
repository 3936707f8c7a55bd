"""Verdicts under conditions: every case of the table in docs/reference/rules.md, and on fabricated records."""

import itertools
import re
from pathlib import Path

import pytest

from benchmark.claims.conditions import AGAINST, FOR, OPEN, conditional
from benchmark.claims.finding import EQUIVALENT
from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records

P = "synthetic-8"
IMAGES = 90
TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
# One condition, the other -> the verdict over both: the table of docs/reference/rules.md, word by word.
TABLE = {
    ("supported", "supported"): "supported",
    ("supported", "refuted"): "conditional",
    ("supported", "equivalent"): "holds under one condition only",
    ("supported", "undetermined"): "holds under one condition, the other open",
    ("supported", "no verdict yet"): "holds under one condition, the other open",
    ("supported", "not testable here"): "holds under one condition, the other open",
    ("refuted", "refuted"): "refuted",
    ("refuted", "equivalent"): "fails under one condition only",
    ("refuted", "undetermined"): "fails under one condition, the other open",
    ("refuted", "no verdict yet"): "fails under one condition, the other open",
    ("refuted", "not testable here"): "fails under one condition, the other open",
    ("equivalent", "equivalent"): "equivalent",
    ("equivalent", "undetermined"): "undetermined",
    ("equivalent", "no verdict yet"): "no verdict yet",
    ("equivalent", "not testable here"): "not testable here",
    ("undetermined", "undetermined"): "undetermined",
    ("undetermined", "no verdict yet"): "no verdict yet",
    ("undetermined", "not testable here"): "not testable here",
    ("no verdict yet", "no verdict yet"): "no verdict yet",
    ("no verdict yet", "not testable here"): "not testable here",
    ("not testable here", "not testable here"): "not testable here",
}
TRAINS, NOT = "trains, the other does not", "does not train, the other does"


def test_every_case_of_two_conditions_in_either_order():
    words = ("supported", "refuted", "equivalent", "undetermined", "no verdict yet", "not testable here")
    assert set(TABLE) == set(itertools.combinations_with_replacement(words, 2))
    for (one, other), verdict in TABLE.items():
        assert conditional([one, other]) == conditional([other, one]) == verdict, (one, other)


def test_who_trains_counts_as_its_sign():
    for other in (*FOR, *AGAINST, EQUIVALENT, *OPEN):
        if other not in (TRAINS, NOT):
            assert conditional([TRAINS, other]) == conditional(["supported", other])
            assert conditional([NOT, other]) == conditional(["refuted", other])
    assert conditional([TRAINS, TRAINS]) == TRAINS and conditional([NOT, NOT]) == NOT
    assert conditional([TRAINS, NOT]) == "conditional"


def test_more_than_two_conditions():
    assert conditional(["supported", "equivalent", "refuted"]) == "conditional"
    assert conditional(["supported", "supported", "undetermined"]) == "holds under one condition, the other open"
    assert conditional(["equivalent", "supported", "equivalent"]) == "holds under one condition only"
    assert conditional(["supported"] * 3) == "supported"
    assert conditional(["supported", "equivalent", "undetermined"]) == "holds under one condition, the other open"
    assert conditional(["no verdict yet", "equivalent", "refuted"]) == "fails under one condition, the other open"
    assert conditional([TRAINS, "supported"]) == conditional(["supported", TRAINS]) == "supported"


def test_a_word_that_no_condition_can_have_is_refused():
    with pytest.raises(ValueError, match="conditional; expected"):
        conditional(["supported", "conditional"])


def test_the_table_is_the_one_of_the_rules():
    """docs/reference/rules.md writes the same cases out: every verdict over two conditions stands in its table."""
    text = (Path(__file__).parents[3] / "docs" / "reference" / "rules.md").read_text()
    part = text[text.index("## Conditions") :]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| \*([^|*]+)\* \|", part, re.MULTILINE)
    said = {frozenset((one, other.strip())): verdict for one, others, verdict in rows for other in others.split(" or ")}
    assert said == {frozenset(pair): verdict for pair, verdict in TABLE.items()}


# Numbers of right answers of a and b under either condition -> verdict and its detail.
GOOD, POOR, SAME, NEARLY = [70, 71, 73, 72, 70], [40, 42, 41, 41, 43], [70] * 9, [70] * 8 + [71]
UNCLEAR = [60, 80, 70, 65, 75]
CASES = [
    ((GOOD, POOR), (GOOD, POOR), "supported", ""),
    ((POOR, GOOD), (POOR, GOOD), "refuted", ""),
    ((SAME, NEARLY), (NEARLY, SAME), "equivalent", "within 1 point"),
    ((GOOD, POOR), (POOR, GOOD), "conditional", "holds under one, fails under two"),
    ((POOR, GOOD), (GOOD, POOR), "conditional", "holds under two, fails under one"),
    ((GOOD, POOR), (NEARLY, SAME), "holds under one condition only", "one"),
    ((NEARLY, SAME), (POOR, GOOD), "fails under one condition only", "two"),
    ((UNCLEAR, GOOD), (GOOD, POOR), "holds under one condition, the other open", "two"),
    ((POOR, GOOD), (UNCLEAR, GOOD), "fails under one condition, the other open", "one"),
    ((GOOD, POOR), (GOOD[:2], POOR), "holds under one condition, the other open", "one"),
    ((GOOD[:2], POOR), (GOOD[:1], POOR), "no verdict yet", "2 of 5 (one), 1 of 5 (two)"),
    ((UNCLEAR, GOOD), (UNCLEAR, GOOD), "undetermined", None),
]


@pytest.mark.parametrize(("one", "two", "verdict", "detail"), CASES)
def test_on_records(make, tmp_path, one, two, verdict, detail):
    conditions = {}
    for name, pair in (("one", one), ("two", two)):
        own = {side: f"{side}-{name}" for side in "ab"}
        for cell, numbers in zip(own.values(), pair, strict=True):
            for seed, n in enumerate(numbers):
                right = [k < n for k in range(IMAGES)]
                make(
                    tmp_path,
                    P,
                    Cell(cell, "other", {"called": cell}, "plain"),
                    seed,
                    right=right,
                    protocol={"tta": ["none"]},
                )
        conditions[name] = own | {"minimum_seeds": max(map(len, pair))}
    test = {"rule": "compare_cells", "protocol": P, "metric": "accuracy", "needs": "faces", "conditions": conditions}
    (judged,) = judge(
        load_claims({"claims": {"x": TEXT | {"test": test}}}), summarise(read_records(tmp_path), tmp_path), None
    )
    found = judged.finding
    assert found.verdict == verdict
    if detail is not None:
        assert found.detail == detail
    assert list(found.parts) == ["one", "two"] and all(f"{name}: " in found.reason for name in found.parts)
    assert len(found.planned) == 4 and len(found.records) == sum(map(len, (*one, *two)))
