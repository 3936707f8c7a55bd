"""Finds the raw files of a data set: below data/raw, or in the folder that a pointer there names; and says which of their
names a FaceSet can not take."""

from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading import linking
from benchmark.faces.reading.walking import passed_over


def raw_files(folder: Path) -> list[Path]:
    """The files directly in a raw folder, sorted, without those `passed_over`. Empty if the folder does not exist. In the
    place of the folder there may be the file itself: ``dvc import-url URL data/raw/NAME`` puts it there."""
    if folder.is_file():
        return [folder]
    return sorted(p for p in folder.glob("*") if p.is_file() and not passed_over(p.name))


def raw_file(raw: Path, name: str) -> Path:
    """The only file in ``raw/name``, or ``raw/name`` if this is a file. BadInput if there is none or more than one."""
    folder = Path(raw) / name
    files = raw_files(folder)
    if len(files) != 1:
        found = ", ".join(p.name for p in files) or "no file"
        raise BadInput(folder, found, f"exactly one file, put there by `ferbench data add {name} FILE`")
    return files[0]


def check_names(names: Iterable[str], where: object) -> None:
    """Raise BadInput for the first name that is not printable text: a FaceSet could not be written, and that would be found
    only after everything is decoded. The name of a file that is not UTF-8 is such a name."""
    if odd := next((name for name in names if not name.isprintable()), None):
        raise BadInput(where, f"the name {odd!r}", "a name of printable characters, in UTF-8; rename the file")


def raw_folder(raw: Path, name: str) -> Path:
    """The raw folder of a data set: ``raw/name`` (or the target of this link), or the folder that its ``source.yaml`` names.

    Raises:
        BadInput: there is no such folder; also as `linking.resolve`.
    """
    folder = Path(raw) / name
    if not folder.is_dir():
        raise BadInput(
            folder,
            "a file" if folder.is_file() else "no folder",
            f"the data set's folder: `ferbench data add {name} FOLDER`",
        )
    return linking.resolve(folder)


def raw_source(raw: Path, name: str) -> Path:
    """Where a data set lies that is a file or a folder: the folder that ``raw/name/source.yaml`` names, the only file in
    ``raw/name``, ``raw/name`` itself if it is a file, or a folder with folders in it.

    Raises:
        BadInput: as `raw_folder`; nothing, or several files and no folder, in ``raw/name``.
    """
    if (Path(raw) / name).is_file():
        return Path(raw) / name
    folder = raw_folder(raw, name)
    inside = [path for path in folder.glob("[!.]*") if path.name != linking.POINTER]
    return folder if any(path.is_dir() for path in inside) else raw_file(raw, name)
