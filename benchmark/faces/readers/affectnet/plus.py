"""AffectNet+: one JSON file a picture, ``annotations/<n>.json``, in the spellings that are known.

The keys are ``human-label`` and, in ``meta-data``, ``valence``, ``arousal``, ``age``, ``gender`` and ``race``. Older
spellings (``Human-Label``, ``Metadata``, all at the top level) are read too: case, hyphens and underscores of keys do not
count. Soft labels, subsets, poses and landmarks are not read.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.folders import names
from benchmark.faces.readers.affectnet.forms import Annotation, Part
from benchmark.faces.readers.affectnet.rows import ATTRIBUTES
from benchmark.files import Json

LIMIT = 1 << 20  # largest size of one annotation file in bytes
LONGEST = 100  # characters of an attribute
KEYS = {
    "a label": ("humanlabel", "expression", "exp"),
    "valence": ("valence", "val"),
    "arousal": ("arousal", "aro"),
}


class Plus:
    """The annotations of one part; see `forms`."""

    def __init__(self, part: Part):
        self.files: dict[str, str] = {}  # text: a Path for each of 400,000 files takes seconds
        for folder in dict.fromkeys((part.annotations, part.pictures, part.folder)):
            for name in names(folder):
                if name.lower().endswith(".json"):
                    path, id = f"{folder}/{name}", name[: -len(".json")]
                    if (other := self.files.setdefault(id, path)) != path:
                        raise BadInput(path, f"an annotation for {id}, which {other} has too", "one for each picture")
        self.ids = sorted(self.files)
        self.largest: Counter[str] = Counter()
        self.undecided: Counter[str] = Counter()

    def where(self, id: str, value: str = "expression") -> str:
        """Name of the file."""
        return self.files[id]

    def read(self, id: str) -> Annotation:
        """From its file."""
        path = Path(self.files[id])
        try:
            data = path.read_bytes()
        except IsADirectoryError:
            raise BadInput(path, "a folder", "a file of JSON") from None
        if len(data) > LIMIT:
            raise BadInput(path, f"{len(data)} bytes", f"at most {LIMIT}")
        try:
            contents = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadInput(path, str(error)[:100], "JSON") from error
        if not isinstance(contents, Mapping):
            raise BadInput(path, f"JSON that is {_kind(contents)}", "an object with the label, valence and arousal")
        flat = _plain(contents, path)
        values: list[Json] = []
        for name, spellings in KEYS.items():
            present = [flat[key] for key in spellings if key in flat]
            if not present:
                found = f"keys {', '.join(sorted(flat))[:120] or 'none'}"
                raise BadInput(path, found, f"{name}, as {' or '.join(spellings)}")
            values.append(present[0])
        own = tuple(self._attribute(name, flat[name], path) if name in flat else "" for name in ATTRIBUTES)
        return Annotation(values[0], values[1], values[2], own)

    def notes(self) -> tuple[str, ...]:
        """How attributes were made of numbers."""
        return tuple(
            f"{name} is given as numbers for its names in {number} annotations: the name with the largest is taken"
            + (f"; {self.undecided[name]} have no single largest, so it is unknown there" if self.undecided[name] else "")
            for name, number in self.largest.items()
        )

    def _attribute(self, name: str, value: Json, path: Path) -> str:
        """A text as it is, an age also a number; of an object of numbers the name of the largest one; "" for null."""
        if value is None:
            return ""
        if name == "age" and _is_number(value):
            return str(value)
        if isinstance(value, str):
            text = value.strip()
        elif name != "age" and isinstance(value, dict) and all(map(_is_number, value.values())):
            self.largest[name] += 1
            top = [key for key, number in value.items() if number == max(value.values())]
            self.undecided[name] += len(top) != 1
            text = top[0] if len(top) == 1 else ""
        else:
            expected = "a number or a text" if name == "age" else "a text, or an object of names with a number each"
            raise BadInput(path, f"{name} {json.dumps(value)[:60]}", expected)
        if len(text) > LONGEST or not text.isprintable():
            raise BadInput(path, f"{name} {text[:60]!r}", f"at most {LONGEST} printable characters")
        return text


def _kind(contents: object) -> str:
    if contents is None:
        return "null"
    kinds = {list: "a list", str: "a text", bool: "true or false"}
    return next((word for kind, word in kinds.items() if isinstance(contents, kind)), "a number")


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _plain(contents: object, path: Path) -> dict[str, Json]:
    """The entries of the object and of its "metadata" in one mapping. Keys are reduced to lower-case letters and digits:
    "Human-Label" becomes "humanlabel". BadInput for two keys of one object that become equal."""
    if not isinstance(contents, Mapping):
        return {}
    flat = {re.sub(r"[^a-z0-9]", "", key.lower()): value for key, value in contents.items()}
    if len(flat) < len(contents):
        raise BadInput(path, f"keys {', '.join(map(str, contents))[:120]}", "each key in one spelling")
    inner = _plain(flat.get("metadata"), path)
    if odd := [key for key in inner if key in flat and inner[key] != flat[key]]:
        raise BadInput(path, f"{odd[0]} {flat[odd[0]]!r}, and {inner[odd[0]]!r} in the meta-data", "one value")
    return {**inner, **flat}
