"""What the ledger counts as evidence, what it says is missing, and the scale that it states; on runs written out here."""

from functools import cache
from types import SimpleNamespace

import pytest

from benchmark.claims import ledger as ledger_module
from benchmark.claims.finding import Planned, Scale, Undecided
from benchmark.claims.ledger import Ledger, divergence, finished_of, plan_of
from benchmark.faces import fingerprints
from benchmark.files import read_yaml
from benchmark.protocol.cells import load_cells
from benchmark.protocol.protocol import load_protocol

SMALL, P, VA = "fer2013-7-small", "fer2013-7", "synthetic-va"
read_protocol, read_cells = cache(load_protocol), cache(load_cells)  # their YAML takes longer than all else here
X, Y = "narrow16-50-adaptive-working-plain", "narrow16-50-identity-working-plain"


class Record(dict):
    """Of one run; `diverged` and the learning rates as given."""

    def __init__(self, of_protocol, of_cell, seed, diverged=False, **contents):
        own = {"protocol": read_protocol(of_protocol).as_dict(), "cell": {"name": of_cell} | contents.pop("cell", {})}
        super().__init__(own | {"parameters": 1234} | contents)
        self.protocol, self.cell, self.seed, self.diverged = of_protocol, of_cell, seed, diverged


class Comparison:
    """Runs under a protocol: cell label -> records."""

    def __init__(self, name, slug="", data=None, protocol_hash=None, **runs):
        own = read_protocol(name) if name != "mars" else None
        self.protocol, self.slug = {"name": name}, slug or name
        self.protocol_hash = protocol_hash or (own.hash if own else "0" * 16)
        self.data = data or edition(own.data if own else "mars")
        self.runs = {label: tuple(SimpleNamespace(record=r) for r in records) for label, records in runs.items()}

    def cell(self, label):
        return self.runs[label][0].record["cell"]


def edition(data):
    """The first known edition of a data set."""
    known = read_yaml(fingerprints.FILE).get(data, {"1.0": [{"fingerprint": "0" * 64}]})["1.0"][0]
    return {"name": data, "version": "1.0", "fingerprint": known["fingerprint"]}


def registered(name, **changes):
    """A registered cell's contents, as a record has them."""
    return read_cells()[name].as_dict() | changes


def records(name, *seeds, protocol=SMALL, lost=(), **contents):
    return [Record(protocol, name, seed, seed in lost, cell=registered(name) | contents) for seed in seeds]


def ledger(*comparisons, role="deciding", waiting=(), complexity=None):
    return Ledger(SimpleNamespace(comparisons=comparisons), complexity, role=role, waiting=waiting)


def refused(call, *arguments, **more):
    with pytest.raises(Undecided) as error:
        call(*arguments, **more)
    return error.value.finding


# ---------------------------------------------------------------- which records count


def test_a_ledger_of_another_role_is_the_same_ledger():
    one = ledger(Comparison(SMALL), waiting={("a", "b")}, complexity={"cells": {}})
    other = one.of("seen")
    assert (one.role, other.role, Ledger(one.summary, None).gradients) == ("deciding", "seen", ())
    assert (other.summary, other.waiting, other.complexity) == (one.summary, one.waiting, one.complexity)
    assert other.compared is one.compared == {} and Ledger(one.summary, None).waiting == ()


def test_no_protocol_no_data_no_record():
    assert ledger().comparison(P, "FER2013") is None
    found = refused(ledger().comparison, "mars", "pictures of Mars")
    assert (found.verdict, found.reason) == (
        "not testable here",
        "missing: pictures of Mars (no protocol mars, no record of it)",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_module, "at_hand", lambda data: data != "fer2013")
        found = refused(ledger(Comparison(VA)).comparison, P, "FER2013")
        assert (found.verdict, found.reason) == (
            "not testable here",
            "missing: FER2013 (protocol fer2013-7 is ready, no record of it)",
        )
        assert ledger().comparison(VA, "faces") is None
        assert ledger(Comparison(P)).comparison(P, "FER2013").slug == P


def test_comparisons_that_are_not_comparable():
    one, other = Comparison("mars", "mars-a"), Comparison("mars", "mars-b")
    assert ledger(one).comparison("mars", "x") is one and ledger(Comparison(P), one).comparison("mars", "x") is one
    found = refused(ledger(one, other).comparison, "mars", "x")
    assert (found.verdict, found.reason) == (
        "undetermined",
        "records of mars that are not comparable: mars-a, mars-b",
    )


