"""The options with which a model is given."""

import argparse

import pytest

from benchmark.cli.models import given_options, model_options


@pytest.mark.parametrize("name", ["NET.PT2", "net.TorchScript", "net.TS"])
def test_trust_is_for_a_file_of_any_case(name):
    one = argparse.ArgumentParser()
    model_options(one)
    found = given_options(one.parse_args(["--trust"]), ["resnet18", name])
    assert found == {"weights": None, "options": {}, "preprocessing": None, "trust": True}
