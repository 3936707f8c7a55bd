"""The list of models, the page of each and the page of each run: every number under the protocol to which it belongs."""

import csv
import html
import json
import re
from types import SimpleNamespace

import pytest

from benchmark.protocol.protocol import SELECTION_METRIC
from benchmark.records.record import read_records
from benchmark.report.pages.models import _saw

CELL = "net-identity-working-plain"  # the one cell with runs under several protocols


def plain(source: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", source))


def part_of(page, slug: str) -> str:
    """The source of what a model's page shows under a protocol."""
    return page.source.partition(f'<section id="{slug}">')[2].partition("</section>")[0]


@pytest.fixture(scope="module")
def results(whole):
    """(protocol, cell) -> its row of the CSV of results."""
    found = {}
    for path in (whole / "tables").glob("*-results.csv"):
        with open(path, newline="") as stream:
            found |= {(path.name.removesuffix("-results.csv"), row["cell"]): row for row in csv.DictReader(stream)}
    return found


@pytest.fixture(scope="module")
def records(whole):
    """The records of training runs."""
    return [record for record in read_records(whole / "records") if record.outside is None]


def value_of(row) -> str:
    if "accuracy_mean" in row:
        return f"{100 * float(row['accuracy_mean']):.2f}" if row["accuracy_mean"] else "diverged"
    return f"{float(row['ccc_mean_mean']):.3f}"


def test_the_list_has_every_result_of_every_cell(site, results, records):
    lines = re.findall(r'<tr data-words="([^"]*)">(.*?)</tr>', site["pages/models.html"].source)
    assert [name for name, _ in lines][-2:] == ["alone", "theirs"]
    of = {name: plain(line) for name, line in lines}
    for slug, cell in {(record["protocol"]["name"], record.cell) for record in records}:
        own = [record for record in records if record.cell == cell]
        many = sum(record["protocol"]["name"] == slug for record in own)
        assert f"{own[0]['parameters']:,}" in of[cell]
        assert re.search(rf"{slug}\W{re.escape(value_of(results[slug, cell]))}[^;(]*\({many}\)", of[cell]), (slug, cell)
    assert "2,000,000" in of["theirs"] and "not known" in of["alone"]


@pytest.mark.parametrize("slug", ["synthetic-8", "fer2013-7", "mine"])
def test_a_model_has_its_numbers_under_each_protocol_apart(site, results, records, whole, slug):
    page, row = site[f"pages/models/{CELL}.html"], results[slug, CELL]
    own = [r for r in records if r.cell == CELL and r["protocol"]["name"] == slug]
    part = part_of(page, slug)
    for record in own:
        line = re.search(rf"seed {record.seed}</a></th><td class=\"number\">([^<]*)</td>", part)
        right = record.predictions["test_outputs_none"].argmax(1) == record.predictions["test_targets"]
        assert line[1] == f"{100 * right.mean():.2f} %"
    seeds = " ".join(str(record.seed) for record in own)
    name = "./mine.yaml" if slug == "mine" else slug
    assert f"run {name} {CELL} --seeds {seeds}</code>" in part and own[0]["protocol_hash"] in part
    head = page.source[: page.source.index("<section")]
    assert re.search(
        rf'href="#{slug}">.*?</a></th><td>test accuracy</td><td><b>{value_of(row)}.*?"number">{row["n"]}<', head
    )
    for metric in ("macro_f1", "balanced_accuracy"):
        assert f"{100 * float(row[f'{metric}_mean']):.2f}" in part
    with open(whole / "tables" / f"{slug}-classes.csv", newline="") as stream:
        (classes,) = [line for line in csv.DictReader(stream) if line["cell"] == CELL]
    shown = [
        f"{100 * float(value):.2f}" for key, value in classes.items() if re.fullmatch(r"recall_\w+_mean", key) and value
    ]
    assert shown and all(value in plain(part) for value in shown)


def test_the_seeds_of_a_result_are_those_that_finished(site, results):
    for (slug, cell), row in results.items():
        address = f"pages/models/{cell}.html"
        line = re.search(rf'<a href="#{slug}">.*?</tr>', site[address].source)[0] if address in site else ""
        assert not line or line.endswith(f'<td class="number">{row["n"]}</td></tr>'), (slug, cell)
    assert results["synthetic-8", "net-identity-frozen-plain"]["n"] == "2"


def test_a_model_has_every_row_of_a_table_about_it_and_none_about_others(site, whole):
    part = part_of(site[f"pages/models/{CELL}.html"], "synthetic-8")
    confusion = part.partition("confusion</summary>")[2].partition("</details>")[0]
    with open(whole / "tables" / "synthetic-8-confusion.csv", newline="") as stream:
        lines = [line for line in csv.DictReader(stream) if line["cell"] == CELL]
    assert confusion.count("<tr>") == 1 + len(lines) == 9
    pairs = part_of(site["pages/models/net-fixed-working-plain.html"], "synthetic-8")
    assert "against identity" in pairs and "against identity" not in part  # a difference belongs to the first of its cells


def test_the_network_is_counted_as_in_complexity_json(site, whole):
    counted = json.loads((whole / "complexity.json").read_text())["networks"]
    part = part_of(site["pages/models/narrow16-50-adaptive-working-plain.html"], "fer2013-7-small")
    facts = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", part))
    (macs,) = {
        each["macs"] for each in counted if each["name"] == "narrow16-50-adaptive-working" and each["input"][-1] == 48
    }
    assert facts["Multiply-adds of one picture"] == f"{macs:,}"
    assert facts["Trainable parameters"] == "771,383"
    none = part_of(site[f"pages/models/{CELL}.html"], "synthetic-8")
    assert "<dt>Multiply-adds of one picture</dt><dd>not counted</dd>" in none


def test_an_outside_model_has_the_rows_of_its_own_record(site, whole):
    boards = json.loads((whole / "leaderboard.json").read_text())["boards"]
    for name, slug in (("theirs", "synthetic-8"), ("alone", "fer2013-7")):
        (board,) = [board for board in boards if board["name"] == slug]
        rows = [row for row in board["rows"] if row["entry"] == name]
        facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", part_of(site[f"pages/models/{name}.html"], slug))
        for row in rows:
            title = "Accuracy" + ("" if row["view"] == "none" else f", TTA {row['view']}")
            value, low, high = (f"{100 * row[key]:.2f}" for key in ("value", "low", "high"))
            assert (title, f"{value} [{low}, {high}] %, interval over test faces") in facts
        assert len(rows) == sum(title.startswith("Accuracy") for title, _ in facts) > 1
        assert ("Seen these faces", "no") in facts and ("Trust", rows[0]["trust"]) in facts
        assert "accuracy 66.00 %" in dict(facts)["Its authors state"]


def test_a_run_shows_its_own_course_and_marks_the_selected_epoch(site, records):
    for record in records:
        metric = SELECTION_METRIC[record["protocol"]["task"]]
        page = site[f"pages/runs/{record['protocol']['name']}/{record.cell}-seed{record.seed}.html"]
        table = page.source[page.source.index('<table class="history">') :]
        lines = re.findall(r"<tr( class=\"selected\")?><th scope=\"row\">(.*?)</tr>", table[: table.index("</table>")])
        assert len(lines) == len(record["history"])
        for (marked, line), entry in zip(lines, record["history"], strict=True):
            number, *values = re.split(r"</th>|</td>", line.replace("<td>", ""))
            selected = entry["epoch"] == record["selected_epoch"]
            assert bool(marked) == selected and number == f"{entry['epoch']}{' (selected)' if selected else ''}"
            for role, shown in (("validation", values[3]), ("test", values[4])):
                known = (entry[role] or {}).get(metric)
                assert shown == ("" if known is None else f"{100 * known:.2f}" if metric == "accuracy" else f"{known:.3f}")
        points = re.search(r'<polyline points="([^"]*)"', page.source)[1].split()
        dot = re.search(r'<circle cx="([^"]*)" cy="([^"]*)"', page.source)
        assert (dot and f"{dot[1]},{dot[2]}") == (points[record["selected_epoch"] - 1] if record["selected_epoch"] else None)
        lost = record["status"] == "diverged"
        assert any(link.endswith("/predictions.npz") for link in page.values("href")) != lost
        what = "diverged" if lost else "test accuracy" if metric == "accuracy" else "test CCC mean"
        lead = plain(re.search(r'<p class="lead">(.*?)</p>', page.source)[1])
        assert lead.startswith(f"Under {record['protocol']['name']}: ") and lead.endswith(f"{what}.")
        epochs = f"of {len(record['history'])} epochs"
        assert f"{record['selected_epoch'] or 'no single one'}, {epochs}" in page.text


class OfProtocol(dict):
    """An outside model's record, as far as `_saw` reads it."""

    def __init__(self, protocol, seen):
        super().__init__(protocol={"name": protocol})
        self.outside = {"seen": seen}


def test_that_test_faces_helped_to_choose_a_model_is_not_said_of_its_training_alone():
    """`seen` of a record is yes for a model that was chosen by its loss on the test faces and never trained on them."""
    runs = [
        SimpleNamespace(record=OfProtocol(*each)) for each in (("p", "yes"), ("q", "unknown"), ("r", "no"), ("s", "yes"))
    ]
    assert _saw(runs) == [
        "It was trained or chosen with the help of the test faces of p and s.",
        "Nobody says whether it was trained or chosen with the help of the test faces of q.",
    ]
