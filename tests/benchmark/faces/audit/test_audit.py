"""The audit on made-up sets whose faults are known and on real FER2013; its Croissant description by mlcroissant."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from benchmark.cli.main import main
from benchmark.faces.audit.audit import audit
from benchmark.faces.audit.copies import find_copies, leaks, worst_pairs
from benchmark.faces.audit.label_checks import label_order
from benchmark.faces.faceset import write_faceset
from benchmark.faces.near_duplicates import Threshold, hashes
from tests.benchmark.faces.test_near_duplicates import changed, photographs

CLASSES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")


@pytest.fixture
def faulty(tmp_path):
    """60 pictures: exact, near and mirrored copies within and across splits, a blank one, a group in two splits."""
    images = photographs(60, side=48)
    images[3] = images[0]  # exact, within train
    images[50] = images[1]  # exact, train and test
    images[51] = changed(images[2], "JPEG, quality 75")  # near, train and test, other label
    images[52] = images[4][:, ::-1]  # mirrored, train and test
    images[41] = changed(images[51], "grey levels x 1.2 + 12")  # near, validation; of row 2 as well
    images[5] = 77  # blank
    images[6] = 0  # blank and flagged
    return write_faceset(
        tmp_path / "data/prepared/faulty",
        images,
        name="faulty",
        version="1.0",
        classes=("a", "b"),
        id=[f"f{k}" for k in range(60)],
        split=["train"] * 40 + ["validation"] * 10 + ["test"] * 10,
        expression=[0] * 50 + [0, 1] + [0] * 8,
        group=["one"] * 2 + [""] * 37 + ["two"] * 2 + [""] * 19,
        flag=[""] * 6 + ["black"] + [""] * 53,
    )


def test_findings_of_a_faulty_set(faulty, tmp_path):
    out, private = tmp_path / "out", tmp_path / "private"
    found = audit(faulty, out, private)
    assert found == json.loads((out / "audit.json").read_text())
    assert found["counts"] == {"train": {"a": 40, "b": 0}, "validation": {"a": 10, "b": 0}, "test": {"a": 9, "b": 1}}
    exact = found["exact_copies"]
    assert (exact["groups"], exact["pictures"], exact["conflicting"], exact["across_splits"]) == (2, 4, 0, 1)
    assert exact["spanning"] == {"train": 1, "validation": 0, "test": 1}
    near = found["near_copies"]
    assert (near["threshold"], near["pairs"], near["mirrored_pairs"], near["conflicting_pairs"]) == (24, 3, 1, 2)
    assert (near["groups"]["groups"], near["groups"]["across_splits"], near["groups"]["conflicting"]) == (4, 3, 1)
    assert found["blank"] == {"faces": 2, "unflagged": 1, "ids": ["f5", "f6"]}
    assert found["flags"] == {"black": 1}
    assert found["groups"] == {"groups": 2, "in_several_splits": 1, "names": ["two"]}
    assert found["valence_arousal"] is None and found["label_order"]["ok"] is None
    leaked = json.loads((out / "leaks.json").read_text())
    assert leaked["test"]["train"] == {"exact": ["f50"], "near": ["f51", "f52"]}
    assert leaked["train"]["test"] == {"exact": ["f1"], "near": ["f2", "f4"]}
    assert leaked["validation"] == {"train": {"exact": [], "near": ["f41"]}, "test": {"exact": [], "near": ["f41"]}}
    assert found["leaked"]["test"]["train"] == {"exact": 1, "near": 2}
    wrong = " ".join(found["findings"]["wrong"])
    for part in ("1 pictures of one value", "1 groups (subject", "1 groups of exact", "3 groups of near"):
        assert part in wrong
    assert not list(out.glob("*.png")), "pictures of a set whose terms do not allow it"
    assert (private / "near-copies.png").is_file() and found["pairs_of_copies"] == "private"


def test_near_leaks_are_direct(tmp_path, monkeypatch):
    """a - b - c is one group, but a picture that is near to none of the training pictures itself has not leaked."""
    base = photographs(1, side=48)[0]
    a, b, c = base, np.roll(base, 1, axis=1), np.roll(base, 2, axis=1)
    images = np.array([a, b, c, *photographs(200, side=48, seed=9)])
    split = ["train", "validation", "test", *["train"] * 200]
    faces = write_faceset(
        tmp_path / "s", images, name="s", version="1.0", classes=(), id=list(map(str, range(203))), split=split
    )
    own = hashes(images[:3])
    step, far = (int(np.sum(own[i] != own[k])) for i, k in ((0, 1), (0, 2)))
    threshold = max(step, int(np.sum(own[1] != own[2])))
    assert threshold < far
    monkeypatch.setattr("benchmark.faces.audit.copies.threshold_for", lambda *_: Threshold(threshold, None))
    copies = find_copies(faces)
    near = set(zip(copies.near.pairs.first.tolist(), copies.near.pairs.second.tolist(), strict=True))
    assert {(0, 1), (1, 2)} <= near and (0, 2) not in near, "the pictures of this test do not make a chain"
    found = leaks(faces, copies)
    assert found["validation"]["train"]["near"] == ["1"] and "train" not in found["test"]


def test_worst_pairs_put_conflicting_labels_first(faulty):
    pairs = worst_pairs(faulty, find_copies(faulty))
    assert {(a, b) for a, b, _ in pairs[:2]} == {(2, 51), (41, 51)} and pairs[2][:2] == (2, 41)
    assert len(worst_pairs(faulty, find_copies(faulty), most=1)) == 1


def test_near_copies_can_be_left_out(faulty, tmp_path):
    found = audit(faulty, tmp_path / "out", tmp_path / "private", near_limit=10)
    assert found["near_copies"] is None and "near copies were not searched" in found["findings"]["note"]
    assert found["leaked"]["test"]["train"] == {"exact": 1, "near": 0}
    assert not (tmp_path / "private").exists()


def affective(tmp_path, order=range(8)):
    """Faces whose valence and arousal follow the circumplex; `order` permutes the names."""
    centre = {"neutral": (0, 0), "happy": (0.7, 0.2), "sad": (-0.6, -0.3), "surprise": (0.1, 0.7), "fear": (-0.5, 0.6)}
    centre |= {"disgust": (-0.6, 0.3), "anger": (-0.5, 0.6), "contempt": (-0.4, 0.2)}
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(8), 20)
    affect = np.array([centre[CLASSES[k]] for k in label]) + rng.normal(0, 0.05, (160, 2))
    affect[25] = (-0.8, 0.1)  # a happy face
    affect[70] = (0.1, -0.5)  # a surprised one
    affect[0, 1] = np.nan
    return write_faceset(
        tmp_path / "set",
        rng.integers(0, 256, (160, 8, 8, 1), dtype=np.uint8),
        name="set",
        version="1.0",
        classes=[CLASSES[k] for k in order],
        id=list(map(str, range(160))),
        split=["train"] * 160,
        expression=label,
        valence=affect[:, 0].clip(-1, 1),
        arousal=affect[:, 1].clip(-1, 1),
    )


def test_valence_arousal_against_expression(tmp_path):
    found = audit(affective(tmp_path), tmp_path / "out", tmp_path / "private")
    affect = found["valence_arousal"]
    assert affect["contradictions"]["ids"] == ["25", "70"]
    assert affect["contradictions"]["by_class"]["happy"] == affect["contradictions"]["by_class"]["surprise"] == 1
    assert affect["incomplete"] == 1 and affect["arousal"]["faces"] == 159
    assert affect["valence"]["smallest"] == pytest.approx(-0.8, abs=1e-6)
    assert found["label_order"]["ok"] is True
    assert any("valence without arousal" in sentence for sentence in found["findings"]["wrong"])


@pytest.mark.parametrize("swap", [(0, 1), (1, 2), (1, 6), (2, 3), (0, 3), (2, 6)])
def test_class_order_is_checked_by_affect(tmp_path, swap):
    order = list(range(8))
    order[swap[0]], order[swap[1]] = swap[1], swap[0]
    assert label_order(affective(tmp_path, order), None)["ok"] is False


def test_class_order_is_checked_by_another_label(tiny_faces):
    counts = [[50, 3, 2], [4, 40, 1], [9, 2, 30]]
    for order in itertools.permutations(range(3)):
        table = {"other": "x", "rows": ["angry", "happy", "sad"], "columns": ["anger", "happiness", "sadness"]}
        table["counts"] = np.array(counts)[:, list(order)].tolist()
        meta = dict(tiny_faces.meta) | {"how": {"cross_tabulation": table}}
        faces = dataclasses.replace(tiny_faces, meta=meta)
        found = label_order(faces, None)
        assert found["ok"] == (order == (0, 1, 2)) and found["by"] == "cross-tabulation"
        assert "120 would with" in found["found"] or found["ok"]


def test_class_order_is_checked_by_counts(tiny_faces):
    right = tiny_faces.meta["counts"]
    faces = dataclasses.replace(tiny_faces, valence=np.full(160, np.nan), arousal=np.full(160, np.nan))
    assert label_order(faces, right)["ok"] is True
    other = {s: dict(zip(of, [list(of.values())[k] for k in (1, 0, 2)], strict=True)) for s, of in right.items()}
    found = label_order(faces, other)
    assert found["ok"] is False and "published" in found["found"]
    assert label_order(faces, {"train": {"low": 5, "middle": 5, "high": 5}})["ok"] is None


def test_strict_verb(faulty, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "faulty"]) == 0
    assert main(["audit", "faulty", "--strict"]) == 1
    printed = capsys.readouterr()
    assert "findings are wrong" in printed.err and "data/audit/faulty" in printed.out
    assert (tmp_path / "reports/data/faulty/audit.json").is_file()


def test_a_class_without_a_training_face_is_wrong(tmp_path, monkeypatch, capsys):
    """As `tests/benchmark/faces/test_untrained.py` says which; here, that the audit says it, and nothing else is wrong."""
    write_faceset(
        tmp_path / "data/prepared/lost",
        photographs(9, side=48),
        name="lost",
        version="1.0",
        classes=("neutral", "happy", "neural"),
        id=[f"f{k}" for k in range(9)],
        split=["train"] * 5 + ["test"] * 4,
        expression=[0, 1, 0, 1, 0, 1, 2, 2, -1],
    )
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "lost", "--strict"]) == 1
    wrong = json.loads((tmp_path / "reports/data/lost/audit.json").read_text())["findings"]["wrong"]
    assert wrong == ["no face of neural in train, but 2 in test (neural: perhaps neutral, which has 3 in train)"]
    assert f"wrong: {wrong[0]}" in capsys.readouterr().out


def test_an_audit_that_fails_leaves_the_old_one(faulty, tmp_path, monkeypatch):
    out = tmp_path / "out"
    audit(faulty, out, tmp_path / "private")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr("benchmark.faces.audit.pair_sheet.pair_sheet", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        audit(faulty, out, tmp_path / "private")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not list(tmp_path.glob(".*.tmp"))


def test_croissant_is_valid(faulty, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    audit(faulty, tmp_path / "out", tmp_path / "private")
    path = tmp_path / "out" / "croissant.json"
    metadata = mlcroissant.Dataset(jsonld=path).metadata
    assert not metadata.ctx.issues.errors
    assert {field.name.split("/")[-1] for field in metadata.record_sets[0].fields} == set(
        (faulty.directory / "faces.csv").read_text().splitlines()[0].split(",")
    )
    assert metadata.distribution[0].sha256 == faulty.fingerprint
    # And it can be read by: the rows are those of the FaceSet.
    description = json.loads(path.read_text())
    beside = Path(faulty.directory) / "croissant.json"
    beside.write_text(json.dumps(description))
    rows = list(mlcroissant.Dataset(jsonld=beside).records("faces"))
    assert [row["faces/id"].decode() for row in rows] == faulty.id.tolist()


@pytest.mark.slow
def test_fer2013(official_csv, tmp_path):
    """The known faults of the real set, counted here once more in another way."""
    from benchmark.faces.readers import fer2013

    (tmp_path / "raw/fer2013").mkdir(parents=True)
    (tmp_path / "raw/fer2013/fer2013.csv").symlink_to(official_csv)
    faces = fer2013.prepare(tmp_path / "fer2013", raw=tmp_path / "raw")
    found = audit(faces, tmp_path / "out", tmp_path / "private")
    exact = found["exact_copies"]
    assert found["blank"]["faces"] == 12 and found["flags"] == {"black": 12}
    assert (exact["groups"], exact["conflicting"], exact["spanning"]["Training"]) == (1516, 57, 531)
    assert found["leaked"]["PublicTest"]["Training"]["exact"] == 280
    assert found["leaked"]["PrivateTest"]["Training"]["exact"] == 288
    rows = {}
    for digest, split, label in zip(faces.sha256.tolist(), faces.split.tolist(), faces.expression.tolist(), strict=True):
        rows.setdefault(digest, []).append((split, label))
    several = [members for members in rows.values() if len(members) > 1]
    assert len(several) == 1516 and sum(len({label for _, label in m}) > 1 for m in several) == 57
    assert found["near_copies"]["threshold"] == 60 and found["label_order"]["ok"] is True
    assert not (tmp_path / "out" / "contact-sheet.png").exists()
