"""Text in the formats in which it is shown: one function for each, used where the format is written.

A text may come from a stranger's record or file. It has to be read as it stands: no format may take a part of it for markup,
a link, a formula or a command. HTML is escaped by jinja2, and a message of an error by `benchmark.errors.one_line`.
"""

import re
from urllib.parse import quote

from benchmark.errors import visible

# What Markdown takes for markup: code, tags, entities, cells of a table, formulas (GitHub), links, Liquid (GitHub Pages).
# Emphasis stays: it hides nothing and leads nowhere.
_INLINE = re.compile(r"[\\`|$]|<(?=[A-Za-z/!?])|&(?=#?\w+;)|(?<=\])[(\[]|(?<=\{)[{%]")
# What it takes for a heading, a quotation, a list, a rule, a block of code or the definition of a link where a line begins.
_BLOCK = re.compile(r"\s*(?=#{1,6}(\s|$)|>|[-+*]\s|={2}|-{3}|_{3}|\*{3}|~{3}|\[.*\]:)|\s*\d{1,9}(?=[.)](\s|$))")
_ENTITIES = {"<": "&lt;", "&": "&amp;"}
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20].", re.DOTALL)  # the last four: the same signs in full width
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_TEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$",
    "\N{DAGGER}": r"\textdagger{}",
}  # fmt: skip


def markdown(text: object) -> str:
    """A line of Markdown that shows `text` (but for emphasis by * and _)."""
    shown = _INLINE.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), visible(text))
    if block := _BLOCK.match(shown):
        shown = f"{block[0]}\\{shown[block.end() :]}"
    return shown


def markdown_code(text: object) -> str:
    """`text` as a span of code in Markdown; its backticks become apostrophes."""
    return f"`{visible(text).replace('`', chr(39))}`"


def link_target(target: object) -> str:
    """The target of a link in Markdown or HTML: an http(s) address, or a path. Anything else becomes a relative path, so
    that no link runs a script or opens another program."""
    text = str(target)
    if _SCHEME.match(text):
        return quote(text, safe="/:?#[]@!$&*+,;=%~", errors="replace")
    return quote(re.sub(r"^[/\\]{2,}", "/", text), safe="/+~", errors="replace")


def csv_value(value: object) -> object:
    """The value for a cell of a CSV file. A spreadsheet runs a text that begins like a formula, so it gets an apostrophe in
    front (OWASP, "CSV injection"). Numbers, and texts that are numbers, stay."""
    if not isinstance(value, str):
        return value
    shown = visible(value)
    return f"'{shown}" if _FORMULA.match(shown) and not _is_number(shown) else shown


def latex(text: object) -> str:
    """`text` with LaTeX's special characters escaped and minus signs of numbers in math mode."""
    shown = "".join(_TEX.get(c, "\\" + c if c in "&%$#_{}" else c) for c in visible(text))
    shown = re.sub(r"(?<![\w-])-(?=\d)", "$-$", shown)
    return f"{{}}{shown}" if shown.startswith(("[", "*")) else shown  # after \\ they would be its argument


def drawn(text: object) -> str:
    """`text` for matplotlib: no part of it is a formula. It may have several lines."""
    return visible(text, keep="\n").replace("$", r"\$")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
