"""Where a cell stands in the ablation grid: network x shortcut x normalisation x loss."""

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
    """`network` is the cell's name without its axes, `key` the digest of everything but the axes."""

    network: str
    key: str
    shortcut: str
    normalisation: str
    loss: str


def place(cell: Mapping[str, Json]) -> Place | None:
    """The place of a cell ({name, model, options, loss}); None without the options shortcut and normalisation."""
    options = dict(cell["options"])
    if not {"shortcut", "normalisation"} <= set(options):
        return None
    shortcut, normalisation = options.pop("shortcut"), options.pop("normalisation")
    ending = f"-{shortcut}-{normalisation}-{cell['loss']}"
    network = cell["name"].removesuffix(ending) if cell["name"].endswith(ending) else cell["model"]
    return Place(network, digest({"model": cell["model"], "options": options}), shortcut, normalisation, cell["loss"])


def rank(axis: str, value: str) -> tuple[int, str]:
    """Sort key of a value of an axis: the usual order, unknown ones behind."""
    usual = ORDER[axis]
    return (usual.index(value) if value in usual else len(usual), value)


def sort_key(label: str, cell: Mapping[str, Json]) -> tuple[object, ...]:
    """Order of cells in every table: the grid first, by network, loss, normalisation and shortcut; then by name."""
    where = place(cell)
    if where is None:
        return (1, label)
    axes = [rank(axis, getattr(where, axis)) for axis in ("loss", "normalisation", "shortcut")]
    return (0, where.network, where.key, *axes, label)
