"""Outside entries: models that are evaluated under a protocol but were not trained by this suite.

An entry is an ordinary Record (`benchmark.records.record`) in ``<out>/<protocol>/<name>/seed0``, with one more field,
`outside` (`benchmark.records.outside_record.FIELDS`). Fields that apply only to training runs are empty: model and loss of
the cell are "outside", the seed is 0, there is no history, no selected epoch and no training counts, and the code is "none".
The report keeps entries separate from runs.

The predictions of every model pass the same checks here: every test face exactly once, no face of the training split, finite
numbers. There is also a warning if columns look permuted.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import Protocol
from benchmark.records.outside_record import as_stored, check_name, filled_in
from benchmark.records.record import Record, write_record
from benchmark.records.selection_metric import ccc_mean

PERMUTED_GAIN = 0.10  # of accuracy and balanced accuracy (as fractions), or of the mean CCC
PERMUTED_P = 1e-3


def doubts(protocol: Protocol, targets: np.ndarray, outputs: np.ndarray) -> list[str]:
    """Warnings about a likely mistake in the order of the outputs; empty if there is none.

    Classes: the permutation of the columns with the highest accuracy is found (Hungarian method on the confusion matrix) on
    every second face and tested on the others, then the other way round. There is a warning if the permutation raises both
    accuracy and balanced accuracy by at least `PERMUTED_GAIN`, and a one-sided sign test on the faces whose correctness
    changes gives p < `PERMUTED_P`. Balanced accuracy is required because a model that gives one class for all faces would
    gain accuracy if this class were renamed to the most frequent one.

    Valence and arousal: there is a warning if swapping them raises the mean CCC by at least `PERMUTED_GAIN`.
    """
    if protocol.task != "categorical":
        gain = ccc_mean(targets, outputs[:, ::-1]) - ccc_mean(targets, outputs)
        if gain < PERMUTED_GAIN:
            return []
        return [f"valence and arousal look swapped: exchanging them raises the mean CCC by {gain:.3f}"]
    predicted = outputs.argmax(1)
    renamed, even = np.empty_like(predicted), np.arange(len(targets)) % 2 == 0
    for half in (even, ~even):
        renamed[half] = _best_names(targets[~half], predicted[~half], protocol.outputs)[predicted[half]]
    if not _clear(targets, renamed == targets, predicted == targets):
        return []
    names = _best_names(targets, predicted, protocol.outputs)
    before, after = np.mean(predicted == targets), np.mean(names[predicted] == targets)
    changed = [f"'{protocol.classes[k]}' holds '{protocol.classes[j]}'" for k, j in enumerate(names) if k != j]
    return [
        f"class order looks mismatched: permuting the columns raises accuracy from {before:.4f} to {after:.4f}; "
        f"it seems that column {', '.join(changed)}"
    ]


def _best_names(targets: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """int64 (K,): for each column, the class that it must stand for so that accuracy is highest."""
    from scipy.optimize import linear_sum_assignment

    confusion = np.bincount(targets * k + predicted, minlength=k * k).reshape(k, k)
    # A small bonus, worth less than one face, prefers the given names in case of ties.
    classes, columns = linear_sum_assignment(confusion + np.eye(k) / (2 * k), maximize=True)
    return classes[np.argsort(columns)]


def _clear(targets: np.ndarray, right: np.ndarray, now: np.ndarray) -> bool:
    from scipy.stats import binomtest

    won, lost = int(np.sum(right & ~now)), int(np.sum(now & ~right))
    if not won or right.mean() - now.mean() < PERMUTED_GAIN:
        return False
    recalls = [(right[targets == k].mean(), now[targets == k].mean()) for k in np.unique(targets)]
    if np.mean([after - before for after, before in recalls]) < PERMUTED_GAIN:
        return False
    return binomtest(won, won + lost, alternative="greater").pvalue < PERMUTED_P


def enter(
    protocol: Protocol,
    name: str,
    predictions: Mapping[str, np.ndarray],
    *,
    faces: FaceSet,
    outside: Mapping,
    parameters: int | None = None,
    cost: Mapping | None = None,
    input: Mapping | None = None,
    out: Path,
    replace: bool = False,
) -> Record:
    """Check the predictions of a model and write its record.

    Args:
        name: of the entry; letters, digits, '-' and '_'.
        predictions: arrays as in `benchmark.records.record`: test_ids, test_outputs_none, optionally the outputs for other
            test-time augmentations of the protocol, and optionally the same for validation. Rows may be in any order.
            Targets may be left out; if given, they must equal the FaceSet's.
        outside: as `benchmark.records.outside_record.FIELDS`. These fields have defaults: sha256, stated and
            extra_training_data (None), warnings (empty), outputs ("logits" or "valence and arousal").
        parameters: of the model, if known.
        cost: cost of the evaluation, as in a record.
        input: declared preprocessing, JSON-able.
        out: folder of outside entries.
        replace: replace an entry of the same name.

    Returns:
        the record. Its `outside` has the given warnings and those of `doubts`.

    Raises:
        BadInput: as `benchmark.records.outside_record.aligned`; also an invalid name or field; outputs of a wrong shape or
            not finite; targets that differ from the FaceSet's; an entry that exists.
    """
    directory = Path(out) / protocol.name / check_name(name) / "seed0"
    if directory.exists() and not replace:
        raise BadInput(directory, "an entry of this name", "none; choose another name, or give --replace")
    filled = filled_in(protocol, outside, f"outside entry {name}")
    stored = as_stored(protocol, predictions, faces, f"predictions of {name}")
    filled["warnings"] += doubts(protocol, stored["test_targets"], stored["test_outputs_none"])
    cell = Cell(name, "outside", {}, "outside")
    contents = {
        "status": "finished",
        "protocol": protocol.as_dict(),
        "protocol_hash": protocol.hash,
        "cell": cell.as_dict(),
        "cell_hash": cell.hash,
        "seed": 0,
        "data": {"name": faces.meta["name"], "version": faces.meta["version"], "fingerprint": faces.fingerprint},
        "classes": list(protocol.classes),
        "history": [],
        "selected_epoch": None,
        "train_counts": None,
        "input": dict(input or {}),
        "parameters": parameters,
        "environment": _environment(),
        "code": "none",
        "cost": dict(cost or {}),
        "outside": filled,
    }
    return write_record(directory, contents, stored)


def _environment() -> dict:
    import torch

    from benchmark.runs import environment

    return environment.describe(torch.device("cpu"))
