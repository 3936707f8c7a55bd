"""The limits of the checks, from either side: records of a few faces made here, one value moved at a time."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.protocol.protocol import load_protocol as read_protocol
from benchmark.records.checks import data, faces, history, outputs, parameters, warnings
from benchmark.records.checks.known import Known, Rows
from benchmark.records.doubts import Doubt
from benchmark.records.published import rows_digest
from benchmark.records.record import Record

load_protocol = cache(read_protocol)  # reading its YAML takes longer than most tests here
K = 8
TARGETS = {"validation": np.array([0, 1, 2, 3]), "test": np.array([0, 1, 2, 3, 4, 5, 6, 7, 7, 0])}
EPOCHS = 4


def scores(targets, right, sharpness=2.0):
    """Scores of which the first `right` rows are answered rightly; no two rows are equal."""
    answer = np.where(np.arange(len(targets)) < right, targets, (targets + 1) % K)
    return (sharpness * np.eye(K)[answer] + 0.01 * np.arange(len(targets))[:, None] * np.eye(K)[0]).astype(np.float32)


def cross_entropy(targets, values):
    values = values.astype(np.float64)
    return float(np.mean(np.log(np.exp(values).sum(1)) - values[np.arange(len(targets)), targets]))


def run(selected=2, **changes):
    """A record of synthetic-8, four epochs, of which the second is selected; with its arrays."""
    protocol = load_protocol("synthetic-8")
    arrays = {}
    for role, right in (("validation", 3), ("test", 7)):
        arrays |= {
            f"{role}_ids": np.array([f"{role}-{k}" for k in range(len(TARGETS[role]))]),
            f"{role}_targets": TARGETS[role].copy(),
            **{f"{role}_outputs_{tta}": scores(TARGETS[role], right) for tta in ("none", "flip")},
        }
    entries = []
    for epoch in range(1, EPOCHS + 1):
        entry = {"epoch": epoch, "learning_rate": 0.001, "train_loss": 1.0}
        for role, accuracy in (("validation", 0.75), ("test", 0.7)):
            own = accuracy if epoch == selected else accuracy / 2
            loss = cross_entropy(TARGETS[role], arrays[f"{role}_outputs_none"])
            entry[role] = {"loss": loss if epoch == selected else 2.0, "accuracy": own}
        entries.append(entry)
    contents = {
        "status": "finished", "protocol": protocol.as_dict(), "protocol_hash": protocol.hash, "seed": 0,
        "cell": {"name": "own", "model": "m", "options": {}, "loss": "plain"}, "classes": list(protocol.classes),
        "data": {"name": "synthetic", "version": "1.0", "fingerprint": "ab" * 32}, "history": entries,
        "selected_epoch": selected, "train_counts": [5] * K, "input": {}, "parameters": 9, "code": "0" * 16,
        "environment": {"versions": {"python": "3.11"}}, "cost": {"train_seconds": 0.0, "images_per_second": 0},
    }  # fmt: skip
    record = Record(Path("records/seed0"), contents | changes)
    record.__dict__["predictions"] = arrays  # as if read from its file
    return record


def refused(check, record, match, known=None):
    with pytest.raises(BadInput, match=match):
        check(record, known or Known())


# ---------------------------------------------------------------- history


def test_the_record_made_here_passes():
    for selected in (1, 2, 4):
        assert history.check(run(selected), Known()) is None
    assert outputs.check(run(), Known()) is None


@pytest.mark.parametrize("role", ["validation", "test"])
@pytest.mark.parametrize(
    ("versions", "off", "passes"),
    [
        ({"python": "3.11"}, 5e-10, True), ({"python": "3.11"}, 1e-8, False), ({"python": "3.11"}, -1e-8, False),
        ({"cuda": "12"}, 1.9e-3, True), ({"cuda": "12"}, -1.9e-3, True), ({"cuda": "12"}, 2.1e-3, False),
    ],
)  # fmt: skip
def test_how_far_a_score_may_be_from_its_predictions(role, versions, off, passes):
    """Exactly on a CPU; a face in five hundred on a GPU."""
    record = run(environment={"versions": versions})
    record["history"][1][role]["accuracy"] += off
    if passes:
        history.check(record, Known())
    else:
        refused(history.check, record, f"{role} accuracy of epoch 2")


@pytest.mark.parametrize("role", ["validation", "test"])
@pytest.mark.parametrize(("off", "passes"), [(0.9e-3, True), (-0.9e-3, True), (1.1e-3, False), (-1.1e-3, False)])
def test_how_far_a_loss_may_be(role, off, passes):
    """A thousandth of it, or of 1 where it is smaller: below 1 first, then of predictions that are sure and wrong."""
    record = run()
    assert 0.5 < record["history"][1][role]["loss"] < 1.5
    sure = run()
    for each in (record, sure):
        own = f"{role}_outputs_none"
        if each is sure:
            sure.predictions[own] = scores(TARGETS[role], 3 if role == "validation" else 7, sharpness=40.0)
            each["history"][1][role]["loss"] = cross_entropy(TARGETS[role], sure.predictions[own])
            assert each["history"][1][role]["loss"] > 5
        each["history"][1][role]["loss"] += off * max(1.0, each["history"][1][role]["loss"])
        if passes:
            history.check(each, Known())
        else:
            refused(history.check, each, f"{role} loss of epoch 2")


def test_label_smoothing_is_part_of_the_loss():
    protocol = replace(
        load_protocol("synthetic-8"), recipe=replace(load_protocol("synthetic-8").recipe, label_smoothing=0.3)
    )
    values = scores(TARGETS["test"], 7).astype(np.float64)
    logs = values - np.log(np.exp(values).sum(1, keepdims=True))
    wanted = 0.7 * np.eye(K)[TARGETS["test"]] + 0.3 / K
    assert history._loss("plain", protocol, TARGETS["test"], values) == pytest.approx(float(-(wanted * logs).sum(1).mean()))
    assert history._loss("weighted", protocol, TARGETS["test"], values) is None
    assert history._loss("mse", protocol, np.zeros((3, 2)), np.array([[1.0, 0], [0, 2], [0, 0]])) == pytest.approx(5 / 6)


def changed_entry(epoch, **changes):
    record = run()
    for place, value in changes.items():
        role, _, name = place.rpartition("__")
        (record["history"][epoch - 1][role] if role else record["history"][epoch - 1])[name] = value
    return record


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test__accuracy": -0.1}, "test accuracy -0.1; expected from 0 to 1"),
        ({"test__accuracy": 1.01}, "test accuracy 1.01; expected from 0 to 1"),
        ({"validation__accuracy": 1.01}, "validation accuracy 1.01"),
        ({"test__loss": -0.5}, "test loss -0.5; expected numbers from 0"),
        ({"validation__loss": -0.5}, "validation loss -0.5"),
        ({"train_loss": -0.5}, "train_loss -0.5"),
        ({"learning_rate": -0.5}, "learning_rate -0.5"),
        ({"train_loss": None}, "no number for each"),
        ({"test__kappa": 0.5}, "no number for each"),
    ],
)
def test_ranges_of_an_epoch(changes, message):
    refused(history.check, changed_entry(3, **changes), f"history, epoch 3: found {message}")


def test_a_ccc_may_be_negative_down_to_minus_1():
    protocol = load_protocol("synthetic-va")
    entry = {"train_loss": 0, "learning_rate": 0, **{role: {"loss": 0, "mean CCC": -1} for role in TARGETS}}
    history._check_ranges(entry, protocol, "where")
    with pytest.raises(BadInput, match="test mean CCC -1.01; expected from -1 to 1"):
        history._check_ranges(entry | {"test": {"loss": 0, "mean CCC": -1.01}}, protocol, "where")


def test_the_first_of_equally_good_epochs_is_selected_and_by_validation():
    record = run(2)
    record["history"][2]["validation"]["accuracy"] = 0.75  # as good as the second, and later
    record["history"][3]["test"]["accuracy"] = 0.99  # the best on the test faces
    assert history.check(record, Known()) is None
    record["history"][0]["validation"]["accuracy"] = 0.75
    refused(history.check, record, "selected epoch: found 2; expected epoch 1, by the rule best-validation")
    last = load_protocol("synthetic-8").as_dict() | {"selection": "last"}
    refused(history.check, run(2, protocol=last), "selected epoch: found 2; expected epoch 4, by the rule last")
    assert history.check(run(4, protocol=last), Known()) is None


def test_as_many_epochs_as_the_budget_has():
    record = run()
    record["history"].append(record["history"][3] | {"epoch": 5})
    refused(history.check, record, "expected one entry for each epoch from 1, 4 at most")


@pytest.mark.parametrize(
    ("cost", "name"),
    [
        ({"train_seconds": -1.0}, "train_seconds"),
        ({"images_per_second": None}, "images_per_second"),
        ({"images_per_second": "9"}, "images_per_second"),
    ],
)
def test_costs_are_numbers_from_0(cost, name):
    refused(history.check, run(cost={"train_seconds": 0.0, "images_per_second": 0} | cost), f"no number for {name}")
    refused(history.check, run(parameters=0), "parameters: found 0; expected a number above 0")


# ---------------------------------------------------------------- folds


def folds():
    """Three folds of 2, 3 and 5 faces; each is validated on the next one, and trained on the rest."""
    made, sizes = [], (2, 3, 5)
    for number, test in enumerate(sizes):
        validation = sizes[(number + 1) % 3]
        own = {"train": 10 - test - validation, "validation": validation, "test": test}
        values = {"loss": 1.0 + number, "accuracy": 0.1 * number}
        entry = {"epoch": 1, "learning_rate": 0.1 * number, "train_loss": 1.0 + number, "validation": values, "test": values}
        made.append(
            {"fold": f"f{number}", "faces": own, "history": [entry], "selected_epoch": 1, "train_counts": [own["train"]]}
        )
    return made


def pooled(own):
    record = run(folds=own, history=[mean_of(own)])
    for role in ("validation", "test"):
        record.predictions[f"{role}_ids"] = np.array([str(k) for k in range(10)])
    return record


def mean_of(own):
    """The first epoch's mean, each number weighted by its faces."""

    def mean(role, *place):
        values = [fold["history"][0] for fold in own]
        for name in place:
            values = [each[name] for each in values]
        sizes = [fold["faces"][role] for fold in own]
        return sum(v * n for v, n in zip(values, sizes, strict=True)) / sum(sizes)

    entry = {"epoch": 1, "learning_rate": mean("train", "learning_rate"), "train_loss": mean("train", "train_loss")}
    return entry | {role: {n: mean(role, role, n) for n in ("loss", "accuracy")} for role in ("validation", "test")}


