"""provisional"""

from typing import NamedTuple


class Compact(NamedTuple):
    verdict: str
    sentence: str
    claimed: str
    found: str


def compact(judged):
    return Compact(judged.finding.verdict, judged.claim.sentence, judged.claim.value, judged.finding.shown)


def would_change(judged):
    return []
