"""How long work shows itself: a bar with rate and time left on a terminal, one line a result elsewhere."""

import sys


def bar(*, total: int, desc: str, unit: str, initial: int = 0, position: int = 0):
    """A tqdm bar on standard error, silent when that is not a terminal."""
    from tqdm import tqdm  # not needed to import the training path

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
    """One line on standard output that does not tear a bar."""
    from tqdm import tqdm

    tqdm.write(text, file=sys.stdout)
    sys.stdout.flush()