def test_what_is_shown_alone_takes_any_file_and_the_own_one_before_others():
    own, other = Comparison(P, "own"), Comparison(P, "other", protocol_hash="f" * 16)
    for role in ("seen", "machinery"):
        assert ledger(other, role=role).comparison(P, "x") is other
        assert ledger(other, own, role=role).comparison(P, "x") is own
    for role in ("deciding", "scaled_down", "further"):
        assert ledger(other, role=role).comparison(P, "x") is None
        assert ledger(other, own, role=role).comparison(P, "x") is own


def test_what_counts():
    own, data = read_protocol(P), edition("fer2013")
    true = (P, own.hash, data)
    others = [
        (P, "f" * 16, data), (P, own.hash, data | {"version": "2.0"}), (P, own.hash, data | {"fingerprint": "cd" * 32}),
        (P, own.hash, edition("synthetic")), (P, read_protocol(SMALL).hash, data), (P, own.hash, data | {"name": "mars"}),
    ]  # fmt: skip
    for role in ("deciding", "scaled_down", "further"):
        assert ledger(role=role).counts(*true) and not any(ledger(role=role).counts(*other) for other in others)
        assert ledger(role=role).counts("mars", "f" * 16, data)
    assert all(ledger(role=role).counts(*other) for other in others for role in ("seen", "machinery"))


def test_only_registered_cells_count_where_something_is_judged():
    contents = registered(X)
    rate = contents.get("learning_rate", 0.001)
    one, other = records(X, 0, 1), records(X, 2, learning_rate=2 * rate)
    for role in ("deciding", "scaled_down", "further"):
        both = ledger(Comparison(SMALL, one=one, other=other), role=role)
        assert [run.record for run in both.runs(SMALL, X, "x")] == one and both.runs(SMALL, Y, "x") == ()
        assert ledger(Comparison(SMALL, other=other), role=role).runs(SMALL, X, "x") == ()
        waiting = ledger(Comparison(SMALL, one=one), role=role, waiting={(SMALL, X)})
        assert waiting.runs(SMALL, X, "x") == ()
        waiting = ledger(Comparison(SMALL, one=one), role=role, waiting={(P, X), (SMALL, Y)})
        assert len(waiting.runs(SMALL, X, "x")) == 2
    shown = ledger(Comparison(SMALL, other=other), role="seen", waiting={(SMALL, X)})
    assert [run.record for run in shown.runs(SMALL, X, "x")] == other
    found = refused(ledger(Comparison(SMALL, one=one, other=other), role="seen").runs, SMALL, X, "x")
    assert (found.verdict, found.reason) == ("undetermined", f"2 different cells of {SMALL} are named {X}")
    strange = [Record(SMALL, "own-net", 0)]
    assert len(ledger(Comparison(SMALL, own=strange)).runs(SMALL, "own-net", "x")) == 1  # no registered cell has the name
    assert ledger().runs(SMALL, X, "x") == ()


# ---------------------------------------------------------------- what is planned


def test_planned_runs_are_the_first_seeds_of_each_cell():
    both = ledger(Comparison(SMALL, y=records(Y, 3, 0, 1, 2), x=records(X, 0, 1, 2, 5, lost=[1])))
    found = both.planned(SMALL, (X, Y), "x", 3)
    assert {cell: sorted(own) for cell, own in found.items()} == {X: [0, 1, 2], Y: [0, 1, 2]} and list(found) == [X, Y]
    assert all(
        (run.record.cell, run.record.seed) == (cell, seed) for cell, own in found.items() for seed, run in own.items()
    )


def test_what_is_missing_of_a_plan():
    both = ledger(Comparison(SMALL, x=records(X, 0, 1, 3), y=records(Y, 1)))
    found = refused(both.planned, SMALL, (X, Y), "x", 4)
    assert (found.verdict, found.detail, found.measured) == ("no verdict yet", "1 of 4", None)
    assert found.reason == f"1 of 4, no verdict; missing: {SMALL} / {X}, seed 2; {SMALL} / {Y}, seeds 0, 2, 3"
    assert [(r.cell, r.seed) for r in found.records] == [(X, 0), (X, 1), (X, 3), (Y, 1)]
    assert found.planned == [Planned(SMALL, X, 4, (0, 1, 3)), Planned(SMALL, Y, 4, (1,))]
    rates = {cell: registered(cell).get("learning_rate", read_protocol(SMALL).recipe.learning_rate) for cell in (X, Y)}
    assert found.scale == Scale("narrow16-50", 48, 12, {X: 1234, Y: 1234}, rates, {}, "%")


