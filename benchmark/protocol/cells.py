"""Cell and Run. A Cell is one thing that is compared; a Run is one training of a cell, under a protocol and with a seed.

Cells are defined in the ``cells.yaml`` of every package that is named in the entry-point group ``ferbench.cells``. Such a
file has two optional parts:

* ``cells``: name -> {model, options, loss}, one cell each;
* ``grids``: name -> {model, options, axes}: one cell for every combination of the values of the axes, named
  ``<grid>-<value>-<value>...`` in the order of the axes. The axis ``loss`` sets the loss; every other axis sets an option.

A cell may have its own ``learning_rate``, which replaces the recipe's (how such rates are found: docs/protocol.md,
"Learning rates"). A grid lists them as ``learning_rates``: ``<value>-<value>...`` -> rate.
"""

import dataclasses
import importlib.resources
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, digest, read_yaml
from benchmark.names import checked_name, checked_text
from benchmark.protocol import registry
from benchmark.protocol.protocol import Protocol, Recipe
from benchmark.suggesting import unknown
from benchmark.typed import plain

MOST_CELLS = 10_000  # of one grid
LOSSES = {"categorical": ("plain", "weighted", "focal"), "dimensional": ("mse", "ccc", "mse+ccc")}


@dataclass(frozen=True)
class Cell:
    """One thing that is compared: a model with its options, the training loss and, optionally, its own learning rate.

    `learning_rate` None: the recipe's. Such a cell keeps the hash that it had before this field existed.
    """

    name: str
    model: str
    options: Mapping[str, Json] = field(hash=False)
    loss: str
    learning_rate: float | None = None

    @property
    def definition(self) -> dict[str, Json]:
        """What defines the cell, JSON-able. The name is only a label and is not part of it."""
        own = {"model": self.model, "options": dict(self.options), "loss": self.loss}
        return own if self.learning_rate is None else own | {"learning_rate": self.learning_rate}

    @property
    def hash(self) -> str:
        """Digest of the definition."""
        return digest(self.definition)

    def as_dict(self) -> dict[str, Json]:
        """JSON-able contents."""
        return {"name": self.name, **self.definition}


@dataclass(frozen=True)
class Run:
    """Protocol x Cell x seed."""

    protocol: Protocol
    cell: Cell
    seed: int

    def __post_init__(self) -> None:
        allowed = LOSSES[self.protocol.task]
        if self.cell.loss not in allowed:
            raise BadInput(
                f"cell {self.cell.name} under {self.protocol.name}",
                f"loss '{self.cell.loss}'",
                f"one for a {self.protocol.task} task: {', '.join(allowed)}",
            )

    @property
    def recipe(self) -> Recipe:
        """The protocol's recipe; with the cell's own learning rate, if it has one."""
        rate = self.cell.learning_rate
        return self.protocol.recipe if rate is None else dataclasses.replace(self.protocol.recipe, learning_rate=rate)

    @property
    def place(self) -> Path:
        """The run's folder, relative to the folder of all runs."""
        return Path(self.protocol.folder, self.cell.name, f"seed{self.seed}")

    def __str__(self) -> str:
        return f"{self.protocol.name} / {self.cell.name} / seed {self.seed}"


def cell_from(name: str, contents: Mapping[str, Json], where: object) -> Cell:
    """A Cell from its definition. BadInput for a name that is no plain one, missing or unknown keys, an unknown loss or an
    invalid learning rate."""
    checked_name(name, "cell", where)
    if not isinstance(contents, Mapping) or set(contents) - {"options", "learning_rate"} != {"model", "loss"}:
        found = ", ".join(map(str, contents)) if isinstance(contents, Mapping) else f"{contents!r}"
        raise BadInput(f"{where}, cell {name}", found, "model, loss and perhaps options and learning_rate")
    known = sorted({loss for losses in LOSSES.values() for loss in losses})
    if contents["loss"] not in known:
        raise BadInput(f"{where}, cell {name}, loss", contents["loss"], f"one of {', '.join(known)}")
    checked_text(contents["model"], f"cell {name}, model", where)
    options = contents.get("options") or {}
    if not isinstance(options, Mapping) or not plain(options):
        raise BadInput(f"{where}, cell {name}, options", f"{options!r}"[:200], "a mapping of names to values that JSON has")
    rate = contents.get("learning_rate")
    if rate is not None and not (type(rate) is float and 0 < rate < math.inf):
        raise BadInput(f"{where}, cell {name}, learning_rate", f"{rate!r}", "a number above 0, such as 0.001 or 1.0e-3")
    return Cell(name, contents["model"], dict(options), contents["loss"], rate)


def named_cell(contents: Mapping[str, Json], where: object) -> Cell:
    """The Cell that `Cell.as_dict` describes. BadInput as of `cell_from`."""
    name = contents.get("name")
    if not isinstance(name, str):
        raise BadInput(f"{where}, name", name, "the name of a cell")
    return cell_from(name, {key: value for key, value in contents.items() if key != "name"}, where)


def cells_in(contents: Mapping[str, Json], where: object) -> dict[str, Cell]:
    """All cells of one cells.yaml, including every cell of its grids. BadInput for a name that occurs twice or an unknown
    part."""
    if unknown := set(contents) - {"cells", "grids"}:
        raise BadInput(where, ", ".join(sorted(map(str, unknown))), "the parts cells and grids")
    for part in ("cells", "grids"):
        if not isinstance(contents.get(part) or {}, Mapping):
            raise BadInput(f"{where}, {part}", f"{contents[part]!r}"[:200], "a mapping of names to definitions")
    cells = [cell_from(name, entry, where) for name, entry in (contents.get("cells") or {}).items()]
    for grid, entry in (contents.get("grids") or {}).items():
        cells += _cells_of_grid(grid, entry, f"{where}, grid {grid}", where)
    found = {}
    for cell in cells:
        if cell.name in found:
            raise BadInput(where, f"two cells named {cell.name}", "names that differ")
        found[cell.name] = cell
    return found


