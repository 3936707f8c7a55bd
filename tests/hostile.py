"""What a stranger may write, and what must not come of it in any output. Used by tests through the fixture `hostile`."""

import csv
import io
import json
import re
from html.parser import HTMLParser

# No plain names: each would lead out of a folder, or means something to a shell, a page, a table or a figure.
NAMES = (
    "../../x", "..", ".", "", "/tmp/x", "a/b", "a\\b", "C:x", "-rf", "_x", ".hidden", "a.b", "a b", " a", "a\n", "a\nb",
    "a\x00b", "\x1b[31ma", "\u202ea", "\u00e9", "x" * 101, "$x^$", "<script>", "=1+1", "a;b", "a'b", "{{7*7}}", "${x}",
    "%2e%2e", "~", "*", None, 5, 1.5, True, ["a"], {"a": "b"},
)  # fmt: skip
# Free text. Each has the word evil, by which its effect is found.
TEXTS = {
    "script": "<script>evil()</script>",
    "handler": "<img src=x onerror=evil()>\"' onmouseover=evil() x='",
    "closing": "</td></table></style></script></title>-->]]><b>evil",
    "formula": '=HYPERLINK("http://evil.example","y")',
    "plus": "+evil|' /C calc'!A0",
    "minus": "-1+evil()",
    "at": "@SUM(1+1)*evil()",
    "tab": "\t=evil()",
    "mathtext": "$evil^$",
    "command": "$\\evil{$",
    "bidi": "\u202eevil\u2066",
    "newline": "evil\n# evil\n\n<script>evil()</script>\n=evil()",
    "return": "evil\r=evil()",
    "ansi": "\x1b[31mevil\x1b]0;evil\x07\x9b2J",
    "nul": "evil\x00",
    "link": "evil](javascript:evil()) [evil](javascript:evil())",
    "image": "![evil](http://evil.example/x.png)",
    "reference": "[evil]: javascript:evil()",
    "autolink": "<javascript:evil()>",
    "heading": "# evil",
    "template": "{{7*7}}{% evil %}",
    "tex": "\\input{/etc/evil}% & evil \\\\",
    "row": "[evil] * & evil",
    "cells": "evil | evil |",
    "code": "`evil` ``` ~~~",
    "entity": "&lt;script&gt;evil",
    "long": "evil " * 400,
}
# Those that may be the name of a class: one line of printable text.
CLASSES = tuple(text for text in TEXTS.values() if text.isprintable() and len(text) <= 100)
ELEMENTS = {
    "html", "head", "meta", "title", "link", "style", "body", "a", "header", "p", "h1", "h2", "h3", "h4", "div", "ul", "ol",
    "li", "nav", "main", "section", "span", "b", "strong", "blockquote", "details", "summary", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "button", "figure", "figcaption", "svg", "g", "path", "use", "defs",
    "clippath", "rect", "polyline", "circle", "desc", "pre", "code", "img", "footer", "script", "wbr", "small", "text",
    "tspan", "form", "input", "label", "select", "option", "fieldset", "legend", "output", "noscript",
}  # fmt: skip
FOREIGN = re.compile(r"(?!https?:|data:image/|data:,)[a-z0-9+.-]+:", re.IGNORECASE)  # a target of another scheme


class Elements(HTMLParser):
    """Start tags with their attributes, and the text of style and script elements."""

    def __init__(self, source):
        super().__init__()
        self.found, self.raw, self._last = [], "", ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, attrs))
        self._last = tag

    def handle_endtag(self, tag):
        self._last = ""

    def handle_data(self, data):
        if self._last in ("script", "style"):
            self.raw += data


def hidden(source, keep="\n"):
    """The characters of `source` that are not printable."""
    return sorted({c for c in source if not c.isprintable() and c not in keep})


def faults_of_page(source):
    """What is wrong with an HTML page of the report: a foreign element, a handler, a link's target, a hidden character."""
    page, faults = Elements(source), []
    scripts = [dict(attrs).get("src", "").rpartition("/")[2] for tag, attrs in page.found if tag == "script"]
    if scripts not in ([""], ["script.js"], ["script.js", "search.js", "searching.js"]) or "evil" in page.raw:
        faults.append(f"scripts {scripts}, or evil in one or in a style")
    for tag, attrs in page.found:
        if tag not in ELEMENTS:
            faults.append(f"element {tag}")
        for key, value in attrs:
            if key.startswith("on"):
                faults.append(f"handler {key}")
            if key in ("href", "src", "action") and FOREIGN.match(value or ""):
                faults.append(f"{key} to {value[:60]}")
    return faults + [f"hidden {c!r}" for c in hidden(source)]


