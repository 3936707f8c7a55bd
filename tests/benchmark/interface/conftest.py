"""A network by hand on small coloured squares, which looks at one value of one pixel; its answers, plainly computed."""

import numpy as np
import pytest
import torch
from torch import nn

DECLARED = {"range": [0, 255]}


class Brightness(nn.Module):
    """The score of a class falls with the distance of the first pixel's red from its brightness. One parameter."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.02))

    def forward(self, x):
        return scores_of(x[:, 0, 0, 0], self.scale)

    def to_sparse_outputs(self):
        return lambda x: self(x).to_sparse()


def scores_of(red, scale):
    return torch.stack([scale * -((red - level).abs()) for level in (70.0, 130.0, 190.0)], 1)


@pytest.fixture(scope="session")
def answers(tiny_faces):
    """A function role -> (ids, labels, scores float64 (N, 3)), without the suite."""

    def of(role):
        rows = np.flatnonzero(tiny_faces.split == role)
        red = np.array([float(tiny_faces.pictures[row : row + 1][0, 0, 0, 0]) for row in rows])
        scores = np.stack([-0.02 * np.abs(red - level) for level in (70.0, 130.0, 190.0)], 1)
        return tiny_faces.id[rows], tiny_faces.expression[rows].astype(int), scores

    return of


@pytest.fixture
def here(tiny_faces, tmp_path):
    """Where things are: arguments of the interface's functions."""
    return {"prepared": tiny_faces.directory.parent, "project": tmp_path}


@pytest.fixture
def result(tiny_protocol, here):
    from benchmark.interface.evaluating import evaluate

    return evaluate(Brightness(), tiny_protocol(), preprocessing=DECLARED, **here)
