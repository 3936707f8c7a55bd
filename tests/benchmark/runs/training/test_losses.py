"""Losses against hand-derived values and other libraries."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torchmetrics.functional import concordance_corrcoef

from benchmark.errors import BadInput
from benchmark.runs.training.losses import class_weights, make_loss

LOGITS = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.5], [0.0, 0.0, 3.0]], dtype=torch.float64)
LABELS = torch.tensor([0, 0, 1, 2])


def test_weights_are_scikit_learns_balanced():
    counts = [74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750]
    labels = np.repeat(np.arange(8), np.array(counts) // 50)
    expected = compute_class_weight("balanced", classes=np.arange(8), y=labels)
    np.testing.assert_allclose(class_weights([count // 50 for count in counts]), expected)
    assert np.average(class_weights(counts), weights=counts) == pytest.approx(1)


def test_weights_need_every_class():
    line = r"^class-weighted loss: found training counts \[3, 0, 2\]; expected at least one image of every class$"
    with pytest.raises(BadInput, match=line):
        class_weights([3, 0, 2])
    assert class_weights([1, 3]) == [2, 2 / 3]


def test_the_weights_lie_on_the_device_of_training():
    meta = torch.device("meta")
    loss = make_loss("weighted", counts=[1, 2, 3], device=meta)(torch.zeros(4, 3, device=meta), LABELS.to(meta))
    assert loss.device == meta


def test_weighted_cross_entropy_by_hand():
    p = np.exp(LOGITS.numpy()) / np.exp(LOGITS.numpy()).sum(1, keepdims=True)
    each = -np.log(p[np.arange(4), LABELS])
    weights = np.array([100 / (3 * 70), 100 / (3 * 20), 100 / (3 * 10)])
    found = make_loss("weighted", counts=[70, 20, 10])(LOGITS.float(), LABELS)
    assert found.item() == pytest.approx((each * weights[LABELS]).mean(), rel=1e-6)
    assert make_loss("plain")(LOGITS, LABELS).item() == pytest.approx(each.mean(), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("counts", [(), (70, 20, 10)])
def test_smoothing_and_weights_together_by_hand(smoothing, counts):
    """Szegedy et al. 2016, section 7: (1 - s) of the target on the true class and s spread over all K classes."""
    log_p = LOGITS.numpy() - np.log(np.exp(LOGITS.numpy()).sum(1, keepdims=True))
    wanted = (1 - smoothing) * np.eye(3)[LABELS] + smoothing / 3
    each = -(wanted * log_p).sum(1) * (np.array([100 / 210, 100 / 60, 100 / 30])[LABELS] if counts else 1)
    found = make_loss("weighted" if counts else "plain", counts=counts, label_smoothing=smoothing)(LOGITS.float(), LABELS)
    assert found.item() == pytest.approx(each.mean(), rel=1e-6)


def test_losses_are_computed_in_float32_and_only_the_classes_know_smoothing():
    """A network in bf16 gives outputs in bf16; what is made of them is float32."""
    coarse, targets = LOGITS.bfloat16(), torch.tensor([[0.5, -0.25], [0.1, 0.7], [0.0, 0.3], [-1.0, 0.2]])
    for name, counts in (("plain", ()), ("weighted", (70, 20, 10)), ("focal", ())):
        found = make_loss(name, counts=counts)(coarse, LABELS)
        assert found.dtype == torch.float32 and found == make_loss(name, counts=counts)(coarse.float(), LABELS)
    for name in ("mse", "ccc", "mse+ccc"):
        two = coarse[:, :2]
        found = make_loss(name)(two, targets)
        assert found.dtype == torch.float32 and found == make_loss(name)(two.float(), targets)
        assert make_loss(name, label_smoothing=0.3)(two, targets) == found
    assert make_loss("focal", label_smoothing=0.3)(LOGITS, LABELS) == make_loss("focal")(LOGITS, LABELS)


def test_mean_squared_error_by_hand():
    outputs, targets = torch.tensor([[1.0, 0.0], [0.5, -0.5]]), torch.tensor([[0.0, 0.25], [0.5, 0.5]])
    assert make_loss("mse")(outputs, targets).item() == pytest.approx((1 + 0.0625 + 0 + 1) / 4)


def test_weighted_loss_of_an_image_does_not_depend_on_its_neighbours():
    loss = make_loss("weighted", counts=[70, 20, 10])
    halves = (loss(LOGITS[:2], LABELS[:2]) + loss(LOGITS[2:], LABELS[2:])) / 2
    assert loss(LOGITS, LABELS).item() == pytest.approx(halves.item(), rel=1e-6)


def test_focal_by_hand():
    p = torch.softmax(LOGITS, 1)[torch.arange(4), LABELS]
    expected = (0.25 * (1 - p) ** 2 * -torch.log(p)).mean()
    assert make_loss("focal")(LOGITS, LABELS).item() == pytest.approx(expected.item(), rel=1e-6)


def test_ccc_against_torchmetrics():
    """torchmetrics divides by n - 1; over n the covariance and both variances shrink by (n - 1) / n."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.randn(500, 2, generator=generator), torch.randn(500, 2, generator=generator)
    y = x * 0.6 + 0.3 * y + 0.1
    assert make_loss("ccc")(x, y).item() == pytest.approx(1 - concordance_corrcoef(x, y).mean().item(), abs=2e-3)
    # and exactly, from Lin's formula in float64
    a, b = x.double().numpy(), y.double().numpy()
    ccc = 2 * ((a - a.mean(0)) * (b - b.mean(0))).mean(0) / (a.var(0) + b.var(0) + (a.mean(0) - b.mean(0)) ** 2)
    assert make_loss("ccc")(x, y).item() == pytest.approx(1 - ccc.mean(), rel=1e-5)
    assert make_loss("ccc")(0.01 * x, 0.01 * y).item() == pytest.approx(1 - ccc.mean(), rel=1e-5)  # whatever the scale
    assert make_loss("mse+ccc")(x, y).item() == pytest.approx(((a - b) ** 2).mean() + 1 - ccc.mean(), rel=1e-5)


def test_ccc_of_a_constant_batch_has_a_finite_gradient():
    x = torch.zeros(4, 2, requires_grad=True)
    loss = make_loss("ccc")(x, torch.zeros(4, 2))
    loss.backward()
    assert loss.item() == 1 and torch.isfinite(x.grad).all()


def test_unknown_loss():
    with pytest.raises(BadInput, match="^loss: found 'hinge'; expected one of plain, weighted, focal, mse, ccc, mse\\+ccc$"):
        make_loss("hinge")