@pytest.mark.parametrize(("many", "words"), [(1, "1 record of that name"), (2, "2 records of that name")])
def test_records_of_the_missing_runs_that_do_not_count_are_told(many, words):
    other = records(X, *range(1, 1 + many), 7, learning_rate=0.5)
    both = ledger(
        Comparison(SMALL, x=records(X, 0)), Comparison(SMALL, "o", protocol_hash="f" * 16, o=other, y=records(Y, 4))
    )
    found = refused(both.planned, SMALL, (X,), "x", 3)
    assert found.reason == (
        f"1 of 3, no verdict; missing: {SMALL} / {X}, seeds 1, 2; not counted: {words} with another protocol file, "
        "another cell or learning rate, or data of unlisted bytes (docs/data)"
    )


def test_what_is_unclear_is_told_once_with_the_scale_of_the_protocol():
    one, other = Comparison("mars", "mars-a"), Comparison("mars", "mars-b")
    found = refused(ledger(one, other).planned, "mars", ("net-5-a", "net-5-b"), "x", 3)
    assert (found.verdict, found.reason) == ("undetermined", "records of mars that are not comparable: mars-a, mars-b")
    assert found.planned == [Planned("mars", "net-5-a", 3, ()), Planned("mars", "net-5-b", 3, ())]
    assert (found.records, found.scale) == ((), Scale("net-5"))
    twice = ledger(Comparison(SMALL, x=records(X, 0), o=records(X, 1, learning_rate=0.5), y=records(Y, 0, 1)), role="seen")
    found = refused(twice.planned, SMALL, (X, Y), "x", 2)
    assert found.reason == f"2 different cells of {SMALL} are named {X}" and found.planned[1].made == (0, 1)
    assert (found.scale.input_size, found.scale.epochs, list(found.scale.parameters)) == (48, 12, [Y])
    assert refused(ledger().planned, "mars", ("a", "b"), "x", 3).verdict == "not testable here"


# ---------------------------------------------------------------- scale, counts, words


def test_the_scale_of_runs():
    own = read_protocol(SMALL).as_dict()
    changed = own | {"input_size": 40, "epochs": 5, "recipe": own["recipe"] | {"learning_rate": 0.3}}
    run = SimpleNamespace(record=Record(SMALL, X, 0, protocol=changed, parameters=7))
    rated = SimpleNamespace(record=Record(SMALL, Y, 1, cell={"learning_rate": 0.02}))
    runs = {X: {0: run}, "net-z": {}, Y: {1: rated}}
    name = f"{X} against net-z against {Y}"
    expected = Scale(name, 40, 5, {X: 7, Y: 1234}, {X: 0.3, Y: 0.02}, {X: 0.5, Y: None}, "%")
    assert ledger().scale(runs, {X: 0.5, Y: None}) == expected
    dimensional = SimpleNamespace(record=Record(VA, "a", 0))
    assert (
        ledger().scale({"a": {0: dimensional}}).level_unit == "" and ledger().scale({"a": {}}, protocol=VA).level_unit == "%"
    )
    assert ledger().scale({X: {}}, protocol=SMALL) == Scale(X, 48, 12)
    assert ledger().scale({X: {}}, protocol="mars") == ledger().scale({X: {}}) == Scale(X, None, None)


def test_counts_of_a_network():
    counted = ledger(complexity={"cells": {f"{SMALL}/{X}": {"flops": 1}, f"{P}/{X}": {"flops": 2}}})
    assert counted.network(SMALL, X) == {"flops": 1}
    found = refused(counted.network, "mars", X)
    assert (found.verdict, found.reason) == ("undetermined", f"missing: mars/{X} in complexity.json")


def test_plans_and_divergence_in_words():
    one, two, three = (SimpleNamespace(record=Record(SMALL, X, seed, seed == 1)) for seed in (0, 1, 2))
    assert plan_of({X: {2: three, 0: one}, Y: {}}, SMALL, 4) == [Planned(SMALL, X, 4, (0, 2)), Planned(SMALL, Y, 4, ())]
    assert finished_of([three, two, one]) == {2: three, 0: one}
    assert divergence({X: [one, two, three], "b": [one], "c": [two]}) == f"; {X} diverged 1 of 3; c diverged 1 of 1"
    assert divergence({}) == divergence({"a": [one]}) == ""
