"""Cell and Run: what is compared, and one training of it under a protocol with a seed.

Cells come from the ``cells.yaml`` of every package named in the entry-point group ``ferbench.cells``. Such a file has
two optional parts:

* ``cells``: name -> {model, options, loss}, one cell each;
* ``grids``: name -> {model, options, axes}: one cell for every combination of the axes, named
  ``<grid>-<value>-<value>...`` in the order of the axes. The axis ``loss`` sets the loss, any other an option.

A cell may have a ``learning_rate`` of its own, which then stands in the place of the recipe's (how such rates are found:
docs/protocol.md, "Learning rates"); a grid gives them as ``learning_rates``: ``<value>-<value>...`` -> rate.
"""

import dataclasses
import importlib.resources
import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, digest, read_yaml
from benchmark.protocol import registry
from benchmark.protocol.protocol import Protocol, Recipe

LOSSES = {"categorical": ("plain", "weighted", "focal"), "dimensional": ("mse", "ccc", "mse+ccc")}


@dataclass(frozen=True)
class Cell:
    """One thing compared: a registered model with its options, the loss it is trained with, and perhaps a learning rate of
    its own (None: the recipe's; a cell without one keeps the hash that it had before the field existed)."""

    name: str
    model: str
    options: Mapping[str, Json] = field(hash=False)
    loss: str
    learning_rate: float | None = None

    @property
    def definition(self) -> dict[str, Json]:
        """JSON-able: all that makes the cell what it is; the name is a label only."""
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
        """The protocol's recipe, with the cell's learning rate where it has one."""
        rate = self.cell.learning_rate
        return self.protocol.recipe if rate is None else dataclasses.replace(self.protocol.recipe, learning_rate=rate)

    @property
    def place(self) -> Path:
        """Folder of the run below the folder of all runs."""
        return Path(self.protocol.name, self.cell.name, f"seed{self.seed}")

    def __str__(self) -> str:
        return f"{self.protocol.name} / {self.cell.name} / seed {self.seed}"


def cell_from(name: str, contents: Mapping[str, Json], where: object) -> Cell:
    """A checked Cell. BadInput for missing or unknown keys."""
    if set(contents) - {"options", "learning_rate"} != {"model", "loss"}:
        expected = "model, loss and perhaps options and learning_rate"
        raise BadInput(f"{where}, cell {name}", ", ".join(sorted(contents)), expected)
    known = {loss for losses in LOSSES.values() for loss in losses}
    if contents["loss"] not in known:
        raise BadInput(f"{where}, cell {name}, loss", contents["loss"], f"one of {', '.join(sorted(known))}")
    rate = contents.get("learning_rate")
    if rate is not None and not (type(rate) is float and 0 < rate < math.inf):
        raise BadInput(f"{where}, cell {name}, learning_rate", f"{rate!r}", "a number above 0, such as 0.001 or 1.0e-3")
    return Cell(name, contents["model"], dict(contents.get("options") or {}), contents["loss"], rate)


def cells_in(contents: Mapping[str, Json], where: object) -> dict[str, Cell]:
    """All cells of one cells.yaml, grids spelt out. BadInput for a name that occurs twice or an unknown part."""
    if unknown := set(contents) - {"cells", "grids"}:
        raise BadInput(where, ", ".join(sorted(unknown)), "the parts cells and grids")
    cells = [cell_from(name, entry, where) for name, entry in (contents.get("cells") or {}).items()]
    for grid, entry in (contents.get("grids") or {}).items():
        if set(entry) - {"options", "learning_rates"} != {"model", "axes"} or "loss" not in entry["axes"]:
            expected = "model, axes (loss among them), perhaps options and learning_rates"
            raise BadInput(f"{where}, grid {grid}", ", ".join(entry), expected)
        rates = dict(entry.get("learning_rates") or {})
        for values in itertools.product(*entry["axes"].values()):
            chosen = dict(zip(entry["axes"], values, strict=True))
            loss = chosen.pop("loss")
            options = dict(entry.get("options") or {}) | chosen
            point = "-".join(map(str, values))
            own = {"model": entry["model"], "options": options, "loss": loss}
            if point in rates:
                own["learning_rate"] = rates.pop(point)
            cells.append(cell_from(f"{grid}-{point}", own, where))
        if rates:
            raise BadInput(f"{where}, grid {grid}, learning_rates", ", ".join(map(str, rates)), "values of its axes")
    found = {}
    for cell in cells:
        if cell.name in found:
            raise BadInput(where, f"two cells named {cell.name}", "names that differ")
        found[cell.name] = cell
    return found


def load_cells() -> dict[str, Cell]:
    """Every cell that an installed package offers, by name. BadInput for one name in two packages."""
    found: dict[str, Cell] = {}
    for entry in registry.entry_points(registry.CELLS).values():
        path = Path(str(importlib.resources.files(entry.value) / "cells.yaml"))
        for name, cell in cells_in(read_yaml(path), path).items():
            if name in found:
                raise BadInput(path, f"cell {name}, which another package offers too", "a name of its own")
            found[name] = cell
    return found


def find_cell(name: str) -> Cell:
    """The cell `name`. BadInput for an unknown one, listing the nearest names."""
    cells = load_cells()
    if name not in cells:
        near = [known for known in cells if known.split("-")[0] == name.split("-")[0]] or list(cells)
        raise BadInput("cell", f"'{name}'", f"one of {', '.join(near)}")
    return cells[name]


def cell_of(model: str, task: str, *, loss: str | None = None, options: Mapping[str, Json] | None = None) -> Cell:
    """The cell of a model that no cells.yaml names, called ``<model>[-<option value>...]-<loss>`` as a grid's cells are.

    Args:
        model: registered name, ``timm:NAME`` or ``package.module:factory`` (`benchmark.protocol.registry.entry`).
        task: of the protocol: decides the loss where none is given (plain; mean squared error).
        options: of the factory.

    Raises:
        BadInput: an unknown model or loss, a factory that cannot be imported; a name that another cell has.
    """
    registry.load(model)
    loss, options = loss or LOSSES[task][0], dict(options or {})
    name = "-".join([model, *(str(options[key]) for key in sorted(options)), loss])
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", name)  # it names folders and stages
    cell = cell_from(name, {"model": model, "options": options, "loss": loss}, f"model {model}")
    if name in (known := load_cells()) and known[name].hash != cell.hash:
        raise BadInput(f"model {model}, cell {name}", "a cell of this name with another network", "a name of its own")
    return cell


def cell_or_model(name: str, task: str) -> Cell:
    """The cell `name`, or that of the model `name` (see `cell_of`). BadInput where neither is known."""
    if ":" in name or (name in registry.models() and name not in load_cells()):
        return cell_of(name, task)
    return find_cell(name)
