"""reports/index.html in headless Chromium; skipped where there is no browser."""

import shutil

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
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


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
        yield context
        context.close()


@pytest.fixture
def page(browser, built):
    """The page, opened, with what it asked for (`asked`) and what it complained of (`complaints`)."""
    page = browser.new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.set_viewport_size(WIDE)
    page.goto((built / "index.html").as_uri())
    yield page
    page.close()


def first_block(page, table: str):
    return page.locator(f"#{table} table").first


def shown(table, number: int) -> list[str]:
    return table.evaluate(
        "(table, number) => [...table.tBodies[0].rows].map(row => row.cells[number].dataset.sort ?? '')", number
    )


def test_no_complaint_and_nothing_from_outside(page, built):
    page.emulate_media(color_scheme="dark")
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith("data:")] == [(built / "index.html").as_uri()]


def test_sorting_by_click_puts_missing_values_last(page):
    table = first_block(page, "table-synthetic-8-results")
    head = table.locator("thead th").nth(2)
    before = shown(table, 2)
    assert "" in before and head.get_attribute("aria-sort") == "none"
    numbers = sorted(float(value) for value in before if value)
    for direction, wanted in (("descending", numbers[::-1]), ("ascending", numbers), ("descending", numbers[::-1])):
        head.locator("button").click()
        after = shown(table, 2)
        assert head.get_attribute("aria-sort") == direction
        assert [float(value) for value in after if value] == wanted
        assert after[: len(wanted)] == [value for value in after if value]  # the missing ones behind
    table.locator("thead th").first.locator("button").click()
    assert head.get_attribute("aria-sort") == "none"
    names = shown(table, 0)
    assert names == sorted(names, key=str.lower) and len(names) == len(before)


def test_sorting_by_keyboard(page):
    table = first_block(page, "table-synthetic-8-results")
    head = table.locator("thead th").nth(2)
    head.locator("button").focus()
    page.keyboard.press("Enter")
    first = shown(table, 2)
    page.keyboard.press("Space")
    second = shown(table, 2)
    values = [float(v) for v in first if v]
    assert values == sorted(values, reverse=True) and [float(v) for v in second if v] == values[::-1]
    assert head.get_attribute("aria-sort") == "ascending"


def test_tab_reaches_the_skip_link_and_it_is_seen_then(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_number_opens_its_run(page):
    target = page.locator("a[href='#run-synthetic-8-other_net-plain-seed0']").first
    run = page.locator("#run-synthetic-8-other_net-plain-seed0")
    assert not run.evaluate("run => run.open")
    target.click()
    page.wait_for_function("document.querySelector('#run-synthetic-8-other_net-plain-seed0').open")
    assert run.locator("pre").is_visible()


def test_a_claim_opens_by_its_address(browser, built):
    page = browser.new_page()
    page.goto((built / "index.html").as_uri() + "#claim-flops")
    assert page.locator("#claim-flops .evidence").is_visible()
    assert not page.locator("#claim-params .evidence").is_visible()
    page.close()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "opened"])
def test_nothing_is_wider_than_the_window(page, size, opened):
    page.set_viewport_size(size)
    if opened:
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    wide = page.evaluate(
        """() => [...document.querySelectorAll('main *, header *, footer *')].filter(part => {
             if (part.closest('.scroll, pre, svg, caption') && !part.matches('.scroll, pre')) return false;
             const box = part.getBoundingClientRect();
             return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
           }).map(part => part.tagName + '.' + part.className + ' ' + part.textContent.slice(0, 40))"""
    )
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(page, scheme):
    """WCAG's contrast of the text colours that the style sheet sets: 4.5 to 1."""
    page.emulate_media(color_scheme=scheme)
    value = lambda name: page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{name}').trim()")  # noqa: E731
    for ink in ("ink", "muted", "link"):
        for ground in ("paper", "card"):
            assert contrast(value(ink), value(ground)) >= 4.5, (ink, ground)
    for kind in ("good", "bad", "open", "flat", "shut"):
        assert contrast(value(kind), value(f"{kind}-ground")) >= 4.5, kind


def contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_print_opens_everything_and_closes_it_again(page):
    closed = page.locator("details:not([open])").count()
    assert closed > 20
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert not page.locator("nav").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed


def test_all_but_sorting_works_without_scripts(browser, built):
    page = browser.new_page()
    session = browser.new_cdp_session(page)
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto((built / "index.html").as_uri())
    page.locator("#claim-flops summary").click()
    assert page.locator("#claim-flops .evidence").is_visible()
    page.close()


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desk", "phone"])
def test_the_page_of_costs_fits_and_its_numbers_open_runs_on_the_other_page(browser, built, size):
    page, complaints, asked = browser.new_page(), [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size(size)
    page.goto((built / "costs.html").as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [(built / "costs.html").as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.locator("a[href='index.html#run-synthetic-8-other_net-plain-seed0']").first.click()
    page.wait_for_function("document.querySelector('#run-synthetic-8-other_net-plain-seed0')?.open")
    assert complaints == []
    page.close()
