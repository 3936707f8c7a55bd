"""Comparison: what is found about two models on the same test faces; and the rows of a name."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from benchmark.errors import BadInput
from benchmark.files import write_text
from benchmark.interface.given import protocol_of
from benchmark.interface.html import comparison_html
from benchmark.interface.places import Places, places
from benchmark.protocol import registry
from benchmark.protocol.cells import Cell, Run, cell_or_model, installed_cells
from benchmark.protocol.protocol import Protocol
from benchmark.records.comparisons import ScoredRun, Summary, scores_of
from benchmark.records.record import read_record
from benchmark.report.compare import Row, compare_rows, find, gathered_summary, picture, rows_of, sentences
from benchmark.room import check_file


class Comparison:
    """A minus B on the same test faces.

    Attributes:
        found: the values, as `benchmark.report.compare.compare` describes them.
    """

    def __init__(self, found: Mapping[str, Any]):
        self.found = found

    @property
    def difference(self) -> float:
        """Mean difference of accuracy (a fraction) or of the mean CCC, A minus B."""
        return float(self.found["images"]["mean"])

    @property
    def interval(self) -> tuple[float | None, float | None]:
        """95 % interval of the difference over test faces; (None, None) if there is none."""
        return self.found["images"]["low"], self.found["images"]["high"]

    @property
    def p(self) -> float | None:
        """p-value of the paired test over test faces; None if it is not defined."""
        return self.found["images"]["p"]

    def picture(self, out: Path | str, *, prepared: str | Path | None = None, project: str | Path | None = None) -> None:
        """Write a JPEG of the faces on which A and B disagree, if the data's terms allow it. BadInput as of
        `benchmark.report.compare.picture`."""
        from benchmark.faces.faceset import open_faceset

        check_file(Path(out), "a picture")
        folder = places(project, prepared).prepared
        picture(self.found, open_faceset(folder / self.found["data"]["name"]), Path(out))

    def to_json(self, path: Path | str | None = None) -> str:
        """`found` as text, as `ferbench compare --json` prints it. Written to `path` if one is given."""
        text = json.dumps(self.found, indent=1, ensure_ascii=False)
        if path is not None:
            check_file(Path(path), "a comparison")
            write_text(Path(path), text + "\n")
        return text

    def __repr__(self) -> str:
        lines = sentences(self.found)
        if self.found["disagree"]:
            more = " ... (all of them: to_json, --json)" if len(self.found["disagree"]) > 10 else ""
            lines.append("  " + " ".join(self.found["disagree"][:10]) + more)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return comparison_html(self)


class Named:
    """Finds the rows of a name: its records in the project, else its runs.

    Args:
        where: the project.
        records: folder of records.
        protocol: its name, hash or file, or a Protocol, if one was given. A file or Protocol is that one alone; a name may
            be that of several people's own protocols.
    """

    def __init__(self, where: Places, records: Path, protocol: str | Path | Protocol | None):
        self.where, self.records, self.given = where, records, protocol
        exact = isinstance(protocol, Protocol) or str(protocol).endswith((".yaml", ".yml"))
        self.chosen = None if protocol is None else protocol_of(protocol).hash if exact else str(protocol)

    def rows(self, name: str) -> Sequence[Row]:
        """The rows of a cell or outside entry, or of the cell that `ferbench run` would train under this name: one for each
        protocol under which it has finished runs; empty if there is none. BadInput for records that can not be read."""
        for each in (name, *(cell.name for cell in self._cells(name))):
            if found := rows_of(self.summary, each, self.chosen)[0]:
                return found
        return self._of_runs(name)

    def check(self, row: Row) -> None:
        """Raise BadInput for a row of another protocol than the one that was given."""
        name, digest, _ = row.identity
        if self.chosen not in (None, name, digest):
            found = f"a result under {name} (hash {digest})"
            raise BadInput(f"compare, {row.name}", found, f"one under {self.chosen}, as given")

    def refuse(self, name: str) -> NoReturn:
        """Raise BadInput that says which names there are."""
        find(gathered_summary(self.records), self.records, name, self.chosen)
        raise AssertionError(name)  # `rows` would have found it

    @cached_property
    def summary(self) -> Summary:
        """The project's records; empty if there are none."""
        return gathered_summary(self.records, none=True)

    def _cells(self, name: str) -> list[Cell]:
        if self.given is None or not (":" in name or name in registry.models() or name in installed_cells()):
            return []
        try:
            return [cell_or_model(name, protocol_of(self.given).task)]
        except BadInput:
            return []

    def _of_runs(self, name: str) -> Sequence[Row]:
        """Runs that have no record in the report yet."""
        for cell in self._cells(name):
            protocol = protocol_of(self.given)
            folder = (self.where.runs / Run(protocol, cell, 0).place).parent
            found = [read_record(each.parent) for each in sorted(folder.glob("seed*/record.json"))]
            finished = [each for each in found if not each.diverged and each["protocol_hash"] == protocol.hash]
            if finished:
                return [Row(cell.name, {each.seed: ScoredRun(each, scores_of(each)) for each in finished}, False)]
        return []


def compared(a: Row, b: Row | str, where: Places, protocol: Protocol) -> Comparison:
    """Compare a row with another one, or with that of a name (`Named`). BadInput as of `compare_rows`."""
    named = Named(where, where.records, protocol)
    rows = [b] if isinstance(b, Row) else named.rows(b) or named.refuse(b)
    return Comparison(compare_rows([a], rows, **files(where)))


def files(where: Places) -> dict[str, Path]:
    """The files with the costs of networks."""
    return {"complexity": where.reports / "complexity.json", "latency": where.reports / "latency.json"}
