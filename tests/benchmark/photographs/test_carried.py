"""The carried networks: their files, the figures that are told of them against the records, and their answers."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from benchmark.errors import BadInput
from benchmark.faces.card import card
from benchmark.photographs import networks
from benchmark.photographs.carried import FOLDER, KINDS, carried_network, facts, joined, parted, weights_of
from benchmark.photographs.carrying import carry, main
from benchmark.photographs.choosing import candidates
from benchmark.photographs.networks import raw
from benchmark.protocol.cells import Run, named_cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.record import read_record
from benchmark.records.seal import write_seal
from benchmark.runs.training.crossvalidation import fold_run
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.resampling import resized

ROOT = Path(__file__).parents[3]
RECORDS = ROOT / "reports/records"
CPU = torch.device("cpu")


def told(kind):
    return yaml.safe_load((FOLDER / f"{kind}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_weights_are_those_that_are_described(kind):
    known = told(kind)
    contents = (FOLDER / known["weights"]["file"]).read_bytes()
    assert hashlib.sha256(contents).hexdigest() == known["weights"]["sha256"] and len(contents) == known["weights"]["bytes"]
    tensors = load_file(FOLDER / known["weights"]["file"])
    floats = [tensor for tensor in tensors.values() if tensor.is_floating_point()]
    assert all(tensor.dtype == torch.float32 and bool(tensor.isfinite().all()) for tensor in floats)
    assert {name.split(".")[0] for name in tensors} == {str(k) for k in range(len(known["input"]))}


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_is_the_one_of_its_record(kind):
    known, network = told(kind), carried_network(kind)
    record = read_record(RECORDS / known["record"])
    assert record["predictions_sha256"] == known["predictions_sha256"]
    for key in ("protocol_hash", "cell", "cell_hash", "seed", "classes", "parameters", "data"):
        assert record[key] == known[key], key
    assert load_protocol(known["protocol"]).hash == known["protocol_hash"] == network.protocol.hash
    parts = record.folds or [record.contents]
    assert [part["input"] for part in parts] == known["input"] and len(network.members) == len(parts)
    assert [part["selected_epoch"] for part in parts] == known["epochs"]
    parameters = {sum(p.numel() for p in member.model.parameters() if p.requires_grad) for member in network.members}
    assert parameters == {known["parameters"]}


def lin(targets, outputs):
    """The concordance of Lin (1989) from its definition."""
    t, o = targets.astype(float), outputs.astype(float)
    return 2 * np.mean((t - t.mean()) * (o - o.mean())) / (t.var() + o.var() + (t.mean() - o.mean()) ** 2)


def score(record, split):
    targets, outputs = record.outputs(split)
    if targets.ndim == 1:
        return float(np.mean(outputs.argmax(1) == targets))
    return float(np.mean([lin(targets[:, k], outputs[:, k]) for k in (0, 1)]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_figures_are_those_of_the_record(kind):
    known = told(kind)
    record = read_record(RECORDS / known["record"])
    for split, own in known["scores"].items():
        assert own[known["metric"]] == pytest.approx(score(record, split), abs=1e-12)
        assert own["n"] == len(record.predictions[f"{split}_ids"])
    low, high = known["scores"]["test"]["interval"]
    assert low < known["scores"]["test"][known["metric"]] < high
    if known["classes"]:
        targets, outputs = record.outputs("test")
        recall = [float(np.mean(outputs.argmax(1)[targets == k] == k)) for k in range(len(known["classes"]))]
        assert known["scores"]["test"]["recall"] == pytest.approx(recall)
        assert known["scores"]["test"]["support"] == np.bincount(targets, minlength=len(recall)).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_best_of_its_candidates_on_validation(kind):
    known = told(kind)
    ranked = [(-one["validation"], one["parameters"]) for one in known["candidates"]]
    assert ranked == sorted(ranked) and known["candidates"][0]["cell"] == known["cell"]["name"]
    for one in known["candidates"]:
        place = Path(known["record"]).parents[1] / one["cell"] / f"seed{one['seed']}"
        assert one["validation"] == pytest.approx(score(read_record(RECORDS / place), "validation"), abs=1e-12)


def test_all_nine_runs_of_valence_and_arousal_were_candidates():
    assert len(told("affect")["candidates"]) == 9 == len(candidates("affect", RECORDS))


def test_the_answers_are_finite_and_in_the_form_of_the_task():
    faces = list(np.random.default_rng(0).integers(0, 256, (3, 70, 70, 3)).astype(np.uint8))
    expression, affect = (carried_network(kind).answers(faces, CPU) for kind in KINDS)
    assert expression.shape == (3, len(told("expression")["classes"])) and affect.shape == (3, 2)
    np.testing.assert_allclose(expression.sum(1), 1)
    assert np.isfinite(expression).all() and np.isfinite(affect).all() and np.abs(affect).max() < 2
    assert len(np.unique(affect[:, 0])) == 3


def test_the_answer_is_the_mean_of_the_folds():
    network, face = carried_network("affect"), np.full((64, 64, 3), 99, np.uint8)
    face[20:40] = 180
    pictures = resized(face[None], np.zeros(1, int), 32, 3)
    each = [raw(member, pictures, categorical=False)[0] for member in network.members]
    np.testing.assert_allclose(network.answers([face], CPU)[0], np.mean(each, 0), atol=1e-6)
    assert len({tuple(one) for one in each}) == 5


def test_a_grey_set_sees_grey():
    """The expression network was trained on grey pictures: a colour picture and its grey copy (BT.601) get one answer."""
    network = carried_network("expression")
    colour = np.random.default_rng(1).integers(0, 256, (48, 48, 3)).astype(np.uint8)
    grey = np.round(colour @ [0.299, 0.587, 0.114]).astype(np.uint8)[..., None].repeat(3, 2)
    np.testing.assert_allclose(network.answers([colour], CPU), network.answers([grey], CPU), atol=5e-3)
    member = network.members[0]
    as_trained = raw(member, torch.from_numpy(np.ascontiguousarray(grey[None, None, ..., 0])), categorical=True)[0]
    high = np.exp(as_trained - as_trained.max())
    np.testing.assert_allclose(network.answers([grey], CPU)[0], high / high.sum(), rtol=0, atol=1e-12)


def test_the_sets_that_are_grey_by_their_cards():
    cards = {path.stem: card(path.stem) for path in (ROOT / "benchmark/faces/cards").glob("*.yaml")}
    told = {name for name, own in cards.items() if "grey" in f"{own.about} {own.description}"}
    assert {name for name, own in cards.items() if own.grey} == told | {"ferplus"}  # the pictures of FER2013
    assert told == {"fer2013", "ckplus48", "jaffe"}


def test_scores_too_high_for_an_exponential_are_probabilities_too(monkeypatch):
    network = carried_network("expression")
    monkeypatch.setattr(networks, "raw", lambda *_: np.array([[1e4, 0, 0, 0, 0, 0, 0, 1e4]]))
    assert network.answers([np.zeros((48, 48, 3), np.uint8)], CPU).tolist() == [[0.5, 0, 0, 0, 0, 0, 0, 0.5]]


@pytest.fixture
def copied(tmp_path):
    """A folder of runs and one of records with the carried run of valence and arousal, as `ferbench run` writes it."""
    known = told("affect")
    place = Path(known["record"])
    run = tmp_path / "runs" / Path(*place.parts[1:])
    shutil.copytree(RECORDS / place, tmp_path / "records" / place)
    shutil.copytree(RECORDS / place, run)
    (run / "seal.json").unlink()
    for fold, state in enumerate(weights_of(facts("affect"))):
        torch.save(state, run / f"weights-fold{fold}.pt")
    write_seal(run)
    return tmp_path


def test_the_maker_gives_the_files_again(copied, capsys):
    runs = str(copied / "runs")
    assert main([runs, "--only", "affect", "--records", str(RECORDS), "--out", str(copied)]) == 0
    for name in ("affect.yaml", "affect.safetensors"):
        assert (copied / name).read_bytes() == (FOLDER / name).read_bytes()
    assert "bit-identical to the record" in capsys.readouterr().out


def test_the_maker_refuses_what_it_has_no_weights_of(copied, capsys):
    shutil.rmtree(copied / "runs")
    assert main([str(copied / "runs"), "--only", "affect", "--records", str(copied / "records"), "--out", str(copied)]) == 2
    assert "no record.json" in capsys.readouterr().err
    with pytest.raises(BadInput, match="no finished run of diffusionfer-va-quick in the plan diffusionfer"):
        carry("affect", copied / "runs", copied / "nothing", copied)
    assert not list(copied.glob("affect.*"))


def test_damaged_weights_are_refused(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "carried")
    path = tmp_path / "carried/affect.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadInput, match=r"affect.safetensors: found SHA-256 .*; install the package again"):
        carried_network("affect", tmp_path / "carried")
    path.unlink()
    with pytest.raises(BadInput, match="found no such file"):
        carried_network("affect", tmp_path / "carried")


def test_states_are_joined_and_parted():
    states = [{"a.weight": torch.ones(2)}, {"a.weight": torch.zeros(2), "b": torch.tensor(3)}]
    whole = joined(states)
    assert sorted(whole) == ["0.a.weight", "1.a.weight", "1.b"]
    assert [{n: t.tolist() for n, t in s.items()} for s in parted(whole, 2)] == [
        {"a.weight": [1, 1]}, {"a.weight": [0, 0], "b": 3}]  # fmt: skip


@pytest.mark.parametrize("kind", ["affect", pytest.param("expression", marks=pytest.mark.slow)])
def test_they_give_the_predictions_of_their_record(kind, request):
    """On the data themselves: each face of the test split, through the network that tested it. With the operators of the
    record the answers are its own bit for bit on one kind of processor; else, and elsewhere, up to rounding."""
    known, network = told(kind), carried_network(kind)
    name = known["data"]["name"]
    faces = request.getfixturevalue(f"{name}_faces")
    if faces.fingerprint != known["data"]["fingerprint"]:
        pytest.skip(f"another edition of {name} than the record was made on")
    record = read_record(RECORDS / known["record"])
    stored = dict(zip(record.predictions["test_ids"].tolist(), record.outputs("test")[1], strict=True))
    for number, member in enumerate(network.members):
        protocol, own = network.protocol, faces
        if record.folds is not None:
            run, own = fold_run(Run(protocol, named_cell(known["cell"], FOLDER), known["seed"]), faces, number)
            protocol = run.protocol
        split = load_splits(own, protocol, CPU)["test"]
        found = raw(member, split.pictures, network.categorical)
        wanted = np.stack([stored[face] for face in split.ids.tolist()])
        np.testing.assert_allclose(found, wanted, rtol=0, atol=known["made"]["largest_difference"] + 2e-5)
