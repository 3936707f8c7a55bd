"""Makes reports/costs.md and reports/costs.html: all that measures time or memory, or describes a machine."""

from benchmark.report.material import Material
from benchmark.report.pages.page import render
from benchmark.report.pages.places import Places
from benchmark.report.pages.webpage import showing
from benchmark.report.parts import COSTS, RESULTS, Contents


def costs_markdown(contents: Contents) -> str:
    """reports/costs.md as Markdown."""
    return render("costs.md.j2", page=COSTS, results=RESULTS, chapters=contents.chapters_of(COSTS))


def costs_webpage(material: Material, contents: Contents) -> str:
    """reports/costs.html. Its numbers lead to the runs on the page of results."""
    return render(
        "costs.html.j2",
        **showing(COSTS, Places(material.summary), runs_page=RESULTS.html),
        results=RESULTS,
        chapters=contents.chapters_of(COSTS),
        records=material.records_link,
    )
