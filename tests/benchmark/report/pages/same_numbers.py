"""Whether every number of an old report stands unchanged in a new one, each in its place. No test: it prints.

python -m tests.benchmark.report.pages.same_numbers OLD NEW

OLD: a folder with index.html and costs.html as single pages; NEW: a folder with the pages of a site.
"""

import sys
from pathlib import Path

from tests.benchmark.report.pages.comparing_back import audit_of_the_release, new_tables, same_sentences
from tests.benchmark.report.pages.comparing_files import (
    boards_in,
    same_leaderboard,
    same_markdown,
    same_tables,
    tables_in,
    true_confusion,
)
from tests.benchmark.report.pages.comparing_models import same_models
from tests.benchmark.report.pages.comparing_pages import (
    same_claims,
    same_data,
    same_protocols,
    same_runs,
    words_of_cells,
)
from tests.benchmark.report.pages.comparing_repeats import same_lists
from tests.benchmark.report.pages.comparing_rest import same_captions, same_findings, same_headline, same_rest
from tests.benchmark.report.pages.comparing_tables import Report, same_table
from tests.benchmark.report.pages.following_links import links_lead
from tests.benchmark.report.pages.reading_pages import by_id, pages_in, parse

OLD_PAGES = ("index.html", "costs.html")
SHOWN = 3  # places of every exception that are printed
RECOMPUTED = 3  # tables of confusion that are computed again from the predictions


def compare(old: Path, new: Path) -> Report:
    """Compare two folders of reports."""
    report = Report()
    before = {name: parse((old / name).read_text("utf-8")) for name in OLD_PAGES if (old / name).exists()}
    pages, tables = pages_in(new), tables_in(new)
    names = words_of_cells(pages)
    places: dict[str, list] = {}
    for address, page in pages.items():
        for name, node in by_id(page).items():
            places.setdefault(name.replace("board-", "table-leaderboard-", 1), []).append((address, node))
    for page in before.values():
        for section in page.all("section", "table"):
            name = section.attributes["id"]
            if name not in places:
                report.differs(name, "there", "on no page")
            for address, node in places.get(name, []):
                rows = tables.get(name.removeprefix("table-"), [])
                same_table(f"{name} on {address}", section, node, names, rows, report)
        same_claims(page, pages, report)
        if page.all("details", "run"):
            same_runs(page, pages, report)
        same_protocols(page, pages, report)
        same_data(page, pages, report)
        same_captions(page, pages, tables, report)
        same_rest(page, pages, report)
    same_tables(tables_in(old), tables, report)
    same_markdown(old, new, report)
    for figure in ("headline.svg", "headline-narrow.svg"):
        same_headline(tables, new / "figures" / figure, report)
    same_findings(pages, report)
    same_models(pages, names, boards_in(new), report)
    same_lists(pages, names, report)
    same_leaderboard(old, new, report)
    links_lead(pages, new, report)
    known = {each.attributes["id"] for page in before.values() for each in page.all("section", "table")}
    new_tables(pages, known, tables, names, report)
    audit_of_the_release(old, pages, report)
    same_sentences(list(before.values()), pages, report)
    confusion = [name for name in sorted(tables) if name.endswith("-confusion")]
    for name in confusion[:RECOMPUTED]:
        true_confusion(name, tables[name], new / "records", report)
    return report


def told(report: Report) -> str:
    """What a comparison found, for a person."""
    lines = [f"DIFFERS {each}" for each in report.deviations]
    lines += [f"{count:,} {what}" for what, count in report.counts.items()]
    for reason, places in report.accepted.items():
        lines += [f"accepted: {reason}: {len(places)}", *(f"    {place}" for place in places[:SHOWN])]
    lines.append(f"{len(report.deviations)} deviations")
    return "\n".join(lines)


def main(old: Path, new: Path) -> int:
    """Exit status: 1 if anything differs."""
    report = compare(old, new)
    sys.stdout.write(told(report) + "\n")
    return 1 if report.deviations else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
