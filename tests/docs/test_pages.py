"""The pages of the documentation: links that lead somewhere, few words, one answer; CITATION.cff."""

import re
import tomllib
from fnmatch import fnmatch

import pytest
import yaml
from packaging.requirements import Requirement

from tests.docs.pages import ROOT, anchors, links, pages, text, words

WORDS = 12_000  # README and docs/*.md; the pages of data sets and the generated reference are looked up, not read
OF_PAGES = {
    "README.md": 750,
    "docs/quick-start.md": 550,
    "docs/install.md": 350,
    "docs/concepts.md": 900,
    "docs/check-a-claim.md": 400,
    "docs/faq.md": 900,
}


@pytest.mark.parametrize("page", pages())
def test_every_link_leads_to_a_file_and_a_heading(page):
    for target in links(page):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        assert path.exists(), f"{page}: {target}"
        assert path.resolve().is_relative_to(ROOT), f"{page}: {target} leaves the repository"
        assert not anchor or anchor in anchors(path), f"{page}: {target}: no such heading"


def test_words_are_counted_by_the_rule(tmp_path):
    page = "# Two words\n\nA [link](far/away.md), `code` - <!-- no\nwords -->\n\n```sh\nls\n```\n\n| a | b |\n|---|---|\n"
    assert words(page) == 7


def test_anchors_are_github_s(tmp_path):
    page = tmp_path / "a.md"
    page.write_text("# A `b`, [c](d.md)!\n## 1. Two  words\n## Same\n```sh\n# no heading\n```\n## Same\n", encoding="utf-8")
    assert anchors(page) == {"a-b-c", "1-two--words", "same", "same-1"}


@pytest.mark.parametrize("page", OF_PAGES)
def test_a_page_is_short(page):
    assert words(text(page)) <= OF_PAGES[page]


def test_the_readme_is_one_screen_and_a_half():
    lines = text("README.md").splitlines()
    commands = [line for line in lines if "pip install" in line or line.startswith("| ")]
    assert len(lines) <= 120 and max(len(line) for line in lines if line not in commands) <= 125


def test_all_pages_together_are_short():
    counted = {page: words(text(page)) for page in pages() if page == "README.md" or fnmatch(page, "docs/*.md")}
    counted = {page: count for page, count in counted.items() if page.count("/") < 2}
    assert sum(counted.values()) <= WORDS, counted


def answer_in(page: str) -> str:
    quoted = re.search(r"<!-- answer -->\n(.*?)\n<!-- /answer -->", text(page), re.DOTALL)[1]
    return " ".join(re.sub(r"^> ", "", quoted, flags=re.MULTILINE).split())


def test_the_readme_quotes_the_generated_answer():
    assert answer_in("README.md") == answer_in("reports/README.md"), "copy the answer of reports/README.md into README.md"


def test_the_readme_has_the_commands_that_ci_takes_from_it():
    for name in ("reproduce", "test", "archive"):
        assert len(re.findall(rf"^<!-- {name} -->\n```sh\n[^\n]+\n```$", text("README.md"), re.MULTILINE)) == 1, name


def test_the_minimum_python_is_the_same_everywhere():
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    for page in ("README.md", "docs/install.md"):
        assert re.findall(r"Python (\d\.\d+) or newer", text(page)) == [least], page


def test_the_versions_in_the_cpu_only_command_are_the_pinned_ones_and_admit_local_builds():
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    (line,) = [line for line in text("docs/install.md").splitlines() if "--index-url" in line]
    for name in ("torch", "torchvision"):
        assert f" {name}=={pins[name]} " in line
        assert Requirement(f"{name}=={pins[name]}").specifier.contains(f"{pins[name]}+cpu")


def test_citation_names_the_software_and_both_papers():
    contents = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (contents["version"], contents["license"]) == (project["version"], project["license"])
    cited = [each["identifiers"][0]["value"] for each in contents["references"]]
    assert cited == ["arXiv:1903.02110", "arXiv:2004.08495"] and "preferred-citation" not in contents
    assert all(each.removeprefix("arXiv:") in text("README.md") for each in cited)


@pytest.mark.parametrize("page", ["docs/concepts.md", "docs/faq.md"])
def test_the_recipe_standard_is_not_called_tuned(page):
    """No log of its search exists; the day one does, these pages change with it."""
    assert not (ROOT / "reports/tuning/fer2013.jsonl").exists()
    (line,) = re.findall(r"^(?:\| `standard` \||\*\*Is `standard` tuned\?\*\*).*$", text(page), re.MULTILINE)
    assert re.search(r"\*\*no\*\*|\? ?\*\* No\.", line)
