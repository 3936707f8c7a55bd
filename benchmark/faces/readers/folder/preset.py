"""A data set that is a few lines of YAML: ``presets/NAME.yaml``.

It has the layouts in which the data set is known to lie in folders, and what the files do not say. A kind of layout is code
(`LAYOUTS`); a data set is data alone. Keys of the file:

* ``version``, ``classes``, ``size``, ``channels``, ``margin``, ``group``, ``folds``: as `Options`;
* ``layouts``: a list. Each has a ``kind`` of `LAYOUTS`, and the attributes of that class. Exactly one of them must be found;
* ``hold_out`` (optional): {of: a split, name: of the split that is made of a part of it, share: of its faces};
* ``known`` (optional): published numbers: ``counts`` {split: {class: faces}} (split "all" if the release has none),
  ``faces``, ``groups``. Others are reported, never refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.readers.folder.clips import Clips
from benchmark.faces.readers.folder.lines import Lines
from benchmark.faces.readers.folder.named import Named
from benchmark.faces.readers.folder.options import AS_WRITTEN, Options, checked
from benchmark.faces.readers.folder.tree import Tree
from benchmark.files import Json, read_yaml
from benchmark.typed import from_mapping

Layout = Tree | Lines | Named | Clips
LAYOUTS: Mapping[str, type[Layout]] = {"tree": Tree, "lines": Lines, "named": Named, "clips": Clips}
OWN = ("version", "classes", "size", "channels", "margin", "group", "folds")  # options that the file gives
GIVEN = ("size", "channels", "margin", "allow_unreadable")  # options that a profile may give


@dataclass(frozen=True)
class HoldOut:
    """A part of a split that becomes a split of its own. `of`: the split. `name`: of the part. `share`: of the faces."""

    of: str
    name: str
    share: float


@dataclass(frozen=True)
class Known:
    """Published numbers. `counts`: split -> class -> faces, "all" for a release without splits."""

    counts: Mapping[str, Mapping[str, int]] | None = None
    faces: int | None = None
    groups: int | None = None


@dataclass(frozen=True)
class Preset:
    """The contents of a file."""

    path: Path
    values: Mapping[str, Json]  # those of `OWN`
    options: Options
    layouts: Sequence[Layout]
    hold_out: HoldOut | None = None
    known: Known = field(default_factory=Known)

    def with_options(self, given: Mapping[str, Json]) -> Options:
        """The options, with those of a profile, which may be some of `GIVEN`. BadInput for others and wrong values."""
        if unknown := sorted(set(given) - set(GIVEN)):
            raise BadInput(f"options of {self.path.stem}", f"unknown {', '.join(unknown)}", f"of {', '.join(GIVEN)}")
        return checked({**self.values, **given}, f"options of {self.path.stem}")

    def find(self, folder: Path) -> tuple[Layout, Path]:
        """The layout that lies in a folder, and where it begins. BadInput if there is none, or more than one."""
        found = [(layout, base) for layout in self.layouts for base in _bases(folder, layout.top) if layout.lies_in(base)]
        if not found:
            wanted = "; ".join(f"{each.edition}: {each.wanted} (in {', '.join(each.top)})" for each in self.layouts)
            lacking = [
                f"{base} has no {', '.join(lacks)}"
                for layout in self.layouts
                if isinstance(layout, Tree)
                for base in _bases(folder, layout.top)
                if 0 < len(lacks := layout.lacks(base)) < len(layout.needs)
            ]
            raise BadInput(folder, "; ".join([f"no layout of {self.path.stem} that is known", *lacking]), wanted)
        if len(found) > 1:
            raise BadInput(folder, "; ".join(f"{layout.edition} in {base}" for layout, base in found), "the folder of one")
        return found[0]


def read_preset(path: Path) -> Preset:
    """A preset from its file. BadInput for an unknown or missing key, and a value of a wrong type."""
    contents = read_yaml(path, as_written=AS_WRITTEN)
    further = ("layouts", "hold_out", "known")
    if odd := sorted(set(contents) - {*OWN, *further}):
        raise BadInput(path, f"unknown {', '.join(odd)}", f"of {', '.join((*OWN, *further))}")
    if missing := [name for name in ("version", "layouts") if name not in contents]:
        raise BadInput(path, f"no {', '.join(missing)}", "a version and layouts")
    values = {name: contents[name] for name in OWN if contents.get(name) is not None}
    entries = contents["layouts"]
    if not isinstance(entries, list) or not entries:
        raise BadInput(f"{path}, layouts", f"{entries!r}"[:80], "a list of layouts")
    layouts = []
    for number, entry in enumerate(entries, 1):
        where = f"{path}, layout {number}"
        kind = entry.get("kind") if isinstance(entry, dict) else None
        if not isinstance(kind, str) or kind not in LAYOUTS:
            raise BadInput(f"{where}, kind", f"{kind!r}", f"one of {', '.join(LAYOUTS)}")
        layouts.append(from_mapping(LAYOUTS[kind], {key: value for key, value in entry.items() if key != "kind"}, where))
    hold_out, known = contents.get("hold_out"), contents.get("known", {})
    return Preset(
        path,
        values,
        checked(values, str(path)),
        layouts,
        None if hold_out is None else from_mapping(HoldOut, hold_out, f"{path}, hold_out"),
        from_mapping(Known, known, f"{path}, known"),
    )


def _bases(folder: Path, patterns: Sequence[str]) -> list[Path]:
    found = [base for each in patterns for base in ([folder] if each == "." else sorted(folder.glob(each))) if base.is_dir()]
    once: dict[Path, Path] = {}
    for base in found:
        once.setdefault(base.resolve(), base)  # one that a link reaches too counts once
    return list(once.values())
