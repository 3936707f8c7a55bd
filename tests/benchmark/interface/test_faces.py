"""faces: a torch Dataset and arrays, against the FaceSet itself."""

import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from benchmark.errors import BadInput
from benchmark.interface.faces import faces


@pytest.mark.parametrize("split, n", [("train", 100), ("validation", 25), ("test", 35)])
def test_a_split_as_dataset_and_arrays(split, n, tiny_protocol, tiny_faces, here):
    found = faces(tiny_protocol(), split, **here)
    rows = np.flatnonzero(tiny_faces.split == split)
    pictures, targets = found.arrays()
    assert len(found) == n and found.ids.tolist() == tiny_faces.id[rows].tolist()
    assert np.array_equal(pictures, tiny_faces.pictures[rows[0] : rows[-1] + 1])
    assert targets.tolist() == tiny_faces.expression[rows].tolist()
    picture, target = found[3]
    assert picture.dtype == torch.uint8 and np.array_equal(picture.permute(1, 2, 0).numpy(), pictures[3])
    assert torch.equal(found.pictures(3)[0], picture) and found.pictures(slice(3, 5)).shape == (2, 3, 16, 16)
    with pytest.raises(TypeError, match=r"faces\[i\] is one face; faces.pictures\(slice\)"):
        found[0:3]
    assert target == targets[3] and torch.equal(found[-1][0], found[n - 1][0]) and len(list(found)) == n


def test_a_loader_and_a_transform(tiny_protocol, here):
    found = faces(tiny_protocol(), "test", transform=lambda picture: picture.float().mean(), **here)
    means, targets = next(iter(DataLoader(found, batch_size=35)))
    assert means.numpy() == pytest.approx(found.arrays()[0].mean((1, 2, 3), dtype=np.float64), rel=1e-5)
    assert targets.tolist() == found.targets.tolist()


def test_worker_processes_get_it(tiny_protocol, here):
    """A DataLoader sends its data set to workers as a pickle, where processes are not forked."""
    found = faces(tiny_protocol(), "test", **here)
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(again.arrays()[0], found.arrays()[0]) and again.ids.tolist() == found.ids.tolist()


def test_size_and_channels_are_the_protocols(tiny_protocol, tiny_faces, here):
    small = faces(tiny_protocol(input_size=8), "test", **here)
    row = int(np.flatnonzero(tiny_faces.split == "test")[0])
    halved = tiny_faces.pictures[row : row + 1][0].astype(float).reshape(8, 2, 8, 2, 3).mean((1, 3))
    assert np.abs(small.arrays()[0][0] - halved).max() <= 0.5 and "8x8 RGB" in repr(small)
    grey = faces(tiny_protocol(channels=1), "test", **here)
    assert grey[0][0].shape == (1, 16, 16) and "grey" in repr(grey)


def test_valence_and_arousal(tiny_protocol, tiny_faces, here):
    found = faces(tiny_protocol("dimensional"), "test", **here)
    assert found.targets.dtype == np.float32 and found[0][1].tolist() == found.targets[0].tolist()


def test_refusals(tiny_protocol, here):
    with pytest.raises(BadInput, match="split: found 'tests'; expected one of train, validation, test; did you mean test"):
        faces(tiny_protocol(), "tests", **here)
    folds = tiny_protocol(splits={}, folds=["train", "validation", "test"])
    assert len(faces(folds, "test", **here)) == 160
    with pytest.raises(BadInput, match="under folds every face is a test face"):
        faces(folds, "train", **here)


def test_a_forked_worker_reads_for_itself(tiny_protocol, here, monkeypatch):
    """Processes that share an open file would move each other's place in it."""
    found = faces(tiny_protocol(), "test", **here)
    before = found._faces
    monkeypatch.setattr("benchmark.interface.faces.os.getpid", lambda: -1)
    assert found[0][0].shape == (3, 16, 16) and found._faces is not before
