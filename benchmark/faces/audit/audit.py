"""The audit of a FaceSet: what it contains and what is wrong with it, written to files that the report shows.

The folder ``reports/data/NAME`` gets ``audit.json`` (counts, copies, checks of the labels, findings), ``leaks.json`` (ids of
pictures with a copy in another split) and ``croissant.json`` (metadata). If the terms allow showing pictures, it also gets a
contact sheet and the worst pairs of near copies across splits. If not, the pairs go to a folder that git ignores.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmark.faces import data_sets
from benchmark.faces.audit.copies import NEAR_LIMIT, exact_account, find_copies, leaks, near_account, worst_pairs
from benchmark.faces.audit.croissant import description
from benchmark.faces.audit.label_checks import label_order, valence_arousal
from benchmark.faces.card import card
from benchmark.faces.faceset import FaceSet
from benchmark.faces.fingerprints import known_as
from benchmark.faces.untrained import by_split_names
from benchmark.files import Json, replacing_directory, write_json

SCHEMA = 2
PAIRS = "near-copies.png"


def audit(faces: FaceSet, out: Path, private: Path, *, near_limit: int = NEAR_LIMIT) -> dict[str, Json]:
    """Examine a FaceSet and write the results to `out`, atomically. Pictures that must not be shown go to `private`.

    Args:
        out: folder of the report, replaced as a whole.
        private: folder for pictures that must not be published. Replaced as a whole; not touched if nothing goes there.
        near_limit: near copies are not searched if there are more distinct pictures than this.

    Returns:
        The contents of audit.json. Its `findings` are two lists of sentences: "wrong" (must be repaired or explained before
        results are published) and "note" (what a reader should know).
    """
    expected = expected_counts(faces)
    copies = find_copies(faces, limit=near_limit)
    leaked = leaks(faces, copies)
    contents = {
        "schema": SCHEMA,
        "name": faces.meta["name"],
        "version": faces.meta["version"],
        "classes": list(faces.classes),
        "counts": faces.meta["counts"],
        "expected": expected,
        "fingerprint": faces.fingerprint,
        "known_as": known_as(faces.meta["name"], faces.meta["version"], faces.fingerprint),
        "shape": faces.meta["shape"],
        "flags": _count(faces.flag[faces.flag != ""]),
        "blank": {
            "faces": int(copies.blank.sum()),
            "unflagged": int(np.sum(copies.blank & (faces.flag == ""))),
            "ids": faces.id[copies.blank].tolist(),
        },
        "exact_copies": exact_account(faces, copies),
        "near_copies": near_account(faces, copies),
        "leaked": {
            a: {b: {kind: len(ids) for kind, ids in of.items()} for b, of in others.items()} for a, others in leaked.items()
        },
        "groups": _groups(faces),
        "valence_arousal": valence_arousal(faces),
        "label_order": label_order(faces, expected),
    }
    contents["findings"] = findings(contents)
    worst = worst_pairs(faces, copies)
    shown = card(faces.meta["name"]).may_be_shown
    contents["pairs_of_copies"] = ("public" if shown else "private") if worst else "none"
    with replacing_directory(out) as temporary:
        write_json(temporary / "audit.json", contents)
        write_json(temporary / "leaks.json", leaked)
        write_json(temporary / "croissant.json", description(faces))
        if shown:
            from benchmark.faces.audit.contact_sheet import contact_sheet

            contact_sheet(faces).save(temporary / "contact-sheet.png", optimize=True)
            _save_pairs(faces, worst, temporary)
        elif worst:
            with replacing_directory(private) as folder:
                _save_pairs(faces, worst, folder)
    return contents


def expected_counts(faces: FaceSet) -> Mapping[str, Mapping[str, int]] | None:
    """The published number of rows per split and class, if the data set's reader knows it for this edition; else None."""
    name = faces.meta["name"]
    if name not in data_sets.names():
        return None
    known = getattr(data_sets.reader(name), "expected_counts", None)
    return known(faces.meta) if known else None


def findings(contents: Mapping[str, Json]) -> dict[str, list[str]]:
    """The findings that follow from the numbers of audit.json, as sentences: {"wrong": [...], "note": [...]}."""
    wrong, note = [], []
    counts, expected = contents["counts"], contents["expected"]
    for split, own in (expected or {}).items():
        for name, number in own.items():
            if (found := counts.get(split, {}).get(name, 0)) != number:
                wrong.append(f"{split} has {found:,} faces of {name}, published are {number:,}")
    if expected and (surplus := sorted(set(counts) - set(expected))):
        wrong.append(f"unexpected splits: {', '.join(surplus)}")
    wrong += by_split_names(counts)
    order = contents["label_order"]
    if order["ok"] is False:
        wrong.append(f"class order doubtful, by {order['by']}: {order['found']}")
    if contents["blank"]["unflagged"]:
        wrong.append(f"{contents['blank']['unflagged']} pictures of one value alone are not flagged")
    elif contents["blank"]["faces"]:
        note.append(f"{contents['blank']['faces']} pictures of one value alone, all flagged")
    if contents["groups"]["in_several_splits"]:
        wrong.append(f"{contents['groups']['in_several_splits']} groups (subject, video) lie in more than one split")
    for kind, of in (("exact", contents["exact_copies"]), ("near or exact", (contents["near_copies"] or {}).get("groups"))):
        if of and of["across_splits"]:
            wrong.append(f"{of['across_splits']:,} groups of {kind} copies lie in more than one split")
        if of and of["conflicting"]:
            note.append(f"{of['conflicting']:,} groups of {kind} copies have members of different expressions")
    if contents["near_copies"] is None:
        note.append("near copies were not searched")
    affect = contents["valence_arousal"]
    if affect and affect["incomplete"]:
        wrong.append(f"{affect['incomplete']:,} faces have valence without arousal, or arousal without valence")
    if affect and affect["contradictions"] and affect["contradictions"]["faces"]:
        note.append(
            f"valence or arousal of {affect['contradictions']['faces']:,} faces contradicts the expression by more than "
            f"{affect['contradictions']['margin']}"
        )
    if contents["known_as"] is None:
        note.append("this fingerprint is not among the known ones of benchmark/faces/fingerprints.yaml")
    return {"wrong": wrong, "note": note}


def _groups(faces: FaceSet) -> dict[str, Json]:
    """{"groups": number of groups, "in_several_splits": number of those in more than one split, "names": the first 20 of
    these}."""
    named = faces.group != ""
    pairs = np.unique(np.stack([faces.group[named], faces.split[named]], axis=1), axis=0)
    names, times = np.unique(pairs[:, 0], return_counts=True) if len(pairs) else (np.empty(0, str), np.empty(0, int))
    return {"groups": len(names), "in_several_splits": int(np.sum(times > 1)), "names": names[times > 1][:20].tolist()}


def _count(values: np.ndarray) -> dict[str, int]:
    names, times = np.unique(values, return_counts=True)
    return dict(zip(names.tolist(), times.tolist(), strict=True))


def _save_pairs(faces: FaceSet, worst: list[tuple[int, int, int]], folder: Path) -> None:
    from benchmark.faces.audit.pair_sheet import pair_sheet

    if worst:
        pair_sheet(faces, worst).save(folder / PAIRS, optimize=True)
