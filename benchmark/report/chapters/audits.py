"""Chapter: the audits. Copies in each data set, and the test accuracy under a protocol without the leaked test images."""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmark.records.bootstrapping import changes_without_rows
from benchmark.records.comparisons import SPLIT, Comparison, Summary, seeds_interval
from benchmark.records.metrics import possible_difference
from benchmark.report import humans
from benchmark.report.material import Data, Material
from benchmark.report.parts import Chapter
from benchmark.report.tables import INTERVAL_NOTE, Entry, Table, metric_entry, not_tested, over_images, seeds, text
from benchmark.report.wording import listed, sentence

PLACE = 70

RESAMPLES = 2000
SEED = 0
COPIES = {
    "exact_groups": "Groups of exact copies",
    "exact_conflicting": "with different labels",
    "exact_across": "across splits",
    "threshold": "Near: bits of 256",
    "near_pairs": "Near pairs",
    "mirrored": "Mirrored pairs",
    "near_groups": "Groups of near or exact copies",
    "near_conflicting": "with different labels (near)",
    "near_across": "across splits (near)",
    "order": "Class order",
    "wrong": "Findings: wrong",
}


def chapter(material: Material) -> Chapter | None:
    """What is wrong with the data, and how well people agree; None if neither is known."""
    found = [*tables(material.summary, material.sets), *humans.tables(material.people, material.claims)]
    return Chapter("The data, audited", across_splits(material.sets), tables=found) if found else None


def across_splits(sets: Sequence[Data]) -> list[str]:
    """A sentence on the exact copies that stand in more than one split, of the data whose copies were counted."""
    groups = {each.audit["name"]: each.audit["exact_copies"]["across_splits"] for each in sets if each.leaks is not None}
    if not groups:
        return []
    some, none = [f"{name} {many:,}" for name, many in groups.items() if many], [k for k, many in groups.items() if not many]
    parts = ([listed(some)] if some else []) + ([f"none in {listed(none)}"] if none else [])
    return [sentence(f"groups of exact copies that stand in more than one split: {'; '.join(parts)}")]


def tables(summary: Summary, sets: Sequence[Data]) -> list[Table]:
    """The table of all audits that counted copies, then one table for each comparison whose test images have copies in
    training."""
    audited = {each.audit["name"]: each for each in sets if each.leaks is not None}
    own = [copies_table({name: each.audit for name, each in audited.items()})] if audited else []
    for comparison in summary.comparisons:
        data = audited.get(comparison.data["name"])
        if data and data.audit["fingerprint"] == comparison.data["fingerprint"] and comparison.task == "categorical":
            own += [table] if (table := leaks_table(comparison, data.leaks)) else []
    return own


def copies_table(audits: Mapping[str, Mapping]) -> Table:
    """Copies, class order and number of wrong findings, one row per data set."""
    rows = []
    for name, audit in audits.items():
        exact, near, order = audit["exact_copies"], audit["near_copies"], audit["label_order"]
        row = {"data": text(name), "pictures": text(sum(sum(of.values()) for of in audit["counts"].values()))}
        row |= {f"exact_{key}": text(exact[of]) for key, of in _GROUPS.items()}
        if near is None:
            row |= {key: not_tested("near copies not searched") for key in COPIES if key.startswith(("near", "thr", "mirr"))}
        else:
            row |= {"threshold": text(near["threshold"]), "near_pairs": text(near["pairs"])}
            row |= {"mirrored": text(near["mirrored_pairs"])}
            row |= {f"near_{key}": text(near["groups"][of]) for key, of in _GROUPS.items()}
        verdict = {True: "as named", False: "doubtful", None: "not tested"}[order["ok"]]
        row |= {"order": text(f"{verdict} (by {order['by']})"), "wrong": text(len(audit["findings"]["wrong"]))}
        rows.append(row)
    return Table(
        name="audits",
        title="Copies within and across the splits of each data set",
        notes=(
            "Exact copies have the same SHA-256; near copies differ in at most the given number of bits of a perceptual "
            "hash, mirrored ones after left and right are exchanged (docs/audit.md)",
            "Pictures of one value alone are no near copies of anything",
        ),
        columns={"data": "Data set", "pictures": "Pictures"} | COPIES,
        rows=rows,
        labels=("data",),
        blocks=(("pictures", *list(COPIES)[:3]), list(COPIES)[3:9], list(COPIES)[9:]),
    )


