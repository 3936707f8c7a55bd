"""The documentation as a site: it builds without a warning, keeps its links, and loads nothing from elsewhere."""

import re
import runpy
import shutil
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT

pytest.importorskip("material", reason="the extra `docs` is not installed")


def build(config, out):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", out], capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", out)
    assert done.returncode == 0, done.stderr
    return out


def test_links_that_leave_docs_are_links_of_the_site_or_text(site):
    front = (site / "index.html").read_text(encoding="utf-8")
    for target in ("quick-start.html", "quick-start.html#4-your-own-model", "reports/index.html", "release-audit.html"):
        assert f'href="{target}"' in front and (site / target.partition("#")[0]).is_file(), target
    assert "ablations/" in front and 'href="ablations' not in front  # a folder of the repository: its address is not known
    assert 'src="reports/figures/headline.svg"' in front and (site / "reports/figures/headline.svg").is_file()
    assert (site / "reports/tables/claims.md").is_file()  # the report's own links


REPORT = {
    "README.md": "index.html", "claims.md": "pages/claims.html", "costs.md": "costs.html",
    "pages/leaderboard.md": "pages/leaderboards.html", "pages/data.md": "pages/data.html",
    "pages/protocols/synthetic-8.md": "pages/protocols/synthetic-8.html", "tables/claims.md": None, "index.html": None,
}  # fmt: skip


@pytest.mark.parametrize(("markdown", "html"), REPORT.items())
def test_a_page_of_the_report_is_shown_as_html(markdown, html):
    hooks = runpy.run_path(str(ROOT / ".ci/site.py"))
    assert hooks["page_of_report"](f"reports/{markdown}") == (html and f"reports/{html}")
    assert hooks["page_of_report"](f"docs/{markdown}") is None
    assert (ROOT / "reports" / (html or markdown)).is_file()


def test_every_markdown_page_of_the_report_has_its_html(site):
    hooks = runpy.run_path(str(ROOT / ".ci/site.py"))
    reports = ROOT / "reports"
    pages = [reports / name for name in ("README.md", "claims.md", "costs.md")] + [*(reports / "pages").rglob("*.md")]
    assert len(pages) > 15
    for path in pages:
        html = hooks["page_of_report"](path.relative_to(ROOT).as_posix())
        assert (site / html).is_file() and (site / path.relative_to(ROOT)).is_file(), path


def test_links_to_the_report_lead_to_its_html_pages(site):
    """From every page of the docs: no link to a Markdown page of the report but by the report's own pages, and each place
    exists."""
    followed = 0
    for path in site.rglob("*.html"):
        if (site / "reports") in path.parents:
            continue
        for link in re.findall(r'href="([^":]*reports/[^"]*)"', path.read_text(encoding="utf-8")):
            file, _, place = link.partition("#")
            target = path.parent / file
            assert target.exists(), f"{link} on {path.name}"
            assert not re.search(r"reports/(README|claims|costs|pages/.*)\.md$", file), f"{link} on {path.name}"
            assert not place or "=" in place or f'id="{place}"' in target.read_text(encoding="utf-8"), (
                f"{link} on {path.name}"
            )
            followed += 1
    assert followed > 6


def test_nothing_is_loaded_from_elsewhere(site):
    pages = [path for path in site.rglob("*.html") if "reports" not in path.parts]
    assert len(pages) > 30
    elsewhere = r'"(?:https?:)?//'
    loaded = rf'<(?:script|img|iframe)[^>]*\bsrc={elsewhere}|<link[^>]*rel="(?:stylesheet|preconnect)"[^>]*href={elsewhere}'
    for path in pages:
        assert not re.search(loaded, path.read_text(encoding="utf-8")), path.name


@pytest.mark.parametrize(
    "added, said", [("[no page](no-page.md)", "no-page.md"), ("[no heading](#no-heading)", "no-heading")]
)
def test_a_broken_link_ends_the_build(tmp_path, added, said):
    for name in ("docs", ".ci", "reports/figures", "reports/pages"):
        shutil.copytree(ROOT / name, tmp_path / name)
    single = ["mkdocs.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    for path in [ROOT / name for name in single] + [path for path in (ROOT / "reports").iterdir() if path.is_file()]:
        shutil.copyfile(path, tmp_path / path.relative_to(ROOT))
    with open(tmp_path / "docs/faq.md", "a", encoding="utf-8") as page:
        page.write(f"\n{added}\n")
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0 and said in done.stderr
