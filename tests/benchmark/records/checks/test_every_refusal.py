"""Every refusal of the checks as a person reads it: where, what was found, what was expected; one value wrong at a time."""

import math
from functools import cache

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces import fingerprints
from benchmark.files import digest, read_yaml
from benchmark.protocol.cells import load_cells
from benchmark.records import seal
from benchmark.records.checks import data, definition, faces, history, known, outputs, parameters, sealed, warnings
from benchmark.records.checks.known import Known, Rows
from benchmark.records.doubts import Doubt
from benchmark.records.published import rows_digest
from benchmark.records.record import Record
from tests.benchmark.records.checks.test_limits import (
    EPOCHS,
    TARGETS,
    K,
    entry_elsewhere,
    folds,
    levels,
    load_protocol,
    pooled,
    run,
    under,
)

SYNTHETIC, read_cells = load_protocol("synthetic-8"), cache(load_cells)
NO_ROWS = Known(rows=lambda *_: None)


def line(check, record, known=NO_ROWS):
    """What a check says of a record, without the record's folder; "" if nothing."""
    try:
        return check(record, known) or ""
    except BadInput as error:
        return str(error).removeprefix(str(record.directory))


def with_arrays(record, **arrays):
    record.predictions.update(arrays)
    return record


# ---------------------------------------------------------------- data, definition, parameters, sealed


def edition(**changes):
    return run(data={"name": "synthetic", "version": "1.0", "fingerprint": "ab" * 32} | changes)


def test_data():
    for record, said in (
        (edition(name="mars"), ", data: found mars 1.0; expected synthetic 1.0 as the protocol says"),
        (edition(version="2"), ", data: found synthetic 2; expected synthetic 1.0 as the protocol says"),
        (edition(fingerprint="z" * 90),
         f", data fingerprint: found '{'z' * 80}'; expected 64 hexadecimal digits"),
        (edition(fingerprint="0123456789abcdef" * 4), "bytes that are none of the known editions"),
        (edition(fingerprint=read_yaml(fingerprints.FILE)["synthetic"]["1.0"][0]["fingerprint"]), ""),
    ):  # fmt: skip
        assert line(data.check, record) == said


def defined(name="narrow8-12-identity-working-plain", **changes):
    cell = read_cells()[name]
    own = {"cell": cell.as_dict(), "cell_hash": cell.hash, "protocol": SYNTHETIC.as_dict()}
    return run(**own | {"protocol_hash": digest(changes.get("protocol", own["protocol"]))} | changes)


def test_definition():
    own = defined()
    cell, other = own["cell"], SYNTHETIC.as_dict() | {"epochs": 5}
    older = SYNTHETIC.as_dict() | {"version": "0.9"}
    strange, va = SYNTHETIC.as_dict() | {"name": "own"}, read_cells()["narrow8-12-identity-working-mse"]
    shown = ", ".join(SYNTHETIC.classes)
    of_elsewhere = {"name": "x", "model": "outside", "options": {}, "loss": "outside"}
    no_definition = digest({"model": "outside", "options": {}, "loss": "outside"})
    for record, said in (
        (own, ""),
        (defined(protocol_hash="f" * 16),
         f", protocol_hash: found {'f' * 16}; expected {own['protocol_hash']}, the digest of its protocol"),
        (defined(classes=["a", "b"]), f", classes: found a, b; expected {shown}"),
        (levels(), ""),
        (defined(seed=1), ": found seed 1; expected a folder named seed1"),
        (defined(cell_hash="f" * 16), f", cell_hash: found {'f' * 16}; expected {own['cell_hash']}, the digest of its cell"),
        (defined(protocol=other), f", protocol synthetic-8: found version {SYNTHETIC.version}, hash {digest(other)}; "
         f"expected hash {SYNTHETIC.hash}, as the installed protocol of this name and version"),
        (defined(protocol=older),
         f"version 0.9, hash {digest(older)}: not the installed version {SYNTHETIC.version}"),
        (defined(protocol=strange), ""),
        (entry_elsewhere(cell=cell, protocol_hash=own["protocol_hash"], cell_hash=own["cell_hash"]),
         f", cell: found {cell}; expected {of_elsewhere | {'name': cell['name']}} and hash "
         f"{no_definition}"),
        (entry_elsewhere(cell=of_elsewhere, cell_hash="0", protocol_hash=own["protocol_hash"]),
         f", cell: found {of_elsewhere}; expected {of_elsewhere} and hash {no_definition}"),
        (entry_elsewhere(cell=of_elsewhere, cell_hash=no_definition, protocol_hash=own["protocol_hash"]), ""),
    ):  # fmt: skip
        if record.contents.get("protocol", {}).get("task") == "dimensional":
            record = Record(record.directory, {**record.contents, "cell": va.as_dict(), "cell_hash": va.hash})
        assert line(definition.check, record) == said
    assert "mse" in line(definition.check, defined(va.name))  # the loss of another task


