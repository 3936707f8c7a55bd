"""The table of confusion: which class is taken for which."""

import numpy as np

from benchmark.records.comparisons import Comparison
from benchmark.report.tables import Entry, Table, text


def shares(comparison: Comparison, label: str) -> tuple[np.ndarray, int]:
    """(float64 (K, K), number of seeds): row-normalised confusion on the test split, mean over the finished seeds. NaN for a
    class that no test face has. Rows: true classes."""
    counts = np.array(list(comparison.values(label, lambda scores: scores["confusion"]).values()), float)
    support = counts.sum(axis=2, keepdims=True)
    share = np.divide(counts, support, out=np.full_like(counts, np.nan), where=support > 0)
    return share.mean(axis=0), len(counts)


def confusion(comparison: Comparison) -> Table | None:
    """One row per cell with a finished run and true class; the columns are the predicted classes. None for valence and
    arousal, and if every run diverged."""
    labels = [label for label in comparison.runs if comparison.finished(label)]
    if comparison.task != "categorical" or not labels:
        return None
    keys = [f"predicted_{name}" for name in comparison.classes]
    columns = {"cell": "Cell", "true": "True class", "n": "Seeds"} | dict(zip(keys, comparison.classes, strict=True))
    rows = []
    for label in labels:
        share, seeds = shares(comparison, label)
        for name, own in zip(comparison.classes, share, strict=True):
            row = {"cell": text(label), "true": text(name), "n": Entry(str(seeds), {"": seeds})}
            rows.append(row | {key: _entry(float(value)) for key, value in zip(keys, own, strict=True)})
    notes = (
        comparison.header,
        "TTA: none",
        "Columns: predicted class, in percent of the true class; a row adds up to 100 %; mean over seeds",
    )
    title = f"{comparison.slug}: confusion"
    return Table(f"{comparison.slug}-confusion", title, notes, columns, rows, ("cell", "true"), shaded=True)


def _entry(value: float) -> Entry:
    if np.isnan(value):
        return Entry("no face", {"note": "no face"})
    return Entry(f"{100 * value:.0f}", {"": value})
