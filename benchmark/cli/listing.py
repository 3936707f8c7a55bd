"""Verbs that list what there is: plans, protocols, models, cells, data sets. What a line says of a thing comes from where it
is defined: profiles.yaml, the protocol's file, a factory's docstring, a cells.yaml, the card of a data set."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmark.cli.parsing import START
from benchmark.cli.shared import PARAMS, PREPARED, RAW, REPORTS

WIDE = 120  # columns of a list
COUNTS = 2  # schema of complexity.json, as `benchmark.measures.complexity.file` has it, which would import scipy and pandas


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a list whose columns begin below each other. What does not fit into the last column goes on below it."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)][:-1]
    left = sum(widths) + 2 * len(widths)
    lines = []
    for *first, last in (head, *rows):
        start = "".join(f"{text:{width}}  " for text, width in zip(first, widths, strict=True))
        parts = textwrap.wrap(last, max(20, WIDE - left), break_on_hyphens=False) or [""]
        lines += [(start + parts[0]).rstrip(), *(" " * left + part for part in parts[1:])]
    return lines


def _say(lines: Sequence[str]) -> None:
    print("\n".join(lines))


def size_of(megabytes: float | None) -> str:
    """A size in words of three digits at most; empty if it is not known."""
    if megabytes is None:
        return "?"
    return f"{megabytes / 1000:.2g} GB" if megabytes >= 1000 else f"{megabytes:.3g} MB"


def profile(arguments) -> None:
    from benchmark.cli.missing import elsewhere, missing_raw
    from benchmark.runs.params import write_params

    if not arguments.name:
        _profiles()
        return
    contents = write_params(arguments.name, PARAMS)
    runs = sum(len(entry.get("seeds", contents["seeds"])) for entry in contents["runs"].values())
    lines = dict.fromkeys(str(error) for data in contents["data"] for error in missing_raw(data))
    _say([*lines, f"{PARAMS}: profile {arguments.name}, {len(contents['runs'])} cells, {runs} runs; next: "
                  f"{'the data above, then ' * bool(lines)}dvc repro{elsewhere()}"])  # fmt: skip


def _profiles() -> None:
    from benchmark.runs.plan import parts, profile_entry, profile_names

    rows = []
    for name in profile_names():
        entry, runs = profile_entry(name), [run for part in parts(name) for run in part]
        cells = len({(run.protocol.name, run.cell.name) for run in runs})
        seeds = {len({run.seed for run in runs if run.cell == cell}) for cell in {run.cell for run in runs}}
        many = f"{cells} x {'-'.join(map(str, sorted({min(seeds), max(seeds)})))} = {len(runs)}"
        data = dict.fromkeys(run.protocol.data for run in runs)
        sizes = ", ".join(size_of(_megabytes(each, entry.get("data", {}).get(each, {}))) for each in data)
        rows.append((name, ", ".join(data), sizes, many, entry.get("takes", "not measured"), entry.get("about", "")))
    _say(table(("PROFILE", "DATA", "SIZE", "CELLS x SEEDS", "TIME, ABOUT", "WHAT IT IS"), rows))
    print("next: ferbench profile NAME && dvc repro; `ferbench data` says how the data come here")


def _megabytes(data: str, options: dict) -> float | None:
    """The size of a FaceSet that is made with these options."""
    from benchmark.faces.card import card

    own = card(data)
    if own.megabytes is None or own.faces is None:
        return own.megabytes
    return own.megabytes * options.get("faces", own.faces) / own.faces


def protocols(_) -> None:
    from benchmark.protocol.protocol import ROLES, load_protocol, protocol_names

    rows = []
    for name in protocol_names():
        one = load_protocol(name)
        task = f"{len(one.classes)} classes" if one.task == "categorical" else "valence, arousal"
        size = f"{one.input_size}x{one.input_size}x{one.channels}"
        roles = f"{len(one.folds)} folds" if one.folds else ", ".join(one.splits[role] for role in ROLES)
        rows.append((name, one.data, task, size, str(one.epochs), one.recipe_name, roles))
    _say(table(("PROTOCOL", "DATA", "TASK", "INPUT", "EPOCHS", "RECIPE", "TRAIN, VALIDATION, TEST"), rows))
    print("next: ferbench run PROTOCOL CELL; a protocol of your own is a file such as ./my-protocol.yaml (docs/protocol.md)")


def models(_) -> None:
    from benchmark.protocol.registry import models as registered

    counts = _parameters()
    rows = [
        (name, entry.value.partition(":")[0].partition(".")[0], _range(counts.get(name, [])), _docstring(entry.value))
        for name, entry in registered().items()
    ]
    _say(table(("MODEL", "PACKAGE", "PARAMETERS", "WHAT IT IS"), rows))
    print("next: ferbench run PROTOCOL MODEL; MODEL may also be timm:NAME (any network of timm) or package.module:factory")


def _docstring(value: str) -> str:
    """The first sentence of the docstring of ``module:factory``, else that of its module, read without importing it, because
    that would take torch. Empty if there is none, or no file."""
    import ast
    import importlib.util

    module, _, name = value.partition(":")
    try:
        found = importlib.util.find_spec(module)
        tree = ast.parse(Path(found.origin).read_bytes()) if found and found.origin else ast.Module([], [])
    except (ImportError, OSError, SyntaxError, ValueError):
        return ""
    defined = [each for each in tree.body if isinstance(each, ast.FunctionDef | ast.ClassDef) and each.name == name]
    text = next(filter(None, map(ast.get_docstring, [*defined, tree])), "")
    return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")


def _parameters() -> dict[str, list[int]]:
    """Model -> the numbers of trainable parameters that reports/complexity.json has of it with some options."""
    from benchmark.files import read_made

    found: dict[str, list[int]] = {}
    path = REPORTS / "complexity.json"
    for entry in read_made(path, COUNTS, "networks", "complexity")["networks"] if path.is_file() else ():
        found.setdefault(entry["model"], []).append(entry["parameters"]["trainable"])
    return found


def _range(counts: Sequence[int]) -> str:
    if not counts:
        return "not counted"
    ends = dict.fromkeys(f"{count / 1e6:.2f}" for count in (min(counts), max(counts)))
    return f"{' to '.join(ends)} M"


def cells(arguments) -> None:
    from benchmark.files import read_yaml
    from benchmark.protocol.cells import cell_files, cells_in, installed_cells

    if arguments.pattern:
        _matching(arguments.pattern, installed_cells())
        return
    rows = []
    for package, path in cell_files().items():
        contents = read_yaml(path)
        for part in ("grids", "cells"):
            for name, entry in (contents.get(part) or {}).items():
                many = len(cells_in({part: {name: entry}}, path))
                rows.append(("-".join([name, *_axes(entry.get("axes", {}))]), str(many), package))
    _say(table(("GRID AND ITS AXES, OR CELL", "CELLS", "PACKAGE"), rows))
    print("next: ferbench cells PATTERN lists the cells of a pattern (such as 'resnet18*'); ferbench run PROTOCOL CELL")


def _axes(axes) -> Iterator[str]:
    for values in axes.values():
        yield str(values[0]) if len(values) == 1 else f"{{{','.join(map(str, values))}}}"


def _matching(pattern: str, known) -> None:
    import fnmatch

    from benchmark.suggesting import unknown

    wanted = pattern if any(sign in pattern for sign in "*?[") else f"*{pattern}*"
    found = fnmatch.filter(known, wanted)
    if not found:
        raise unknown("cells, pattern", pattern, known, "ferbench cells")
    for cell in map(known.get, found):
        rate = "" if cell.learning_rate is None else f" learning rate {cell.learning_rate:g}"
        print(f"{cell.name:44} {cell.model} {dict(cell.options)} {cell.loss}{rate}")


def data_list(_) -> None:
    from benchmark.cli.missing import missing_raw
    from benchmark.faces.card import card
    from benchmark.faces.data_sets import FOLDER, names, reader

    own = {path.name for root in (RAW, PREPARED) for path in root.glob(f"{FOLDER}*") if path.is_dir()}
    rows = []
    for name in [*names(), *sorted(own)]:
        made, here = card(name), []
        if not reader(name).RAW:
            here.append("drawn")
        elif not missing_raw(name):
            here.append("raw")
        if (PREPARED / name / "meta.json").is_file():
            here.append("prepared")
        faces = "?" if made.faces is None else f"{made.faces:,}"
        about = made.about or "your own pictures (docs/data/folder.md)"
        rows.append((name, faces, size_of(made.megabytes), ", ".join(here) or "-", made.needs or "", about))
    _say(table(("DATA SET", "FACES", "SIZE", "HERE", "WHAT YOU NEED", "WHAT IT IS"), rows))
    print("and folder-NAME, a folder of your own pictures; terms, sources, editions: docs/data/NAME.md")
    print("next: ferbench data add NAME PATH, then ferbench prepare NAME (or ferbench profile PLAN && dvc repro)")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("profile", profile, "write a plan (a profile) into params.yaml; without a name, list the profiles",
               "ferbench profile fer2013-quick", group=START)  # fmt: skip
    one.add_argument("name", nargs="?")

    verb("protocols", protocols, "list the protocols: data, task, input size, epochs, recipe", "ferbench protocols",
         group=START)  # fmt: skip

    verb("models", models, "list the registered models", "ferbench models", group=START)

    one = verb("cells", cells, "list the cells that can be run, by grids; with a pattern, one by one",
               "ferbench cells 'narrow8-12-*-plain'", group=START)  # fmt: skip
    one.add_argument("pattern", nargs="?", help="with * and ?, or a part of the name")
