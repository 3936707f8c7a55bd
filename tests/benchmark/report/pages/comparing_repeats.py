"""Compares what lists of the new pages repeat (first page, lists of claims and of models, facts and runs of a model) with
the page that they lead to. Those pages are compared with the old report elsewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.benchmark.report.pages.comparing_pages import chip_of, facts
from tests.benchmark.report.pages.comparing_tables import Names, Report, counted, numbers
from tests.benchmark.report.pages.reading_pages import Grid, Node, by_id, grids, old_place

DOT = " \N{MIDDLE DOT} "
SCALES = {"k": 1e3, "M": 1e6, "G": 1e9}
Pages = dict[str, Node]


def same_lists(pages: Pages, names: Names, report: Report) -> None:
    """All comparisons of this module."""
    _names_lead(pages, names, report)
    _claims(pages, report)
    _models(pages, names, report)
    _top(pages, names, report)


def _names_lead(pages: Pages, names: Names, report: Report) -> None:
    """A cell in words leads to its own page; a cell and a seed to that run."""
    for address, page in pages.items():
        heading = page.first("h1")
        if match := re.fullmatch(r"pages/runs/[^/]+/(.+)-seed(\d+)\.html", address):
            words, _, seed = heading.text().rpartition(", seed ") if heading else ("", "", "")
            report.same(f"{address}, heading", f"{match[1]}, seed {match[2]}", f"{names.get(words, words)}, seed {seed}")
        for link in page.all("a"):
            place, text = old_place(link.attributes.get("href", "")), link.text()
            words, seed = re.fullmatch(r"(.*?)(?:, seed (\d+))?", text).groups()  # type: ignore[union-attr]
            if DOT in words and words not in names:
                report.differs(f"{address}, name of a cell", "a model", text)
            elif words in names and place.startswith("#"):
                whole = names[words] + (f"-seed{seed}" if seed else "")
                report.counts["names that lead somewhere"] += 1
                if not re.search(rf"-{re.escape(whole)}{'' if seed else r'(-seed0)?'}$", place):  # one run: to it
                    report.differs(f"{address}, link of {text}", whole, place)


def _claims(pages: Pages, report: Report) -> None:
    """Verdict, sentence, claimed and found of the lists, and the numbers of what was found in the evidence."""
    for address, page in pages.items():
        for line in page.all("a"):
            match = re.search(r"claims/([\w-]+)\.html$", line.attributes.get("href", ""))
            what, figures = line.first("span", "what"), line.first("span", "figures")
            if not match or what is None:
                continue
            own = pages[f"pages/claims/{match[1]}.html"]
            heading = own.first("h1")
            claimed, found = _claimed_found(own)
            where = f"{address}, claim {match[1]}"
            report.same(f"{where}, verdict", chip_of(own.first("p", "verdict-line")), chip_of(line))
            own_words = heading.text().removesuffix(f": {claimed}") if heading else ""
            if what.text() != own_words and set(numbers(what.text())) == set(numbers(f"{own_words} {claimed}")):
                report.accept("claimed value in the sentence", f"{where}: {what.text()!r}")
            else:
                report.same(f"{where}, sentence", own_words, what.text())
            shown = figures.text(("who",)).strip() if figures else ""
            if shown not in (found, f"{claimed} {found}"):
                report.differs(f"{where}, claimed and found", f"{claimed} {found}", shown)
    for address, page in pages.items():
        if not address.startswith("pages/claims/"):
            continue
        tests, found = page.all("section", "test"), _claimed_found(page)[1]
        known = [float(each.replace(",", "")) for each in numbers(tests[0].text() if tests else "")]
        for value, scale in re.findall(r"(?<![\w.-])([-+]?\d[\d,]*(?:\.\d+)?) ?([kMG](?=\b|FLOPs|MACs))?", found):
            number = float(value.replace(",", "")) * SCALES.get(scale, 1)
            report.counts["numbers in words of claims"] += 1
            if not any(f"{each:.3g}" == f"{number:.3g}" for each in known):
                report.accept("number of a claim in words that the deciding test has not as such", f"{address}: {found}")


def _claimed_found(page: Node) -> tuple[str, str]:
    """The claimed value, empty for none, and what was found, in few words."""
    pair, line = page.first("dl", "pair"), page.first("p", "verdict-line")
    claimed = pair.all("dd")[0].text() if pair else ""
    short = line.first("b") if line else None
    return claimed, short.text() if short else (pair.all("dd")[1].text() if pair else "")


def _models(pages: Pages, names: Names, report: Report) -> None:
    """Parameters and multiply-adds of a model's page as in the tables of complexity, its runs as on their pages, its
    commands; parameters and numbers of runs in the list of models."""
    networks = [grid for grid in grids(pages["pages/networks.html"]) if "Protocol" in grid.titles and "MACs" in grid.titles]
    listed: dict[str, tuple[str, dict[str, int]]] = {}
    for address, page in pages.items():
        name = Path(address).stem
        if not address.startswith("pages/models/"):
            continue
        lead = page.first("p", "lead")
        if lead and (code := lead.first("code")):
            report.same(f"{address}, name in files", name, code.text())
        many: dict[str, int] = {}
        for slug, section in by_id(page).items():
            has = facts(section)
            if section.tag != "section":
                continue
            if "Trainable parameters" not in has:
                listed.setdefault(name, (has.get("Parameters", ""), {}))
                continue
            for row in (row for grid in networks for row in grid.rows if row["Protocol"].text == slug):
                if names.get(row["Cell"].text, row["Cell"].text) == name:
                    macs, trained = row["MACs"].text, row["Trainable parameters"].text
                    if macs.startswith("not tested"):
                        macs = "not counted"
                    report.same(f"{address}, {slug}, multiply-adds", macs, has.get("Multiply-adds of one picture"))
                    if not trained.startswith("not tested"):
                        report.same(f"{address}, {slug}, parameters", trained, has["Trainable parameters"])
            seeds = list(_runs(address, slug, name, section, pages, report))
            many[slug] = len(seeds)
            command = section.first("pre")
            expected = f"python -m benchmark run {slug} {name} --seeds {' '.join(seeds)}"
            report.same(f"{address}, {slug}, command", expected, command.text() if command else None)
            listed.setdefault(name, (has["Trainable parameters"], many))
    for grid in grids(pages["pages/models.html"]) if "pages/models.html" in pages else []:
        for row in grid.rows:
            _listed(row[grid.titles[0]].text, grid, row, listed, names, report)


def _runs(address: str, slug: str, name: str, section: Node, pages: Pages, report: Report) -> Iterator[str]:
    for grid in grids(section):
        if "Run" not in grid.titles:
            continue
        for row in grid.rows:
            seed = row["Run"].text.removeprefix("seed ")
            yield seed
            page = pages.get(f"pages/runs/{slug}/{name}-seed{seed}.html")
            score = page.first("p", "lead").first("b") if page else None  # type: ignore[union-attr]
            report.same(f"{address}, {slug}, seed {seed}", score.text() if score else "", row["Test"].text)


def _listed(words: str, grid: Grid, row: dict, listed: dict, names: Names, report: Report) -> None:
    where, (parameters, many) = f"list of models, {words}", listed.get(names.get(words, words), ("", {}))
    report.same(f"{where}, parameters", parameters, row["Parameters"].text)
    if "Under, with runs" in row:
        said = dict(re.findall(r"([\w-]+) \((\d+)\)", row["Under, with runs"].text))
        if said != {slug: str(count) for slug, count in many.items()}:
            report.differs(f"{where}, runs", many, said)


def _top(pages: Pages, names: Names, report: Report) -> None:
    """The best entries on the first page are the first rows of that leaderboard without test-time augmentation."""
    for table in pages["index.html"].all("table", "top") if "index.html" in pages else []:
        grid = grids(table.above)[0] if table.above else None
        if grid is None:
            continue
        slug = grid.caption.rpartition(" under ")[2]
        board = by_id(pages["pages/leaderboards.html"])[f"board-{slug}"]
        first = next(each for each in grids(board) if "trained here" in each.caption)
        value = next(title for title in first.titles if first.keys[title].endswith("_value"))
        rows = [row for row in first.rows if row["TTA"].text == "none"]
        for was, row in zip(rows, grid.rows, strict=False):
            rank, entry, own, seeds = (row[title] for title in grid.titles)
            expected = (was["Rank"].text, was["Entry"].text, was[value].text, was[value].aside, counted(was["Seeds"].text))
            found = (rank.text, entry.text, own.text, own.aside, seeds.text)
            report.same(f"first page, {entry.text}", " | ".join(expected), " | ".join(found))
