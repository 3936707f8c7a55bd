"""compare: two models on the same test faces, each a record, a run, or evaluated here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import BadInput
from benchmark.interface.comparison import Comparison, files
from benchmark.interface.evaluating import evaluate, is_predictions
from benchmark.interface.places import Places, places
from benchmark.interface.result import Result
from benchmark.outside.adapters import weights
from benchmark.outside.adapters.opening import FILES
from benchmark.protocol import registry
from benchmark.protocol.cells import Run, cell_or_model, installed_cells
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.records.comparisons import ScoredRun, Summary, scores_of
from benchmark.records.record import read_record
from benchmark.report.compare import Row, compare_rows, find, gathered_summary

if TYPE_CHECKING:
    pass


Compared = "Result | str | Path | nn.Module | Callable[..., Any] | Mapping[str, Any] | np.ndarray | pd.DataFrame"


def compare(
    a: Compared,
    b: Compared,
    protocol: str | Path | Protocol | None = None,
    *,
    project: str | Path | None = None,
    prepared: str | Path | None = None,
    records: str | Path | None = None,
    **model: Any,
) -> Comparison:
    """Compare A with B on the same test faces: A minus B, with paired tests.

    Runs are paired by seed. A single network, such as an outside entry, is paired with every seed of the other side.

    Args:
        a, b: each a result; the name of a cell or outside entry with a record in the project, or of a model whose runs are
            in the project's runs; or whatever `evaluate` takes, which is then evaluated.
        protocol: its name, hash or file, or a Protocol. Needed for a model that is evaluated, for runs without a record, and
            if both names have records under several protocols.
        project, prepared: as of `evaluate`.
        records: folder of records; None: the project's.
        model: further arguments of `evaluate` for what is evaluated: preprocessing, weights, options, trust, device, ...

    Raises:
        BadInput: a name that is no record, run or model; no protocol where one is needed; arguments for a model where none
            is evaluated; as of `evaluate` and `benchmark.report.compare.compare_rows`.
    """
    where = places(project)
    sides = _Sides(where, where.records if records is None else Path(records), protocol, prepared, model)
    rows = [sides.rows(side) for side in (a, b)]
    if model and not sides.evaluated:
        raise BadInput("compare", f"{', '.join(sorted(model))} for records", "them for a model that is evaluated")
    return Comparison(compare_rows(*rows, **files(where)))


class _Sides:
    """Finds the rows of the two sides of a comparison."""

    def __init__(self, where: Places, records: Path, protocol: Any, prepared: Any, model: Mapping[str, Any]):
        self.where, self.records, self.prepared, self.model = where, records, prepared, model
        self.evaluated = False
        self.given = protocol
        self._summary: Summary | None = None
        # A file or object is that protocol alone; a name may be that of several people's own protocols, or a hash.
        own = protocol if isinstance(protocol, Protocol) else None
        if own is None and isinstance(protocol, str | Path) and str(protocol).endswith((".yaml", ".yml")):
            own = load_protocol(str(protocol))
        self.named = own.hash if own else (None if protocol is None else str(protocol))

    def rows(self, side: Any) -> Sequence[Row]:
        """The rows of one side: one for each protocol under which it has finished runs."""
        if isinstance(side, Result):
            return [side.row]
        if isinstance(side, str | Path) and Path(side).suffix in weights.SUFFIXES:
            raise BadInput(str(side), "weights without their network", "the network's code, with weights")
        if isinstance(side, str):
            if rows := self._recorded(side):
                return rows
            if rows := self._of_runs(side):
                return rows
        if isinstance(side, str | Path) and not self._is_model(side):
            return find(self.summary, self.records, str(side), self.named)  # raises: says which names there are
        self.evaluated = True
        how = dict(self.model)
        if is_predictions(side):  # the arguments are for the model on the other side
            how = {key: value for key, value in how.items() if key in ("scores", "parameters")}
        return [evaluate(side, self._protocol(side), prepared=self.prepared, project=self.where.top, **how).row]

    @property
    def summary(self) -> Summary:
        """The project's records, read once."""
        if self._summary is None:
            self._summary = gathered_summary(self.records)
        return self._summary

    def _recorded(self, name: str) -> Sequence[Row]:
        if is_predictions(name) or Path(name).suffix in FILES:
            return []
        known = {each for c in self.summary.comparisons for each in c.runs} | {r.record.cell for r in self.summary.outside}
        names = [name, *(cell.name for cell in self._cells(name))]
        return next((find(self.summary, self.records, each, self.named) for each in names if each in known), [])

    def _cells(self, name: str) -> list[Any]:
        """The cell that `ferbench run` would train under this name; none if it can not be one."""
        if ":" not in name and name not in registry.models() and name not in installed_cells():
            return []
        try:
            task = self._protocol(name).task
            return [cell_or_model(name, task)]
        except BadInput:
            return []

    def _of_runs(self, name: str) -> Sequence[Row]:
        """Runs that have no record in the report yet."""
        if self.given is None:
            return []
        for cell in self._cells(name):
            protocol = self._protocol(name)
            folder = (self.where.runs / Run(protocol, cell, 0).place).parent
            found = [read_record(each.parent) for each in sorted(folder.glob("seed*/record.json"))]
            finished = [each for each in found if not each.diverged and each["protocol_hash"] == protocol.hash]
            if finished:
                return [Row(cell.name, {each.seed: ScoredRun(each, scores_of(each)) for each in finished}, False)]
        return []

    def _is_model(self, name: str | Path) -> bool:
        """Whether a name can be evaluated."""
        if is_predictions(name) or Path(name).suffix in FILES:
            return True
        text = str(name)
        return bool(":" in text or text in registry.models() or self.model.get("weights"))

    def _protocol(self, side: object) -> Protocol:
        if isinstance(self.given, Protocol):
            return self.given
        if self.given is None:
            raise BadInput(f"compare, {side if isinstance(side, str | Path) else 'a model'}", "no protocol", "one, under "
                           "which it is evaluated")  # fmt: skip
        return load_protocol(str(self.given))
