"""Sentences for the pages, made from records and verdicts: what the records show and what they can not show."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from benchmark.claims.claim import INFERRED
from benchmark.claims.finding import ALPHA, JUDGING, MINIMUM_SEEDS, NO_VERDICT_YET, NOT_TESTABLE, UNDETERMINED
from benchmark.claims.judge import Judged
from benchmark.faces.card import card
from benchmark.records.comparisons import Comparison, Summary
from benchmark.report.tables import Entry, Table
from benchmark.report.wording import count, listed, numeral, sentence


def verdict_sentences(judged: Sequence[Judged]) -> list[str]:
    """Sentences on how many claims are decided and by what, which of them no paper prints, and what the others wait for."""
    waiting, undetermined, shut = (
        [each for each in judged if each.finding.verdict == word] for word in (NO_VERDICT_YET, UNDETERMINED, NOT_TESTABLE)
    )
    decided = [each for each in judged if each.finding.verdict not in (NO_VERDICT_YET, UNDETERMINED, NOT_TESTABLE)]
    words = f"{count(len(decided), 'claim')} of {len(judged)} {_is(decided)} decided"
    if decided:
        found = Counter(each.finding.verdict for each in decided)
        by = Counter(_basis(each) for each in decided)
        words += f": {listed([f'{numeral(n)} {verdict}' for verdict, n in found.items()])}"
        words += f" ({listed([f'{numeral(n)} {basis}' for basis, n in by.items()])})"
    text = [sentence(words)]
    if inferred := [each for each in judged if each.claim.mark == INFERRED]:
        names = listed([f"{each.claim.id} ({each.finding.verdict})" for each in inferred])
        text.append(sentence(f"{count(len(inferred), 'claim')} {_is(inferred)} inferred and printed in no paper: {names}"))
    if waiting:
        wanted = sorted({run.protocol for each in waiting for run in each.finding.planned if run.missing})
        where = f" under {listed(wanted)}" if wanted else ""
        verb = "waits" if len(waiting) == 1 else "wait"
        text.append(sentence(f"{count(len(waiting), 'claim')} {verb} for planned runs{where}"))
    if undetermined:
        text.append(
            sentence(f"{count(len(undetermined), 'claim')} {_is(undetermined)} undetermined by what has been measured")
        )
    if shut:
        text.append(sentence(f"{count(len(shut), 'claim')} can not be tested with the data and records that are here"))
    return text


def _basis(each: Judged) -> str:
    """What kind of evidence decided this claim."""
    if each.claim.test.rule.startswith("gradient"):
        return "by measured gradients"
    return "by training runs" if each.finding.records else "by counting"


def run_sentences(summary: Summary) -> list[str]:
    """Sentences on how many runs there are, of what kind, and what follows from that."""
    suite = summary.of_suite
    runs = sum(len(own) for c in suite for own in c.runs.values())
    cells = sum(len(c.runs) for c in suite)
    where = listed([f"{c.slug} ({_extent(c)})" for c in suite]) if suite else "none under a protocol of the suite"
    text = [sentence(f"{count(runs, 'training run')} of {count(cells, 'cell')} (networks with options and loss): {where}")]
    names = dict.fromkeys(c.data["name"] for c in suite)
    text += [sentence(limits) for name in names if (limits := card(name).limits)]
    if others := [f"{c.slug} ({_extent(c)})" for c in summary.comparisons if c.own]:
        text.append(
            sentence(f"besides, under protocols that the suite does not have, evidence for no claim: {listed(others)}")
        )
    few = [c.slug for c in suite if max(c.finished(label) for label in c.runs) < MINIMUM_SEEDS]
    if few:
        needed = f"the {numeral(MINIMUM_SEEDS)} seeds that a verdict needs at least"
        text.append(sentence(f"no network under {listed(few)} has {needed}; one seed has no interval"))
    lost = sum(c.diverged(label) for c in suite for label in c.runs)
    if lost:
        text.append(sentence(f"{count(lost, 'run')} diverged, which is a result of its own and in no mean"))
    return text


def shortcut_sentences(tables: Mapping[str, Table], judged: Sequence[Judged]) -> list[str]:
    """Sentences that summarise the tables of bounded shortcuts against identity; empty if no table has a test over seeds.

    Args:
        tables: protocol -> its table, made by `grid.shortcuts`.
        judged: the claims. A protocol under which no claim is judged is named as evidence for no claim.
    """
    tested = {
        slug: [row for row in table.rows if "holm" in row and "p" in row["holm"].numbers] for slug, table in tables.items()
    }
    tested = {slug: rows for slug, rows in tested.items() if rows}
    if not tested:
        return []
    outcomes = []
    for word, sign in (("better", 1), ("worse", -1)):
        found = {slug: sum(_differs(row, sign) for row in rows) for slug, rows in tested.items()}
        if any(found.values()):
            outcomes.append(f"{word}: {listed([f'{numeral(n)} under {slug}' for slug, n in found.items() if n])}")
    many = count(sum(map(len, tested.values())), "comparison")
    where = listed([f"{numeral(len(rows))} under {slug}" for slug, rows in tested.items()])
    outcome = "; ".join(outcomes) or "no difference is significant"
    after = "after Holm within each protocol" if len(tested) > 1 else "after Holm"
    words = f"{many} over seeds of a bounded shortcut with identity, all else equal: {where}; {after} {outcome}"
    if not (aside := without_claim(tested, judged)):
        return [sentence(words)]
    return [sentence(words), sentence(f"comparisons under {listed(aside)} are evidence for no claim")]


def without_claim(slugs: Iterable[str], judged: Sequence[Judged]) -> list[str]:
    """Those of the protocols under which no claim is judged."""
    tests = [test for each in judged for role in JUDGING for test, _ in each.of(role)]
    judging = {one.parameters.get("protocol") for test in tests for one in test.conditions.values() or (test,)}
    return [slug for slug in slugs if slug not in judging]


def _differs(row: Mapping[str, Entry], sign: int) -> bool:
    return row["holm"].numbers["p"] < ALPHA and sign * row["difference"].numbers["mean"] > 0


def _extent(comparison: Comparison) -> str:
    seeds = [len(runs) for runs in comparison.runs.values()]
    many = f"{seeds[0]}" if len(set(seeds)) == 1 else f"{min(seeds)} to {max(seeds)}"
    images = "" if comparison.targets is None else f", {len(comparison.targets):,} test faces"
    return f"{len(seeds)} x {many} {'seed' if seeds == [1] * len(seeds) else 'seeds'}{images}"


def _is(things: Sequence) -> str:
    return "is" if len(things) == 1 else "are"