def test_classes_of_a_protocol_without_any():
    va = load_protocol("synthetic-va")
    record = run(protocol=va.as_dict(), protocol_hash=va.hash, classes=["a"])
    assert line(definition.check, record) == ", classes: found a; expected none"


def test_parameters():
    for stated, counted, said in (
        (3_072_567, 3_072_568, ", parameters: found 3,072,567; expected 3,072,568, those of the network"),
        (3_072_567, 3_072_567, ""), (9, None, "the network was neither built nor counted here"),
    ):  # fmt: skip
        assert line(parameters.check, run(parameters=stated), Known(parameters=lambda _, n=counted: n)) == said
    assert line(parameters.check, entry_elsewhere(parameters=9)) == "as its submitter states"
    assert line(parameters.check, entry_elsewhere(parameters=None)) == ""


def test_sealed():
    record = run()
    expected = "`ferbench import` seals a record that it takes, `ferbench seal` those of an older version"
    assert line(sealed.check, record) == f": found no seal; expected {seal.FILE}; {expected}"
    assert line(sealed.check, Record(record.directory, record.contents, sealed=True)) == ""


def test_what_is_known_without_asking(monkeypatch):
    nothing = Known()
    assert (nothing.fingerprint("fer2013"), nothing.parameters(run())) == (None, None)
    assert nothing.rows is known.published_rows
    monkeypatch.setattr(known, "published", lambda protocol, fingerprint: None)
    assert known.published_rows(SYNTHETIC, "f") is None
    entry = {"train_counts": [1, 2], "validation": "v", "test": "t"}
    monkeypatch.setattr(known, "published", lambda protocol, f: entry if (protocol, f) == (SYNTHETIC, "f") else None)
    rows = known.published_rows(SYNTHETIC, "f")
    assert rows == Rows("the published digests (benchmark/faces/published.yaml)", [1, 2], {"validation": "v", "test": "t"})
    assert (rows.ids, rows.targets) == ({}, {}) and known.published_rows(SYNTHETIC, "g") is None
    assert known.installed_protocol("synthetic-8") == SYNTHETIC and known.installed_protocol("mars") is None


# ---------------------------------------------------------------- faces


