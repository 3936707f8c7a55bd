"""Compares what stands on the old page beside its tables with the new pages, each by its place: claims, runs, models,
protocols, data sets, and every other text with a number."""

import re
from collections.abc import Iterator, Sequence

from tests.benchmark.report.pages.comparing_tables import Names, Report, numbers, same_grid
from tests.benchmark.report.pages.reading_pages import Grid, Node, by_id, grids, old_place

Pages = dict[str, Node]


def words_of_cells(pages: Pages) -> Names:
    """Cell in words -> its name, from the pages of the models: heading -> name of the file."""
    found = {}
    for address, page in pages.items():
        if match := re.fullmatch(r"pages/models/(.+)\.html", address):
            heading = page.first("h1")
            found[heading.text() if heading else ""] = match[1]
    return found


def facts(node: Node) -> dict[str, str]:
    """Term -> description of the lists of facts below an element."""
    found: dict[str, str] = {}
    for listing in node.all("dl"):
        term = ""
        for child in listing.walk():
            if child.tag == "dt":
                term = child.text()
            elif child.tag == "dd":
                found.setdefault(term, child.text())
    return found


def _facts_stand(where: str, old: dict[str, str], new: dict[str, str], report: Report) -> None:
    for term, text in old.items():
        report.same(f"{where}, {term}", text, new.get(term))


def chip_of(node: Node | None) -> str:
    """The verdict of a chip, without its sign."""
    chip = node.first("span", "chip") if node else None
    return "".join(child for child in chip.children if isinstance(child, str)).strip() if chip else ""


def same_claims(old: Node, pages: Pages, report: Report) -> None:
    """Every claim's line and evidence against its own page."""
    for line in old.all("li"):
        name = line.attributes.get("id", "").removeprefix("claim-")
        if not line.attributes.get("id", "").startswith("claim-"):
            continue
        where, page = f"claim {name}", pages.get(f"pages/claims/{name}.html")
        if page is None:
            report.differs(where, "there", "no page")
            continue
        report.counts["claims"] += 1
        _same_line(where, line, page, report)
        evidence = line.first("div", "evidence")
        main = page.first("main")
        if evidence is None or main is None:
            report.differs(where, "evidence", "none")
            continue
        _same_tests(where, evidence.all("div", "test"), main.all("section", "test"), report)
        _same_rest(where, evidence, main, report)


def _same_line(where: str, line: Node, page: Node, report: Report) -> None:
    summary, verdict_line = line.first("summary"), page.first("p", "verdict-line")
    if summary is None or verdict_line is None:
        report.differs(where, "a line", "none")
        return
    report.same(f"{where}, verdict", chip_of(summary), chip_of(verdict_line))
    claimed = summary.first("span", "claimed")
    value = claimed.text().removeprefix(claimed.children[0].text()).strip() if claimed else ""  # type: ignore[union-attr]
    pair = page.first("dl", "pair")
    if pair is None and value.startswith("qualitative"):
        report.accept("a claim without a number: 'qualitative' is not said", f"{where}: {value}")
    else:
        report.same(f"{where}, claimed", value, next((d.text() for d in pair.all("dd")), "") if pair else None)
    found = [each.text() for each in summary.all("span", "found")]
    told = [
        each.text() for each in verdict_line.all("span") if not each.has("chip") and "aria-hidden" not in each.attributes
    ]
    tests = [" ".join(each.text().split()) for each in page.all("section", "test")]
    deciding = " ".join(each.text(("chip",)) for each in next(iter(page.all("section", "test")), page).all("p"))
    parts = re.split(r"; (?=[\w+-]+(?: BatchNorm|, categorical|, dimensional): )", found[0]) if found else []
    if not told and all(_told(part, " ".join(deciding.split())) for part in parts):
        report.counts["texts"] += 1
        report.accept("found said in few words at the top, whole in the deciding test", where)
    else:
        report.same(f"{where}, found", f"{found[0]}." if found else "", told[0] if told else None)
    for each in found[1:]:  # "Scaled down (size): verdict, detail": a test of the page has all of it
        size, _, verdict = each.removeprefix("Scaled down").strip().partition("): ")
        parts = [size.removeprefix("("), *re.split(", |: ", verdict, maxsplit=1)]
        if any(all(part.strip(".") in test for part in parts) for test in tests):
            report.counts["texts"] += 1
            report.counts["numbers"] += len(numbers(each))
        else:
            report.differs(f"{where}, scaled down", each, tests)
    sentence, heading = summary.first("strong"), page.first("h1")
    before, after = sentence.text() if sentence else "", heading.text() if heading else ""
    if after.removesuffix(f": {value}") == before:
        report.counts["texts"] += 1
    elif set(numbers(before)) <= set(numbers(after)):
        report.accept("sentence of a claim said otherwise", f"{where}: {before!r} as {after!r}")
    else:
        report.differs(f"{where}, sentence", before, after)


