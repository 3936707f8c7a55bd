"""Human figures in the report: reference rows in the right tables, claims beside them."""

import json

import pytest

from benchmark.claims.load import load_claims
from benchmark.errors import BadInput
from benchmark.report import humans
from benchmark.report.build import build


def value(mean: float) -> dict:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}


@pytest.fixture
def folder(tmp_path):
    """Files as `ferbench ceilings` writes them, with figures of which each is different."""
    affect = {f"{m}_{d}": value(0.3 + k / 50) for k, (m, d) in enumerate(
        (m, d) for m in ("rmse", "corr", "ccc", "sagr") for d in ("valence", "arousal", "mean"))}  # fmt: skip
    shared = {"schema": 1, "source": "s", "pictures": "p", "sha256": {}, "raters": 10}
    agreement = {"n": 7, "fleiss_kappa": value(0.5), "krippendorff_alpha": value(0.51)}
    label = {"n": 90, "accuracy": value(0.67), "kappa": value(0.6)}
    ferplus = shared | {"leave_one_out": {"n": 95, "accuracy": value(0.77)}, "agreement": agreement, "fer2013_label": label}
    of = {"groups": 40, "pictures": "pairs of copies"}
    ferplus["panel_retest"] = {"n": 60, **of, "accuracy": value(0.91), "kappa": value(0.87)}
    ferplus["panel_retest_all"] = {"n": 80, **of, "accuracy": value(0.92), "kappa": value(0.89)}
    ferplus["editions"] = {"other votes": 1602, "of these, copies of an earlier picture": 1601}
    ferplus["copies"] = {"groups": 1249, "conflicting": 117}
    c25 = shared | {"leave_one_out": {"n": 1600} | affect, "pairwise": {"n": 1600} | affect, "agreement": agreement}
    c25 |= {"expression": {"n": 1600, "accuracy": value(0.55)}}
    for of, accuracy in (("_set1", 0.5), ("_set2", 0.6)):
        c25 |= {f"{part}{of}": {"n": 800} | affect for part in ("leave_one_out", "pairwise")}
        c25 |= {f"expression{of}": {"n": 800, "accuracy": value(accuracy)}, f"agreement{of}": agreement}
    (tmp_path / "humans").mkdir()
    for name, contents in (("ferplus", ferplus), ("affectnet_c25", c25)):
        (tmp_path / "humans" / f"{name}.json").write_text(json.dumps(contents))
    return tmp_path / "humans"


def test_rows_stand_under_the_matching_results(folder, make, cell, tmp_path, undrawn):
    for protocol in ("fer2013-7", "ferplus-8", "synthetic-8"):
        make(tmp_path / "records", protocol, cell("identity", "working", "plain"), 0)
    make(tmp_path / "records", "synthetic-va", cell("identity", "working", "mse"), 0)
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    shown = {name: (tmp_path / "tables" / f"{name}-results.md").read_text() for name in
             ("fer2013-7", "ferplus-8", "synthetic-8", "synthetic-va")}  # fmt: skip
    assert "labels, not people: FER2013 label against the FER+ majority" in shown["fer2013-7"]
    assert "people: FER2013" not in shown["fer2013-7"].replace("labels, not people", "")
    assert "67.00 [66.00, 68.00]" in shown["fer2013-7"] and "other pictures" not in shown["fer2013-7"]
    assert "people: one FER+ rater" in shown["ferplus-8"] and "77.00" in shown["ferplus-8"]
    assert "people" not in shown["synthetic-8"]
    for of in ('Set I, "Confusing Images"', "Set II, random images"):  # once a block each
        assert shown["synthetic-va"].count(f"against the mean of the other 24, {of}; other pictures") == 3
    assert "both sets" not in shown["synthetic-va"]
    page = (tmp_path / "pages" / "audits.md").read_text()
    assert (tmp_path / "tables" / "humans.md").read_text() in page


