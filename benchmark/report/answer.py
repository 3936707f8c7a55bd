"""The answer to the title's question, from the judged claims: one sentence, based on the best available evidence.

The best evidence is a test at the paper's size; the second best is the scaled-down study. The study is used only when all
runs of its first part have records: both bounded shortcuts and identity, under every condition. Until then the sentence
names the missing runs and answers nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.claims.comparing import shown
from benchmark.claims.finding import (
    CONDITIONAL,
    DECIDING,
    DOES_NOT_TRAIN,
    EQUIVALENT,
    FAILS_ONLY,
    FAILS_REST_OPEN,
    HOLDS_ONLY,
    HOLDS_REST_OPEN,
    NO_VERDICT_YET,
    NOT_TESTABLE,
    REFUTED,
    SCALED_DOWN,
    SUPPORTED,
    TRAINS,
    UNDETERMINED,
    Finding,
    Planned,
    Scale,
    network_of,
    seeds_in_words,
)
from benchmark.claims.judge import Judged
from benchmark.errors import BadInput
from benchmark.records.metrics import METRICS
from benchmark.report.scale import levels_in_words, scale_in_words
from benchmark.report.wording import listed

QUESTION = "beats-resnet"  # the claim that the title asks about
FIXED = "bregnet-shallower"  # the claim whose scaled-down test compares the fixed shortcut with identity
SHORT = {  # {} is replaced by the conditions that the verdict names
    SUPPORTED: "yes",
    TRAINS: "yes",
    REFUTED: "no",
    DOES_NOT_TRAIN: "no",
    EQUIVALENT: "no, and no worse either",
    CONDITIONAL: "it depends on the condition",
    HOLDS_ONLY: "only under {}",
    FAILS_ONLY: "no, worse under {} and equivalent else",
    HOLDS_REST_OPEN: "under {} yes, else open",
    FAILS_REST_OPEN: "not under {}, else open",
    UNDETERMINED: "not established",
}
UNDER = {
    SUPPORTED: "beats identity",
    REFUTED: "is beaten by identity",
    EQUIVALENT: "is equivalent to identity",
    TRAINS: "trains where identity diverges",
    DOES_NOT_TRAIN: "diverges where identity trains",
    UNDETERMINED: "is not told from identity",
    NO_VERDICT_YET: "has no verdict yet",
    NOT_TESTABLE: "can not be tested",
}


@dataclass(frozen=True)
class Answer:
    """The answer and the evidence behind it.

    Attributes:
        kind: `DECIDING` or `SCALED_DOWN`; None if there is no evidence of either kind yet.
        verdict: of the claim, by this evidence; `NO_VERDICT_YET` without evidence.
        scale: of the networks behind it; None without evidence.
        missing: planned runs without a record: those of the deciding test and, if `kind` is None, those of the study.
        made, planned: how many runs of the first part of the study have a record, and how many are planned.
        sentence: the answer as shown in one piece.
        short, scale_words, lacking: the same in parts: the answer, the size of the networks behind it, what is missing; each
            without a full stop, "" if there is nothing to say.
    """

    kind: str | None
    verdict: str
    scale: Scale | None
    missing: Sequence[Planned]
    made: int
    planned: int
    sentence: str
    short: str
    scale_words: str
    lacking: str


def answer(judged: Sequence[Judged]) -> Answer:
    """The answer that follows from the judged claims.

    Raises:
        BadInput: the claim of the title is missing, or has no scaled-down test.
    """
    of = {each.claim.id: each for each in judged}
    if QUESTION not in of or not of[QUESTION].scaled_down:
        raise BadInput("ledger", f"no {QUESTION} with a scaled-down test", "the claim that the title asks about")
    question = of[QUESTION]
    small = {"adaptive": question.scaled_down[0]}
    if FIXED in of and (fixed := next((f for f in of[FIXED].scaled_down if f.parts), None)):
        small["fixed"] = fixed
    study = tuple(dict.fromkeys(run for finding in small.values() for run in finding.planned))
    planned, lacking = sum(run.seeds for run in study), [run for run in study if run.missing]
    made = planned - sum(len(run.missing) for run in lacking)
    large = question.finding.planned
    full = _at_full_size(large)

    def says(kind: str | None, finding: Finding | None, words: str, *parts: str) -> Answer:
        verdict, scale = (finding.verdict, finding.scale) if finding else (NO_VERDICT_YET, None)
        missing = tuple(run for run in ((*study, *large) if kind is None else large) if run.missing)
        return Answer(kind, verdict, scale, missing, made, planned, f"{words}.", *parts)

    paper, data = _paper(of, question.finding.scale), question.claim.test.parameters["needs"]
    if _whole(question.finding) and question.finding.verdict not in (NO_VERDICT_YET, NOT_TESTABLE):
        short = f"At the paper's size, {_told({'adaptive': question.finding})}"
        size = f"{data}, {scale_in_words(question.finding.scale)}; the paper's own is {paper}"
        return says(DECIDING, question.finding, f"{short}: {size}; {_lacking(large)}", short, size, _lacking(large))
    if planned and not lacking and question.scaled_down[0].verdict not in (NO_VERDICT_YET, NOT_TESTABLE):
        short = f"Scaled down, {_told(small)}"
        size = f"{data}, {scale_in_words(small['adaptive'].scale)}, where the paper's own is {paper}"
        return says(SCALED_DOWN, small["adaptive"], f"{short}: {size}; {full}", short, size, full)
    words = f"No answer yet: {made} of the {planned} runs that test it scaled down are there"
    size = f"{data}, {scale_in_words(scale)}, where the paper's own is {paper}" if (scale := small["adaptive"].scale) else ""
    by_seeds: dict[tuple[int, ...], list[str]] = {}
    for run in lacking:
        by_seeds.setdefault(run.missing, []).append(run.cell)
    missing = "; ".join(f"{seeds_in_words(own)} of {listed(cells)}" for own, cells in by_seeds.items())
    sentence = words + (f" ({size})" if size else "") + (f"; missing: {missing}" if missing else "")
    return says(None, None, f"{sentence}; {full}", f"{words}; {full}", size, missing)


def _told(findings: Mapping[str, Finding]) -> str:
    """The short answer from the first finding, then what each shortcut does under each condition."""
    first = next(iter(findings.values()))
    return f"{SHORT[first.verdict].format(first.detail)}: " + "; ".join(
        f"the {name} bounded shortcut {_does(finding)}" for name, finding in findings.items()
    )


def _does(finding: Finding) -> str:
    parts = finding.parts or {"": finding}
    return listed(
        [UNDER[each.verdict] + (f" under {name}" if name else "") + _figures(each) for name, each in parts.items()]
    )


def _all_there(finding: Finding) -> bool:
    return bool(finding.planned) and not any(run.missing for run in finding.planned)


def _whole(finding: Finding) -> bool:
    """Whether at least one condition has all its planned runs."""
    return any(map(_all_there, (finding.parts or {"": finding}).values()))


def _figures(finding: Finding) -> str:
    figures = [levels_in_words(finding.scale)] if finding.scale and finding.scale.levels else []
    for run in finding.planned if _all_there(finding) else ():  # diverged runs, which are in no mean
        lost = sum(record.diverged for record in finding.records if record.cell == run.cell)
        figures += [f"{run.cell} diverged {lost} of {run.seeds}"] if lost else []
    if finding.measured is not None:
        figures += [shown(finding.measured, finding.unit, signed=True), f"{finding.measured.n} seeds"]
    return f" ({', '.join(filter(None, [*figures, finding.detail]))})" if figures or finding.detail else ""


def _paper(of: Mapping[str, Judged], scale: Scale | None) -> str:
    """The paper's network in words: its claimed numbers, and the input size of the deciding test."""
    facts = ["BReG-NeXt-50"]
    if "params" in of:
        facts.append(f"{of['params'].claim.value} parameters")
    if scale and scale.input_size:
        facts.append(f"{scale.input_size}x{scale.input_size} pixels")
    if "acc-fer2013" in of:
        facts.append(f"{of['acc-fer2013'].claim.value} {METRICS['accuracy'].title.lower()} claimed")
    return ", ".join(facts)


def _at_full_size(runs: Sequence[Planned]) -> str:
    return f"at the paper's size {_lacking(runs)}" if runs else "at the paper's size nothing can be run here"


def _lacking(runs: Sequence[Planned]) -> str:
    """How many planned runs are missing, of which networks and under which protocol, in words."""
    many, planned = sum(len(run.missing) for run in runs), sum(run.seeds for run in runs)
    if not many:
        return f"all {planned} planned runs are there"
    how = f"all {many}" if many == planned else f"{many} of {planned}"
    return f"{how} runs planned for it, of {network_of([run.cell for run in runs])} under {runs[0].protocol}, are missing"
