"""Marks cells that do not have all planned runs yet: no table compares them with others until then (docs/protocol.md)."""

from collections.abc import Sequence
from dataclasses import replace

from benchmark.claims.finding import DECIDING, FURTHER, SCALED_DOWN, Planned
from benchmark.claims.judge import Judged
from benchmark.records.comparisons import Summary


def held_back(summary: Summary, judged: Sequence[Judged]) -> Summary:
    """The summary, with a mark (`Comparison.unfinished`) on every cell for which runs that a claim plans are missing."""
    found: dict[tuple[str, str], Planned] = {}
    for each in judged:
        for role in (DECIDING, SCALED_DOWN, FURTHER):
            for run in (run for _, finding in each.of(role) for run in finding.planned if run.missing):
                key = (run.protocol, run.cell)
                found[key] = max(run, found.get(key, run), key=lambda own: own.seeds)
    comparisons = []
    for comparison in summary.comparisons:
        marks = {}
        for label in comparison.runs:
            run = found.get((comparison.protocol["name"], comparison.cell(label)["name"]))
            if run is not None:
                marks[label] = f"{len(run.made)} of {run.seeds} planned seeds"
        comparisons.append(replace(comparison, unfinished=marks) if marks else comparison)
    return replace(summary, comparisons=tuple(comparisons))
