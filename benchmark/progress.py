"""How long work shows itself: a bar with rate and time left on a terminal, one line a result elsewhere."""

import sys
from typing import Protocol, Self


class Bar(Protocol):
    """What is used of a tqdm bar."""

    def __enter__(self) -> Self:
        """The bar itself."""

    def __exit__(self, *error: object) -> None:
        """Closes the bar."""

    def update(self, n: int = 1) -> object:
        """`n` steps more are done."""

    def set_postfix_str(self, text: str) -> None:
        """Show `text` behind the bar."""


class Silent:
    """What stands in for a bar where tqdm is not installed (a bare machine that only trains)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to close."""

    def update(self, n: int = 1) -> None:
        """As of tqdm."""

    def set_postfix_str(self, text: str) -> None:
        """As of tqdm."""


def bar(*, total: int, desc: str, unit: str, initial: int = 0, position: int = 0) -> Bar:
    """A tqdm bar on standard error, silent when that is not a terminal or tqdm is not installed."""
    try:
        from tqdm import tqdm  # not needed to import the training path
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
    """One line on standard output that does not tear a bar."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        print(text, flush=True)
        return

    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()
