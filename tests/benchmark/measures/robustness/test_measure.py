"""`ferbench robustness` on a network trained on tiny faces: what is written, kept and refused; transfer by class names."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.faces.card import CARDS, Card, card
from benchmark.faces.data_sets import names
from benchmark.faces.faceset import write_faceset
from benchmark.measures.robustness import measure as robustness
from benchmark.measures.robustness import scoring
from benchmark.measures.robustness.corruptions import CORRUPTIONS, corrupt
from benchmark.measures.robustness.file import read
from benchmark.measures.robustness.measure import measure
from benchmark.measures.robustness.scoring import SOURCES, consistency, shared_classes
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.record import read_record
from benchmark.records.seal import write_seal
from benchmark.records.selection_metric import accuracy
from benchmark.runs.training.evaluation import predict
from benchmark.runs.training.pixels import load_splits, standardiser
from benchmark.runs.training.train import train
from benchmark.runs.training.trainer import build_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def trained(tiny_faces, tiny_protocol, tiny_cell, tmp_path_factory):
    """Protocol, cell and folder of runs with one finished run."""
    protocol, cell, runs = tiny_protocol(epochs=8), tiny_cell(), tmp_path_factory.mktemp("runs")
    run = Run(protocol, cell, 0)
    train(run, tiny_faces, runs / run.place, device=CPU)
    return protocol, cell, runs


def measured(trained, faces, out, **changes):
    protocol, cell, runs = trained
    given = {"prepared": faces.directory.parent, "runs": runs, "out": out, "device": CPU}
    return measure(protocol, cell, 0, **(given | changes))


@pytest.fixture(scope="module")
def found(trained, tiny_faces, tmp_path_factory):
    return measured(trained, tiny_faces, tmp_path_factory.mktemp("out"))


def test_numbers_are_those_of_the_network_on_corrupted_pictures(trained, tiny_faces, found):
    protocol, cell, runs = trained
    splits = load_splits(tiny_faces, protocol, CPU)
    model = build_model(Run(protocol, cell, 0), CPU)
    model.load_state_dict(torch.load(runs / Run(protocol, cell, 0).place / "weights.pt", weights_only=True))
    prepare, test = standardiser(protocol, splits["train"]), splits["test"]

    def scored(images):
        changed = type(test)(test.ids, images, test.targets)
        return predict(model, changed, prepare, categorical=True)

    clean = scored(test.pictures)
    assert found["clean"]["accuracy"] == accuracy(test.targets.numpy(), clean) > 0.5
    assert set(found["corrupted"]) == set(CORRUPTIONS)
    for name, severity in (("gaussian-noise", 5), ("brightness", 2)):
        changed = torch.from_numpy(corrupt(test.pictures.numpy(), test.ids, name, severity))
        expected = accuracy(test.targets.numpy(), scored(changed))
        assert found["corrupted"][name][severity - 1]["accuracy"] == expected
    mirrored = scored(torch.from_numpy(np.ascontiguousarray(test.pictures.numpy()[..., ::-1])))
    assert found["flip"]["consistency"] == np.mean(mirrored.argmax(1) == clean.argmax(1))
    assert found["transfer"] == {}  # these faces have no card


def test_each_score_stands_where_its_pictures_belong(trained, tiny_faces, tmp_path, monkeypatch):
    """Answers that tell the pictures apart: each corruption and severity gets another number right, mirrored ones eleven."""
    protocol, cell, runs = trained
    record = read_record(runs / Run(protocol, cell, 0).place)
    truth, stored = record.outputs("test")
    pictures, kinds = load_splits(tiny_faces, protocol, CPU)["test"].pictures, list(CORRUPTIONS)
    wanted = {(kind, s): (5 * at + s) % 34 for at, kind in enumerate(kinds) for s in range(1, 6)}

    def answers(right):
        return 9 * np.eye(3, dtype=np.float32)[np.where(np.arange(35) < right, truth, (truth + 1) % 3)]

    def outputs(networks, images, *_):
        if torch.equal(images, pictures):
            return stored
        return answers(11) if torch.equal(images, pictures.flip(3)) else answers(int(images[0, 0, 0, 0]))

    monkeypatch.setattr(scoring, "outputs_of", outputs)
    monkeypatch.setattr(scoring, "corrupt", lambda images, ids, name, s: np.full_like(images, wanted[name, s]))
    found = measured(trained, tiny_faces, tmp_path)
    assert found["clean"]["accuracy"] == accuracy(truth, stored)
    for kind in kinds:
        assert [each["accuracy"] * 35 for each in found["corrupted"][kind]] == pytest.approx(
            [wanted[kind, s] for s in range(1, 6)]
        )
    assert found["flip"]["accuracy"] == pytest.approx(11 / 35)
    assert found["flip"]["consistency"] == np.mean(answers(11).argmax(1) == stored.argmax(1))


def test_a_finished_file_is_kept_and_a_stale_one_measured_again(trained, tiny_faces, tmp_path, monkeypatch):
    first = measured(trained, tiny_faces, tmp_path)
    (path,) = tmp_path.rglob("seed0.json")
    beside = json.loads(path.with_name("seed0.machine.json").read_text())
    assert beside["environment"]["threads"] == torch.get_num_threads() and "environment" not in first
    assert json.loads(path.read_text()) == first == read(path)

    def fail(*_):
        raise AssertionError("measured again")

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "corrupt", fail)
        assert measured(trained, tiny_faces, tmp_path) == first
        path.write_text(json.dumps(first | {"made_with": {}}))
        with pytest.raises(AssertionError, match="measured again"):
            measured(trained, tiny_faces, tmp_path)
    assert measured(trained, tiny_faces, tmp_path) == first


def test_a_stop_writes_nothing(trained, tiny_faces, tmp_path):
    with pytest.raises(Interrupted):
        measured(trained, tiny_faces, tmp_path, stop=lambda: True)
    assert not list(tmp_path.rglob("*"))


def test_weights_that_are_not_the_records_are_refused(trained, tiny_faces, tmp_path):
    protocol, cell, runs = trained
    place = Run(protocol, cell, 0).place
    other = tmp_path / "runs" / place
    other.mkdir(parents=True)
    for name in ("record.json", "machine.json", "predictions.npz"):
        (other / name).write_bytes((runs / place / name).read_bytes())
    with pytest.raises(BadInput, match="no such file; expected the run's weights"):
        measured(trained, tiny_faces, tmp_path / "out", runs=tmp_path / "runs")
    torch.save(build_model(Run(protocol, cell, 7), CPU).state_dict(), other / "weights.pt")
    with pytest.raises(BadInput, match="weights.pt: found no seal for it"):
        measured(trained, tiny_faces, tmp_path / "out", runs=tmp_path / "runs")
    write_seal(other)
    with pytest.raises(BadInput, match="of the record's answers; expected at least 99%"):
        measured(trained, tiny_faces, tmp_path / "out", runs=tmp_path / "runs")
    (other / "weights.pt").write_bytes(b"no weights")
    with pytest.raises(BadInput, match="weights.pt: found SHA-256 .* as in seal.json"):
        measured(trained, tiny_faces, tmp_path / "out", runs=tmp_path / "runs")
    write_seal(other)
    with pytest.raises(BadInput, match="weights that do not load"):
        measured(trained, tiny_faces, tmp_path / "out", runs=tmp_path / "runs")
    assert not (tmp_path / "out").exists()


def test_one_flipped_bit_of_the_weights_is_refused(trained, tiny_faces, tmp_path):
    """Before torch reads them: the flip of a weight's lowest bit would load, and change no answer."""
    protocol, cell, runs = trained
    place = Run(protocol, cell, 0).place
    shutil.copytree(runs / place, tmp_path / "runs" / place)
    path = tmp_path / "runs" / place / "weights.pt"
    whole = path.read_bytes()
    for at in np.linspace(0, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(BadInput, match="weights.pt: found SHA-256"):
            measured(trained, tiny_faces, tmp_path / "out", runs=tmp_path / "runs")
    assert not (tmp_path / "out").exists()


def test_other_faces_are_refused(trained, tiny_faces, tmp_path):
    write_faceset(
        tmp_path / "tiny", np.zeros((3, 16, 16, 3), np.uint8), name="tiny", version="1.0", classes=tiny_faces.classes,
        id=["a", "b", "c"], split=["train", "validation", "test"], expression=[0, 1, 2],
    )  # fmt: skip
    with pytest.raises(BadInput, match="fingerprint"):
        measured(trained, tiny_faces, tmp_path / "out", prepared=tmp_path)


def test_folds_test_each_face_by_its_own_network(tiny_faces, tiny_protocol, tiny_cell, tmp_path):
    from benchmark.runs.training.crossvalidation import cross_validate

    protocol = tiny_protocol(epochs=1, splits={}, folds=["train", "validation", "test"])
    run = Run(protocol, tiny_cell(), 0)
    record = cross_validate(run, tiny_faces, tmp_path / "runs" / run.place, device=CPU)
    given = {"prepared": tiny_faces.directory.parent, "runs": tmp_path / "runs", "out": tmp_path / "out", "device": CPU}
    found = measure(protocol, run.cell, 0, **given)  # refused if the networks did not give the record's answers
    assert found["clean"]["accuracy"] == accuracy(*record.outputs("test"))


def test_consistency_by_hand():
    outputs, mirrored = np.array([[3.0, 1], [0, 2], [5, 4]]), np.array([[1.0, 0], [3, 2], [9, 8]])
    assert consistency("categorical", outputs, mirrored) == pytest.approx(2 / 3)
    assert consistency("dimensional", outputs, mirrored) == pytest.approx((2 + 1 + 3 + 0 + 4 + 4) / 6)


def test_shared_classes_go_by_meaning():
    assert shared_classes("fer2013", "ferplus") == [
        ("angry", "anger"), ("disgust", "disgust"), ("fear", "fear"), ("happy", "happiness"), ("sad", "sadness"),
        ("surprise", "surprise"), ("neutral", "neutral"),
    ]  # fmt: skip
    assert ("contempt", "contempt") in shared_classes("ferplus", "affectnet")
    assert "contempt" not in dict(shared_classes("ferplus", "fer2013"))


def test_cards_name_the_classes_of_the_protocols():
    cards = {path.stem: card(path.stem) for path in CARDS.glob("*.yaml")}
    assert set(cards) <= set(names()) and sum(bool(own.meanings) for own in cards.values()) == 8
    for data, own in cards.items():
        of = {name for name in protocol_names() if (p := load_protocol(name)).data == data and p.task == "categorical"}
        assert of or not own.meanings, data
        for name in of:
            assert not own.meanings or set(load_protocol(name).classes) <= set(own.meanings), name
        assert len(set(own.meanings.values())) == len(own.meanings)
        for name in own.transfer:
            assert load_protocol(name).data != data and cards[load_protocol(name).data].meanings


def test_transfer_scores_only_shared_classes(trained, tiny_faces, tiny_protocol, tmp_path, monkeypatch):
    """The same faces under other words and in another order, one class unknown to the network: it scores as at home."""
    protocol, cell, runs = trained
    test = np.flatnonzero(tiny_faces.split == "test")
    label = tiny_faces.expression[test]
    other = write_faceset(
        tmp_path / "other", tiny_faces.pictures[test], name="other", version="1.0", classes=("odd", "top", "base"),
        id=tiny_faces.id[test].tolist(), split=["test"] * len(test), expression=[{0: 2, 1: 0, 2: 1}[k] for k in label],
    )  # fmt: skip
    cards = {
        "tiny": Card(meanings={"low": "l", "middle": "m", "high": "h"}, transfer=["far", "gone"]),
        "other": Card(meanings={"top": "h", "base": "l", "odd": "o"}),
    }
    monkeypatch.setattr(scoring, "card", cards.get)
    far = tiny_protocol(data="other", name="far", classes=["odd", "top", "base"])
    gone = tiny_protocol(data="gone", name="gone")
    monkeypatch.setattr(scoring, "protocol_names", lambda: ["far", "gone"])
    monkeypatch.setattr(scoring, "load_protocol", lambda name: {"far": far, "gone": gone}[name])
    (tmp_path / "tiny").symlink_to(tiny_faces.directory)
    found = measured(trained, tiny_faces, tmp_path / "out", prepared=tmp_path)["transfer"]
    with np.load(runs / Run(protocol, cell, 0).place / "predictions.npz") as stored:
        scores, truth = stored["test_outputs_none"], stored["test_targets"]
    kept = truth != 1
    answer = np.where(scores[kept][:, 0] >= scores[kept][:, 2], 0, 2)
    assert found["far"]["n"] == kept.sum() == len(other) - np.sum(label == 1)
    assert found["far"]["classes"] == ["low", "high"]
    assert found["far"]["accuracy"] == pytest.approx(np.mean(answer == truth[kept]))
    recalls = [np.mean(answer[truth[kept] == k] == k) for k in (0, 2)]
    assert found["far"]["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    assert found["gone"] == {"note": "gone is not prepared"}


def test_what_scores_is_in_the_digest():
    """A module of the metrics that is split has to be listed; what reads records decides no number here."""
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("benchmark", exclude_type_checking_imports=True, cache_dir=None)
    found = graph.find_upstream_modules("benchmark.records.metrics") | {"benchmark.records.metrics"}
    scoring = {name.removeprefix("benchmark.").replace(".", "/") for name in found if ".records." in name}
    assert {"records/metrics", "records/predictions"} <= scoring <= {name.removesuffix(".py") for name in SOURCES}


def test_a_run_with_other_values_of_params_is_named_as_such(trained, tiny_faces, tmp_path, monkeypatch):
    protocol, cell, runs = trained
    record = read_record(runs / Run(protocol, cell, 0).place)
    other = record["protocol"] | {"name": "tiny+epochs-9", "based_on": "tiny 1.0"}
    changed = dataclasses.replace(record, contents=record.contents | {"protocol": other, "protocol_hash": "0" * 16})
    monkeypatch.setattr(robustness, "read_record", lambda _: changed)
    with pytest.raises(BadInput, match=r"a run under tiny\+epochs-9, tiny 1.0 with other values of params.yaml; expected"):
        measured(trained, tiny_faces, tmp_path)
