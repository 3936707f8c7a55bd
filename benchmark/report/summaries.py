"""The few numbers of a protocol that `dvc metrics show`, `dvc metrics diff` and `dvc exp show` print: metrics/PROTOCOL.json.

All other numbers are in the tables. The names differ between the two tasks, so that DVC can print a name without its file.
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from benchmark.protocol.values import FOLDERS
from benchmark.records.axes import place
from benchmark.records.comparisons import Comparison, ScoredRun, Summary
from benchmark.records.grouping import folder_of

SHOWN = {  # task -> name -> metric: its mean over all cells and their finished seeds
    "categorical": {"accuracy": "accuracy", "macro_f1": "macro_f1"},
    "dimensional": {"ccc": "ccc_mean", "rmse": "rmse_mean"},
}
DIGITS = 4  # after the point; more would change with what does not matter

Runs = dict[str, list[ScoredRun]]  # of each cell


def summaries(summary: Summary, records: Path, planned: Container[str] | None = None) -> dict[str, dict[str, float | str]]:
    """A summary of every protocol that the pipeline ran: folder of its records, `<folder>/<cell>/seed<k>` -> name -> value.

    * `accuracy` and `macro_f1`, or `ccc` and `rmse` (means over valence and arousal): mean over the cells that have them of
      their means over the finished seeds, as fractions, without test-time augmentation;
    * `accuracy_gain` or `ccc_gain`: adaptive minus identity shortcut, mean over the pairs of cells that differ in nothing
      else; absent if there is no such pair;
    * `protocol`: the name of a turned protocol (`benchmark.protocol.turned`). Its runs are in the folder of the one that it
      is based on; absent for all others.

    If a folder has runs of several comparisons (as when a pipeline was stopped), the one with most runs counts.

    Args:
        records: the folder of all records.
        planned: folders of the runs that count, relative to it: those of the plan; None: all that the pipeline made.
    """
    made: dict[str, list[tuple[int, Comparison, Runs]]] = defaultdict(list)
    for comparison in summary.comparisons:
        by_folder: dict[str, Runs] = defaultdict(lambda: defaultdict(list))
        for label, runs in comparison.runs.items():
            for run in runs:
                folder = folder_of(run.record, records)
                if planned is None or folder in planned:
                    by_folder[folder.partition("/")[0]][label].append(run)
        for folder, own in by_folder.items():
            if folder not in FOLDERS:
                made[folder].append((sum(map(len, own.values())), comparison, own))
    largest = {folder: max(found, key=lambda one: one[0]) for folder, found in sorted(made.items())}
    return {folder: _summary(folder, comparison, runs) for folder, (_, comparison, runs) in largest.items()}


def _summary(folder: str, comparison: Comparison, runs: Runs) -> dict[str, float | str]:
    found: dict[str, float | str] = {}
    shown = SHOWN[comparison.task]
    for name, metric in shown.items():
        values = [value for own in runs.values() if (value := _mean(own, metric)) is not None]
        if values:
            found[name] = round(sum(values) / len(values), DIGITS)
    first = next(iter(shown))
    gains = _gains(comparison, runs, shown[first])
    if gains:
        found[f"{first}_gain"] = round(sum(gains) / len(gains), DIGITS)
    if comparison.protocol["name"] != folder:
        found["protocol"] = comparison.protocol["name"]
    return found


def _gains(comparison: Comparison, runs: Runs, metric: str) -> list[float]:
    """Adaptive minus identity for each pair of cells with nothing else different."""
    pairs: dict[Sequence[str], dict[str, float]] = defaultdict(dict)
    for label, own in runs.items():
        where, value = place(comparison.cell(label)), _mean(own, metric)
        if where is not None and value is not None:
            pairs[where.key, where.normalisation, where.loss][where.shortcut] = value
    return [pair["adaptive"] - pair["identity"] for pair in pairs.values() if {"adaptive", "identity"} <= set(pair)]


def _mean(runs: Sequence[ScoredRun], metric: str) -> float | None:
    """Mean over the finished runs of a cell; None if there is none, or if a value is not defined."""
    scores: list[Mapping] = [run.scores["none"] for run in runs if "none" in run.scores]
    values = [each[metric] for each in scores]
    return None if not values or None in values else sum(values) / len(values)