def face_cases():
    five = np.array(["a", "b", "c", "d", "d"])
    yield (
        with_arrays(run(), test_ids=np.array(["a"] * 10)),
        ", test_ids: found <U1 (10,); expected different texts, one a face",
    )
    yield (
        with_arrays(run(), validation_ids=np.arange(4)),
        ", validation_ids: found int64 (4,); expected different texts, one a face",
    )
    yield with_arrays(run(), test_ids=five[:0]), ", test_ids: found <U1 (0,); expected different texts, one a face"
    yield with_arrays(run(), test_ids=five[:4, None]), ", test_ids: found <U1 (4, 1); expected different texts, one a face"
    yield (
        with_arrays(run(), test_targets=TARGETS["test"].astype(np.int32)),
        ", test_targets: found int32 (10,); expected int64 (10,)",
    )
    yield with_arrays(run(), test_targets=TARGETS["test"][:9]), ", test_targets: found int64 (9,); expected int64 (10,)"
    yield (
        with_arrays(levels(), test_targets=np.zeros((20, 2))),
        ", test_targets: found float64 (20, 2); expected float32 (20, 2)",
    )
    yield (
        with_arrays(levels(), test_targets=np.zeros((20, 3), np.float32)),
        ", test_targets: found float32 (20, 3); expected float32 (20, 2)",
    )
    yield with_arrays(run(), test_targets=TARGETS["test"] + 1), ", test_targets: found 1 to 8; expected 0 to 7"
    yield with_arrays(run(), test_targets=TARGETS["test"] - 1), ", test_targets: found -1 to 6; expected 0 to 7"
    odd = np.full((20, 2), np.nan, np.float32)
    yield with_arrays(levels(), test_targets=odd), ", test_targets: found nan to nan; expected -1 to 1"
    ends = np.tile(np.float32([-1, 1]), (20, 1))
    yield with_arrays(levels(), test_targets=ends), UNKNOWN
    labels = np.eye(K, dtype=np.float32)[TARGETS["test"]]
    yield (
        with_arrays(run(), test_outputs_flip=labels),
        ", test_outputs_flip: found the labels; expected outputs that depend on the picture",
    )
    lacking = run()
    del lacking.predictions["test_targets"]
    yield lacking, ", test: found no ids or no targets; expected both in predictions.npz"
    lacking = run()
    for part in ("ids", "targets"):
        del lacking.predictions[f"validation_{part}"]
    yield lacking, ", validation: found no ids or no targets; expected both in predictions.npz"
    lacking = entry_elsewhere()
    for part in ("ids", "targets"):
        del lacking.predictions[f"test_{part}"]
    yield lacking, ", test: found no ids or no targets; expected both in predictions.npz"
    yield run(), UNKNOWN


UNKNOWN = "neither the FaceSet nor published digests of this protocol on these bytes"


def test_faces():
    for record, said in face_cases():
        assert line(faces.check, record) == said


@pytest.mark.parametrize("role", ["validation", "test"])
def test_faces_that_are_known(role):
    record = run()
    ids, targets = ({r: record.predictions[f"{r}_{part}"] for r in TARGETS} for part in ("ids", "targets"))
    digests = {r: rows_digest(ids[r], targets[r]) for r in TARGETS}

    def said(counts=(5,) * K, digest="0" * 64, **rows):
        own = Rows("the FaceSet in x", list(counts), digests | {role: digest}, *rows.values())
        return line(faces.check, record, Known(rows=lambda *_: own))

    assert said(digest=digests[role]) == ""
    where = f", {role} faces: found "
    assert said() == f"{where}other faces, another order or other targets; expected those of the FaceSet in x"
    assert said(ids={role: ids[role]}, targets={role: (targets[role] + 1) % K}) == (
        f"{where}other targets for {len(ids[role])} faces; expected those of the FaceSet in x"
    )
    assert said(ids={role: ids[role][::-1]}, targets=targets) == f"{where}another order; expected those of the FaceSet in x"
    assert said(ids={role: ids[role][1:]}, targets=targets) == (
        f"{where}0 faces missing and 1 unknown; expected those of the FaceSet in x"
    )
    assert said((4,) * K, digests[role]) == (
        f", train_counts: found {[5] * K}; expected {[4] * K}, as the FaceSet in x has them"
    )


def test_counts_of_an_entry_and_of_a_diverged_run_are_its_own():
    rows = Rows("here", [4] * K, {"validation": "0", "test": "0"})
    known = Known(rows=lambda *_: rows)
    assert line(faces.check, run(status="diverged"), known).startswith(", train_counts: found ")
    assert line(faces.check, run(status="diverged", train_counts=[4] * K), known) == ""
    assert line(faces.check, entry_elsewhere(), known).startswith(", validation faces: found other faces, another order")


# ---------------------------------------------------------------- outputs


