"""Every cell of ablations/cells.yaml, typed in: docs/protocol.md, "Axes"; the depths are those in the names."""

from pathlib import Path

import pytest

from benchmark.files import read_yaml
from benchmark.protocol.cells import cells_in

CELLS = Path(__file__).parents[2] / "ablations" / "cells.yaml"
SHORTCUTS, NORMALISATIONS = ("adaptive", "fixed", "identity"), ("working", "frozen")
OF_CLASSES, OF_VALENCE_AND_AROUSAL = ("plain", "weighted", "focal"), ("mse", "ccc", "mse+ccc")
# Grid -> model, options of all its cells, normalisations, losses; every grid has the three shortcuts.
EVERY = (NORMALISATIONS, OF_CLASSES + OF_VALENCE_AND_AROUSAL)
GRIDS = {
    "bregnext-50": ("bregnext-50", {}, *EVERY),
    "bregnext-50-post": ("bregnext-50", {"unit_order": "post-activation"}, ("working",), ("plain", "mse")),
    "narrow8-12": ("residual", {"units": [1, 1, 1, 1, 1], "widths": [8, 16, 32]}, *EVERY),
    "narrow16-12": ("residual", {"units": [1, 1, 1, 1, 1], "widths": [16, 32, 64]}, *EVERY),
    "narrow16-50": ("residual", {"units": [7, 1, 8, 1, 7], "widths": [16, 32, 64]}, *EVERY),  # the paper's units
    "narrow16-20": ("residual", {"units": [2, 1, 3, 1, 2], "widths": [16, 32, 64]}, *EVERY),
}


@pytest.fixture(scope="module")
def cells():
    return list(cells_in(read_yaml(CELLS), CELLS).values())


def test_every_cell(cells):
    """Their order is that of every table; a cell may have got a learning rate of its own since."""
    wanted = [
        (f"{grid}-{shortcut}-{n}-{loss}", model, options | {"shortcut": shortcut, "normalisation": n}, loss)
        for grid, (model, options, normalisations, losses) in GRIDS.items()
        for shortcut in SHORTCUTS
        for n in normalisations
        for loss in losses
    ]
    assert [(cell.name, cell.model, dict(cell.options), cell.loss) for cell in cells] == wanted


def test_a_narrow_networks_name_gives_its_width_and_its_weight_layers(cells):
    """Two convolutions a unit, the first one, and the fully connected layer."""
    narrow = [cell for cell in cells if cell.model == "residual"]
    assert len(narrow) == 4 * 36
    for cell in narrow:
        width, _, layers = cell.name.removeprefix("narrow").split("-")[0], *cell.name.split("-")[:2]
        assert (int(width), int(layers)) == (cell.options["widths"][0], 2 * sum(cell.options["units"]) + 2)
        assert cell.options["widths"] == [int(width), 2 * int(width), 4 * int(width)]
