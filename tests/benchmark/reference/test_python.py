"""The page of the Python interface: docstrings as Markdown."""

import pytest

import benchmark
from benchmark.interface.comparison import Comparison
from benchmark.interface.faces import Faces
from benchmark.interface.result import Result
from benchmark.reference.python import called, documented, python

DOCSTRING = """Does it.

More: of it.

Args:
    one, two: of both,
        on two lines.
    three: one of

        * this;
        * that.

Returns:
    a number: any.

Raises:
    BadInput: never.
"""
SHOWN = """Does it.

More: of it.

**Args:**

- `one`, `two`: of both,
    on two lines.
- `three`: one of

    * this;
    * that.

**Returns:**

a number: any.

**Raises:**

- `BadInput`: never."""


def test_a_docstring_becomes_markdown():
    assert documented(DOCSTRING) == SHOWN


def test_text_after_a_section_stays():
    assert documented("One.\n\nArgs:\n    a: b\n\nThe end.") == "One.\n\n**Args:**\n\n- `a`: b\n\nThe end."


def example(self, a, /, b: int = 1, *, c: "str | None" = None, **d: object) -> int: ...


def test_a_call_has_names_and_defaults_alone():
    assert called("Some.example", example) == "example(a, /, b=1, *, c=None, **d)"


@pytest.mark.parametrize("one", [Result, Comparison, Faces])
def test_every_public_member_is_on_the_page(one):
    page = python()
    public = [name for name in vars(one) if not name.startswith("_")]
    assert len(public) > 1 and all(f"### {one.__name__}.{name}\n" in page for name in public)


def test_every_function_is_on_the_page():
    own = [name for name in benchmark.INTERFACE if f"### benchmark.{name}\n" not in python()]
    assert own == ["Result", "Comparison", "Faces", "Prediction"] and all(f"\n## {name}\n" in python() for name in own)
