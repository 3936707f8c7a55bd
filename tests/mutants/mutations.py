"""The mutations: every small change of a room's code that a test should notice, and a seeded sample of them.

The changes are mutmut's operators (numbers, strings, arguments dropped or None, comparisons, branches of a conditional
expression, ...) and three of our own: arguments exchanged, `min` with `max`, `any` with `all`. mutmut's runner is not used:
it leaves out decorated functions and all that is outside functions, and its copies of each function do not reach the
processes that tests start.
"""

import difflib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import libcst as cst
import yaml_mutations
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import deep_replace
from mutmut.mutation.mutators import mutation_operators

# Which files a room has: patterns below benchmark/.
ROOMS = {
    "records": ["records/**/*.py"],
    "protocol": ["protocol/*.py"],
    "claims": ["claims/*.py"],
    "training": ["runs/training/*.py"],
    "report": [
        "report/tables.py", "report/scores.py", "report/values.py", "report/scale.py", "report/stated.py",
        "report/compare.py", "report/humans.py", "report/material.py", "report/parts.py",
        "report/sections/*.py", "report/chapters/*.py",
    ],
    "cli": ["cli/*.py"],
    "yaml": [],  # yaml_mutations.py lists the files
}  # fmt: skip
# Texts for people, which may be worded otherwise: the command line's help.
WORDING = {"help", "description", "epilog", "metavar", "prog"}
# How a figure looks, as keywords of the report's calls. What is drawn, its place among the axes' values, axis labels, scales
# and limits are mutated, and so is a look that is chosen by the data (`face if ... else ...`).
LOOKS = {
    "color", "edgecolor", "edgecolors", "markerfacecolor", "fontweight", "fontsize", "labelsize", "linewidth", "linewidths",
    "marker", "markersize", "markeredgewidth", "alpha", "zorder", "clip_on", "ha", "va", "rotation", "loc", "handlelength",
    "pad", "labelpad", "left", "bottom", "top", "length", "width_ratios", "height_ratios", "figsize", "dpi", "layout",
}  # fmt: skip
SWAPS = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change: in `path` (relative to the root), inside `function` ("" outside of all), lines `first` to `last`."""

    path: str
    function: str
    first: int
    last: int
    diff: str
    code: str
    reader: str  # the module whose tests see the change: itself, or the one that reads the file of values

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when lines move."""
        return self.path, self.function, self.diff


def _exchanged(node: cst.Call) -> Iterator[cst.Call]:
    """f(a, b) -> f(b, a), for the first two positional arguments that differ."""
    given = [arg for arg in node.args if arg.keyword is None and not arg.star]
    if isinstance(node.func, cst.Name) and node.func.value in SWAPS:  # the larger of two is the same in either order
        return
    if len(given) < 2 or node.args[0] is not given[0] or node.args[1] is not given[1]:
        return
    a, b = given[:2]
    if not a.value.deep_equals(b.value):
        changed = (a.with_changes(value=b.value), b.with_changes(value=a.value))
        yield node.with_changes(args=[*changed, *node.args[2:]])


def _swapped_name(node: cst.Call) -> Iterator[cst.Call]:
    if isinstance(node.func, cst.Name) and node.func.value in SWAPS:
        yield node.with_changes(func=cst.Name(SWAPS[node.func.value]))


