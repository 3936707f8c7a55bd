"""The values of a report, one by one, to compare two reports: its tables (CSV), its metrics (JSON), its claims page."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json

# Two numbers are equal if nine digits are. Files have ten; the tenth can differ between calls, because numpy splits sums
# depending on the memory address of an array.
DIGITS = 1e-9
PATTERNS = ("tables/*.csv", "metrics/**/*.json", "claims.md")
Values = Mapping[str, str]


@dataclass(frozen=True)
class Deviation:
    """A value that is not as expected. `found`, `expected`: None for one that is missing."""

    where: str
    found: str | None
    expected: str | None

    @property
    def size(self) -> float | None:
        """The absolute difference of two numbers; None if one is missing or is none."""
        numbers = [_number(each) for each in (self.found, self.expected)]
        return None if None in numbers else abs(numbers[0] - numbers[1])

    def __str__(self) -> str:
        found, expected = (each if each is not None else "no such value" for each in (self.found, self.expected))
        return f"{self.where}: {found[:120]!r}, expected {expected[:120]!r}"


@dataclass(frozen=True)
class Comparison:
    """The comparison of two reports: how many values there are in either, and those that deviate."""

    values: int
    deviations: tuple[Deviation, ...]

    @property
    def told(self) -> str:
        """In a few words."""
        if not self.deviations:
            return "every table value equal"
        sizes = [each.size for each in self.deviations if each.size is not None]
        by = f" by at most {max(sizes):.2g}" if sizes else ""
        others = len(self.deviations) - len(sizes)
        added = f", {others} in words or missing" if others else ""
        return f"{len(self.deviations):,} of {self.values:,} table values differ{by}{added}"


def files_in(folder: Path) -> dict[str, bytes]:
    """Path relative to a report's folder -> contents, for the files whose values are compared."""
    paths = sorted({path for pattern in PATTERNS for path in folder.glob(pattern) if path.is_file()})
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def compare(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> Comparison:
    """Compare the values of two sets of files (name -> contents). BadInput for a file that is no CSV, JSON or text."""
    values = 0
    deviations: list[Deviation] = []
    for name in sorted(found.keys() | expected.keys()):
        own, other = (values_of(name, files[name]) if name in files else {} for files in (found, expected))
        keys = list(dict.fromkeys([*other, *own]))
        values += len(keys)
        if found.get(name) != expected.get(name):
            pairs = [(key, own.get(key), other.get(key)) for key in keys]
            deviations += [Deviation(f"{name}, {key}", a, b) for key, a, b in pairs if not _equal(a, b)]
    return Comparison(values, tuple(deviations))


def values_of(name: str, contents: bytes) -> Values:
    """Where in the file -> the value as text: a field of a CSV with the number of its row, a leaf of a JSON file, or a line
    of text that is not empty."""
    try:
        text = contents.decode("utf-8")
        if name.endswith(".json"):
            return dict(_leaves(json.loads(text), ""))
        if name.endswith(".csv"):
            rows = csv.DictReader(io.StringIO(text), restkey="beyond the header")
            return {f"row {at}, {key}": str(v or "") for at, row in enumerate(rows, 1) for key, v in row.items()}
    except (ValueError, csv.Error, RecursionError) as error:
        raise BadInput(name, str(error)[:200], "a file of the report") from error
    return {f"line {at}": line for at, line in enumerate(text.splitlines(), 1) if line.strip()}


def _leaves(value: Json, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, each in pairs:
            yield from _leaves(each, f"{key}.{name}" if key else str(name))
    else:
        yield key, str(value)


def _equal(one: str | None, other: str | None) -> bool:
    if one == other:
        return True
    numbers = [_number(each) for each in (one, other)]
    return None not in numbers and math.isclose(*numbers, rel_tol=DIGITS)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
