"""What YAML makes of text and of numbers, and what a refusal says about it: following it gives what was meant."""

from dataclasses import dataclass

import pytest
import yaml

from benchmark.errors import BadInput
from benchmark.typed import from_mapping

QUOTES = "; text that YAML reads as something else, such as NO and 1.0, goes in quotes"


@dataclass(frozen=True)
class Own:
    version: str = "1.0"
    name: str | None = None
    rate: float = 0.5
    clip: float | None = None
    epochs: int = 1


def refusal(text: str) -> str:
    with pytest.raises(BadInput) as error:
        from_mapping(Own, yaml.safe_load(text), "mine.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    "text, line",
    [
        ("version: 1.0", "version: found 1.0; expected text"),
        ("version: 2", "version: found 2; expected text"),
        ("version: NO", "version: found False; expected text"),
        ("version: 2024-01-31", "version: found datetime.date(2024, 1, 31); expected text"),
        ("name: 12", "name: found 12; expected text, or nothing"),
    ],
)
def test_text_that_needs_quotes(text, line):
    assert refusal(text) == f"mine.yaml, {line}{QUOTES}"
    key, value = text.split(": ")
    assert getattr(from_mapping(Own, yaml.safe_load(f"{key}: '{value}'"), "mine.yaml"), key) == value


@pytest.mark.parametrize("written", ["1e-1", "1e-3", "-2.5e3", "1e-8", "3E+17", "'0.5'", "'.5e-9'"])
@pytest.mark.parametrize("key, kind", [("rate", "a number"), ("clip", "a number, or nothing")])
def test_numbers_that_are_text(key, kind, written):
    meant = written.strip("'")
    said, _, number = refusal(f"{key}: {written}").rpartition(", write ")
    assert said == f"mine.yaml, {key}: found {meant!r}; expected {kind}; this is text in YAML"
    assert getattr(from_mapping(Own, yaml.safe_load(f"{key}: {number}"), "mine.yaml"), key) == float(meant)


@pytest.mark.parametrize("text", ["version: [1.0]", "version:", "rate: fast", "rate: 1e30", "rate: nan"])
def test_what_no_hint_helps(text):
    assert refusal(text).endswith(("text", "a number"))
