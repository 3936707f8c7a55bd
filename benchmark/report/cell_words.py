"""Names of cells and kinds of data in words, for pages that people read. Tables and files keep the cells' own names."""

import re
from collections.abc import Iterable, Mapping

from benchmark.faces.card import card
from benchmark.files import Json
from benchmark.records.axes import place
from benchmark.records.comparisons import Comparison

BETWEEN = " \N{MIDDLE DOT} "
KIND_ORDER = ("photographs", "generated faces", "drawn faces")
# Registered model -> its name in words; \1 is its depth. A model that is not here keeps the cell's own name.
MODELS = {
    r"resnet(\d+)": r"ResNet\1",
    r"resnet(\d+)-smallstem": r"ResNet\1, small stem",
    r"vgg(\d+)": r"VGG\1",
    "mini-xception": "mini-Xception",
    "identity-50": "identity-50",
}
VARIANTS = {"": "", "-ownrate": ", own learning rate"}  # what may stand between model and loss in a cell's name -> in words


def cell_words(cell: Mapping[str, Json], label: str) -> str:
    """A cell in words: "narrow8-12 · adaptive · frozen · weighted" in the grid, "ResNet18, small stem · plain" for a
    baseline, and the label as it is where the name does not say everything that the cell has.

    Different cells of one protocol have different words: a label's addition to the name, which tells cells of one name
    apart, is kept.

    Args:
        cell: {name, model, options, loss}, as in a record.
        label: of the cell in its comparison.
    """
    name, loss, where = cell["name"], cell["loss"], place(cell)
    if not label.startswith(name):
        return label
    addition = label[len(name) :]
    if where is not None:
        ending = f"-{where.shortcut}-{where.normalisation}-{loss}"
        if not name.endswith(ending):  # other options would be lost
            return label
        return BETWEEN.join((where.network, where.shortcut, where.normalisation, loss)) + addition
    network = _baseline(cell)
    return label if network is None else f"{network}{BETWEEN}{loss}{addition}"


def called(comparison: Comparison, label: str) -> str:
    """A cell of a comparison in words."""
    return cell_words(comparison.cell(label), label)


def data_kind(of: Comparison | str) -> str:
    """One of `KIND_ORDER`: the kind of the faces of a comparison, or of the data set of that name. Frames of films and posed
    photographs are photographs here."""
    kind = card(of if isinstance(of, str) else of.data["name"]).kind
    return kind if kind in KIND_ORDER else KIND_ORDER[0]


def kind_rank(of: Comparison | str) -> int:
    """The place of `data_kind` in `KIND_ORDER`: photographs come first."""
    return KIND_ORDER.index(data_kind(of))


def by_kind(comparisons: Iterable[Comparison]) -> list[Comparison]:
    """The comparisons in the order in which people read them: photographs, generated faces, drawn faces; within a kind the
    protocols of the suite before others, then by name."""
    return sorted(comparisons, key=lambda each: (kind_rank(each), each.own, each.slug))


def _baseline(cell: Mapping[str, Json]) -> str | None:
    """The network of a baseline in words; None if its name is not that of a known model with its loss."""
    middle = re.fullmatch(rf"{re.escape(cell['model'])}(.*)-{re.escape(cell['loss'])}", cell["name"])
    if middle is None or middle[1] not in VARIANTS or cell["options"]:
        return None
    for pattern, words in MODELS.items():
        if found := re.fullmatch(pattern, cell["model"]):
            return found.expand(words) + VARIANTS[middle[1]]
    return None
