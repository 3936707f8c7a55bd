"""What a name stands for, where capitals at its end do not matter."""

import pytest

from benchmark.errors import BadInput
from benchmark.outside.entry_models import run_cell
from benchmark.outside.measuring import complexity


@pytest.mark.parametrize(
    "name, message",
    [
        ("P.CSV", "P.CSV: found a file of predictions; expected a model: predictions have no parameters and no MACs"),
        ("P.Npz", "P.Npz: found a file of predictions; expected a model: predictions have no parameters and no MACs"),
        ("NET.ONNX", "NET.ONNX: found no such file; expected a model: .onnx, .pt2, .torchscript, .ts"),
    ],
)
def test_a_file_of_any_case_is_no_unknown_name(name, message, tiny_protocol, tmp_path):
    with pytest.raises(BadInput) as error:
        complexity(name, tiny_protocol(), entries=tmp_path)
    assert str(error.value) == message
    assert run_cell(name, tiny_protocol(), tmp_path, tmp_path, {}) is None
