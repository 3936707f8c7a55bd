"""What the rules of the claim ledger look things up in: runs by protocol and cell, counts, and what is missing."""

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
from benchmark.protocol.cells import Cell, load_cells
from benchmark.protocol.protocol import Protocol, load_protocol, protocol_names
from benchmark.records.metrics import METRICS, PRIMARY

if TYPE_CHECKING:
    from benchmark.claims.evidence import Compared, Key
    from benchmark.records.comparisons import Comparison, ScoredRun, Summary


@dataclass
class Ledger:
    """What the rules look things up in: comparisons of a `Summary`, contents of complexity.json and of the files of
    gradients, the comparisons with their adjusted p-values; `role` is that of the test being judged."""

    summary: "Summary"
    complexity: Mapping[str, Json] | None
    gradients: Sequence[Mapping[str, Json]] = ()
    waiting: Collection[tuple[str, str]] = ()
    compared: "dict[Key, Compared | None]" = field(default_factory=dict)
    role: str = DECIDING

    def of(self, role: str) -> "Ledger":
        """The same for tests of a role."""
        return replace(self, role=role)

    def comparison(self, protocol: str, needs: str) -> "Comparison | None":
        """The records under a protocol; None without any, where there could be some. Undecided where there could not.

        A name alone is no evidence: a test that judges looks at records of the suite's own protocol file and of the known
        bytes of the data, where there are such.
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
        """Whether what was made under a hash and on a FaceSet (name, version, fingerprint) is evidence for a test that names
        this protocol."""
        if self.role not in JUDGING or protocol not in protocol_names():
            return True
        own = _own_protocol(protocol)
        edition = (data["name"], data["version"], data["fingerprint"])
        same = (data["name"], data["version"]) == (own.data, own.data_version)
        return protocol_hash == own.hash and same and not is_other(*edition)

    def runs(self, protocol: str, cell: str, needs: str) -> "tuple[ScoredRun, ...]":
        """Every run of a cell, diverged ones among them."""
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
        """The runs of seeds 0 to `seeds` - 1 by cell and seed, diverged ones among them; others are not looked at.

        Undecided with how many of them there are, and with no number measured, while one is missing or is not the only one
        that it could be.
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
            scale = self.scale(protocol, found)
            raise Undecided(UNDETERMINED, "; ".join(dict.fromkeys(unclear)), planned=plan, scale=scale)
        if missing := [f"{each.protocol} / {each.cell}, {seeds_in_words(each.missing)}" for each in plan if each.missing]:
            done = len(set.intersection(*map(set, found.values())))
            records = [run.record for own in found.values() for run in own.values()]
            count = f"{done} of {seeds}"
            reason = f"{count}, no verdict; missing: {'; '.join(missing)}{self._passed_over(plan)}"
            scale = self.scale(protocol, found)
            raise Undecided(NO_VERDICT_YET, reason, records, detail=count, planned=plan, scale=scale)
        return found

    def _passed_over(self, plan: Sequence[Planned]) -> str:
        """How many records bear the names of missing runs and are none of them, as the end of a reason; "" without any."""
        wanted = {(each.protocol, each.cell, seed) for each in plan for seed in each.missing}
        runs = (run for c in self.summary.comparisons for own in c.runs.values() for run in own)
        many = sum((run.record.protocol, run.record.cell, run.record.seed) in wanted for run in runs)
        if not many:
            return ""
        records = f"{many} record{'s' * (many > 1)} of that name"
        why = "another protocol file, another cell or learning rate, or data of unlisted bytes (docs/data.md)"
        return f"; not counted: {records} with {why}"

    def scale(
        self, protocol: str, runs: "Mapping[str, Mapping[int, ScoredRun]]", levels: Mapping[str, float | None] | None = None
    ) -> Scale:
        """The scale of the cells of `runs`, as `planned` returns them."""
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
        """Whether the cell of a record is the registered one of its name, learning rate and all, or has a name of its own.

        A cell of a study is not registered before its learning rate is: until then a run at the recipe's rate would pass
        for it.
        """
        known = _registered().get(contents["name"])
        return known is None or (contents == known.as_dict() and (protocol, known.name) not in self.waiting)

    def network(self, protocol: str, cell: str) -> Mapping[str, Json]:
        """The entry of complexity.json."""
        found = counted.of_names(self.complexity, protocol, cell)
        if found is None:
            raise Undecided(UNDETERMINED, f"missing: {protocol}/{cell} in complexity.json")
        return found


@cache
def _own_protocol(name: str) -> Protocol:
    """The suite's protocol of that name; its file is read once."""
    return load_protocol(name)


@cache
def _registered() -> Mapping[str, Cell]:
    """Every cell by name; read once, since the rules ask for each record."""
    return load_cells()


def plan_of(runs: "Mapping[str, Mapping[int, ScoredRun]]", protocol: str, seeds: int) -> list[Planned]:
    """What a test of these cells needs, and what of it there is."""
    return [Planned(protocol, cell, seeds, tuple(sorted(own))) for cell, own in runs.items()]


def finished_of(runs: "Iterable[ScoredRun]") -> "dict[int, ScoredRun]":
    """Seed -> run, for those that finished."""
    return {run.record.seed: run for run in runs if not run.record.diverged}


def divergence(cells: "Mapping[str, Sequence[ScoredRun]]") -> str:
    """How many runs of each cell diverged, as the end of a reason; "" where none did."""
    lost = {cell: len(runs) - len(finished_of(runs)) for cell, runs in cells.items()}
    return "".join(f"; {cell} diverged {n} of {len(cells[cell])}" for cell, n in lost.items() if n)
