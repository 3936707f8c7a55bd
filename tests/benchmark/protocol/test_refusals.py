"""What a refusal of a protocol or a cell shows: the value as it was found, and only related names."""

import pytest

from benchmark.errors import BadInput
from benchmark.protocol.cells import find_cell, load_cells


@pytest.mark.parametrize("key", ["classes", "tta"])
def test_names_that_are_no_list_are_shown(tiny_protocol, key):
    with pytest.raises(BadInput) as error:
        tiny_protocol(**{key: "abc"})
    assert error.value.found == "'abc'"


def test_the_first_word_of_a_name_decides_what_is_related():
    with pytest.raises(BadInput) as error:
        find_cell("resnet18-smallstem-none-such")
    related = {name for name in load_cells() if name.split("-")[0] == "resnet18"}
    assert set(error.value.expected.removeprefix("one of ").split(", ")) == related and len(related) > 4