def test_sizes_of_folds():
    record = pooled(folds())
    history._check_sizes(record, record.folds)
    for number, changes in enumerate(({"validation": 5, "train": 3}, {"validation": 2, "train": 5}, {"train": 4})):
        own = folds()
        own[number]["faces"].update(changes)
        with pytest.raises(BadInput, match=f"fold f{number}, faces"):
            history._check_sizes(pooled(folds()), own)
    for counts in ([4], [6]):
        own = folds()
        own[0]["train_counts"] = counts  # 5 faces are trained on
        with pytest.raises(BadInput, match="fold f0, faces"):
            history._check_sizes(pooled(folds()), own)
    record.predictions["validation_ids"] = record.predictions["validation_ids"][:9]
    with pytest.raises(BadInput, match="folds, test faces: found"):
        history._check_sizes(record, record.folds)
    for sizes in ((2, 3, 4), (2, 3, 6), (0, 5, 5)):
        own = folds()
        for fold, size in zip(own, sizes, strict=True):
            fold["faces"]["test"] = size
        with pytest.raises(BadInput, match="folds, test faces: found .* 10 together"):
            history._check_sizes(pooled(folds()), own)


@pytest.mark.parametrize("place", [("learning_rate",), ("train_loss",), ("validation", "accuracy"), ("test", "loss")])
def test_the_mean_over_folds_is_weighted_by_the_faces_of_each_role(place):
    own = folds()
    history._check_mean(pooled(own), own, "accuracy")
    unweighted = run(folds=own, history=[mean_of(own)])
    entry = unweighted["history"][0]
    for name in place[:-1]:
        entry = entry[name]
    values = [fold["history"][0] for fold in own]
    for name in place:
        values = [each[name] for each in values]
    assert entry[place[-1]] != pytest.approx(np.mean(values))
    entry[place[-1]] = float(np.mean(values))
    said = f"history, epoch 1, {' '.join(place)}: found {entry[place[-1]]}; expected [0-9.e-]+, the mean of the folds$"
    with pytest.raises(BadInput, match=said):
        history._check_mean(unweighted, own, "accuracy")


