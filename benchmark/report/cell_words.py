"""provisional"""

from benchmark.faces.card import card
from benchmark.records.axes import place


def cell_words(cell, label):
    where = place(cell)
    return label if where is None else f"{where.network} · {where.shortcut} · {where.normalisation} · {where.loss}"


KIND_ORDER = ("photographs", "generated faces", "drawn faces")


def data_kind(name):
    return card(name).kind


def by_kind(comparisons):
    return sorted(
        comparisons,
        key=lambda c: (
            c.own,
            (KIND_ORDER.index(data_kind(c.data["name"])) if data_kind(c.data["name"]) in KIND_ORDER else 9),
            c.slug,
        ),
    )
