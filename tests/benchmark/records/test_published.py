"""The published digests, against a plain reading of the faces that they are of."""

import csv
import hashlib
import re
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmark.cli.main import main
from benchmark.errors import BadInput
from benchmark.faces import fingerprints
from benchmark.faces.readers.synthetic import reader as synthetic
from benchmark.files import read_yaml
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records import published as module
from benchmark.records.prepared import Prepared
from benchmark.records.published import FILE, published, rows_digest
from benchmark.records.record import read_records

COMMITTED = Path(__file__).parents[3] / "reports" / "records"


def by_hand(ids, targets):
    """SHA-256 of the ids, a line each, the shape of the targets, and these as little-endian numbers of 8 or 4 bytes."""
    flat = targets if isinstance(targets[0], int) else [number for pair in targets for number in pair]
    shape = f"({len(targets)},)" if isinstance(targets[0], int) else f"({len(targets)}, 2)"
    packed = struct.pack(f"<{len(flat)}{'q' if isinstance(targets[0], int) else 'f'}", *flat)
    return hashlib.sha256("\n".join(ids).encode() + f"\n{shape}\n".encode() + packed).hexdigest()


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The synthetic faces of the plan smoke, and their faces.csv read plainly."""
    faces = synthetic.prepare(tmp_path_factory.mktemp("prepared") / "synthetic", faces=600)
    with open(faces.directory / "faces.csv", newline="") as stream:
        return faces, list(csv.DictReader(stream))


def test_the_synthetic_edition_read_plainly(smoke):
    faces, rows = smoke
    of = {split: [row for row in rows if row["split"] == split] for split in ("train", "validation", "test")}
    protocol = load_protocol("synthetic-8")
    found = published(protocol, faces.fingerprint)
    counts = Counter(row["expression"] for row in of["train"])
    assert found["train_counts"] == [counts[str(k)] for k in range(8)]
    for split in ("validation", "test"):
        assert found[split] == by_hand([r["id"] for r in of[split]], [int(r["expression"]) for r in of[split]])
    found = published(load_protocol("synthetic-va"), faces.fingerprint)
    assert found["train_counts"] is None
    for split in ("validation", "test"):
        levels = [(float(r["valence"]), float(r["arousal"])) for r in of[split]]
        assert found[split] == by_hand([r["id"] for r in of[split]], levels)


def test_the_verb_prints_what_is_published(smoke, capsys):
    faces, _ = smoke
    prepared = str(faces.directory.parent)
    assert main(["publish", "synthetic-8", "synthetic-va", "--prepared", prepared]) == 0
    printed, kept = yaml.safe_load(capsys.readouterr().out), read_yaml(FILE)
    assert set(printed) == {"synthetic-8", "synthetic-va"}
    for name, hashes in printed.items():
        ((own, entry),) = hashes.items()
        assert own == load_protocol(name).hash and list(entry) == [faces.fingerprint]
        assert kept[name][own][faces.fingerprint] == entry[faces.fingerprint]
    assert main(["publish", "fer2013-7", "--prepared", prepared]) == 2
    assert "fer2013: found no FaceSet" in capsys.readouterr().err


def test_rows_come_from_the_faces_that_are_here_and_else_from_the_digests(smoke):
    """Both say the same of the same bytes; of other bytes than those here, the digests alone speak."""
    faces, _ = smoke
    protocol, here = load_protocol("synthetic-8"), Prepared(faces.directory.parent)
    own = here.rows(protocol, faces.fingerprint)
    entry = published(protocol, faces.fingerprint)
    assert own.source == f"the FaceSet {faces.directory}" and len(own.ids["test"]) == int(np.sum(faces.split == "test"))
    assert (
        own.digests == {role: entry[role] for role in ("validation", "test")} and own.train_counts == entry["train_counts"]
    )
    assert here.fingerprint("synthetic") == faces.fingerprint and here.fingerprint("fer2013") is None
    assert here.rows(protocol, "ab" * 32) is None


def test_other_bytes_than_those_here(smoke, really_published):
    faces, _ = smoke
    protocol, here = load_protocol("synthetic-8"), Prepared(faces.directory.parent)
    other = next(iter(set(read_yaml(FILE)["synthetic-8"][protocol.hash]) - {faces.fingerprint}))
    rows = here.rows(protocol, other)
    assert rows.source.startswith("the published digests") and not rows.ids


def test_fer2013_read_plainly(official_csv):
    """From the csv of FER_DATA, whose rows are named by their numbers."""
    import pandas

    (fingerprint,) = [entry["fingerprint"] for entry in read_yaml(fingerprints.FILE)["fer2013"]["1.0"]]
    table = pandas.read_csv(official_csv, usecols=["emotion", "Usage"])
    counts = Counter(table["emotion"][table["Usage"] == "Training"])
    for name in ("fer2013-7", "fer2013-7-quick"):
        found = published(load_protocol(name), fingerprint)
        assert found["train_counts"] == [counts[k] for k in range(7)]
        for role, usage in (("validation", "PublicTest"), ("test", "PrivateTest")):
            own = table["emotion"][table["Usage"] == usage]
            assert found[role] == by_hand([f"fer2013-{row}" for row in own.index], own.tolist())


def test_every_known_edition_of_every_protocol_is_published():
    """A protocol or an edition that is added needs an entry; an entry needs its protocol as it is now."""
    known = {
        (data, version, entry["fingerprint"])
        for data, versions in read_yaml(fingerprints.FILE).items()
        for version, entries in versions.items()
        for entry in entries
    }
    wanted = set()
    for name in protocol_names():
        protocol = load_protocol(name)
        for data, version, fingerprint in known:
            if (data, version) == (protocol.data, protocol.data_version):
                wanted.add((name, protocol.hash, fingerprint))
    assert {key for key in module._table() if key[1] == load_protocol(key[0]).hash} >= wanted
    for entry in module._table().values():
        assert all(re.fullmatch("[0-9a-f]{64}", entry[role]) for role in ("validation", "test"))


def test_committed_records_have_the_published_faces():
    """By the plain digest above, one record of each protocol."""
    seen = set()
    for record in read_records(COMMITTED):
        if record.protocol in seen:
            continue
        seen.add(record.protocol)
        entry = module._table()[record.protocol, record["protocol_hash"], record["data"]["fingerprint"]]
        for role in ("validation", "test"):
            if f"{role}_ids" in record.predictions:
                ids, targets = (record.predictions[f"{role}_{part}"].tolist() for part in ("ids", "targets"))
                assert by_hand(ids, targets) == entry[role]
    assert len(seen) == 10


def test_a_digest_sees_order_targets_and_where_an_id_ends():
    ids, targets = np.array(["a", "bc", "d"]), np.array([0, 1, 2])
    digests = {
        rows_digest(ids, targets),
        rows_digest(ids[[1, 0, 2]], targets[[1, 0, 2]]),
        rows_digest(ids, targets[[1, 0, 2]]),
        rows_digest(np.array(["ab", "c", "d"]), targets),
        rows_digest(ids[:2], targets[:2]),
        rows_digest(ids, np.stack([targets, targets], 1).astype(np.float32)),
    }
    assert len(digests) == 6
    assert rows_digest(ids, targets) == by_hand(["a", "bc", "d"], [0, 1, 2])
    assert rows_digest(ids, targets.astype(np.int32)) == rows_digest(ids, targets)  # one digest on every platform


def test_a_list_with_other_parts_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "published.yaml"
    path.write_text(f"synthetic-8:\n  abc:\n    {'a' * 64}: {{test: x}}\n")
    monkeypatch.setattr(module, "FILE", path)
    module._table.cache_clear()
    try:
        with pytest.raises(BadInput, match="synthetic-8 abc: found test; expected exactly train_counts, validation, test"):
            published(load_protocol("synthetic-8"), "a" * 64)
    finally:
        module._table.cache_clear()