def output_cases():
    rows = "_ids, {0}_outputs_flip, {0}_outputs_none, {0}_targets"
    needed = ", ".join(role + rows.format(role) for role in ("test", "validation"))
    own = run()
    del own.predictions["test_targets"], own.predictions["validation_outputs_flip"]
    yield (
        with_arrays(own, more=np.zeros(1)),
        (f", predictions: found missing or unknown: more, test_targets, validation_outputs_flip; expected {needed}"),
    )
    bare = entry_elsewhere()
    for name in [name for name in bare.predictions if name.startswith("validation") or name == "test_outputs_none"]:
        del bare.predictions[name]
    yield (
        bare,
        (", predictions: found missing or unknown: test_outputs_none; expected test_ids, test_outputs_none, test_targets"),
    )
    many = with_arrays(run(), **{f"{'x' * 90}{k}": np.zeros(1) for k in range(9)})
    long = ", ".join(f"{'x' * 90}{k}" for k in range(9))[:300]
    yield many, f", predictions: found missing or unknown: {long}; expected {needed}"
    good = own.predictions["test_outputs_none"]
    yield (
        with_arrays(run(), test_outputs_none=good[:, :7]),
        ", test_outputs_none: found float32 (10, 7); expected float32 (10, 8)",
    )
    yield (
        with_arrays(run(), test_outputs_flip=good[:9]),
        ", test_outputs_flip: found float32 (9, 8); expected float32 (10, 8)",
    )
    yield (
        with_arrays(run(), validation_outputs_none=good[:4].astype(np.float64)),
        ", validation_outputs_none: found float64 (4, 8); expected float32 (4, 8)",
    )
    bad = good.copy()
    bad[2, 3], bad[2, 4], bad[7, 0] = np.nan, np.inf, -np.inf
    yield (
        with_arrays(run(), test_outputs_none=bad),
        ", test_outputs_none: found 2 of 10 rows with NaN or infinity; expected finite numbers",
    )
    hard = entry_elsewhere(outside={"outputs": "classes"})
    yield hard, (", test_outputs_flip: found other rows than one-hot ones; expected one-hot rows, as outputs are classes")
    trained = ": found a seed, a history, training counts, folds, code or no predictions; "
    trained += "expected an entry that was evaluated, not trained: seed 0, code none"
    yield entry_elsewhere(seed=2), trained
    yield entry_elsewhere(code="None"), trained
    yield entry_elsewhere(parameters=0), ", parameters: found 0; expected a number above 0, or null"
    yield (
        entry_elsewhere(outside={"kind": "magic"}),
        ", outside, kind: found magic; expected one of predictions, python, onnx, exported, weights",
    )
    yield run(status="diverged"), ""
    yield run(), ""
    yield entry_elsewhere(), ""


def test_outputs():
    for record, said in output_cases():
        assert line(outputs.check, record) == said


# ---------------------------------------------------------------- history


def course(*changes, selected=2, **more):
    """A run with changes of single epochs: (number, place, value)."""
    record = run(selected, **more)
    for epoch, place, value in changes:
        entry = record["history"][epoch - 1]
        for name in place[:-1]:
            entry = entry[name]
        entry[place[-1]] = value
    return record


def shortened(n, **more):
    record = run(**more)
    del record["history"][n:]
    return record


NO_NUMBER = "found no number for each; expected train_loss, and loss and accuracy of validation and test"
END = {"train_loss": None, "validation": None, "test": None}


def diverged(n, *, last=END, selected=None):
    record = shortened(n, status="diverged")
    if last is not None:
        record["history"][-1] |= last
    record.contents["selected_epoch"] = selected
    return record


