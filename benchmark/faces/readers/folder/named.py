"""Pictures in one folder whose names say everything: JAFFE's."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.rows import Row
from benchmark.faces.reading.pictures import SUFFIXES
from benchmark.faces.reading.walking import passed_over


@dataclass(frozen=True)
class Named:
    """The layout of a preset.

    Attributes:
        edition: what is read so.
        top: where it may be: patterns of folders, "." for the folder given.
        pattern: regular expression of a whole name, with the groups "expression" and "group".
        example: a name.
    """

    edition: str
    top: tuple[str, ...]
    pattern: str
    example: str

    @property
    def wanted(self) -> str:
        """What it looks for."""
        return f"pictures named like {self.example}"

    def lies_in(self, base: Path) -> bool:
        """Whether a folder has this layout: one such picture."""
        return any(re.fullmatch(self.pattern, file.name) for file in base.iterdir())

    def read(self, base: Path) -> tuple[list[Row], list[str]]:
        """The rows of the pictures directly in a folder, sorted by name, and no notes. Other files and folders are passed
        over.

        Raises:
            BadInput: a picture with another name; two that differ only in their endings.
        """
        rows, seen = [], dict[str, str]()
        for file in sorted(base.iterdir()):
            if passed_over(file.name) or file.suffix.lower() not in SUFFIXES:
                continue
            match = re.fullmatch(self.pattern, file.name)
            if match is None:
                raise BadInput(file, "a picture of another name", f"one like {self.example} ({self.pattern})")
            if file.stem in seen:
                raise BadInput(file, f"the picture {file.stem} a second time, beside {seen[file.stem]}", "each picture once")
            seen[file.stem] = file.name
            expression, group = match["expression"], match["group"]
            rows.append(Row(str(file), PurePosixPath(file.name), "", expression, group=group))
        return rows, []
