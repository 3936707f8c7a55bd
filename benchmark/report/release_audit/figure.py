"""Figure of the recovered shortcut scalars, and of the shortcut slopes that they give."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from benchmark.report.style import BLUE, GREY, ORANGE, PALE, SHORTCUT_COLOURS, fixed_panels


def coefficients_figure(coefficients: Sequence[tuple[float, float]], down_sampling: Sequence[int]) -> Figure:
    """Left: a and c of each unit. Right: the slope H'(x) = 1 / (1 + c^2 + a^2 x^2) of every unit, for a = c = 1, and for
    identity.

    Args:
        coefficients: (a, c) of each unit in order.
        down_sampling: numbers of the down-sampling units, from 1.
    """
    a, c = np.array(coefficients, float).T
    number = np.arange(1, len(a) + 1)
    figure, (scalars, slopes) = fixed_panels(2, 2, (4.0, 3.0), left=0.35, bottom=0.5, top=0.4, right=0.3)
    scalars.vlines(down_sampling, 0, 1, transform=scalars.get_xaxis_transform(), color=PALE, linewidth=6)
    scalars.axhline(1, color=GREY, linewidth=1, linestyle="--")
    scalars.plot(number, a, "o", color=BLUE, markersize=5, label="a")
    scalars.plot(number, c, "s", color=ORANGE, markersize=5, label="c")
    scalars.set(xlabel="unit, from the input (grey: down-sampling)", title="trained scalars; dashed: their start, 1")
    scalars.set_xticks([1, *range(4, len(a) + 1, 4)])
    scalars.legend(loc="lower left", ncols=2, handletextpad=0.1)

    x = np.linspace(-4, 4, 321)
    slopes.axhline(1, color=SHORTCUT_COLOURS["identity"], linewidth=1.8, label="identity")
    for own_a, own_c in zip(a, c, strict=True):
        (line,) = slopes.plot(x, 1 / (1 + own_c**2 + (own_a * x) ** 2), color=BLUE, linewidth=1.2, alpha=0.5)
    line.set_label(f"the {len(a)} units as trained")
    slopes.plot(x, 1 / (2 + x**2), "--", color=SHORTCUT_COLOURS["fixed"], linewidth=1.8, label="fixed, a = c = 1")
    slopes.set(xlim=(-4, 4), ylim=(0, 1.08), xlabel="x", title="slope H'(x) of the shortcut")
    slopes.legend(loc="upper right", bbox_to_anchor=(1, 0.93))
    return figure
