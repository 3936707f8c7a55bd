"""Reads the files in reports/faces, which `ferbench faces` has written: the easiest and hardest test faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_made
from benchmark.names import checked_name
from benchmark.records.comparisons import Summary

SCHEMA = 1
SUFFIX = ".jpg"  # of the pictures


@dataclass(frozen=True)
class ShownFaces:
    """The easiest and hardest faces of one comparison.

    Attributes:
        slug: of the comparison.
        entry: of faces.json: {task, runs, side, columns, groups, ...}.
        picture: file with all the faces.
    """

    slug: str
    entry: Mapping
    picture: Path

    @property
    def lines(self) -> int:
        """Number of rows in the picture: one per group."""
        return len(self.entry["groups"])


def read_faces(folder: Path, summary: Summary) -> list[ShownFaces]:
    """The faces in `folder` for the comparisons of a summary. Faces for other protocols or data are left out.

    Raises:
        BadInput: a faces.json that is not JSON, has another schema or an entry of another form, or whose picture is missing.
    """
    wanted = {(c.protocol["name"], c.protocol_hash, c.data["fingerprint"]): c.slug for c in summary.comparisons}
    found: list[ShownFaces] = []
    for path in sorted(folder.glob("[!.]*/faces.json")):
        contents = read_made(path, SCHEMA, "fingerprint", "faces")
        for entry in _entries(contents, path):
            slug = wanted.get((entry["protocol"], entry["protocol_hash"], contents["fingerprint"]))
            picture = path.parent / entry["picture"]
            if slug and not picture.is_file():
                raise BadInput(path, f"no {entry['picture']} beside it", "that picture; run ferbench faces again")
            if slug:
                found.append(ShownFaces(slug, entry, picture))
    return found


def _entries(contents: Mapping, path: Path) -> Sequence[Mapping]:
    entries = contents.get("protocols") if contents.get("shown") else []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadInput(f"{path}, protocols", f"{entries!r}", "a list of entries")
    for entry in entries:
        name = checked_name(entry.get("protocol"), "protocol", path)
        own = checked_name(entry.get("protocol_hash"), f"{name}, protocol_hash", path)
        if entry.get("picture") != (picture := f"{name}-{own}{SUFFIX}"):
            raise BadInput(f"{path}, {name}, picture", f"{entry.get('picture')!r}", f"the file beside it, {picture}")
        if type(entry.get("columns")) is not int or entry["columns"] < 1:
            raise BadInput(f"{path}, {name}, columns", f"{entry.get('columns')!r}", "a number of columns")
    return entries
