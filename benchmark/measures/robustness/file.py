"""A file of ``reports/robustness/<protocol>/<cell>/seed<k>.json``: what it holds, and reading it without torch.

* schema, protocol, protocol_hash, cell, cell_hash, seed, predictions_sha256 (of the run's record), data, environment;
* made_with: digests of everything that decides the numbers; a file of other digests is stale and measured again;
* clean: metrics (`benchmark.measures.robustness.measure.METRICS`) on the test faces as they are;
* corrupted: corruption -> the same at severities 1 to 5;
* flip: metrics of the mirrored test faces, and consistency: share of faces with the same answer as unmirrored (classes),
  or mean absolute difference of the outputs (valence and arousal);
* transfer: protocol of the other data set -> {n, classes, accuracy, balanced_accuracy}, or {note: why not}.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.files import read_made
from benchmark.records.comparisons import Summary

SCHEMA = 1


Measured = Mapping[str, Mapping[str, Sequence[Mapping]]]  # comparison -> cell label -> contents of the seeds' files


def read(path: Path) -> Mapping:
    """A file that `benchmark.measures.robustness.measure.measure` wrote. BadInput where it is damaged or of another
    schema."""
    return read_made(path, SCHEMA, "corrupted", "robustness")


def read_robustness(folder: Path, summary: Summary) -> Measured:
    """The files below `folder` that belong to a run of the summary: same protocol, cell, seed and predictions.

    Raises:
        BadInput: a file that is damaged or of another schema.
    """
    found: dict[tuple, Mapping] = {}
    for path in sorted(folder.glob("*/*/seed*.json")):
        contents = read(path)
        found[contents["protocol_hash"], contents["cell_hash"], contents["seed"], contents["predictions_sha256"]] = contents
    kept: dict[str, dict[str, list[Mapping]]] = {}
    for comparison in summary.comparisons:
        for label, runs in comparison.runs.items():
            for run in runs:
                record = run.record
                key = record["protocol_hash"], record["cell_hash"], record.seed, record["predictions_sha256"]
                if key in found:
                    kept.setdefault(comparison.slug, {}).setdefault(label, []).append(found[key])
    return kept
