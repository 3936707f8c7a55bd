"""The answer to the title's question, on fabricated records under the ledger's own entries: every case."""

import re
from types import SimpleNamespace

import pytest

from benchmark.claims.finding import DECIDING, SCALED_DOWN
from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from benchmark.errors import BadInput
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.answer import SHORT, UNDER, answer

IMAGES = 90
CLAIMS = load_claims()
HIGH, LOW = [70, 71, 73, 72, 70], [40, 42, 41, 41, 43]
ALIKE = [70, 60, 65, 75, 80]
LOST = [None] * 5
PAPER = "the paper's own is BReG-NeXt-50, 3.1 M parameters, 64x64 pixels, 71.53 % accuracy claimed"
NOTHING_LARGE = "at the paper's size all 16 runs planned for it, of bregnext-50 under fer2013-7, are missing."


@pytest.fixture
def world(make, tmp_path, cells):
    """`add` writes a shortcut's runs under a normalisation; `answer` is that of the finding."""

    class World:
        def add(self, network, shortcut, normalisation, rights, protocol):
            cell = cells[f"{network}-{shortcut}-{normalisation}-plain"]
            for seed, n in enumerate(rights):
                own = {"diverged": True} if n is None else {"right": [k < n for k in range(IMAGES)]}
                make(tmp_path, protocol, cell, seed, **own, protocol={"tta": ["none"]}, parameters=768_000)

        def study(self, **rights):
            """working_adaptive=..., frozen_fixed=...; not given: HIGH."""
            for normalisation, seeds in (("working", 5), ("frozen", 3)):
                for shortcut in ("identity", "fixed", "adaptive"):
                    own = rights.get(f"{normalisation}_{shortcut}", HIGH)[:seeds]
                    self.add("narrow16-50", shortcut, normalisation, own, "fer2013-7-small")

        @property
        def answer(self):
            if not any(tmp_path.iterdir()):
                make(tmp_path, "synthetic-8", cells["mini-xception-plain"], 0)
            return answer(judge(CLAIMS, summarise(read_records(tmp_path), tmp_path), None))

    return World()


def test_without_a_run_it_names_all_that_is_missing_and_claims_nothing(world):
    found = world.answer
    assert (found.kind, found.verdict, found.made, found.planned) == (None, "no verdict yet", 0, 24)
    assert found.sentence == (
        "No answer yet: 0 of the 24 runs that test it scaled down are there "
        f"(FER2013, narrow16-50, 48x48 pixels, 12 epochs, where {PAPER}); missing: seeds 0 to 4 of "
        "narrow16-50-adaptive-working-plain, narrow16-50-identity-working-plain and narrow16-50-fixed-working-plain; seeds "
        "0 to 2 of narrow16-50-adaptive-frozen-plain, narrow16-50-identity-frozen-plain and narrow16-50-fixed-frozen-plain; "
        f"{NOTHING_LARGE}"
    )


@pytest.mark.parametrize(
    "lacking", ["working_adaptive", "working_identity", "working_fixed", "frozen_adaptive", "frozen_fixed"]
)
def test_one_missing_run_of_the_first_part_is_enough_to_say_nothing(world, lacking):
    planned = 5 if lacking.startswith("working") else 3
    world.study(**{lacking: HIGH[: planned - 1]})
    found = world.answer
    normalisation, shortcut = lacking.split("_")
    assert (found.kind, found.made, found.planned) == (None, 23, 24)
    assert f"missing: seed {planned - 1} of narrow16-50-{shortcut}-{normalisation}-plain;" in found.sentence
    assert not re.search("beats|beaten|points|against", found.sentence)
    assert [run.cell for run in found.missing if run.protocol == "fer2013-7-small"] == [
        f"narrow16-50-{shortcut}-{normalisation}-plain"
    ]


def test_scaled_down_it_says_the_verdict_its_scale_and_what_is_missing(world):
    world.study(working_adaptive=LOW, frozen_identity=LOW)
    found = world.answer
    assert (found.kind, found.verdict, found.made) == (SCALED_DOWN, "conditional", 24)
    assert found.sentence.startswith(
        "Scaled down, it depends on the condition: the adaptive bounded shortcut is beaten by identity under working "
        "BatchNorm (46.0 against 79.1 %, -33.11 ["
    )
    assert "] points, 5 seeds) and beats identity under frozen BatchNorm (79.3 against 45.6 %, +33.70 [" in found.sentence
    assert (
        "; the fixed bounded shortcut is not told from identity under working BatchNorm (79.1 against 79.1 %"
        in found.sentence
    )
    scale = "FER2013, narrow16-50, 0.77 M parameters, 48x48 pixels, 12 epochs"
    assert found.sentence.endswith(f": {scale}, where {PAPER}; {NOTHING_LARGE}")
    assert found.sentence.count(".") - len(re.findall(r"\d\.\d", found.sentence)) == 1  # one sentence


@pytest.mark.parametrize(
    ("rights", "short", "verdict"),
    [
        ({"working_identity": LOW, "frozen_identity": LOW}, "yes", "supported"),
        ({"working_adaptive": LOW, "frozen_adaptive": LOW}, "no", "refuted"),
        ({"working_identity": ALIKE, "frozen_identity": ALIKE}, "not established", "undetermined"),
        ({"working_identity": LOW, "frozen_identity": ALIKE}, "under working BatchNorm yes, else open",
         "holds under one condition, the other open"),
        ({"working_adaptive": LOW, "frozen_identity": ALIKE}, "not under working BatchNorm, else open",
         "fails under one condition, the other open"),
        ({"working_adaptive": LOST, "working_fixed": LOST, "frozen_identity": ALIKE}, "not established", "undetermined"),
    ],
)  # fmt: skip
def test_every_short_answer_scaled_down(world, rights, short, verdict):
    world.study(**rights)
    found = world.answer
    assert (found.kind, found.verdict) == (SCALED_DOWN, verdict)
    assert found.sentence.startswith(f"Scaled down, {short}: ")


