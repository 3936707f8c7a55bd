"""Cross-validation: roles of the folds, kill and resume, the pooled record against a plain reference."""

import dataclasses
import json
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import sklearn.metrics
import torch

from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import write_faceset
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import protocol_from
from benchmark.records.importing import check
from benchmark.records.optimism import run_picks, selection_optimism
from benchmark.records.record import Record, read_record
from benchmark.runs import sources
from benchmark.runs.runner import Site, Worker, try_steps
from benchmark.runs.training import crossvalidation
from benchmark.runs.training import train as training
from benchmark.runs.training.crossvalidation import (
    check_groups,
    cross_validate,
    fold_faces,
    fold_protocol,
    fold_run,
    mean_history,
    selected_validation,
    summed_cost,
)
from benchmark.runs.training.pixels import load_splits
from benchmark.runs.training.train import train

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[4]
FOLDS = ("a", "b", "c", "d")
VARYING = ("cost", "environment", "folds")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def faces(tiny_faces, tmp_path_factory):
    """`tiny_faces` in four folds of 37, 38, 40 and 39 faces and a split of six that is no fold; pairs are groups."""
    n = len(tiny_faces)
    pair = np.arange(n) // 2
    split = np.array(FOLDS, dtype="U5")[pair % 4]
    split[pair > 76] = "spare"
    expression = tiny_faces.expression.copy()
    expression[[0, 1, 2]] = -1  # without a label: in no role of a categorical protocol
    return write_faceset(
        tmp_path_factory.mktemp("folded") / "tiny",
        np.array(tiny_faces.pictures),
        name="tiny",
        version="1.0",
        classes=tiny_faces.classes,
        id=tiny_faces.id,
        split=split,
        expression=expression,
        valence=tiny_faces.valence,
        arousal=tiny_faces.arousal,
        group=[f"pair{p}" if p % 5 else "" for p in pair],
    )


@pytest.fixture
def protocol(tiny_protocol):
    def make(task="categorical", **changes):
        return tiny_protocol(task, **({"splits": {}, "folds": FOLDS} | changes))

    return make


def same(first, second) -> None:
    plain = [{k: v for k, v in r.contents.items() if k not in VARYING} for r in (first, second)]
    assert plain[0] == plain[1]
    folds = [[{k: v for k, v in fold.items() if k != "cost"} for fold in r.folds] for r in (first, second)]
    assert folds[0] == folds[1]
    for name, array in first.predictions.items():
        np.testing.assert_array_equal(array, second.predictions[name])


def test_roles_of_the_folds(faces, protocol):
    seen = {"train": [], "validation": [], "test": []}
    for number in range(4):
        run, own = fold_run(Run(protocol(), _cell(), 0), faces, number)
        splits = load_splits(own, run.protocol, CPU)
        group = dict(zip(faces.id.tolist(), faces.group.tolist(), strict=True))
        split = dict(zip(faces.id.tolist(), faces.split.tolist(), strict=True))
        groups = {role: {group[i] for i in splits[role].ids.tolist()} - {""} for role in splits}
        assert not groups["train"] & groups["validation"] and not groups["train"] & groups["test"]
        assert not groups["validation"] & groups["test"]
        assert {split[i] for i in splits["test"].ids.tolist()} == {FOLDS[number]}
        assert {split[i] for i in splits["validation"].ids.tolist()} == {FOLDS[(number + 1) % 4]}
        assert {split[i] for i in splits["train"].ids.tolist()} == set(FOLDS) - {FOLDS[number], FOLDS[(number + 1) % 4]}
        for role in seen:
            seen[role] += splits[role].ids.tolist()
    wanted = faces.id[(faces.split != "spare") & (faces.expression >= 0)].tolist()
    assert sorted(seen["test"]) == sorted(seen["validation"]) == sorted(wanted)  # each exactly once
    assert sorted(seen["train"]) == sorted(2 * wanted)


def _cell():
    from benchmark.protocol.cells import Cell

    return Cell("tiny", "residual", {"units": [1, 1, 1], "widths": [4, 8], "shortcut": "adaptive"}, "plain")


