"""Reads the pages of a report with the standard library alone: a tree of elements, and the tables in it as they are meant
(block x row x column title), with the columns that were lifted out put back."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNSEEN = {"svg", "style", "script"}


class Node:
    """An element: its tag, attributes and children (elements and texts)."""

    def __init__(self, tag: str, attributes: dict[str, str], above: "Node | None" = None):
        self.tag, self.attributes, self.above = tag, attributes, above
        self.children: list[Node | str] = []

    def has(self, *classes: str) -> bool:
        """Whether it has all these classes."""
        return set(classes) <= set(self.attributes.get("class", "").split())

    def walk(self) -> Iterator["Node"]:
        """All elements below it, in the order of the page."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def all(self, tag: str, *classes: str) -> list["Node"]:
        """The elements below it with a tag and classes."""
        return [each for each in self.walk() if each.tag == tag and each.has(*classes)]

    def first(self, tag: str, *classes: str) -> "Node | None":
        """The first of `all`."""
        return next((each for each in self.walk() if each.tag == tag and each.has(*classes)), None)

    def inside(self, other: "Node") -> bool:
        """Whether it lies in another element."""
        return self.above is not None and (self.above is other or self.above.inside(other))

    def text(self, without: tuple[str, ...] = ()) -> str:
        """Its text, white space as one space. Elements with one of the classes `without`, pictures and scripts are left
        out."""
        return " ".join("".join(self._texts(without)).split())

    def _texts(self, without: tuple[str, ...]) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in UNSEEN and not any(child.has(each) for each in without):
                yield from child._texts(without)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("page", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.children.append(Node(tag, {name: value or "" for name, value in attrs}, self.at))

    def handle_endtag(self, tag: str) -> None:
        at: Node | None = self.at
        while at is not None and at.tag != tag:
            at = at.above
        if at is not None and at.above is not None:
            self.at = at.above

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def parse(text: str) -> Node:
    """The tree of a page."""
    builder = _Builder()
    builder.feed(text)
    builder.close()
    return builder.root


def pages_in(folder: Path) -> dict[str, Node]:
    """Address -> tree, for every page of a report."""
    return {p.relative_to(folder).as_posix(): parse(p.read_text("utf-8")) for p in sorted(folder.rglob("*.html"))}


def by_id(root: Node) -> dict[str, Node]:
    """id -> element."""
    return {each.attributes["id"]: each for each in root.walk() if "id" in each.attributes}


def old_place(href: str) -> str:
    """Where a link of the new pages would have led on the old page: the anchor of a cell or of a run."""
    address, _, fragment = unquote(href).partition("#")
    if found := re.search(r"models/([^/]+)\.html$", address):
        return f"#cell-{fragment}-{found[1]}"
    if found := re.search(r"runs/([^/]+)/([^/]+)\.html$", address):
        return f"#run-{found[1]}-{found[2]}"
    return unquote(href)


class Box(NamedTuple):
    """One cell of a table: its text, its interval without brackets, its value for sorting, where its links lead."""

    text: str
    aside: str
    sort: str | None
    links: tuple[str, ...]
    numeric: bool


@dataclass
class Grid:
    """A block of a table: rows of column title -> cell; `lifted` titles were said once for all rows."""

    caption: str
    titles: list[str]
    keys: dict[str, str]
    rows: list[dict[str, Box]] = field(default_factory=list)
    lifted: set[str] = field(default_factory=set)


def grids(section: Node) -> list[Grid]:
    """The blocks of the tables in a section, in its order."""
    return [_grid(table) for table in section.all("table")]


def _grid(table: Node) -> Grid:
    head, caption = table.first("thead"), table.first("caption")
    heads = head.all("th") if head else []
    titles = _distinct([each.text() for each in heads])
    keys = {title: each.attributes.get("data-key", "") for title, each in zip(titles, heads, strict=True)}
    spans = [int(each.attributes.get("colspan", "1")) for each in heads]
    grid = Grid(caption.text() if caption else "", titles, keys)
    body = table.first("tbody")
    said = _lifted(table)
    grid.lifted = set(said)
    for line in body.all("tr") if body else []:
        cells = [each for each in line.children if isinstance(each, Node) and each.tag in ("th", "td")]
        row, at = dict(said), 0
        for title, span in zip(titles, spans, strict=True):
            row[title] = _box(cells[at : at + span])
            at += span
        if at != len(cells):
            raise ValueError(f"{grid.caption}: a row of {len(cells)} cells under {at} columns")
        grid.rows.append(row)
    return grid


def _distinct(titles: list[str]) -> list[str]:
    """The titles; the second of two equal ones with its number."""
    seen: Counter[str] = Counter()
    found = []
    for title in titles:
        seen[title] += 1
        found.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return found


def _box(cells: list[Node]) -> Box:
    first, *others = cells
    aside = " ".join(each.text(("against",)) for each in [*first.all("span", "aside"), *others]).strip()
    links = tuple(old_place(a.attributes["href"]) for each in cells for a in each.all("a") if "href" in a.attributes)
    shown = first.text(("aside", "against"))
    return Box(
        shown, aside.removeprefix("[").removesuffix("]"), first.attributes.get("data-sort"), links, first.has("number")
    )


def _lifted(table: Node) -> dict[str, Box]:
    """Title -> what the paragraph just before a table says of every row."""
    around = table.above if table.above is not None and table.above.has("scroll") else table
    if around is None or around.above is None:
        return {}
    siblings = [each for each in around.above.children if isinstance(each, Node)]
    at = siblings.index(around)
    if at == 0 or not siblings[at - 1].has("lifted"):
        return {}
    found, title = {}, ""
    for child in siblings[at - 1].children:
        if isinstance(child, Node) and child.tag == "b":
            found[title.removeprefix("In every row:").strip(" ;\n")] = Box(child.text(), "", None, (), False)
            title = ""
        else:
            title += child if isinstance(child, str) else child.text()
    return found
