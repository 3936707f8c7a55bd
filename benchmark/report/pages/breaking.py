"""Where long names may be broken over two lines."""

import re

from markupsafe import Markup, escape

from benchmark.errors import visible
from benchmark.report.cell_words import BETWEEN


def breakable(text: str) -> Markup:
    """Escaped text with allowed line breaks after - / and _, which are needed for long names; a cell in words has spaces."""
    if BETWEEN in text:
        return escape(visible(text))
    return Markup(re.sub(r"([-/_])(?=\w)", r"\1<wbr>", str(escape(visible(text)))))  # noqa: S704  # escaped first