def test_the_last_fold_of_a_diverged_run_may_have_diverged(monkeypatch):
    """And no other; a finished run has no such fold."""
    own, asked = folds(), []
    monkeypatch.setattr(history, "_check_course", lambda course, selected, diverged, protocol, where: asked.append(diverged))
    monkeypatch.setattr(history, "_check_mean", lambda *given: None)
    monkeypatch.setattr(history, "_check_sizes", lambda *given: None)
    protocol = SimpleNamespace(folds=tuple(fold["fold"] for fold in own), task="dimensional")
    for status, wanted in (("diverged", [False, False, True]), ("finished", [False, False, False])):
        record = run(folds=own, history=[mean_of(own)], status=status, selected_epoch=None, train_counts=None, input=None)
        history._check_folds(record, own, protocol)
        assert asked[-3:] == wanted
    assert len(asked) == 6


def test_where_one_fold_has_no_number_the_mean_has_none():
    own = folds()
    own[1]["history"][0]["train_loss"] = None
    record = run(folds=own, history=[mean_of(folds()) | {"train_loss": None}])
    history._check_mean(record, own, "accuracy")
    for wrong, of in ((1.0, own), (None, folds())):
        record["history"][0]["train_loss"] = wrong
        with pytest.raises(BadInput, match="epoch 1, train_loss: found"):
            history._check_mean(record, of, "accuracy")


