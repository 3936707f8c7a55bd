"""Hooks of mkdocs (mkdocs.yml): pages that lie outside docs/, and links to what is no page.

Links are written as GitHub resolves them. In the site, README.md is the front page and the reports lie beside the pages; a
link to any other file of the repository leads to `repo_url`, or is plain text while there is none.
"""
# ruff: noqa: D103  # mkdocs gives the functions their names and their meaning

import re
from pathlib import Path
from posixpath import dirname, normpath, relpath
from shutil import copyfile

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
PAGES["reports/release-audit.md"] = "release-audit.md"
# Markdown pages of the report -> the HTML pages that show the same, where these are not called the same.
SHOWN_IN = {"README.md": "index.html", "claims.md": "pages/claims.html", "pages/leaderboard.md": "pages/leaderboards.html"}
FENCE_OR_LINK = re.compile(r"^```.*?^```$|`[^`\n]*`|\[([^\[\]]*)\]\(([^)\s]+)\)", re.MULTILINE | re.DOTALL)


def on_config(config):
    for section in config.nav:  # "Data: data/" stands for every page of the folder, its README.md first
        for entry in (each for entries in section.values() for each in entries if isinstance(each, dict)):
            for title, folder in entry.items():
                if folder.endswith("/"):
                    names = sorted(path.name for path in Path(config.docs_dir, folder).glob("*.md"))
                    entry[title] = [folder + name for name in sorted(names, key=lambda name: name != "README.md")]


def on_files(files, config):
    reports = [path for path in (ROOT / "reports").rglob("*") if path.is_file() and path.suffix != ".md"]
    for source, uri in (
        PAGES | {str(path.relative_to(ROOT)): path.relative_to(ROOT).as_posix() for path in reports}
    ).items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / source)))


def page_of_report(path):
    """The HTML page that shows the same as a Markdown page of the report; None for another file."""
    inside = path.removeprefix("reports/")
    shown = SHOWN_IN.get(inside, inside.removesuffix(".md") + ".html")
    known = inside in SHOWN_IN or inside == "costs.md" or (inside.startswith("pages/") and inside.endswith(".md"))
    return f"reports/{shown}" if path.startswith("reports/") and known else None


def on_page_markdown(markdown, page, config, files):
    source = next((path for path, uri in PAGES.items() if uri == page.file.src_uri), f"docs/{page.file.src_uri}")

    def rewritten(found):
        text, target = found.groups()
        path, mark, anchor = (target or "").partition("#")
        path = normpath(f"{dirname(source)}/{path}".lstrip("/"))
        if not target or re.match(r"[a-z]+:|#", target) or not (ROOT / path).exists():
            return found[0]
        html = page_of_report(path)
        uri = PAGES.get(path) or html or path.removeprefix("docs/")
        if html and anchor:  # its places have other names
            known = f'id="{anchor}"' in (ROOT / html).read_text(encoding="utf-8")
            mark, anchor = (mark, anchor) if known else ("", "")
        if files.get_file_from_path(uri):
            return f"[{text}]({relpath(uri, dirname(page.file.src_uri) or '.')}{mark}{anchor})"
        return f"[{text}]({config.repo_url}/blob/main/{path}{mark}{anchor})" if config.repo_url else text

    return FENCE_OR_LINK.sub(rewritten, markdown)


def on_post_build(config):
    for path in (ROOT / "reports").rglob("*.md"):  # for the links of the report's own pages
        copyfile(path, Path(config.site_dir) / path.relative_to(ROOT))
