"""Training losses. `make_loss` returns a function (outputs, targets) -> scalar tensor.

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
    """Inverse class frequency: w_c = N / (K n_c), for N training images, n_c of them in class c, and K classes.

    Every class then has the same total weight, and the mean weight over the training images is 1 (King and Zeng 2001,
    "Logistic regression in rare events data"; "balanced" in scikit-learn). The BReG-Net paper says only that its loss
    favours rare classes; the papers' own formula was not released.

    Args:
        counts: training images per class, all positive.

    Raises:
        BadInput: a class without training images.
    """
    if min(counts) <= 0:
        raise BadInput("class-weighted loss", f"training counts {list(counts)}", "at least one image of every class")
    total = sum(counts)
    return [total / (len(counts) * count) for count in counts]


def cross_entropy(weights: Tensor | None, label_smoothing: float) -> Loss:
    """Softmax cross-entropy: the mean over the batch of w[target] * loss.

    torch would divide by the sum of the batch's weights. The weight of an image would then depend on the other images of
    its batch.
    """

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        each = functional.cross_entropy(outputs.float(), targets, reduction="none", label_smoothing=label_smoothing)
        return each.mean() if weights is None else (each * weights[targets]).mean()

    return loss


def focal(gamma: float = 2.0, alpha: float = 0.25) -> Loss:
    """alpha (1 - p)^gamma * -log p of the true class (Lin et al. 2017, eq. 5), mean over the batch.

    The default constants come from a comment in the authors' script. The script takes the sum instead of the mean.
    """

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
    # If all targets and all outputs are equal, the denominator is 0. The minimum of 1e-12 keeps the gradient finite.
    return (1 - 2 * covariance / spread.clamp_min(1e-12)).mean()


def make_loss(
    name: str, *, counts: Sequence[int] = (), label_smoothing: float = 0.0, device: torch.device | str = "cpu"
) -> Loss:
    """The loss `name`.

    Args:
        counts: training images per class; used by "weighted" only.
        label_smoothing: used by "plain" and "weighted" only.

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
