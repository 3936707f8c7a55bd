"""What an entry of claims.yaml has: its texts, its marks, its tests by role, and what is empty where nothing is given."""

from benchmark.claims.claim import INFERRED, MARKS, OTHER_ROLES, TEXTS, Check, Claim, Earlier

GIVEN = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}


def test_the_tests_of_each_role():
    names = ("deciding", "scaled_down", "further", "seen", "machinery")
    checks = {name: Check(name, {}) for name in names}
    claim = Claim("x", **GIVEN, test=checks["deciding"], **{name: [checks[name]] for name in names[1:]})
    assert [list(claim.tests(name)) for name in names] == [[checks[name]] for name in names]


def test_what_is_not_given_is_empty():
    claim = Claim("x", **GIVEN, test=Check("numeric", {"a": 1}))
    assert all(claim.tests(role) == () for role in OTHER_ROLES)
    assert (claim.earlier, claim.note, claim.quote, claim.anchors) == ((), "", "", "")
    assert claim.test.conditions == {} and Earlier("2026-11-28", "refuted").because == ""


def test_the_words_of_an_entry():
    Claim("x", **GIVEN, test=Check("numeric", {})).tests("seen")
    assert TEXTS == ("sentence", "paper", "value", "mark", "source", "would_test")
    assert MARKS == {"V": "read in the source", "X": "measured for this project", "I": "inferred", "M": "from memory"}
    assert INFERRED == "I" and OTHER_ROLES == ("scaled_down", "further", "seen", "machinery")
