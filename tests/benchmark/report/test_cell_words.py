"""Names of cells and kinds of data in words."""

from pathlib import Path

import pytest

from benchmark.protocol.cells import Cell, load_cells
from benchmark.report.cell_words import by_kind, cell_words, data_kind


def grid(network, shortcut="adaptive", normalisation="frozen", loss="weighted", **options):
    options = {"shortcut": shortcut, "normalisation": normalisation} | options
    return Cell(f"{network}-{shortcut}-{normalisation}-{loss}", "residual", options, loss)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (grid("narrow8-12", units=[1, 1]), "narrow8-12 · adaptive · frozen · weighted"),
        (grid("bregnext-50-post", "identity", "working", "mse+ccc"), "bregnext-50-post · identity · working · mse+ccc"),
        (Cell("resnet18-smallstem-plain", "resnet18-smallstem", {}, "plain"), "ResNet18, small stem · plain"),
        (Cell("resnet101-ccc", "resnet101", {}, "ccc"), "ResNet101 · ccc"),
        (Cell("resnet50-ownrate-plain", "resnet50", {}, "plain"), "ResNet50, own learning rate · plain"),
        (Cell("vgg13-plain", "vgg13", {}, "plain"), "VGG13 · plain"),
        (Cell("mini-xception-mse", "mini-xception", {}, "mse"), "mini-Xception · mse"),
        # What the words would not say keeps its name: options, other endings, models that are not known.
        (Cell("resnet18-plain", "resnet18", {"width": 7}, "plain"), "resnet18-plain"),
        (Cell("resnet18-7-plain", "resnet18", {}, "plain"), "resnet18-7-plain"),
        (Cell("residual-frozen-adaptive-plain", "residual", grid("x").options, "plain"), "residual-frozen-adaptive-plain"),
        (Cell("ResNet18-plain", "ResNet18", {}, "plain"), "ResNet18-plain"),
        (Cell("mine", "package:net", {}, "plain"), "mine"),
    ],
)
def test_a_cell_in_words(cell, words):
    assert cell_words(cell.as_dict(), cell.name) == words
    assert cell_words(cell.as_dict(), f"{cell.name} [1a2b3c4d]") == f"{words} [1a2b3c4d]"
    assert cell_words(cell.as_dict(), "a label of its own") == "a label of its own"


def test_no_two_cells_have_the_same_words():
    cells = load_cells()
    words = {cell_words(cell.as_dict(), name) for name, cell in cells.items()}
    assert len(words) == len(cells) > 200
    assert sum(" · " in each for each in words) == len(cells), "every cell of the suite has words"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ("fer2013", "photographs"),
        ("jaffe", "photographs"),  # posed
        ("afewva", "photographs"),  # frames of films
        ("diffusionfer", "generated faces"),
        ("synthetic", "drawn faces"),
        ("somebodys-own", "photographs"),
    ],
)
def test_the_kind_of_a_data_set(data, kind):
    assert data_kind(data) == kind


def test_every_card_has_one_of_the_kinds_or_photographs():
    import yaml

    from benchmark.faces.card import CARDS

    kinds = {yaml.safe_load(path.read_text()).get("kind", "photographs") for path in Path(CARDS).glob("*.yaml")}
    assert kinds == {"photographs", "posed photographs", "frames of films", "generated faces", "drawn faces"}


def test_photographs_come_first_then_the_suites_own_then_by_name(run, comparison):
    cell = Cell("one-plain", "one", {}, "plain")

    def of(protocol, name=None):
        made = comparison(run(cell, 0, {}, protocol=protocol))
        own = made.protocol | {"name": name or protocol}
        return type(made)(name or protocol, own, made.protocol_hash, made.data, made.runs, None)

    given = [of("synthetic-8"), of("fer2013-7", "a-own"), of("diffusionfer-7"), of("ferplus-8"), of("fer2013-7")]
    assert [each.slug for each in by_kind(given)] == ["fer2013-7", "ferplus-8", "a-own", "diffusionfer-7", "synthetic-8"]
