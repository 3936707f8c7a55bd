"""What the tests of the documentation read: the pages, their fences, links, anchors and words."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def pages() -> list[str]:
    """README, CONTRIBUTING and every page of docs, as paths in the repository."""
    found = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    return ["README.md", "CONTRIBUTING.md", *found]


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    """The contents of its ``sh`` fences."""
    return [content for language, content in FENCE.findall(text(page)) if language == "sh"]


def named(page: str) -> list[str]:
    """The commands of ferbench in its sentences and tables, in code spans, which may go over the end of a line."""
    return [" ".join(span.split()) for span in re.findall(r"`(ferbench [^`|]+)`", FENCE.sub("", text(page)))]


def links(page: str) -> list[str]:
    """The targets of its links and pictures, those in code apart."""
    return LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text(page))))


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page: small letters, no punctuation, a hyphen for each space, -1,
    -2, ... for repetitions. In HTML: every id."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        return set(re.findall(r'\bid="([^"]+)"', content))
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*?)(?: +#+)?$", FENCE.sub("", content), re.MULTILINE):
        plain = LINK.sub("", heading.replace("[", "").replace("`", "").replace("*", "")).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        times = sum(re.fullmatch(rf"{re.escape(slug)}(-\d+)?", each) is not None for each in found)
        found.add(f"{slug}-{times}" if times else slug)
    return found


def words(content: str) -> int:
    """Words of prose: what stands between spaces and has a letter or digit, in text and tables. Code fences, comments and
    the targets of links are no prose."""
    prose = LINK.sub("]", re.sub(r"<!--.*?-->", "", FENCE.sub("", content), flags=re.DOTALL))
    return sum(re.search(r"\w", word) is not None for word in prose.split())