_GROUPS = {"groups": "groups", "conflicting": "conflicting", "across": "across_splits"}


def leaks_table(comparison: Comparison, leaked: Mapping) -> Table | None:
    """Test accuracy of every cell with and without the test images that have a copy in training; None if no image has one.

    Args:
        leaked: contents of leaks.json of the comparison's data.
    """
    splits = comparison.protocol["splits"]
    if SPLIT not in splits:  # with folds there is no test split, and groups keep copies in one fold
        return None
    found = leaked.get(splits[SPLIT], {}).get(splits["train"])
    finished = [run for runs in comparison.runs.values() for run in runs if not run.record.diverged]
    if not found or not finished:
        return None
    ids = finished[0].record.predictions[f"{SPLIT}_ids"]  # the same for every record of a comparison
    exact = np.isin(ids, found["exact"])
    kept = {"exact": ~exact, "near": ~(exact | np.isin(ids, found["near"]))}
    of_cells = {
        label: {run.record.seed: _right(run.record) for run in runs if not run.record.diverged}
        for label, runs in comparison.runs.items()
    }
    means = {label: np.mean(list(right.values()), axis=0) for label, right in of_cells.items() if right}
    changes = {kind: dict(zip(means, _changes(list(means.values()), rest), strict=True)) for kind, rest in kept.items()}
    rows = []
    for label, right in of_cells.items():
        row = {"cell": text(label), "n": seeds(comparison.finished(label), comparison.diverged(label))}
        if not right:
            rows.append(row | {key: Entry("diverged", {"note": "diverged"}) for key in ("all", *kept)})
            continue
        row["all"] = _accuracy({seed: float(each.mean()) for seed, each in right.items()})
        for kind, rest in kept.items():
            row[kind] = _accuracy({seed: float(each[rest].mean()) if rest.any() else None for seed, each in right.items()})
            row[f"{kind}_change"] = changes[kind][label]
        rows.append(row)
    validation = leaked.get(splits["validation"], {}).get(splits["train"], {"exact": [], "near": []})
    return Table(
        name=f"{comparison.slug}-leaks",
        title=f"{comparison.slug}: accuracy without the test images that have a copy in training",
        notes=(
            comparison.header,
            "TTA: none",
            f"Of {len(ids):,} test images {int(exact.sum()):,} are exact copies of training images and "
            f"{int((kept['exact'] & ~kept['near']).sum()):,} more are near copies; of the validation images "
            f"{len(validation['exact']):,} and {len(validation['near']):,}",
            INTERVAL_NOTE,
            "Change: accuracy without them minus accuracy on all, of the mean over seeds [95 % bootstrap over test images]",
        ),
        columns={
            "cell": "Cell",
            "n": "Seeds",
            "all": "All, %",
            "exact": "Without exact copies, %",
            "exact_change": "Change, points",
            "near": "Without exact and near copies, %",
            "near_change": "Change (near), points",
        },
        rows=rows,
        labels=("cell", "n"),
        blocks=(("all", "exact", "exact_change"), ("near", "near_change")),
    )


def _right(record) -> np.ndarray:
    targets, outputs = record.outputs(SPLIT)
    return (outputs.argmax(axis=1) == targets).astype(np.float64)


def _accuracy(values: Mapping[int, float | None]) -> Entry:
    return metric_entry(seeds_interval(values), "accuracy")


def _changes(right: Sequence[np.ndarray], rest: np.ndarray) -> list[Entry]:
    """A cell each: accuracy on the rows `rest` minus accuracy on all rows, with its interval over resampled test images."""
    if rest.all() or not rest.any():
        reason = "no such image" if rest.all() else "no other image"
        return [Entry(reason, {"note": reason}) for _ in right]
    changes = changes_without_rows(np.stack(right, axis=1), rest, RESAMPLES, seed=SEED)
    return [over_images(change, "%", possible_difference("accuracy")) for change in changes]
