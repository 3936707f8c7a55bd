"""Protocols that the suite does not have: sections of their own, after the suite's; part of nothing that is the suite's."""

import re

import pytest

from benchmark.cli.main import main
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import PROTOCOLS, load_protocol
from benchmark.protocol.turned import turned
from benchmark.report.build import build
from benchmark.report.compare import compare
from benchmark.report.material import read_material
from benchmark.report.pages.run_list import _command
from benchmark.report.reproduction import reproduction
from benchmark.report.sections.headline import groups, headline
from benchmark.report.style import styled

TEXT = (PROTOCOLS / "synthetic-8.yaml").read_text(encoding="utf-8")
SAID = "A protocol that the suite does not have: comparable only with itself, and evidence for no claim."
NAMES = [f"net-{shortcut}-working-plain" for shortcut in ("identity", "adaptive")]


def written(folder, file, name, **changes):
    text = TEXT.replace("name: synthetic-8", f"name: {name}")
    for key, value in changes.items():
        text, times = re.subn(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
        assert times == 1
    (folder / file).write_text(text)
    return str(folder / file)


@pytest.fixture(scope="module")
def reports(tmp_path_factory, make, cell, undrawn):
    """Two reports over the same runs of the suite: without, and with records under two own protocols called `a-first`, which
    differ in their epochs, and one called `mine`."""
    top = tmp_path_factory.mktemp("own")
    files = [
        written(top, "one.yaml", "a-first"),
        written(top, "two.yaml", "a-first", epochs=5),
        written(top, "m.yaml", "mine"),
    ]
    for out in ("suite", "both"):
        for shortcut in ("identity", "adaptive"):
            for seed in (0, 1, 2):
                own = cell(shortcut, "working", "plain")
                make(top / out / "records", "synthetic-8", own, seed)
                for number, file in enumerate(files if out == "both" else ()):
                    # A difference that no interval would miss, if it came into a table of the suite.
                    quality = 6.0 if shortcut == "adaptive" else 0.5
                    make(top / out / "records" / f"own{number}", file, own, seed, quality=quality)
        build(top / out / "records", top / out / "complexity.json", top / out / "data", top / out)
    return top


@pytest.fixture(scope="module")
def hashes(reports):
    """Of the three own protocols."""
    return [load_protocol(str(reports / file)).hash for file in ("one.yaml", "two.yaml", "m.yaml")]


@pytest.fixture(scope="module")
def slugs(hashes):
    first, second = (f"a-first-{each[:8]}" for each in hashes[:2])
    return ["synthetic-8", *sorted((first, second)), "mine"]


def text(reports, out, name):
    return (reports / out / name).read_text(encoding="utf-8")


def text_of(reports, out, name):
    """The words of an HTML page."""
    return re.sub(r"<[^>]+>", "", text(reports, out, name))


def test_pages_of_their_own_come_after_those_of_the_suite(reports, slugs):
    """In every list: a-first comes after synthetic-8, whatever the alphabet says."""
    for name, link in (
        ("README.md", r"\(pages/protocols/([^)]*)\.md\)"),
        ("pages/protocols.html", r'<th scope="row"><a href="protocols/([^"]*)\.html"'),
    ):
        assert re.findall(link, text(reports, "both", name)) == slugs, name
    boards = re.findall(r'<section class="board" id="board-([^"]*)"', text(reports, "both", "pages/leaderboards.html"))
    assert boards[0] == "synthetic-8" and set(boards) == set(slugs)
    for slug in slugs:
        for kind in ("html", "md"):
            page = text(reports, "both", f"pages/protocols/{slug}.{kind}")
            assert page.count(SAID) == (slug != "synthetic-8"), (slug, kind)
        note = text(reports, "both", f"tables/{slug}-results.md")
        assert ("Own protocol, which the suite does not have, " in note) == (slug != "synthetic-8")
    kinds = re.findall(r"</th><td>([^<:]*): synthetic</td>", text(reports, "both", "pages/protocols.html"))
    assert kinds == ["drawn faces"] + ["protocols that the suite does not have"] * (len(slugs) - 1)
    assert "Evidence" not in text_of(reports, "both", f"pages/protocols/{slugs[1]}.html")
    assert " for " in text_of(reports, "both", "pages/protocols/synthetic-8.html")


def test_nothing_of_the_suite_changes(reports):
    """Every verdict, every figure's numbers and every table of the suite are the same bytes with and without them."""
    names = sorted(path.relative_to(reports / "suite").as_posix() for path in (reports / "suite" / "tables").iterdir())
    differ = [name for name in names if text(reports, "suite", name) != text(reports, "both", name)]
    assert len(names) > 15 and differ == ["tables/runs.csv"]
    own, both = (text(reports, out, "tables/runs.csv").splitlines() for out in ("suite", "both"))
    assert set(own) < set(both) and all(",own" in line for line in set(both) - set(own))
    assert text(reports, "suite", "claims.md") == text(reports, "both", "claims.md")


def test_own_runs_are_named_in_words_but_not_counted_among_the_suites(reports, slugs):
    page = text_of(reports, "both", "pages/methods.html")
    assert "Six training runs of two cells (networks with options and loss): synthetic-8 (" in page
    assert re.search(rf"under protocols that the suite does not have, evidence for no claim: {slugs[1]} \(", page)


def test_a_leaderboard_of_their_own_quotes_nobody(reports, slugs):
    for slug in slugs[1:]:
        board = text(reports, "both", f"tables/leaderboard-{slug}.md")
        assert "Own protocol, which the suite does not have, " in board and "net-adaptive" in board
    assert not any(slug in text(reports, "both", "tables/leaderboard-synthetic-8.md") for slug in slugs[1:])


def test_the_command_of_a_run_names_the_file(reports, slugs):
    said = "The suite does not have this protocol: the command needs its file."
    for slug in slugs:
        own = slug != "synthetic-8"
        name = f"./{slug.partition('-first-')[0]}-first.yaml" if "first" in slug else f"./{slug}.yaml" if own else slug
        for cell in NAMES:
            for seed in (0, 1, 2):
                page = text(reports, "both", f"pages/runs/{slug}/{cell}-seed{seed}.html")
                assert f"python -m benchmark run {name} {cell} --seeds {seed}</code>" in page
                assert (said in page) == own
    model = text(reports, "both", f"pages/models/{NAMES[0]}.html")
    assert f"python -m benchmark run ./mine.yaml {NAMES[0]} --seeds 0 1 2" in model
    assert re.findall(r'<section id="([^"]*)"', model) == slugs


def test_the_command_of_a_turned_run_turns_the_same_values(run, comparison):
    """It is in no file: DVC makes it from params.yaml."""
    one = run(Cell("net-plain", "net", {}, "plain"), 0, {"accuracy": 0.5})
    one.record.contents["protocol"] = turned("synthetic-8", {"learning_rate": 0.002, "epochs": 2}, "x").as_dict()
    said = "dvc exp run -S protocols.synthetic-8.epochs=2 -S protocols.synthetic-8.learning_rate=0.002"
    assert _command(comparison(one), "net-plain", [0]) == said


def test_a_run_under_another_protocol_is_no_reproduction(make, cell, tmp_path):
    """A turned one has the folder of its base: it is neither the published run nor a deviation from it."""
    run = Run(load_protocol("synthetic-8"), cell("identity", "working", "plain"), 0)
    make(tmp_path / "records", "synthetic-8", run.cell, 0)
    make(tmp_path / "runs", "synthetic-8", run.cell, 0, quality=6.0, protocol_hash="f" * 16)
    found = reproduction([run], tmp_path / "runs", tmp_path, tmp_path)
    assert list(found.unpublished) == [run.place.as_posix()] and not found.runs and found.in_order


def test_published_figures_stand_beside_no_own_protocol(tmp_path, make, cell, undrawn):
    own = (PROTOCOLS / "fer2013-7.yaml").read_text(encoding="utf-8").replace("name: fer2013-7", "name: mine")
    (tmp_path / "mine.yaml").write_text(own)
    for file in ("fer2013-7", str(tmp_path / "mine.yaml")):
        make(tmp_path / "records", file, cell("identity", "working", "plain"), 0, epochs=None)
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    boards = [(tmp_path / "tables" / f"leaderboard-{name}.csv").read_text() for name in ("fer2013-7", "mine")]
    assert "ResAttNet56" in boards[0] and "ResAttNet56" not in boards[1]


def test_a_report_of_own_protocols_alone(tmp_path, make, cell, undrawn):
    make(tmp_path / "records", written(tmp_path, "m.yaml", "mine"), cell("identity", "working", "plain"), 0)
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    page = re.sub(r"<[^>]+>", "", (tmp_path / "pages" / "methods.html").read_text(encoding="utf-8"))
    assert "under protocols that the suite does not have, evidence for no claim: mine (1 x 1 seed" in page


# ---------------------------------------------------------------- compare, verify


def test_own_protocols_are_compared_by_section_hash_or_file(reports, slugs, hashes, monkeypatch, capsys):
    records = reports / "both" / "records"
    for name, own in ((hashes[0], hashes[0]), ("mine", hashes[2])):
        found = compare(records, *NAMES[::-1], name)
        assert found["protocol_hash"] == own and found["a"]["value"] - found["b"]["value"] > 0.3
    assert compare(records, *NAMES, slugs[0])["protocol_hash"] not in hashes
    by_slug = compare(records, *NAMES, f"a-first-{hashes[1][:8]}")
    assert by_slug["protocol_hash"] == hashes[1]
    monkeypatch.chdir(reports / "both")
    (reports / "both" / "reports").mkdir(exist_ok=True)
    if not (reports / "both" / "reports" / "records").exists():
        (reports / "both" / "reports" / "records").symlink_to(records)
    assert main(["compare", *NAMES, "--protocol", "../two.yaml"]) == 0
    assert capsys.readouterr().out.startswith(f"a-first (hash {hashes[1]}), 90 test images")
    assert main(["compare", *NAMES, "--protocol", "a-first"]) == 2
    said = capsys.readouterr().err
    assert all(f"a-first (hash {own})" in said for own in hashes[:2]) and "choose it by --protocol" in said


def test_claims_are_judged_without_them(reports):
    """Verdicts, runs behind them and what is missing."""
    judged = []
    for out in ("suite", "both"):
        top = reports / out
        material = read_material(top / "records", top / "complexity.json", top / "data", top)
        with styled():
            panels = len(headline(groups(material.summary)).axes)
        assert panels == 1, "the headline shows the suite's protocol alone"
        judged.append([(each.claim.id, each.finding.verdict, each.finding.reason) for each in material.judged])
    assert judged[0] == judged[1]
