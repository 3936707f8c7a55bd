"""The contact sheet of a FaceSet: a picture with some faces of every class, one row per class."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmark.faces.faceset import FaceSet

SIDE = 96  # small faces are enlarged by a whole factor to about this side in pixels
LABEL = 96  # width of the label column
GAP = 4


def contact_sheet(faces: FaceSet, per_class: int = 10, seed: int = 0) -> Image.Image:
    """Draw some faces of every class, chosen at random and shown in the order of the FaceSet.

    Args:
        faces: grey or RGB. A FaceSet without classes gets one row, "all".
        per_class: most faces per row; the row of a class with fewer faces stays partly empty.
        seed: equal seeds choose the same faces.

    Returns:
        RGB picture with one row per class, in label order; on the left the class name and its number of faces in all
        splits.
    """
    rows = [(name, np.flatnonzero(faces.expression == k)) for k, name in enumerate(faces.classes)]
    rows = rows or [("all", np.arange(len(faces)))]
    height, width, channels = faces.images.shape[1:]
    factor = max(1, round(SIDE / max(height, width)))
    cell_h, cell_w = height * factor + GAP, width * factor + GAP
    sheet = Image.new("RGB", (LABEL + per_class * cell_w + GAP, len(rows) * cell_h + GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    rng = np.random.default_rng(seed)
    for line, (name, members) in enumerate(rows):
        top = GAP + line * cell_h
        draw.multiline_text((GAP, top + cell_h // 3), f"{name}\n{len(members)}", fill="black", font=font)
        chosen = np.sort(rng.choice(members, size=min(per_class, len(members)), replace=False))
        for place, row in enumerate(chosen.tolist()):
            pixels = np.asarray(faces.images[row])
            picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels).convert("RGB")
            enlarged = picture.resize((width * factor, height * factor), Image.Resampling.NEAREST)
            sheet.paste(enlarged, (LABEL + GAP + place * cell_w, top))
    return sheet
