"""Every page of the site without a browser: form, links, nothing from outside, what a screen reader needs."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import PurePosixPath

import pytest

HEAD = ["header", "nav", "main", "footer"]
KINDS = ("claims", "protocols", "models", "runs")  # folders of pages


def test_there_is_a_page_of_every_kind(site, whole):
    """That the other tests of this module see them all."""
    assert {"index.html", "costs.html", "pages/search.html", "pages/contents.html", "pages/leaderboards.html"} <= set(site)
    assert {f"pages/{name}.html" for name in ("claims", "protocols", "models", "data", "methods", "release")} <= set(site)
    assert {f"pages/{name}.html" for name in ("gradients", "audits", "networks", "optimism", "robustness")} <= set(site)
    for kind in KINDS:
        assert [address for address in site if address.startswith(f"pages/{kind}/")], kind
    written = {path.relative_to(whole).as_posix() for path in whole.rglob("*.html")}
    assert written == set(site)


def test_ids_are_unique_on_every_page(site):
    for address, page in site.items():
        assert [name for name, times in Counter(page.values("id")).items() if times > 1] == [], address


def test_every_link_leads_to_a_file_and_a_place_that_exist(whole, broken):
    """On HTML and Markdown pages."""
    faults, html, markdown = broken(whole)
    assert faults == [] and html > 1500 and markdown > 150


def test_what_labels_and_describes_exists(site):
    for address, page in site.items():
        for words in (value.split() for key in ("aria-labelledby", "aria-describedby") for value in page.values(key)):
            assert set(words) <= set(page.values("id")), address


def test_links_with_a_choice_name_fields_of_the_page_that_they_lead_to(site):
    """leaderboards.html#protocol=NAME: the field exists, and has that value."""
    board = site["pages/leaderboards.html"]
    assert "protocol" in board.values("name")
    options = {option["text"] for option in board.all("option")}
    found = [
        link.partition("#protocol=")[2] for page in site.values() for link in page.values("href") if "#protocol=" in link
    ]
    assert set(found) <= options


def test_the_style_sheet_loads_nothing(whole):
    source = (whole / "pages" / "style.css").read_text()
    assert "@import" not in source and "url(" not in source and "//" not in re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)


def test_nothing_is_fetched_from_outside(site, follow):
    """What a page loads lies below its folder; index.html loads nothing beside itself."""
    for address, page in site.items():
        loaded = page.values("src") + page.values("srcset") + page.values("data") + page.values("poster")
        loaded += [link["href"] for link in page.all("link")] + re.findall(r"url\(([^)]*)\)", page.source)
        for target in loaded:
            inside = target.startswith(("data:", "#"))
            below = address != "index.html" and not re.match(r"[a-z]+:|/", target)
            assert inside or (below and not follow(address, target)[0].startswith("..")), f"{target} on {address}"
        assert not re.search(r"@import|\bfetch\(|XMLHttpRequest|<(iframe|object|embed|base)\b", page.source), address
        assert [key for _, attrs in page.elements for key in attrs if key.startswith("on")] == [], address
    scripts = {address: [script.get("src") for script in page.all("script")] for address, page in site.items()}
    assert scripts.pop("index.html") == [None]
    assert [name.split("/")[-1] for name in scripts.pop("pages/search.html")] == ["script.js", "search.js", "searching.js"]
    assert {tuple(PurePosixPath(name).name for name in own) for own in scripts.values()} == {("script.js",)}


def test_what_a_screen_reader_needs(site):
    for address, page in site.items():
        assert page.elements[0] == ("html", {"lang": "en"}), address
        landmarks = [tag for tag, _ in page.elements if tag in ("header", "main", "footer")]
        assert landmarks == ["header", "main", "footer"], address
        assert page.all("nav") and all(each.get("aria-label") for each in page.all("nav")), address
        assert page.all("a")[0]["href"] == "#main", address
        assert len(page.all("caption")) == len(page.all("table")), address
        assert all(caption["text"].strip() for caption in page.all("caption")), address
        assert all(head.get("scope") in ("row", "col") for head in page.all("th")), address
        for drawing in page.all("svg"):
            assert drawing["role"] == "img" and (drawing.get("aria-label") or drawing.get("aria-labelledby")), address
        assert all(picture.get("alt") for picture in page.all("img")), address
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1 and levels[0] == 1, address
        assert all(after - before <= 1 for before, after in pairwise(levels)), (address, levels)
        assert re.fullmatch(r".+ · ferbench", page.all("title")[0]["text"]), address
    titles = Counter(page.all("title")[0]["text"] for page in site.values())
    assert len(titles) > 20


def test_the_bar_and_the_list_of_all_pages_reach_every_page(site, follow):
    """From the first page, by links alone."""
    reached, ahead = set(), ["index.html"]
    while ahead:
        address = ahead.pop()
        if address in site and address not in reached:
            reached.add(address)
            ahead += [follow(address, link)[0] for link in site[address].values("href")]
    assert reached == set(site) - {"pages/search.html"}  # the form of every page leads there
    for address, page in site.items():
        actions = [follow(address, form["action"])[0] for form in page.all("form") if "action" in form]
        assert actions == ["pages/search.html"] * (address != "pages/search.html"), address
        current = [link["href"] for link in page.all("a") if link.get("aria-current") == "page"]
        assert [follow(address, link)[0] for link in current] in ([], [address]), address
    listed = {follow("pages/contents.html", link)[0] for link in site["pages/contents.html"].values("href")}
    left = {"pages/search.html", "pages/contents.html"}
    assert {address for address in site if not address.startswith("pages/runs/")} - left <= listed


CHIEF = {
    "README.md": ("claims.md", "costs.md", "index.html"),
    "claims.md": ("README.md",),
    "costs.md": ("README.md",),
    "index.html": ("pages/claims.html", "costs.html", "README.md"),
}


@pytest.mark.parametrize("name", CHIEF)
def test_the_chief_pages_lead_to_each_other(whole, name):
    source = (whole / name).read_text(encoding="utf-8")
    assert [other for other in CHIEF[name] if f"({other})" not in source and f'"{other}"' not in source] == []


def test_a_mark_at_an_interval_is_explained_where_it_stands(site):
    """Not in what is closed at first: beside a table, and within every part of a model's page that has one."""
    seen = Counter()
    for address, page in site.items():
        closed = re.compile(r'<details class="notes">.*?</details>', re.DOTALL)
        parts = re.split(r'<details class="more">|<section\b|<main\b', closed.sub("", page.source))
        for part in parts:
            if re.search(r"\d†[,\]]", part) and "<figure" not in part:
                seen[address.split("/")[1] if "/" in address else address] += 1
                assert "†: the interval reaches" in part, (address, part[:300])
    assert {"models", "protocols"} <= set(seen)
