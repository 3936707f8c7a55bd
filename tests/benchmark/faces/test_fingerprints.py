"""The list of known bytes, and what the report does with a record made on others."""

import dataclasses
import re

import pytest

from benchmark.claims.ledger import Ledger
from benchmark.errors import BadInput
from benchmark.faces import fingerprints
from benchmark.faces.data_sets import names
from benchmark.files import read_yaml
from benchmark.protocol.protocol import load_protocol
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records

OLD_VOTES = "32dae055fc15bca4c5fcd4d6becc4b9c2df6529a93b35f82c7ea13c1dd88877d"
NEW_VOTES = "cb6eb51679f5b224cd2c0b3ca9891cf2a035c740237a90dc73004bed2d54b2d6"


def test_the_list_is_of_data_sets_that_exist_and_of_digests():
    for name, versions in read_yaml(fingerprints.FILE).items():
        assert name in names()
        for version, entries in versions.items():
            assert isinstance(version, str)
            digests = [entry["fingerprint"] for entry in entries]
            assert len(set(digests)) == len(digests) and all(re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)


def test_protocols_keep_their_hashes():
    """Fingerprints stand beside the protocols, not in them: records made before the list stay comparable."""
    assert load_protocol("fer2013-7-quick").hash == "37cca062469cac0c"
    assert load_protocol("synthetic-8").hash == "9dcd13558b863ccb"


def test_synthetic_options_have_the_listed_fingerprint(tmp_path):
    from benchmark.faces.readers.synthetic import reader as synthetic

    faces = synthetic.prepare(tmp_path / "set", faces=600)
    assert fingerprints.known_as("synthetic", "1.0", faces.fingerprint) == "options faces 600, size 64, seed 1 (plan smoke)"
    other = synthetic.prepare(tmp_path / "other", faces=600, seed=2)
    assert fingerprints.is_other("synthetic", "1.0", other.fingerprint)


def test_records_on_other_bytes_are_marked_and_kept_apart(make, cell, tmp_path):
    own = cell("identity", "working", "plain")
    make(tmp_path, "synthetic-8", own, 0)
    other = {"name": "synthetic", "version": "1.0", "fingerprint": "cd" * 32}
    make(tmp_path, "synthetic-8", own, 1, data=other)
    make(tmp_path, "fer2013-7", own, 0, data=other | {"name": "fer2013"})  # alone, and still marked
    make(tmp_path, "ferplus-8", own, 0, data=other | {"name": "not-listed"})
    summary = summarise(read_records(tmp_path), tmp_path)
    slugs = [comparison.slug for comparison in summary.comparisons]
    assert slugs == ["fer2013-7-other-bytes", "ferplus-8", "synthetic-8-19987ea2", "synthetic-8-cdcdcdcd-other-bytes"]
    marked = [comparison.slug for comparison in summary.comparisons if "other bytes" in comparison.header]
    assert marked == [slugs[0], slugs[3]]
    assert sum("other bytes of" in remark for remark in summary.remarks) == 2
    assert "options faces 4200" in summary.comparisons[2].header


def test_records_of_the_old_votes_of_ferplus_stand_apart_and_decide_nothing(make, cell, tmp_path):
    """Version 1.0 of ferplus-8 was on fer2013new.csv, 2.0 is on label.csv."""
    now = load_protocol("ferplus-8")
    before = dataclasses.replace(now, version="1.0", data_version="1.0")
    assert (before.hash, now.hash) == ("e641028a39c59c0c", "849eaf56facd1f85")
    old = {"name": "ferplus", "version": "1.0", "fingerprint": OLD_VOTES}
    assert not fingerprints.is_other(**old) and not fingerprints.is_other("ferplus", "2.0", NEW_VOTES)
    assert fingerprints.is_other("ferplus", "2.0", OLD_VOTES), "the version says which votes"
    own, theirs = cell("identity", "working", "plain"), cell("adaptive", "working", "plain")
    changed = {"protocol": before.as_dict(), "protocol_hash": before.hash, "data": old}
    for each in (own, theirs):
        make(tmp_path, "ferplus-8", each, 0, **changed)
    summary = summarise(read_records(tmp_path), tmp_path)
    assert [comparison.slug for comparison in summary.comparisons] == ["ferplus-8-1.0-e641028a"]
    assert "version 1.0, hash e641028a39c59c0c, is not the protocol of this name that is" in " ".join(summary.remarks)
    make(tmp_path, "ferplus-8", own, 1)
    summary = summarise(read_records(tmp_path), tmp_path)
    assert {comparison.slug: sorted(comparison.runs) for comparison in summary.comparisons} == {
        "ferplus-8-1.0-e641028a-32dae055": sorted(each.name for each in (own, theirs)),
        "ferplus-8-2.0-849eaf56-cb6eb516": [own.name],
    }
    assert "records differ in version and protocol hash and data fingerprint; their 2 groups" in " ".join(summary.remarks)
    ledger = Ledger(summary, None)
    assert not ledger.counts("ferplus-8", before.hash, old)
    assert ledger.counts("ferplus-8", now.hash, old | {"version": "2.0", "fingerprint": NEW_VOTES})


def test_a_bad_list_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "fingerprints.yaml"
    path.write_text('fer2013:\n  "1.0":\n    - {fingerprint: abc, what: x}\n')
    monkeypatch.setattr(fingerprints, "FILE", path)
    fingerprints._known.cache_clear()
    try:
        with pytest.raises(BadInput, match="64 digits"):
            fingerprints.known_as("fer2013", "1.0", "abc")
    finally:
        fingerprints._known.cache_clear()
