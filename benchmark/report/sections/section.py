"""Makes the section of one comparison: its tables and figures."""

from benchmark.claims.load import published
from benchmark.records.comparisons import Comparison
from benchmark.report import humans
from benchmark.report.material import Material
from benchmark.report.parts import Picture, Section
from benchmark.report.sections import figures, grid, pairs, results
from benchmark.report.sections.best import best_of
from benchmark.report.sections.circumplex import SHOWN, circumplex
from benchmark.report.sections.cost_figure import COUNTS, accuracy_against_cost
from benchmark.report.sections.reliability import reliability
from benchmark.report.style import svg

CAPTIONS = {
    "curves": (
        "loss that the cell is trained with against epoch; thin: seeds, thick: their mean, grey: validation range of all "
        "cells with this loss"
    ),
    "confusion": "confusion in percent of the true class, mean over seeds",
    "reliability": (
        "how often a cell is right against how sure it says it is, all finished seeds together; grey: share of answers"
    ),
    "circumplex": (
        f"valence and arousal of up to {SHOWN} test faces: labels, and predictions of each cell's first finished seed"
    ),
    "costs": "test metric against what a network costs; networks of equal cost stand side by side",
}


def section(comparison: Comparison, material: Material) -> Section:
    """The section of a comparison. Must be called inside `benchmark.report.style.styled`."""
    drawn = {"curves": figures.learning_curves(comparison)}
    if comparison.task == "categorical":
        drawn["confusion"] = figures.confusion(comparison)
        drawn["reliability"] = reliability(comparison)
    else:
        drawn["circumplex"] = circumplex(comparison)
    name = comparison.data["name"]
    quoted = comparison.task == "categorical" and not comparison.own
    others = published(name, material.anchors) if quoted else []
    drawn["costs"] = accuracy_against_cost(comparison, material.complexity, COUNTS, others)
    pictures = []
    for kind, figure in drawn.items():
        caption = f"{comparison.slug}: {CAPTIONS[kind]}. {comparison.header}; TTA: none"
        pictures.append(Picture(f"figures/{comparison.slug}-{kind}.svg", caption, svg(figure)))
    tests = pairs.tests_of(comparison)
    best = best_of(comparison, tests)
    first, *others = results.tables(comparison, humans.references(name, comparison.task, material.people), best)
    paired = pairs.table(comparison, tests)
    details = [*others, *([paired] if paired else [])]
    return Section(comparison, [first, *grid.tables(comparison, best)], details, pictures)
