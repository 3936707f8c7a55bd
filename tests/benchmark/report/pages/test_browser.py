"""The pages in headless Chromium; skipped where there is no browser."""

import json
import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, TABLET, PHONE = ({"width": width, "height": height} for width, height in ((1280, 900), (820, 1180), (390, 844)))
# One page of every kind.
KINDS = (
    "index.html", "costs.html", "pages/claims.html", "pages/claims/acc-fer2013.html", "pages/leaderboards.html",
    "pages/protocols.html", "pages/protocols/synthetic-8.html", "pages/protocols/synthetic-va.html", "pages/models.html",
    "pages/models/net-fixed-working-plain.html", "pages/models/theirs.html", "pages/data.html", "pages/methods.html",
    "pages/runs/synthetic-8/net-identity-frozen-plain-seed1.html", "pages/gradients.html", "pages/release.html",
    "pages/search.html", "pages/contents.html", "pages/protocols/mine.html",
)  # fmt: skip
FEW = (
    "index.html",
    "pages/leaderboards.html",
    "pages/protocols/mine.html",
    "pages/models/theirs.html",
    "pages/release.html",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A context of Chromium with an empty profile."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)}")
    with playwright.sync_playwright() as running:
        profile = tmp_path_factory.mktemp("profile")
        context = running.chromium.launch_persistent_context(str(profile), executable_path=found, args=list(ARGUMENTS))
        context.set_default_timeout(10_000)
        yield context
        context.close()


@pytest.fixture(scope="module")
def tab(browser):
    """One page of the browser, with what it asked for (`asked`) and what it complained of (`complaints`)."""
    tab = browser.new_page()
    tab.asked, tab.complaints = [], []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    tab.close()


@pytest.fixture
def show(tab, whole):
    """A function (address, place) -> the tab with that page, 1280 pixels wide."""
    tab.set_viewport_size(WIDE)
    tab.emulate_media(color_scheme="light", media="screen")
    tab.asked.clear()
    tab.complaints.clear()

    def opened(address, place=""):
        tab.goto("about:blank")  # so that a change of the place alone is a new page too
        tab.goto((whole / address).as_uri() + place)
        return tab

    return opened


def table_of(tab, name: str):
    """The first block of a table, shown."""
    tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    return tab.locator(f"#table-{name} table").first


def head_of(table, key: str):
    return table.locator(f"thead th[data-key='{key}']")


def cells(table, head) -> list[str]:
    """The texts of the column of a head, "" for a missing value."""
    return head.evaluate(
        """head => {
             let place = 0;
             for (let at = head.previousElementSibling; at; at = at.previousElementSibling) place += at.colSpan;
             return [...head.closest('table').tBodies[0].rows].map(row => row.cells[place].classList.contains('none') ? ''
               : row.cells[place].textContent.trim());
           }"""
    )


def number(shown: str) -> float:
    return float(shown.replace(",", "").replace("†", "").split()[0])


def assert_sorted(table, head, key=number):
    """By clicks: a number's largest first, then its smallest, missing ones last in both."""
    before = cells(table, head)
    wanted = sorted(key(each) for each in before if each)
    for direction, values in (("descending", wanted[::-1]), ("ascending", wanted)):
        head.locator("button").click()
        after = cells(table, head)
        assert head.get_attribute("aria-sort") == direction
        assert [key(each) for each in after if each] == values and sorted(after) == sorted(before)
        assert "" not in after[: len(values)]  # the missing ones behind


# ---------------------------------------------------------------- every page


