"""What a check says of raw data."""

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import BadInput
from benchmark.faces.survey import Survey, check_sample, decode_sample, evenly, lines


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
    whole = decode_sample(paths, allowed=0.1)
    assert whole[0] == "9 of 10 pictures were decoded: 8x8 (8), 8x9 (1)"
    assert whole[1] == f"1 of 10 sampled pictures can not be read: {paths[4]}: an empty file"
    assert decode_sample([]) == ()
    with pytest.raises(BadInput, match=f"^{paths[4]}: found an empty file; 1 of 10 pictures that were tried"):
        decode_sample(paths)


def test_a_sample_refuses_what_an_allowed_share_would_hardly_give():
    """At 0.1 % a sample of 200 has 3 or more with probability 0.00113, 4 or more with 0.0000545 (binomial, by hand)."""
    check_sample([("a", "x: y")] * 3, 200, 300_000, 0.001)
    with pytest.raises(BadInput, match="^a: found x: y; 4 of 200 pictures .* expected at most 0.1 % of all 300000"):
        check_sample([("a", "x: y")] * 4, 200, 300_000, 0.001)
    check_sample([("a", "x: y")], 200, 1000, 0.001)  # one of 1,000 is allowed, two are not, however many were tried
    with pytest.raises(BadInput):
        check_sample([("a", "x: y")] * 2, 200, 1000, 0.001)
    check_sample([], 0, 0, 0)


def test_evenly():
    assert evenly(10, 4) == [0, 3, 6, 9] and evenly(3) == [0, 1, 2] and evenly(0) == [] and evenly(1, 5) == [0]