# ---------------------------------------------------------------- outputs


def entry_elsewhere(**changes):
    outside = {"kind": "predictions", "source": "p", "sha256": None, "stated": None, "extra_training_data": None,
               "warnings": [], "outputs": "logits"}  # fmt: skip
    own = {"outside": outside | changes.pop("outside", {}), "history": [], "selected_epoch": None, "train_counts": None}
    return run(**own | {"code": "none", "parameters": None} | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1}, {"status": "diverged"}, {"selected_epoch": 1}, {"train_counts": [1]}, {"folds": []}, {"code": "0" * 16},
        {"history": [{"epoch": 1}]},
    ],
)  # fmt: skip
def test_an_entry_was_evaluated_and_not_trained(changes):
    assert outputs.check(entry_elsewhere(), Known()) is None
    refused(outputs.check, entry_elsewhere(**changes), "an entry that was evaluated, not trained: seed 0, code none")


def test_parameters_of_an_entry_and_its_kinds():
    assert outputs.check(entry_elsewhere(parameters=1), Known()) is None
    refused(outputs.check, entry_elsewhere(parameters=0), "parameters: found 0; expected a number above 0, or null")
    for field, value in (("kind", "magic"), ("outputs", "valence and arousal"), ("warnings", [1]), ("sha256", 5)):
        refused(outputs.check, entry_elsewhere(outside={field: value}), f"outside, {field}: found")
    for value in (-0.1, 1.1, 66, True, "0.5"):
        refused(outputs.check, entry_elsewhere(outside={"stated": {"accuracy": value, "source": "x"}}), "stated accuracy")
    for value in (0, 1, 0.5):
        assert outputs.check(entry_elsewhere(outside={"stated": {"accuracy": value, "source": "x"}}), Known()) is None
    for stated in ({"accuracy": 0.5}, {"accuracy": 0.5, "source": ""}, {"accuracy": 0.5, "source": "x", "more": 1}):
        line = "an accuracy or the authors' words, and the source"
        refused(outputs.check, entry_elsewhere(outside={"stated": stated}), line)


def test_what_an_entry_may_lack():
    record = entry_elsewhere()
    for name in ("validation_outputs_flip", "test_outputs_flip"):
        del record.predictions[name]
    assert outputs.check(record, Known()) is None
    del record.predictions["validation_outputs_none"]
    refused(outputs.check, record, "missing or unknown: validation_outputs_none")
    for part in ("ids", "targets"):
        del record.predictions[f"validation_{part}"]
    assert outputs.check(record, Known()) is None
    del record.predictions["test_outputs_none"]
    refused(outputs.check, record, "missing or unknown: test_outputs_none")
    odd = run()
    odd.predictions["validation_outputs_ten-crop"] = odd.predictions["validation_outputs_none"]
    refused(outputs.check, odd, "missing or unknown: validation_outputs_ten-crop")


