"""Predictions of categorical labels, and the quantities that several metrics compute from them."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmark.records.selection_metric import checked_categorical

ECE_BINS = 15
FLOOR = 1e-12  # the probability of a class that a model from outside does not have; its stored score is the logarithm
ABSENT = float(np.float32(np.log(FLOOR)))
ROUNDING = 1e-4  # of such a score in float32, after the mean over views: some units of 2e-6


class Predictions:
    """Checked labels and logits of one split. Quantities that several metrics use are computed once, on first use.

    Args:
        labels: integer (N,), values 0..K-1, N >= 1.
        scores: float (N, K) finite logits, K >= 2.

    Raises:
        BadInput: an empty split, a wrong shape or dtype, labels out of range, scores that are not finite.
    """

    def __init__(self, labels: np.ndarray, scores: np.ndarray):
        self.labels, self.scores = checked_categorical(labels, scores)
        self.n, self.k = self.scores.shape

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """int64 (N,): the class with the highest score; among ties the lowest index."""
        answers: NDArray[np.int64] = self.scores.argmax(axis=1)
        return answers

    @cached_property
    def log_probabilities(self) -> NDArray[np.float64]:
        """float64 (N, K): log-softmax of the scores, in nats."""
        shifted = self.scores - self.scores.max(axis=1, keepdims=True)
        logs: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return logs

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """float64 (N, K): softmax of the scores."""
        return np.exp(self.log_probabilities)

    @cached_property
    def ranked(self) -> NDArray[np.float64]:
        """`probabilities`, by which faces are ranked. A class that the model does not have is 0: its score is `ABSENT` for
        every face, but for the rounding of a mean over views, and what is left of that ranks faces by chance."""
        absent = (np.abs(self.scores - ABSENT) < ROUNDING).all(axis=0)
        return np.where(absent, 0.0, self.probabilities)

    @cached_property
    def thresholds(self) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """For each class in `present`, at each distinct value of its column of `ranked`, from the highest: how many rows of
        that class have at least that value, and how many rows at all, int64."""
        counts = []
        for k in self.present:
            order = np.argsort(-self.ranked[:, k])
            scores, positive = self.ranked[order, k], self.labels[order] == k
            last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))  # row of each tie
            counts.append((np.cumsum(positive)[last], last + 1))
        return counts

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """int64 (K, K): rows are the true classes, columns the predicted ones."""
        return np.bincount(self.labels * self.k + self.predicted, minlength=self.k**2).reshape(self.k, self.k)

    @cached_property
    def pairs(self) -> dict[str, np.ndarray]:
        """The entries of `confusion` as arguments for scikit-learn: K x K pairs (true, predicted), weighted by their counts.
        The results are the same as with N rows, but faster."""
        true, predicted = np.divmod(np.arange(self.k**2), self.k)
        return {"y_true": true, "y_pred": predicted, "sample_weight": self.confusion.ravel()}

    @cached_property
    def present(self) -> NDArray[np.int64]:
        """int64, ascending: the classes that occur among the labels. Macro averages are over these classes."""
        return np.unique(self.labels)

    @cached_property
    def per_class(self) -> dict[str, NDArray[np.float64]]:
        """precision, recall and f1 of the classes in `present`, float64; 0 for a class that is never predicted."""
        from sklearn.metrics import precision_recall_fscore_support

        values = precision_recall_fscore_support(**self.pairs, labels=self.present, zero_division=0)
        return dict(zip(("precision", "recall", "f1"), values[:3], strict=True))

    @cached_property
    def calibration(self) -> dict[str, np.ndarray]:
        """For each of 15 bins of top-label confidence, (i/15, (i+1)/15]: count int64, sum of confidence, correct rows."""
        confidence = self.probabilities.max(axis=1)
        inner_edges = np.linspace(0, 1, ECE_BINS + 1)[1:-1]
        bins = np.digitize(confidence, inner_edges, right=True)
        weights = {"count": None, "confidence": confidence, "correct": self.predicted == self.labels}
        return {name: np.bincount(bins, own, minlength=ECE_BINS) for name, own in weights.items()}

    @cached_property
    def all_in_one_class(self) -> bool:
        """Whether all labels and all predictions are one single class. Chance-corrected agreement is then 0/0."""
        return len(np.unique(np.concatenate([self.labels, self.predicted]))) == 1
