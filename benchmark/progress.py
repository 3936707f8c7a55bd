"""Shows the progress of long work: on a terminal a bar with rate and time left, and one line per result everywhere."""

import contextlib
import sys
from typing import Self


class Silent(contextlib.nullcontext):
    """Used in place of a bar if tqdm is not installed (on a machine that only trains)."""

    def __enter__(self) -> Self:
        return self

    def update(self, n: int = 1) -> None:
        """Like tqdm's method; does nothing."""

    def set_postfix_str(self, text: str) -> None:
        """Like tqdm's method; does nothing."""


def bar(*, total: int, desc: str, unit: str, initial: int = 0, position: int = 0):
    """A tqdm bar on standard error. It shows nothing if that is not a terminal or tqdm is not installed."""
    try:
        from tqdm import tqdm  # here, so that the training code can be imported without tqdm
    except ModuleNotFoundError:
        return Silent()

    return tqdm(
        total=total,
        initial=initial,
        position=position,
        desc=desc,
        unit=unit,
        unit_scale=True,
        disable=None,
        dynamic_ncols=True,
        leave=False,
    )


def say(text: str) -> None:
    """Print one line on standard output without breaking a bar."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        print(text, flush=True)
        return

    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()