def test_claims_beside_people(folder):
    table = humans.claims_against(humans.read_humans(folder), load_claims())
    rows = {(r["claim"].text, r["metric"].text, r["who"].text.split(";")[0]): r for r in table.rows}
    loo = humans.PARTS["affectnet_c25", "leave_one_out_set2"]
    rmse = next(
        row for (claim, metric, who), row in rows.items() if (claim, who) == ("rmse-affectnet", loo) and "valence" in metric
    )
    assert rmse["claimed"].numbers[""] == 0.2577 and rmse["human"].numbers["mean"] == 0.3
    assert rmse["beyond"].text == "better than the human figure", "a smaller RMSE is better"
    accuracy = [row for (claim, _, _), row in rows.items() if claim == "acc-affectnet"]
    assert [row["human"].numbers["mean"] for row in accuracy] == [0.6, 0.5], "the random set first, then the confusing one"
    assert {row["beyond"].text for row in accuracy} == {"better than the human figure"}
    assert not any(claim == "acc-fer2013" for claim, _, _ in rows), "labels against labels are nobody's figure"
    assert humans._beyond(0.5, value(0.505), "higher") == "within its interval"
    assert humans._beyond(0.6, value(0.5), "lower") == humans._beyond(0.4, value(0.5), "higher") == "worse than it"


def test_labels_stand_apart_from_people(folder):
    people, labels, _ = humans.tables(humans.read_humans(folder), load_claims())
    shown = {table.name: {row["what"].text for row in table.rows} for table in (people, labels)}
    assert shown["label-agreement"] == {"FER2013 label against the FER+ majority (7 common classes)"}
    assert not any("label" in what for what in shown["humans"])
    expression = {row["what"].text.partition(", ")[2]: row["value"].numbers["mean"] for row in people.rows
                  if "majority of the other 24" in row["what"].text}  # fmt: skip
    assert expression == {'Set I, "Confusing Images"': 0.5, "Set II, random images": 0.6, "both sets together": 0.55}


def test_panels_and_editions(folder):
    people = humans.tables(humans.read_humans(folder), load_claims())[0]
    rows = [(row["figure"].text, row["value"].numbers["mean"], row["pictures"].text, row["set"].text)
            for row in people.rows if "panel" in row["what"].text]  # fmt: skip
    assert rows == [
        ("Accuracy, %", 0.91, "60", "pairs of copies"),
        ("Cohen's kappa", 0.87, "60", "pairs of copies"),
        ("Accuracy, %", 0.92, "80", "pairs of copies"),
        ("Cohen's kappa", 0.89, "80", "pairs of copies"),
    ]
    assert "differ in 1,602 rows, 1,601 of them exact copies" in people.notes[4]
    assert "there 117 of 1,249 groups of exact copies have different labels" in people.notes[4]


def test_absent_and_damaged_files(folder, tmp_path):
    assert humans.tables(humans.read_humans(tmp_path / "nothing"), load_claims()) == []
    assert humans.references("fer2013", "categorical", {}) == []
    path = folder / "ferplus.json"
    path.write_text(json.dumps({key: v for key, v in json.loads(path.read_text()).items() if key != "fer2013_label"}))
    with pytest.raises(BadInput) as error:
        humans.read_humans(folder)
    expected = "found no fer2013_label; expected a file of `ferbench ceilings`; run it again"
    assert str(error.value) == f"{path}: {expected}"
    path.write_text("{")
    with pytest.raises(BadInput, match="valid JSON"):
        humans.read_humans(folder)


def test_a_file_that_lacks_parts_is_refused(folder):
    path = folder / "ferplus.json"
    contents = json.loads(path.read_text())
    path.write_text(json.dumps({"schema": 1, "agreement": contents["agreement"]}))
    with pytest.raises(BadInput) as refused:
        humans.read_humans(folder)
    missing = "no leave_one_out, panel_retest, panel_retest_all, fer2013_label"
    assert str(refused.value) == f"{path}: found {missing}; expected a file of `ferbench ceilings`; run it again"
