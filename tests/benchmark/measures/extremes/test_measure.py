"""Easiest and hardest faces against a plain reckoning; what may not be shown is not; the report takes what fits."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from benchmark.errors import BadInput
from benchmark.faces.card import Card
from benchmark.faces.faceset import write_faceset
from benchmark.measures.extremes import measure as extremes
from benchmark.measures.extremes.file import read_faces
from benchmark.records.comparisons import summarise
from benchmark.report.build import build

IMAGES, SIDE = 90, 16


@pytest.fixture
def faces(tmp_path, monkeypatch):
    """Faces with the ids of fabricated records; each of one grey value."""
    monkeypatch.setattr(extremes, "card", lambda name: Card(may_be_shown=name == "synthetic"))
    values = np.linspace(0, 255, IMAGES + 5).astype(np.uint8)
    classes = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt")
    return write_faceset(
        tmp_path / "prepared",
        np.repeat(values, SIDE * SIDE * 3).reshape(-1, SIDE, SIDE, 3),
        name="synthetic",
        version="1.0",
        classes=classes,
        id=[f"other-{row}" for row in range(5)] + [f"test-{row}" for row in range(IMAGES)],
        split=["train"] * 5 + ["test"] * IMAGES,
        expression=np.arange(IMAGES + 5) % 8,
    )


@pytest.fixture
def records(faces, make, cell, tmp_path):
    data = {"name": "synthetic", "version": "1.0", "fingerprint": faces.fingerprint}
    kept = [make(tmp_path / "records", "synthetic-8", cell("fixed", "working", "plain"), s, data=data) for s in (0, 1)]
    make(tmp_path / "records", "synthetic-8", cell("fixed", "working", "plain"), 2, data=data, diverged=True)
    return kept


def test_faces_are_in_the_order_of_their_mean_probability(faces, records, tmp_path):
    found = extremes.extremes(faces, records, tmp_path / "out")
    assert found == json.loads((tmp_path / "out" / "faces.json").read_text())
    (entry,) = found["protocols"]
    probability = []
    for record in records:
        targets, scores = record.outputs("test")
        probability.append(softmax(scores.astype(np.float64), axis=1)[np.arange(IMAGES), targets])
    mean = np.mean(probability, axis=0)
    picture = np.asarray(Image.open(tmp_path / "out" / entry["picture"]).convert("L"), float)
    assert entry["runs"] == 2 and entry["side"] == SIDE and picture.shape == (8 * SIDE, 10 * SIDE)
    for k, group in enumerate(entry["groups"]):
        members = np.flatnonzero(targets == k)
        order = members[np.argsort(mean[members])]
        half = len(members) // 2
        assert [face["id"] for face in group["easiest"]] == [f"test-{i}" for i in order[::-1][: min(5, len(order) - half)]]
        assert [face["id"] for face in group["hardest"]] == [f"test-{i}" for i in order[: min(5, half)]]
        for face in group["easiest"] + group["hardest"]:
            row = int(face["id"].removeprefix("test-"))
            assert face["score"] == pytest.approx(mean[row], abs=1e-4)
            line, column = divmod(face["at"], entry["columns"])
            shown = picture[line * SIDE + 4 : (line + 1) * SIDE - 4, column * SIDE + 4 : (column + 1) * SIDE - 4]
            assert shown.mean() == pytest.approx(float(faces.pictures[row + 5][0, 0, 0]), abs=4)  # a JPEG


def test_distance_for_valence_and_arousal(faces, make, cell, tmp_path):
    data = {"name": "synthetic", "version": "1.0", "fingerprint": faces.fingerprint}
    own = cell("fixed", "working", "mse")
    pair = [make(tmp_path / "records", "synthetic-va", own, seed, data=data) for seed in (0, 1)]
    (entry,) = extremes.extremes(faces, pair, tmp_path / "out")["protocols"]
    distances = [np.sqrt(((o.astype(float) - t) ** 2).sum(axis=1)) for t, o in (r.outputs("test") for r in pair)]
    mean = np.mean(distances, axis=0)
    group = entry["groups"][3]
    members = np.flatnonzero(faces.expression[5:] == 3)
    assert group["class"] == "surprise"
    assert group["hardest"][0]["id"] == f"test-{members[mean[members].argmax()]}"
    assert group["easiest"][0]["score"] == pytest.approx(mean[members].min(), abs=1e-4)


def test_only_what_the_terms_allow(faces, records, tmp_path, monkeypatch):
    monkeypatch.setattr(extremes, "card", lambda name: Card(may_be_shown=name == "other"))
    found = extremes.extremes(faces, records, tmp_path / "out")
    assert found["shown"] is False and found["protocols"] == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["faces.json"]


def test_other_bytes_are_left_out_and_unknown_faces_refused(faces, records, make, cell, tmp_path):
    other = make(tmp_path / "other", "synthetic-8", cell("fixed", "working", "plain"), 0)  # of another fingerprint
    assert extremes.extremes(faces, [other], tmp_path / "out")["protocols"] == []
    data = {"name": "synthetic", "version": "1.0", "fingerprint": faces.fingerprint}
    wrong = make(tmp_path / "wrong", "synthetic-8", cell("fixed", "working", "plain"), 0, data=data)
    wrong.predictions["test_ids"][7] = "test-x"
    with pytest.raises(BadInput, match="test id test-x"):
        extremes.extremes(faces, [wrong], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_the_report_shows_them_where_protocol_and_data_are_the_same(faces, records, tmp_path):
    extremes.extremes(faces, records, tmp_path / "out" / "faces" / "flat")
    shutil.copytree(tmp_path / "out" / "faces" / "flat", tmp_path / "out" / "faces" / ".flat.ffffffff-01234567.tmp")
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path / "out")
    (page,) = [p for p in (tmp_path / "out" / "pages" / "protocols").glob("*.html") if 'class="faces"' in p.read_text()]
    text = page.read_text()
    shown = re.findall(r'<span class="face" role="img" title="([^"]+)" aria-label="([^"]+)"', text)
    entry = json.loads((tmp_path / "out" / "faces" / "flat" / "faces.json").read_text())["protocols"][0]
    assert len(shown) == sum(len(group[side]) for group in entry["groups"] for side in ("easiest", "hardest")) > 20
    assert all(words.endswith(f", answered {answer}") for answer, words in shown)
    (picture,) = re.findall(r"background-image: url\(([^)]+)\)", text)
    assert (page.parent / picture).resolve() == (tmp_path / "out" / "faces" / "flat" / entry["picture"]).resolve()

    summary = summarise(records, tmp_path / "records")
    path = tmp_path / "out" / "faces" / "flat" / "faces.json"
    contents = json.loads(path.read_text())
    path.write_text(json.dumps(contents | {"fingerprint": "other"}))
    assert read_faces(tmp_path / "out" / "faces", summary) == []
    longest = "x" * 100  # of a protocol's name
    picture = f"{longest}-{entry['protocol_hash']}.jpg"
    (path.parent / picture).write_bytes((path.parent / entry["picture"]).read_bytes())
    path.write_text(json.dumps(contents | {"protocols": [entry | {"protocol": longest, "picture": picture}]}))
    assert read_faces(tmp_path / "out" / "faces", summary) == []  # of no record here
    path.write_text(json.dumps(contents | {"protocols": [entry | {"picture": "other.jpg"}]}))
    with pytest.raises(BadInput, match=r"picture: found 'other.jpg'; expected the file beside it, synthetic-8-"):
        read_faces(tmp_path / "out" / "faces", summary)
    path.write_text(json.dumps(contents))
    (path.parent / entry["picture"]).unlink()
    with pytest.raises(BadInput, match="no synthetic-8-"):
        read_faces(tmp_path / "out" / "faces", summary)
    path.write_text(json.dumps(contents | {"schema": 9}))
    with pytest.raises(BadInput, match="schema 9"):
        read_faces(tmp_path / "out" / "faces", summary)
