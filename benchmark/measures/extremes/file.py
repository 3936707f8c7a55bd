"""The easiest and hardest test faces of the protocols, as `ferbench faces` has left them in reports/faces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import read_made
from benchmark.records.comparisons import Summary

SCHEMA = 1


@dataclass(frozen=True)
class ShownFaces:
    """Faces of one protocol: its `slug`, an entry of faces.json ({task, runs, side, columns, groups}) and its picture."""

    slug: str
    entry: Mapping
    picture: Path

    @property
    def lines(self) -> int:
        """Rows of the picture: one a group."""
        return len(self.entry["groups"])


def read_faces(folder: Path, summary: Summary) -> list[ShownFaces]:
    """What is below `folder` for the comparisons of a summary; what was made for other protocols or data is left out.

    Raises:
        BadInput: a faces.json that is no JSON or of another schema, or one whose picture is missing.
    """
    wanted = {(c.protocol["name"], c.protocol_hash, c.data["fingerprint"]): c.slug for c in summary.comparisons}
    found: list[ShownFaces] = []
    for path in sorted(folder.glob("*/faces.json")):
        contents = read_made(path, SCHEMA, "fingerprint", "faces")
        for entry in _entries(contents):
            slug = wanted.get((entry["protocol"], entry["protocol_hash"], contents["fingerprint"]))
            picture = path.parent / entry["picture"]
            if slug and not picture.is_file():
                raise BadInput(path, f"no {entry['picture']} beside it", "that picture; run ferbench faces again")
            if slug:
                found.append(ShownFaces(slug, entry, picture))
    return found


def _entries(contents: Mapping) -> Sequence[Mapping]:
    return contents["protocols"] if contents["shown"] else ()
