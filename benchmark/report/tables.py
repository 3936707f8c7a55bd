"""A table with its caption, and its rendering as Markdown, CSV and LaTeX (booktabs)."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import pandas as pd

from benchmark.escaping import csv_value, latex, markdown
from benchmark.records.comparisons import Comparison, Summary
from benchmark.records.intervals import Interval
from benchmark.records.metrics import ANY, METRICS, Range, possible
from benchmark.records.statistics import Difference
from benchmark.records.written import CUT, bracketed, number

INTERVAL_NOTE = "Mean over seeds [95 % t-interval over seeds]; n = seeds that finished; diverged runs are never averaged in"

TRUST_NOTE = "Trust: the lowest level of the row's runs (docs/trust.md)"
CUT_NOTE = f"{CUT}: the interval reaches beyond what is possible and is cut there; the CSV has it uncut"
_CUT = re.compile(rf"\d{CUT}[,\]]")  # an end with the mark, as `bracketed` writes it
CELL = {"protocol": "Protocol", "cell": "Cell"}  # the columns that name a cell in a table of all protocols


@dataclass(frozen=True)
class Entry:
    """One cell of a table.

    Attributes:
        text: as shown.
        numbers: suffix of the column's name -> value, for the CSV and for sorting. The shown number comes first.
        cells: (protocol, cell) of the runs behind it, if the row's labels do not name them.
        best: whether tests say that it is better than every other of its group; shown in bold.
        foreign: whether it names a model of others, which may have the name of a cell that was trained here.
    """

    text: str
    numbers: Mapping[str, object]
    cells: Sequence[tuple[str, str]] = ()
    best: bool = False
    foreign: bool = False


NOTHING = Entry("", {})  # shown where a row has no entry


class Best(NamedTuple):
    """The cells of a protocol whose entries are marked as best, and what the mark means as notes of a table."""

    cells: frozenset[str] = frozenset()
    note: Sequence[str] = ()


UNMARKED = Best()


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: file name without suffix.
        title: one line.
        notes: sentences without a full stop: protocol, selection rule, test-time augmentation, meaning of n. Where an entry
            has an interval that is cut, the note about it is added.
        columns: key (CSV) -> title (Markdown, LaTeX).
        rows: each row is column key -> Entry.
        labels: columns that say what a row is; repeated in every block.
        blocks: groups of the other columns. Each group is shown as a separate table, one below the other. Empty: one table.
        shaded: the numbers are shares, which a page may shade.
    """

    name: str
    title: str
    notes: Sequence[str]
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Entry]]
    labels: Sequence[str] = ("cell",)
    blocks: Sequence[Sequence[str]] = field(default=())
    shaded: bool = False

    def __post_init__(self) -> None:
        cut = any(_CUT.search(entry.text) for row in self.rows for entry in row.values())
        if cut and CUT_NOTE not in self.notes:
            object.__setattr__(self, "notes", (*self.notes, CUT_NOTE))

    def shown(self, best: Callable[[str], str] = str, plain: Callable[[str], str] = str) -> list[pd.DataFrame]:
        """The blocks as text, with the titles as column names. A row without an entry in a block is left out of it.

        Args:
            best, plain: how the text of an entry is written that is the best of its group, and of any other.
        """
        others = [key for key in self.columns if key not in self.labels]
        frames = []
        for block in self.blocks or (others,):
            rows = [row for row in self.rows if any(key in row for key in block)]
            if not rows:
                continue
            keys = [*self.labels, *block]
            entries = [[row.get(key, NOTHING) for key in keys] for row in rows]
            texts = [[(best if entry.best else plain)(entry.text) for entry in own] for own in entries]
            frames.append(pd.DataFrame(texts, columns=[self.columns[key] for key in keys], dtype=str))
        return frames

    def markdown(self) -> str:
        """Title, notes and blocks as GitHub Markdown."""
        parts = [f"**{markdown(self.title)}.** {markdown('. '.join(self.notes))}."]
        for frame in self.shown(lambda text: f"**{markdown(text)}**", markdown):
            lines = [list(map(markdown, frame.columns)), *frame.to_numpy().tolist()]
            lines.insert(1, ["---"] * len(frame.columns))
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
        return "\n\n".join(parts) + "\n"

    def csv(self) -> str:
        """CSV with every number in its own column (`<column>_<part>`): fractions, not percent; ten digits."""
        header = {}  # ordered by column, then by first appearance
        for key in self.columns:
            for row in self.rows:
                header |= {_name(key, part): None for part in (row[key].numbers if key in row else ())}
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(map(csv_value, header))
        for row in self.rows:
            values = {_name(key, part): v for key, entry in row.items() for part, v in entry.numbers.items()}
            cells = (csv_value(values.get(name, "")) for name in header)
            writer.writerow(f"{v:.10g}" if isinstance(v, float) else v for v in cells)
        return stream.getvalue()

    def latex(self) -> str:
        """One booktabs table per block. A document that includes it needs the packages booktabs and graphicx."""
        frames = self.shown(lambda text: rf"\textbf{{{latex(text)}}}", latex)
        parts = ["% needs \\usepackage{booktabs,graphicx}"]
        for at, frame in enumerate(frames, 1):
            part = f" (part {at} of {len(frames)})" if len(frames) > 1 else ""
            label = f"tab:{self.name}" + (f"-{at}" if len(frames) > 1 else "")
            body = [" & ".join(line) + r" \\" for line in frame.to_numpy().tolist()]
            parts += [
                r"\begin{table}[htbp]",
                r"\centering\footnotesize",
                rf"\caption{{{latex(f'{self.title}{part}. ' + '. '.join(self.notes) + '.')}}}",
                rf"\label{{{label}}}",
                # Only a table that is wider than the page is made smaller.
                r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
                rf"\begin{{tabular}}{{{'l' * len(frame.columns)}}}",
                r"\toprule",
                " & ".join(map(latex, frame.columns)) + r" \\",
                r"\midrule",
                *body,
                r"\bottomrule",
                r"\end{tabular}}",
                r"\end{table}",
            ]
        return "\n".join(parts) + "\n"


