"""Outside entries: models that are evaluated under a protocol but were not trained by this suite.

An entry is an ordinary Record (`benchmark.records.record`) in ``<out>/<protocol>/<name>/seed0``, with one more field,
`outside` (`benchmark.records.outside_record.FIELDS`). Fields that apply only to training runs are empty: model and loss of
the cell are "outside", the seed is 0, there is no history, no selected epoch and no training counts, and the code is "none".
The report keeps entries separate from runs.

The predictions of every model pass the same checks here: every test face exactly once, no face of the training split, finite
numbers. There is also a warning if the outputs look permuted or on another scale.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet
from benchmark.protocol.cells import check_installed
from benchmark.protocol.protocol import Protocol
from benchmark.records.aligning import as_stored
from benchmark.records.doubts import doubt_of
from benchmark.records.outside_record import check_name, check_stated, filled_in, outside_cell
from benchmark.records.record import Record, write_record


def entry_of(
    protocol: Protocol,
    name: str,
    predictions: Mapping[str, np.ndarray],
    *,
    faces: FaceSet,
    outside: Mapping,
    parameters: int | None = None,
    cost: Mapping | None = None,
    input: Mapping | None = None,
) -> tuple[dict, dict[str, np.ndarray]]:
    """Check the predictions of a model and return the contents of its record and its arrays, in the FaceSet's order. Nothing
    is written.

    Args:
        name: of the entry; letters, digits, '-' and '_'.
        predictions: arrays as in `benchmark.records.record`: test_ids, test_outputs_none, optionally the outputs for other
            test-time augmentations of the protocol, and optionally the same for validation. Rows may be in any order.
            Targets may be left out; if given, they must equal the FaceSet's.
        outside: as `benchmark.records.outside_record.FIELDS`. These fields have defaults: sha256, stated and
            extra_training_data (None), warnings (empty), seen ("unknown"), outputs ("logits" or "valence and arousal").
        parameters: of the model, if known.
        cost: cost of the evaluation, as in a record.
        input: declared preprocessing, JSON-able.

    Returns:
        (contents, arrays), as `benchmark.records.record.write_record` wants them. The field `outside` has the given warnings
        and those of `benchmark.records.doubts`.

    Raises:
        BadInput: as `benchmark.records.aligning.aligned`; also an invalid name or field; outputs of a wrong shape or not
            finite; targets that differ from the FaceSet's.
    """
    filled = filled_in(protocol, outside, f"outside entry {name}")
    stored = as_stored(protocol, predictions, faces, f"predictions of {name}")
    if doubt := doubt_of(protocol, stored):
        filled["warnings"].append(doubt.sentence)
    contents = {
        "status": "finished",
        "protocol": protocol.as_dict(),
        "protocol_hash": protocol.hash,
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
    return _named(contents, name), stored


def check_entry(protocol: Protocol, name: str, out: Path, *, stated: Mapping | None = None, replace: bool = False) -> Path:
    """The folder of an entry. It is checked, before a model is run, that it can be written.

    Args:
        out: folder of outside entries.
        stated: as of `benchmark.records.outside_record.FIELDS`.
        replace: whether an entry of the same name is replaced.

    Raises:
        BadInput: an invalid name; the name of an installed cell; an entry that exists; a stated accuracy for valence and
            arousal.
    """
    if stated is not None:
        check_stated(stated, f"outside entry {name}", protocol.task == "categorical")
    directory = Path(out) / protocol.name / check_name(name) / "seed0"
    check_installed(outside_cell(name), f"outside entry, cell {name}")
    if directory.exists() and not replace:
        raise BadInput(directory, "an entry of this name", "another name, or --replace (replace=True)")
    return directory


def write_entry(
    protocol: Protocol,
    name: str,
    contents: Mapping,
    stored: Mapping[str, np.ndarray],
    *,
    out: Path,
    stated: Mapping | None = None,
    extra_training_data: str | None = None,
    seen: str | None = None,
    replace: bool = False,
) -> Record:
    """Write what `entry_of` made as the record of the entry `name`.

    Args:
        stated: what the model's authors publish, as of `benchmark.records.outside_record.check_stated`.
        extra_training_data: data other than the protocol's training split that the model was trained on, in words.
        seen: whether it was trained or chosen with the help of the test faces, one of
            `benchmark.records.outside_record.SEEN`; None: as in `contents`.
        out, replace: as of `check_entry`, whose errors this raises, too.
    """
    directory = check_entry(protocol, name, out, stated=stated, replace=replace)
    own = dict(contents["outside"])
    own |= {"stated": dict(stated)} if stated else {}
    own |= {"extra_training_data": extra_training_data} if extra_training_data is not None else {}
    own |= {"seen": seen} if seen is not None else {}
    named = _named(contents, name) | {"outside": filled_in(protocol, own, f"outside entry {name}")}
    return write_record(directory, named, stored)


def _named(contents: Mapping, name: str) -> dict:
    cell = outside_cell(check_name(name))
    return {**contents, "cell": cell.as_dict(), "cell_hash": cell.hash}


def _environment() -> dict:
    import torch

    from benchmark.runs import environment

    return environment.describe(torch.device("cpu"))
