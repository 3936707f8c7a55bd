"""The rules about counts of parameters and FLOPs. They read complexity.json; the counts are exact and need no run."""

from collections.abc import Callable, Mapping

from benchmark.claims.finding import EXCEEDED, NOT_REPRODUCED, REPRODUCED, Finding
from benchmark.claims.ledger import Ledger
from benchmark.files import Json
from benchmark.records.intervals import Interval

# Quantity -> function that reads its number from an entry of complexity.json.
QUANTITIES: dict[str, Callable[[Mapping[str, Json]], int]] = {
    "parameters": lambda entry: entry["parameters"]["trainable"],
    "flops": lambda entry: entry["flops"],
}
WORDS = {"parameters": "parameters", "flops": "FLOPs"}


def complexity_value(ledger: Ledger, *, protocol: str, cell: str, quantity: str, value: float, precision: float) -> Finding:
    """Compare a paper's number with the counted one. It is reproduced if both are equal after rounding to `precision`, the
    precision printed in the paper."""
    count = _counts(ledger.network(protocol, cell))[quantity]
    if round(count / precision) == round(value / precision):
        verdict = REPRODUCED
    else:
        verdict = EXCEEDED if count < value else NOT_REPRODUCED
    reason = f"{count:,} {WORDS[quantity]} counted ({protocol} / {cell}), paper {value:,.0f}: {count / value:,.3g} times"
    return Finding(verdict, reason, Interval(float(count), None, None, 1), "count")


def dearer_in(ledger: Ledger, protocol: str, a: str, b: str) -> tuple[list[str], str]:
    """(quantities in which network a is not smaller than network b, the counts of both networks in words).

    Raises:
        Undecided: complexity.json lacks one of the networks.
    """
    of_a, of_b = (_counts(ledger.network(protocol, cell)) for cell in (a, b))
    dearer = [WORDS[name] for name in of_a if of_a[name] >= of_b[name]]
    parts = (f"{WORDS[k]} {of_a[k]:,} against {of_b[k]:,} ({of_a[k] / of_b[k]:.2g} times)" for k in of_a)
    return dearer, "; ".join(parts)


def _counts(entry: Mapping[str, Json]) -> dict[str, int]:
    return {name: count(entry) for name, count in QUANTITIES.items()}