WIDER = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(part => {
  if (part.closest('caption, legend') || part.parentElement.closest('.scroll, .bar nav, pre, svg')) return false;
  const box = part.getBoundingClientRect();
  return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map(part => part.tagName + '.' + part.className + ' ' + part.textContent.slice(0, 40))"""


@pytest.mark.parametrize("address", KINDS)
def test_a_page_complains_of_nothing_loads_nothing_from_outside_and_fits(show, whole, address):
    """At the widths of a desk, a tablet and a phone, all of it opened."""
    tab = show(address)
    allowed = whole.as_uri() + ("/index.html" if address == "index.html" else "/")
    for size in (WIDE, TABLET, PHONE):
        tab.set_viewport_size(size)
        tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert tab.evaluate("document.documentElement.scrollWidth") <= size["width"], size
        assert tab.evaluate(WIDER) == [], size
    assert tab.complaints == []
    asked = [url for url in tab.asked if not url.startswith(("data:", "about:"))]
    assert asked and [url for url in asked if not url.startswith(allowed)] == []
    assert address != "index.html" or len(asked) == 1


OF_COLOUR = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


@pytest.mark.parametrize(
    "address", [*FEW, *(pytest.param(name, marks=pytest.mark.slow) for name in KINDS if name not in FEW)]
)
def test_axe_finds_no_fault(show, address):
    """All of it opened; in the dark scheme again what depends on colours."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    tab = show(address)
    tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    for scheme, options in (("light", {}), ("dark", OF_COLOUR)):
        tab.emulate_media(color_scheme=scheme)
        found = axe.run(tab, options={"resultTypes": ["violations"]} | options).response
        assert found["passes"], "no rule ran"
        assert [
            f"{each['id']}: {node['target']} {node['failureSummary']}"
            for each in found["violations"]
            for node in each["nodes"][:3]
        ] == [], scheme


@pytest.mark.slow
def test_axe_finds_no_fault_on_any_page(show, site):
    """Of every claim, protocol, model and measurement; of runs one of every protocol."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed").Axe()
    runs = {address.rsplit("/", 1)[0]: address for address in site if address.startswith("pages/runs/")}
    faults = {}
    for address in [*(each for each in site if not each.startswith("pages/runs/")), *runs.values()]:
        found = axe.run(show(address), options={"resultTypes": ["violations"]}).response["violations"]
        faults |= {address: [each["id"] for each in found]} if found else {}
    assert faults == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(show, scheme):
    """WCAG's contrast of the text colours that the style sheet sets: 4.5 to 1. The ground is that of the scheme."""
    tab = show("pages/claims.html")
    tab.emulate_media(color_scheme=scheme)
    value = lambda name: tab.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()")  # noqa: E731
    for ink in ("ink", "muted", "link"):
        for ground in ("paper", "card"):
            assert contrast(value(ink), value(ground)) >= 4.5, (ink, ground)
    for kind in ("good", "bad", "open", "flat", "shut"):
        assert contrast(value(kind), value(f"{kind}-ground")) >= 4.5, kind
    assert (luminance(value("paper")) < luminance(value("ink"))) == (scheme == "dark")
    shown = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert shown == f"rgb({', '.join(str(int(value('paper')[at : at + 2], 16)) for at in (1, 3, 5))})"


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


# ---------------------------------------------------------------- keyboard, print, no scripts


@pytest.mark.parametrize("address", ["index.html", "pages/protocols/synthetic-8.html"])
def test_tab_reaches_the_skip_link_and_it_is_seen_then(show, address):
    tab = show(address)
    assert tab.locator(".skip").bounding_box()["x"] < 0
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.locator(".skip").bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"


def test_the_focus_is_seen_wherever_it_goes(show):
    tab = show("pages/leaderboards.html")
    for _ in range(30):
        tab.keyboard.press("Tab")
        style = tab.evaluate("(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle(document.activeElement))")
        assert style[0] == "solid" and style[1] >= 2, tab.evaluate("document.activeElement.outerHTML.slice(0, 80)")


@pytest.mark.parametrize("address", ["pages/protocols/synthetic-8.html", "pages/methods.html", "pages/models.html"])
def test_print_opens_everything_and_closes_it_again(show, address):
    tab = show(address)
    closed = tab.locator("details:not([open])").count()
    assert closed > 0 or address == "pages/models.html"
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    assert not any(nav.is_visible() for nav in tab.locator("nav").all()) and not tab.locator(".bar form").is_visible()
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details:not([open])").count() == closed


@contextmanager
def without_scripts(browser, tab):
    session = browser.new_cdp_session(tab)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    yield
    session.send("Emulation.setScriptExecutionDisabled", {"value": False})


def test_the_pages_can_be_read_without_scripts(browser, show, whole):
    tab = show("index.html")
    with without_scripts(browser, tab):
        tab.goto((whole / "pages" / "leaderboards.html").as_uri() + "#q=theirs")
        boards = json.loads((whole / "leaderboard.json").read_text())["boards"]
        rows = tab.locator(".board tbody tr")
        assert rows.count() == sum(len(board["rows"]) for board in boards)
        assert all(row.is_visible() for row in rows.all()) and not tab.locator("#filters").is_visible()
        tab.goto((whole / "pages" / "models.html").as_uri())
        assert not tab.locator(".filters").is_visible() and tab.locator("tbody tr").first.is_visible()
        tab.goto((whole / "pages" / "search.html").as_uri())
        tab.locator("noscript a").click()
        assert tab.url.endswith("contents.html")
        tab.goto((whole / "pages" / "methods.html").as_uri())
        summary = tab.locator("summary").first
        summary.click()
        assert summary.locator("xpath=following-sibling::*[1]").is_visible()
    assert tab.complaints == []


# ---------------------------------------------------------------- search


def found_by(tab) -> list[str]:
    return tab.locator(".results a").evaluate_all("links => links.map(link => link.getAttribute('href'))")


def test_the_search_finds_a_cell_by_words_and_by_its_address(show, whole):
    tab = show("pages/search.html")
    assert tab.evaluate("document.activeElement.name") == "q" and found_by(tab) == []
    tab.locator("#search input").fill("net fixed working")
    assert "models/net-fixed-working-plain.html" in found_by(tab)
    tab.locator("#search input").fill("net-fixed-working-plain synthetic-8 seed1")
    assert found_by(tab)[0] == "runs/synthetic-8/net-fixed-working-plain-seed1.html"
    assert tab.locator("#search output").inner_text().endswith(("page", "pages"))
    tab.locator("#search input").fill("nothing-is-called-so-qqq")
    assert found_by(tab) == [] and tab.locator("#search output").inner_text() == "0 pages"
    for place in ("?q=other_net", "#q=other_net"):
        tab = show("pages/search.html", place)
        assert "models/other_net-plain.html" in found_by(tab)
    tab.locator(".results a", has_text="other_net").first.click()
    assert "other_net" in tab.locator("h1").inner_text()
    assert tab.complaints == []


@pytest.mark.parametrize("address", ["index.html", "pages/models/theirs.html"])
def test_the_field_of_every_page_leads_to_the_search(show, address):
    tab = show(address)
    tab.locator(".bar input").fill("theirs")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/pages/search.html*")
    assert "models/theirs.html" in found_by(tab)


def test_what_is_searched_for_is_shown_as_text(show):
    tab = show("pages/search.html", "?q=%3Cimg%20src%3Dx%20onerror%3Devil()%3E")
    assert tab.locator(".results img").count() == 0 and tab.complaints == []


# ---------------------------------------------------------------- sorting


def test_sorting_by_click_puts_missing_values_last(show):
    """A column with an interval, which has two cells a row: the columns behind it are still the right ones."""
    tab = show("pages/protocols/synthetic-8.html")
    table = table_of(tab, "synthetic-8-results")
    head = head_of(table, "accuracy")
    assert head.get_attribute("colspan") == "2" and head.get_attribute("aria-sort") == "none"
    assert "" in cells(table, head)
    assert_sorted(table, head)
    after = table.locator("thead th.number").last
    assert after.get_attribute("data-key") != "accuracy"
    assert_sorted(table, after)
    assert head.get_attribute("aria-sort") == "none"
    names = table.locator("thead th").first
    names.locator("button").click()
    shown = cells(table, names)
    assert shown == sorted(shown, key=str.lower) and after.get_attribute("aria-sort") == "none"


def test_equal_rows_are_in_the_order_of_the_page_whatever_was_sorted_before(show):
    tab = show("pages/protocols/synthetic-8.html")
    table = table_of(tab, "synthetic-8-results")
    names, head = table.locator("thead th").first, head_of(table, "n")
    at_first = cells(table, names)
    head_of(table, "accuracy").locator("button").click()
    assert cells(table, names) != at_first
    head.locator("button").click()
    after = dict(zip(cells(table, names), cells(table, head), strict=True))
    assert len(set(after.values())) < len(after) - 1
    for value in set(after.values()):
        own = [name for name in after if after[name] == value]
        assert own == [name for name in at_first if name in own]


def test_sorting_reads_thousands_and_marks(show):
    """As numbers: 1,234 is more than 567, and a dagger at a number is no part of it."""
    tab = show("pages/networks.html")
    heads = tab.locator("thead th.number")
    table = tab.locator("table", has=heads.first).first
    tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    column = table.locator("thead th.number").first
    rows = table.locator("tbody tr")
    tab.evaluate(
        """place => {
             const values = ['567', '1,234†', '98', '12,000', '1,234,567'];
             [...document.querySelectorAll('table')][0].tBodies[0].querySelectorAll('tr').forEach((row, at) => {
               const cell = row.cells[place];
               if (at < 5) { cell.className = 'number'; delete cell.dataset.sort; cell.textContent = values[at]; }
               else { cell.className = 'none'; cell.textContent = 'not counted'; }
             });
           }""",
        column.evaluate("head => [...head.parentElement.cells].slice(0, head.cellIndex).reduce((n, c) => n + c.colSpan, 0)"),
    )
    assert rows.count() > 5
    assert_sorted(table, column)
    assert [number(each) for each in cells(table, column) if each] == [98, 567, 1234, 12000, 1234567]


def test_sorting_by_keyboard(show):
    tab = show("pages/protocols/synthetic-8.html")
    table = table_of(tab, "synthetic-8-results")
    head = head_of(table, "accuracy")
    head.locator("button").focus()
    tab.keyboard.press("Enter")
    first = [number(each) for each in cells(table, head) if each]
    tab.keyboard.press("Space")
    second = [number(each) for each in cells(table, head) if each]
    assert first == sorted(first, reverse=True) and second == first[::-1]
    assert head.get_attribute("aria-sort") == "ascending"


def test_a_number_opens_its_run(show):
    tab = show("pages/protocols/synthetic-8.html")
    table = table_of(tab, "synthetic-8-results")
    table.locator("a[href='../runs/synthetic-8/other_net-plain-seed0.html']").first.click()
    assert "seed 0" in tab.locator("h1").inner_text() and tab.locator("pre").first.is_visible()


def test_a_link_opens_what_it_leads_into(show):
    """A part that is closed at first, and a place in another page."""
    tab = show("pages/methods.html")
    tab.evaluate("document.querySelector('details').insertAdjacentHTML('beforeend', '<p id=inside>here</p>')")
    tab.evaluate("location.hash = '#inside'")
    tab.wait_for_function("document.querySelector('details').open")
    tab = show("costs.html")
    tab.locator("a[href='pages/models/net-fixed-working-plain.html#synthetic-8']").first.click()
    assert tab.url.endswith("#synthetic-8") and tab.locator("#synthetic-8").is_visible()


# ---------------------------------------------------------------- leaderboards


def rows_of(tab) -> list[str]:
    """The entries of the shown rows, in their order: protocol, kind, entry."""
    return tab.locator(".board tbody tr:visible").evaluate_all(
        "rows => rows.map(row => [row.dataset.protocol, row.dataset.kind, row.dataset.q, row.dataset.view].join(' | '))"
    )


def columns_of(tab) -> list[list[str]]:
    return tab.locator(".board:visible table:visible").evaluate_all(
        """tables => tables.map(table => [...table.tHead.rows[0].cells].filter(head => !head.hidden)
          .map(head => head.dataset.key))"""
    )


@pytest.fixture
def board(show, whole):
    """A function (place) -> the tab with the leaderboards, and the rows of leaderboard.json in the form of `rows_of`."""
    boards = json.loads((whole / "leaderboard.json").read_text())["boards"]

    def rows(fits):
        found = [(board, row) for board in boards for row in board["rows"] if fits(board, row)]
        return sorted(f"{b['name']} | {r['kind']} | {r['entry'].lower()} | {r['view'] or ''}" for b, r in found)

    return (lambda place="": show("pages/leaderboards.html", place)), rows


def without_tta(board, row):
    return row["view"] in ("none", None)


FILTERS = {
    "kind": ("tested here", lambda b, r: without_tta(b, r) and r["kind"] == "tested here"),
    "data": ("fer2013", lambda b, r: without_tta(b, r) and b["data"]["name"] == "fer2013"),
    "protocol": ("mine", lambda b, r: without_tta(b, r) and b["name"] == "mine"),
    "faces": ("drawn faces", lambda b, r: without_tta(b, r) and b["data"]["name"] == "synthetic"),
    "parameters": ("1000000", lambda b, r: without_tta(b, r) and (r["cost"]["parameters"] or 1e99) <= 1e6),
    "trust": ("1", None),
    "view": ("flip", lambda b, r: r["view"] in ("flip", None)),
    "q": ("net fixed", lambda b, r: without_tta(b, r) and "net" in r["entry"] and "fixed" in r["entry"]),
}


def test_at_first_every_row_without_tta_is_shown(board):
    shown, rows = board
    tab = shown()
    assert sorted(rows_of(tab)) == rows(without_tta)
    assert tab.locator("output[form=filters]").inner_text().startswith(f"{len(rows(without_tta))} of ")


def choose(tab, name, value):
    field = tab.locator(f"#filters [name={name}]")
    field.fill(value) if name == "q" else field.select_option(value)


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_shows_the_rows_that_leaderboard_json_says(board, name):
    from benchmark.records.trust import LEVELS

    shown, rows = board
    tab, (value, fits) = shown(), FILTERS[name]
    if name == "kind":
        value = tab.locator("[name=kind] option").nth(1).get_attribute("value")
        fits = lambda b, r: without_tta(b, r) and r["kind"] == value  # noqa: E731
    if name == "trust":
        fits = lambda b, r: without_tta(b, r) and r["trust"] in LEVELS[:2]  # noqa: E731
    choose(tab, name, value)
    wanted = rows(fits)
    assert sorted(rows_of(tab)) == wanted
    if name != "trust":
        assert 0 < len(wanted) < len(rows(lambda b, r: True))
    assert tab.locator(".board:visible").count() == len({each.split(" | ")[0] for each in wanted})
    tab.locator("#filters button[type=reset]").click()
    tab.wait_for_function("location.hash === ''")
    assert sorted(rows_of(tab)) == rows(without_tta)


SORTED = "heads => heads.map(head => [head.dataset.key, head.ariaSort]).filter(pair => pair[1] !== 'none')"


def test_the_link_keeps_the_choice(board, browser):
    """Opened in another tab: the same rows in the same order, the same columns."""
    shown, rows = board
    tab = shown()
    at_first, all_columns = rows_of(tab), columns_of(tab)
    choose(tab, "faces", "drawn faces")
    choose(tab, "view", "")
    choose(tab, "q", "net")
    chosen, columns = rows_of(tab), columns_of(tab)
    tab.locator("#filters details").evaluate("part => part.open = true")
    tab.locator("#filters [name=column]:checked").first.uncheck()
    tab.locator("#filters [name=column]:not(:checked)").last.check()
    assert columns_of(tab) != columns
    heads = tab.locator(".board:visible th[data-key=parameters]")
    assert heads.count() > 1
    for key in ("n", "value", "value"):  # what was sorted by before leaves no trace
        tab.locator(f".board:visible th[data-key={key}] button").first.click()
    order = tab.locator(".board:visible thead th").evaluate_all(SORTED)
    assert order and {tuple(pair) for pair in order} == {("value", "ascending")}  # of every board that has the column
    assert rows_of(tab) != chosen and sorted(rows_of(tab)) == sorted(chosen)
    other = browser.new_page()
    other.goto(tab.locator(".permalink").evaluate("link => link.href"))
    assert rows_of(other) == rows_of(tab) and columns_of(other) == columns_of(tab)
    assert other.locator(".board:visible thead th").evaluate_all(SORTED) == order and other.url == tab.url
    other.close()
    tab.locator("#filters button[type=reset]").click()
    tab.wait_for_function("!location.hash")
    assert rows_of(tab) == at_first and columns_of(tab) == all_columns
    assert tab.locator(".board thead th").evaluate_all(SORTED) == []


def test_an_address_that_no_field_knows_shows_the_usual_rows(board):
    shown, rows = board
    tab = shown("#kind=nonsense&sort=x,y&without=&q=")
    assert sorted(rows_of(tab)) == rows(without_tta) and tab.complaints == []


@pytest.mark.parametrize("place", ["#%", "#100%", "#q=100%", "#%E0%A4%A"])
def test_an_address_that_is_wrongly_written_stops_no_script(show, place):
    tab = show("pages/leaderboards.html", place)
    assert " rows" in tab.inner_text("output[form=filters]") and tab.complaints == []


def test_an_address_of_a_place_or_of_no_order_stays_as_it_is_or_goes(show):
    tab = show("pages/leaderboards.html", "#board-synthetic-8")
    assert tab.evaluate("location.hash") == "#board-synthetic-8"
    usual = tab.inner_text("output[form=filters]")
    for place in ("#sort=x,ascending", "#sort=value,up", "#sort=value,ascending,more", "#sort=%22%5D,descending"):
        assert show("pages/leaderboards.html", place).evaluate("location.hash") == ""
    tab = show("pages/leaderboards.html", "#protocol=synthetic-8&sort=value,ascending")
    assert tab.inner_text("output[form=filters]") != usual and "sort=" in tab.evaluate("location.hash")
    tab.evaluate("location.hash = ''")
    tab.wait_for_function("words => document.querySelector('output[form=filters]').textContent === words", arg=usual)


def test_the_list_of_models_is_searched_by_words(show):
    tab = show("pages/models.html")
    every = tab.locator("tbody tr:visible").count()
    tab.locator("form[data-filter] input").fill("fixed working")
    assert tab.locator("tbody tr:visible").count() == 1
    assert tab.locator("form[data-filter] output").inner_text() == f"1 of {every}"


def test_on_a_phone_a_link_to_a_choice_shows_its_rows_before_the_fields(show, tab):
    """What was chosen stands above the rows; the fields are folded away and can be opened."""
    show("pages/leaderboards.html")
    tab.set_viewport_size(PHONE)
    show_at = tab.url.partition("#")[0] + "#q=theirs"
    tab.goto("about:blank")
    tab.goto(show_at)
    assert not tab.locator("#filters").is_visible()
    line, row = tab.locator("output[form=filters]"), tab.locator(".board tbody tr:visible").first
    assert "Search: theirs" in line.inner_text() and "theirs" in row.inner_text()
    assert line.bounding_box()["y"] < row.bounding_box()["y"] < 1.5 * PHONE["height"]
    tab.locator(".filter-box > summary").click()
    assert tab.locator("#filters [name=q]").input_value() == "theirs"
