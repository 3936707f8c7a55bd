"""What the report is made from: which file each part is read from, and what a damaged one is answered with."""

import json
from types import SimpleNamespace

import pytest

from benchmark.errors import BadInput
from benchmark.report import material as module
from benchmark.report.material import Data, read_data, read_material, read_scalars, read_searches

AUDIT = {
    "name": "faces", "version": "1.0", "fingerprint": "0" * 64, "classes": ["a", "b"],
    "counts": {"train": {"a": 1003, "b": 17}, "test": {"b": 5, "z": 2, "odd": 4}},
}  # fmt: skip


def put(folder, name, audit, leaks=None, sheet=False):
    place = folder / name
    place.mkdir(parents=True)
    (place / "audit.json").write_text(json.dumps(audit))
    if leaks is not None:
        (place / "leaks.json").write_text(json.dumps(leaks))
    if sheet:
        (place / "contact-sheet.png").write_bytes(b"")
    return place


def test_every_part_comes_from_its_own_place(tmp_path, monkeypatch):
    """The readers have tests of their own: here each says what it was given."""
    readers = (
        "complexity", "latency", "gradients", "data", "humans", "faces", "robustness", "benches", "searches", "scalars",
        "subgroups", "verification",
    )  # fmt: skip
    for name in readers:
        monkeypatch.setattr(module, f"read_{name}", lambda *given, name=name: (name, *given))
    monkeypatch.setattr(module, "read_of_entries", lambda *given: ("of entries", *given))
    monkeypatch.setattr(module, "load_claims", lambda: "claims")
    monkeypatch.setattr(module, "load_anchors", lambda: "anchors")
    monkeypatch.setattr(module, "waiting_for_rates", lambda: "waiting")
    summarised = type("Summarised", (tuple,), {"runs": [SimpleNamespace(record="a record")]})
    monkeypatch.setattr(module, "summarise", lambda *given: summarised(("summary", *given)))
    monkeypatch.setattr(module, "leaderboard", lambda *given: ("leaderboard", *given))
    monkeypatch.setattr(module, "judge", lambda *given: ("judged", *given))
    monkeypatch.setattr(module, "held_back", lambda *given: ("held back", *given))
    monkeypatch.setattr(module, "counted_parameters", lambda counted, entry: (counted, entry))
    monkeypatch.setattr(module, "read_below", lambda folder, verb: {f"of {verb}": folder})
    known = []
    monkeypatch.setattr(module, "newest", lambda *given: ("newest", *given))
    gathered = type("Gathered", (), {"records": "good", "apart": "apart"})
    monkeypatch.setattr(module, "gather", lambda folder, own: known.append((folder, own)) or gathered)
    records, complexity, data, out = (tmp_path / name for name in ("r", "c.json", "d", "o"))
    out.mkdir()
    (out / "release-audit.md").write_text("the audit", encoding="utf-8")
    found = read_material(records, complexity, data, out)
    summary = ("summary", "good", records, "apart", ("verification", out / "verification.json"))
    counted, gradients = ("complexity", complexity), ("gradients", out / "gradients")
    judged = ("judged", "claims", summary, counted, gradients, "waiting")
    assert vars(found) == {
        "records": records, "out": out, "summary": ("held back", summary, judged), "complexity": counted,
        "latency": ("latency", out / "latency.json"), "claims": "claims", "judged": judged, "anchors": "anchors",
        "sets": ("data", data, out), "people": ("humans", out / "humans"), "faces": ("faces", out / "faces", summary),
        "gradients": gradients, "robustness": ("robustness", out / "robustness", summary),
        "robustness_of_entries": ("of entries", out / "robustness", summary),
        "benches": ("benches", out / "bench"), "subgroups": ("subgroups", out / "subgroups", summary),
        "machines": {"gradients of gradients": out / "gradients", "robustness of robustness": out / "robustness"},
        "searches": ("searches", out / "tuning"), "scalars": ("scalars", out / "release"),
        "leaderboard": ("leaderboard", summary, counted, "anchors", records), "release": "the audit",
        "newest": ("newest", ["a record"], out),
    }  # fmt: skip
    ((folder, own),) = known
    assert folder == records and own.parameters("entry") == (counted, "entry")
    assert found.records_link == "../r"


def test_prepared_data_sets_with_what_lies_beside_their_audits(tmp_path):
    counted = AUDIT | {"exact_copies": {}}
    put(tmp_path / "d", "two", AUDIT | {"name": "second"})
    put(tmp_path / "d", ".hidden", AUDIT)
    put(tmp_path / "d", "one", counted, leaks={"test": {"train": {}}}, sheet=True)
    assert read_data(tmp_path / "d", tmp_path / "out") == [
        Data(counted, {"test": {"train": {}}}, "../d/one/contact-sheet.png"),
        Data(AUDIT | {"name": "second"}, None, None),
    ]
    assert Data(AUDIT, None, None).counts == [
        ["split", "a", "b", "odd", "z", "all"], ["train", "1,003", "17", "0", "0", "1,020"],
        ["test", "0", "5", "4", "2", "11"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "change, refusal",
    [
        ({"name": None, "counts": None}, ": found no counts, name; expected the audit of a data set"),
        ({"classes": "ab"}, ", classes and counts: found something else; expected a list, and numbers for each split"),
        ({"counts": []}, ", classes and counts: found something else; expected a list, and numbers for each split"),
        ({"name": "../up"}, ", name: found name '../up'"),
        ({"classes": ["a\nb"]}, ", classes and counts: found 'a\\nb'"),
        ({"counts": {"a\tb": {}}}, ", classes and counts: found 'a\\tb'"),
    ],
)
def test_an_audit_that_can_not_be_used_is_named(tmp_path, change, refusal):
    audit = {key: value for key, value in (AUDIT | change).items() if value is not None}
    path = put(tmp_path, "one", audit) / "audit.json"
    with pytest.raises(BadInput) as error:
        read_data(tmp_path, tmp_path)
    assert str(error.value).startswith(f"{path}{refusal}")


def test_an_audit_that_counted_copies_has_its_leaks_beside_it(tmp_path):
    folder = put(tmp_path, "one", AUDIT | {"exact_copies": {}})
    with pytest.raises(BadInput) as error:
        read_data(tmp_path, tmp_path)
    assert str(error.value) == (
        f"{folder / 'leaks.json'}: found no such file; expected a file of `ferbench audit`; run it again"
    )


def test_searches_of_rates_that_have_a_log(tmp_path, monkeypatch):
    searches = {"one": {"rates": []}, "two": {"rates": [1]}, "other": {"trials": []}}
    monkeypatch.setattr(module, "read_yaml", lambda path: searches if path == module.SEARCHES else None)
    logs = {tmp_path / "two.jsonl": ["a trial"], tmp_path / "other.jsonl": ["no rate"]}
    monkeypatch.setattr(module, "read_log", lambda path: logs.get(path, []))
    assert read_searches(tmp_path) == {"two": ["a trial"]}


def test_the_figure_of_the_released_coefficients(tmp_path):
    assert read_scalars(tmp_path) is None
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt"/>'
    (tmp_path / "shortcut-scalars.svg").write_bytes(drawing)
    assert read_scalars(tmp_path) == drawing
