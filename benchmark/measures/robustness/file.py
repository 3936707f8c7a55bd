"""The contents of ``reports/robustness/<protocol>/<cell>/seed<k>.json``, and reading these files without torch. What a file
was measured on stands beside it (`benchmark.measures.machine`).

* schema, protocol, protocol_hash, cell, cell_hash, seed, predictions_sha256 (of the run's record), data;
* made_with: digests of everything that decides the numbers. A file with other digests is stale and is measured again;
* clean: metrics (`benchmark.measures.robustness.scoring.METRICS`) on the unchanged test faces;
* corrupted: corruption -> list of these metrics at severities 1 to 5;
* flip: metrics on the mirrored test faces, and consistency: the fraction of faces whose predicted class does not change, or
  the mean absolute difference of the outputs (valence and arousal);
* transfer: protocol of another data set -> {n, classes, accuracy, balanced_accuracy}, or {note: why it was not measured};
* outside: only of an outside entry: kind, source, sha256 and input of the model that gave the answers, and corrupted_at: the
  side of the pictures when they were corrupted.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.files import read_made
from benchmark.measures.machine import is_machine
from benchmark.names import checked_name
from benchmark.records.comparisons import ScoredRun, Summary
from benchmark.records.record import Record

SCHEMA = 1

Measured = Mapping[str, Mapping[str, Sequence[Mapping]]]  # slug of a comparison -> cell label -> one file per seed
MeasuredEntries = Sequence[tuple[ScoredRun, Mapping]]  # an outside entry and its file
Key = tuple[str, str, int, str]


def read(path: Path) -> Mapping:
    """The contents of a file that `benchmark.measures.robustness.measure.measure` wrote. BadInput if it is damaged, has
    another schema or a name that is no plain one."""
    contents = read_made(path, SCHEMA, "corrupted", "robustness")
    for part in ("corrupted", "transfer"):
        for name in contents.get(part, ()):
            checked_name(name, part, path)
    return contents


def read_robustness(folder: Path, summary: Summary) -> Measured:
    """The files below `folder` that belong to a run of the summary, that is, with the same protocol, cell, seed and
    predictions.

    Raises:
        BadInput: a file that is damaged or has another schema.
    """
    found = _read_all(folder)
    kept: dict[str, dict[str, list[Mapping]]] = {}
    for comparison in summary.comparisons:
        for label, runs in comparison.runs.items():
            for run in runs:
                if (key := _key(run.record)) in found:
                    kept.setdefault(comparison.slug, {}).setdefault(label, []).append(found[key])
    return kept


def read_of_entries(folder: Path, summary: Summary) -> MeasuredEntries:
    """As `read_robustness`, for the outside entries of the summary: each that was measured, in its order."""
    found = _read_all(folder)
    return [(run, found[_key(run.record)]) for run in summary.outside if _key(run.record) in found]


def _read_all(folder: Path) -> dict[Key, Mapping]:
    files = [read(path) for path in sorted(folder.glob("*/*/seed*.json")) if not is_machine(path)]
    return {(of["protocol_hash"], of["cell_hash"], of["seed"], of["predictions_sha256"]): of for of in files}


def _key(record: Record) -> Key:
    return record["protocol_hash"], record["cell_hash"], record.seed, record["predictions_sha256"]
