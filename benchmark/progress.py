"""Shows the progress of long work: a bar with rate and time left on a terminal, now and then a line elsewhere, such as in a
log; and one line per result everywhere."""

import sys
import time
from typing import Protocol, Self

FIRST, EVERY = 15.0, 60.0  # seconds before the first line, and between two


class Bar(Protocol):
    """The part of a tqdm bar that is used here."""

    def __enter__(self) -> Self:
        """The bar itself."""

    def __exit__(self, *error: object) -> None:
        """Close the bar."""

    def update(self, n: int = 1) -> object:
        """Advance by `n` steps."""

    def set_postfix_str(self, text: str) -> None:
        """Show `text` after the bar."""


class Silent:
    """Used in place of a bar if tqdm is not installed (on a machine that only trains)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Do nothing: there is no bar to close."""

    def update(self, n: int = 1) -> None:
        """Like tqdm's method; does nothing."""

    def set_postfix_str(self, text: str) -> None:
        """Like tqdm's method; does nothing."""


class Lines(Silent):
    """Used in place of a bar where there is no terminal: a line on standard error after `FIRST` seconds, then at most one in
    `EVERY` seconds. Arguments as of `bar`."""

    def __init__(self, total: int, desc: str, unit: str, initial: int):
        self._total, self._desc, self._unit, self._initial, self._done = total, desc, unit, initial, initial
        self._began = time.perf_counter()
        self._next = self._began + FIRST

    def update(self, n: int = 1) -> None:
        """Advance by `n` steps; perhaps say how far it is."""
        from tqdm import tqdm

        self._done += n
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + EVERY
            given = {"prefix": self._desc, "unit": self._unit, "unit_scale": True, "initial": self._initial}
            form = "{desc}: {percentage:.0f} %, {rate_fmt}, {remaining} left"
            line = tqdm.format_meter(self._done, self._total, now - self._began, bar_format=form, **given)
            print(line, file=sys.stderr, flush=True)


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, which draws a bar from what is written on standard error."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def bar(*, total: int, desc: str, unit: str, initial: int = 0, position: int = 0) -> Bar:
    """A tqdm bar on standard error; `Lines` if that is not a terminal, nothing if tqdm is not installed."""
    try:
        from tqdm import tqdm  # here, so that the training code can be imported without tqdm
    except ModuleNotFoundError:
        return Silent()

    if not sys.stderr.isatty() and not in_notebook():
        return Lines(total, desc, unit, initial)
    shown: Bar = tqdm(
        total=total,
        initial=initial,
        position=position,
        desc=desc,
        unit=unit,
        unit_scale=True,
        dynamic_ncols=True,
        leave=False,
    )
    return shown


def say(text: str) -> None:
    """Print one line on standard output without breaking a bar."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        print(text, flush=True)
        return

    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()
