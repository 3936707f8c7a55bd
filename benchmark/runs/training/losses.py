"""Training losses. Each entry of `LOSSES` makes a function (outputs, targets) -> scalar tensor.

Categorical: outputs float (B, K) logits, targets int64 (B,). Dimensional: outputs and targets float (B, 2),
valence and arousal. Everything is computed in float32.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from benchmark.errors import BadInput

Loss = Callable[[Tensor, Tensor], Tensor]


def class_weights(counts: Sequence[int]) -> list[float]:
    """w_c = N / (K n_c): inverse class frequency, so that every class has the same total weight and the mean over the
    training images is 1 (King and Zeng 2001, "Logistic regression in rare events data"; scikit-learn's "balanced").

    BReG-Net says only that its loss favours rare classes; the papers' own formula was not released.

    Args:
        counts: training images a class, all positive.

    Raises:
        BadInput: a class without training images.
    """
    if min(counts) <= 0:
        raise BadInput("class-weighted loss", f"training counts {list(counts)}", "at least one image of every class")
    total = sum(counts)
    return [total / (len(counts) * count) for count in counts]


def cross_entropy(weights: Tensor | None, label_smoothing: float) -> Loss:
    """Softmax cross-entropy, mean over the batch of w[target] * loss (torch would divide by the batch's summed weights,
    which makes an image's weight depend on its neighbours)."""

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        each = functional.cross_entropy(outputs.float(), targets, reduction="none", label_smoothing=label_smoothing)
        return each.mean() if weights is None else (each * weights[targets]).mean()

    return loss


def focal(gamma: float = 2.0, alpha: float = 0.25) -> Loss:
    """alpha (1 - p)^gamma * -log p of the true class (Lin et al. 2017, eq. 5), mean over the batch. The constants are
    those in a comment of the authors' script, which sums instead."""

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        log_p = functional.log_softmax(outputs.float(), dim=1).gather(1, targets[:, None]).squeeze(1)
        return (-alpha * (1 - log_p.exp()) ** gamma * log_p).mean()

    return loss


def mean_squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean over the batch and both dimensions of (output - target)^2."""
    return functional.mse_loss(outputs.float(), targets)


def concordance(outputs: Tensor, targets: Tensor) -> Tensor:
    """1 - CCC (Lin 1989, population moments) of the batch, mean over both dimensions."""
    outputs = outputs.float()
    mean_o, mean_t = outputs.mean(0), targets.mean(0)
    covariance = ((outputs - mean_o) * (targets - mean_t)).mean(0)
    spread = outputs.var(0, correction=0) + targets.var(0, correction=0) + (mean_o - mean_t) ** 2
    # A batch of equal targets and equal outputs has no spread: 0 / tiny keeps the gradient finite.
    return (1 - 2 * covariance / spread.clamp_min(1e-12)).mean()


def make_loss(
    name: str, *, counts: Sequence[int] = (), label_smoothing: float = 0.0, device: torch.device | str = "cpu"
) -> Loss:
    """The loss `name`.

    Args:
        counts: training images a class (for "weighted").
        label_smoothing: for the cross-entropies.

    Raises:
        BadInput: an unknown name, or weights for a class that has no images.
    """
    if name == "plain":
        return cross_entropy(None, label_smoothing)
    if name == "weighted":
        return cross_entropy(torch.tensor(class_weights(counts), device=device), label_smoothing)
    simple = {
        "focal": focal(),
        "mse": mean_squared_error,
        "ccc": concordance,
        "mse+ccc": lambda outputs, targets: mean_squared_error(outputs, targets) + concordance(outputs, targets),
    }
    if name not in simple:
        raise BadInput("loss", f"'{name}'", f"one of plain, weighted, {', '.join(simple)}")
    return simple[name]
