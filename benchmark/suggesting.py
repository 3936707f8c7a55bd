"""What a message says of a name that is not known: those that are like it, and where all are listed."""

import difflib
from collections.abc import Iterable

from benchmark.errors import BadInput

MOST = 10  # names that a message lists
LIKE, PART, APART = 0.6, 0.8, 0.1  # likeness from which on a name is suggested; of a part; of the last to the first


def near(name: object, known: Iterable[str], most: int = 3) -> list[str]:
    """The names in `known` that may be meant by `name`, the likeliest first: those that differ in few letters, apart from
    capitals, and those of which it is a part. Empty if there are none."""
    given = str(name).lower()
    scores = {each: _likeness(given, each.lower()) for each in known}
    best = max(scores.values(), default=0.0)
    found = [each for each, score in scores.items() if score >= max(LIKE, best - APART)]
    return sorted(found, key=lambda each: (-scores[each], not each.lower().startswith(given)))[:most]


def _likeness(given: str, known: str) -> float:
    part = len(given) > 2 and given in known
    matcher = difflib.SequenceMatcher(None, given, known, autojunk=False)
    if not part and matcher.real_quick_ratio() < LIKE:
        return 0.0
    return max(PART * part, matcher.ratio())


def one_of(name: object, known: Iterable[str], listed_by: str = "", further: str = "") -> str:
    """What was expected in the place of `name`, for a BadInput: all names if they are few, else where they are listed; then
    those that may be meant.

    Args:
        listed_by: the command that lists all; without one, the first `MOST` are named.
        further: what is possible too, such as ", or a file".
    """
    names = list(known)
    if not names:
        text = "nothing: there is none"
    elif len(names) <= MOST:
        text = f"one of {', '.join(names)}"
    elif listed_by:
        text = f"one of the {len(names)} that `{listed_by}` lists"
    else:
        text = f"one of {', '.join(names[:MOST])} and {len(names) - MOST} more"
    meant = near(name, names)
    return text + further + (f"; did you mean {_either(meant)}?" if meant else "")


def unknown(where: object, name: object, known: Iterable[str], listed_by: str = "", further: str = "") -> BadInput:
    """The error about a name that is not in `known`; see `one_of`."""
    return BadInput(where, f"'{name}'", one_of(name, known, listed_by, further))


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
