"""Makes the section of one comparison: its tables and figures."""

from benchmark.claims.load import published
from benchmark.records.comparisons import Comparison
from benchmark.report import humans
from benchmark.report.material import Material
from benchmark.report.parts import Drawing, Section, drawn
from benchmark.report.sections import grid, pairs, results
from benchmark.report.sections.best import best_of
from benchmark.report.sections.circumplex import SHOWN, circumplex
from benchmark.report.sections.confusion import confusion
from benchmark.report.sections.cost_figure import COUNTS, CUT, accuracy_against_cost, cuts
from benchmark.report.sections.curves import learning_curves
from benchmark.report.sections.reliability import cuts_ece, reliability
from benchmark.report.tables import CUT_NOTE

CAPTIONS = {
    "curves": (
        "loss that the cells are trained with against epoch; thick: validation, mean over seeds; thin: training; faint: "
        "validation of single seeds; dashed: frozen normalisation"
    ),
    "reliability": (
        "how often a cell is right against how sure it says it is, all finished seeds together; grey: share of answers"
    ),
    "circumplex": (
        f"valence and arousal of up to {SHOWN} test faces: labels, and predictions of each cell's first finished seed; open "
        "squares: frozen normalisation"
    ),
    "costs": (
        "test metric against what a network costs; networks of equal cost stand side by side; open squares: frozen "
        "normalisation; bars: 95 % t-interval over seeds"
    ),
}


def section(comparison: Comparison, material: Material) -> Section:
    """The section of a comparison. Must be called inside `benchmark.report.style.styled`."""
    made = {"curves": learning_curves(comparison)}
    if comparison.task == "categorical":
        made["reliability"] = reliability(comparison)
    else:
        made["circumplex"] = circumplex(comparison)
    name = comparison.data["name"]
    quoted = comparison.task == "categorical" and not comparison.own
    others = published(name, material.anchors) if quoted else []
    costs = accuracy_against_cost(comparison, material.complexity, COUNTS, f"{comparison.slug}-costs", others)
    made["costs"] = [costs]
    found = []
    for kind, drawings in made.items():
        said = CAPTIONS[kind] + (CUT if kind == "costs" and cuts(comparison) else "")
        if kind == "reliability" and cuts_ece(comparison):
            said += f"; {CUT_NOTE}"
        caption = f"{comparison.slug}: {said}. {comparison.header}; TTA: none"
        found += [Drawing(each.name, each.figure, caption, each.description) for each in drawings]
    tests = pairs.tests_of(comparison)
    best = best_of(comparison, tests)
    first, *others = results.tables(comparison, humans.references(name, comparison.task, material.people), best)
    further = [table for table in (confusion(comparison), pairs.table(comparison, tests)) if table]
    return Section(comparison, [first, *grid.tables(comparison, best)], [*others, *further], drawn(found))
