"""A file of ``reports/robustness/<protocol>/<cell>/seed<k>.json``: what it holds, and reading it without torch.

* schema, protocol, protocol_hash, cell, cell_hash, seed, predictions_sha256 (of the run's record), data, environment;
* made_with: digests of everything that decides the numbers; a file of other digests is stale and measured again;
* clean: metrics (`benchmark.robustness.METRICS`) on the test faces as they are;
* corrupted: corruption -> the same at severities 1 to 5;
* flip: metrics of the mirrored test faces, and consistency: share of faces with the same answer as unmirrored (classes),
  or mean absolute difference of the outputs (valence and arousal);
* transfer: protocol of the other data set -> {n, classes, accuracy, balanced_accuracy}, or {note: why not}.
"""

from collections.abc import Mapping
from pathlib import Path

from benchmark.files import read_made

SCHEMA = 1


def read(path: Path) -> Mapping:
    """A file that `benchmark.robustness.measure` wrote. BadInput where it is damaged or of another schema."""
    return read_made(path, SCHEMA, "corrupted", "robustness")
