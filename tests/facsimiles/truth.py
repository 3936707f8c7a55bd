"""What a facsimile says of itself, so that a test can compare what a reader made of it.

A facsimile is a small tree of files with the names, lines and numbers of a data set as it is released. Its pictures are
drawn. Each module of this package writes one data set with `write(folder, *, scale, seed, trap, ...)` and returns a `Truth`.
Nothing here imports the suite: what is written comes from notes on the real files and from nowhere else. Where those notes
do not say how something is written, the module's docstring says what it took instead.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One face, one line or one frame, as the release means it.

    `path` is the picture's, below `Truth.folder` ("" where there is none). `file` and `line` say where the label is written:
    `line` counts from 1, the header included; 0: the label is the whole file, or a name. `index` counts the part's rows from
    0. `valence` and `arousal` are None where the release says that there is none (-2, -5), else the number as it is written,
    on the release's own scale. `box` is (x, y, width, height) unless the module says otherwise. `group` is the subject, the
    clip or the source that the face belongs to. `picture` is False if the picture is absent or empty. `copy_of` is the `id`
    of the row whose picture has the same bytes.
    """

    id: str
    path: str
    part: str
    index: int
    code: int | None = None
    word: str | None = None
    valence: float | None = None
    arousal: float | None = None
    box: tuple[float, ...] | None = None
    file: str = ""
    line: int = 0
    group: str = ""
    picture: bool = True
    copy_of: str = ""
    attributes: dict | None = None


@dataclass
class Truth:
    """`folder` is what a user would give to `data add`. `rows` has every row of every list, in the order written, those that
    a reader has to leave out included. `traps` has an entry for each trap that was switched on: what it did. `totals`
    has numbers of a part that stay known where the rows were not kept."""

    folder: Path
    rows: list[Row]
    traps: dict[str, dict] = field(default_factory=dict)
    totals: dict[str, dict[str, int]] = field(default_factory=dict)

    def counts(self, keep: Callable[[Row], bool] = lambda row: True) -> dict[str, dict[str, int]]:
        """Rows per part and class word, of the rows that `keep` accepts. Parts and words in order of appearance."""
        found: dict[str, dict[str, int]] = {}
        for row in self.rows:
            if keep(row):
                part = found.setdefault(row.part, {})
                part[str(row.word)] = part.get(str(row.word), 0) + 1
        return found

    def by_path(self) -> dict[str, Row]:
        """The rows by `path`. Only where a picture has one row."""
        found = {row.path: row for row in self.rows}
        assert len(found) == len(self.rows)
        return found


def chosen(trap: str | Iterable[str] | None, known: Sequence[str]) -> frozenset[str]:
    """The traps asked for: None, a name or several. ValueError for a name that is not in `known`."""
    names = frozenset(() if trap is None else (trap,) if isinstance(trap, str) else trap)
    if unknown := names - set(known):
        raise ValueError(f"no trap is called {sorted(unknown)}; there are {sorted(known)}")
    return names


def scaled(count: int, scale: float) -> int:
    """`count` at the given scale, at least one."""
    return max(1, round(count * scale)) if count else 0


def shares(total: int, weights: Sequence[float], least: int = 0) -> list[int]:
    """`total` things dealt out in proportion to `weights`, by largest remainder, at least `least` to each."""
    rest = total - least * len(weights)
    assert rest >= 0, f"{total} things are too few for {len(weights)}"
    exact = [rest * weight / sum(weights) for weight in weights]
    given = [int(each) for each in exact]
    order = sorted(range(len(weights)), key=lambda each: (given[each] - exact[each], each))
    for each in order[: rest - sum(given)]:
        given[each] += 1
    return [each + least for each in given]
