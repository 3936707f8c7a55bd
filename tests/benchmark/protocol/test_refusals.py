"""What a refusal of a protocol or a cell shows: the value as it was found, and only related names."""

import pytest

from benchmark.errors import BadInput
from benchmark.protocol.cells import find_cell, load_cells


@pytest.mark.parametrize("key", ["classes", "tta"])
def test_names_that_are_no_list_are_shown(tiny_protocol, key):
    with pytest.raises(BadInput) as error:
        tiny_protocol(**{key: "abc"})
    assert error.value.found == "'abc'"


def test_cells_with_nearly_the_same_name_are_suggested():
    with pytest.raises(BadInput) as error:
        find_cell("resnet18-smallstm-mse")
    assert error.value.expected.startswith(f"one of the {len(load_cells())} that `ferbench cells` lists; did you mean ")
    assert error.value.expected.partition("mean ")[2].startswith("resnet18-smallstem-mse")
