"""The SVG text of a figure: what it keeps, what it leaves out, and how it looks in the dark."""

import re
import shutil
import xml.etree.ElementTree as ElementTree
from importlib import resources

import numpy as np
import pytest

from benchmark.report.pages.inline import inline
from benchmark.report.style import BLUE, DEPTHS, GREY, VERMILION, fixed_panels, styled, svg
from benchmark.report.svg_text import DARK, FONTS, slim

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SVG = "{http://www.w3.org/2000/svg}"


def drawing():
    """A figure with dots, a clipped line, a bar and texts, one with characters that mean something elsewhere."""
    figure, (axis, other) = fixed_panels(2, 2, (2, 2), left=0.4, bottom=0.4)
    axis.plot(np.linspace(0, 1, 7), np.linspace(0, 1, 7) ** 2 / 3, "o-", color=BLUE)
    axis.text(0.2, 0.3, 'a <b> & $c$ id="m1" url(#x) 0.123456', color=VERMILION)
    axis.text(0.2, 0.2, "black")
    other.bar([0, 1], [1, 2], color=DEPTHS[0])
    other.axhline(0.5, color=GREY)
    return figure


@pytest.fixture(scope="module")
def content():
    with styled():
        return svg(drawing()).decode()


def test_text_stays_text_with_fonts_to_fall_back_on(content):
    root = ElementTree.fromstring(content)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert {'a <b> & $c$ id="m1" url(#x) 0.123456', "black"} <= set(texts)
    assert root.get("font-family") == FONTS and content.count("DejaVu") == 1
    assert FONTS.endswith("sans-serif")


def test_nothing_is_kept_that_is_not_needed(content):
    tags = re.sub(r">[^<]*<", "><", content)
    ids = re.findall(r' id="([^"]*)"', tags)
    assert len(ids) == len(set(ids)) and set(ids) == set(re.findall(r'(?:href="#|url\(#)([^")]*)', tags)) and ids
    for unwanted in ("metadata", "DOCTYPE", "<!--", "rdf", "<g/>", "<g>", "<defs/>", "Date"):
        assert unwanted not in tags
    assert not re.search(r"\d\.\d{3}", tags), "two decimals at most"
    with styled():
        assert svg(drawing()).decode() == content


def test_coordinates_are_those_of_matplotlib_to_two_decimals(content):
    """Asked of matplotlib: the line's points in the figure, in points from the upper left corner."""
    figure = drawing()
    figure.set_dpi(72)
    axis = figure.axes[0]
    axis.get_xlim(), axis.get_ylim()  # scale it
    points = axis.transData.transform(axis.lines[0].get_xydata())
    points[:, 1] = 72 * figure.get_figheight() - points[:, 1]
    used = [(float(x), float(y)) for x, y in re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*fill: #0072b2', content)]
    assert np.array(used) == pytest.approx(points, abs=0.011)


def test_colours_are_plain_and_the_rules_are_those_of_the_colours_that_are_there(content):
    style = re.search(r"<style>(.*?)</style>", content).group(1)
    rules = dict(re.findall(r'\[style\*="((?:fill|stroke): #\w+)"\]\{\w+:(#\w+)!important\}', style))
    body = content.partition("</style>")[2]
    found = set(re.findall(r"(?:fill|stroke): #\w+", body))
    assert set(rules) == found and len(found) >= 6
    assert all(rules[each] == DARK[each[-7:]][1] for each in found)
    assert style.startswith("@media (prefers-color-scheme:dark){svg{fill:#e7e5df;") and "var(" not in content


def test_the_page_has_the_same_colours():
    """The style sheet of the pages sets the variables to the values that the files have."""
    sheet = (resources.files("benchmark.report") / "pages/templates/page/style.css").read_text()
    parts = sheet.split("@media (prefers-color-scheme: dark)")[:2]
    light, dark = (dict(reversed(re.findall(r"--([\w-]+): (#\w+)(?=;)", part))) for part in parts)
    own = {name: (colour, in_dark) for colour, (name, in_dark) in DARK.items() if name.startswith("fig-")}
    known = [name for name in own if not name.startswith("fig-depth")]
    assert len(known) == 8 and all((light[name], dark[name]) == own[name] for name in known)
    assert dark["ink"] == DARK["#000000"][1] and dark["paper"] == DARK["#ffffff"][1]


def test_two_figures_in_a_page_share_no_id_and_keep_no_rule(content):
    both = [inline(content.encode(), name, "title", "words") for name in ("one", "two")]
    ids = [set(re.findall(r' id="([^"]*)"', re.sub(r">[^<]*<", "><", text))) for text in both]
    assert not ids[0] & ids[1] and len(ids[0]) > 3
    for text in both:
        assert "<style" not in text and "ground" not in text and "black</text>" in text and "fig-depth-1" in text


def test_what_is_already_slim_keeps_its_texts():
    made = slim('<svg a="b"><g id="u"><text style="font-size: 9px">1.23456 id="u"</text></g><g id="v"></g></svg>')
    assert '><text style="font-size: 9px">1.23456 id="u"</text></svg>' in made and 'id="v"' not in made


def test_a_group_is_kept_that_changes_what_it_holds():
    """Groups in groups, with and without attributes, and one that is empty but for its attribute."""
    made = slim(
        '<svg a="b"><g><g transform="scale(2)"><g id="u"><g clip-path="url(#c)"/><path d="M 0 0"/></g></g>'
        '<path d="M 1 1"/></g><clipPath id="c"/></svg>'
    )
    assert made.endswith(
        '><g transform="scale(2)"><g clip-path="url(#c0)"/><path d="M 0 0"/></g><path d="M 1 1"/><clipPath id="c0"/></svg>'
    )


@pytest.mark.parametrize("scheme, line, words, ground", [
    ("light", "rgb(0, 114, 178)", "rgb(0, 0, 0)", "rgb(255, 255, 255)"),
    ("dark", "rgb(90, 174, 232)", "rgb(231, 229, 223)", "rgb(21, 24, 27)"),
])  # fmt: skip
def test_a_browser_shows_the_file_light_or_dark(content, tmp_path, scheme, line, words, ground):
    """Computed colours of the blue line, of a text without a colour of its own, and of the ground."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)}")
    (tmp_path / "x.svg").write_text(content)
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(color_scheme=scheme)
        page.goto((tmp_path / "x.svg").as_uri())
        asked = {
            "path[style*='fill: none; stroke: #0072b2']": "stroke",
            "text:not([style*='fill'])": "fill",
            ".ground": "fill",
        }
        shown = [
            page.evaluate("([of, key]) => getComputedStyle(document.querySelector(of))[key]", [of, key])
            for of, key in asked.items()
        ]
        browser.close()
    assert shown == [line, words, ground]
