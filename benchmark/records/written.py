"""The one place where metrics and intervals are turned into text."""

from collections.abc import Callable

from benchmark.records.intervals import Interval
from benchmark.records.statistics import Difference


def number(value: float, unit: str, signed: bool = False) -> str:
    """A metric's value as text. Unit "%": a fraction shown in percent with two decimals. Other units: three decimals."""
    shown = round(100 * value, 2) if unit == "%" else round(value, 3)
    return f"{shown + 0.0:{'+' if signed else ''}.{2 if unit == '%' else 3}f}"


def bracketed(interval: Interval | Difference, show: Callable[[float], str]) -> str:
    """ "mean [low, high]"; for a single seed only the mean; "mean (no spread)" if all seeds have the same value."""
    if interval.low is None or interval.high is None:
        return show(interval.mean) + (" (no spread)" if interval.n > 1 else "")
    return f"{show(interval.mean)} [{show(interval.low)}, {show(interval.high)}]"
