"""The figure of the shortcut functions."""

import numpy as np
from matplotlib.figure import Figure

from benchmark.report.style import BLUE, GREEN, ORANGE, PURPLE, SHORTCUT_COLOURS, VERMILION, fixed_panels, spread


def bounded(x: np.ndarray, a: float, c: float) -> tuple[np.ndarray, np.ndarray]:
    """The bounded shortcut atan(a x / s) / (a s), s = sqrt(1 + c^2), and its slope 1 / (1 + c^2 + a^2 x^2)."""
    s = np.sqrt(1 + c**2)
    return np.arctan(a * x / s) / (a * s), 1 / (1 + c**2 + (a * x) ** 2)


def shortcut_functions() -> Figure:
    """The shortcut functions and their slopes, computed from their formulas."""
    x = np.linspace(-6, 6, 481)
    lines = [("identity", SHORTCUT_COLOURS["identity"], "-", x, np.ones_like(x))]
    for a, c, name, colour, style in (
        (1.0, 1.0, "fixed: a = c = 1", VERMILION, "-"),
        (0.5, 1.0, "a = 0.5, c = 1", BLUE, "-"),
        (2.0, 1.0, "a = 2, c = 1", GREEN, "-"),
        (1.0, 0.0, "a = 1, c = 0", PURPLE, "--"),
        (1.0, 2.0, "a = 1, c = 2", ORANGE, "--"),
    ):
        lines.append((name, colour, style, *bounded(x, a, c)))
    figure, (functions, slopes) = fixed_panels(2, 2, (3.8, 3.1), left=0.25, bottom=0.25, top=0.4, right=1.15)
    for _, colour, style, function, slope in lines:
        functions.plot(x, function, style, color=colour, linewidth=1.8)
        slopes.plot(x, slope, style, color=colour, linewidth=1.8)
    functions.set(xlim=(-6, 6), ylim=(-2.2, 2.2), xlabel="x", title="shortcut H(x)")
    slopes.set(xlim=(-6, 6), ylim=(0, 1.08), xlabel="x", title="slope H'(x)")
    functions.text(1.7, 1.9, lines[0][0], ha="right", fontsize=9)
    bounded_lines = lines[1:]
    heights = spread([function[-1] for *_, function, _ in bounded_lines], 0.21)
    for (name, colour, *_), height in zip(bounded_lines, heights, strict=True):
        functions.text(6.2, height, name, color=colour, va="center", fontsize=9)
    return figure


def described() -> str:
    """The figure of the shortcut functions in words."""
    bound = np.pi / (2 * np.sqrt(2))
    return (
        f"Identity passes every signal with slope 1. The fixed shortcut, a = c = 1, stays within -{bound:.2f} and "
        f"{bound:.2f}, and its slope is {bounded(np.zeros(1), 1, 1)[1][0]:.2f} at most; a sets the bound, c the slope at 0."
    )
