"""Whether runs are finished, told without torch: a stage of the pipeline whose runs are all there takes a third of a second.

A run is finished by the rule of `benchmark.runs.training.train.existing_record`, which has the last word where this module
finds that something is left to do. tests/benchmark/runs/test_finished.py holds both to the same answers.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.meta import read_meta
from benchmark.files import file_digest
from benchmark.leftovers import clear_below
from benchmark.protocol.cells import Run
from benchmark.records.record import read_record
from benchmark.runs import sources


def all_finished(runs: Sequence[Run], prepared: Path, out: Path) -> bool:
    """Whether each of `runs` has a finished record of its configuration in `out`. If so, what killed calls have left beside
    them is removed, as `benchmark.runs.runner.run_all` does.

    Args:
        prepared: folder of FaceSets. A run is not finished if its FaceSet is not there or damaged.
    """
    if not all((out / run.place).is_dir() for run in runs):
        return False
    code, fingerprint = cache(sources.code_digest), cache(lambda data: _fingerprint(prepared / data))
    if not all(_finished(run, out / run.place, fingerprint(run.protocol.data), code(run.cell.model)) for run in runs):
        return False
    clear_below(*sorted({(out / run.place).parent for run in runs}))
    for directory in (out / run.place for run in runs if not run.protocol.folds):
        directory.with_name(f"{directory.name}.checkpoint").unlink(missing_ok=True)
    return True


def _finished(run: Run, directory: Path, fingerprint: str | None, code: str) -> bool:
    try:
        record = read_record(directory)
        if not record.diverged:
            record.predictions  # noqa: B018  # BadInput where they are missing or damaged
    except BadInput:
        return False
    found = (record[name] for name in ("protocol_hash", "cell_hash", "seed", "code"))
    wanted = run.protocol.hash, run.cell.hash, run.seed, code
    return tuple(found) == wanted and record["data"]["fingerprint"] == fingerprint


def _fingerprint(faceset: Path) -> str | None:
    """The fingerprint of a FaceSet, compared with its faces; None if it is not there or damaged."""
    try:
        stated: str = read_meta(faceset / "meta.json")["fingerprint"]
        return stated if file_digest(faceset / "faces.csv") == stated else None
    except (BadInput, OSError):
        return None
