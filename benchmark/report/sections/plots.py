"""The data for `dvc plots show`: one file per plot."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmark.measures.complexity.file import measured_network
from benchmark.records.comparisons import SPLIT, Comparison, Summary, seeds_interval


def history(summary: Summary) -> pd.DataFrame:
    """One row per epoch of every run: losses and the selection metric on validation and test. Values are empty for an epoch
    in which the run diverged."""
    rows = []
    for comparison in summary.comparisons:
        metric = comparison.selection_metric
        for label, runs in comparison.runs.items():
            for run in runs:
                for entry in run.record["history"]:
                    row = {"protocol": comparison.slug, "cell": label, "seed": run.record.seed, "epoch": entry["epoch"]}
                    validation, test = entry["validation"] or {}, entry["test"] or {}
                    row |= {"train_loss": entry["train_loss"], "validation_loss": validation.get("loss")}
                    rows.append(row | {"validation_metric": validation.get(metric), "test_metric": test.get(metric)})
    names = ["protocol", "cell", "seed", "epoch", "train_loss", "validation_loss", "validation_metric", "test_metric"]
    return pd.DataFrame(rows, columns=names)


def learning(summary: Summary) -> dict[str, pd.DataFrame]:
    """<protocol>/<cell> -> mean over seeds of the columns of `history`, one row per epoch."""
    numbers = ["train_loss", "validation_loss", "validation_metric", "test_metric"]
    groups = history(summary).groupby(["protocol", "cell"], sort=False)
    return {"/".join(key): rows.groupby("epoch")[numbers].mean().reset_index() for key, rows in groups}


def costs(comparison: Comparison, measured: Mapping | None) -> pd.DataFrame:
    """One row per cell with a finished run and a counted network: multiply-adds, trainable parameters, the primary metric
    (mean over seeds). `measured`: contents of complexity.json, or None."""
    rows = []
    for label in comparison.runs:
        network = measured_network(measured, comparison, label)
        interval = seeds_interval(comparison.metric(label, comparison.primary))
        if network is not None and interval is not None:
            counts = {"multiply_adds": network["macs"], "parameters": network["parameters"]["trainable"]}
            rows.append({"cell": label, **counts, "score": interval.mean})
    return pd.DataFrame(rows, columns=["cell", "multiply_adds", "parameters", "score"])


def confusion(comparison: Comparison) -> dict[str, pd.DataFrame]:
    """Cell -> one row per pair of classes that occurs: actual class, predicted class, number of test faces.

    Of the cell's first finished seed.
    """
    names, found = np.array(comparison.classes), {}
    for label, runs in comparison.runs.items():
        first = next((run.record for run in runs if not run.record.diverged), None)
        if first is not None:
            labels, scores = first.outputs(SPLIT)
            pairs = pd.DataFrame({"actual": labels, "predicted": scores.argmax(axis=1)})
            counted = pairs.value_counts(sort=False).reset_index(name="faces")
            found[label] = counted.assign(actual=names[counted["actual"]], predicted=names[counted["predicted"]])
    return found
