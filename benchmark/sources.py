"""What decides a run's numbers, decided once: the list of sources, and their digest as parsed code.

A digest says whether a finished record was made by this code. It is taken of what Python reads, not of the bytes: a comment,
a docstring, a line break or the place of a module changes no number, and so no digest. dvc.yaml depends on the same list
(tests/test_pipeline.py holds the two together), by bytes: after a changed docstring DVC calls the stage again, which finds
its records to be this code's and trains nothing.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import itertools
import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from benchmark.registry import TIMM, entry

HERE = Path(__file__).parent
# Modules of this package: all that decides what a training run computes, the number that selects its epoch among it.
TRAINING = (
    "augmentation", "batches", "compiling", "crossvalidation", "evaluation", "losses", "memory", "pixels", "resampling",
    "seeds", "selection_metric", "streaming", "training",
)  # fmt: skip
LARGE = 8_000_000  # bytes of source: what is larger is a library, too slow to parse each time, and counts by its bytes


def training_sources() -> list[Path]:
    """The files of `TRAINING`."""
    return [HERE / f"{name}.py" for name in TRAINING]


def model_sources(model: str) -> list[Path]:
    """The .py and .c files of the package that offers a model; of this package, which offers timm's networks, one module.

    Raises:
        BadInput: an unknown model.
    """
    module = entry(model).value.split(":")[0]
    package = module.split(".")[0]
    found = importlib.util.find_spec(module if package == HERE.name else package)
    if found is None:
        return []
    if folders := found.submodule_search_locations:
        return sorted(path for folder in folders for path in Path(folder).rglob("*") if path.suffix in (".py", ".c"))
    return [Path(found.origin)] if found.origin else []


def code_digest(model: str) -> str:
    """Digest of all that decides the numbers of a run of `model`: the training path and the model's own sources, which for
    timm's networks are timm's version. 16 hexadecimal digits.

    Raises:
        BadInput: an unknown model.
    """
    version = (f"timm {importlib.metadata.version('timm')}",) if model.startswith(TIMM) else ()
    return digest(training_sources(), model_sources(model), further=version)


def digest(*groups: Iterable[Path], further: Sequence[str] = ()) -> str:
    """First 16 hexadecimal digits of the SHA-256 of files as `canonical` has them, whatever they are called and wherever
    they lie, and of `further` words.

    A file that is no Python or that this Python can not parse counts by its bytes, and so does a group larger than `LARGE`.
    """
    found = []
    for group in groups:
        contents = [(path.suffix == ".py", path.read_bytes()) for path in group]
        small = sum(len(source) for _, source in contents) <= LARGE
        found += [_digest_of(is_python and small, source) for is_python, source in contents]
    return hashlib.sha256("\n".join([*sorted(found), *further]).encode()).hexdigest()[:16]


@cache
def _digest_of(parse: bool, source: bytes) -> str:
    if parse:
        try:
            source = canonical(source).encode()
        except (SyntaxError, ValueError, RecursionError):  # ValueError: a zero byte, before Python 3.12
            pass
    return hashlib.sha256(source).hexdigest()


def canonical(source: str | bytes) -> str:
    """Python source as nested lists of what was parsed, equal for equal code, on every Python from 3.11 on.

    Left out: comments, layout, docstrings, and from which module of the project something is imported; neighbouring imports
    are sorted. What is imported and under which name stays, and so does the name of a module that is not the project's.
    `ast.dump` would not do: it writes what a version's grammar has, empty fields among it.

    Raises:
        SyntaxError, ValueError, RecursionError: what Python can not parse, or is nested too deeply.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of another's package, which nobody here can mend
        tree = ast.parse(source)
    parts: list[str] = []
    _write(tree, parts)
    return "".join(parts)


def _write(node: object, parts: list[str]) -> None:
    if isinstance(node, ast.AST):
        parts.append(f"({type(node).__name__}")
        for name, value in _fields(node):
            parts.append(f" {name}=")
            _write(value, parts)
        parts.append(")")
    elif isinstance(node, list):
        parts.append("[")
        for each in node:
            _write(each, parts)
        parts.append("]")
    else:
        parts.append(f"{type(node).__name__}:{ascii(node)};")  # what repr escapes depends on a version's Unicode tables


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Fields that say something; empty ones are left out, for another version may not have them."""
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.Constant):
            if name == "value":  # `kind` is the u of u"..."
                yield name, value
            continue
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            value = _statements(value, name == "body" and isinstance(node, _DOCUMENTED))
        elif isinstance(node, ast.JoinedStr):
            value = _joined(value)
        if value is None or value == [] or (isinstance(value, ast.JoinedStr) and not _joined(value.values)):
            continue
        yield name, value


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


def _statements(body: list[ast.stmt], documented: bool) -> list[object]:
    """A body without its docstring, each row of imports as one sorted list."""
    if documented and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:] if isinstance(body[0].value.value, str) else body
    found: list[object] = []
    for are_imports, group in itertools.groupby(body, lambda each: isinstance(each, _IMPORTS)):
        if are_imports:
            found.append(sorted({name for each in group for name in _imported(each)}))
        else:
            found += group
    return found


def _imported(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """ "module name bound-name" of each name, with "." for a module that may move."""
    from_import = isinstance(statement, ast.ImportFrom)
    for each in statement.names:
        module = (statement.module or "") if from_import else each.name
        moves = (from_import and statement.level) or module.split(".")[0] == HERE.name
        name = each.name.rpartition(".")[2] if moves and each.asname else each.name
        yield f"{'.' if moves else module} {name} {each.asname or ''}"


def _joined(values: Sequence[ast.expr]) -> list[object]:
    """The parts of an f-string, neighbouring texts as one: how they are cut differs between versions."""
    found: list[object] = []
    for each in values:
        text = each.value if isinstance(each, ast.Constant) else None
        if text is not None and found and isinstance(found[-1], str):
            found[-1] += text
        elif text != "":
            found.append(each if text is None else text)
    return found
