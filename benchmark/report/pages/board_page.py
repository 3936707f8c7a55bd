"""The page of leaderboards: every row of leaderboard.json, with search, filters, sorting and a choice of columns.

Also which board is that of the first page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from benchmark.files import Json
from benchmark.records.trust import LEVELS
from benchmark.report.boards import KINDS, RUN
from benchmark.report.cell_words import KIND_ORDER, data_kind, kind_rank
from benchmark.report.chapters.leaderboard import BLOCKS
from benchmark.report.pages.findings import of_section
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.pages.webtable import Block
from benchmark.report.tables import Table

PLAIN_VIEW = "none"  # the view that the page shows at first: without test-time augmentation
LIMITS = {  # of the filters by cost: value in the address -> words
    "parameters": {"200000": "200 thousand", "1000000": "1 million", "5000000": "5 million", "25000000": "25 million"},
    "macs": {"20000000": "20 million", "200000000": "200 million", "1000000000": "1 billion", "5000000000": "5 billion"},
}
TRUST = {level: str(at) for at, level in enumerate(LEVELS)}  # the lower, the more is known
HIDDEN = ("where", "extra", "kind", "selection", "source")  # columns that are hidden at first: long texts

Board = Mapping[str, Json]  # of leaderboard.json
# What the page calls a kind of entry. A run of this suite may have been made elsewhere and imported; its trust says so.
KIND_WORDS = {kind: kind for kind in KINDS} | {RUN: "trained by this suite"}


@dataclass(frozen=True)
class Shown:
    """A board as the page shows it.

    Attributes:
        board: of leaderboard.json.
        table: the same, as the chapter makes it.
        kind: of its faces, one of `KIND_ORDER`.
        blocks: (kind of entry, block, the rows of leaderboard.json behind the block's rows).
    """

    board: Board
    table: Table
    kind: str
    blocks: Sequence[tuple[str, Block, Sequence[Mapping[str, Json]]]]


def board_page(site: Site) -> Iterator[Leaf]:
    """The page: protocols of the suite first, then photographs before other faces, then those with more entries of this
    suite."""
    boards = shown_boards(site)
    rows = [row for each in boards for _, _, own in each.blocks for row in own]
    yield site.leaf(
        "leaderboards.html.j2",
        BAR["Leaderboards"],
        "Leaderboards",
        "Leaderboards",
        f"{len(rows)} rows under {len(boards)} protocols: search, filter, sort",
        search=" ".join(row["entry"] for row in rows),
        boards=boards,
        top=_top(site, boards),
        kinds=KIND_WORDS,
        limits=LIMITS,
        levels=LEVELS,
        trust=TRUST,
        plain=PLAIN_VIEW,
        columns=_columns(boards),
        hidden=HIDDEN,
        protocols=sorted({each.board["name"] for each in boards}),
        data=sorted({each.board["data"]["name"] for each in boards}),
        faces=[kind for kind in KIND_ORDER if any(each.kind == kind for each in boards)],
        own_pages={section.comparison.slug for section in site.contents.sections},
        row_data=row_data,
        views=sorted({row["view"] for row in rows if row["view"]}),
    )


def shown_boards(site: Site) -> list[Shown]:
    """Every board with its table, in the order of the page."""
    chapter = next(c for c in site.contents.chapters if c.name == "leaderboard")
    found = []
    for board, table in zip(site.material.leaderboard["boards"], chapter.tables, strict=True):
        blocks = [
            (kind := board["rows"][block.places[0]]["kind"], _plain(block, kind), [board["rows"][at] for at in block.places])
            for block in site.blocks(table)
        ]
        found.append(Shown(board, table, data_kind(board["data"]["name"]), blocks))
    return sorted(found, key=_order)


def _plain(block: Block, kind: str) -> Block:
    """The block with keys and titles that do not name its kind of entry: the heading above it does."""
    columns = []
    for column in block.columns:
        key = column.key.removeprefix(f"{BLOCKS[kind]}_")
        columns.append(column._replace(key=key, title=column.title.rpartition(": ")[2] if key == "value" else column.title))
    return replace(block, columns=columns)


def _top(site: Site, boards: Sequence[Shown]) -> str:
    """The highest result under the protocol of the first page, as a sentence; "" without one."""
    own = chief([each.board for each in boards])
    section = next((s for s in site.contents.sections if own and s.comparison.slug == own["name"]), None)
    found = of_section(section, site.words, site.material.judged) if section else []
    return f"{own['name']}: {found[0]}" if own and found else ""


def row_data(shown: Shown, rows: Sequence[Mapping[str, Json]]) -> list[Markup]:
    """The attributes of each row that the filters of the page read."""
    found = []
    for row in rows:
        cost = {key: "" if row["cost"][key] is None else row["cost"][key] for key in ("parameters", "macs")}
        said = {"protocol": shown.board["name"], "faces": shown.kind, "data": shown.board["data"]["name"]}
        said |= {
            "kind": row["kind"],
            "view": row["view"] or "",
            "trust": TRUST.get(row["trust"], ""),
            "q": row["entry"].lower(),
        }
        found.append(Markup("").join(Markup(' data-{}="{}"').format(key, value) for key, value in (said | cost).items()))
    return found


def chief(boards: Sequence[Board]) -> Board | None:
    """The board of the first page: that on photographs, under a protocol of the suite, with the most entries of this suite.
    None without any."""
    own = [each for each in boards if each["protocol"]["of_the_suite"] and not kind_rank(each["data"]["name"])]
    return max((each for each in own if own_rows(each)), key=lambda each: len(own_rows(each)), default=None)


def own_rows(board: Board) -> list[Mapping[str, Json]]:
    """The rows of a board that this suite trained, without test-time augmentation, in the order of their ranks."""
    return [row for row in board["rows"] if row["kind"] == RUN and row["view"] in (PLAIN_VIEW, None)]


def _order(shown: Shown) -> tuple:
    board = shown.board
    own = not board["protocol"]["of_the_suite"]
    return (own, kind_rank(board["data"]["name"]), -len(own_rows(board)), board["name"])


def _columns(boards: Sequence[Shown]) -> dict[str, str]:
    """Key of a column -> its title, for the columns that may be hidden."""
    found: dict[str, str] = {}
    for column in (column for each in boards for _, block, _ in each.blocks for column in block.columns):
        if column.key not in ("cell", "value", "protocol", "version"):
            found.setdefault(column.key, column.title)
    return found