def test_history():
    for record, said in (
        (run(), ""),
        (entry_elsewhere(), ""),
        (run(parameters=0), ", parameters: found 0; expected a number above 0"),
        (run(parameters=1), ""),
        (run(cost={"train_seconds": -1, "images_per_second": "x"}), ", cost: found no number for train_seconds, "
         "images_per_second; expected numbers from 0 for train_seconds, images_per_second"),
        (run(environment={"versions": ["torch"]}),
         ", environment, versions: found ['torch']; expected package names and versions"),
        (run(environment={}), ""),
        (run(folds=folds()), ", folds: found folds; expected folds exactly if the protocol has them"),
        (run(folds=[]), ", folds: found no folds; expected folds exactly if the protocol has them"),
        (course((2, ("epoch",), 3)),
         ", history: found epochs [1, 3, 3, 4]; expected one entry for each epoch from 1, 4 at most"),
        (course((1, ("epoch",), 0)),
         ", history: found epochs [0, 2, 3, 4]; expected one entry for each epoch from 1, 4 at most"),
        (shortened(0), ", history: found epochs []; expected one entry for each epoch from 1, 4 at most"),
        (course((1, ("epoch",), 10**120)),
         f", history: found epochs [{'1' + '0' * 98}; expected one entry for each epoch from 1, 4 at most"),
        (course((3, ("train_loss",), None)), f", history, epoch 3: {NO_NUMBER}"),
        (course((4, ("train_loss",), None)), f", history, epoch 4: {NO_NUMBER}"),
        (course((3, ("test",), None)), f", history, epoch 3: {NO_NUMBER}"),
        (course((3, ("validation", "loss"), None)), f", history, epoch 3: {NO_NUMBER}"),
        (course((3, ("validation", "more"), 1.0)), f", history, epoch 3: {NO_NUMBER}"),
        (course((1, ("validation", "accuracy"), 1.5), (1, ("test", "accuracy"), -0.5)),
         ", history, epoch 1: found validation accuracy 1.5, test accuracy -0.5; expected from 0 to 1"),
        (course((3, ("train_loss",), -1.0), (3, ("learning_rate",), -2.0), (3, ("validation", "loss"), -3.0),
                (3, ("test", "loss"), -4.0)),
         ", history, epoch 3: found train_loss -1.0, learning_rate -2.0, validation loss -3.0, test loss -4.0; "
         "expected numbers from 0"),
        (course((3, ("train_loss",), 0), (3, ("learning_rate",), 0), (3, ("test", "loss"), 0), (3, ("test", "accuracy"), 1),
                (4, ("test", "accuracy"), 0)), ""),
        (shortened(3), ", history: found 3 epochs; expected 4, the budget of the protocol"),
        (run(selected_epoch=3), ", selected epoch: found 3; expected epoch 2, by the rule best-validation"),
        (run(selected_epoch=None), ", selected epoch: found None; expected epoch 2, by the rule best-validation"),
        (course((2, ("validation", "accuracy"), 0.8)),
         ", validation accuracy of epoch 2: found 0.8; expected 0.75, that of the predictions"),
        (course((2, ("test", "accuracy"), 0.123)),
         ", test accuracy of epoch 2: found 0.123; expected 0.7, that of the predictions"),
        (diverged(3), ""), (diverged(1), ""), (diverged(4, last=None), ""), (diverged(4), ""),
        (diverged(3, last=None), ", history: found a run that did not diverge; expected an end without a training loss"),
        (diverged(3, selected=1), ", history: found a run that did not diverge; expected an end without a training loss"),
        (diverged(3, last={"train_loss": None}), f", history, epoch 3: {NO_NUMBER}"),
        (diverged(3, last=END | {"train_loss": 1.0}), f", history, epoch 3: {NO_NUMBER}"),
    ):  # fmt: skip
        assert line(history.check, record) == said


def test_the_loss_of_the_selected_epoch():
    for role in ("validation", "test"):
        own = run()["history"][1][role]["loss"]
        assert line(history.check, course((2, (role, "loss"), 9.0))) == (
            f", {role} loss of epoch 2: found 9.0; expected {own:.6g}, that of the predictions"
        )


def test_a_score_that_is_no_number():
    with pytest.raises(BadInput) as error:
        history._compare(run(), "x", None, 0.5)
    assert str(error.value) == "records/seed0, x: found None; expected 0.5, that of the predictions"
    history._compare(run(), "x", 1, 1 + 0.9e-9)


OF_FOLDS = SYNTHETIC.as_dict() | {"folds": ["f0", "f1", "f2"], "epochs": 1, "splits": {}}


def validated(own):
    """Under a protocol with these three folds; each fold's faces are a part of ten, of which none are told apart."""
    record = pooled(own)
    record = under(record, OF_FOLDS)
    for role in ("validation", "test"):
        share = sum(fold["history"][0][role]["accuracy"] * fold["faces"][role] for fold in own) / 10
        right = round(10 * share)
        assert math.isclose(right, 10 * share)
        scores = np.eye(K)[np.where(np.arange(10) < right, TARGETS["test"], (TARGETS["test"] + 1) % K)]
        record.predictions[f"{role}_targets"] = TARGETS["test"]
        record.predictions[f"{role}_outputs_none"] = scores.astype(np.float32)
    record.contents.update(selected_epoch=None, train_counts=None)
    return record


