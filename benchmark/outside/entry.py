"""Outside entries: models evaluated under a protocol without being trained by this suite.

An entry leaves an ordinary Record (`benchmark.records.record`) in ``<out>/<protocol>/<name>/seed0`` with one more field,
`outside` (`FIELDS`). What a run has and an entry has not is empty: cell model and loss "outside", seed 0, no history, no
selected epoch, no training counts, code "none". The report keeps entries apart from the runs.

Whatever way a model comes in, its predictions pass the same checks here: every test face exactly once, none of the
training split, finite numbers; and the same doubts are raised: columns that look permuted.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import Protocol
from benchmark.records.outside_record import _filled, _stored, check_name
from benchmark.records.record import Record, write_record
from benchmark.records.selection_metric import ccc_mean

PERMUTED_GAIN = 0.10  # of accuracy and of balanced accuracy
PERMUTED_P = 1e-3


def doubts(protocol: Protocol, targets: np.ndarray, outputs: np.ndarray) -> list[str]:
    """Sentences about a likely mistake in the order of the outputs; empty where there is none.

    Classes: the permutation of the columns with the highest accuracy (Hungarian method on the confusion matrix) is found
    on every second face and judged on the others, and the other way round. It is named when so judged it raises both
    accuracy and balanced accuracy by `PERMUTED_GAIN` or more and a one-sided sign test on the faces that it changes gives
    p < `PERMUTED_P`; balanced accuracy, so that one class given for all faces, renamed to the most frequent one, counts
    for nothing.
    Valence and arousal: swapping the two raises the mean CCC by `PERMUTED_GAIN` or more.
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
    """int64 (K,): for each column the class it would have to stand for to make accuracy highest."""
    from scipy.optimize import linear_sum_assignment

    confusion = np.bincount(targets * k + predicted, minlength=k * k).reshape(k, k)
    # Ties go to the names given: the small bonus is below one face.
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
    """Check predictions of a model and write its record.

    Args:
        name: of the entry; letters, digits, '-' and '_'.
        predictions: as in `benchmark.records.record`: test_ids, test_outputs_none, further augmentations of the protocol,
            and the same of validation or nothing of it. Rows in any order. Targets may be left out; given, they must be the
            FaceSet's.
        outside: `FIELDS`; may lack sha256, stated, extra_training_data (None), warnings (none) and outputs ("logits", or
            "valence and arousal").
        cost: what evaluating it took, as in a record.
        input: declared preprocessing, JSON-able.
        out: folder of outside entries.
        replace: put it in the place of an entry of the same name.

    Returns:
        the record, whose `outside` has the warnings given and those of `doubts`.

    Raises:
        BadInput: as `aligned`; another name or field than said above; outputs of a wrong shape or not finite; other
            targets; an entry that exists.
    """
    directory = Path(out) / protocol.name / check_name(name) / "seed0"
    if directory.exists() and not replace:
        raise BadInput(directory, "an entry of this name", "none; choose another name, or give --replace")
    filled = _filled(protocol, outside, f"outside entry {name}")
    stored = _stored(protocol, predictions, faces, f"predictions of {name}")
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
