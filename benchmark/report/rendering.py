"""How every page is rendered: whatever is put into a template is escaped for the format of its page.

A template that puts in what is Markdown or HTML already says so by the filter `safe`. The filter `target` is for targets of
links, `code` for spans of code in Markdown, `n` for counts, `capital` for words that start a line.
"""

import re
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from benchmark.errors import visible
from benchmark.escaping import link_target, markdown, markdown_code
from benchmark.report.wording import capital

_PLACE = re.compile(r"((?:.*\.(?:html|md))?)(#[\w.+=-]+)")  # a page of the report, or none, and a place in it


def render(folder: Path, template: str, values: dict[str, object]) -> str:
    """A file of `folder`, rendered with `values`: as HTML if it is named ``*.html.j2``, else as Markdown. A missing value is
    an error."""
    return _environment(folder, template.endswith(".html.j2")).get_template(template).render(**values)


@cache  # so that each template is compiled once for the hundreds of pages
def _environment(folder: Path, html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=True,  # in Markdown it leaves alone what `_in_markdown` has escaped
        finalize=_in_html if html else _in_markdown,
    )
    environment.filters |= {
        "target": _target,
        "code": lambda text: Markup(markdown_code(text)),  # noqa: S704  # escaped
        "n": "{:,}".format,  # a number with its thousands apart
        "capital": capital,
    }
    return environment


def _target(address: object) -> Markup:
    """A link's target. The place in a page stays apart from its file; a # in any other path is a part of a name."""
    found = _PLACE.fullmatch(str(address))
    file, place = found.groups() if found else (str(address), "")
    return Markup((link_target(file) if file else "") + place)  # noqa: S704  # escaped


def _in_html(value: object) -> object:
    """A text without hidden characters; jinja2 escapes it."""
    return visible(value, keep="\n") if isinstance(value, str) and not isinstance(value, Markup) else value


def _in_markdown(value: object) -> object:
    return value if isinstance(value, Markup | jinja2.Undefined) else Markup(markdown(value))  # noqa: S704  # escaped
