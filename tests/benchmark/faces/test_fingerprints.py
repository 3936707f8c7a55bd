"""The list of known bytes, and what the report does with a record made on others."""

import re

import pytest

from benchmark.errors import BadInput
from benchmark.faces import fingerprints
from benchmark.faces.data_sets import names
from benchmark.files import read_yaml
from benchmark.protocol.protocol import load_protocol
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records


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
