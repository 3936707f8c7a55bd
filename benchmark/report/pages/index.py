"""index.html: the answer, the picture that shows it, the claims, the chief leaderboard, how to cite; a file by itself."""

from importlib.metadata import version

from benchmark.report.answer import answer
from benchmark.report.pages import prose
from benchmark.report.pages.board_page import best_rows, chief, shown_boards, value_of
from benchmark.report.pages.claims import PAPERS, by_state
from benchmark.report.pages.findings import shortcut_tables
from benchmark.report.pages.inline import inline
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.parts import RESULTS, Picture

TITLE = "Do bounded shortcuts beat ResNets at reading faces?"
ABOUT = "What the abstracts of BReG-Net and BReG-NeXt claim, each claim with its verdict, and every number with its runs"


def index_page(site: Site) -> Leaf:
    """The first page."""
    material, contents = site.material, site.contents
    board = chief(shown_boards(site))
    top = best_rows(board) if board else []
    return site.leaf(
        "index.html.j2",
        RESULTS.html,
        "The answer",
        TITLE,
        ABOUT,
        answer=answer(material.judged),
        reach=prose.shortcut_sentences(shortcut_tables(contents), material.judged),
        lead=prose.verdict_sentences(material.judged),
        claims=by_state(material.judged),
        headline=contents.headline,
        wide=_inlined(contents.headline, "wide"),
        narrow=_inlined(contents.headline_narrow, "narrow"),
        board=board,
        best=top,
        many=len(best_rows(board, len(board.board["rows"]))) if board else 0,
        shown=[value_of(board.board, row) for row in top] if board else [],
        runs=sum(len(own) for c in material.summary.comparisons for own in c.runs.values()),
        outside=len(material.summary.outside),
        protocols=len(material.summary.comparisons),
        papers=PAPERS,
        version=version("ferbench"),
        newest=material.newest["since"],
        all_boards=BAR["Leaderboards"],
    )


def _inlined(picture: Picture, name: str) -> str:
    return inline(picture.content, name, picture.caption, picture.description)