def _told(part: str, deciding: str) -> bool:
    """Whether the deciding test says what was found, under a condition if it is named; its verdict is a chip."""
    name, _, rest = part.rpartition(": ") if part in deciding else part.partition(": ")
    return part in deciding or (f"{name}:" in deciding and rest.removeprefix("not testable here, ") in deciding)


def _same_tests(where: str, old: Sequence[Node], new: Sequence[Node], report: Report) -> None:
    if len(old) != len(new):
        report.differs(f"{where}, tests", len(old), len(new))
    for at, (one, other) in enumerate(zip(old, new, strict=False), 1):
        place = f"{where}, test {at}"
        report.counts["tests"] += 1
        head = one.first("p")
        role = head.first("b") if head else None
        heading = other.first("h3")
        if head is None or role is None or heading is None:
            report.differs(place, "a heading", "none")
            continue
        report.same(f"{place}, role", role.text().removesuffix(":"), heading.text(("chip",)))
        report.same(f"{place}, verdict", chip_of(head), chip_of(heading))
        detail = head.text(("chip",)).removeprefix(role.text()).strip()
        runs = [each for each in one.all("p", "small") if each.text().startswith("Runs:")]
        ours = [detail] + [each.text() for each in one.all("p") if each is not head and each not in runs]
        ours += [each.text() for each in one.all("pre")]
        theirs = [each.text() for each in other.all("p")] + [each.text() for each in other.all("pre")]
        for was, now in zip((ours := list(filter(None, ours))), [*theirs, *[None] * len(ours)], strict=False):
            report.same(place, was, now)
        if len(theirs) > len(ours):
            report.differs(place, "nothing more", theirs[len(ours) :])
        before = [a.attributes["href"] for each in runs for a in each.all("a")]
        after = [old_place(a.attributes["href"]) for each in other.all("ul", "runs") for a in each.all("a")]
        report.counts["runs of claims"] += len(before)
        if before != after:
            report.differs(f"{place}, runs", before, after)
        said = other.first("summary")
        if before and (said is None or numbers(said.text()) != [str(len(before))]):
            report.differs(f"{place}, number of runs", len(before), said.text() if said else None)


def _same_rest(where: str, evidence: Node, main: Node, report: Report) -> None:
    """The source, the note, and what was published: in the paragraphs of the page."""
    theirs = " ".join(each.text() for each in [*main.all("p"), *main.all("blockquote"), *main.all("li")])
    tests = evidence.all("div", "test")
    for each in [*evidence.all("p"), *evidence.all("blockquote"), *evidence.all("li")]:
        if any(each is test or each.inside(test) for test in tests):
            continue
        text = each.text()
        if text.startswith("Source."):
            source, _, rest = text.removeprefix("Source. ").partition(" What would test it. ")
            paper, _, mark = source.rpartition(" (")
            pieces = [paper, mark.removesuffix(")."), f"What would test it: {rest}"]
        else:
            pieces = [text.removeprefix("What others published: ")]
        for piece in pieces:
            report.same(f"{where}, evidence", piece, piece if piece in theirs else theirs)


def same_runs(old: Node, pages: Pages, report: Report) -> None:
    """Every run's score, command, facts and history against its own page; every cell's line against the model's page."""
    theirs = {}
    for address in pages:
        if match := re.fullmatch(r"pages/runs/([^/]+)/(.+)\.html", address):
            theirs[f"run-{match[1]}-{match[2]}"] = address
    runs = old.all("details", "run")
    for run in runs:
        name = run.attributes["id"]
        if name not in theirs:
            report.differs(name, "there", "no page")
            continue
        report.counts["runs"] += 1
        page = pages[theirs[name]]
        lead, score = page.first("p", "lead"), run.first("span", "score")
        reached = lead.first("b") if lead else None
        report.same(f"{name}, score", score.text() if score else "", reached.text() if reached else None)
        command, now = run.first("pre"), page.first("pre")
        report.same(f"{name}, command", command.text() if command else "", now.text() if now else None)
        _facts_stand(name, facts(run), facts(page), report)
        before, after = grids(run), grids(page)
        if len(before) != len(after):
            report.differs(f"{name}, histories", len(before), len(after))
        for one, other in zip(before, after, strict=False):
            report.counts["rows of histories"] += len(one.rows)
            _same_caption(f"{name}, caption", one.caption, other.caption, report)
            same_grid(f"{name}, history", one, other, _selected(run, one), (), report, key=True)
    if gone := set(theirs) - {run.attributes["id"] for run in runs}:
        report.differs("runs", "none of this name", sorted(gone))
    _same_models(old, pages, report)


