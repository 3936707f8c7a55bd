"""The results of examined records as a table of text: one row for the runs of a cell, or for a record where something
failed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from benchmark.records.examine import CHECKS, FAILED, NOT_CHECKED, PASSED, READ, Examined

COLUMNS = (READ, *CHECKS)


def lines(examined: Sequence[Examined]) -> list[str]:
    """The table; below it one line per failed check, and one per reason why a check was not made, with the number of
    records."""
    told = padded([["record", *COLUMNS], *_rows(examined)])
    told += [f"{each.place}: {name} FAILED: {result.why}" for each in examined for name, result in each.failures.items()]
    for name in COLUMNS:
        results = [each.results[name] for each in examined if not each.failures]
        told += [f"{name} not checked: {line}" for line in reasons([r.why for r in results if r.outcome == NOT_CHECKED])]
    return told


def reasons(whys: Iterable[str]) -> list[str]:
    """Each distinct reason with the number of its records, the most frequent first."""
    return [f"{why} ({_records(count)})" for why, count in Counter(whys).most_common()]


def summary(examined: Sequence[Examined]) -> str:
    """One line: how many records are in order."""
    failed = sum(bool(each.failures) for each in examined)
    skipped = sum(
        any(result.outcome == NOT_CHECKED for result in each.results.values()) for each in examined if not each.failures
    )
    in_order = f"{_records(len(examined) - failed)} in order" + (f" ({skipped} with a check not made)" if skipped else "")
    return f"{in_order}, {failed} with faults"


def padded(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of text as lines with columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _rows(examined: Sequence[Examined]) -> list[list[str]]:
    """Rows in the order of the records; those of one cell without faults share the row of the first."""
    groups: defaultdict[str, list[Examined]] = defaultdict(list)
    for each in examined:
        groups[each.place if each.failures else each.place.rpartition("/")[0]].append(each)
    return [[_name(place, own), *(_outcome(own, column) for column in COLUMNS)] for place, own in groups.items()]


def _name(place: str, own: Sequence[Examined]) -> str:
    if own[0].failures:
        return place
    seeds = " ".join(each.place.rpartition("/")[2].removeprefix("seed") for each in own)
    return f"{place or '.'} seed{'s' * (len(own) > 1)} {seeds}"


def _outcome(own: Sequence[Examined], column: str) -> str:
    outcomes = [each.results[column].outcome for each in own]
    if FAILED in outcomes:
        return FAILED
    skipped = outcomes.count(NOT_CHECKED)
    if not skipped:
        return PASSED
    return NOT_CHECKED if skipped == len(own) else f"{skipped} of {len(own)} {NOT_CHECKED}"


def _records(count: int) -> str:
    return f"{count} record{'s' * (count != 1)}"