def test_every_verdict_has_its_words():
    from benchmark.claims import finding

    over_conditions = {
        finding.SUPPORTED, finding.REFUTED, finding.EQUIVALENT, finding.TRAINS, finding.DOES_NOT_TRAIN, finding.CONDITIONAL,
        finding.HOLDS_ONLY, finding.FAILS_ONLY, finding.HOLDS_REST_OPEN, finding.FAILS_REST_OPEN, finding.UNDETERMINED,
    }  # fmt: skip
    assert set(SHORT) == over_conditions
    of_one = {finding.NO_VERDICT_YET, finding.NOT_TESTABLE} | over_conditions
    assert set(UNDER) == {word for word in of_one if "condition" not in word}


def test_records_that_can_not_be_compared_say_nothing(world, make, tmp_path, cells, monkeypatch):
    """Of two editions that both count: no run can be taken, so there is nothing at the paper's size."""
    monkeypatch.setattr("benchmark.claims.ledger.is_other", lambda *_: False)
    for shortcut, rights in (("adaptive", HIGH), ("identity", LOW)):
        for seed, n in enumerate(rights):
            edition = {"name": "fer2013", "version": "1.0", "fingerprint": f"{seed % 2}" * 64}
            right = [k < n for k in range(IMAGES)]
            cell = cells[f"bregnext-50-{shortcut}-working-plain"]
            make(tmp_path, "fer2013-7", cell, seed, right=right, data=edition, protocol={"tta": ["none"]})
    found = world.answer
    assert (found.kind, found.verdict) == (None, "no verdict yet") and found.sentence.startswith(
        "No answer yet: 0 of the 24"
    )


def test_the_papers_size_goes_first_as_soon_as_one_condition_has_a_verdict(world):
    world.study(working_adaptive=LOW, frozen_adaptive=LOW)
    for shortcut, rights in (("adaptive", HIGH), ("identity", LOW)):
        world.add("bregnext-50", shortcut, "working", rights[:4], "fer2013-7")
    assert world.answer.kind == SCALED_DOWN  # four of five planned seeds say nothing
    for shortcut, rights in (("adaptive", HIGH), ("identity", LOW)):
        world.add("bregnext-50", shortcut, "working", rights, "fer2013-7")
    found = world.answer
    assert (found.kind, found.verdict) == (DECIDING, "holds under one condition, the other open")
    assert found.sentence.startswith(
        "At the paper's size, under working BatchNorm yes, else open: the adaptive bounded shortcut beats identity under "
        "working BatchNorm (79.1 against 46.0 %, +33.11 ["
    )
    assert "has no verdict yet under frozen BatchNorm (0 of 3)" in found.sentence and "Scaled" not in found.sentence
    assert found.sentence.endswith("6 of 16 runs planned for it, of bregnext-50 under fer2013-7, are missing.")
    for shortcut, rights in (("adaptive", HIGH), ("identity", LOW)):
        world.add("bregnext-50", shortcut, "frozen", rights[:3], "fer2013-7")
    found = world.answer
    assert found.verdict == "supported" and found.sentence.endswith("all 16 planned runs are there.") and not found.missing


def test_runs_at_another_learning_rate_beside_the_studys_change_nothing(world, make, tmp_path, cells):
    world.study(working_adaptive=LOW)
    before = world.answer
    known = cells["narrow16-50-adaptive-working-plain"]
    common = Cell(known.name, known.model, known.options, known.loss, 1e-5)
    make(tmp_path / "again", "fer2013-7-small", common, 0, protocol={"tta": ["none"]})
    assert before.kind == SCALED_DOWN and world.answer == before


def test_diverged_runs_are_named_where_they_are_in_no_mean(world):
    world.study(working_adaptive=LOST, frozen_adaptive=LOST, working_fixed=[None, *HIGH[1:]], frozen_identity=ALIKE)
    sentence = world.answer.sentence
    assert "working BatchNorm (none against 79.1 %, narrow16-50-adaptive-working-plain diverged 5 of 5)" in sentence
    assert "narrow16-50-fixed-working-plain diverged 1 of 5, " in sentence
    world.study(working_identity=LOST)
    assert "(79.1 % against none, narrow16-50-identity-working-plain diverged 5 of 5)" in world.answer.sentence


def test_a_ledger_without_the_question_is_refused():
    with pytest.raises(BadInput, match="no beats-resnet"):
        answer([SimpleNamespace(claim=SimpleNamespace(id="sota"), scaled_down=())])


def test_it_is_the_first_sentence_of_both_pages(built):
    readme, page = ((built / name).read_text() for name in ("README.md", "index.html"))
    sentence = re.search(r"<!-- answer -->\n(.*)\n<!-- /answer -->", readme).group(1)
    assert readme.index(sentence) < readme.index("runs under") and sentence.startswith("No answer yet: 0 of the 24")
    own = answer(judge(load_claims(), summarise(read_records(built / "records"), built / "records"), None))
    parts = (own.short, own.scale_words, own.lacking)
    assert all(part in page for part in (f"{part.replace(chr(39), '&#39;')}." for part in parts))
    assert f'<p class="answer">{own.short.replace(chr(39), "&#39;")}.</p>' in page and own.scale_words in sentence
