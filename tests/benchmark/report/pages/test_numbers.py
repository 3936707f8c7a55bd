"""Numbers on the pages are those of the files beside them, and lead to their runs."""

import csv
import json
import re

import pytest

from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.records.trust import LEVELS
from benchmark.report.boards import OUTSIDE, RUN
from benchmark.report.pages.addresses import Addresses
from benchmark.report.pages.board_page import chief, own_rows


@pytest.fixture(scope="module")
def rows(whole):
    """A function: name of a table -> the rows of its CSV."""

    def read(name: str, folder: str = "tables"):
        with open(whole / folder / f"{name}.csv", newline="") as stream:
            return list(csv.DictReader(stream))

    return read


def table_in(page, name: str) -> str:
    """The source of a table's section."""
    part = page.source[page.source.index(f'id="table-{name}"') :]
    return part[: part.index("</section>")]


def plain(source: str) -> str:
    return re.sub(r"<[^>]+>", "", source)


def columns_of(part: str) -> list[str]:
    """The columns of the first block: its keys, twice for one with an interval."""
    heads = re.findall(r"<th ([^>]*)>", part[part.index("<thead>") : part.index("</thead>")])
    return [
        re.search(r'data-key="([^"]*)"', head)[1] + tail
        for head in heads
        for tail in (("", "/aside") if 'colspan="2"' in head else ("",))
    ]


def lines_of(part: str) -> list[dict[str, str]]:
    """The rows of the first block: key of a column -> source of its cell."""
    names = columns_of(part)
    body = part[part.index("<tbody>") : part.index("</tbody>")]
    lines = re.findall(r"<tr[^>]*>(.*?)</tr>", body)
    return [dict(zip(names, re.findall(r"<t[hd].*?</t[hd]>", line), strict=True)) for line in lines]


@pytest.mark.parametrize(
    ("slug", "metric", "scale", "digits"), [("synthetic-8", "accuracy", 100, 2), ("synthetic-va", "ccc_mean", 1, 3)]
)
def test_cells_of_a_table_hold_the_numbers_of_its_csv(site, rows, slug, metric, scale, digits):
    wanted, page = rows(f"{slug}-results"), site[f"pages/protocols/{slug}.html"]
    lines = lines_of(table_in(page, f"{slug}-results"))
    assert len(lines) == len(wanted)
    found = 0
    for line, row in zip(lines, wanted, strict=True):
        mean = row[f"{metric}_mean"]
        if not mean:
            assert 'class="none"' in line[metric] and "diverged" in line[metric]
            continue
        assert f"{scale * float(mean):.{digits}f}" in plain(line[metric])
        if row[f"{metric}_low"]:
            ends = [f"{scale * float(row[f'{metric}_{end}']):.{digits}f}" for end in ("low", "high")]
            assert plain(line[f"{metric}/aside"]).startswith(f"[{', '.join(ends)}]")
        if not row["cell"].startswith("constant"):
            one = row["n"] == "1"
            place = f"../runs/{slug}/{row['cell']}-seed0.html" if one else f"../models/{row['cell']}.html#{slug}"
            assert f'href="{place}"' in line["cell"]
        found += 1
    assert found >= 3


def test_every_table_is_on_a_page_with_its_three_files(site, whole):
    """And each is one that the page lists."""
    links = {
        link.rsplit("/", 1)[-1]: address
        for address, page in site.items()
        for link in page.values("href")
        if "tables/" in link
    }
    for folder in ("tables", "costs/tables"):
        names = {path.name for path in (whole / folder).iterdir()}
        assert len(names) > 10 and names <= set(links), names - set(links)


def test_numbers_of_the_costs_are_those_of_their_csv(site, rows):
    lines, wanted = lines_of(table_in(site["costs.html"], "cost")), rows("cost", "costs/tables")
    assert len(lines) == len(wanted) > 5
    for line, row in zip(lines, wanted, strict=True):
        assert "href=" in line["cell"]
        if not row["train_seconds_mean"]:
            assert "diverged" in line["train_seconds"]
            continue
        assert f"{float(row['train_seconds_mean']):.0f}" in plain(line["train_seconds"]), row
        assert f"{float(row['images_per_second_mean']):.0f}" in plain(line["images_per_second"]), row


