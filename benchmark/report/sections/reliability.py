"""Reliability diagrams: the accuracy of a cell against its confidence."""

import textwrap

import numpy as np
from matplotlib.figure import Figure

from benchmark.records.comparisons import Comparison, seeds_interval
from benchmark.records.metrics import ECE_BINS
from benchmark.records.written import bracketed, number
from benchmark.report.style import BLUE, GREY, PALE, fixed_panels, message, outer_labels


def calibration(comparison: Comparison, label: str) -> dict[str, np.ndarray]:
    """For each bin of confidence, over all finished seeds: the fraction of all predictions, and their mean confidence and
    accuracy.

    The bins are those of the metric ECE. Each is float64 (15,). Confidence and accuracy are NaN in an empty bin.
    """
    runs = comparison.values(label, lambda scores: scores["calibration"]).values()
    count, confidence, correct = (
        np.sum([run[name] for run in runs], axis=0, dtype=np.float64) for name in ("count", "confidence", "correct")
    )

    def mean(total: np.ndarray) -> np.ndarray:
        return np.divide(total, count, out=np.full(ECE_BINS, np.nan), where=count > 0)

    return {"share": count / count.sum(), "confidence": mean(confidence), "accuracy": mean(correct)}


def reliability(comparison: Comparison) -> Figure:
    """Accuracy against confidence in 15 bins, one panel per cell with a finished run. Grey bars: the fraction of predictions
    in each bin."""
    labels = [label for label in comparison.runs if comparison.finished(label)]
    if not labels:
        return message(f"{comparison.slug}: every run diverged")
    figure, axes = fixed_panels(len(labels), 4, (2.0, 2.0), left=0.4, bottom=0.3, top=0.65)
    edges = np.linspace(0, 1, ECE_BINS + 1)
    for axis, label in zip(axes, labels, strict=True):
        bins = calibration(comparison, label)
        full = bins["share"] > 0
        axis.bar(edges[:-1], bins["share"], 1 / ECE_BINS, align="edge", color=PALE, linewidth=0)
        axis.plot([0, 1], [0, 1], "--", color=GREY, linewidth=0.8)
        axis.plot(bins["confidence"][full], bins["accuracy"][full], "o-", color=BLUE, linewidth=1.2, markersize=3.5)
        axis.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1), aspect="equal")
        interval = seeds_interval(comparison.metric(label, "ece"))
        error = [f"ECE {bracketed(interval, _percent)} %"] if interval is not None else []
        axis.set_title("\n".join(textwrap.wrap(label, 30) + error), fontsize=9)
    outer_labels(figure, "confidence: probability of the answer given", "accuracy")
    return figure


def _percent(value: float) -> str:
    return number(value, "%")
