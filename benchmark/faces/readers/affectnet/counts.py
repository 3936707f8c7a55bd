"""The known counts of AffectNet's releases, and sentences that compare what was found with them."""

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmark.faces.readers.affectnet.rows import CLASSES, OTHER, Release, Row
from benchmark.faces.reading.copies import expected_parts
from benchmark.faces.survey import Counts, Survey
from benchmark.files import Json

EDITIONS = {
    "lists": "2017 release, csv lists",
    "npy": "2021 release, npy",
    "csv": "2021 release, one csv a part",
    "named": "2021 release, labels in names",
    "json": "AffectNet+, JSON",
}
# Class counts as they were printed by public code. The 2017 list as released has one row of happy more, without a corner of
# its face box; it is left out here and in the release of 2021.
TRAINING = (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750)
LEFT_OUT_CODE = 1  # happy
OF_2021 = {"train": TRAINING, "val": (500, 500, 500, 500, 500, 500, 500, 499)}
KNOWN: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "lists": {"train": TRAINING, "val": (500,) * 8},
    "npy": OF_2021,
    "csv": OF_2021,
    "named": OF_2021,
}
# All rows with their codes 0..10: of the two last codes only the sum is known, for AffectNet+ only the sum of all.
ROWS = {"lists": {"train": 414_800, "val": 5_500}, "json": {"train": 414_799, "val": 5_500}}
WITHOUT_CLASS = {"lists": {"train": (33_088, 94_060), "val": (500, 1_000)}}
ANY_CLASS = "of any class"  # key of the counts of a part of which only a sample was read


def per_class(rows: Sequence[Row]) -> tuple[int, ...]:
    """The number of rows of each of `CLASSES`."""
    found = Counter(row.code for row in rows)
    return tuple(found[code] for code in range(len(CLASSES)))


def survey(release: Release, notes: Sequence[str]) -> Survey:
    """What `check` gives. A part that was read whole is counted by class; of another one its annotations are counted."""
    counts: dict[str, dict[str, int]] = {}
    known: dict[str, dict[str, int]] = {}
    for part, name in release.names.items():
        rows, published = release.of(part), KNOWN.get(release.form, {}).get(part)
        whole = len(rows) == release.annotated[part]
        counts[name] = _named(per_class(rows)) if whole else {ANY_CLASS: release.annotated[part]}
        if published is not None:
            known[name] = _named(published) if whole else {ANY_CLASS: sum(published)}
    own: Counts | None = known or None
    return Survey(EDITIONS[release.form], counts, own, (*release.notes, *sentences(release), *notes))


def sentences(release: Release) -> list[str]:
    """Notes about what was counted: samples, rows left out, faces without a box or without valence and arousal."""
    said = [_row_left_out(release)] if release.left_out else []
    for part, name in release.names.items():
        rows, total = release.of(part), release.annotated[part]
        left = other(rows)
        if len(rows) < total:
            classes = ", ".join(f"{c} {n}" for c, n in (_named(per_class(rows)) | left).items())
            read = f"{len(rows)} of {total} annotations were read, evenly spaced ({classes})"
            said.append(f"{name}: {read}; prepare reads all")
        if published := ROWS.get(release.form, {}).get(part):
            listed = total + (len(release.left_out) if part == "train" else 0)
            said.append(f"{name}: {listed} rows{_beside(listed == published, str(published))}")
        if left and len(rows) == total:
            none, rest = left.get(OTHER[0], 0), sum(left.get(each, 0) for each in OTHER[1:])
            beside = ""
            if wanted := WITHOUT_CLASS.get(release.form, {}).get(part):
                beside = _beside((none, rest) == wanted, f"{wanted[0]}, and {wanted[1]} of the other two together")
            said.append(f"{name}: left out are {', '.join(f'{c} {n}' for c, n in left.items())}{beside}")
    faces = [row for row in release.rows if row.is_face]
    if release.form == "lists" and (whole := sum(row.box is None for row in faces)):
        said.append(f"{whole} face{' has' if whole == 1 else 's have'} no box: the whole picture is taken")
    return said


def expected_counts(meta: Mapping[str, Json]) -> dict[str, dict[str, int]] | None:
    """The known counts of the edition of a FaceSet, split -> class -> faces; None for AffectNet+. The validation part has
    the faces that it has, and train must have the other faces of the training part."""
    form = {edition: form for form, edition in EDITIONS.items()}.get(meta["how"].get("edition"))
    if form is None or (known := KNOWN.get(form)) is None:
        return None
    train, validation = expected_parts(_named(known["train"]), meta["counts"].get("validation", {}))
    return {"train": train, "validation": validation, "test": _named(known["val"])}


def other(rows: Sequence[Row]) -> dict[str, int]:
    """The number of rows of each of `OTHER` that occurs."""
    found = Counter(row.code for row in rows)
    return {name: found[code] for code, name in enumerate(OTHER, len(CLASSES)) if found[code]}


def compare(release: Release) -> str:
    """A sentence that compares the class counts with the known ones."""
    said = []
    for part, name in release.names.items():
        found, known = per_class(release.of(part)), KNOWN.get(release.form, {}).get(part)
        if known is None:
            said.append(f"{name}: {sum(found)} faces, their counts by class are not known")
        elif found == known:
            said.append(f"{name} as known ({sum(known)})")
        else:
            subset = all(a <= b for a, b in zip(found, known, strict=True))
            said.append(f"{name} {'a subset' if subset else 'not the known counts'}: {list(found)} of {list(known)}")
    return "; ".join(said)


def _beside(equal: bool, published: str) -> str:
    return ", as released" if equal else f" (released: {published})"


def _row_left_out(release: Release) -> str:
    first, number = release.left_out[0], len(release.left_out)
    name = (*CLASSES, *OTHER)[first.code]
    rows = "1 row is" if number == 1 else f"{number} rows are"
    said = f"{rows} left out, with NULL as face_x and face_y beside a width and a height: "
    said += f"{'' if number == 1 else 'the first is '}{first.file} line {first.line} (row {first.index} from 0, {name})"
    happy = per_class(release.of("train"))[LEFT_OUT_CODE]
    if happy == TRAINING[LEFT_OUT_CODE] and [row.code for row in release.left_out] == [LEFT_OUT_CODE]:
        said += f"; with it there are {happy + 1} of {name} as released in 2017, without it {happy} as in 2021"
    return said


def _named(counts: Sequence[int]) -> dict[str, int]:
    return dict(zip(CLASSES, counts, strict=True))
