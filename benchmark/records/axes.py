"""The position of a cell in the ablation grid: network x shortcut x normalisation x loss."""

from collections.abc import Mapping
from typing import NamedTuple

from benchmark.files import Json, digest
from benchmark.protocol.cells import LOSSES

SHORTCUTS = ("identity", "fixed", "adaptive")
NORMALISATIONS = ("working", "frozen")
ORDER = {
    "shortcut": SHORTCUTS,
    "normalisation": NORMALISATIONS,
    "loss": tuple(loss for losses in LOSSES.values() for loss in losses),
}


class Place(NamedTuple):
    """A position in the grid. `network`: the cell's name without the values of the axes. `key`: digest of the model and of
    all options that are not axes."""

    network: str
    key: str
    shortcut: str
    normalisation: str
    loss: str


def place(cell: Mapping[str, Json]) -> Place | None:
    """The position of a cell ({name, model, options, loss}); None if it lacks the option shortcut or normalisation."""
    options = dict(cell["options"])
    if not {"shortcut", "normalisation"} <= set(options):
        return None
    shortcut, normalisation = options.pop("shortcut"), options.pop("normalisation")
    ending = f"-{shortcut}-{normalisation}-{cell['loss']}"
    network = cell["name"].removesuffix(ending) if cell["name"].endswith(ending) else cell["model"]
    return Place(network, digest({"model": cell["model"], "options": options}), shortcut, normalisation, cell["loss"])


def rank(axis: str, value: str) -> tuple[int, str]:
    """Sort key of a value of an axis: the order of `ORDER`, then unknown values by name."""
    usual = ORDER[axis]
    return (usual.index(value) if value in usual else len(usual), value)


def sort_key(label: str, cell: Mapping[str, Json]) -> tuple:
    """Sort key of a cell in every table: first the cells of the grid, by network, loss, normalisation and shortcut; then
    the others, by name."""
    where = place(cell)
    if where is None:
        return (1, label)
    axes = [rank(axis, getattr(where, axis)) for axis in ("loss", "normalisation", "shortcut")]
    return (0, where.network, where.key, *axes, label)
