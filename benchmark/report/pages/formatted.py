"""A text in Markdown, as a part of a page."""

import posixpath
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from benchmark.errors import visible
from benchmark.report.pages.addresses import relative

OUTSIDE = ("http://", "https://")


def formatted(text: str, address: str, title: str) -> Markup:
    """Markdown of a page in the report's folder as HTML for the page `address`, its links as seen from there.

    HTML in it is shown as text, and so is the name of a picture from elsewhere, which is not loaded. A link out of the
    report's folder that does not lead to the web is its text alone. A table stands in a frame of its own, and is called as
    the heading above it, or `title` where there is none.
    """
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    renderer.add_render_rule("table_open", _table_open)
    renderer.add_render_rule("table_close", _table_close)
    tokens = renderer.parse(visible(text, keep="\n"))
    _name_tables(tokens, title)
    for token in tokens:
        token.children = _placed(token.children, address) if token.children else token.children
    return Markup(renderer.renderer.render(tokens, renderer.options, {}))  # noqa: S704  # rendered without HTML of its own


def _placed(tokens: Sequence[Token], address: str) -> list[Token]:
    """The parts of a paragraph, links and pictures as seen from the page, without those that may not be there."""
    found: list[Token] = []
    dropped = False  # links are in no link
    for token in tokens:
        key = "src" if token.type == "image" else "href"
        target = str(token.attrGet(key) or "")
        web = target.lower().startswith(OUTSIDE)
        if token.type == "image" and not _inside(target):
            token.type = "text"  # its content is its name
        elif token.type == "link_open":
            dropped = not (web or target.startswith("#") or _inside(target))
        if dropped and token.type in ("link_open", "link_close"):
            continue
        if target and not web and not target.startswith("#"):
            token.attrSet(key, relative(target, address))
        found.append(token)
    return found


def _inside(target: str) -> bool:
    """Whether a link, as seen from the report's folder, leads to a place in it, on every system."""
    try:
        parts = urlsplit(target)
    except ValueError:  # such as brackets that belong to no address
        return False
    path = unquote(parts.path).replace("\\", "/")
    plain = not (parts.scheme or parts.netloc or path.startswith("/") or ":" in path)
    return bool(path) and plain and not f"{posixpath.normpath(path)}/".startswith("../")


def _name_tables(tokens: Sequence[Token], title: str) -> None:
    heading = title
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[at + 1].content
        elif token.type == "table_open":
            token.meta["caption"] = heading
        elif token.type == "th_open" and tokens[at + 1].content:
            token.attrSet("scope", "col")
        elif token.type == "th_open":  # the head of nothing: a cell like others
            token.tag = tokens[at + 2].tag = "td"


def _table_open(renderer: object, tokens: Sequence[Token], at: int, options: object, env: object) -> str:
    name = escape(tokens[at].meta["caption"])
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{name}"><table><caption>{name}</caption>\n'


def _table_close(renderer: object, tokens: Sequence[Token], at: int, options: object, env: object) -> str:
    return "</table></div>\n"
