"""Tables of the audits: accuracy without leaked test images against a plain count."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.errors import BadInput
from benchmark.records.bootstrapping import paired_bootstrap
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records
from benchmark.report.chapters import audits
from benchmark.report.material import read_data


def audit_of(name: str, fingerprint: str) -> dict:
    groups = {"groups": 4, "pictures": 9, "conflicting": 1, "across_splits": 2, "spanning": {}, "largest": 3}
    near = {"threshold": 60, "pairs": 7, "mirrored_pairs": 2, "groups": groups | {"groups": 5}}
    return {
        "name": name,
        "version": "1.0",
        "classes": ["a"],
        "counts": {"train": {"a": 5}, "test": {"a": 90}},
        "fingerprint": fingerprint,
        "exact_copies": groups,
        "near_copies": near,
        "label_order": {"by": "nothing", "ok": None},
        "findings": {"wrong": ["x", "y"], "note": []},
    }


@pytest.fixture
def leaky(make, cell, tmp_path):
    """(records, data folder, which test images each seed has right): 20 exact and 10 near leaks among 90 test images."""
    rng = np.random.default_rng(0)
    right = {}
    for seed in range(3):
        own = rng.random(90) < 0.5
        own[:20] = True  # learnt by heart
        right[seed] = own
        make(tmp_path / "records", "fer2013-7", cell("identity", "working", "plain"), seed, right=own)
    make(tmp_path / "records", "fer2013-7", cell("adaptive", "working", "plain"), 0, diverged=True)
    records = read_records(tmp_path / "records")
    folder = tmp_path / "data" / "fer2013"
    folder.mkdir(parents=True)
    (folder / "audit.json").write_text(json.dumps(audit_of("fer2013", records[0]["data"]["fingerprint"])))
    found = {"exact": [f"test-{k}" for k in range(20)], "near": [f"test-{k}" for k in range(20, 30)]}
    (folder / "leaks.json").write_text(json.dumps({"PrivateTest": {"Training": found}}))
    return records, tmp_path / "data", right


def test_accuracy_without_leaks(leaky, tmp_path):
    records, data, right = leaky
    copies, leaks = audits.tables(summarise(records, tmp_path / "records"), read_data(data, tmp_path))
    assert copies.name == "audits" and leaks.name == "fer2013-7-leaks"
    row = next(row for row in leaks.rows if "identity" in row["cell"].text)
    correct = np.array([right[seed] for seed in range(3)], float)
    assert row["all"].numbers["mean"] == pytest.approx(correct.mean())
    assert row["exact"].numbers["mean"] == pytest.approx(correct[:, 20:].mean())
    assert row["near"].numbers["mean"] == pytest.approx(correct[:, 30:].mean())
    change = row["near_change"].numbers
    assert change["mean"] == pytest.approx(correct[:, 30:].mean() - correct.mean())
    # Independent resampling: the interval's ends are quantiles of the same difference over resampled images.
    rng, differences = np.random.default_rng(9), []
    for _ in range(4000):
        chosen = rng.integers(0, 90, 90)
        differences.append(correct[:, chosen[chosen >= 30]].mean() - correct[:, chosen].mean())
    low, high = np.quantile(differences, [0.025, 0.975])
    assert change["low"] == pytest.approx(low, abs=0.012) and change["high"] == pytest.approx(high, abs=0.012)
    kept = np.stack([correct.mean(axis=0), np.arange(90) >= 30], axis=1)
    everything = np.stack([correct.mean(axis=0), np.ones(90)], axis=1)
    exact = paired_bootstrap(
        lambda _, rows: float(np.average(rows[:, 0], weights=rows[:, 1])), kept[:, 0], kept, everything, 2000, seed=0
    )
    ends = change["low"], change["high"]
    assert ends == pytest.approx((exact.low, exact.high), rel=1e-12), "2,000 resamples by seed 0: the same each time"
    assert "20 are exact copies" in leaks.markdown() and "10 more are near" in leaks.markdown()
    assert next(row for row in leaks.rows if "adaptive" in row["cell"].text)["all"].text == "diverged"
    shown = pd.concat(copies.shown(), axis=1).astype(str)
    assert shown.iloc[0].tolist()[:5] == ["fer2013", "95", "4", "1", "2"]


def test_other_bytes_have_no_leaks_table(leaky, tmp_path):
    """Ids of one edition say nothing of another."""
    records, data, _ = leaky
    path = data / "fer2013" / "audit.json"
    path.write_text(json.dumps(audit_of("fer2013", "0" * 64)))
    found = audits.tables(summarise(records, tmp_path / "records"), read_data(data, tmp_path))
    assert [table.name for table in found] == ["audits"]


def test_folds_have_no_leaks_table(leaky, tmp_path):
    records, data, _ = leaky
    (comparison,) = summarise(records, tmp_path / "records").comparisons
    leaked = json.loads((data / "fer2013" / "leaks.json").read_text())
    assert audits.leaks_table(comparison, leaked) is not None
    folded = replace(comparison, protocol=comparison.protocol | {"splits": {}, "folds": ["one", "two", "three"]})
    assert audits.leaks_table(folded, leaked) is None


def test_exact_copies_across_splits_in_a_sentence(leaky, tmp_path):
    _, data, _ = leaky
    (own,) = read_data(data, tmp_path)
    clean = replace(
        own, audit=own.audit | {"name": "clean", "exact_copies": own.audit["exact_copies"] | {"across_splits": 0}}
    )
    uncounted = replace(own, leaks=None)
    begin = "Groups of exact copies that stand in more than one split: "
    assert audits.across_splits([own, clean]) == [begin + "fer2013 2; none in clean."]
    assert audits.across_splits([clean]) == [begin + "none in clean."] and audits.across_splits([uncounted]) == []


def test_without_audits(leaky, tmp_path):
    records, data, _ = leaky
    summary = summarise(records, tmp_path / "records")
    assert audits.tables(summary, read_data(tmp_path / "nothing", tmp_path)) == []
    (data / "fer2013" / "leaks.json").unlink()
    with pytest.raises(BadInput, match="leaks.json"):
        read_data(data, tmp_path)
