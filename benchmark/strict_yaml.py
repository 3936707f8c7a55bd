"""YAML as people write it by hand, read strictly: a key that stands twice, a value that contains itself and one that grows
beyond measure are refused, and so is text nested too deeply.

PyYAML's own loader lets the last of two equal keys win without a word, so a line that was copied and forgotten would change
what a run means. Its loader in C is not used: thousands of nested brackets end the process. Only the scanner and the parser
in C are, where they read the same and refuse nothing; they take a sixth of the time. Whole numbers as YAML 1.1 reads some
(010 is 8, 1:30 is 90) are refused too.
"""

import contextlib
import re
from collections.abc import Collection
from copy import deepcopy
from functools import lru_cache

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor

from benchmark.errors import BadInput

LARGEST = 100_000  # values in one document, those of a repeated anchor counted each time
_ODD_BASE = re.compile(r"[-+]?(0[0-7_]+|[0-9_]+(:[0-5]?[0-9])+(\.[0-9_]*)?)")  # 8 or 60
NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
# What the scanner in C reads in another way, or does not refuse: tabs, other ends of lines, a comment just after | or >, a
# question mark before a space.
_READ_OTHERWISE = re.compile(r"[\t\r\x85\u2028\u2029\ufeff]|[|>][-+0-9]*#|\?\s")
LONGEST = 1024  # bits of a whole number; Python refuses to show one of more than 4,300 digits


class _Strict(Composer, SafeConstructor):
    """Composes values without repeated keys; with text alone below some keys of the whole document (`as_written`)."""

    as_written: Collection[str] = ()
    depth = below = 0

    # PyYAML passes the key's node for a value of a mapping, None for a key, a number in a list; its types allow the last.
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.depth += 1
        if self.depth == 2 and isinstance(index, yaml.ScalarNode) and index.value in self.as_written:
            self.below = self.depth
        node = super().compose_node(parent, index)
        if self.depth == self.below:
            self.below = 0
        self.depth -= 1
        return node

    def compose_scalar_node(self, anchor: dict[object, yaml.Node]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if self.below and self.depth > self.below:
            node.tag = "tag:yaml.org,2002:str"
        if node.tag in NUMBERS and not node.style and _ODD_BASE.fullmatch(node.value):
            value = self.construct_object(node)
            if (node.value.replace("_", "").lstrip("+-0") or "0") != str(value).lstrip("-"):  # 01 is 1
                found = f"{node.value}, which YAML reads as {value}"
                raise BadInput(
                    f"line {node.start_mark.line + 1}", found, "a number without a leading 0 or colons, or quotes"
                )
        return node

    # PyYAML passes the anchor's name or None; its types say this.
    def compose_mapping_node(self, anchor: dict[object, yaml.Node]) -> yaml.MappingNode:
        # While it is composed, a mapping still has exactly the keys that were written; merging (<<) adds others to it.
        node = super().compose_mapping_node(anchor)
        lines: dict[object, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # no key of any file of the suite; the constructor refuses those that can not be one
            merges = key.tag == "tag:yaml.org,2002:merge"
            name = key.value if merges else self.construct_object(key)
            mark = f"line {key.start_mark.line + 1}"
            if name in lines:
                found = f"the key {key.value!r} again, after line {lines[name]}"
                raise BadInput(mark, found, "each key once")
            lines[name] = key.start_mark.line + 1
        return node


class _Loader(_Strict, yaml.SafeLoader):
    """With the scanner and the parser in Python."""


if yaml.__with_libyaml__:
    from yaml.cyaml import CSafeLoader

    class _Quick(_Strict, CSafeLoader):
        """With those in C."""

        def __init__(self, text: str):
            CSafeLoader.__init__(self, text)
            Composer.__init__(self)


def parsed(text: str, as_written: Collection[str] = ()) -> object:
    """The value of the one document in `text`; None if there is nothing in it.

    Args:
        as_written: keys of the document in whose lists and mappings every key and value is the text that was written: ``NO``
            is not false there, ``01`` not 1.

    Raises:
        BadInput: text that is not YAML or is nested too deeply; two equal keys in a mapping; a value that contains itself;
            more than `LARGEST` values. The message says where in the text, as far as that is known.
    """
    return deepcopy(_parsed(text, frozenset(as_written)))  # what a caller does with its own changes no other's


@lru_cache(maxsize=64)  # a command reads the same protocols, cells and plans many times; a copy takes a tenth of the time
def _parsed(text: str, as_written: frozenset[str]) -> object:
    try:
        value = _value(text, as_written)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "YAML" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
        said = ", ".join(part.removeprefix("found ") for part in (error.context, error.problem) if part)
        raise BadInput(where, said or "something else", "valid YAML") from error
    except RecursionError as error:
        raise BadInput("YAML", "thousands of brackets or levels", "fewer") from error
    except BadInput:
        raise
    # A character that may not be; a date such as 2024-13-45; what the constructors of `!!int x`, `!!bool x` and
    # `!!timestamp x` raise.
    except (yaml.YAMLError, ValueError, OverflowError, KeyError, AttributeError) as error:
        raise BadInput("YAML", " ".join(str(error).split()), "valid YAML") from error
    _check_extent(value)
    return value


def _value(text: str, as_written: frozenset[str]) -> object:
    if yaml.__with_libyaml__ and not _READ_OTHERWISE.search(text):
        with contextlib.suppress(Exception):  # the errors are those of the other one
            return _composed(_Quick(text), as_written)
    return _composed(_Loader(text), as_written)


def _composed(loader: "_Loader | _Quick", as_written: frozenset[str]) -> object:
    loader.as_written = as_written
    try:
        value: object = loader.get_single_data()
    finally:
        loader.dispose()
    return value


def _check_extent(value: object) -> None:
    """Refuse a value that contains itself, one that anchors have multiplied, and a number that is too long to be shown."""
    above: set[int] = set()
    steps: list[tuple[object, bool]] = [(value, True)]
    seen = 0
    while steps:
        each, enter = steps.pop()
        if not enter:
            above.remove(id(each))
            continue
        seen += 1
        if id(each) in above:
            raise BadInput("YAML", "an anchor inside itself", "values that end")
        if seen > LARGEST:
            raise BadInput("YAML", f"more than {LARGEST} values", "fewer; anchors repeat what they name")
        if isinstance(each, int) and each.bit_length() > LONGEST:
            raise BadInput("YAML", f"a number of {each.bit_length()} bits", f"at most {LONGEST}")
        if isinstance(each, dict | list | tuple | set):
            above.add(id(each))
            steps.append((each, False))
            below = [*each, *each.values()] if isinstance(each, dict) else list(each)
            steps.extend((one, True) for one in below)
