"""The page that searches all pages, the list of all pages, and what the search looks in."""

import json
from collections.abc import Sequence

from benchmark.errors import visible
from benchmark.report.pages.addresses import FOLDER, relative
from benchmark.report.pages.site import BAR, Leaf, Site

ADDRESS = f"{FOLDER}/search.html"
INDEX = f"{FOLDER}/search.js"  # a script, because a page that is opened from the disk may read no other file
KINDS = ("The answer", "Claims", "Leaderboards", "Protocols", "Data", "Measurements", "Methods", "Models", "Runs")


def contents_page(site: Site, leaves: Sequence[Leaf]) -> Leaf:
    """All pages but those of runs, by kind."""
    return site.leaf(
        "contents.html.j2",
        BAR["All pages"],
        "Methods",
        "All pages",
        f"The {len(leaves)} pages of this report",
        kinds={kind: [leaf for leaf in leaves if leaf.kind == kind] for kind in KINDS if kind != "Runs"},
        runs=sum(leaf.kind == "Runs" for leaf in leaves),
    )


def search_page(site: Site) -> Leaf:
    """The page with the field and the results."""
    return site.leaf(
        "search.html.j2", ADDRESS, "Methods", "Search", "Searches titles, models, claims and tables of all pages"
    )


def search_index(leaves: Sequence[Leaf]) -> str:
    """The script with an entry for every page: title, line, further words, address seen from the page that searches. No text
    of it ends the script or hides a character."""
    entries = [
        {"id": at, "t": visible(leaf.title), "k": leaf.kind, "a": visible(leaf.about), "w": visible(leaf.words)}
        | {"u": relative(leaf.address, ADDRESS)}
        for at, leaf in enumerate(leaves)
    ]
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"const PAGES = {text};\n"
