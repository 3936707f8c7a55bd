"""The words of the verdicts, one by one as docs/reference/rules.md writes them, and what a finding says of itself."""

import re
from pathlib import Path

import pytest

from benchmark.claims import finding
from benchmark.claims.finding import Finding, Needed, Planned, Scale, Undecided, network_of, seeds_in_words
from benchmark.errors import BadInput
from benchmark.records.intervals import Interval

WORDS = {
    "REPRODUCED": "reproduced", "COMPATIBLE": "compatible", "EXCEEDED": "exceeded", "NOT_REPRODUCED": "not reproduced",
    "SUPPORTED": "supported", "REFUTED": "refuted", "EQUIVALENT": "equivalent", "TRAINS": "trains, the other does not",
    "DOES_NOT_TRAIN": "does not train, the other does", "CONDITIONAL": "conditional",
    "HOLDS_ONLY": "holds under one condition only", "FAILS_ONLY": "fails under one condition only",
    "HOLDS_REST_OPEN": "holds under one condition, the other open",
    "FAILS_REST_OPEN": "fails under one condition, the other open", "NO_DIFFERENCE": "no difference found",
    "UNDETERMINED": "undetermined", "NO_VERDICT_YET": "no verdict yet", "NOT_TESTABLE": "not testable here",
    "NO_VERDICT": "measured, no verdict",
}  # fmt: skip


def test_the_words_are_those_of_the_rules():
    assert {name: Finding(getattr(finding, name), "because").shown for name in WORDS} == WORDS
    text = re.sub(r"\s+", " ", (Path(__file__).parents[3] / "docs" / "reference" / "rules.md").read_text().lower())
    assert [word for word in WORDS.values() if word not in text] == ["measured, no verdict"]  # no verdict


def test_roles_level_and_seeds():
    assert seeds_in_words([0]) == "seed 0"
    assert (
        (finding.DECIDING, finding.SCALED_DOWN, finding.FURTHER) == finding.JUDGING == ("deciding", "scaled_down", "further")
    )
    assert (*finding.JUDGING, finding.SEEN, finding.MACHINERY) == finding.ROLES
    assert finding.ROLES[3:] == ("seen", "machinery") and (finding.ALPHA, finding.MINIMUM_SEEDS) == (0.05, 3)
    assert set(Needed.__annotations__) == {"planned", "scale"}


def test_what_a_finding_has_where_nothing_is_given():
    bare = Finding("undetermined", "because")
    assert (bare.measured, bare.unit, bare.records, bare.detail, bare.planned, bare.scale, bare.parts) == (
        None, "", (), "", (), None, {},
    )  # fmt: skip
    assert (bare.shown, bare.told) == ("undetermined", "because")
    scale = Scale("net")
    assert (scale.input_size, scale.epochs, scale.parameters, scale.rates, scale.levels) == (None, None, {}, {}, {})
    assert scale.level_unit == "%"


def test_a_rule_that_can_not_decide_leaves_a_whole_finding():
    planned, scale = (Planned("p", "a", 3, (1,)),), Scale("net")
    undecided = Undecided("no verdict yet", "because", iter("ab"), detail="1 of 3", planned=planned, scale=scale)
    assert undecided.finding == Finding("no verdict yet", "because", None, "", ("a", "b"), "1 of 3", planned, scale)
    assert Undecided("undetermined", "because").finding == Finding("undetermined", "because")
    assert planned[0].missing == (0, 2)


def test_the_detail_stands_behind_a_verdict_and_before_its_reason():
    measured = Interval(0.5, 0.4, 0.6, 3)
    for verdict, detail, shown, told in (
        ("equivalent", "within 1 point", "equivalent, within 1 point", "within 1 point. because"),
        ("conditional", "holds under x", "conditional: holds under x", "holds under x. because"),
        ("holds under one condition only", "x", "holds under one condition only: x", "x. because"),
        ("no verdict yet", "2 of 3", "no verdict yet, 2 of 3", "because"),
        ("supported", "", "supported", "because"),
    ):
        found = Finding(verdict, "because", measured, "%", detail=detail)
        assert (found.shown, found.told) == (shown, told)


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["a-b-c"], "a-b-c"), (["net-50-x-y", "net-50-z-y"], "net-50"), (["net-50-x", "net-50-x-plain"], "net-50-x"),
        (["net-x", "net-y"], "net-x against net-y"), (["a", "b", "c"], "a against b against c"),
        (["net-50-a", "net-50-b", "net-20-a"], "net-50-a against net-50-b against net-20-a"),
    ],
)  # fmt: skip
def test_the_network_of_cells(cells, name):
    assert network_of(cells) == name


def test_no_cells():
    with pytest.raises(BadInput) as error:
        network_of([])
    assert str(error.value) == "cells of a test: found none; expected at least one"


def test_seeds_in_words():
    assert [seeds_in_words(s) for s in ([3], [0, 1], [2, 3, 4], [0, 2], [1, 2, 4], [2, 4, 3])] == [
        "seed 3", "seeds 0, 1", "seeds 2 to 4", "seeds 0, 2", "seeds 1, 2, 4", "seeds 2, 4, 3",
    ]  # fmt: skip