def _name(key: str, part: str) -> str:
    return f"{key}_{part}" if part else key


def text(value: object) -> Entry:
    """An entry with a plain value."""
    return Entry(str(value), {"": value})


def of_cells(summary: Summary) -> Iterator[tuple[Comparison, str, dict[str, Entry]]]:
    """Every cell with a record under a protocol of the suite, in the order of the tables: its comparison, its label, and the
    entries of `CELL`."""
    for comparison in summary.of_suite:
        for label in comparison.runs:
            yield comparison, label, {"protocol": text(comparison.slug), "cell": text(label)}


def not_tested(reason: str) -> Entry:
    """The entry for a value that was not measured."""
    return Entry(f"not tested: {reason}", {"note": f"not tested: {reason}"})


def measured(interval: Interval | None, show: Callable[[float], str], within: Range = ANY) -> Entry:
    """The entry for a mean over seeds with its t-interval. None: the value is not defined for at least one seed.

    Args:
        within: the lowest and the highest possible value; the shown interval, not its numbers, is cut there.
    """
    if interval is None:
        return Entry("not defined", {"note": "not defined"})
    numbers = {"mean": interval.mean, "low": interval.low, "high": interval.high}
    return Entry(bracketed(interval, show, within), numbers)


def metric_entry(interval: Interval | None, name: str) -> Entry:
    """`measured` for a metric: its unit and what is possible are those of its name."""
    return measured(interval, partial(number, unit=METRICS[name].unit), possible(name))


def differing(difference: Difference | Interval, unit: str, within: Range = ANY) -> Entry:
    """The entry for a signed difference with its interval, which is shown only as far as is possible."""
    shown = bracketed(difference, partial(number, unit=unit, signed=True), within)
    return Entry(shown, {"mean": difference.mean, "low": difference.low, "high": difference.high})


def over_images(difference: Difference | Interval, unit: str, within: Range = ANY) -> Entry:
    """The entry for a signed difference with its interval over resampled test images; without one if the difference is not
    defined in every resample."""
    entry = differing(difference, unit, within)
    if difference.low is None:
        return replace(entry, text=f"{number(difference.mean, unit, signed=True)}, no interval")
    return entry


def seeds(finished: int, diverged: int) -> Entry:
    """The entry for the column n: the number of seeds behind the row, and how many runs diverged."""
    shown = f"n = {finished}" + (", no interval" if finished == 1 else "")
    if diverged:
        shown += f"; diverged {diverged} of {finished + diverged}"
    return Entry(shown, {"": finished, "diverged": diverged})


def title(name: str) -> str:
    """The column title of a metric: its name and unit."""
    metric = METRICS[name]
    return f"{metric.title}, {metric.unit}" if metric.unit else metric.title
