"""What a check says of raw data."""

import numpy as np
from PIL import Image

from benchmark.faces.survey import Survey, decode_sample, lines


def test_counts_are_shown_beside_the_published_ones():
    survey = Survey(
        "release A",
        {"train": {"happy": 3, "sad": 2}, "test": {"happy": 1, "sad": 1}},
        {"train": {"happy": 3, "sad": 4}, "test": {"happy": 1, "sad": 1}, "extra": {"happy": 7}},
        ["one row left out"],
    )
    assert lines(survey) == [
        "edition: release A",
        "train: 5 faces: happy 3, sad 2 (known: sad 4)",
        "test: 2 faces: happy 1, sad 1 (as known)",
        "extra: no face; known are 7",
        "note: one row left out",
    ]


def test_a_class_that_is_missing_is_named():
    assert lines(Survey("A", {"train": {"happy": 3}}, {"train": {"happy": 3, "sad": 4}}))[1:] == [
        "train: 3 faces: happy 3 (known: sad 4)"
    ]


def test_without_published_counts_nothing_is_compared():
    assert lines(Survey("A", {"train": {"none": 4}})) == ["edition: A", "train: 4 faces: none 4"]


def test_a_sample_is_decoded_from_first_to_last(tmp_path):
    paths = []
    for k in range(10):
        paths.append(tmp_path / f"{k}.png")
        Image.fromarray(np.zeros((8 + (k == 9), 8, 3), np.uint8)).save(paths[-1])
    paths[4].write_bytes(b"")
    assert decode_sample(paths, 4) == ("4 of 10 pictures were decoded: 8x8 (3), 8x9 (1)",)  # 0, 3, 6, 9
    whole = decode_sample(paths)
    assert whole[0] == "9 of 10 pictures were decoded: 8x8 (8), 8x9 (1)"
    assert whole[1] == f"1 of 10 sampled pictures can not be read: {paths[4]}: an empty file"
    assert decode_sample([]) == ()
