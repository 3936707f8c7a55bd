"""Numbers as text, once."""

from collections.abc import Callable

from benchmark.records.statistics import Difference, Interval


def number(value: float, unit: str, signed: bool = False) -> str:
    """A metric's value as shown: percent (stored as a fraction) with two decimals, others with three."""
    shown = round(100 * value, 2) if unit == "%" else round(value, 3)
    return f"{shown + 0.0:{'+' if signed else ''}.{2 if unit == '%' else 3}f}"


def bracketed(interval: Interval | Difference, show: Callable[[float], str]) -> str:
    """ "mean [low, high]"; the bare mean of one seed; "mean (no spread)" for seeds that agree to the last digit."""
    if interval.low is None or interval.high is None:
        return show(interval.mean) + (" (no spread)" if interval.n > 1 else "")
    return f"{show(interval.mean)} [{show(interval.low)}, {show(interval.high)}]"
