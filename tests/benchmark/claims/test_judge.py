"""Which tests run under which role, which comparisons share a family, and what is left of a finding that is only shown."""

from types import SimpleNamespace

import pytest

from benchmark.claims import judge as judging
from benchmark.claims.claim import Check, Claim
from benchmark.claims.finding import Finding, Undecided
from benchmark.claims.judge import Judged, judge
from benchmark.records.intervals import Interval

TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}
ROLES = ("deciding", "scaled_down", "further", "seen", "machinery")
NOTHING = SimpleNamespace(comparisons=[])


def counts(a, b):
    return {"cells": {f"p/{name}": {"parameters": {"trainable": n}, "flops": n} for name, n in (("a", a), ("b", b))}}


@pytest.fixture
def rule(monkeypatch):
    """A rule that answers with its parameter `answer`; the ledgers it was asked with are kept."""
    asked = []

    def ask(ledger, answer, raised=False):
        asked.append(ledger)
        finding = Finding(answer, f"as {ledger.role}", Interval(0.5, None, None, 1), "%", detail="so")
        if raised:
            raise Undecided(answer, f"as {ledger.role}", detail="so")
        return finding

    monkeypatch.setitem(judging.RULES, "ask", ask)
    return asked


def check(answer, **more):
    return Check("ask", {"answer": answer} | more)


def test_every_role_is_judged_in_its_own_ledger(rule):
    tests = {role: [check(f"{role} {n}") for n in range(2)] for role in ROLES[1:]}
    claims = [Claim(name, **TEXT, test=check(f"deciding {name}"), **tests) for name in "xy"]
    found = judge(claims, NOTHING, {"cells": {}}, [{"g": 1}], {("p", "c")})
    assert [each.claim for each in found] == claims
    for each, name in zip(found, "xy", strict=True):
        assert each.finding == Finding(f"deciding {name}", "as deciding", Interval(0.5, None, None, 1), "%", detail="so")
        for role in ("scaled_down", "further"):
            own = [(f.verdict, f.reason, f.detail) for f in getattr(each, role)]
            assert own == [(f"{role} {n}", f"as {role}", "so") for n in range(2)]
        for role in ("seen", "machinery"):
            own = [(f.verdict, f.reason, f.detail) for f in getattr(each, role)]
            assert own == [("measured, no verdict", f"as {role}", "")] * 2
        for role in ROLES[1:]:
            assert each.of(role) == list(zip(tests[role], getattr(each, role), strict=True))
        assert each.of("deciding") == [(each.claim.test, each.finding)]
    ledger = rule[0]
    assert (ledger.summary, ledger.complexity, ledger.gradients, ledger.waiting) == (
        NOTHING, {"cells": {}}, [{"g": 1}], {("p", "c")},
    )  # fmt: skip
    assert judge([], NOTHING, None) == [] and judge(claims[:1], NOTHING, None)[0].finding == found[0].finding
    assert (rule[-1].gradients, rule[-1].waiting, rule[-1].complexity) == ((), (), None)


@pytest.mark.parametrize("word", ["not testable here", "no verdict yet", "undetermined"])
@pytest.mark.parametrize("raised", [False, True])
def test_what_is_open_stays_open_where_it_is_only_shown(rule, word, raised):
    test = check(word, raised=raised)
    (found,) = judge([Claim("x", **TEXT, test=test, seen=[test], machinery=[test], further=[test])], NOTHING, None)
    for each in (found.finding, *found.further, *found.seen, *found.machinery):
        assert (each.verdict, each.detail) == (word, "so")


def test_conditions_are_combined(rule):
    conditions = {"one": check("supported"), "two": check("refuted")}
    (found,) = judge([Claim("x", **TEXT, test=Check("ask", {}, conditions))], NOTHING, None)
    assert found.finding.shown == "conditional: holds under one, fails under two"
    assert list(found.finding.parts) == ["one", "two"] and found.finding.parts["two"].reason == "as deciding"


def test_what_is_not_given_is_empty():
    judged = Judged(Claim("x", **TEXT, test=check("supported")), Finding("supported", "because"))
    assert (judged.scaled_down, judged.further, judged.seen, judged.machinery) == ((), (), (), ())
    assert judged.of("seen") == [] and judged.of("deciding") == [(judged.claim.test, judged.finding)]


def test_which_comparisons_are_registered_and_as_what(monkeypatch):
    """Those of the conditions too, under the role of their test; not what counting refutes, and no other rule."""
    registered = []
    monkeypatch.setattr(judging, "register", lambda ledger, families, **given: registered.append((ledger.role, given)))
    for name in ("compare_cells", "better_and_cheaper", "numeric"):
        monkeypatch.setitem(judging.RULES, name, lambda ledger, **_: Finding("supported", "because"))
    plain = {"protocol": "p", "a": "a", "b": "b"}

    def asked(complexity):
        registered.clear()
        conditions = {n: Check("compare_cells", plain | {"metric": n}) for n in ("one", "two")}
        test = Check("compare_cells", plain, conditions)
        dear = Check("better_and_cheaper", plain | {"metric": "dear"})
        other = Check("numeric", plain | {"metric": "other"})
        judge([Claim("x", **TEXT, test=test, further=[dear, other], scaled_down=[dear])], NOTHING, complexity)
        return [(role, given["metric"]) for role, given in registered]

    own, dear = [("deciding", "one"), ("deciding", "two")], [("scaled_down", "dear"), ("further", "dear")]
    assert asked(counts(1, 2)) == own + dear and asked(None) == own + dear
    assert asked(counts(2, 1)) == own


def test_each_family_is_adjusted_alone(monkeypatch, rule):
    def register(ledger, families, metric):
        families.setdefault((ledger.role,), {})[ledger.role, metric] = metric

    monkeypatch.setattr(judging, "register", register)
    monkeypatch.setattr(
        judging.evidence, "adjusted", lambda family: {key: (each, len(family)) for key, each in family.items()}
    )
    monkeypatch.setitem(judging.RULES, "compare_cells", lambda ledger, metric: judging.RULES["ask"](ledger, "supported"))
    tests = [Check("compare_cells", {"metric": n}) for n in "ab"]
    judge([Claim("x", **TEXT, test=tests[0], further=tests)], NOTHING, None)
    expected = {("deciding", "a"): ("a", 1), ("further", "a"): ("a", 2), ("further", "b"): ("b", 2)}
    assert [ledger.compared for ledger in rule] == [expected] * 3
