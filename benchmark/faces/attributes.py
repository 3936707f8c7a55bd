"""attributes.csv of a FaceSet: columns of text about each face, such as an age, by which results can be split.

They are no labels: nothing is trained or selected on them, and the fingerprint, which says whether pixels and labels are the
same, does not depend on them. The file is there only if a data set has such columns. It has the column ``id``, with the ids
of faces.csv in their order, and then those columns; meta.json has their names and the file's digest.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput
from benchmark.faces.meta import AGAIN
from benchmark.files import Json, file_digest
from benchmark.names import checked_name

FILE = "attributes.csv"
Columns = dict[str, NDArray[np.str_]]  # name -> str (N,)


def checked(given: Mapping[str, Sequence[str] | NDArray[np.str_]], n: int, where: str) -> Columns:
    """The columns as arrays of str, in their order.

    Args:
        n: number of faces.
        where: names the FaceSet in errors.

    Raises:
        BadInput: a name that is no plain one (`benchmark.names`), or is ``id``; a column without n values; a value with
            characters that are not printable.
    """
    found: Columns = {}
    for name, values in given.items():
        checked_name(name, "attribute", where)
        if name == "id":
            raise BadInput(f"{where}, attribute", "name 'id'", "another name: every table has that column")
        found[name] = np.asarray(values, dtype=str)
        if found[name].shape != (n,):
            raise BadInput(f"{where}, attribute {name}", f"shape {found[name].shape}", f"({n},)")
        if odd := next((value for value in map(str, found[name]) if not value.isprintable()), None):
            raise BadInput(f"{where}, attribute {name}", f"{odd!r}", "printable characters")
    return found


def write(folder: Path, ids: NDArray[np.str_], columns: Columns) -> dict[str, Json] | None:
    """Write attributes.csv. Returns its entry for meta.json, or None, and writes nothing, without columns.

    Args:
        ids: str (N,).
        columns: as `checked` returns them.
    """
    if not columns:
        return None
    with open(folder / FILE, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", *columns))
        writer.writerows(zip(ids.tolist(), *(values.tolist() for values in columns.values()), strict=True))
    return {"columns": list(columns), "sha256": file_digest(folder / FILE)}


def read(folder: Path, ids: NDArray[np.str_], entry: Mapping[str, Json] | None) -> Columns:
    """The columns of a FaceSet; empty if meta.json has none.

    Args:
        ids: str (N,), of faces.csv.
        entry: of meta.json, as `write` returned it.

    Raises:
        BadInput: a file that is missing, is not the one that was written, or is there although meta.json does not name it;
            rows that are not those of faces.csv.
    """
    path = folder / FILE
    if entry is None:
        if path.exists():
            raise BadInput(path, "a file that meta.json does not name", f"none; {AGAIN}")
        return {}
    if not path.is_file():
        raise BadInput(folder, f"no {FILE}", f"the file that meta.json names; {AGAIN}")
    if (digest := file_digest(path)) != entry["sha256"]:
        raise BadInput(path, f"SHA-256 {digest}", f"{entry['sha256']} as in meta.json; {AGAIN}")
    names = entry["columns"]
    try:
        with open(path, encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        table = {name: cells for name, *cells in zip(header, *rows, strict=True)}
    except (ValueError, csv.Error) as error:  # not UTF-8, empty, not as many cells in each row
        raise BadInput(path, error, f"rows as `ferbench prepare` writes them; {AGAIN}") from error
    if list(table) != ["id", *names]:
        raise BadInput(f"{path} header", ",".join(header), ",".join(("id", *names)))
    if table.pop("id") != ids.tolist():
        raise BadInput(path, "other ids than faces.csv, or another order", f"the same; {AGAIN}")
    return checked(table, len(ids), str(path))
