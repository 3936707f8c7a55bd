"""Which run the package carries, by the rule in docs/reference/rules.md ("The carried network")."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json
from benchmark.protocol.cells import Run
from benchmark.records.comparisons import metrics_of
from benchmark.records.metrics import PRIMARY
from benchmark.records.record import Record, read_record
from benchmark.runs.plan import parts

# Kind of network -> the plan that lists its candidates, and the protocol that they were trained by.
CANDIDATES = {"expression": ("carried", "ferplus-8-small"), "affect": ("diffusionfer", "diffusionfer-va-quick")}


@dataclass(frozen=True)
class Candidate:
    """A finished run that may be carried, with its scores on the validation and the test faces."""

    run: Run
    record: Record
    validation: float
    test: float

    @property
    def metric(self) -> str:
        """The metric of both scores, as in `benchmark.records.metrics.METRICS`."""
        return PRIMARY[self.run.protocol.task]

    def as_dict(self) -> dict[str, Json]:
        """What the model card says of it."""
        own = {"cell": self.run.cell.name, "seed": self.run.seed, "parameters": self.record["parameters"]}
        return own | {"validation": self.validation, "test": self.test}


def candidates(kind: str, records: Path, sources: Mapping[str, tuple[str, str]] = CANDIDATES) -> list[Candidate]:
    """The candidates that have a record, the chosen one first: the highest validation score counts, then the fewest
    parameters, then the order of the plan.

    Args:
        kind: "expression" or "affect".
        records: folder of records; those below ``imported`` count too.
        sources: as `CANDIDATES`.

    Raises:
        BadInput: no finished candidate there.
    """
    profile, protocol = sources[kind]
    found = []
    planned = [run for part in parts(profile) for run in part if run.protocol.name == protocol]
    for run in planned:
        places = [records / run.place, records / "imported" / run.place]
        place = next((each for each in places if (each / "record.json").is_file()), None)
        record = None if place is None else read_record(place)
        if record is not None and not record.diverged:
            metric = PRIMARY[run.protocol.task]
            scores = [metrics_of(record, split)[metric] for split in ("validation", "test")]
            found.append(Candidate(run, record, *scores))
    if not found:
        raise BadInput(records, f"no finished run of {protocol} in the plan {profile}", "at least one")
    return sorted(found, key=lambda each: (-each.validation, each.record["parameters"]))