def test_the_leaderboards_hold_every_row_of_leaderboard_json(site, whole):
    boards = json.loads((whole / "leaderboard.json").read_text())["boards"]
    source = site["pages/leaderboards.html"].source
    shown = 0
    for board in boards:
        part = source[source.index(f'id="board-{board["name"]}"') :]
        part = part[: part.index("</section>")]
        tags = re.findall(r"<tr( data-[^>]*)>", part)
        assert len(tags) == len(board["rows"])
        for kind in {row["kind"] for row in board["rows"]}:
            own = [row for row in board["rows"] if row["kind"] == kind]
            said = [dict(re.findall(r'data-(\w+)="([^"]*)"', tag)) for tag in tags if f'data-kind="{kind}"' in tag]
            assert [each["q"] for each in said] == [row["entry"].lower() for row in own]
            for each, row in zip(said, own, strict=True):
                for key in ("parameters", "macs"):
                    assert each[key] == ("" if row["cost"][key] is None else str(row["cost"][key])), (key, row["entry"])
                assert each["view"] == (row["view"] or "") and each["data"] == board["data"]["name"]
                assert (each["trust"] == "") == (row["trust"] is None)
            shown += len(own)
    assert shown == sum(len(board["rows"]) for board in boards) > 20


def test_the_chief_board_of_the_first_page_is_of_photographs_trained_here(site, rows):
    """Not of drawn faces, which have more entries."""
    page = site["index.html"]
    assert "Leaderboard: fer2013-7" in page.text and "Leaderboard: synthetic" not in page.text
    part = page.source[page.source.index('<table class="top">') :]
    part = part[: part.index("</table>")]
    own = [row for row in rows("leaderboard-fer2013-7") if row["own_n"] and row["own_tta"] == "none"]
    lines = re.findall(r"<tr>(.*?)</tr>", part[part.index("<tbody>") :])
    assert len(lines) == len(own) == 2
    for line, row in zip(lines, own, strict=True):
        assert f"models/{row['cell']}.html#fer2013-7" in line and f"{100 * float(row['own_value_mean']):.2f}" in line
        assert f"[{100 * float(row['own_value_low']):.2f}, {100 * float(row['own_value_high']):.2f}]" in line


def test_a_difference_leads_to_both_cells(site):
    part = table_in(site["pages/protocols/synthetic-8.html"], "synthetic-8-shortcuts")
    line = re.search(r"<tr><th.*?</tr>", part[part.index("<tbody>") :]).group()
    assert 'href="../models/net-fixed-working-plain.html#synthetic-8"' in line
    assert (
        'href="../models/net-identity-working-plain.html#synthetic-8" aria-label="against net-identity-working-plain"'
        in line
    )


def test_every_run_has_a_page_with_its_history_and_command(site, whole, read_page):
    paths = sorted((whole / "records").rglob("record.json"))
    trained = [path for path in paths if "outside" not in path.parts]
    addresses = Addresses(summarise(read_records(whole / "records"), whole / "records"))
    found = set()
    assert len(trained) == 37 and len(paths) == 39
    for record in read_records(whole / "records"):
        path = record.directory / "record.json"
        if "outside" in path.parts:
            continue
        protocol, cell, seed = record["protocol"]["name"], record["cell"]["name"], record.seed
        address = addresses.run(record)
        assert address == f"pages/runs/{protocol}/{cell}-seed{seed}.html"
        page, known = site[address], json.loads(path.read_text())
        name = "./mine.yaml" if protocol == "mine" else protocol
        assert f"python -m benchmark run {name} {cell} --seeds {seed}</code>" in page.source
        assert f"../../../{path.relative_to(whole).as_posix()}" in page.values("href")
        (history,) = [page.source[m.start() :] for m in re.finditer('<table class="history">', page.source)]
        assert history[: history.index("</table>")].count("<tr") == 1 + len(known["history"])
        assert known["data"]["fingerprint"] in page.text and known["code"] in page.text
        last = known["history"][-1]
        shown = "not finite" if last["train_loss"] is None else f">{last['train_loss']:.4g}</td>"
        assert shown in history
        assert ("diverged" in page.text) == (known["status"] == "diverged")
        assert address.split("/")[-1] in [link.split("/")[-1] for link in site[f"pages/models/{cell}.html"].values("href")]
        found.add(address)
    assert found == {address for address in site if address.startswith("pages/runs/")}


