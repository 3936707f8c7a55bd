"""A text in Markdown, as a part of a page."""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from benchmark.errors import visible
from benchmark.report.pages.addresses import relative

OUTSIDE = ("http://", "https://")


def formatted(text: str, address: str, title: str) -> Markup:
    """Markdown of a page in the report's folder as HTML for the page `address`, its links as seen from there.

    HTML in it is shown as text, and so is the name of a picture from elsewhere, which is not loaded. A table stands in a
    frame of its own, and is called as the heading above it, or `title` where there is none.
    """
    renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
    renderer.add_render_rule("table_open", _table_open)
    renderer.add_render_rule("table_close", _table_close)
    tokens = renderer.parse(visible(text, keep="\n"))
    _name_tables(tokens, title)
    for token in (inner for outer in tokens for inner in outer.children or ()):
        if token.type == "image" and str(token.attrGet("src")).startswith(OUTSIDE):
            token.type = "text"  # its content is its name
        for key in ("href", "src"):
            target = str(token.attrGet(key) or "")
            if target and not target.startswith((*OUTSIDE, "#")):
                token.attrSet(key, relative(target, address))
    return Markup(renderer.renderer.render(tokens, renderer.options, {}))  # noqa: S704  # rendered without HTML of its own


def _name_tables(tokens: Sequence[Token], title: str) -> None:
    heading = title
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[at + 1].content
        elif token.type == "table_open":
            token.meta["caption"] = heading
        elif token.type == "th_open":
            token.attrSet("scope", "col")


def _table_open(renderer: object, tokens: Sequence[Token], at: int, options: object, env: object) -> str:
    name = escape(tokens[at].meta["caption"])
    return f'<div class="scroll" role="group" tabindex="0" aria-label="{name}"><table><caption>{name}</caption>\n'


def _table_close(renderer: object, tokens: Sequence[Token], at: int, options: object, env: object) -> str:
    return "</table></div>\n"
