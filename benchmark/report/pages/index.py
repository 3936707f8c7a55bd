"""index.html: the answer, the picture that shows it, the claims, the chief leaderboard, how to cite; a file by itself."""

from importlib.metadata import version

from benchmark.report.answer import answer
from benchmark.report.chapters.leaderboard import value_entry
from benchmark.report.pages import prose
from benchmark.report.pages.board_page import chief, own_rows
from benchmark.report.pages.claims import by_state
from benchmark.report.pages.findings import shortcut_tables
from benchmark.report.pages.inline import inline
from benchmark.report.pages.linking import papers
from benchmark.report.pages.site import BAR, Leaf, Site
from benchmark.report.parts import RESULTS, Picture

TITLE = "Do bounded shortcuts beat ResNets at reading faces?"
ABOUT = "What the abstracts of BReG-Net and BReG-NeXt claim, each claim with its verdict, and every number with its runs"

TOP = 10  # entries of the leaderboard


def index_page(site: Site) -> Leaf:
    """The first page."""
    material, contents = site.material, site.contents
    board = chief(material.leaderboard["boards"])
    own = own_rows(board) if board else []
    values = [value_entry(row, board["metric"]["name"]).text.partition(" [") for row in own[:TOP]] if board else []
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
        aside=bool(board and prose.without_claim([board["name"]], material.judged)),
        best=own[:TOP],
        many=len(own),
        shown=[(value, bracket.strip() + ends) for value, bracket, ends in values],
        runs=sum(len(own) for c in material.summary.comparisons for own in c.runs.values()),
        outside=len(material.summary.outside),
        protocols=len(material.summary.comparisons),
        papers=papers(),
        version=version("ferbench"),
        newest=material.newest["since"],
        all_boards=BAR["Leaderboards"],
    )


def _inlined(picture: Picture, name: str) -> str:
    return inline(picture.content, name, picture.caption, picture.description)