def test_what_has_no_folds_is_named(faces, protocol, tmp_path):
    plain = protocol(folds=None, splits={"train": "a", "validation": "b", "test": "c"})
    with pytest.raises(BadInput, match="protocol .*: found no folds"):
        fold_protocol(plain, 0)
    with pytest.raises(BadInput, match=f"^{tmp_path}: found no folds; expected the record of a cross-validation$"):
        selected_validation(Record(tmp_path, {"protocol": plain.as_dict()}))


def test_a_group_in_two_folds_is_refused(faces, protocol, tmp_path):
    split = faces.split.astype("U5")
    row = int(np.flatnonzero(faces.group != "")[0])
    split[row] = next(fold for fold in FOLDS if fold != split[row])
    torn = dataclasses.replace(faces, split=split)
    with pytest.raises(BadInput, match=rf"group {faces.group[row]}: found faces in . and .; expected all in one fold"):
        cross_validate(Run(protocol(), _cell(), 0), torn, tmp_path / "seed0", device=CPU)
    check_groups(faces, protocol())
    spare = faces.split.copy()
    spare[row] = "spare"  # outside every fold it is in no role
    check_groups(dataclasses.replace(faces, split=spare), protocol())


@pytest.mark.parametrize("task, loss", [("categorical", "plain"), ("dimensional", "mse")])
def test_pooled_record_against_plain_training_of_each_fold(faces, protocol, tiny_cell, tmp_path, task, loss):
    run = Run(protocol(task), tiny_cell(loss), seed=3)
    record = cross_validate(run, faces, tmp_path / "cv" / "seed3", device=CPU)
    assert [p.name for p in (tmp_path / "cv").iterdir()] == ["seed3"]
    # The reference: each fold a FaceSet written by hand with plain roles and a protocol without folds.
    outputs, chosen, tested = {}, {}, {}
    for number, fold in enumerate(FOLDS):
        following = FOLDS[(number + 1) % 4]
        names = dict.fromkeys(FOLDS, "rest") | {fold: "out", following: "judge", "spare": "spare"}
        written = dataclasses.replace(faces, split=np.array([names[s] for s in faces.split.tolist()]))
        roles = {"train": "rest", "validation": "judge", "test": "out"}
        plain = train(
            Run(protocol(task, splits=roles, folds=None), tiny_cell(loss), 3), written, tmp_path / fold / "seed3", device=CPU
        )
        for i, output in zip(plain.predictions["test_ids"], plain.predictions["test_outputs_none"], strict=True):
            outputs[str(i)] = output
        chosen[fold], tested[fold] = plain, len(plain.predictions["test_ids"])
        mine = record.folds[number]
        assert mine["fold"] == fold and mine["history"] == plain["history"]
        assert mine["selected_epoch"] == plain["selected_epoch"] and mine["input"] == plain["input"]
    expected = [i for i in faces.id.tolist() if i in outputs]
    assert record.predictions["test_ids"].tolist() == expected
    assert record.predictions["validation_ids"].tolist() == expected
    targets, pooled = record.outputs("test")
    np.testing.assert_array_equal(pooled, np.stack([outputs[i] for i in expected]))
    rows = [faces.id.tolist().index(i) for i in expected]
    if task == "categorical":
        np.testing.assert_array_equal(targets, faces.expression[rows])
        hits = [faces.expression[r] == outputs[i].argmax() for r, i in zip(rows, expected, strict=True)]
        assert sklearn.metrics.accuracy_score(targets, pooled.argmax(1)) == np.mean(hits)
        # The last epoch's mean accuracy is that of the pooled predictions of that epoch.
        right = sum(round(chosen[f]["history"][-1]["test"]["accuracy"] * tested[f]) for f in FOLDS)
        assert record["history"][-1]["test"]["accuracy"] == pytest.approx(right / len(expected))
        picked = run_picks(record, "accuracy")
        assert picked["best_validation"] == pytest.approx(np.mean(hits))  # each fold picked for itself
        assert picked["oracle"] >= picked["best_validation"]
        optimism = selection_optimism([record])
        assert optimism.mean == pytest.approx(picked["oracle"] - picked["best_validation"]) and optimism.n == 1
    else:
        np.testing.assert_array_equal(targets, np.stack([faces.valence[rows], faces.arousal[rows]], 1))
    assert record["selected_epoch"] is None and record["train_counts"] is None and record["input"] == {}
    assert record["cost"]["train_seconds"] == pytest.approx(sum(f["cost"]["train_seconds"] for f in record.folds), abs=2e-3)
    for fold in FOLDS:
        mine = torch.load(tmp_path / "cv" / "seed3" / f"weights-{fold}.pt", weights_only=True)
        plain = torch.load(tmp_path / fold / "seed3" / "weights.pt", weights_only=True)
        assert all(torch.equal(mine[name], plain[name]) for name in plain)


