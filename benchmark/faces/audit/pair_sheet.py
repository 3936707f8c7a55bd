"""A picture that shows pairs of faces side by side, with their labels below."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmark.faces.faceset import FaceSet

SIDE = 112  # small faces are enlarged by a whole factor to about this side in pixels; large ones are reduced to it
COLUMNS = 5
GAP = 10
TEXT = 38  # height of the three lines under a pair


def pair_sheet(faces: FaceSet, pairs: Sequence[tuple[int, int, int]]) -> Image.Image:
    """Draw pairs (row, row, number of differing bits) from left to right, then downwards.

    Below each face are its split and its expression; below the second face also the number of bits that differ. A pair with
    two different expressions has a red frame.
    """
    height, width = faces.images.shape[1:3]
    factor = max(1, round(SIDE / max(height, width)))
    if factor == 1 and max(height, width) > SIDE:
        h, w = height * SIDE // max(height, width), width * SIDE // max(height, width)
    else:
        h, w = height * factor, width * factor
    cell_w, cell_h = 2 * w + 2 + GAP, h + TEXT + GAP
    lines = -(-len(pairs) // COLUMNS)
    sheet = Image.new("RGB", (GAP + COLUMNS * cell_w, GAP + lines * cell_h), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(10)
    for place, (first, second, distance) in enumerate(pairs):
        left, top = GAP + place % COLUMNS * cell_w, GAP + place // COLUMNS * cell_h
        differ = faces.expression[first] != faces.expression[second]
        if differ:
            draw.rectangle((left - 3, top - 3, left + 2 * w + 4, top + h + 2), fill=(200, 30, 30))
        for side, row in enumerate((first, second)):
            pixels = np.asarray(faces.images[row])
            picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert("RGB")
            resampling = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX
            x = left + side * (w + 2)
            sheet.paste(picture.resize((w, h), resampling), (x, top))
            label = faces.classes[faces.expression[row]] if faces.expression[row] >= 0 else "none"
            last = f"{distance} bits" if side else ""
            draw.multiline_text((x, top + h + 3), f"{faces.split[row]}\n{label}\n{last}", fill="black", font=font, spacing=1)
    return sheet
