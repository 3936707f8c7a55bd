"""The positions of the features of a face, for a given person and given action units."""

from types import SimpleNamespace

import numpy as np

from benchmark.faces.readers.synthetic.action_units import COLUMN


def pose_features(person: SimpleNamespace, units: np.ndarray) -> SimpleNamespace:
    """Move the features of a resting face by the shown units.

    Args:
        person: parameters of N people as from `canvas.stack`.
        units: float32 (N, 2, units), left and right intensities as from `action_units.sample_units`.

    Returns:
        Lengths in head units, each float32 (N, 1, 1); y points downwards (raising a feature gives a smaller y). Most are for
        the mean of the two sides. These are per side: `corner_left`, `corner_right` (y of the mouth corners relative to the
        middle of the mouth), `width_left`, `width_right` (half widths of the mouth), `dimple_left`, `dimple_right` (strength
        of the dimple).
    """
    au = {number: units[:, :, column].mean(axis=1)[:, None, None] for number, column in COLUMN.items()}
    side = {n: (units[:, 0, COLUMN[n], None, None], units[:, 1, COLUMN[n], None, None]) for n in (12, 14, 15)}
    p, f = person, SimpleNamespace()
    f.au = au

    brow_y = p.eye_y - p.brow_gap
    f.brow_inner_y = brow_y + p.brow_slope - 0.18 * au[1] - 0.03 * au[2] + 0.15 * au[4] + 0.06 * au[9]
    f.brow_middle_y = brow_y - 0.035 - 0.07 * au[1] - 0.16 * au[2] + 0.08 * au[4]
    f.brow_outer_y = brow_y - p.brow_slope + 0.01 - 0.18 * au[2] + 0.02 * au[4] + 0.03 * au[1]
    f.brow_inner_x = p.eye_x - 0.19 - 0.05 * au[4]
    f.brow_outer_x = p.eye_x + 0.21

    # Heights of the lids above and below the line between the corners of the eye; lowered brows also lower the upper lid.
    opened = 1 + 0.95 * au[5] - 0.35 * au[7] - 0.20 * au[6] - 0.15 * au[9]
    f.lid_upper = np.maximum(p.eye_h * opened - 0.012 * au[4], 0.012)
    f.lid_lower = p.eye_h * np.float32(0.62) * (1 + 0.25 * au[5] - 0.60 * au[7] - 0.65 * au[6] - 0.4 * au[9])

    f.nose_y = p.nose_y - 0.06 * au[9] - 0.015 * au[10]
    f.nose_w = p.nose_w * (1 + 0.15 * au[9] + 0.1 * au[10] + 0.06 * au[12])

    f.gap = 0.13 * au[25] + 0.30 * au[26] + 0.03 * au[16] + 0.025 * au[10] * au[25]
    f.jaw_drop = 0.11 * au[26]
    f.mouth_y = p.mouth_y - 0.035 * au[17] - 0.02 * au[12] + 0.02 * au[20] - 0.02 * au[9]
    f.lip_upper = p.lip_upper * (1 - 0.55 * au[23] - 0.75 * au[24] - 0.25 * au[12] - 0.25 * au[20]) + 0.004
    rolled_out = 0.35 * au[16] + 0.2 * au[17] - 0.2 * au[12] - 0.2 * au[20]
    f.lip_lower = p.lip_lower * (1 - 0.55 * au[23] - 0.75 * au[24] + rolled_out) + 0.004
    f.upper_lift = 0.12 * au[10] + 0.08 * au[9] + 0.045 * au[17]  # of the upper lip's middle
    f.lower_drop = 0.045 * au[16]
    f.arch = 0.07 * au[17]  # the chin pushes the line between the lips up in the middle
    width = p.mouth_w - 0.055 * au[23] - 0.02 * au[24] - 0.085 * au[26] - 0.02 * au[17]
    for index, name in enumerate(("left", "right")):
        puller, dimpler, depressor = side[12][index], side[14][index], side[15][index]
        corner = p.rest_corner - 0.20 * puller - 0.10 * dimpler + 0.23 * depressor + 0.05 * au[20]
        setattr(f, f"corner_{name}", corner)
        setattr(f, f"width_{name}", width + 0.11 * puller + 0.05 * dimpler + 0.02 * depressor + 0.085 * au[20])
        setattr(f, f"dimple_{name}", dimpler)
    return f
