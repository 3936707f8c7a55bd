"""All pages of the site, with their style sheet and scripts."""

from collections import Counter
from collections.abc import Mapping

from benchmark.errors import BadInput
from benchmark.report.pages.addresses import FOLDER
from benchmark.report.pages.board_page import board_page
from benchmark.report.pages.chapter_pages import chapter_pages, costs_page, data_page, methods_page
from benchmark.report.pages.claims import claim_pages
from benchmark.report.pages.index import index_page
from benchmark.report.pages.models import model_pages
from benchmark.report.pages.protocols import protocol_pages
from benchmark.report.pages.search import INDEX, contents_page, search_index, search_page
from benchmark.report.pages.site import Leaf, Site, asset

ASSETS = {"style.css": ("style.css",), "script.js": ("script.js",), "searching.js": ("minisearch.js", "searching.js")}


def all_pages(site: Site) -> Mapping[str, str]:
    """Path in the report's folder -> text.

    Raises:
        BadInput: a chapter whose page has the address of another page.
    """
    leaves: list[Leaf] = [
        index_page(site),
        *claim_pages(site),
        *board_page(site),
        *protocol_pages(site),
        data_page(site),
        *chapter_pages(site),
        costs_page(site),
        methods_page(site),
        *model_pages(site),
    ]
    further = [contents_page(site, leaves), search_page(site)]
    many = Counter(leaf.address for leaf in (*leaves, *further))
    if twice := [address for address, number in many.items() if number > 1]:
        raise BadInput(f"chapter of the report, {twice[0]}", "the address of another page", "a module of another name")
    files = {leaf.address: leaf.html for leaf in (*leaves, *further)}
    files |= {f"{FOLDER}/{name}": "".join(asset(part) for part in parts) for name, parts in ASSETS.items()}
    return files | {INDEX: search_index(leaves)}
