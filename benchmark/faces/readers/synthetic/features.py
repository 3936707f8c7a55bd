"""Paints the features that carry expression: wrinkles, nose, mouth, eyes and brows, in the coordinates of a turned head."""

from types import SimpleNamespace

import numpy as np

from benchmark.faces.readers.synthetic.canvas import Canvas, ellipse, segment

WHITE = np.float32(0.93)


def _by_side(u: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.where(u < 0, left, right)


def draw_wrinkles(canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace, f: SimpleNamespace) -> None:
    """Darken the folds caused by action units and age: forehead, frown, root of the nose, nasolabial folds, dimples, crow's
    feet, chin."""
    au, m = f.au, np.abs(u)
    fine, old = np.float32(0.020), p.age * p.age

    shades = []

    forehead = np.zeros_like(u)
    for height in (0.13, 0.24):  # two lines across, parallel to the brow
        line = np.abs(v - (f.brow_middle_y - height + 0.25 * u * u)) - fine * 0.5
        forehead = np.maximum(forehead, canvas.coverage(np.maximum(line, m - 0.36), soft=0.012))
    shades.append(forehead * (0.10 * old + 0.26 * np.maximum(au[1], au[2])))

    frown = segment(m, v, 0.045, f.brow_inner_y - 0.09, 0.055, f.brow_inner_y + 0.05) - fine * 0.6
    shades.append(canvas.coverage(frown, soft=0.012) * np.minimum(0.06 * old + 0.5 * au[4] + 0.15 * au[9], 0.6))

    root = segment(m, v, 0.0, p.eye_y + 0.06, 0.12, p.eye_y - 0.01) - fine * 0.6
    root = np.minimum(root, segment(m, v, 0.0, p.eye_y + 0.13, 0.12, p.eye_y + 0.07) - fine * 0.6)
    shades.append(canvas.coverage(root, soft=0.012) * 0.62 * au[9])

    width = _by_side(u, f.width_left, f.width_right)
    corner = f.mouth_y + _by_side(u, f.corner_left, f.corner_right)
    lifted = np.maximum(_by_side(u, -f.corner_left, -f.corner_right), 0) * 5
    end = np.minimum(corner, f.mouth_y + 0.02) - 0.02
    fold = segment(m, v, f.nose_w + 0.03, f.nose_y - 0.02, width + 0.075, end) - fine * 0.6
    depth = 0.12 * old + 0.42 * np.maximum(np.maximum(au[9], au[10]), np.clip(lifted, 0, 1)) + 0.04
    shades.append(canvas.coverage(fold, soft=0.03) * depth)

    dimple = _by_side(u, f.dimple_left, f.dimple_right)
    mark = segment(m, v, width + 0.05, corner - 0.07, width + 0.055, corner + 0.06) - 0.020
    shades.append(canvas.coverage(mark, soft=0.02) * 0.65 * dimple)

    outer = p.eye_x + p.eye_w + 0.03
    feet = segment(m, v, outer, p.eye_y, outer + 0.10, p.eye_y - 0.05)
    feet = np.minimum(feet, segment(m, v, outer, p.eye_y + 0.03, outer + 0.10, p.eye_y + 0.06))
    shades.append(canvas.coverage(feet - fine * 0.5, soft=0.012) * (0.12 * old + 0.30 * au[6]))

    bag = np.abs(v - (p.eye_y + 0.115 - 0.02 * au[6] - 0.5 * (m - p.eye_x) * (m - p.eye_x))) - fine * 0.5
    bag = np.maximum(bag, np.abs(m - p.eye_x) - p.eye_w * 0.9)
    shades.append(canvas.coverage(bag, soft=0.02) * (0.14 * old + 0.24 * au[6] + 0.12 * au[7]))

    cheek = ellipse(m - 0.43, v - 0.21 + 0.05 * au[6], np.float32(0.17), np.float32(0.12))
    shades.append(canvas.coverage(cheek, soft=0.12) * -0.14 * np.maximum(au[6], np.clip(lifted * 0.8, 0, 1)))

    boss = ellipse(u, v - (f.mouth_y + 0.22 + f.jaw_drop), np.float32(0.13), np.float32(0.075))
    shades.append(canvas.coverage(boss, soft=0.04) * 0.16 * au[17])
    crease = np.abs(v - (f.mouth_y + 0.135 + f.gap + f.jaw_drop * 0.3 - 0.7 * u * u)) - fine * 0.5
    shades.append(canvas.coverage(np.maximum(crease, m - 0.13), soft=0.025) * (0.10 + 0.28 * au[17]))
    canvas.shade(*shades)


def draw_nose(
    canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace, f: SimpleNamespace, shot: SimpleNamespace
) -> None:
    """Shade the nose: the bridge on the side away from the light, the wings, the tip and the nostrils."""
    n = u - 0.10 * shot.yaw  # the nose stands out of the face, so a turn moves it further
    m, shades = np.abs(n), []
    bridge = segment(m, v, 0.055, p.eye_y - 0.02, f.nose_w * 0.65, f.nose_y - 0.05) - 0.022
    away = np.clip(0.5 - 0.6 * shot.light_x * np.where(n < 0, -1, 1), 0.1, 1).astype(np.float32)
    shades.append(canvas.coverage(bridge, soft=0.04) * 0.22 * away)
    tip = ellipse(n, v - f.nose_y + 0.06, f.nose_w * 0.5, np.float32(0.06))
    shades.append(canvas.coverage(tip, soft=0.05) * np.float32(-0.12))
    under = ellipse(n, v - f.nose_y - 0.015, f.nose_w * 1.05, np.float32(0.035))
    shades.append(canvas.coverage(under, soft=0.025) * np.float32(0.26))
    wing = np.abs(ellipse(m - f.nose_w * 0.82, v - f.nose_y + 0.025, f.nose_w * 0.36, np.float32(0.045))) - 0.008
    shades.append(canvas.coverage(np.maximum(wing, f.nose_w * 0.8 - m), soft=0.01) * (0.25 + 0.2 * f.au[9]))
    nostril = ellipse(m - f.nose_w * 0.48, v - f.nose_y, f.nose_w * 0.27, np.float32(0.020))
    shades.append(canvas.coverage(nostril, soft=0.008) * np.float32(0.62))
    canvas.shade(*shades)


def draw_mouth(canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace, f: SimpleNamespace) -> None:
    """Paint the lips; if they are parted, also the teeth and the dark inside of the mouth.

    The mouth is the region between curves over s = u / half width, with s in [-1, 1]. Its corners are at s = -1 and s = 1.
    """
    s = u / _by_side(u, f.width_left, f.width_right)
    bend = s * s
    square = f.au[20]  # stretched lips open as a slit of even height
    open_profile = np.maximum(1 - bend * (1 - square) - bend * bend * square, 0)
    line = f.mouth_y + bend * _by_side(u, f.corner_left, f.corner_right) - f.arch * open_profile + f.jaw_drop * 0.25
    inner_top = line - open_profile * (0.28 * f.gap + 0.4 * f.upper_lift)
    inner_bottom = line + open_profile * (0.72 * f.gap + f.lower_drop)
    inner_bottom = np.maximum(inner_bottom, inner_top)
    closed = f.gap + f.lower_drop < 0.02
    inner_top, inner_bottom = np.where(closed, line, inner_top), np.where(closed, line, inner_bottom)
    bow = np.clip(1 - np.abs(u) * 14, 0, 1) * 0.25  # the dent in the middle of the upper lip
    lift = f.upper_lift * np.where(closed, 0.6, 0.24).astype(np.float32)
    top = inner_top - open_profile * (f.lip_upper * (1 - bow) + lift)
    bottom = inner_bottom + open_profile * f.lip_lower
    ends = (np.abs(s) - 1) * f.width_left
    canvas.paint(canvas.coverage(np.maximum(np.maximum(top - v, v - bottom), ends)), p.lip)
    canvas.shade(canvas.coverage(np.maximum(np.maximum(top - v, v - inner_top), ends)) * np.float32(0.16))
    shine = ellipse(u, v - inner_bottom - f.lip_lower * 0.5, f.width_left * 0.45, f.lip_lower * 0.3 + 0.004)
    canvas.shade(canvas.coverage(shine, soft=0.03) * np.float32(-0.12))

    inside = canvas.coverage(np.maximum(np.maximum(inner_top - v, v - inner_bottom), ends))
    inside *= np.clip((inner_bottom - inner_top) * canvas.pixels, 0, 1)
    canvas.paint(inside, np.array([0.20, 0.06, 0.06], np.float32)[:, None, None, None])
    tongue = ellipse(u, v - inner_bottom - 0.02, f.width_left * 0.55, 0.35 * f.gap + 0.01)
    canvas.paint(inside * canvas.coverage(tongue, soft=0.02), np.array([0.60, 0.26, 0.26], np.float32)[:, None, None, None])
    teeth = np.minimum(0.085, 0.75 * f.gap) * (1 - 0.6 * f.au[26])
    upper = v - inner_top - teeth * (0.4 + 0.6 * open_profile)
    lower = np.where(f.lower_drop > 0.015, inner_bottom - 0.6 * teeth - v, 1)
    canvas.paint(inside * canvas.coverage(np.minimum(upper, lower)), WHITE * np.float32(0.95))
    seam = np.maximum(np.abs(v - line) - 0.013 - 0.010 * bend, ends - 0.03)
    strength = 0.75 * np.clip(1 - f.gap * 20, 0, 1)
    canvas.shade(canvas.coverage(seam, soft=0.008) * strength)
    shadow = np.abs(v - bottom - 0.025) - 0.012
    canvas.shade(canvas.coverage(np.maximum(shadow, np.abs(u) - f.width_left * 0.55), soft=0.03) * np.float32(0.14))


def draw_eyes(
    canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace, f: SimpleNamespace, shot: SimpleNamespace
) -> None:
    """Paint both eyes: sockets, eyeballs with iris and pupil between the lids, lashes, and the fold of the upper lid."""
    m = np.abs(u)
    out = m - p.eye_x  # outwards from the eye's middle
    height = v - p.eye_y + p.eye_tilt * out
    s = out / p.eye_w
    arch = np.maximum(1 - s * s, 0)
    socket = ellipse(out, height + 0.03, p.eye_w * 1.25, np.float32(0.12))
    canvas.shade(canvas.coverage(socket, soft=0.10) * (0.16 + 0.10 * f.au[4]))
    ends = (np.abs(s) - 1) * p.eye_w
    lid_top, lid_bottom = -f.lid_upper * arch, f.lid_lower * arch
    ball = canvas.coverage(np.maximum(np.maximum(lid_top - height, height - lid_bottom), ends))
    canvas.paint(ball, WHITE)
    gx = out - shot.gaze_x * np.where(u < 0, -1, 1).astype(np.float32)
    gy = height + 0.008 - shot.gaze_y
    r = np.float32(0.44) * p.eye_w
    centre = np.sqrt(gx * gx + gy * gy)
    canvas.paint(ball * canvas.coverage(centre - r), p.iris)
    canvas.paint(ball * canvas.coverage(centre - r * 0.5), np.float32(0.04))
    glint = ellipse(gx + 0.02, gy + 0.03, np.float32(0.02), np.float32(0.02))
    canvas.paint(ball * canvas.coverage(glint) * np.float32(0.9), np.float32(1))
    canvas.shade(ball * np.clip(1 - (height - lid_top) * 18, 0, 1) * np.float32(0.35))  # the lid's shadow on the ball
    lash = np.maximum(np.abs(height - lid_top) - 0.014, ends - 0.015)
    canvas.shade(canvas.coverage(lash) * np.float32(0.72))
    rim = np.maximum(np.abs(height - lid_bottom) - 0.008, ends)
    canvas.shade(canvas.coverage(rim) * np.float32(0.34))
    crease = np.maximum(np.abs(height - lid_top + 0.045 - 0.03 * s * s) - 0.008, ends)
    canvas.shade(canvas.coverage(crease, soft=0.01) * (0.26 - 0.12 * f.au[4]))


def draw_brows(canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace, f: SimpleNamespace) -> None:
    """Paint both brows: a parabola through the inner, middle and outer height, thinner towards its end."""
    span = f.brow_outer_x - f.brow_inner_x
    t = (np.abs(u) - f.brow_inner_x) / span
    k = np.clip(t, 0, 1)
    curve = f.brow_inner_y * (1 - k) * (1 - 2 * k) + 4 * f.brow_middle_y * k * (1 - k) + f.brow_outer_y * k * (2 * k - 1)
    thick = p.brow_thick * (1.05 - 0.75 * k * k) * (1 + 0.15 * f.au[4])
    shape = np.maximum(np.abs(v - curve) * 0.92 - thick, np.maximum(-t, t - 1) * span)
    canvas.paint(canvas.coverage(shape, soft=0.012) * p.brow_dark, p.hair * 0.8)