@pytest.mark.parametrize("row", [[0.5, 0.5], [2, 0], [1, 1], [0, 0], [-1, 1]])
def test_rows_that_are_not_one_hot(row):
    record = entry_elsewhere(outside={"outputs": "classes"})
    for name in [name for name in record.predictions if "_outputs_" in name]:
        record.predictions[name] = np.eye(K, dtype=np.float32)[record.predictions[name].argmax(1)]
    assert outputs.check(record, Known()) is None
    record.predictions["test_outputs_none"][4, :] = 0
    record.predictions["test_outputs_none"][4, :2] = row
    refused(outputs.check, record, "test_outputs_none: found other rows than one-hot ones")


# ---------------------------------------------------------------- faces


def unknown(record):
    return faces.check(record, Known(rows=lambda *_: None))


def test_outputs_that_follow_the_labels_and_nothing_else():
    """Equal rows for equal labels, in any augmentation of either role; a network that says one thing is only bad."""
    for role in ("validation", "test"):
        for tta in ("none", "flip"):
            record = run()
            targets = np.array([0, 1, 0, 1]) if role == "validation" else TARGETS["test"]
            record.predictions[f"{role}_targets"] = targets
            record.predictions[f"{role}_outputs_{tta}"] = np.eye(K, dtype=np.float32)[(targets + 3) % K]
            with pytest.raises(BadInput, match=f"{role}_outputs_{tta}: found the labels"):
                unknown(record)
            record.predictions[f"{role}_outputs_{tta}"][0] += 0.5  # one row of its own
            assert "neither" in unknown(record)
            record.predictions[f"{role}_outputs_{tta}"][:] = 0.25
            assert "neither" in unknown(record)
    record = run()
    record.predictions["validation_outputs_none"] = np.eye(K, dtype=np.float32)[TARGETS["validation"]]
    assert "neither" in unknown(record)  # one face of each class: every model is like that
    one = run()
    one.predictions["test_targets"][:] = 3
    one.predictions["test_outputs_none"] = scores(TARGETS["test"], 7)
    assert "neither" in unknown(one)
    hard = entry_elsewhere(outside={"outputs": "classes"})
    for name in [name for name in hard.predictions if "_outputs_" in name]:
        hard.predictions[name] = np.eye(K, dtype=np.float32)[hard.predictions[f"{name.split('_')[0]}_targets"]]
    assert "neither" in unknown(hard)  # class names that are all right are a good model


def levels(n=20, copied=0):
    rng = np.random.default_rng(0)
    protocol = load_protocol("synthetic-va")
    record = run(protocol=protocol.as_dict(), protocol_hash=protocol.hash, classes=[])
    for role in ("validation", "test"):
        targets = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
        values = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
        values[:copied] = targets[:copied]
        values[copied:, 0] = targets[copied:, 0]  # one of the two alone is no copy
        own = {"ids": np.array([f"{role}-{k}" for k in range(n)]), "targets": targets}
        record.predictions.update({f"{role}_{part}": each for part, each in own.items()})
        record.predictions.update({f"{role}_outputs_{tta}": values for tta in ("none", "flip")})
    return record


def test_a_tenth_of_the_levels_may_be_hit_exactly():
    assert "neither" in unknown(levels(copied=2))
    with pytest.raises(BadInput, match="validation_outputs_none: found the labels"):
        unknown(levels(copied=3))


def test_ranges_and_kinds_of_targets():
    cases = (
        (run(), "test_targets", (0,), -1, "found -1 to 7; expected 0 to 7"),
        (run(), "test_targets", (0,), 8, "found 0 to 8"),
        (levels(), "test_targets", (0, 1), -1.01, "expected -1 to 1"),
    )
    for record, name, place, value, message in cases:
        record.predictions[name] = record.predictions[name].copy()
        record.predictions[name][place] = value
        with pytest.raises(BadInput, match=message):
            unknown(record)
    for part in ("ids", "targets"):
        record = run()
        del record.predictions[f"validation_{part}"]
        with pytest.raises(BadInput, match="validation: found no ids or no targets"):
            unknown(record)
        entry = entry_elsewhere()
        del entry.predictions[f"validation_{part}"]  # an entry may lack both, not one
        with pytest.raises(BadInput, match="validation: found no ids or no targets|validation_targets"):
            unknown(entry)


def test_frames_of_videos_are_named_by_them():
    record = levels()
    own = load_protocol("synthetic-va").as_dict() | {"frames_of": "video"}
    with pytest.raises(BadInput, match="expected <video>/<frame>"):
        unknown(under(record, own))
    for role in ("validation", "test"):
        record.predictions[f"{role}_ids"] = np.array([f"v/{k}" for k in range(20)])
    assert "neither" in unknown(under(record, own))


