"""Shows the progress of long work: on a terminal a bar with rate and time left, and one line per result everywhere."""

import sys
from typing import Protocol, Self


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


def bar(*, total: int, desc: str, unit: str, initial: int = 0, position: int = 0) -> Bar:
    """A tqdm bar on standard error. It shows nothing if that is not a terminal or tqdm is not installed."""
    try:
        from tqdm import tqdm  # here, so that the training code can be imported without tqdm
    except ModuleNotFoundError:
        return Silent()

    shown: Bar = tqdm(
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
