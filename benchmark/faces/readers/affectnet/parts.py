"""AffectNet's releases of 2021 and later: pictures of faces in train_set and val_set (AffectNet+: validation_set).

Their annotations are in one of the forms of `FORMS`. The numbers of the pictures start again in the second part, so the id
of a face here is the name of its part and its number.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.faces.readers.affectnet.folders import Listed, Searched, names, subfolder
from benchmark.faces.readers.affectnet.forms import (
    NAMED,
    SUFFIXES,
    Form,
    Named,
    Npy,
    Part,
    Table,
    csv_names,
    part_of,
    pictures,
    tables,
)
from benchmark.faces.readers.affectnet.plus import Plus
from benchmark.faces.readers.affectnet.rows import CLASSES, Release, Row, affect_of, code_of

TRAINING = "train_set"
SECOND = ("val_set", "validation_set")
UNLABELLED = "no_human_annotated"
FORMS: dict[str, Callable[[Part], Form]] = {"npy": Npy, "json": Plus, "csv": Table, "named": Named}
WORDS = {
    "npy": "<id>_exp.npy",
    "json": "<id>.json",
    "csv": "train_set_annotation*.csv beside it",
    "named": "pictures named <id>s<exp>s<val>s<aro>",
}


SEARCHED = "pictures are searched in the folder images of a part, or in the part itself"
WANTED = (TRAINING, *SECOND, UNLABELLED)


@dataclass(frozen=True, slots=True)
class Picture:
    """An annotated picture, as `folders.Listed`. Its annotation is read when it is asked for."""

    path: str
    id: str
    annotations: Form

    @property
    def where(self) -> str:
        """Of the expression."""
        return self.annotations.where(self.id)

    @property
    def is_face(self) -> bool:
        """By its annotation."""
        return code_of(self.annotations.read(self.id).code, self.where) < len(CLASSES)


def find(folder: Path, searched: Searched) -> tuple[dict[str, Part], list[str]] | None:
    """(both parts, their forms: keys of `FORMS`, the one to be read first). None if there is no train_set.

    Raises:
        BadInput: train_set without the second part, or with two; several of them; annotations of no known form.
    """
    every = searched.folders(TRAINING)
    found = [place for place in every if not (place.parent in every and place.parent.name.lower() == TRAINING)]
    if not found:
        return None
    tops = list(dict.fromkeys(place.parent for place in found))
    if len(found) > 1:
        shown = [place.name for place in found] if len(tops) == 1 else [f"{TRAINING} in {', '.join(map(str, tops))[:300]}"]
        raise BadInput(tops[0] if len(tops) == 1 else folder, " and ".join(shown), f"one {TRAINING}")
    seconds = [second for name in SECOND if (second := subfolder(tops[0], name)) is not None]
    if len(seconds) != 1:
        said = f"both {' and '.join(SECOND)}" if seconds else f"{TRAINING} without {' or '.join(SECOND)}"
        raise BadInput(tops[0], said, f"{TRAINING} and one of {' or '.join(SECOND)}, as released")
    part = part_of(found[0])
    inside = {place: names(place) for place in (part.annotations, part.pictures, part.folder)}
    shown = [name for own in inside.values() for name in own]
    faces = {stem for stem, suffix in map(os.path.splitext, inside[part.pictures]) if suffix.lower() in SUFFIXES}
    fits = {
        "npy": any(name.endswith("_exp.npy") for name in inside[part.annotations]),
        "json": any(name.lower().endswith(".json") and (not faces or name[: -len(".json")] in faces) for name in shown),
        "csv": bool(tables(part)),
        "named": any(_is_named(name) for name in inside[part.pictures]),
    }
    forms = [form for form in FORMS if fits[form]]
    if not forms:
        first = ", ".join(sorted(shown, key=lambda name: (not name.lower().endswith(".csv"), name))[:3]) or "none"
        beside = f", and beside it {', '.join(csv_files[:3])}" if (csv_files := csv_names(tops[0])) else ""
        raise BadInput(part.folder, f"files such as {first}{beside}", ", or ".join(WORDS.values()))
    return {"train": part, "val": part_of(seconds[0])}, forms


def read(
    folder: Path, searched: Searched, parts: dict[str, Part], forms: Sequence[str], sample: int | None = None
) -> Release:
    """The release of these parts, each sorted by id.

    Args:
        sample: of a part with more annotations, at most so many are read, evenly spaced; None: all. Forms with their labels
            in names or one table are always read whole.

    Raises:
        BadInput: an annotation that is missing, damaged, pickled or out of range; two pictures with one id; a picture
            without annotation.
    """
    form = forms[0]
    rows: list[Row] = []
    listed: list[Listed] = []
    notes = [f"annotations as {WORDS[form]} are read, and those as {WORDS[other]} are not" for other in forms[1:]]
    annotated = {}
    for key, part in parts.items():
        files, annotations = pictures(part.pictures, named=form == "named"), FORMS[form](part)
        ids = annotations.ids
        if not ids:
            raise BadInput(part.folder, "no annotated picture", f"some, as {WORDS[form]}")
        _all_annotated(part, files, ids)
        annotated[key] = len(ids)
        inside = part.pictures.relative_to(folder).as_posix()
        paths = {id: f"{inside}/{files.get(id, f'{id}.jpg')}" for id in ids}  # a missing one is noticed later
        whole = sample is None or len(ids) <= sample or form not in ("npy", "json")
        own = []
        chosen = ids if whole or sample is None else [ids[k * (len(ids) - 1) // (sample - 1)] for k in range(sample)]
        with progress.bar(total=len(chosen), desc=f"{part.name} annotations", unit="face") as bar:
            for id in chosen:
                code, *affect, attributes = annotations.read(id)
                own.append(
                    Row(
                        annotations.where(id),
                        key,
                        f"{part.name}/{id}",
                        paths[id],
                        code_of(code, annotations.where(id)),
                        affect_of(affect[0], "valence", annotations.where(id, "valence")),
                        affect_of(affect[1], "arousal", annotations.where(id, "arousal")),
                        attributes=attributes,
                    )
                )
                bar.update()
        rows += own
        listed += [row for row in own if row.is_face] if whole else [Picture(paths[id], id, annotations) for id in ids]
        if isinstance(annotations, Plus):
            notes += [f"{part.name}: {note}" for note in annotations.notes()]
    for place in searched.folders(UNLABELLED):
        held = names(subfolder(place, "images") or place)
        number = sum(os.path.splitext(name)[1].lower() in SUFFIXES for name in held)
        notes.append(f"{number} pictures of {UNLABELLED} have no human label and are passed over")
    names_of = {key: part.name for key, part in parts.items()}
    return Release(form, names_of, annotated, listed, rows, notes=(*searched.notes, *notes))


def _is_named(name: str) -> bool:
    stem, suffix = os.path.splitext(name)
    return suffix.lower() in SUFFIXES and NAMED.fullmatch(stem) is not None


def _all_annotated(part: Part, files: dict[str, str], ids: Sequence[str]) -> None:
    if missing := sorted(set(files) - set(ids)):
        first = part.pictures / files[missing[0]]
        raise BadInput(first, f"no annotation ({len(missing)} pictures without)", "one for each picture")
