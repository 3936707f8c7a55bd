"""How a verdict is marked."""

from typing import NamedTuple

from benchmark.claims.finding import (
    COMPATIBLE,
    CONDITIONAL,
    DOES_NOT_TRAIN,
    EQUIVALENT,
    EXCEEDED,
    FAILS_ONLY,
    FAILS_REST_OPEN,
    HOLDS_ONLY,
    HOLDS_REST_OPEN,
    NO_DIFFERENCE,
    NO_VERDICT,
    NO_VERDICT_YET,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REFUTED,
    REPRODUCED,
    SUPPORTED,
    TRAINS,
    UNDETERMINED,
)


class Look(NamedTuple):
    """How a verdict is marked: by a sign, which can be read without colour, and by a kind, which has a colour."""

    sign: str
    kind: str


LOOKS = {
    REPRODUCED: Look("✓", "good"),
    COMPATIBLE: Look("≈", "flat"),
    EXCEEDED: Look("▲", "good"),
    SUPPORTED: Look("✓", "good"),
    TRAINS: Look("✓", "good"),
    HOLDS_ONLY: Look("✓", "flat"),
    HOLDS_REST_OPEN: Look("✓", "open"),
    CONDITIONAL: Look("±", "flat"),
    NOT_REPRODUCED: Look("≠", "bad"),
    REFUTED: Look("✕", "bad"),
    DOES_NOT_TRAIN: Look("✕", "bad"),
    FAILS_ONLY: Look("✕", "flat"),
    FAILS_REST_OPEN: Look("✕", "open"),
    EQUIVALENT: Look("≈", "flat"),
    NO_DIFFERENCE: Look("≈", "flat"),
    UNDETERMINED: Look("?", "open"),
    NO_VERDICT_YET: Look("…", "open"),
    NOT_TESTABLE: Look("\N{EN DASH}", "shut"),
    NO_VERDICT: Look("·", "flat"),
}
