"""How large a figure is in a page."""

import re

from benchmark.errors import BadInput
from benchmark.report.parts import Picture

_SIZE = re.compile(rb'<svg[^>]*?\s(width|height)="([\d.]+)pt"[^>]*?\s(width|height)="([\d.]+)pt"')
PIXELS = 4 / 3  # of a point


def figure_size(picture: Picture) -> dict[str, int]:
    """{"width", "height"} of a figure in pixels. BadInput if its SVG does not say them in points, as matplotlib's does."""
    found = _SIZE.search(picture.content)
    if found is None:
        raise BadInput(picture.file, "no width and height in points", "SVG of matplotlib")
    sizes = {found[1].decode(): float(found[2]), found[3].decode(): float(found[4])}
    return {key: round(PIXELS * sizes[key]) for key in ("width", "height")}
