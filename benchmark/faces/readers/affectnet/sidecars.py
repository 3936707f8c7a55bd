"""AffectNet's releases of 2021 and later: cropped faces in train_set and val_set, with annotations in files or file names.

Three forms are known: files ``annotations/<id>_exp.npy`` (``_val``, ``_aro``) with one value each, often of string type;
file names ``<id>s<exp>s<val>s<aro>`` with valence and arousal in thousandths; one JSON file per picture (AffectNet+, whose
field names are known only from second-hand sources). The numbers start again in val_set, so the id of a face here is its
part and its number.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.rows import Row, affect_of, code_of
from benchmark.files import Json

PARTS = {"train": "train_set", "val": "val_set"}
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
NAMED = re.compile(r"(\d+)s(\d+)s(-?\d+)s(-?\d+)")
JSON_LIMIT = 1 << 20  # largest size of one annotation file in bytes
EDITIONS = {"npy": "2021 release, npy", "named": "2021 release, labels in names", "json": "AffectNet+, JSON"}


def find(folder: Path) -> tuple[Path, str] | None:
    """(folder with both parts, form of the annotations: a key of `EDITIONS`). None if there is no train_set.

    Raises:
        BadInput: train_set without val_set; annotations of an unknown form.
    """
    tops = [top for top in (folder, *sorted(p for p in folder.glob("[!.]*") if p.is_dir())) if (top / "train_set").is_dir()]
    if not tops:
        return None
    top = tops[0]
    if not (top / "val_set").is_dir():
        raise BadInput(top, "train_set without val_set", "both, as released")
    names = sorted(e.name for place in _places(top / "train_set") for e in os.scandir(place))
    for form, fits in (
        ("npy", lambda name: name.endswith("_exp.npy")),
        ("json", lambda name: name.lower().endswith(".json")),
        ("named", lambda name: NAMED.fullmatch(Path(name).stem) and Path(name).suffix.lower() in SUFFIXES),
    ):
        if any(map(fits, names)):
            return top, form
    expected = "<id>_exp.npy, <id>.json, or pictures named <id>s<exp>s<val>s<aro>"
    raise BadInput(top / "train_set", f"files such as {', '.join(names[:3]) or 'none'}", expected)


def read(folder: Path, top: Path, form: str) -> list[Row]:
    """The rows of both parts, each part sorted by id.

    Raises:
        BadInput: an annotation that is missing, damaged, pickled or out of range; two pictures with one id.
    """
    rows = []
    reader = {"npy": _npy, "named": _named, "json": _json}[form]
    for part, name in PARTS.items():
        pictures = _pictures(top / name, form)
        found = list(reader(folder, top / name, part, pictures))
        if not found:
            raise BadInput(top / name, "no annotated picture", f"some, as in {EDITIONS[form]}")
        rows += found
    return rows


def _places(part: Path) -> list[Path]:
    """The folders in which pictures and annotations of a part may be."""
    return [p for p in (part / "annotations", part / "images", part) if p.is_dir()]


def _pictures(part: Path, form: str) -> dict[str, Path]:
    """id -> picture file."""
    place, found = part / "images" if (part / "images").is_dir() else part, {}
    for entry in sorted(os.scandir(place), key=lambda e: e.name):
        path = Path(entry.path)
        if path.suffix.lower() in SUFFIXES and not entry.name.startswith("."):
            match = NAMED.fullmatch(path.stem) if form == "named" else None
            key = match[1] if match else path.stem
            if key in found:
                raise BadInput(path, f"id {key}, which {found[key].name} has too", "each id once")
            found[key] = path
    return found


def _row(folder, place, part, key, pictures, where, code, valence, arousal) -> Row:
    path = pictures.get(key, place / "images" / f"{key}.jpg")  # a missing picture is noticed when it is decoded
    inside = path.relative_to(folder).as_posix()
    affect = affect_of(valence, "valence", where), affect_of(arousal, "arousal", where)
    return Row(where, part, f"{PARTS[part]}/{key}", inside, code_of(code, where), *affect)


def _npy(folder: Path, place: Path, part: str, pictures: Mapping[str, Path]) -> Iterator[Row]:
    annotations = place / "annotations"
    keys = sorted(e.name[: -len("_exp.npy")] for e in os.scandir(annotations) if e.name.endswith("_exp.npy"))
    _all_annotated(pictures, keys)
    with progress.bar(total=len(keys), desc=f"{place.name} annotations", unit="face") as bar:
        for key in keys:
            values = [_scalar(annotations / f"{key}_{name}.npy") for name in ("exp", "val", "aro")]
            yield _row(folder, place, part, key, pictures, str(annotations / f"{key}_exp.npy"), *values)
            bar.update()


def _scalar(path: Path) -> object:
    """The single value in an npy file, a number or a text."""
    try:
        value = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise BadInput(path, "no such file", "an annotation") from None
    except (ValueError, OSError, EOFError) as error:
        raise BadInput(path, " ".join(str(error).split())[:100] or "nothing", "one value, not pickled") from error
    if not isinstance(value, np.ndarray) or value.size != 1:
        raise BadInput(path, f"{getattr(value, 'shape', 'an archive')}", "one value")
    item = value.reshape(()).item()
    return item.decode(errors="replace") if isinstance(item, bytes) else item


def _named(folder: Path, place: Path, part: str, pictures: Mapping[str, Path]) -> Iterator[Row]:
    for key, path in sorted(pictures.items()):
        match = NAMED.fullmatch(path.stem)
        if not match:
            raise BadInput(path, "another name", "<id>s<exp>s<val>s<aro>")
        affect = [int(text) / 1000 for text in match.groups()[2:]]
        yield _row(folder, place, part, key, pictures, str(path), match[2], *affect)


def _json(folder: Path, place: Path, part: str, pictures: Mapping[str, Path]) -> Iterator[Row]:
    files = sorted(
        (Path(e.path) for at in _places(place) for e in os.scandir(at) if e.name.lower().endswith(".json")),
        key=lambda p: p.stem,
    )
    _all_annotated(pictures, [path.stem for path in files])
    for path in files:
        if path.stat().st_size > JSON_LIMIT:
            raise BadInput(path, f"{path.stat().st_size} bytes", f"at most {JSON_LIMIT}")
        try:
            contents = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise BadInput(path, str(error)[:100], "JSON") from error
        flat = _plain(contents)
        values = []
        for name, spellings in (
            ("a label", ("humanlabel", "expression", "exp")),
            ("valence", ("valence", "val")),
            ("arousal", ("arousal", "aro")),
        ):
            present = [flat[s] for s in spellings if s in flat]
            if not present:
                raise BadInput(
                    path, f"keys {', '.join(sorted(flat))[:120] or 'none'}", f"{name}, as {' or '.join(spellings)}"
                )
            values.append(present[0])
        yield _row(folder, place, part, path.stem, pictures, str(path), *values)


def _all_annotated(pictures: Mapping[str, Path], keys: list[str]) -> None:
    if missing := sorted(set(pictures) - set(keys)):
        raise BadInput(pictures[missing[0]], f"no annotation ({len(missing)} pictures without)", "one for each picture")


def _plain(contents: object) -> dict[str, Json]:
    """The entries of the object and of its "metadata" in one mapping. Keys are reduced to lower-case letters and digits:
    "Human-Label" becomes "humanlabel"."""
    if not isinstance(contents, dict):
        return {}
    flat = {re.sub(r"[^a-z0-9]", "", key.lower()): value for key, value in contents.items()}
    return {**_plain(flat["metadata"]), **flat} if "metadata" in flat else flat
