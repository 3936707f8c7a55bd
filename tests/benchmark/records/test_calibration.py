"""Temperature scaling against torch's optimiser, ECE and NLL against torch, and the cases without a temperature."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmark.records.calibration import calibration, temperature
from benchmark.records.record import write_record


def drawn(seed: int, sharpness: float, n: int = 500, k: int = 7):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    return labels, (sharpness * (rng.normal(size=(n, k)) + 1.5 * np.eye(k)[labels])).astype(np.float32)


@pytest.mark.parametrize("seed, sharpness", [(0, 0.1), (1, 1.0), (2, 6.0), (3, 40.0)])
def test_temperature_against_lbfgs(seed, sharpness):
    labels, scores = drawn(seed, sharpness)
    z, y = torch.from_numpy(scores).double(), torch.from_numpy(labels)
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], max_iter=500, line_search_fn="strong_wolfe", tolerance_grad=1e-12)

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(z / log_t.exp(), y)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert temperature(labels, scores) == pytest.approx(log_t.exp().item(), rel=1e-4)


def test_scores_that_are_already_calibrated_keep_their_temperature():
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(20000, 4))
    gumbel = rng.gumbel(size=scores.shape)
    assert temperature((scores + gumbel).argmax(1), scores) == pytest.approx(1, abs=0.05)
    assert temperature((scores + gumbel).argmax(1), 3 * scores) == pytest.approx(3, abs=0.15)


def test_no_temperature_where_none_is_best():
    labels, _ = drawn(0, 1.0)
    assert temperature(labels, np.eye(7)[labels]) is None  # always right: the sharper the better
    assert temperature(labels, np.zeros((len(labels), 7))) is None  # say nothing
    assert temperature(labels, -np.eye(7)[labels]) is None  # always wrong: the flatter the better


def test_calibration_of_a_record(make, cell, tmp_path):
    record = make(tmp_path, "synthetic-8", cell("fixed", "working", "plain"), 0, quality=0.4)
    found = calibration(record)
    labels, scores = record.outputs("test")
    assert found["temperature"] == temperature(*record.outputs("validation"))
    for when, t in (("before", 1.0), ("after", found["temperature"])):
        z = torch.from_numpy(scores).double() / t
        assert found[when]["nll"] == pytest.approx(functional.cross_entropy(z, torch.from_numpy(labels)).item())
    validation = make(tmp_path, "synthetic-8", cell("fixed", "working", "plain"), 1, quality=0.4)
    y, z = (torch.from_numpy(a) for a in validation.outputs("validation"))
    fitted = calibration(validation)["temperature"]
    losses = [functional.cross_entropy(z / t, y).item() for t in (0.95 * fitted, fitted, 1.05 * fitted)]
    assert losses[1] < min(losses[0], losses[2])


def test_records_without_calibration(make, cell, tmp_path):
    assert calibration(make(tmp_path, "synthetic-va", cell("fixed", "working", "mse"), 0)) is None
    assert calibration(make(tmp_path, "synthetic-8", cell("fixed", "working", "plain"), 0, diverged=True)) is None
    own = cell("fixed", "working", "plain")
    folds = [{"fold": "a", "faces": {"train": 1, "validation": 1, "test": 1}, "history": [], "selected_epoch": 1}]
    folds[0] |= {"train_counts": None, "input": {}}
    assert calibration(make(tmp_path, "synthetic-8", own, 1, folds=folds)) is None
    outside = {"kind": "predictions", "source": "p.csv", "warnings": []}
    record = make(tmp_path, "synthetic-8", own, 2, quality=0.4, outside=outside | {"outputs": "logits"})
    assert calibration(record)["temperature"] is not None
    assert calibration(make(tmp_path, "synthetic-8", own, 3, outside=outside | {"outputs": "classes"})) is None
    arrays = {name: values for name, values in record.predictions.items() if name.startswith("test")}
    contents = {name: value for name, value in record.contents.items() if name not in ("schema", "predictions_sha256")}
    assert calibration(write_record(tmp_path / "test-alone" / "seed0", contents, arrays)) is None


@pytest.mark.parametrize(("factor", "there"), [(300, True), (3000, False), (1 / 300, True), (1 / 3000, False)])
def test_temperatures_from_a_thousandth_to_a_thousand(factor, there):
    rng = np.random.default_rng(5)
    scores = rng.normal(size=(2000, 4))
    found = temperature((scores + rng.gumbel(size=scores.shape)).argmax(1), factor * scores)
    assert found == (pytest.approx(factor, rel=0.15) if there else None)


def test_one_without_a_temperature_has_its_scores_before(make, cell, tmp_path):
    """Every validation face right: there is no best temperature, and nothing after it."""
    record = make(tmp_path, "synthetic-8", cell("fixed", "working", "plain"), 0, right=np.ones(90, bool))
    found = calibration(record)
    assert (found["temperature"], found["after"]) == (None, None)
    confidence = torch.softmax(torch.from_numpy(record.outputs("test")[1]).double(), 1).max(1).values
    assert found["before"]["ece"] == pytest.approx(1 - confidence.mean().item())  # all in the last bin, all right
