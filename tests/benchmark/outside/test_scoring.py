"""Files of predictions: both forms, what scores are taken for, every planted mistake, blind export and the verb."""

import csv
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from benchmark.cli import main as cli
from benchmark.errors import BadInput
from benchmark.outside.blind_faces import blind_id, export_faces
from benchmark.outside.prediction_file import read_predictions
from benchmark.records.record import read_record

from .entering import score

CLASSES = ["low", "middle", "high"]


@pytest.fixture
def protocol(tiny_protocol):
    return tiny_protocol()


@pytest.fixture(scope="module")
def truth(tiny_faces):
    """(ids, labels, probabilities) of the test faces; the model is sure and mostly right."""
    rows = np.flatnonzero(tiny_faces.split == "test")
    logits = np.random.default_rng(8).normal(size=(len(rows), 3)) + 2.5 * np.eye(3)[tiny_faces.expression[rows]]
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return tiny_faces.id[rows], tiny_faces.expression[rows], probabilities


def write(path, header, rows):
    with open(path, "w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


def scores_csv(path, ids, values, header=CLASSES):
    return write(path, ["id", *header], [[face, *row] for face, row in zip(ids, values.tolist(), strict=True)])


def scored(path, protocol, faces, out, name="mine", **changes):
    return score(path, protocol, faces, name, out=out, **changes)


def test_metrics_are_those_of_scikit_learn(truth, protocol, tiny_faces, tmp_path):
    ids, labels, probabilities = truth
    found = scored(scores_csv(tmp_path / "p.csv", ids, probabilities), protocol, tiny_faces, tmp_path / "out")
    assert found["outputs"] == "probabilities" and found["warnings"] == [] and found["not_tested"] == {}
    values = found["metrics"]["test"]
    assert values["accuracy"] == pytest.approx(accuracy_score(labels, probabilities.argmax(1)), abs=1e-12)
    assert values["nll"] == pytest.approx(log_loss(labels, probabilities), rel=1e-5)
    auc = roc_auc_score(labels, probabilities, multi_class="ovr", average="macro")
    assert values["roc_auc"] == pytest.approx(auc, abs=1e-6)
    assert found["interval"]["low"] < values["accuracy"] < found["interval"]["high"]


def test_every_form_gives_the_same_metrics(truth, protocol, tiny_faces, tmp_path):
    """csv and npz, columns in another order, percent, logits, blind ids, rows turned round."""
    ids, _, probabilities = truth
    turned = slice(None, None, -1)
    blind = np.array([blind_id(tiny_faces.fingerprint, face) for face in ids])
    files = {
        "plain": scores_csv(tmp_path / "a.csv", ids, probabilities),
        "columns": scores_csv(tmp_path / "b.csv", ids, probabilities[:, [2, 0, 1]], ["high", "low", "middle"]),
        "percent": scores_csv(tmp_path / "c.csv", ids, 100 * probabilities),
        "logits": scores_csv(tmp_path / "d.csv", ids, np.log(probabilities) + 0.7),
        "blind": scores_csv(tmp_path / "e.csv", blind[turned], probabilities[turned]),
        "npz": tmp_path / "f.npz",
    }
    np.savez(files["npz"], ids=ids, scores=probabilities[:, [1, 2, 0]], classes=["middle", "high", "low"])
    found = {name: scored(path, protocol, tiny_faces, tmp_path / "out", name) for name, path in files.items()}
    for name, each in found.items():
        assert each["outputs"] == ("logits" if name == "logits" else "probabilities")
        for metric, value in found["plain"]["metrics"]["test"].items():
            if isinstance(value, float):
                assert each["metrics"]["test"][metric] == pytest.approx(value, abs=1e-6), (name, metric)


@pytest.mark.parametrize("form", ["names", "numbers", "npz"])
def test_hard_labels_have_no_metrics_of_scores(truth, protocol, tiny_faces, tmp_path, form):
    ids, labels, probabilities = truth
    chosen = probabilities.argmax(1)
    given = [CLASSES[k] for k in chosen] if form == "names" else chosen.tolist()
    path = write(tmp_path / "hard.csv", ["id", "class"], zip(ids.tolist(), given, strict=True))
    if form == "npz":
        path = tmp_path / "hard.npz"
        np.savez(path, ids=ids, **{"class": chosen})
    found = scored(path, protocol, tiny_faces, tmp_path / "out")
    values = found["metrics"]["test"]
    assert values["accuracy"] == pytest.approx(accuracy_score(labels, chosen))
    for name in ("roc_auc", "pr_auc", "nll", "ece", "brier"):
        assert values[name] is None and "no scores" in found["not_tested"][name]
    assert values["calibration"] is None and values["kappa"] is not None
    assert read_record(tmp_path / "out" / "tiny-categorical" / "mine" / "seed0").hard


def test_valence_and_arousal(tiny_protocol, tiny_faces, tmp_path):
    rows = np.flatnonzero(tiny_faces.split == "test")
    path = write(
        tmp_path / "va.csv",
        ["id", "arousal", "valence"],
        [[tiny_faces.id[row], float(tiny_faces.arousal[row]), 0.5 * float(tiny_faces.valence[row])] for row in rows],
    )
    found = scored(path, tiny_protocol("dimensional"), tiny_faces, tmp_path / "out")["metrics"]["test"]
    assert found["ccc_arousal"] == pytest.approx(1)
    assert found["rmse_valence"] == pytest.approx(np.sqrt(np.mean((0.5 * tiny_faces.valence[rows]) ** 2)), rel=1e-6)
    with pytest.raises(BadInput, match="valence and arousal have no accuracy"):
        stated = {"accuracy": 0.5, "source": "x"}
        scored(path, tiny_protocol("dimensional"), tiny_faces, tmp_path / "out", "other", stated=stated)


@pytest.mark.parametrize(
    "lines, message",
    [
        ("face,low,middle,high\na,1,2,3", "header: found face, low, middle, high; expected id, then"),
        ("id,low,middle,hi\na,1,2,3", "header: found 'hi'; expected one of low, middle, high, another word for"),
        (
            "id,low\na,1",
            "found low of the classes of tiny-categorical .low.; expected at least 2 of them: low, middle, high",
        ),
        ("id,low,class\na,1,low", "found low, class; expected scores of the classes of tiny-categorical"),
        ("id\na", "found no column beside the ids; expected the classes of tiny-categorical .low, middle, high., or class"),
        ("id,low,middle,high,high\na,1,2,3,4", "expected each column once"),
        ("id,low,middle,high\na,1,2,3\nb,1,2", "line 3: found 3 cells; expected 4"),
        ("id,low,middle,high\na,1,x,3", r"data row 1 \(a\), middle: found 'x'; expected a number"),
        ("id,low,middle,high\na,1,2,3\nb,nan,2,3", r"data row 2 \(b\), low: found nan, one of 1 such rows"),
        ("id,low,middle,high\na,1,2,inf", r"high: found inf"),
        ("id,low,middle,high\na,0,0,0", r"data row 1 \(a\): found scores that are all zero"),
        ("id,class\na,huge", r"class: found 'huge'; expected one of low, middle, high"),
        ("id,class\na,3", r"class: found '3'"),
        ("id,low,middle,high", "found no row"),
        ("", "header: found nothing"),
    ],
)
def test_files_that_are_wrong(protocol, tmp_path, lines, message):
    path = tmp_path / "p.csv"
    path.write_text(lines)
    with pytest.raises(BadInput, match=message):
        read_predictions(path, protocol)


def test_npz_is_never_unpickled(protocol, tmp_path):
    np.savez(tmp_path / "p.npz", ids=np.array(["a", {}], dtype=object))
    with pytest.raises(BadInput, match="no npz of plain arrays"):
        read_predictions(tmp_path / "p.npz", protocol)
    (tmp_path / "q.npz").write_bytes(b"id,low\n")
    with pytest.raises(BadInput, match="no npz of plain arrays"):
        read_predictions(tmp_path / "q.npz", protocol)
    np.savez(tmp_path / "r.npz", ids=np.array(["a"]), scores=np.ones((1, 3)))
    with pytest.raises(BadInput, match="found no classes"):
        read_predictions(tmp_path / "r.npz", protocol)


def test_meaning_can_be_said(protocol, tmp_path):
    path = scores_csv(tmp_path / "p.csv", ["a", "b"], np.array([[0.2, 0.5, 0.9], [0.1, 0.0, 0.0]]))
    taken = read_predictions(path, protocol)
    assert taken.given == "probabilities"
    np.testing.assert_allclose(np.exp(taken.outputs), [[0.125, 0.3125, 0.5625], [1, 0, 0]], atol=1e-11)
    assert read_predictions(path, protocol, "logits").outputs[0].tolist() == [0.2, 0.5, 0.9]
    path = scores_csv(tmp_path / "q.csv", ["a"], np.array([[-1.0, 2, 3]]))
    assert read_predictions(path, protocol).given == "logits"
    with pytest.raises(BadInput, match="a negative score"):
        read_predictions(path, protocol, "probabilities")


def test_export_is_blind_and_whole(protocol, tiny_faces, tmp_path):
    assert export_faces(protocol, tiny_faces, "test", tmp_path / "faces") == 35
    with open(tmp_path / "faces" / "ids.csv", newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert list(listed[0]) == ["id", "file"] and sorted(listed, key=lambda row: row["id"]) == listed
    assert sorted(path.name for path in (tmp_path / "faces").glob("*.png")) == [row["file"] for row in listed]
    of = {blind_id(tiny_faces.fingerprint, face): row for row, face in enumerate(tiny_faces.id.tolist())}
    for row in listed:
        picture = np.asarray(Image.open(tmp_path / "faces" / row["file"]))
        assert np.array_equal(picture, tiny_faces.pictures[of[row["id"]]])
    own_order = [of[row["id"]] for row in listed]
    assert own_order != sorted(own_order), "the FaceSet's order may tell the labels"
    text = (tmp_path / "faces" / "ids.csv").read_text()
    assert not any(face in text for face in [*CLASSES, "tiny-"])
    with pytest.raises(BadInput, match="a new folder"):
        export_faces(protocol, tiny_faces, "test", tmp_path / "faces")
    assert export_faces(protocol, tiny_faces, "validation", tmp_path / "more") == 25


@pytest.fixture
def command(tiny_faces, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for module in ("interface.given", "protocol.protocol"):  # in this order: the first imports from the second
        monkeypatch.setattr(f"benchmark.{module}.load_protocol", lambda name: protocol)

    def run(verb):
        return cli.main([*verb.split(), "--protocol", "tiny", "--prepared", str(tiny_faces.directory.parent)])

    return run


def test_the_verb_from_export_to_json(truth, command, protocol, tiny_faces, tmp_path, capsys):
    assert command("export-test faces") == 0
    with open("faces/ids.csv", newline="") as stream:
        ids = [row["id"] for row in csv.DictReader(stream)]
    _, _, probabilities = truth
    own = {blind_id(tiny_faces.fingerprint, face): row for row, face in enumerate(truth[0].tolist())}
    permuted = np.stack([probabilities[own[face]] for face in ids])[:, [1, 0, 2]]
    scores_csv(tmp_path / "p.csv", ids, permuted)
    capsys.readouterr()
    stated = "--stated-accuracy 0.9 --stated-source paper --extra-training-data none --parameters 12"
    assert command(f"score p.csv --name mine --json {stated}") == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    record = read_record(tmp_path / "reports" / "records" / "outside" / "tiny-categorical" / "mine" / "seed0")
    assert found["stated"] == record.outside["stated"] == {"accuracy": 0.9, "source": "paper"}
    assert found["warnings"] == record.outside["warnings"] and "swapping 'low' and 'middle'" in found["warnings"][0]
    assert shown.err.startswith("ferbench: warning: class order looks mismatched")
    assert command("score p.csv --name mine") == 2
    assert "an entry of this name" in capsys.readouterr().err
    assert command("score p.csv --name mine --replace") == 0
    assert "accuracy 0." in capsys.readouterr().out
    assert command("score p.csv --name other --stated-accuracy 0.5") == 2
    assert command("score nothing.csv --name other") == 2
    missing = ids[0]
    scores_csv(tmp_path / "q.csv", ids[1:], permuted[1:])
    capsys.readouterr()
    assert command("score q.csv --name other") == 2
    assert f"test faces missing: {missing};" in capsys.readouterr().err  # under the id that the file's owner knows
    assert not (tmp_path / "reports" / "records" / "outside" / "tiny-categorical" / "other").exists()


def test_completion_names_verbs_and_options(capsys):
    assert cli.main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    for word in ("export-test", "--stated-accuracy", "evaluate-weights", "_shtab_compgen_files"):
        assert word in script


def test_an_array_that_no_memory_can_hold(protocol, tmp_path):
    """Its header tells of 10^15 numbers, of which the file has none."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }\n"
    with zipfile.ZipFile(tmp_path / "p.npz", "w") as made:
        made.writestr("ids.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(BadInput, match=r"p\.npz: found what is no npz of plain arrays \(.*; expected arrays of numbers"):
        read_predictions(tmp_path / "p.npz", protocol)
