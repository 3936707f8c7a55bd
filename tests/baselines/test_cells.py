"""Every cell of baselines/cells.yaml, typed in: each network with the two losses for classes and the two for valence and
arousal; the two that meet the study's cells with plain cross-entropy alone."""

from pathlib import Path

from benchmark.files import read_yaml
from benchmark.protocol.cells import cells_in

CELLS = Path(__file__).parents[2] / "baselines" / "cells.yaml"
NETWORKS = (
    "identity-50", "resnet18", "resnet18-smallstem", "resnet34", "resnet34-smallstem", "resnet50", "resnet50-smallstem",
    "resnet101", "resnet101-smallstem", "vgg13", "mini-xception",
)  # fmt: skip


def test_every_cell():
    wanted = [(f"{name}-{loss}", name, {}, loss) for name in NETWORKS for loss in ("plain", "weighted", "mse", "ccc")]
    wanted += [(f"resnet{depth}-ownrate-plain", f"resnet{depth}", {}, "plain") for depth in (18, 50)]
    found = cells_in(read_yaml(CELLS), CELLS).values()
    assert [(cell.name, cell.model, dict(cell.options), cell.loss) for cell in found] == wanted
