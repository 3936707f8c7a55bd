"""Follows the links of the new pages: a number that leads to its runs has to lead there still."""

import posixpath
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.benchmark.report.pages.comparing_tables import Report
from tests.benchmark.report.pages.reading_pages import Node, by_id


def links_lead(pages: dict[str, Node], folder: Path, report: Report) -> None:
    """Every link within the report leads to a file, and to a place of that page; links to what a query chooses apart."""
    places = {address: set(by_id(page)) for address, page in pages.items()}
    lost: dict[str, list[str]] = defaultdict(list)
    for address, page in pages.items():
        for link in (a.attributes["href"] for a in page.all("a") if "href" in a.attributes):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            report.counts["links followed"] += 1
            own = posixpath.join(posixpath.dirname(address), unquote(parts.path)) if parts.path else address
            path, fragment = posixpath.normpath(own), unquote(parts.fragment)
            known = path in places and (not fragment or "=" in fragment or fragment in places[path])
            if not known and not (path not in places and (folder / path).exists()):
                lost[address].append(link)
    escaped = {address: [link for link in links if "%23" in link] for address, links in lost.items()}
    if where := [address for address, links in escaped.items() if links]:
        many, first = sum(map(len, escaped.values())), escaped[where[0]][0]
        report.differs("links", "#", f"{many} on {len(where)} pages with %23 lead nowhere, the first {first} of {where[0]}")
    for address, links in lost.items():
        if others := [link for link in links if "%23" not in link]:
            report.differs(f"{address}, links", "lead somewhere", f"{len(others)} lead nowhere, the first {others[0]}")