def test_mean_history_by_hand():
    def entry(train, test):
        return {
            "epoch": 1,
            "learning_rate": 0.1,
            "train_loss": train,
            "validation": {"loss": train, "accuracy": test / 2},
            "test": {"loss": 2 * test, "accuracy": test},
        }

    folds = [
        {"faces": {"train": 10, "validation": 4, "test": 1}, "history": [entry(1.0, 1.0), entry(0.5, 1.0)]},
        {"faces": {"train": 30, "validation": 16, "test": 3}, "history": [entry(2.0, 0.2)]},
    ]
    (mean,) = mean_history(folds, "accuracy")  # as far as all folds went
    assert mean["train_loss"] == 1.75 and mean["learning_rate"] == 0.1
    assert mean["test"] == {"loss": pytest.approx(0.8), "accuracy": pytest.approx(0.4)}
    assert mean["validation"] == {"loss": pytest.approx(1.8), "accuracy": pytest.approx(0.18)}
    folds[1]["history"][0] |= {"train_loss": None, "validation": None, "test": None}
    (mean,) = mean_history(folds, "accuracy")
    assert mean["train_loss"] is None and mean["test"] is None and mean["validation"] is None


def test_summed_cost_by_hand():
    """2 seconds at 100 pictures a second and 6 at 20: 320 pictures in 8 seconds."""
    costs = [
        {"device": "a", "train_seconds": 2.0, "evaluate_seconds": 0.5, "images_per_second": 100.0, "peak_memory_bytes": 7},
        {"device": "b", "train_seconds": 6.0, "evaluate_seconds": 0.25, "images_per_second": 20.0, "peak_memory_bytes": 5},
    ]
    expected = {"train_seconds": 8.0, "evaluate_seconds": 0.75, "images_per_second": 40.0, "peak_memory_bytes": 7}
    assert summed_cost(costs) == expected | {"device": "b"}
    costs[1]["peak_memory_bytes"] = None
    assert summed_cost(costs)["peak_memory_bytes"] is None


def test_the_rounding_of_a_summed_cost():
    """0.1234 s at 100 pictures a second and as long at 50: 18.51 pictures in 0.247 s. No time at all divides by none."""
    cost = {"device": "a", "train_seconds": 0.1234, "evaluate_seconds": 0.1111, "peak_memory_bytes": 5}
    found = summed_cost([cost | {"images_per_second": 100.0}, cost | {"images_per_second": 50.0}])
    assert found == cost | {"train_seconds": 0.247, "evaluate_seconds": 0.222, "images_per_second": 74.94}
    still = cost | {"train_seconds": 0.0, "images_per_second": 3.0}
    assert summed_cost([still])["images_per_second"] == 0


def test_the_selected_validation_by_hand(tmp_path):
    """Each fold's own epoch, weighted by its faces: (3 x 0.5 + 1 x 0.25) / 4."""
    folds = [
        {"selected_epoch": epoch, "faces": {"train": 9, "validation": faces, "test": 7},
         "history": [{"validation": {"accuracy": value, "loss": 9}} for value in values]}
        for epoch, faces, values in ((2, 3, (0.1, 0.5)), (1, 1, (0.25, 0.9)))
    ]  # fmt: skip
    record = Record(tmp_path, {"folds": folds, "protocol": {"task": "categorical"}})
    assert selected_validation(record) == pytest.approx(0.4375)


