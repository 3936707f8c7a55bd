"""The rules of the claim ledger that count: what complexity.json says, exactly and without a run."""

from collections.abc import Callable, Mapping

from benchmark.claims.finding import EXCEEDED, NOT_REPRODUCED, REPRODUCED, Finding
from benchmark.claims.ledger import Ledger
from benchmark.files import Json
from benchmark.records.statistics import Interval

# Quantity -> the number, from an entry of complexity.json.
QUANTITIES: dict[str, Callable[[Mapping[str, Json]], int]] = {
    "parameters": lambda entry: entry["parameters"]["trainable"],
    "flops": lambda entry: entry["flops"],
}
WORDS = {"parameters": "parameters", "flops": "FLOPs"}


def complexity_value(ledger: Ledger, *, protocol: str, cell: str, quantity: str, value: float, precision: float) -> Finding:
    """A paper's count against the counted one; it holds if that rounds to it at the precision printed."""
    count = _counts(ledger.network(protocol, cell))[quantity]
    if round(count / precision) == round(value / precision):
        verdict = REPRODUCED
    else:
        verdict = EXCEEDED if count < value else NOT_REPRODUCED
    reason = f"{count:,} {WORDS[quantity]} counted ({protocol} / {cell}), paper {value:,.0f}: {count / value:,.3g} times"
    return Finding(verdict, reason, Interval(float(count), None, None, 1), "count")


def dearer_in(ledger: Ledger, protocol: str, a: str, b: str) -> tuple[list[str], str]:
    """In which quantities network a does not stay below network b, and both networks' counts in words.

    Raises:
        Undecided: one of them was not counted.
    """
    of_a, of_b = (_counts(ledger.network(protocol, cell)) for cell in (a, b))
    dearer = [WORDS[name] for name in of_a if of_a[name] >= of_b[name]]
    parts = (f"{WORDS[k]} {of_a[k]:,} against {of_b[k]:,} ({of_a[k] / of_b[k]:.2g} times)" for k in of_a)
    return dearer, "; ".join(parts)


def _counts(entry: Mapping[str, Json]) -> dict[str, int]:
    return {name: count(entry) for name, count in QUANTITIES.items()}