OPERATORS = [*mutation_operators, (cst.Call, _exchanged), (cst.Call, _swapped_name)]


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, figures: bool) -> None:
        super().__init__()
        self.figures = figures  # whether the file draws: keywords of LOOKS are left alone
        self.left_alone: set[int] = set()
        self.found: list[tuple[cst.CSTNode, cst.CSTNode, str, int, int]] = []
        self.names: list[str] = []
        self.spans: list[tuple[int, int]] = []  # of the statements around

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.names.append(node.name.value)
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            here = self.get_metadata(PositionProvider, node)
            end = here.end.line
            if isinstance(node, cst.BaseCompoundStatement):  # its head alone; what is inside has spans of its own
                inside = node.cases[0] if isinstance(node, cst.Match) else node.body
                end = max(here.start.line, self.get_metadata(PositionProvider, inside).start.line - 1)
            self.spans.append((here.start.line, end))
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom):
            return False
        if isinstance(node, cst.Arg) and node.keyword and node.keyword.value in WORDING:
            return False
        if isinstance(node, cst.If) and isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING":
            return False
        if _is_wording(node) or _is_type(node) or id(node) in self.left_alone:
            return False
        if isinstance(node, cst.Call):
            self.left_alone |= {id(arg) for arg in node.args if self._is_left_alone(node, arg)}
        self._mutate(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self.names.pop()
        if isinstance(original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self.spans.pop()

    def _mutate(self, node: cst.CSTNode) -> None:
        if not self.spans:
            return
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                for changed in operator(node):
                    if not (_wording_gone(node, changed) or self._left_alone_gone(node, changed)):
                        self.found.append((node, changed, ".".join(self.names), *self.spans[-1]))

    def _is_left_alone(self, call: cst.Call, arg: cst.Arg) -> bool:
        keyword = arg.keyword.value if arg.keyword else ""
        if keyword == "strict":
            return isinstance(call.func, cst.Name) and call.func.value == "zip"
        if isinstance(arg.value, cst.SimpleString) and arg.value.raw_value == "utf-8":
            coding = isinstance(call.func, cst.Attribute) and call.func.attr.value in {"encode", "decode"}
            return keyword == "encoding" or (coding and arg is call.args[0])
        return self.figures and keyword in LOOKS and not isinstance(arg.value, cst.IfExp)

    def _left_alone_gone(self, node: cst.CSTNode, changed: cst.CSTNode) -> bool:
        return any(id(arg) in self.left_alone for arg in _gone(node, changed))


def _gone(node: cst.CSTNode, changed: cst.CSTNode) -> list[cst.Arg]:
    """The arguments of a call that have been dropped or made None."""
    if not (isinstance(node, cst.Call) and isinstance(changed, cst.Call)) or node.func is not changed.func:
        return []
    kept = {id(arg.value) for arg in changed.args}
    return [arg for arg in node.args if id(arg.value) not in kept]


def _is_wording(node: cst.CSTNode) -> bool:
    """Several words: a sentence, a heading. Keys, names and formats are one word."""
    if isinstance(node, cst.SimpleString):
        return " " in node.raw_value.strip()
    return isinstance(node, cst.ConcatenatedString) and isinstance(node.left, cst.SimpleString)


def _is_type(node: cst.CSTNode) -> bool:
    """`T = TypeVar("T")`: for the type checker alone."""
    made = node.value if isinstance(node, cst.Assign) else node
    return isinstance(made, cst.Call) and isinstance(made.func, cst.Name) and made.func.value.startswith("TypeVar")


def _wording_gone(node: cst.CSTNode, changed: cst.CSTNode) -> bool:
    """What has been dropped or made None is wording."""
    if isinstance(node, cst.Assign | cst.AnnAssign):
        return node.value is not None and _is_wording(node.value)
    return any(_is_wording(arg.value) or (arg.keyword and arg.keyword.value in WORDING) for arg in _gone(node, changed))


def files(root: Path, room: str) -> list[Path]:
    """The room's modules, in order."""
    return sorted(path for pattern in ROOMS[room] for path in (root / "benchmark").glob(pattern))


def sample(root: Path, room: str, size: int, seed: int) -> tuple[list[Mutant], int]:
    """`size` mutants of the room, drawn evenly from all by `seed`, in the order of the files; and the number of all."""
    every = list(yaml_mutations.changes(root)) if room == "yaml" else list(_changes(root, room))
    drawn = random.Random(f"{room} {seed}").sample(range(len(every)), min(size, len(every)))
    return [_mutant(root, *every[place]) for place in sorted(drawn)], len(every)


def _changes(root: Path, room: str) -> Iterator[tuple]:
    for path in files(root, room):
        wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
        visitor = _Visitor(figures="report" in path.parts)
        module = wrapper.visit(visitor)
        for old, new, function, first, last in visitor.found:
            yield path, str(path.relative_to(root)), (first, last), function, partial(_code, module, old, new)


def _code(module: cst.Module, old: cst.CSTNode, new: cst.CSTNode) -> str:
    return deep_replace(module, old, new).code


def _mutant(root: Path, path: Path, reader: str, lines: int | tuple[int, int], place: str, code: str | Callable) -> Mutant:
    before, after = path.read_text(encoding="utf-8"), code if isinstance(code, str) else code()
    changed = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    diff = "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed if not line.startswith("@@"))
    first, last = lines if isinstance(lines, tuple) else (lines, lines)
    return Mutant(str(path.relative_to(root)), place, first, last, diff, after, reader)
