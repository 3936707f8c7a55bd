"""Fixtures of the report's tests: reports/index.html read without a browser."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

VOID = {"meta", "link", "img", "br", "wbr", "hr", "input"}


class Page(HTMLParser):
    """An HTML page as a plain list: every start tag as (tag, attributes), and the text below each.

    Tags that do not close in order are an AssertionError.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.texts: dict[int, str] = {}
        self._open: list[tuple[str, int]] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts[len(self.elements) - 1] = ""
        if tag not in VOID:
            self._open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        opened, _ = self._open.pop()
        assert opened == tag, f"</{tag}> closes <{opened}> at line {self.getpos()[0]}"

    def handle_data(self, data):
        for _, at in self._open:
            self.texts[at] += data

    def all(self, tag: str) -> list[dict]:
        """Attributes of every element `tag`, in order, with its text under the key "text"."""
        return [a | {"text": self.texts.get(at, "")} for at, (name, a) in enumerate(self.elements) if name == tag]

    def values(self, attribute: str) -> list[str]:
        """Every value of an attribute."""
        return [attrs[attribute] for _, attrs in self.elements if attribute in attrs]


@pytest.fixture(scope="session")
def read_page():
    """The class that reads a page from its path."""
    return Page