def test_what_a_diverged_run_keeps_of_its_folds(faces, protocol, tmp_path):
    """The values of the last of its three folds, the sums of all."""
    run, common = Run(protocol(), _cell(), 5), {"data": {"name": "tiny"}, "environment": {"threads": 1}}
    cost = {"device": "d", "train_seconds": 1.0, "evaluate_seconds": 1.0, "images_per_second": 8.0, "peak_memory_bytes": 3}
    own = [
        {"history": [{"epoch": 1, "learning_rate": 0.5, "train_loss": loss, "validation": scores, "test": scores}],
         "selected_epoch": epoch, "train_counts": [1, 2], "input": {"mean": [0.5]}, "cost": cost}
        for loss, scores, epoch in (*[(0.5, {"loss": 1.0, "accuracy": 0.5}, 1)] * 2, (None, None, None))
    ]  # fmt: skip
    own[2]["cost"] = cost | {"device": "last"}
    records = [
        Record(tmp_path, own[0] | common | {"status": "finished", "parameters": 1}),
        Record(tmp_path, own[1] | common | {"status": "finished", "parameters": 2}),
        Record(tmp_path, own[2] | common | {"status": "diverged", "parameters": 42}),
    ]
    sizes = [{"train": number, "validation": 2, "test": 1} for number in (6, 5, 4)]
    contents, predictions, files = crossvalidation.pooled(run, faces, CPU, records, sizes)
    assert (predictions, files) == ({}, {})
    assert contents == common | {
        "status": "diverged",
        "protocol": run.protocol.as_dict(),
        "protocol_hash": run.protocol.hash,
        "cell": run.cell.as_dict(),
        "cell_hash": run.cell.hash,
        "seed": 5,
        "classes": ["low", "middle", "high"],
        "history": [{"epoch": 1, "learning_rate": 0.5, "train_loss": None, "validation": None, "test": None}],
        "selected_epoch": None,
        "train_counts": None,
        "input": {},
        "parameters": 42,
        "code": sources.code_digest("residual"),
        "cost": cost | {"train_seconds": 3.0, "evaluate_seconds": 3.0, "device": "last"},
        "folds": [{"fold": fold, "faces": size} | each for fold, size, each in zip("abc", sizes, own, strict=True)],
    }
    assert all(tuple(fold) == crossvalidation.FOLD_FIELDS for fold in contents["folds"])


def test_what_reaches_the_training_of_a_fold(faces, protocol, tmp_path, monkeypatch, capsys):
    """Every option; after a fold that diverged, none of the later ones is trained."""
    seen = {}

    def noting(name, result):
        return lambda *given, **named: seen.setdefault(name, []).append((given, named)) or result

    monkeypatch.setattr(crossvalidation, "existing_record", noting("existing", None))
    monkeypatch.setattr(crossvalidation, "load_splits", noting("splits", {"train": "abc", "validation": "de", "test": "f"}))
    diverged = SimpleNamespace(diverged=True)
    monkeypatch.setattr(crossvalidation, "train", noting("train", diverged))
    monkeypatch.setattr(crossvalidation, "pooled", noting("pooled", ("contents", "predictions", "files")))
    monkeypatch.setattr(crossvalidation, "write_record", noting("written", "record"))
    run, place, options = (
        Run(protocol(), _cell(), 0),
        tmp_path / "seed0",
        {"device": CPU, "stop": [].pop, "enough": [].append},
    )
    wish = {"restart_stale": True, "position": 7, "path": "compiled"}
    assert cross_validate(run, faces, place, **options, **wish) == "record"
    assert capsys.readouterr().out == f"{run}: diverged in fold a; the run ends here\n"
    assert seen["existing"] == [((run, faces, place, CPU), {"restart_stale": True})]
    fold, own = fold_run(run, faces, 0)
    ((given, named),) = seen["splits"]
    assert given[1:] == (fold.protocol, CPU) and (given[0].split == own.split).all() and named == {"stop": options["stop"]}
    ((given, named),) = seen["train"]
    assert given[0] == fold and given[2] == tmp_path / "seed0.fold0"
    assert named == options | wish | {"splits": {"train": "abc", "validation": "de", "test": "f"}}
    assert seen["pooled"] == [((run, faces, CPU, [diverged], [{"train": 3, "validation": 2, "test": 1}]), {})]
    assert seen["written"] == [((place, "contents", "predictions", "files"), {})]
    seen.clear()
    cross_validate(run, faces, place, device=CPU)
    plain = seen["train"][0][1]
    assert (plain["restart_stale"], plain["position"], plain["path"]) == (False, 0, "eager")
    assert plain["stop"]() is False and plain["enough"](None) is True
    assert seen["existing"][0][1] == {"restart_stale": False}


