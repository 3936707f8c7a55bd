"""Where long names may be broken over two lines."""

import re

from markupsafe import Markup, escape

from benchmark.errors import visible


def breakable(text: str) -> Markup:
    """Escaped text with allowed line breaks after - / and _, which are needed for long names of cells."""
    return Markup(re.sub(r"([-/_])(?=\w)", r"\1<wbr>", str(escape(visible(text)))))  # noqa: S704  # escaped first
