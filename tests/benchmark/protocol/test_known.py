"""The names and limits that protocols, recipes and cells may have, one by one (docs/protocol.md)."""

from pathlib import Path

from benchmark import typed
from benchmark.protocol import cells, known, protocol, registry, values


def test_the_names_and_limits():
    assert (known.OPTIMIZERS, known.SCHEDULES) == (("adam", "adamw"), ("cosine", "staircase"))
    assert (known.AUGMENTATIONS, known.TTA) == (("flip", "released", "standard"), ("none", "flip", "ten-crop"))
    assert (known.BATCHES, known.PRECISIONS, known.MEASURED) == (("across-epochs",), ("float32",), "training")
    assert known.RECIPE_RANGES == {
        "warmup": (0, 1), "weight_decay": (0, 1000), "label_smoothing": (0, 1), "gradient_clip": (0, 10**12),
        "batch_size": (1, 2**20), "decay_steps": (1, 2**40),
    }  # fmt: skip
    assert known.PROTOCOL_RANGES == {"epochs": (1, 100_000), "input_size": (1, 4096)}
    assert values.OF_RECIPE == {
        "optimizer": known.OPTIMIZERS, "schedule": known.SCHEDULES, "augmentation": known.AUGMENTATIONS,
    }  # fmt: skip
    assert values.OPTIONAL_OF_RECIPE == {"batches": ("across-epochs",), "precision": ("float32",)}
    assert (protocol.ROLES, known.SELECTION_RULES) == (("train", "validation", "test"), ("last", "best-validation"))
    assert protocol.SELECTION_METRIC == {"categorical": "accuracy", "dimensional": "mean CCC"}
    assert cells.LOSSES == {"categorical": ("plain", "weighted", "focal"), "dimensional": ("mse", "ccc", "mse+ccc")}
    assert (cells.MOST_CELLS, typed.LARGEST, typed.DEEPEST) == (10_000, 2**63, 32)
    assert (registry.MODELS, registry.CELLS, registry.PROJECT, registry.TIMM) == (
        "ferbench.models", "ferbench.cells", "ferbench", "timm:",
    )  # fmt: skip
    project = registry._PYPROJECT
    assert (project.name, project.parent) == ("pyproject.toml", Path(__file__).parents[3])
