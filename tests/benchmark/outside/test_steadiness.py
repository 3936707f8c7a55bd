"""A model that answers by chance or by its batch is noticed; one that only rounds is not."""

import pytest
import torch
from torch import nn

from benchmark.interface.evaluating import evaluate

from .conftest import DECLARED

CHANGES = "is the model in evaluation mode"


class Dropping(nn.Module):
    """Dropout that no mode turns off."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return nn.functional.dropout(self.model(x), 0.5, training=True)


def in_training_mode(model):
    model.train()
    return lambda x: model(x)  # noqa: PLW0108  # the function hides the module


def over_the_batch(model):
    def answers(x):
        found = model(x)
        return (found - found.mean(0)) / found.std(0)

    return answers


def in_bfloat16(model):
    return lambda x: model.bfloat16()(x.bfloat16()).float()


@pytest.mark.parametrize(
    "made, noticed",
    [
        (lambda model: model, False),
        (lambda model: lambda x: model(x).double(), False),
        (in_bfloat16, False),
        (Dropping, True),
        (in_training_mode, True),
        (over_the_batch, True),
    ],
)
def test_what_is_noticed(made, noticed, stranger, colour_protocol, colour_faces, tmp_path):
    import copy

    model = made(copy.deepcopy(stranger.model).eval())
    place = {"prepared": colour_faces.directory.parent, "project": tmp_path}
    with torch.no_grad():
        found = evaluate(model, colour_protocol, preprocessing=DECLARED, **place)
    assert any(CHANGES in warning for warning in found.warnings) == noticed


def test_a_class_that_the_model_lacks_hides_nothing(stranger, colour_protocol, colour_faces, tmp_path):
    """Its column is a constant far from the others, which would make any difference look small."""
    model, place = Dropping(stranger.model), {"prepared": colour_faces.directory.parent, "project": tmp_path}
    three = DECLARED | {"classes": DECLARED["classes"][:3]}

    def first_three(x):
        return model(x)[:, :3]

    found = evaluate(first_three, colour_protocol, preprocessing=three, **place)
    assert any(CHANGES in warning for warning in found.warnings)
