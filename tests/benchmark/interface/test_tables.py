"""leaderboard, claims and records of this repository's own records, against the files of its report."""

import csv
import io
from pathlib import Path

import pandas as pd
import pytest

from benchmark.errors import BadInput
from benchmark.interface import tables
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.boards import KINDS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def summary():
    """The records are read once for all tests of this module."""
    found = tables._summary(tables.places(ROOT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_summary", lambda where, without_runs=False: found)
        yield found


def test_records_are_the_table_of_runs(summary):
    found = tables.records(project=ROOT)
    stored = pd.read_csv(ROOT / "reports/tables/runs.csv")
    assert list(found.columns) == list(stored.columns) and len(found) == len(stored) > 100
    for name in ("record", "tta", "seed", "trust"):
        assert found[name].tolist() == stored[name].tolist()
    assert found["accuracy"].to_numpy() == pytest.approx(stored["accuracy"].to_numpy(), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("protocol", ["synthetic-8", "fer2013-7", "synthetic-va"])
def test_a_leaderboard_is_that_of_the_report(protocol, summary):
    found = tables.leaderboard(protocol, project=ROOT)
    with open(ROOT / f"reports/tables/leaderboard-{protocol}.csv", newline="") as stream:
        stored = list(csv.DictReader(stream))
    assert len(found) == len(stored)
    for (_, row), wanted in zip(found.iterrows(), stored, strict=True):
        assert row.entry == wanted["cell"]
        block = dict(zip(KINDS, ("own", "outside", "seen", "published"), strict=True))[row.kind]
        value = wanted.get(f"{block}_value_mean") or wanted.get(f"{block}_value") or "nan"
        assert row.value == pytest.approx(float(value), rel=1e-9, nan_ok=True)
    kinds = list(dict.fromkeys(found.kind))
    assert kinds == [kind for kind in KINDS if kind in kinds]  # never one ranking


def test_an_outside_model_stands_beside_what_its_authors_state(summary):
    found = tables.leaderboard("fer2013-7", project=ROOT).set_index("entry")
    row = found.loc["fer-mini-xception"]
    assert row.kind.startswith("outside model") and row.low < row.value < row.high and row.stated == pytest.approx(0.66)


def test_other_bytes_of_the_data_stand_on_another_board(tmp_path, make, monkeypatch):
    def own(where, without_runs):
        return summarise(read_records(where.records), where.records, without_runs=without_runs)

    monkeypatch.setattr(tables, "_summary", own)
    given = {"kind": "predictions", "source": "p.csv", "sha256": None, "stated": None, "extra_training_data": None,
             "warnings": [], "outputs": "logits", "seen": "no"}  # fmt: skip
    for name, fingerprint in (("one", "0" * 64), ("two", "f" * 64)):
        data = {"name": "fer2013", "version": "1.0", "fingerprint": fingerprint}
        make(tmp_path / "reports/records/outside", "fer2013-7", Cell(name, "outside", {}, "outside"), 0, outside=given,
             data=data, parameters=None, history=[])  # fmt: skip
    found = tables.leaderboard("fer2013-7", project=tmp_path)
    theirs = found[(found.kind == KINDS[1]) & (found["view"] == "none")]
    assert list(zip(theirs.entry, theirs["rank"], strict=True)) == [("one", 1), ("two", 1)]
    assert theirs.board.nunique() == found.board.nunique() == 2


def test_claims_are_those_of_the_report(summary):
    found = tables.claims(project=ROOT)
    stored = pd.read_csv(io.StringIO((ROOT / "reports/tables/claims.csv").read_text())).set_index("claim")
    assert found.index.tolist() == stored.index.tolist() and len(found) > 10
    assert found.sentence.tolist() == stored.sentence.tolist()
    for name, row in found.iterrows():
        assert row.verdict in (stored.verdict[name], stored.verdict_shown[name])


def test_a_protocol_without_records(summary):
    with pytest.raises(BadInput, match="leaderboard: found 'jaffe-7'; expected one of"):
        tables.leaderboard("jaffe-7", project=ROOT)
