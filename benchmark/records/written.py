"""The one place where metrics and intervals are turned into text."""

from collections.abc import Callable

from benchmark.records.intervals import Interval
from benchmark.records.metrics import ANY, Range
from benchmark.records.statistics import Difference

CUT = "\N{DAGGER}"  # the mark of an end of an interval that is shown only as far as is possible


def number(value: float, unit: str, signed: bool = False) -> str:
    """A metric's value as text. Unit "%": a fraction shown in percent with two decimals. Other units: three decimals."""
    shown = round(100 * value, 2) if unit == "%" else round(value, 3)
    return f"{shown + 0.0:{'+' if signed else ''}.{2 if unit == '%' else 3}f}"


def bracketed(interval: Interval | Difference, show: Callable[[float], str], within: Range = ANY) -> str:
    """ "mean [low, high]"; for a single seed only the mean; "mean (no spread)" if all seeds have the same value.

    Args:
        within: the lowest and the highest value that there can be. An end beyond them is shown as that value, with the
            mark `CUT`. The mean is shown as it is.
    """
    if interval.low is None or interval.high is None:
        return show(interval.mean) + (" (no spread)" if interval.n > 1 else "")
    (lowest, highest), low, high = within, show(interval.low), show(interval.high)
    # An end that is shown as the limit itself, to the digits of a table, needs no mark.
    if lowest is not None and interval.low < lowest and low != show(lowest):
        low = show(lowest) + CUT
    if highest is not None and interval.high > highest and high != show(highest):
        high = show(highest) + CUT
    return f"{show(interval.mean)} [{low}, {high}]"
