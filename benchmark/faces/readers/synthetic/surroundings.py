"""Paints what carries no expression: background, hair, neck, head, beard, glasses, occluder."""

from types import SimpleNamespace

import numpy as np

from benchmark.faces.readers.synthetic.canvas import Canvas, ellipse, segment


def head_distance(x: np.ndarray, y: np.ndarray, p: SimpleNamespace, jaw_drop: np.ndarray) -> np.ndarray:
    """Signed distance from the outline of the head: an ellipse that narrows towards the chin; a dropped jaw makes its lower
    half longer."""
    low = np.clip(y, 0, 1)
    narrow = 1 - p.jaw * low * low
    return ellipse(x / narrow, y, p.head_a, np.where(y > 0, p.head_b + jaw_drop, p.head_b))


def turn(canvas: Canvas, p: SimpleNamespace, shot: SimpleNamespace) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (u, v) of the pixels on the turned face. For yaw the head is taken as an upright cylinder, for pitch as a
    horizontal one."""
    turned = []
    for place, radius, t in ((canvas.x, p.head_a * 1.08, shot.yaw), (canvas.y, p.head_b * 1.25, shot.pitch)):
        cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        across = np.clip(place / radius, -1, 1)
        turned.append(radius * (across * cosine - np.sqrt(1 - across * across) * sine) + (place - across * radius))
    return turned[0], turned[1]


def draw_back(canvas: Canvas, p: SimpleNamespace, shot: SimpleNamespace) -> None:
    """Paint the background with a blob in it, the hair behind the head, neck, clothes and ears."""
    x, y = canvas.x, canvas.y
    canvas.rgb[:] = shot.back + shot.back_slope_x * x + shot.back_slope_y * y
    blob = ellipse(x - shot.blob_x, y - shot.blob_y, shot.blob_size, shot.blob_size)
    canvas.paint(canvas.coverage(blob, soft=0.2), shot.blob)
    shift = -0.12 * shot.yaw
    long = ellipse(x - shift, y - 0.25, p.head_a + 0.20, p.head_b + 0.22)
    canvas.paint(canvas.coverage(long) * p.hair_long, p.hair * 0.75)
    canvas.paint(canvas.coverage(np.maximum(np.abs(x) - 0.42, -y)), p.skin * 0.66)
    canvas.paint(canvas.coverage(ellipse(x, y - 1.75, np.float32(1.25), np.float32(0.60))), shot.cloth)
    ear = ellipse(np.abs(x) - p.head_a * 0.99, y - 0.02, np.float32(0.085), np.float32(0.17))
    shown = np.clip(1 + 6 * shot.yaw * np.where(x < 0, -1, 1), 0, 1)  # a turn hides one ear
    canvas.paint(canvas.coverage(ear) * shown * (1 - p.hair_long), p.skin * 0.86)


def draw_head(canvas: Canvas, p: SimpleNamespace, shot: SimpleNamespace, jaw_drop: np.ndarray) -> np.ndarray:
    """Paint the head as a lit solid. Returns the signed distance from its outline."""
    distance = head_distance(canvas.x, canvas.y, p, jaw_drop)
    nx, ny = np.clip(canvas.x / p.head_a, -1, 1), np.clip(canvas.y / p.head_b, -1, 1)
    depth = np.sqrt(np.maximum(1 - nx * nx - 0.7 * ny * ny, 0))
    light = 0.72 + 0.30 * depth + 0.34 * (shot.light_x * nx + shot.light_y * ny)
    canvas.paint(canvas.coverage(distance), p.skin * light)
    return distance


def draw_beard(
    canvas: Canvas, u: np.ndarray, v: np.ndarray, outline: np.ndarray, p: SimpleNamespace, f: SimpleNamespace
) -> None:
    """Paint a beard along the jaw and a moustache under the nose. Must be called before the mouth is painted."""
    m = np.abs(u)
    upper_edge = f.mouth_y + 0.06 - 0.75 * np.maximum(m - 0.26, 0) - 0.12 * np.clip(m * 4 - 1, 0, 1)
    beard = np.maximum(outline, upper_edge - v)
    canvas.paint(canvas.coverage(beard, soft=0.06) * p.beard, p.hair * 0.85)
    middle = (f.nose_y + 0.05 + f.mouth_y - f.upper_lift) / 2
    moustache = np.maximum(np.abs(v - middle - 0.35 * m * m) - 0.055, m - 0.29)
    canvas.paint(canvas.coverage(moustache, soft=0.03) * p.moustache, p.hair * 0.85)


def draw_hair(canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace, shot: SimpleNamespace) -> None:
    """Paint the hair in front: a cap above the hairline, with strands."""
    cap = ellipse(canvas.x + 0.1 * shot.yaw, canvas.y + 0.02, p.head_a + p.hair_volume * 0.75, p.head_b + p.hair_volume)
    line = v - (p.hairline + p.hairline_bend * u * u + 2.2 * np.maximum(np.abs(u) - 0.52, 0))
    strand = u * 9 + v * 2
    strand = np.abs(strand - np.floor(strand) - 0.5)
    canvas.paint(canvas.coverage(np.maximum(cap, line), soft=0.015) * p.hair_front, p.hair * (0.82 + 0.4 * strand))


def draw_glasses(canvas: Canvas, u: np.ndarray, v: np.ndarray, p: SimpleNamespace) -> None:
    """Paint glasses: two rings, the bridge, the temples and a faint reflection on the lenses."""
    m = np.abs(u)
    lens = ellipse(m - p.eye_x, v - p.eye_y - 0.015, p.glasses_r, p.glasses_r * 0.82)
    canvas.paint(canvas.coverage(lens) * (0.10 * p.glasses), np.float32(0.9))
    frame = np.abs(lens) - p.glasses_thick
    frame = np.minimum(frame, np.maximum(np.abs(v - p.eye_y + 0.03) - p.glasses_thick, m - (p.eye_x - p.glasses_r)))
    temple = segment(m, v, p.eye_x + p.glasses_r, p.eye_y - 0.03, p.head_a * 0.98, p.eye_y - 0.04)
    frame = np.minimum(frame, temple - p.glasses_thick)
    canvas.paint(canvas.coverage(frame) * p.glasses, p.glasses_tone)


def draw_occluder(canvas: Canvas, shot: SimpleNamespace) -> None:
    """Paint, in some shots, a plain rectangle with round corners over the picture (for a hand, a scarf, a cup, ...)."""
    x = np.abs(canvas.x - shot.occluder_x) - shot.occluder_w + 0.12
    y = np.abs(canvas.y - shot.occluder_y) - shot.occluder_h + 0.12
    px, py = np.maximum(x, 0), np.maximum(y, 0)
    distance = np.sqrt(px * px + py * py) + np.minimum(np.maximum(x, y), 0) - 0.12
    canvas.paint(canvas.coverage(distance) * shot.occluder, shot.thing * (1 - 0.2 * canvas.y))