def _cells_of_grid(grid: object, entry: Json, here: str, where: object) -> list[Cell]:
    checked_name(grid, "grid", where)
    if not isinstance(entry, Mapping) or set(entry) - {"options", "learning_rates"} != {"model", "axes"}:
        found = ", ".join(map(str, entry)) if isinstance(entry, Mapping) else f"{entry!r}"[:200]
        raise BadInput(here, found, "model, axes, perhaps options and learning_rates")
    axes = entry["axes"]
    if (
        not isinstance(axes, Mapping)
        or "loss" not in axes
        or not all(isinstance(own, list) and own for own in axes.values())
    ):
        raise BadInput(f"{here}, axes", f"{axes!r}"[:200], "lists of values, loss among them")
    if (size := math.prod(map(len, axes.values()))) > MOST_CELLS:
        raise BadInput(f"{here}, axes", f"{size} cells", f"at most {MOST_CELLS}")
    for part in ("options", "learning_rates"):
        if not isinstance(entry.get(part) or {}, Mapping):
            raise BadInput(f"{here}, {part}", f"{entry[part]!r}"[:200], "a mapping")
    rates = dict(entry.get("learning_rates") or {})
    cells = []
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        loss = chosen.pop("loss")
        options = dict(entry.get("options") or {}) | chosen
        point = "-".join(map(str, values))
        own = {"model": entry["model"], "options": options, "loss": loss}
        if point in rates:
            own["learning_rate"] = rates.pop(point)
        cells.append(cell_from(f"{grid}-{point}", own, where))
    if rates:
        raise BadInput(f"{here}, learning_rates", ", ".join(map(str, rates)), "values of its axes")
    return cells


def cell_files() -> dict[str, Path]:
    """Package -> its cells.yaml."""
    packages = [entry.value for entry in registry.entry_points(registry.CELLS).values()]
    return {package: Path(str(importlib.resources.files(package) / "cells.yaml")) for package in packages}


def load_cells() -> dict[str, Cell]:
    """Every cell that an installed package offers, by name. BadInput if two packages use the same name."""
    found: dict[str, Cell] = {}
    for path in cell_files().values():
        for name, cell in cells_in(read_yaml(path), path).items():
            if name in found:
                raise BadInput(path, f"cell {name}, which another package offers too", "a name of its own")
            found[name] = cell
    return found


def check_installed(
    cell: Cell, where: object, instead: Callable[[str], str] = lambda _: "another definition needs another name"
) -> None:
    """Check that no installed cell has this name and another definition: the name would tell what is not so.

    Args:
        instead: name of a part of the definition -> what is to be done, as the end of the message.

    Raises:
        BadInput: naming the first part of the definition that differs.
    """
    installed = installed_cells().get(cell.name)
    if installed is None or installed.hash == cell.hash:
        return
    own, known = ({**one.definition, **one.definition["options"]} for one in (cell, installed))
    parts = [key for key in (*known, *own) if key != "options"]
    key = next(key for key in parts if json.dumps(own.get(key)) != json.dumps(known.get(key)))  # true is not 1 there
    name = key if key in cell.definition or key in installed.definition else f"options, {key}"
    expected = f"{known.get(key, 'none')}, as its cells.yaml defines {cell.name}; {instead(key)}"
    raise BadInput(f"{where}, {name}", own.get(key, "none"), expected)


@cache
def installed_cells() -> Mapping[str, Cell]:
    """`load_cells`, read once."""
    return load_cells()


def find_cell(name: str) -> Cell:
    """The cell `name`. BadInput for an unknown name; the message lists similar names."""
    cells = load_cells()
    if name not in cells:
        raise unknown("cell", name, cells, "ferbench cells")
    return cells[name]


def cell_of(model: str, task: str, *, loss: str | None = None, options: Mapping[str, Json] | None = None) -> Cell:
    """A cell for a model that is in no cells.yaml. Its name is ``<model>[-<option value>...]-<loss>``, like those of a grid.

    Args:
        model: registered name, ``timm:NAME`` or ``package.module:factory`` (`benchmark.protocol.registry.entry`).
        task: of the protocol. It decides the default loss: plain cross-entropy, or mean squared error.
        options: keyword arguments of the factory.

    Raises:
        BadInput: an unknown model or loss; a factory that cannot be imported; another cell that has this name.
    """
    registry.load(model)
    loss, options = loss or LOSSES[task][0], dict(options or {})
    name = "-".join([model, *(str(options[key]) for key in sorted(options)), loss])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", name).lstrip("-_")  # the name is used for folders and DVC stages
    cell = cell_from(name, {"model": model, "options": options, "loss": loss}, f"model {model}")
    if name in (known := load_cells()) and known[name].hash != cell.hash:
        raise BadInput(f"model {model}, cell {name}", "a cell of this name with another network", "a name of its own")
    return cell


def cell_or_model(name: str, task: str) -> Cell:
    """The cell `name`; if there is none, the cell of the model `name` (see `cell_of`). BadInput if neither is known."""
    if ":" in name or (name in registry.models() and name not in load_cells()):
        return cell_of(name, task)
    return find_cell(name)
