"""Whether the predictions of a record are there for every face, and numbers."""

import numpy as np

from benchmark.errors import BadInput
from benchmark.records.checks.known import Known, own_protocol
from benchmark.records.outside_record import check_fields
from benchmark.records.published import EVALUATED
from benchmark.records.record import Record


def check(record: Record, _known: Known) -> None:
    """Check that predictions.npz has exactly the arrays that it should have, of the right shape and dtype, and finite.

    Raises:
        BadInput: naming the first array that is missing, unknown or wrong; for an outside entry also fields of `outside`
            that are not as described there.
    """
    where, protocol = record.directory, own_protocol(record)
    if record.outside is not None:
        check_fields(record.outside, protocol.task == "categorical", f"{where}, outside")
        trained = [record["selected_epoch"], record["train_counts"], record.folds] != [None] * 3 or record["history"]
        if record.seed != 0 or record.diverged or trained or record["code"] != "none":
            odd = "a seed, a history, training counts, folds, code or no predictions"
            raise BadInput(where, odd, "an entry that was evaluated, not trained: seed 0, code none")
        if record["parameters"] is not None and record["parameters"] < 1:
            raise BadInput(f"{where}, parameters", record["parameters"], "a number above 0, or null")
    if record.diverged:
        return
    found = set(record.predictions)
    rows = {f"{role}_{part}" for role in EVALUATED for part in ("ids", "targets")}
    outputs = {f"{role}_outputs_{tta}" for role in EVALUATED for tta in protocol.tta}
    needed = rows | outputs
    if record.outside is not None:  # may lack augmentations, and validation as a whole
        roles = [role for role in EVALUATED if role == "test" or any(name.startswith(role) for name in found)]
        needed = {f"{role}_{part}" for role in roles for part in ("ids", "targets", "outputs_none")}
    if wrong := sorted((needed - found) | (found - rows - outputs)):
        raise BadInput(f"{where}, predictions", f"missing or unknown: {', '.join(wrong)[:300]}", ", ".join(sorted(needed)))
    for name in sorted(found & outputs):
        values, n = record.predictions[name], record.predictions[f"{name.split('_')[0]}_ids"].size
        if values.shape != (n, protocol.outputs) or values.dtype != np.float32:
            expected = f"float32 ({n}, {protocol.outputs})"
            raise BadInput(f"{where}, {name}", f"{values.dtype} {values.shape}", expected)
        if bad := int((~np.isfinite(values)).any(axis=1).sum()):
            raise BadInput(f"{where}, {name}", f"{bad} of {n} rows with NaN or infinity", "finite numbers")
        if record.hard and (not np.isin(values, (0, 1)).all() or (values.sum(axis=1) != 1).any()):
            raise BadInput(f"{where}, {name}", "other rows than one-hot ones", "one-hot rows, as outputs are classes")