def under(record, protocol):
    other = Record(record.directory, {**record.contents, "protocol": protocol})
    other.__dict__["predictions"] = record.predictions
    return other


def test_both_roles_and_the_counts_are_compared_in_their_order():
    record = run()
    ids, targets = ({role: record.predictions[f"{role}_{part}"] for role in TARGETS} for part in ("ids", "targets"))
    digests = {role: rows_digest(ids[role], targets[role]) for role in TARGETS}

    def known(counts=(5,) * K, **other):
        rows = Rows("here", list(counts), digests | other)
        return Known(rows=lambda protocol, fingerprint: rows if fingerprint == "ab" * 32 else None)

    assert faces.check(record, known()) is None
    for role in TARGETS:
        refused(faces.check, record, f"{role} faces: found other faces, another order", known(**{role: "0" * 64}))
    counts = [1, 2, 3, 4, 5, 6, 7, 8]
    assert faces.check(run(train_counts=counts), known(counts)) is None
    refused(faces.check, run(train_counts=counts[::-1]), "train_counts: found", known(counts))
    assert "neither" in faces.check(run(data=record["data"] | {"fingerprint": "cd" * 32}), known())


def test_counts_of_folds_up_to_the_one_that_diverged():
    own = [{"train_counts": [1, 2]}, {"train_counts": [3, 4]}]
    rows = Rows("here", [[1, 2], [3, 4], [5, 6]], {})
    faces._check_counts(run(folds=own), rows)
    with pytest.raises(BadInput, match="train_counts"):
        faces._check_counts(run(folds=own[::-1]), rows)
    faces._check_counts(run(folds=[{"train_counts": None}] * 2), Rows("here", None, {}))


def test_missing_and_unknown_faces_are_told_apart():
    rows = Rows("here", None, {}, {"test": np.array(["a", "b", "c"])}, {"test": np.array([0, 1, 2])})
    assert faces._difference(np.array(["a", "x"]), np.array([0, 1]), "test", rows) == "2 faces missing and 1 unknown"
    assert faces._difference(np.array(["b", "a", "c"]), np.array([0, 1, 2]), "test", rows) == "another order"
    found = faces._difference(np.array(["a", "b", "c"]), np.array([0, 2, 2]), "test", rows)
    assert found == "other targets for 1 faces"


# ---------------------------------------------------------------- data, parameters, warnings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "fer2013"}, "data: found fer2013 1.0"),
        ({"version": "1.1"}, "data: found synthetic 1.1"),
        ({"fingerprint": "ab" * 31}, "64 hexadecimal digits"),
        ({"fingerprint": "ab" * 33}, "64 hexadecimal digits"),
        ({"fingerprint": "AB" * 32}, "64 hexadecimal digits"),
    ],
)
def test_other_data(changes, message):
    assert data.check(run(), Known()) == "bytes that are none of the known editions"
    refused(data.check, run(data={"name": "synthetic", "version": "1.0", "fingerprint": "ab" * 32} | changes), message)


def test_more_and_fewer_parameters():
    for wanted, passes in ((9, True), (8, False), (10, False)):
        known = Known(parameters=lambda _, wanted=wanted: wanted)
        if passes:
            assert parameters.check(run(), known) is None
        else:
            refused(parameters.check, run(), f"parameters: found 9; expected {wanted}", known)
    assert parameters.check(run(), Known()) == "the network was neither built nor counted here"
    assert parameters.check(entry_elsewhere(), Known()) is None  # it states none
    assert parameters.check(entry_elsewhere(parameters=3), Known()) == "as its submitter states"


def test_warnings_are_of_the_predictions_and_looked_for(monkeypatch):
    asked, two = [], Doubt("two", (), "two, in other numbers")
    monkeypatch.setattr(warnings, "doubt_of", lambda protocol, arrays: asked.append(arrays) or two)
    record = entry_elsewhere(outside={"warnings": ["zero", "two as before"]})
    assert warnings.check(record, Known()) is None and warnings.check(run(), Known()) is None
    assert len(asked) == 1 and asked[0] is record.predictions
    for kept in (["one"], [], ["zero"]):
        words = "expected the warning 'two, in other numbers'; score or evaluate it again with --replace"
        refused(warnings.check, entry_elsewhere(outside={"warnings": kept}), words)