def faults_of_markdown(source):
    """What is wrong with a page in Markdown, as markdown-it (CommonMark, with tables) reads it."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    reader.validateLink = lambda _: True  # else it leaves out what is looked for here
    faults = []
    blocks = reader.parse(source)
    for token in [*blocks, *(child for block in blocks for child in block.children or ())]:
        if token.type in ("html_block", "html_inline"):
            # `details` and `summary` of the template begin a block of HTML, whose text is a title of a table
            left = re.sub(r"</?(details|summary|picture)>|<!-- /?answer -->", "", token.content)
            left = re.sub(r'<(source media="[^"]*" srcset|img src)="figures/[\w-]+\.svg"( alt="[^"<>]*")?>', "", left)
            faults += [f"HTML {tag}" for tag in re.findall(r"<[A-Za-z/!?][^>]*>?", left)]
        if token.type in ("link_open", "image"):
            target = token.attrs.get("href") or token.attrs.get("src")
            if FOREIGN.match(target) or "evil.example" in target:
                faults.append(f"{token.type} to {target}")
        if token.type in ("code_block", "fence") or (token.type == "code_inline" and "evil" in token.content):
            faults.append(f"code {token.content[:40]!r}")
    for at, token in enumerate(blocks):
        if token.type == "heading_open" and blocks[at + 1].content == "evil":
            faults.append("a heading")
    if re.search(r"(?<!\\)\{[{%]|(?<!\\)\$", source):
        faults.append("a template or a formula")
    return faults + [f"hidden {c!r}" for c in hidden(source)]


def faults_of_script(source):
    """What is wrong with a script of the report: evil outside of the one list of texts, or a list that is more than that."""
    texts = re.fullmatch(r"const PAGES = (.*);\n", source, re.DOTALL)
    if not texts:
        return ["evil"] if "evil" in source else []
    faults = [f"in the list {word!r}" for word in ("<", "\u2028", "\u2029") if word in source]
    try:
        json.loads(texts[1])
    except ValueError:
        faults.append("no list of texts")
    return faults + [f"hidden {c!r}" for c in hidden(source)]


def faults_of_csv(source):
    """What is wrong with a CSV file: a cell that a spreadsheet takes for a formula, a row of another length."""
    rows, faults = list(csv.reader(io.StringIO(source, newline=""), strict=True)), []
    if len({len(row) for row in rows}) > 1:
        faults.append("rows of different lengths")
    for cell in (cell for row in rows for cell in row):
        if re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20].", cell) and not is_number(cell):
            faults.append(f"formula {cell[:40]!r}")
    return faults + [f"hidden {c!r}" for c in hidden(source)]


def faults_of_latex(source):
    """What is wrong with a table in LaTeX: a command that is none of the table's, braces that do not match."""
    known = {
        "usepackage", "begin", "end", "centering", "footnotesize", "caption", "label", "resizebox", "ifdim", "width",
        "linewidth", "else", "fi", "toprule", "midrule", "bottomrule", "textbackslash", "textasciitilde", "textasciicircum",
    }  # fmt: skip
    plain = re.sub(r"\\[&%$#_{}]", "", source)
    faults = [f"command {name}" for name in set(re.findall(r"\\([A-Za-z]+)", plain)) - known]
    if re.search(r"\\\\\s*[\[*]", plain):
        faults.append("an argument of a line's end")
    if "$" in re.sub(r"\$[<>-]\$", "", plain):
        faults.append("a formula")
    return faults + [f"hidden {c!r}" for c in hidden(source)]


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


OF_SUFFIX = {
    ".html": faults_of_page, ".md": faults_of_markdown, ".csv": faults_of_csv, ".tex": faults_of_latex,
    ".js": faults_of_script,
}  # fmt: skip


def faults_of_folder(folder):
    """File -> what is wrong with it, for every page and table of a report."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if (
            path.is_file()
            and path.suffix in OF_SUFFIX
            and (faults := OF_SUFFIX[path.suffix](path.read_text(encoding="utf-8")))
        ):
            found[path.relative_to(folder).as_posix()] = sorted(set(faults))
    return found
