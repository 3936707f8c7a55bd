"""The files of the report that hold the scores of the records and nothing else: tables/runs.csv and metrics/."""

import json
from collections.abc import Container
from pathlib import Path

import pandas as pd

from benchmark.escaping import csv_value
from benchmark.records.comparisons import Summary, frame
from benchmark.report.summaries import summaries


def score_files(summary: Summary, records: Path, planned: Container[str] | None = None) -> dict[str, bytes]:
    """Path relative to the report's folder -> contents.

    Args:
        records: the folder of the records.
        planned: of which runs metrics/ tells (`benchmark.report.summaries.summaries`).
    """
    files = {"tables/runs.csv": csv_bytes(frame(summary, records))}
    for folder, values in summaries(summary, records, planned).items():
        files[f"metrics/{folder}.json"] = (json.dumps(values, indent=1) + "\n").encode()
    return files


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV with ten digits; no text is taken for a formula by a spreadsheet."""
    table = table.rename(columns=csv_value)
    for name in table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]:
        table[name] = table[name].map(csv_value)
    return table.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()
