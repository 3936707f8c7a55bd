"""What `ferbench data check` says of every facsimile with every trap: the table in docs/data/traps.md.

``python -m tests.benchmark.faces.readers.traps_table`` writes it again.
"""

import functools
import re
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmark.errors import BadInput
from benchmark.faces.adding import examine

DECODED, ESCAPED = "pictures were decoded", r"\\\1"
PAGE = Path(__file__).parents[4] / "docs" / "data" / "traps.md"
HEAD = """# Editions, traps and what happens

What `ferbench data check` says of facsimiles of every edition, as released and with one trap at a time. The facsimiles are
written by `tests/facsimiles`, which shares no code with the readers; each row is a test
(`tests/benchmark/faces/readers/test_traps_table.py`), and the readers' own tests compare every face with what was written.
`FOLDER` is the folder given. *read* is followed by the notes of the check, without that of the decoded sample; a row with a
trap shows only the notes that the edition has not without it. What shows only when every picture is decoded (a damaged one
outside of the check's sample) is counted by `prepare` and in meta.json. FER2013, FER+ and DiffusionFER have their
refusals in their own tests, which need the real number of rows.

| data set | edition | trap | result |
|---|---|---|---|
"""
# Facsimile -> (data set, its smaller settings, the editions: name -> settings).
SETS = {
    "affectnet_2017": ("affectnet", {"scale": 0.003, "side": 32}, {"2017": {}}),
    "affectnet_2021": (
        "affectnet",
        {"scale": 0.0005, "side": 32},
        {f"2021, {form}": {"form": form} for form in ("npy", "csv", "renamed", "kaggle")},
    ),
    "affectnet_plus": ("affectnet", {"scale": 0.001, "side": 32}, {"AffectNet+": {}}),
    "affwild": ("affwild", {}, {"CVPR 2017": {}}),
    "affwild2": ("affwild2", {}, {tree: {"tree": tree} for tree in ("VA_Set", "Training_Set", "ABAW3", "2020")}),
    "affwild2_multi_task": ("affwild2", {}, {"multi-task lists": {}}),
    "rafdb": ("rafdb", {}, {tree: {"tree": tree} for tree in ("official", "kaggle")}),
    "expw": ("expw", {"scale": 0.002}, {"label.lst": {}}),
    "ckplus48": ("ckplus48", {}, {"class folders": {}}),
    "jaffe": ("jaffe", {}, {"file names": {}}),
    "afewva": ("afewva", {}, {"JSON": {}}),
}


class Case(NamedTuple):
    """One row of the table."""

    facsimile: str
    edition: str
    trap: str | None


def cases() -> Iterator[Case]:
    """Every facsimile, edition and trap, the one without a trap first."""
    for facsimile, (_, _, editions) in SETS.items():
        for edition in editions:
            for trap in (None, *import_module(f"tests.facsimiles.{facsimile}").TRAPS):
                yield Case(facsimile, edition, trap)


@functools.cache
def outcome(case: Case) -> tuple[str, ...] | str | None:
    """The notes of a check, or the line that refuses a case; None if the edition has no such trap."""
    name, smaller, editions = SETS[case.facsimile]
    write = import_module(f"tests.facsimiles.{case.facsimile}").write
    with tempfile.TemporaryDirectory() as folder:

        def shown(text: object) -> str:
            return str(text).replace(f"{Path(folder).resolve()}/", "").replace(f"{folder}/", "")

        try:
            truth = write(Path(folder) / "FOLDER", trap=case.trap, **smaller, **editions[case.edition])
        except ValueError:
            return None
        try:
            return tuple(shown(note) for note in examine(name, truth.folder).notes if DECODED not in note)
        except BadInput as error:
            return shown(error)


def row(case: Case) -> str | None:
    """A line of the table; None if the edition has no such trap."""
    found = outcome(case)
    if found is None:
        return None
    if isinstance(found, str):
        said = f"refused: {found}"
    else:
        without = outcome(case._replace(trap=None)) if case.trap else ()
        said = "; ".join(("read", *(note for note in found if note not in (without or ()))))
    trap = "-" if case.trap is None else case.trap.replace("_", " ")
    return f"| {SETS[case.facsimile][0]} | {case.edition} | {trap} | {re.sub(r'([|<>*_`])', ESCAPED, said)} |"


if __name__ == "__main__":
    PAGE.write_text(HEAD + "\n".join(filter(None, map(row, cases()))) + "\n")
