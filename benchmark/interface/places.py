"""Where the functions of the interface read and write: the folders of a project."""

from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.protocol.registry import checkout

MARKS = ("params.yaml", "data/prepared")  # a folder with one of them is a project's
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Places:
    """The folders of a project: those that the command line has by default, below its top folder.

    Attributes:
        top: the top folder.
        prepared: folder of FaceSets.
    """

    top: Path
    prepared: Path

    @property
    def runs(self) -> Path:
        """Folder of runs, with their weights."""
        return self.top / "runs"

    @property
    def reports(self) -> Path:
        """Folder of the report and of all measurements."""
        return self.top / "reports"

    @property
    def records(self) -> Path:
        """Folder of records."""
        return self.reports / "records"

    @property
    def outside(self) -> Path:
        """Folder of outside entries."""
        return self.records / "outside"


def places(project: Path | str | None = None, prepared: Path | str | None = None) -> Places:
    """The folders of a project, absolute: a result is entered where it was evaluated, wherever the process goes meanwhile.

    Args:
        project: its top folder. None: the current folder or the nearest one above it that has a params.yaml or a
            data/prepared; else the checkout that this package lies in; else the current folder.
        prepared: folder of FaceSets; None: the project's data/prepared.

    Raises:
        BadInput: one of them is no path.
    """
    top = _found() if project is None else _folder(project, "project")
    return Places(top, top / "data/prepared" if prepared is None else _folder(prepared, "prepared"))


def _folder(given: Path | str, name: str) -> Path:
    if not isinstance(given, str | Path):
        raise BadInput(name, f"an object of {type(given).__qualname__}", "the path of a folder")
    return Path(given).expanduser().absolute()


def _found() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if any((folder / mark).exists() for mark in MARKS):
            return folder
    return CHECKOUT if checkout() else here
