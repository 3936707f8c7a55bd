"""The optimiser and the learning rate of a recipe."""

import math

import torch
from torch import nn

from benchmark.errors import BadInput
from benchmark.protocol.protocol import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Learning rate of optimiser step `step` (from 0) out of `steps`.

    "staircase": lr * decay^floor(step / decay_steps). "cosine": linear warm-up during the fraction `warmup` of the steps,
    then lr * (1 + cos(pi t)) / 2 with t from 0 to 1.

    Raises:
        BadInput: an unknown schedule.
    """
    if recipe.schedule == "staircase":
        return recipe.learning_rate * recipe.decay ** (step // recipe.decay_steps)
    if recipe.schedule != "cosine":
        raise BadInput("recipe, schedule", f"'{recipe.schedule}'", "staircase or cosine")
    rising = round(recipe.warmup * steps)
    if step < rising:
        return recipe.learning_rate * (step + 1) / rising
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def make_optimizer(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    """Adam or AdamW. Weight decay applies only to parameters of two or more dimensions.

    Raises:
        BadInput: an unknown optimiser, or weight decay with "adam".
    """
    kinds: dict[str, type[torch.optim.Adam] | type[torch.optim.AdamW]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
    }
    if recipe.optimizer not in kinds:
        raise BadInput("recipe, optimizer", f"'{recipe.optimizer}'", f"one of {', '.join(kinds)}")
    if recipe.optimizer == "adam" and recipe.weight_decay:
        raise BadInput("recipe, weight_decay", recipe.weight_decay, "0 for adam; use adamw")
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": recipe.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    return kinds[recipe.optimizer](groups, lr=recipe.learning_rate, fused=True)
