"""The one list of source files that decide a run's numbers, and the digest of their parsed code.

The digest says whether a finished record was made by the present code. It is computed from the parsed code, not from the
bytes: a comment, a docstring, a line break or the location of a module changes no number, so it does not change the digest.

Some modules that training imports are left out. Protocol and cell have digests of their own, taken of the values after they
are read, and the FaceSet has one of its bytes; a run is compared by those too. What then only hands these values on
or writes the record (`benchmark.faces.faceset`, `benchmark.protocol.cells`, `benchmark.records.record`, the ground) is taken
to be right: if a fault there changed numbers, the runs made with it have to be named and made again by hand. Left out as
well are the versions of torch, numpy and other libraries, which every record states.

In the DVC pipeline, the stage `sources` depends on the same files (tests/test_pipeline.py checks that) and writes the digest
of each package of networks to a file; the training stages depend on that file. So a changed docstring trains nothing again.
"""

import ast
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.metadata import EntryPoint
from pathlib import Path

from benchmark.protocol.registry import TIMM, entry, models

PACKAGE = Path(__file__).parents[1]
# The part of this package that decides what a training run computes, including the metric that selects its epoch.
TRAINING = ("runs/training", "protocol/building.py", "protocol/roles.py", "records/selection_metric.py")
LARGE = 8_000_000  # bytes of source. A larger package is a library: parsing it each time is too slow, so bytes are hashed


def training_sources() -> list[Path]:
    """The files of `TRAINING`."""
    places = [PACKAGE / place for place in TRAINING]
    return [path for place in places for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]


def package_of(model: str, known: Mapping[str, EntryPoint] | None = None) -> str:
    """Name of the package that offers a model; its sources are hashed. "timm" for the networks of timm. `known` as of
    `benchmark.protocol.registry.entry`.

    Raises:
        BadInput: an unknown model.
    """
    if model.startswith(TIMM):
        return TIMM.removesuffix(":")
    module = entry(model, known).value.split(":")[0]
    return module if module.split(".")[0] == PACKAGE.name else module.split(".")[0]


def package_sources(package: str) -> list[Path]:
    """The .py and .c files of a package, sorted. For "timm": our module that builds timm's networks. Empty for an unknown
    package."""
    found = _places(package)
    if folders := [place for place in found if place.is_dir()]:
        return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".c"))
    return found


def built_on(package: str) -> list[str]:
    """The other packages of registered models that the code of a package imports, directly or through each other; sorted.
    A network that is built from theirs changes with them, so their sources count too."""
    offering = {each.value.split(":")[0].split(".")[0] for each in models().values()} - {PACKAGE.name, package}
    found: set[str] = set()
    waiting = [package]
    while waiting:
        contents = [path.read_bytes() for path in package_sources(waiting.pop()) if path.suffix == ".py"]
        if sum(map(len, contents)) <= LARGE:
            imported = set().union(*map(_modules_imported, contents))
            waiting += sorted(imported & offering - found)
            found |= imported & offering
    return sorted(found)


def place_of(package: str) -> str:
    """Where the sources of a package are, for dvc.yaml: a path relative to the checkout, such as "ablations"; absolute for
    a package that is installed somewhere else. The bare name of an unknown package."""
    places = _places(package)
    if not places:
        return package
    root = PACKAGE.parent
    return (places[0].relative_to(root) if places[0].is_relative_to(root) else places[0]).as_posix()


def _places(package: str) -> list[Path]:
    """The folders of a package, or the file of a module. Empty if there is none, and for what is no name of a package."""
    if not all(part.isidentifier() for part in package.split(".")):
        return []
    with contextlib.suppress(ImportError, ValueError):  # no such parent package; no name of a module
        if (found := importlib.util.find_spec(_module(package))) is not None:
            if folders := found.submodule_search_locations:
                return [Path(folder) for folder in folders]
            return [Path(found.origin)] if found.origin else []
    return []


def _module(package: str) -> str:
    return entry(f"{TIMM}any").value.split(":")[0] if f"{package}:" == TIMM else package


