"""A file of ``reports/robustness/<protocol>/<cell>/seed<k>.json``: what it holds, and reading it without torch.

* schema, protocol, protocol_hash, cell, cell_hash, seed, predictions_sha256 (of the run's record), data, environment;
* made_with: digests of everything that decides the numbers; a file of other digests is stale and measured again;
* clean: metrics (`benchmark.robustness.METRICS`) on the test faces as they are;
* corrupted: corruption -> the same at severities 1 to 5;
* flip: metrics of the mirrored test faces, and consistency: share of faces with the same answer as unmirrored (classes),
  or mean absolute difference of the outputs (valence and arousal);
* transfer: protocol of the other data set -> {n, classes, accuracy, balanced_accuracy}, or {note: why not}.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from benchmark.errors import BadInput

SCHEMA = 1


def read(path: Path) -> Mapping:
    """A file that `benchmark.robustness.measure` wrote. BadInput where it is damaged or of another schema."""
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(path, error, "valid JSON") from error
    if not isinstance(contents, dict) or contents.get("schema") != SCHEMA or "corrupted" not in contents:
        raise BadInput(
            path, "another layout", f"schema {SCHEMA} with corrupted; delete it and run ferbench robustness again"
        )
    return contents