def test_stopped_and_resumed_equals_uninterrupted(faces, protocol, tiny_cell, tmp_path, monkeypatch):
    run = Run(protocol(), tiny_cell(), seed=3)
    whole = cross_validate(run, faces, tmp_path / "whole" / "seed3", device=CPU)
    directory = tmp_path / "parts" / "seed3"
    asked = iter(range(10**6))
    with pytest.raises(Interrupted, match=r"tiny-categorical.b .*resumes"):  # 4 steps an epoch, 12 a fold
        cross_validate(run, faces, directory, device=CPU, stop=lambda: next(asked) == 17)
    names = {p.name for p in directory.parent.iterdir()}
    assert names == {"seed3.fold0", "seed3.fold1.checkpoint"}
    kept = (directory.parent / "seed3.fold0" / "record.json").stat().st_mtime_ns
    started = []
    monkeypatch.setattr(training.Trainer, "__init__", _noting(started, training.Trainer.__init__))
    with pytest.raises(Interrupted):
        cross_validate(run, faces, directory, device=CPU, stop=lambda: len(started) > 1)
    assert started == ["tiny-categorical.b", "tiny-categorical.c"]  # the finished fold was not trained again
    assert (directory.parent / "seed3.fold0" / "record.json").stat().st_mtime_ns == kept
    same(whole, cross_validate(run, faces, directory, device=CPU))
    assert [p.name for p in directory.parent.iterdir()] == ["seed3"]
    del started[:]
    (directory.parent / "seed3.fold2").mkdir()  # killed while it tidied up
    same(whole, cross_validate(run, faces, directory, device=CPU))
    assert started == [] and [p.name for p in directory.parent.iterdir()] == ["seed3"]


def _noting(started, original):
    def init(self, run, *arguments, **named):
        started.append(run.protocol.name)
        original(self, run, *arguments, **named)

    return init


KILLED = """
    import sys, json, torch
    from pathlib import Path
    from benchmark.runs.training import train as training
    from benchmark.protocol.cells import Cell, Run
    from benchmark.runs.training.crossvalidation import cross_validate
    from benchmark.faces.faceset import open_faceset
    from benchmark.protocol.protocol import protocol_from
    torch.set_num_threads(1)
    training.CHECKPOINT_SECONDS = 0.0
    given = json.loads(Path({given!r}).read_text())
    contents = given["protocol"]
    protocol = protocol_from({{k: v for k, v in contents.items() if k != "recipe"}}, "test", recipe=contents["recipe"])
    run = Run(protocol, Cell(**given["cell"]), 3)
    cross_validate(run, open_faceset({faces!r}), Path({out!r}), device=torch.device("cpu"))
"""


def test_kill_9_costs_the_running_fold_alone(faces, protocol, tiny_cell, tmp_path, copied):
    run = Run(protocol(epochs=4), tiny_cell(), seed=3)
    given = tmp_path / "given.json"
    given.write_text(json.dumps({"protocol": run.protocol.as_dict(), "cell": run.cell.as_dict()}))

    killed = tmp_path / "killed" / "seed3"
    code = textwrap.dedent(KILLED.format(given=str(given), faces=str(faces.directory), out=str(killed)))
    process = copied.Process(target=exec, args=(code, {}))
    process.start()
    second = killed.with_name("seed3.fold1.checkpoint")
    while not second.exists() and process.is_alive():
        time.sleep(0.005)
    process.kill()
    process.join()
    assert not killed.exists() and killed.with_name("seed3.fold0").exists()
    record = cross_validate(run, faces, killed, device=CPU)
    assert {p.name for p in killed.parent.iterdir() if not p.name.startswith(".")} == {"seed3"}
    same(cross_validate(run, faces, tmp_path / "whole" / "seed3", device=CPU), record)