def test_the_page_of_a_model_has_all_its_numbers(site, rows):
    """Every metric of its row in the table of results, its parameters, its command."""
    page = site["pages/models/net-fixed-working-plain.html"]
    (row,) = [row for row in rows("synthetic-8-results") if row["cell"] == "net-fixed-working-plain"]
    shown = 0
    for name in ("accuracy", "macro_f1", "balanced_accuracy"):
        assert f"{100 * float(row[f'{name}_mean']):.2f}" in page.text, name
        shown += 1
    assert shown == 3 and "1,234" in page.text
    assert "python -m benchmark run synthetic-8 net-fixed-working-plain --seeds 0 1 2" in page.text
    outside = site["pages/models/theirs.html"].text
    for words in ("their README", "AffectNet", "class order looks mismatched", "2,000,000", "66.00 %", "net.onnx"):
        assert words in outside, words


def test_the_first_page_says_how_many_there_are(site, whole):
    boards = json.loads((whole / "leaderboard.json").read_text())["boards"]
    (board,) = [board for board in boards if board["name"] == "fer2013-7"]
    own = [row for row in board["rows"] if row["kind"] == "trained here" and row["view"] == "none"]
    page = site["index.html"]
    part = page.source[page.source.index('<table class="top">') :]
    seeds = [re.findall(r'<td class="number">(\d*)</td>', line)[-1] for line in re.findall(r"<tr>(.*?)</tr>", part)[1:]]
    assert seeds == [str(row["seeds"]) for row in own]
    assert f"All {len(own)}; all leaderboards, with 2 results of other people" in page.text
    runs = len(list((whole / "records").rglob("record.json"))) - 2
    assert f"; {runs} runs under 5 protocols, 2 results of models of others; records as of" in page.text
    readme = (whole / "README.md").read_text()
    assert f"\n{runs} runs under 5 protocols, 2 results of models of others." in readme
    assert "[synthetic-8](pages/protocols/synthetic-8.md): 6 cells, 16 runs |" in readme


def test_the_claims_of_the_readme_stand_in_their_columns(whole, material):
    lines = [line for line in (whole / "README.md").read_text().splitlines() if line.startswith("| ") and "BReG" in line]
    by_verdict = [line.split(" | ")[-2] for line in lines]
    assert by_verdict == [each.finding.verdict for each in material.judged]


def test_boards_are_in_the_order_of_what_matters_and_name_their_faces(site):
    source = site["pages/leaderboards.html"].source
    assert re.findall(r'id="board-([^"]*)"', source) == [
        "fer2013-7",
        "fer2013-7-small",
        "synthetic-8",
        "synthetic-va",
        "mine",
    ]
    for slug, kind in (("fer2013-7", "photographs"), ("synthetic-8", "drawn faces")):
        part = source[source.index(f'id="board-{slug}"') :]
        faces = set(re.findall(r'data-faces="([^"]*)"', part[: part.index("</section>")]))
        assert faces == {kind}
    trust = re.search(r'<select name="trust".*?</select>', source)[0]
    levels = re.findall(r'<option value="(\d+)">(.*?)</option>', trust)
    assert levels == [(str(at), words) for at, words in enumerate(LEVELS)]
    for value, words in re.findall(r'<option value="(\d+)">(\d+ [tmb]\w+)</option>', source):
        factor = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
        number, unit = words.split()
        assert int(value) == int(number) * factor[unit], words
    keys = dict(re.findall(r'name="column" value="(\w+)"( checked)?>', source))
    assert {key for key, checked in keys.items() if not checked} == {"where", "extra", "kind", "selection", "source"} & {
        *keys
    }
    assert len(keys) > 5


def made_up_board(name, entries, data="fer2013", of_the_suite=True, view="none"):
    """A board with rows of runs; a row of test-time augmentation and one of an outside model are never counted."""
    rows = [{"kind": RUN, "view": view, "entry": f"{name}-{at}"} for at in range(entries)]
    rows += 9 * [{"kind": RUN, "view": "flip"}, {"kind": OUTSIDE, "view": "none"}]
    return {"name": name, "protocol": {"of_the_suite": of_the_suite}, "data": {"name": data}, "rows": rows}


def test_the_chief_board_has_the_most_entries_trained_here_on_photographs_under_a_protocol_of_the_suite():
    few, most = made_up_board("few", 2), made_up_board("most", 12)
    others = [
        made_up_board("drawn", 20, "synthetic"),
        made_up_board("own", 20, of_the_suite=False),
        made_up_board("none", 0),
    ]
    assert chief([few, *others, most]) is most and chief([*others, few]) is few and chief(others) is None
    assert [row["entry"] for row in own_rows(most)] == [f"most-{at}" for at in range(12)]
