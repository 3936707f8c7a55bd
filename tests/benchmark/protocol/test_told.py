"""What is said about a protocol that is in order."""

import dataclasses

import pytest

from benchmark.errors import BadInput
from benchmark.protocol.protocol import load_protocol
from benchmark.protocol.told import told


def test_an_own_protocol_with_its_faces(tiny_protocol, tiny_faces):
    """160 faces, all labelled: rows 0 to 99 train, to 124 validate, the rest test (tests/conftest.py)."""
    protocol = tiny_protocol()
    assert told(protocol, tiny_faces.directory.parent) == [
        f"protocol tiny-categorical version 1.0, hash {protocol.hash}: a protocol that the suite does not have: its records "
        "get sections of their own",
        f"data: tiny 1.0 in {tiny_faces.directory}, labelled faces: train 100, validation 25, test 35",
        "task: categorical, 3 classes in label order: low, middle, high",
        "training: recipe standard (adamw, learning rate 0.002, batches of 16), 3 epochs, input 16 x 16, 3 channels",
        "evaluation: the best-validation epoch; test-time augmentation: none, flip",
    ]
    lines = told(tiny_protocol("dimensional"), tiny_faces.directory.parent)
    assert lines[2] == "task: dimensional, valence and arousal"
    folds = dataclasses.replace(protocol, folds=("test", "train", "validation"), splits={})
    assert told(folds, tiny_faces.directory.parent)[1].endswith("labelled faces: test 35, train 100, validation 25")


def test_faces_that_are_not_there(tmp_path, tiny_protocol):
    said = told(load_protocol("fer2013-7"), tmp_path)
    assert said[0].endswith(": the suite's own")
    wanted = "fer2013 1.0 with the splits Training, PublicTest, PrivateTest"
    assert said[1] == f"data: {wanted}; {tmp_path / 'fer2013'}: not prepared yet; first: ferbench prepare fer2013"
    assert "no data set that the suite can prepare; docs/data/folder.md" in told(tiny_protocol(), tmp_path)[1]
    assert told(tiny_protocol(data="folder-mine"), tmp_path)[1].endswith("first: ferbench prepare folder-mine")


def test_faces_of_another_protocol(tiny_protocol, tiny_faces):
    """Each split that is missing is a line."""
    folder = tiny_faces.directory.parent
    with pytest.raises(BadInput) as error:
        told(tiny_protocol(splits={"train": "train", "validation": "val", "test": "Test"}), folder)
    file = tiny_faces.directory / "faces.csv"
    assert [str(fault) for fault in error.value.faults] == [
        f"{file}, validation: found no split 'val'; expected one of test, train, validation",
        f"{file}, test: found no split 'Test'; expected one of test, train, validation",
    ]
    with pytest.raises(BadInput, match="class order: found low, middle, high; expected high, middle, low"):
        told(tiny_protocol(classes=["high", "middle", "low"]), folder)
    with pytest.raises(BadInput, match="version: found 1.0; expected 2.0 for protocol tiny-categorical"):
        told(tiny_protocol(data_version="2.0"), folder)
