"""What the search looks in: an entry for every page, as a script that holds nothing but data."""

import json
import re
from posixpath import normpath

from benchmark.errors import visible
from benchmark.records.record import read_records
from benchmark.report.pages.search import search_index
from benchmark.report.pages.site import Leaf


def entries(source: str) -> list[dict]:
    return json.loads(re.fullmatch(r"const PAGES = (\[.*\]);\n", source, re.DOTALL)[1])


def test_every_page_has_an_entry(site, whole):
    found = entries((whole / "pages" / "search.js").read_text(encoding="utf-8"))
    assert {normpath(f"pages/{each['u']}") for each in found} == set(site) - {"pages/search.html", "pages/contents.html"}
    assert len({each["id"] for each in found}) == len(found)
    kinds = {each["k"] for each in found}
    assert kinds == {
        "The answer",
        "Claims",
        "Leaderboards",
        "Protocols",
        "Data",
        "Measurements",
        "Methods",
        "Models",
        "Runs",
    }
    for each in found:
        title = site[normpath(f"pages/{each['u']}")].all("h1")[0]["text"]
        assert each["t"] == title and each["a"]


def test_the_script_can_not_be_left(hostile):
    """Read as a script and inside a page: no end of a script, no comment of one, no line end that only some readers know."""
    texts = [*hostile.TEXTS.values(), "</script><script>evil()", "<!--<script>", "a\u2028b\u2029c", "\\", "`${evil()}`"]
    leaves = [Leaf(f"pages/{at}.html", "Runs", text, text, "", text) for at, text in enumerate(texts)]
    source = search_index(leaves)
    for text, entry in zip(texts, entries(source), strict=True):
        assert entry["t"] == entry["a"] == entry["w"] == visible(text)
    assert "<" not in source and "\u2028" not in source and "\u2029" not in source
    assert hostile.hidden(source) == []


def test_the_words_that_are_explained_and_the_classes_of_a_protocol_are_found(site, whole):
    found = {
        normpath(f"pages/{each['u']}"): each["w"] for each in entries((whole / "pages" / "search.js").read_text("utf-8"))
    }
    explained = re.search(r'id="words"(.*?)</section>', site["pages/methods.html"].source, re.DOTALL)[1]
    words = re.findall(r"\w+", " ".join(re.findall(r"<dt>(.*?)</dt>", explained)))
    assert len(words) > 15 and {*words, "Holm"} <= set(re.findall(r"\w+", found["pages/methods.html"]))
    for record in read_records(whole / "records"):
        if record.outside is None:
            assert set(record["protocol"]["classes"]) <= set(found[f"pages/protocols/{record.protocol}.html"].split())
