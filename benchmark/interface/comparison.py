"""Comparison: what is found about two models on the same test faces."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.files import write_text
from benchmark.interface.html import comparison_html
from benchmark.interface.places import Places, places
from benchmark.report.compare import Row, compare_rows, find, gathered_summary, picture, sentences


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

        folder = places(project).prepared if prepared is None else Path(prepared)
        picture(self.found, open_faceset(folder / self.found["data"]["name"]), Path(out))

    def to_json(self, path: Path | str | None = None) -> str:
        """`found` as text, as `ferbench compare --json` prints it. Written to `path` if one is given."""
        text = json.dumps(self.found, indent=1, ensure_ascii=False)
        if path is not None:
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


def compared(a: Row, b: "Row | str", where: Places, protocol_hash: str) -> Comparison:
    """Compare a row with another one, or with a cell or outside entry of the project's records by its name.

    Raises:
        BadInput: as of `benchmark.report.compare.find` and `compare_rows`.
    """
    rows: Sequence[Row] = (
        [b] if isinstance(b, Row) else find(gathered_summary(where.records), where.records, b, protocol_hash)
    )
    return Comparison(compare_rows([a], rows, **files(where)))


def files(where: Places) -> dict[str, Path]:
    """The files with the costs of networks."""
    return {"complexity": where.reports / "complexity.json", "latency": where.reports / "latency.json"}
