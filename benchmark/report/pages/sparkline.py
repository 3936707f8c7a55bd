"""Sparkline: a small curve of about the size of a word."""

import html
from collections.abc import Sequence

from benchmark.errors import visible

WIDTH, HEIGHT, MARGIN = 120, 24, 3


def sparkline(values: Sequence[float], words: str, marked: int | None = None) -> str:
    """An <svg> with a curve of two or more values, scaled to fill it.

    Args:
        words: what it shows, for screen readers.
        marked: index of a value that is marked by a dot, or None.
    """
    low, high = min(values), max(values)
    across, up = (WIDTH - 2 * MARGIN) / (len(values) - 1), (HEIGHT - 2 * MARGIN) / ((high - low) or 1)
    points = [(MARGIN + across * at, HEIGHT - MARGIN - up * (value - low)) for at, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dot = "" if marked is None else '<circle cx="{:.1f}" cy="{:.1f}" r="2.5"/>'.format(*points[marked])
    return (
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(visible(words))}">'
        f'<polyline points="{line}"/>{dot}</svg>'
    )
