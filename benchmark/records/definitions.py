"""The definitions of the metrics, a function each. Its docstring is the definition: formula and convention, range, special
cases and what computes it; docs/reference/metrics.md is made from it.

TP, FP and FN are counted per class; n_k is the number of labels of class k; the present classes are those with n_k > 0.
x are targets of valence or arousal, y outputs, float64 (N,). A metric that is not defined for the given data is None.

At module level only numpy is imported, and torch never: scikit-learn, scipy and krippendorff are imported by the functions
that use them. The areas under curves are our own, from one sort a class for both: the same values as scikit-learn's up to
the last digits (see the tests) in a fifth of the time, because a report on 500 records needs 13,000 curves.
"""

import warnings

import numpy as np

from benchmark.records import selection_metric
from benchmark.records.predictions import Predictions
from benchmark.records.selection_metric import finite_or_none


def accuracy(p: Predictions) -> float:
    """correct / N.

    Range: 0 to 1.
    Computed with: numpy.
    """
    return float(np.mean(p.predicted == p.labels))


def balanced_accuracy(p: Predictions) -> float:
    """Mean of the present classes' recall.

    Range: 0 to 1.
    Special cases: constant predictions: 1 / (number of present classes), or 0 if the constant class is not present.
    Computed with: scikit-learn.
    """
    return _macro("recall", p)


def macro_f1(p: Predictions) -> float:
    """Mean of 2 TP / (2 TP + FP + FN) over the present classes: the mean of F1s, not the F1 of means.

    Range: 0 to 1.
    Computed with: scikit-learn.
    """
    return _macro("f1", p)


def macro_ppv(p: Predictions) -> float:
    """Mean of TP / (TP + FP) over the present classes.

    Range: 0 to 1.
    Special cases: a class never predicted: 0.
    Computed with: scikit-learn.
    """
    return _macro("precision", p)


def _macro(name: str, p: Predictions) -> float:
    return float(p.per_class[name].mean())


def weighted_f1(p: Predictions) -> float:
    """Sum of n_k F1_k / N.

    Range: 0 to 1.
    Computed with: scikit-learn.
    """
    return float(np.average(p.per_class["f1"], weights=np.bincount(p.labels)[p.present]))


def kappa(p: Predictions) -> float | None:
    """(p_o - p_e) / (1 - p_e), unweighted.

    Range: -1 to 1.
    Special cases: constant predictions or labels: 0; both the same class: null.
    Computed with: scikit-learn.
    """
    from sklearn.metrics import cohen_kappa_score

    *pair, weights = p.pairs.values()  # cohen_kappa_score has other names for its arguments
    return None if p.all_in_one_class else float(cohen_kappa_score(*pair, sample_weight=weights))


def alpha(p: Predictions) -> float | None:
    """Nominal; labels and predictions are two raters: 1 - D_o / D_e with D_e from the pooled values.

    Range: at most 1.
    Special cases: constant predictions: defined, usually below 0; labels and predictions all one class: null.
    Computed with: krippendorff.
    """
    import krippendorff

    if p.all_in_one_class:
        return None
    ratings = np.stack([p.labels, p.predicted])
    return float(krippendorff.alpha(ratings, value_domain=range(p.k), level_of_measurement="nominal"))


def mcc(p: Predictions) -> float | None:
    """Multi-class R_K.

    Range: -1 to 1.
    Special cases: constant predictions or labels: 0 (0/0, scikit-learn's convention); both the same class: null.
    Computed with: scikit-learn.
    """
    from sklearn.metrics import matthews_corrcoef

    return None if p.all_in_one_class else float(matthews_corrcoef(**p.pairs))


def roc_auc(p: Predictions) -> float | None:
    """Per class, that class against the rest, ranked by its probability: the fraction of (positive, negative) pairs in the
    right order; ties count half. Mean over the present classes.

    Range: 0 to 1.
    Special cases: constant scores: 0.5, also of a class that the model does not have; a single class among the labels: null.
    Computed with: own; tested against scikit-learn.
    """
    if len(p.present) < 2:
        return None
    areas = []
    for found, rows in p.thresholds:
        n, negatives = found[-1], np.diff(rows - found, prepend=0)
        areas.append((negatives @ (2 * found - np.diff(found, prepend=0))) / 2 / (n * (p.n - n)))
    return float(np.mean(areas))


def pr_auc(p: Predictions) -> float | None:
    """Per class average precision, sum of (R_i - R_{i-1}) P_i over the distinct thresholds, without interpolation. Mean over
    the present classes.

    Range: 0 to 1.
    Special cases: constant scores: mean of the present classes' shares; a single class: null.
    Computed with: own; tested against scikit-learn.
    """
    if len(p.present) < 2:
        return None
    areas = [np.diff(found, prepend=0) @ (found / rows) / found[-1] for found, rows in p.thresholds]
    return float(np.mean(areas))


def nll(p: Predictions) -> float:
    """Mean of -ln softmax(scores)[label], in nats.

    Range: from 0.
    Computed with: numpy.
    """
    return float(-p.log_probabilities[np.arange(p.n), p.labels].mean())


def ece(p: Predictions) -> float:
    """Sum over 15 equal-width bins (i/15, (i+1)/15] of (rows in bin / N) x |accuracy - mean confidence|. The confidence is
    the highest probability.

    Range: 0 to 1.
    Special cases: empty bins contribute 0.
    Computed with: numpy.
    """
    bins = p.calibration
    return float(np.abs(bins["confidence"] - bins["correct"]).sum() / p.n)


def brier(p: Predictions) -> float:
    """Mean over rows of the sum over classes of (p_k - y_k)^2.

    Range: 0 to 2.
    Computed with: numpy.
    """
    return float(((p.probabilities - np.eye(p.k)[p.labels]) ** 2).sum(axis=1).mean())


def rmse(x: np.ndarray, y: np.ndarray) -> float:
    """Square root of the mean of (x - y)^2. `_mean` averages the two roots.

    Range: from 0.
    Computed with: numpy.
    """
    return float(np.sqrt(np.mean((x - y) ** 2)))


def mae(x: np.ndarray, y: np.ndarray) -> float:
    """Mean of |x - y|.

    Range: from 0.
    Computed with: numpy.
    """
    return float(np.mean(np.abs(x - y)))


def corr(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's correlation.

    Range: -1 to 1.
    Special cases: x or y constant (or constant to rounding, or one row): null.
    Computed with: scipy.
    """
    from scipy.stats import NearConstantInputWarning, pearsonr

    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", NearConstantInputWarning)
        try:
            return finite_or_none(pearsonr(x, y).statistic)
        except NearConstantInputWarning:  # the values differ by rounding only: the correlation would be noise
            return None


def ccc(x: np.ndarray, y: np.ndarray) -> float | None:
    """2 cov / (var x + var y + (mean x - mean y)^2), **population form, ddof = 0**. torchmetrics uses ddof = 1; this
    differs by the order of 1/N.

    Range: -1 to 1.
    Special cases: x or y constant: 0; both constant and equal: null (0/0).
    Computed with: numpy.
    """
    return selection_metric.ccc(x, y)


def sagr(x: np.ndarray, y: np.ndarray) -> float:
    """Mean of [sign x = sign y] with sign(0) = 0: **a zero agrees only with a zero**, as in EmoNet's released code.

    Range: 0 to 1.
    Computed with: numpy.
    """
    return float(np.mean(np.sign(x) == np.sign(y)))