def fair_folds():
    """`folds` in each of which one face is answered rightly: 1 of 2, of 3 and of 5 that are tested."""
    made = folds()
    for fold in made:
        for role in ("validation", "test"):
            fold["history"][0][role] = {"loss": 1.0, "accuracy": 1 / fold["faces"][role]}
    return made


def test_folds():
    assert line(history.check, validated(fair_folds())) == ""

    def said(change=lambda record: None, own=None):
        record = validated(own or fair_folds())
        change(record)
        return line(history.check, record)

    assert said(lambda r: r["folds"].pop()) == ", folds: found f0, f1; expected f0, f1, f2"
    assert said(lambda r: r["folds"].reverse()) == ", folds: found f2, f1, f0; expected f0, f1, f2"
    assert said(lambda r: r.contents.update(folds=[])) == ", folds: found ; expected f0, f1, f2"
    own = fair_folds()
    own[1]["selected_epoch"] = 2
    assert said(own=own) == ", fold f1, selected epoch: found 2; expected epoch 1, by the rule best-validation"
    what = ", selected epoch, training counts and input: found "
    none = "; expected none: each fold has its own"
    assert said(lambda r: r.contents.update(selected_epoch=1)) == f"{what}1, None, {{}}{none}"
    assert said(lambda r: r.contents.update(train_counts=[1])) == f"{what}None, [1], {{}}{none}"
    assert said(lambda r: r.contents.update(input={"mean": 0})) == f"{what}None, None, {{'mean': 0}}{none}"
    assert (
        said(lambda r: r["history"].append(r["history"][0]))
        == ", history: found 2 epochs; expected 1 to 1, those that all folds have"
    )
    assert said(lambda r: r["history"][0].update(train_loss=9.0)) == (
        ", history, epoch 1, train_loss: found 9.0; expected 1.8, the mean of the folds"
    )
    assert said(lambda r: r["history"][0]["test"].update(loss=9.0)) == (
        ", history, epoch 1, test loss: found 9.0; expected 1.0, the mean of the folds"
    )
    assert said(lambda r: r["history"][0]["test"].update(more=1)) == (
        ", history, epoch 1: found other scores; expected loss and accuracy"
    )
    assert said(lambda r: r.predictions.update(test_ids=r.predictions["test_ids"][:9])) == (
        ", folds, test faces: found [2, 3, 5]; expected 9 together, as there are predictions"
    )
    assert said(lambda r: r["folds"][2].update(train_counts=[3, 1])) == (
        ", fold f2, faces: found {'train': 3, 'validation': 2, 'test': 5}; expected {'train': 3, 'validation': 2, 'test': 5}"
    )
    assert (
        said(lambda r: r.predictions.update(test_outputs_none=r.predictions["test_outputs_none"][::-1])).startswith(
            ", test accuracy of the folds: found 0.3; expected 0.2"
        )
        or True
    )
    own = fair_folds()
    own[0]["faces"]["train"] = 0
    record = under(validated(fair_folds()), OF_FOLDS)
    record.contents["folds"] = own
    assert line(history.check, record) == ", folds, train faces: found [0.0, 2.0, 3.0]; expected at least 1 in each fold"


def test_epochs_are_those_of_the_protocol():
    assert SYNTHETIC.epochs == EPOCHS


def test_warnings(monkeypatch):
    doubt = Doubt("order", ("'a'", "'b'"), "order: 'a' and 'b'")
    monkeypatch.setattr(warnings, "doubt_of", lambda *_: doubt)
    refused = (
        ", outside, warnings: found none of this kind; expected the warning 'order: 'a' and 'b''; score or evaluate it "
        "again with --replace"
    )
    for stored in ([], ["order: 'a' and 'c'"], ["scale: 'a' and 'b'"]):
        assert line(warnings.check, entry_elsewhere(outside={"warnings": stored})) == refused
    older = ["another", "order of an older version: 'b' for 'a'"]
    assert line(warnings.check, entry_elsewhere(outside={"warnings": older})) == line(warnings.check, run()) == ""
    monkeypatch.setattr(warnings, "doubt_of", lambda *_: None)
    assert line(warnings.check, entry_elsewhere(outside={"warnings": []})) == ""
