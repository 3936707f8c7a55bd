"""Markdown as a part of a page: no HTML of its own, links as seen from the page, nothing loaded from elsewhere."""

import re

import pytest

from benchmark.report.pages.formatted import formatted


def test_the_audit_of_the_release_is_shown_as_html(site, whole):
    page = site["pages/release.html"]
    links = {link["text"]: link["href"] for link in page.all("a")}
    assert links["table"] == "../tables/claims.md" and links["a page"] == "../claims.md#claim-by-claim"
    assert links["Parameters"] == "https://example.org/x"
    assert "with <b>HTML</b> & code" in page.text and "<script>evil()</script>" in page.text
    assert [script["src"] for script in page.all("script")] == ["script.js"] and not page.all("b")
    assert [picture["src"] for picture in page.all("img")][-1] == "../release/shortcut-scalars.svg"
    assert "evil.example" not in page.source and "javascript:" not in "".join(page.values("href"))
    assert [head["text"] for head in page.all("h2")] == ["Further"] and "# The release" not in page.text
    assert [caption["text"] for caption in page.all("caption")] == ["The release, audited"]
    assert "The release, audited" in (whole / "pages" / "release.md").read_text()


@pytest.mark.parametrize(
    "evil", ["a](javascript:evil()) [b](javascript:evil())", "<a href=evil>", "\u202eevil", "&lt;b&gt;"]
)
def test_each_text_as_it_stands(evil, hostile):
    found = str(formatted(f"## {evil}\n\n| {evil} | b |\n| --- | --- |\n| {evil} | 1 |\n", "pages/x.html", evil))
    assert "<a" not in found and "<b>" not in found and hostile.hidden(found) == []


def test_tables_are_called_as_the_heading_above_them():
    found = formatted("| a |\n| --- |\n\n## B & C\n\n| a |\n| --- |\n", "x.html", 'The "title"')
    assert found.count("<caption>The &#34;title&#34;</caption>") == found.count("<caption>B &amp; C</caption>") == 1
    assert found.count('scope="col"') == 2


def test_an_empty_head_is_a_cell():
    found = formatted("| | a |\n| --- | --- |\n| b | 1 |\n", "x.html", "T")
    assert found.count("<th") - found.count("<thead") == 1 and '<th scope="col">a</th>' in found and "<td></td>" in found


OUT = [
    "/etc/x",
    "//evil.example/x",
    "../x",
    "a/../../x",
    "%2e%2e/x",
    "/%2Fevil.example",
    r"\\\\evil.example\\x",
    "C:/x",
    "?x",
]
OUT += ["mailto:a@b.c", "ftp://evil.example", "file:///etc/x", "http:x/../../../y", "data:image/png;base64,AAAA", "<>"]


@pytest.mark.parametrize("target", OUT)
def test_what_leads_out_of_the_folder_is_a_text(target):
    found = str(formatted(f"[the *words*]({target}) ![a picture]({target})", "pages/x.html", "T"))
    assert "<a" not in found and "<img" not in found and "evil.example" not in re.sub(r"\(.*?\)", "", found)
    assert "words" in found and "picture" in found


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("a/x.md#y", "../a/x.md#y"), ("#y", "#y"), ("a/../b.md", "../b.md"), ("..a/x.md", "../..a/x.md"),
        ("HTTPS://example.org/x", "HTTPS://example.org/x"),
    ],
)  # fmt: skip
def test_a_link_stays_that_leads_into_the_folder_or_to_the_web(target, link, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # a link depends on no folder that the report is made from
    assert f'<a href="{link}">x</a>' in formatted(f"[x]({target})", "pages/x.html", "T")


@pytest.mark.parametrize("target", ["HTTP://evil.example/x.png", "https://evil.example/x.png", "#x"])
def test_a_picture_is_loaded_from_the_folder_alone(target):
    assert "<img" not in formatted(f"![a picture]({target})", "pages/x.html", "T")
    assert '<img src="../release/x.svg"' in formatted("![a](release/x.svg)", "pages/x.html", "T")
