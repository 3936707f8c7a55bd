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
from benchmark.faces.readers.affectnet.folders import names
from benchmark.faces.readers.affectnet.forms import (
    NAMED,
    SUFFIXES,
    Form,
    Named,
    Npy,
    Table,
    csv_names,
    picture_folder,
    pictures,
    tables,
)
from benchmark.faces.readers.affectnet.plus import Plus
from benchmark.faces.readers.affectnet.rows import Release, Row, affect_of, code_of

TRAINING = "train_set"
SECOND = ("val_set", "validation_set")
UNLABELLED = "no_human_annotated"
FORMS: dict[str, Callable[[Path], Form]] = {"npy": Npy, "json": Plus, "csv": Table, "named": Named}
WORDS = {
    "npy": "<id>_exp.npy",
    "json": "<id>.json",
    "csv": "train_set_annotation*.csv beside it",
    "named": "pictures named <id>s<exp>s<val>s<aro>",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """An annotated picture, as `folders.Listed`."""

    where: str
    path: str


def find(folder: Path, places: Sequence[Path]) -> tuple[dict[str, Path], list[str]] | None:
    """(the folders of both parts, their forms: keys of `FORMS`, the one to be read first). None if there is no train_set.

    Raises:
        BadInput: train_set without the second part, or with two; several of them; annotations of no known form.
    """
    tops = [place for place in places if (place / TRAINING).is_dir()]
    if not tops:
        return None
    if len(tops) > 1:
        raise BadInput(folder, f"{TRAINING} in {', '.join(map(str, tops))[:300]}", f"one {TRAINING}")
    seconds = [name for name in SECOND if (tops[0] / name).is_dir()]
    if len(seconds) != 1:
        said = f"both {' and '.join(SECOND)}" if seconds else f"{TRAINING} without {' or '.join(SECOND)}"
        raise BadInput(tops[0], said, f"{TRAINING} and one of {' or '.join(SECOND)}, as released")
    place = tops[0] / TRAINING
    found = {name: names(place / name) for name in ("annotations", "images", ".")}
    every = [name for own in found.values() for name in own]
    fits = {
        "npy": any(name.endswith("_exp.npy") for name in found["annotations"]),
        "json": any(name.lower().endswith(".json") for name in every),
        "csv": bool(tables(place)),
        "named": any(_is_named(name) for name in names(picture_folder(place))),
    }
    forms = [form for form in FORMS if fits[form]]
    if not forms:
        shown = ", ".join(sorted(every, key=lambda name: (not name.lower().endswith(".csv"), name))[:3]) or "none"
        beside = f", and beside it {', '.join(csv_files[:3])}" if (csv_files := csv_names(tops[0])) else ""
        raise BadInput(place, f"files such as {shown}{beside}", ", or ".join(WORDS.values()))
    return {"train": place, "val": tops[0] / seconds[0]}, forms


def read(folder: Path, places: Sequence[Path], parts: dict[str, Path], forms: Sequence[str], sample: int | None) -> Release:
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
    listed: list[Picture] = []
    notes = [f"annotations as {WORDS[form]} are read, and those as {WORDS[other]} are not" for other in forms[1:]]
    annotated = {}
    for part, place in parts.items():
        files, annotations = pictures(place, named=form == "named"), FORMS[form](place)
        ids = annotations.ids
        if not ids:
            raise BadInput(place, "no annotated picture", f"some, as {WORDS[form]}")
        _all_annotated(place, files, ids)
        annotated[part] = len(ids)
        inside = picture_folder(place).relative_to(folder).as_posix()
        paths = {id: f"{inside}/{files.get(id, f'{id}.jpg')}" for id in ids}  # a missing one is noticed later
        listed += [Picture(annotations.where(id), paths[id]) for id in ids]
        if sample is not None and len(ids) > sample and form in ("npy", "json"):
            ids = [ids[k * (len(ids) - 1) // (sample - 1)] for k in range(sample)]
        with progress.bar(total=len(ids), desc=f"{place.name} annotations", unit="face") as bar:
            for id in ids:
                code, valence, arousal, attributes = annotations.read(id)
                where = annotations.where(id)
                affect = affect_of(valence, "valence", where), affect_of(arousal, "arousal", where)
                name = f"{place.name}/{id}"
                rows.append(Row(where, part, name, paths[id], code_of(code, where), *affect, attributes=attributes))
                bar.update()
        if isinstance(annotations, Plus):
            notes += [f"{place.name}: {note}" for note in annotations.notes()]
    for place in (place for place in places if place.name == UNLABELLED):
        number = sum(os.path.splitext(name)[1].lower() in SUFFIXES for name in names(picture_folder(place)))
        notes.append(f"{number} pictures of {UNLABELLED} have no human label and are passed over")
    names_of = {part: place.name for part, place in parts.items()}
    return Release(form, names_of, annotated, listed, rows, notes=tuple(notes))


def _is_named(name: str) -> bool:
    stem, suffix = os.path.splitext(name)
    return suffix.lower() in SUFFIXES and NAMED.fullmatch(stem) is not None


def _all_annotated(place: Path, files: dict[str, str], ids: Sequence[str]) -> None:
    if missing := sorted(set(files) - set(ids)):
        first = picture_folder(place) / files[missing[0]]
        raise BadInput(first, f"no annotation ({len(missing)} pictures without)", "one for each picture")