def _same_caption(where: str, old: str, new: str, report: Report) -> None:
    """Equal but for the cell, whose words may be joined by dots."""
    if new.replace(" \N{MIDDLE DOT} ", "-") != old:
        report.accept("caption of a history with a cell in other words", f"{where}: {new}")
        report.same(where, str(numbers(old)[-2:]), str(numbers(new)[-2:]))


def _selected(run: Node, history: Grid) -> Names:
    """How the new page writes the selected epoch, which the old one only colours."""
    lines = run.all("tr", "selected")
    epochs = [each.text() for line in lines for each in line.all("th")]
    return {
        f"{epoch} (selected)": epoch for epoch in epochs if any(row[history.titles[0]].text == epoch for row in history.rows)
    }


def _same_models(old: Node, pages: Pages, report: Report) -> None:
    sections = {}
    for address, page in pages.items():
        if match := re.fullmatch(r"pages/models/(.+)\.html", address):
            sections |= {f"cell-{slug}-{match[1]}": node for slug, node in by_id(page).items() if node.tag == "section"}
    for cell in old.all("section", "cell"):
        name, line = cell.attributes["id"], cell.first("p", "small")
        has = facts(sections[name]) if name in sections else {}
        report.counts["cells with a record"] += 1
        said = (
            f"Model {has.get('Model')}; {has.get('Trainable parameters')} trainable parameters; "
            f"{has.get('Hashes', '').replace('cell ', 'cell hash ').replace('protocol ', 'protocol hash ')}."
        )
        report.same(name, line.text() if line else "", said)


def same_protocols(old: Node, pages: Pages, report: Report) -> None:
    """The facts of every protocol, and its easiest and hardest faces, against its own page."""
    for section in old.all("section"):
        slug = section.attributes.get("id", "")
        details = section.first("details", "more")
        if slug.startswith("protocol-") and details is not None:
            page = pages.get(f"pages/protocols/{slug.removeprefix('protocol-')}.html")
            whole = by_id(page).get("protocol") if page else None
            report.counts["protocols"] += 1
            _facts_stand(slug, facts(details), facts(whole) if whole else {}, report)
            before, after = (_faces(each) for each in (section, page))
            report.counts["faces with a score"] += len(before)
            if before != after:
                lost = [each for each in before if each not in after]
                report.differs(
                    f"{slug}, faces", lost or before, [each for each in after if each not in before] or "another order"
                )


def _faces(node: Node | None) -> list[tuple[str, ...]]:
    """Class of the row, score and answer of every face that is shown."""
    found = []
    for line in node.all("tr") if node else []:
        heading = line.first("th")
        shown = line.all("span", "face")
        found += [
            (heading.text() if heading else "", each.attributes["aria-label"], each.attributes["title"]) for each in shown
        ]
    return found


def same_data(old: Node, pages: Pages, report: Report) -> None:
    """Fingerprint, flags, findings and counts of every data set."""
    section = by_id(old).get("data")
    theirs = by_id(pages["pages/data.html"]) if "pages/data.html" in pages else {}
    for title, nodes in _under_headings(section) if section else ():
        name = title.split()[0]
        new = theirs.get(f"data-{name}")
        if new is None:
            report.differs(f"data set {name}", "there", "no section")
            continue
        report.counts["data sets"] += 1
        heading = new.first("h2")
        report.same(f"data set {name}", title, heading.text() if heading else None)
        said = " ".join(each.text() for each in [*new.all("p"), *new.all("li")])
        for node in nodes:
            own = [node] if node.tag in ("p", "li") else [*node.all("p"), *node.all("li")]
            for sentence in (part for each in own for part in re.split(r"(?<=\.) (?=[A-Z])", each.text())):
                report.same(f"data set {name}", sentence, sentence if sentence in said else said)
        tables = [grid for node in nodes for grid in grids(node)]
        for one, other in zip(tables, [*grids(new), *[None] * len(tables)], strict=False):
            if other is None:
                report.differs(f"data set {name}, counts", one.caption, "no table")
            else:
                same_grid(f"data set {name}, counts", one, other, {}, (), report, key=True)


def _under_headings(section: Node) -> Iterator[tuple[str, list[Node]]]:
    title, nodes = "", []
    for child in section.children:
        if isinstance(child, Node) and child.tag == "h3":
            if title:
                yield title, nodes
            title, nodes = child.text(), []
        elif isinstance(child, Node):
            nodes.append(child)
    if title:
        yield title, nodes
