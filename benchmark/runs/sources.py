"""What decides a run's numbers, decided once: the list of sources, and their digest as parsed code.

A digest says whether a finished record was made by this code. It is taken of what Python reads, not of the bytes: a comment,
a docstring, a line break or the place of a module changes no number, and so no digest. In the pipeline the stage `sources`
depends on the same list (tests/test_pipeline.py holds the two together) and writes the digest of each package of networks
down; the stages that train depend on what it wrote. After a changed docstring nothing is trained.
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

from benchmark.protocol.registry import TIMM, entry

PACKAGE = Path(__file__).parents[1]
# What is hashed of this package: all that decides what a training run computes, the number that selects its epoch among it.
TRAINING = ("runs/training", "protocol/building.py", "protocol/roles.py", "records/selection_metric.py")
LARGE = 8_000_000  # bytes of source: what is larger is a library, too slow to parse each time, and counts by its bytes


def training_sources() -> list[Path]:
    """The files of `TRAINING`."""
    places = [PACKAGE / place for place in TRAINING]
    return [path for place in places for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]


def package_of(model: str) -> str:
    """Name of the package that offers a model, where its sources are looked for; "timm" for timm's networks.

    Raises:
        BadInput: an unknown model.
    """
    if model.startswith(TIMM):
        return TIMM.removesuffix(":")
    module = entry(model).value.split(":")[0]
    return module if module.split(".")[0] == PACKAGE.name else module.split(".")[0]


def package_sources(package: str) -> list[Path]:
    """The .py and .c files of a package; of "timm" the module that makes timm's networks ours. None of an unknown one."""
    found = importlib.util.find_spec(_module(package))
    if found is None:
        return []
    if folders := found.submodule_search_locations:
        return sorted(path for folder in folders for path in Path(folder).rglob("*") if path.suffix in (".py", ".c"))
    return [Path(found.origin)] if found.origin else []


def place_of(package: str) -> str:
    """Where a package's sources lie, as dvc.yaml names it: in the checkout, "ablations" or "benchmark/x/y.py"."""
    name = _module(package).replace(".", "/")
    return f"{name}.py" if name.startswith(f"{PACKAGE.name}/") else name


def _module(package: str) -> str:
    return entry(f"{TIMM}any").value.split(":")[0] if f"{package}:" == TIMM else package


def code_digest(model: str) -> str:
    """`package_digest` of the package that offers a model. BadInput: an unknown model."""
    return package_digest(package_of(model))


def package_digest(package: str) -> str:
    """Digest of all that decides the numbers of a run of a package's networks: the training path and the package's own
    sources, for timm's networks timm's version too. 16 hexadecimal digits."""
    version = (f"timm {importlib.metadata.version('timm')}",) if f"{package}:" == TIMM else ()
    return digest(training_sources(), package_sources(package), further=version)


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
    found = [each for each in found if each != _digest_of(True, b"")]  # a file that only says what a package is for
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
            found.append(sorted({name for each in group if isinstance(each, _IMPORTS) for name in _imported(each)}))
        else:
            found += group
    return found


def _imported(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """ "module name bound-name" of each name, with "." for a module that may move."""
    for each in statement.names:
        module, relative = each.name, False
        if isinstance(statement, ast.ImportFrom):
            module, relative = statement.module or "", statement.level > 0
        moves = relative or module.split(".")[0] == PACKAGE.name
        name = each.name.rpartition(".")[2] if moves and each.asname else each.name
        yield f"{'.' if moves else module} {name} {each.asname or ''}"


def _joined(values: Sequence[ast.expr]) -> list[object]:
    """The parts of an f-string, neighbouring texts as one: how they are cut differs between versions."""
    found: list[object] = []
    for each in values:
        text = each.value if isinstance(each, ast.Constant) and isinstance(each.value, str) else None
        if text is not None and found and isinstance(found[-1], str):
            found[-1] += text
        elif text != "":
            found.append(each if text is None else text)
    return found