def test_stale_records_and_folds_are_refused_or_replaced(faces, protocol, tiny_cell, tmp_path):
    directory = tmp_path / "seed0"
    run, other = (Run(protocol(epochs=epochs), tiny_cell(), 0) for epochs in (1, 2))
    with pytest.raises(Interrupted):
        cross_validate(run, faces, directory, device=CPU, stop=_after(6))
    with pytest.raises(BadInput, match=r"seed0.fold0: found a record of another configuration \(protocol differ\)"):
        cross_validate(other, faces, directory, device=CPU)
    assert len(cross_validate(other, faces, directory, device=CPU, restart_stale=True)["history"]) == 2
    with pytest.raises(BadInput, match=r"seed0: found a record of another configuration \(protocol differ\)"):
        cross_validate(run, faces, directory, device=CPU)
    assert len(cross_validate(run, faces, directory, device=CPU, restart_stale=True)["history"]) == 1


def _after(steps):
    asked = iter(range(1, 10**6))
    return lambda: next(asked) == steps


def test_a_diverged_fold_is_a_diverged_run(faces, protocol, tiny_cell, tmp_path, monkeypatch):
    original = training.Trainer.train_step

    def explode(self, order):
        original(self, order)
        if self.run.protocol.name.endswith(".b") and self.epoch == 1:
            self.diverged = True

    monkeypatch.setattr(training.Trainer, "train_step", explode)
    record = cross_validate(Run(protocol(), tiny_cell(), 0), faces, tmp_path / "seed0", device=CPU)
    assert record.diverged and [fold["fold"] for fold in record.folds] == ["a", "b"]
    assert len(record["history"]) == 2 and record["history"][0]["test"] is not None
    assert record["history"][1]["train_loss"] is None and record["history"][1]["test"] is None
    assert [p.name for p in tmp_path.iterdir()] == ["seed0"]
    assert sorted(p.name for p in (tmp_path / "seed0").iterdir()) == ["machine.json", "record.json", "seal.json"]


def test_the_runner_the_trial_and_the_import_take_folds(faces, protocol, tiny_cell, tmp_path, monkeypatch):
    from benchmark.records import importing
    from benchmark.records.checks.known import Known
    from benchmark.records.prepared import Prepared

    run = Run(protocol(epochs=1), tiny_cell(), 0)
    line = Worker(Site(faces.directory.parent, tmp_path, CPU), lambda: False)(run)
    record = read_record(tmp_path / run.place)
    right = [
        f["history"][f["selected_epoch"] - 1]["validation"]["accuracy"] * f["faces"]["validation"] for f in record.folds
    ]
    wanted = sum(right) / sum(f["faces"]["validation"] for f in record.folds)
    assert f"validation accuracy {wanted:.4f}, mean over 4 folds" in line
    assert len(list(try_steps(run, faces, 2, CPU))) == 2
    monkeypatch.setattr(importing, "load_protocol", lambda name: run.protocol)
    here = Prepared(faces.directory.parent)
    check(record, Known(here.rows, here.fingerprint))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"folds": ["a", "b"]}, "folds: found .*expected a list of 3 or more"),
        ({"folds": ["a", "b", "b"]}, "3 or more different"),
        ({"folds": "abc"}, "folds: found 'abc'"),
        ({"folds": ["a", "b", "../c"]}, "folds: found name '../c'; expected at most 100 letters"),
        (
            {"folds": ["a", "b", "c"], "splits": {"train": "a", "validation": "b", "test": "c"}},
            "splits: found .*none beside",
        ),
        ({"splits": {}}, "splits: found"),
    ],
)
def test_bad_folds(tiny_protocol, changes, message):
    with pytest.raises(BadInput, match=message):
        tiny_protocol(**({"splits": {}} | changes))


def test_hash_with_and_without_folds(tiny_protocol, protocol):
    plain = tiny_protocol()
    assert "folds" not in plain.as_dict() and protocol().as_dict()["folds"] == list(FOLDS)
    contents = protocol().as_dict()
    again = protocol_from({k: v for k, v in contents.items() if k != "recipe"}, "again", recipe=contents["recipe"])
    assert again == protocol() and again.hash == protocol().hash
    hashes = {fold_protocol(protocol(), k).hash for k in range(4)} | {protocol().hash, plain.hash}
    assert len(hashes) == 6
    assert fold_protocol(protocol(), 3).splits == {"train": "b+c", "validation": "a", "test": "d"}


def test_spare_splits_keep_their_names(faces, protocol):
    own = fold_faces(faces, protocol(), 0)
    assert sorted(set(own.split.tolist())) == ["a", "b", "c+d", "spare"]
    assert crossvalidation.FOLD_FIELDS[0] == "fold"
