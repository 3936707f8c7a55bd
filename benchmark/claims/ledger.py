"""The ledger, in which the rules look up runs by protocol and cell, counts of networks, and what is missing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from benchmark.claims.finding import (
    DECIDING,
    JUDGING,
    NO_VERDICT_YET,
    NOT_TESTABLE,
    UNDETERMINED,
    Planned,
    Scale,
    Undecided,
    network_of,
    seeds_in_words,
)
from benchmark.faces.fingerprints import at_hand, is_other
from benchmark.files import Json
from benchmark.measures.complexity import file as counted
from benchmark.protocol.cells import installed_cells
from benchmark.protocol.protocol import Protocol, load_protocol, protocol_names
from benchmark.records.metrics import METRICS, PRIMARY

if TYPE_CHECKING:
    from benchmark.claims.evidence import Compared, Key
    from benchmark.records.comparisons import Comparison, ScoredRun, Summary


@dataclass
class Ledger:
    """The evidence for the rules.

    Attributes:
        summary: the comparisons of all records.
        complexity: contents of complexity.json, or None.
        gradients: contents of the files of measured gradients.
        waiting: (protocol, cell) pairs whose runs do not count yet, see `benchmark.claims.judge.judge`.
        compared: key of a comparison (`benchmark.claims.comparing.key_of`) -> the comparison with adjusted p-values.
        role: of the test that is being judged.
    """

    summary: "Summary"
    complexity: Mapping[str, Json] | None
    gradients: Sequence[Mapping[str, Json]] = ()
    waiting: Collection[tuple[str, str]] = ()
    compared: "dict[Key, Compared | None]" = field(default_factory=dict)
    role: str = DECIDING

    def of(self, role: str) -> "Ledger":
        """The same ledger for tests of the given role."""
        return replace(self, role=role)

    def comparison(self, protocol: str, needs: str) -> "Comparison | None":
        """The records under a protocol; None if there are none yet.

        The protocol's name is not enough: for a test with a verdict, only records count that were made under the suite's own
        protocol file and on known bytes of the data (if bytes are known).

        Raises:
            Undecided: there can be no records, because the protocol or its data are not at hand; or there are records that
                are not comparable with each other.
        """
        found = [c for c in self.summary.comparisons if c.protocol["name"] == protocol]
        found = [c for c in found if self.counts(protocol, c.protocol_hash, c.data)]
        if not found and protocol not in protocol_names():
            raise Undecided(NOT_TESTABLE, f"missing: {needs} (no protocol {protocol}, no record of it)")
        if not found and not at_hand(load_protocol(protocol).data):
            raise Undecided(NOT_TESTABLE, f"missing: {needs} (protocol {protocol} is ready, no record of it)")
        if len(found) > 1 and protocol in protocol_names():
            found = [c for c in found if c.protocol_hash == load_protocol(protocol).hash]
        if len(found) > 1:
            slugs = ", ".join(c.slug for c in found)
            raise Undecided(UNDETERMINED, f"records of {protocol} that are not comparable: {slugs}")
        return found[0] if found else None

    def counts(self, protocol: str, protocol_hash: str, data: Mapping[str, Json]) -> bool:
        """Whether a result counts as evidence for a test under `protocol`. `protocol_hash` and `data` (name, version,
        fingerprint of the FaceSet) are those of the result."""
        if self.role not in JUDGING or protocol not in protocol_names():
            return True
        own = _own_protocol(protocol)
        edition = (data["name"], data["version"], data["fingerprint"])
        same = (data["name"], data["version"]) == (own.data, own.data_version)
        return protocol_hash == own.hash and same and not is_other(*edition)

    def runs(self, protocol: str, cell: str, needs: str) -> "tuple[ScoredRun, ...]":
        """Every run of a cell, including diverged ones."""
        comparison = self.comparison(protocol, needs)
        if comparison is None:
            return ()
        labels = [label for label in comparison.runs if comparison.cell(label)["name"] == cell]
        if self.role in JUDGING:
            labels = [label for label in labels if self._is_registered(protocol, comparison.cell(label))]
        if len(labels) > 1:
            raise Undecided(UNDETERMINED, f"{len(labels)} different cells of {protocol} are named {cell}")
        return comparison.runs[labels[0]] if labels else ()

    def planned(self, protocol: str, cells: Sequence[str], needs: str, seeds: int) -> "dict[str, dict[int, ScoredRun]]":
        """Cell -> seed -> run, for the planned seeds 0 to `seeds` - 1, including diverged runs. Other seeds are ignored.

        Raises:
            Undecided: a planned run is missing, or it is unclear which run it is (several cells of one name). The finding
                says how many planned runs there are, and shows no measured number.
        """
        found, unclear = {}, []
        for cell in cells:
            try:
                runs = self.runs(protocol, cell, needs)
            except Undecided as undecided:
                if undecided.finding.verdict == NOT_TESTABLE:
                    raise
                unclear.append(undecided.finding.reason)
                runs = ()
            found[cell] = {r.record.seed: r for r in runs if 0 <= r.record.seed < seeds}
        plan = plan_of(found, protocol, seeds)
        if unclear:
            scale = self.scale(found, protocol=protocol)
            raise Undecided(UNDETERMINED, "; ".join(dict.fromkeys(unclear)), planned=plan, scale=scale)
        if missing := [f"{each.protocol} / {each.cell}, {seeds_in_words(each.missing)}" for each in plan if each.missing]:
            done = len(set.intersection(*map(set, found.values())))
            records = [run.record for own in found.values() for run in own.values()]
            count = f"{done} of {seeds}"
            reason = f"{count}, no verdict; missing: {'; '.join(missing)}{self._passed_over(plan)}"
            scale = self.scale(found, protocol=protocol)
            raise Undecided(NO_VERDICT_YET, reason, records, detail=count, planned=plan, scale=scale)
        return found

    def _passed_over(self, plan: Sequence[Planned]) -> str:
        """A text for the end of a reason: how many records have the name of a missing run but do not count; "" if none."""
        wanted = {(each.protocol, each.cell, seed) for each in plan for seed in each.missing}
        runs = (run for c in self.summary.comparisons for own in c.runs.values() for run in own)
        many = sum((run.record.protocol, run.record.cell, run.record.seed) in wanted for run in runs)
        if not many:
            return ""
        records = f"{many} record{'s' * (many > 1)} of that name"
        why = "another protocol file, another cell or learning rate, or data of unlisted bytes (docs/data)"
        return f"; not counted: {records} with {why}"

    def scale(
        self,
        runs: "Mapping[str, Mapping[int, ScoredRun]]",
        levels: Mapping[str, float | None] | None = None,
        protocol: str = "",
    ) -> Scale:
        """The scale of the cells of `runs`, as `planned` returns them. `protocol`: needed where there may be no run."""
        one = {cell: next(iter(own.values())).record for cell, own in runs.items() if own}
        if one:
            contents = next(iter(one.values()))["protocol"]
            size, epochs = contents["input_size"], contents["epochs"]
        else:
            known = load_protocol(protocol) if protocol in protocol_names() else None
            size, epochs = (known.input_size, known.epochs) if known else (None, None)
        return Scale(
            network_of(list(runs)),
            size,
            epochs,
            {cell: record["parameters"] for cell, record in one.items()},
            {cell: r["cell"].get("learning_rate", r["protocol"]["recipe"]["learning_rate"]) for cell, r in one.items()},
            levels or {},
            METRICS[PRIMARY[contents["task"]]].unit if one else "%",
        )

    def _is_registered(self, protocol: str, contents: Mapping[str, Json]) -> bool:
        """Whether a record's cell (`contents`) is equal to the registered cell of that name, including its learning rate.
        True also for a name that no registered cell has.

        A cell of a study does not count as registered until its learning rate is registered. Otherwise a run with the
        recipe's rate would be taken for a run of the study.
        """
        known = installed_cells().get(contents["name"])
        return known is None or (contents == known.as_dict() and (protocol, known.name) not in self.waiting)

    def network(self, protocol: str, cell: str) -> Mapping[str, Json]:
        """The entry of complexity.json for a cell under a protocol. Undecided if there is none."""
        found = counted.of_names(self.complexity, protocol, cell)
        if found is None:
            raise Undecided(UNDETERMINED, f"missing: {protocol}/{cell} in complexity.json")
        return found


@cache
def _own_protocol(name: str) -> Protocol:
    """The suite's protocol of that name. Cached: its file is read once."""
    return load_protocol(name)


def plan_of(runs: "Mapping[str, Mapping[int, ScoredRun]]", protocol: str, seeds: int) -> list[Planned]:
    """For each cell, the runs that a test needs and those that have a record."""
    return [Planned(protocol, cell, seeds, tuple(sorted(own))) for cell, own in runs.items()]


def finished_of(runs: "Iterable[ScoredRun]") -> "dict[int, ScoredRun]":
    """Seed -> run, for the runs that finished."""
    return {run.record.seed: run for run in runs if not run.record.diverged}


def divergence(cells: "Mapping[str, Sequence[ScoredRun]]") -> str:
    """A text for the end of a reason: how many runs of each cell diverged; "" if none did."""
    lost = {cell: len(runs) - len(finished_of(runs)) for cell, runs in cells.items()}
    return "".join(f"; {cell} diverged {n} of {len(cells[cell])}" for cell, n in lost.items() if n)
