"""Every place that mypy does not check has its reason on the same line, and the number of such places never grows."""

import ast
import contextlib
import io
import re
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]

# Room -> number of such places; "" for the modules that are in no room. These numbers may only be lowered.
LIMITS = {"": 1, "claims": 0, "faces": 1, "protocol": 0, "records": 1, "runs": 3}

IGNORE = re.compile(r"type:\s*ignore(\[[^]]*\])?|mypy:.*?(?=#|$)")  # in a comment; the second form applies to a whole file
OTHER_PRAGMA = re.compile(r"noqa(:\s*[A-Z0-9, ]+)?|fmt:\s*\w+")


def places(source: str) -> Iterator[tuple[int, str, bool]]:
    """(line, what is there: "Any", "cast" or "ignore", whether the line's comment gives a reason) of each unchecked place.

    An import of `Any` or `cast` does not count, under any name; neither does another function that is called cast.
    """
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    reasons = {line for line, text in comments.items() if re.search(r"\w", OTHER_PRAGMA.sub("", IGNORE.sub("", text)))}
    tree = ast.parse(source)
    modules, names = {"typing", "typing_extensions"}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {each.asname for each in node.names if each.name in modules and each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            names |= {each.asname or each.name: each.name for each in node.names}

    def named(node: ast.AST) -> str | None:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            return node.attr
        return names.get(node.id) if isinstance(node, ast.Name) else None

    found = {(line, "ignore") for line, text in comments.items() if IGNORE.search(text)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and named(node.func) == "cast":
            found.add((node.lineno, "cast"))
        if named(node) == "Any":
            found.add((node.lineno, "Any"))
        found |= {(line, "Any") for part, line in in_quotes(node) if named(part) == "Any"}
    return ((line, what, line in reasons) for line, what in sorted(found))


def in_quotes(node: ast.AST) -> Iterator[tuple[ast.AST, int]]:
    """The parts of the annotations of `node` that are written as strings, each with its line."""
    for name in ("annotation", "returns"):
        annotation = getattr(node, name, None)
        for text in ast.walk(annotation) if annotation is not None else ():
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                with contextlib.suppress(SyntaxError):  # a string of a Literal
                    yield from ((part, text.lineno) for part in ast.walk(ast.parse(text.value.strip(), mode="eval")))


def typed_files() -> dict[str, list[Path]]:
    """Room -> its files: the rooms that mypy checks, and "" for the modules of no room, which all rooms use."""
    rooms = {package.split(".")[1]: package for package in SETTINGS["packages"]}
    files = {room: sorted((ROOT / package.replace(".", "/")).rglob("*.py")) for room, package in rooms.items()}
    return files | {"": sorted((ROOT / "benchmark").glob("*.py"))}


def test_the_settings_are_strict_and_the_rooms_are_there():
    assert SETTINGS["strict"] is True
    assert not {"ignore_errors", "follow_imports", "exclude"} & set(SETTINGS)
    files = typed_files()
    assert set(files) == set(LIMITS) and all(files.values())
    rooms = {path.parent.name for path in (ROOT / "benchmark").glob("*/__init__.py")}
    others = {f"benchmark.{room}.*" for room in rooms - set(files)}
    silent, foreign = sorted(SETTINGS["overrides"], key=lambda each: "follow_imports" not in each)
    assert set(silent) == {"module", "follow_imports"} and silent["follow_imports"] == "silent"
    assert set(silent["module"]) == others  # those that are not checked anyway
    assert set(foreign) == {"module", "ignore_missing_imports"}
    assert not [name for name in foreign["module"] if name.startswith("benchmark")]


def test_what_is_not_checked_says_why_and_does_not_grow():
    check(typed_files(), LIMITS)


def check(files: dict[str, list[Path]], limits: dict[str, int]) -> None:
    """AssertionError that names the lines without a reason, or the rooms whose number of places is not their limit."""
    found = {
        (room, path, *place) for room, paths in files.items() for path in paths for place in places(path.read_text("utf-8"))
    }
    silent = sorted(f"{path}:{line}: {what}" for _, path, line, what, has_reason in found if not has_reason)
    assert silent == [], "without a reason on the line"
    counts = Counter(room for room, *_ in found)
    assert {room: counts[room] for room in files if counts[room] > limits[room]} == {}, "more than there were"
    assert {room: counts[room] for room in files if counts[room] < limits[room]} == {}, "fewer than there were: lower LIMITS"


@pytest.mark.parametrize(
    "source, expected",
    [
        ("from typing import Any\nx: Any = 1\n", [(2, "Any", False)]),
        ("from typing import Any\nx: Any = 1  # whatever the file holds\n", [(2, "Any", True)]),
        ("import typing as t\ndef f(x: list[t.Any]) -> None: ...\n", [(2, "Any", False)]),
        ("from typing import Any as Whatever\ndef f() -> Whatever: ...\n", [(2, "Any", False)]),
        ('from typing import Any\ndef f(\n    a: int,  # a reason\n    b: "dict[str, Any]",\n): ...\n', [(4, "Any", False)]),
        ("from typing import cast\ny = cast(int, x)\n", [(2, "cast", False)]),
        ("import typing\ny = typing.cast(int, x)  # x comes out of a pipe\n", [(2, "cast", True)]),
        ("f(x)  # type: ignore[arg-type]\n", [(1, "ignore", False)]),
        ("f(x)  # type: ignore[arg-type]  # noqa: E501\n", [(1, "ignore", False)]),
        ("f(x)  # type: ignore[arg-type]  # its stubs lack it\n", [(1, "ignore", True)]),
        ("# mypy: ignore-errors\nf(x)\n", [(1, "ignore", False)]),
        ("f(x)  #type:ignore\n", [(1, "ignore", False)]),
        ('from typing import Any\nx = "Any"  # a word\ndef f() -> "Any": ...\n', [(3, "Any", False)]),
        ('from typing import Literal\nx: Literal["two words"] = "two words"\n', []),
        ('"""Any cast( is a word here, # type: ignore too."""\n', []),
        ("def cast(a, b): ...\ny = cast(int, x)\nAny = 1\nz = Any\n", []),
    ],
)
def test_each_is_found_where_it_is(source, expected):
    assert list(places(source)) == expected


def test_what_is_planted_is_refused(tmp_path):
    """A place without a reason is named; one with a reason still exceeds the limit; a limit that is too high fails too."""
    planted = tmp_path / "planted.py"
    planted.write_text("from typing import Any\n\nx: Any = 1\n")
    with pytest.raises(AssertionError, match=r"planted\.py:3: Any"):
        check({"protocol": [planted]}, {"protocol": 1})
    planted.write_text("from typing import Any\n\nx: Any = 1  # for a reason\n")
    check({"protocol": [planted]}, {"protocol": 1})
    with pytest.raises(AssertionError, match="more than there were"):
        check({"protocol": [planted]}, {"protocol": 0})
    with pytest.raises(AssertionError, match="lower LIMITS"):
        check({"protocol": [planted]}, {"protocol": 2})