def code_digest(model: str) -> str:
    """`package_digest` of the package that offers a model. BadInput for an unknown model."""
    return package_digest(package_of(model))


def package_digest(package: str) -> str:
    """Digest of everything that decides the numbers of runs with the networks of a package: the training code, the package's
    own sources, those of the packages that it is `built_on` and, for "timm", the version of timm. 16 hexadecimal digits."""
    version = (f"timm {importlib.metadata.version('timm')}",) if f"{package}:" == TIMM else ()
    networks = [package_sources(each) for each in (package, *built_on(package))]
    return digest(training_sources(), *networks, further=version)


def digest(*groups: Iterable[Path], further: Sequence[str] = ()) -> str:
    """First 16 hexadecimal digits of the SHA-256 of files in their `canonical` form and of the words in `further`.

    Names and locations of the files do not count. The bytes of a file are hashed instead of its canonical form if it is not
    Python, if this Python can not parse it, or if its group is larger than `LARGE`.
    """
    found = []
    for group in groups:
        contents = [(path.suffix == ".py", path.read_bytes()) for path in group]
        small = sum(len(source) for _, source in contents) <= LARGE
        found += [_digest_of(is_python and small, source) for is_python, source in contents]
    found = [each for each in found if each != _digest_of(True, b"")]  # files without code, such as a bare __init__.py
    return hashlib.sha256("\n".join([*sorted(found), *further]).encode()).hexdigest()[:16]


@cache
def _modules_imported(source: bytes) -> frozenset[str]:
    """Top-level names of the modules that Python source imports by an absolute name. Empty if it can not be parsed."""
    found: set[str] = set()
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        for node in ast.walk(_tree(source)):
            if isinstance(node, ast.Import):
                found.update(each.name.split(".")[0] for each in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return frozenset(found)


@cache
def _digest_of(parse: bool, source: bytes) -> str:
    if parse:
        with contextlib.suppress(SyntaxError, ValueError, RecursionError):  # ValueError: a zero byte, before Python 3.12
            source = canonical(source).encode()
    return hashlib.sha256(source).hexdigest()


def canonical(source: str | bytes) -> str:
    """The parsed syntax tree of Python source as text; equal code gives equal text on every Python from 3.11 on.

    Left out are comments, layout, docstrings and, for imports from this project, the module that a name is imported from.
    Adjacent import statements are sorted. The imported names stay, and so do the names of modules outside the project.
    `ast.dump` is not used because its text differs between Python versions: it writes the fields that the version's grammar
    has, even empty ones.

    Raises:
        SyntaxError, ValueError, RecursionError: source that Python can not parse, or that is nested too deeply.
    """
    parts: list[str] = []
    _write(_tree(source), parts)
    return "".join(parts)


@lru_cache(maxsize=64)  # what a package imports and its digest are asked for together
def _tree(source: str | bytes) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # from a package of others, which can not be changed here
        return ast.parse(source)


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
        parts.append(f"{type(node).__name__}:{node!a};")  # not repr: what it escapes depends on the Python version


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node that are not empty. Another Python version may not have the empty ones."""
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
    """The statements of a body without its docstring; each sequence of adjacent imports as one sorted list."""
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
    """ "module name alias" for each imported name, with "." in place of a module of this project."""
    for each in statement.names:
        module, relative = each.name, False
        if isinstance(statement, ast.ImportFrom):
            module, relative = statement.module or "", statement.level > 0
        moves = relative or module.split(".")[0] == PACKAGE.name
        name = each.name.rpartition(".")[2] if moves and each.asname else each.name
        yield f"{'.' if moves else module} {name} {each.asname or ''}"


def _joined(values: Sequence[ast.expr]) -> list[object]:
    """The parts of an f-string, with adjacent texts joined: Python versions split them differently."""
    found: list[object] = []
    for each in values:
        text = each.value if isinstance(each, ast.Constant) and isinstance(each.value, str) else None
        if text is not None and found and isinstance(found[-1], str):
            found[-1] += text
        elif text != "":
            found.append(each if text is None else text)
    return found
