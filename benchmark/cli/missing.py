"""What to do where data are missing: what they are, where they come from and the command that brings them."""

from pathlib import Path

from benchmark.cli.shared import PARAMS, PREPARED, RAW, RUNS
from benchmark.errors import BadInput
from benchmark.suggesting import one_of

PROJECT = Path("dvc.yaml")  # it is in the project's folder
_PARTS = ("no meta.json", "no faces.csv", "no images.npy")  # what a folder lacks that is no FaceSet


def missing_raw(name: str) -> list[BadInput]:
    """For each folder of raw data that the data set `name` is made from and that has no data: an error that says what they
    are and how they come there. Empty if all are there. BadInput for an unknown data set."""
    from benchmark.faces.data_sets import reader

    return [error for folder in reader(name).RAW if (error := _missing(folder, name)) is not None]


def check_raw(name: str) -> None:
    """Raise the first of `missing_raw`; it names the others too."""
    first, *others = [*missing_raw(name), None]
    if first is not None:
        too = "".join(f"; {error.where} is missing too" for error in others if error is not None)
        raise BadInput(first.where, first.found, first.expected + too)


def _missing(folder: str, name: str) -> BadInput | None:
    from benchmark.faces.reading.walking import passed_over

    place, tracked = RAW / folder, RAW / f"{folder}.dvc"
    if place.is_file():  # as `dvc import-url` brings it
        return None
    if not all(passed_over(path.name) for path in place.glob("*")):
        target = _target(place)
        if target is None or target.is_dir():
            return None
        expected = f"that folder, or `ferbench data add {folder} PATH` with the folder where they are now"
        return BadInput(place, f"a pointer to {target}, which is not there", expected)
    by_hand = f"`ferbench data add {folder} PATH` with {_needs(folder)} ({page_of(folder)} says where to get it)"
    why = "" if folder == name else f", which {name} needs too"
    if tracked.is_file():
        expected = f"`dvc pull {tracked}`, if a remote has them; else {by_hand}"
        return BadInput(place, f"no data, only {tracked}{why}", expected)
    return BadInput(place, f"no data yet{why}", by_hand)


def _target(place: Path) -> Path | None:
    """The folder that a pointer to data elsewhere names; None where there is no pointer that can be read."""
    from benchmark.faces.reading.linking import POINTER
    from benchmark.files import read_yaml

    try:
        path = read_yaml(place / POINTER).get("path") if (place / POINTER).is_file() else None
    except BadInput:  # whoever reads the data says what is wrong with it
        return None
    return Path(path) if isinstance(path, str) else None


def _needs(folder: str) -> str:
    from benchmark.faces.card import card

    return card(folder).needs or "its file or folder"


def page_of(name: str) -> str:
    """The page about a data set."""
    from benchmark.faces.data_sets import FOLDER, OWN

    return f"docs/data/{OWN if name.startswith(FOLDER) else name}.md"


def explained(error: BadInput) -> BadInput:
    """`error`, or in its place one that says more: that a FaceSet is missing and which commands make it, or that this is not
    the project's folder."""
    if error.found in _PARTS and "FaceSet" in error.expected:
        return _unprepared(error)
    if error.found == "no record.json" and Path(error.where).parts[:1] == RUNS.parts:
        return _not_run(error)
    first = Path(error.where.partition(",")[0])
    of_project = first.parts[:1] in ((PARAMS.name,), ("data",), ("reports",))
    nothing = error.found.startswith("no ") and of_project and not Path(first.parts[0]).exists()
    return BadInput(error.where, error.found, error.expected + elsewhere()) if nothing else error


def _unprepared(error: BadInput) -> BadInput:
    from benchmark.faces.data_sets import FOLDER, names

    place = Path(error.where)
    if place.parent == PREPARED.absolute():
        place = PREPARED / place.name
    name, found = place.name, error.found if place.exists() else "no FaceSet"
    if name not in names() and not name.startswith(FOLDER):
        return BadInput(place, found, f"a data set, {one_of(name, names(), 'ferbench data')}")
    made = f"ferbench prepare {name}{' --params' * (name in _of_params('data'))}"
    try:
        first = missing_raw(name)
    except BadInput:  # a name that is no data set's
        return error
    if not first:
        expected = f"a prepared one: `{made}` makes it"
    else:
        added = " and ".join(f"`ferbench data add {Path(each.where).name} PATH`" for each in first)
        pages = ", ".join(page_of(Path(each.where).name) for each in first)
        expected = f"a prepared one: first {added} ({pages}), then `{made}`"
    return BadInput(place, found, expected + f" in {PREPARED}" * (place.parent != PREPARED) + elsewhere())


def _not_run(error: BadInput) -> BadInput:
    """Of a run's folder without a record: the command that makes it."""
    match Path(error.where).parts:
        case (*_, protocol, cell, seed) if seed.removeprefix("seed").isdecimal():
            key = f"{protocol}_{cell}"
            if key in _of_params("runs"):  # perhaps under a turned protocol, which only params.yaml has
                made = f"`ferbench run --params {key}` or dvc repro"
            else:
                number = seed.removeprefix("seed")
                made = f"`ferbench run {protocol} {cell} --seeds {number}`, or dvc repro if it is in the plan"
            return BadInput(error.where, error.found, f"{error.expected}, made by {made}")
    return error


def _of_params(part: str) -> set[str]:
    """The names in a part of params.yaml; none if it can not be read."""
    from benchmark.files import read_yaml

    try:
        found = read_yaml(PARAMS).get(part) if PARAMS.is_file() else None
    except BadInput:
        return set()
    return set(found) if isinstance(found, dict) else set()


def elsewhere() -> str:
    """The end of a sentence where this is not the project's folder; else ""."""
    return "" if PROJECT.exists() else f"; there is no {PROJECT} here: is this the project's folder?"
