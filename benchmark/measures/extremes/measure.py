"""The test faces that are easiest and hardest for the networks of a protocol, in one small picture per protocol.

It is made where the data are, so that the report can show the faces without the data. Only for data sets whose terms allow
showing pictures.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.card import card
from benchmark.faces.faceset import FaceSet
from benchmark.files import replacing_directory, write_json
from benchmark.measures.extremes.file import SCHEMA
from benchmark.records.predictions import Predictions
from benchmark.records.record import Record

SPLIT = "test"
EACH = 5  # number of easiest, and of hardest, faces of each class
SIDE = 64  # larger faces are reduced to this side in pixels
QUALITY = 85  # of the JPEG, which is ten times smaller than a PNG (it is in git and embedded in the page)


def extremes(faces: FaceSet, records: Sequence[Record], out: Path) -> dict:
    """Write ``out/faces.json`` and a picture for every protocol that has finished runs on this FaceSet, atomically.

    The score of a face is a mean over all finished runs: of the probability of its label; for valence and arousal, of the
    distance between output and label. Faces with equal scores keep the order of the test split.

    Args:
        records: any records; those with another data fingerprint are left out.

    Returns:
        The contents of faces.json: schema, name, version, fingerprint, shown (whether the terms allow showing pictures) and
        protocols, each {protocol, protocol_hash, task, runs, picture, side, columns, groups}. A group is {class, easiest,
        hardest}. A face in it is {id, at (its position in the picture, row by row), score, answer}.

    Raises:
        BadInput: a record with the FaceSet's fingerprint has a face that is not in the FaceSet.
    """
    shown = card(faces.meta["name"]).may_be_shown
    contents = {
        "schema": SCHEMA,
        "name": faces.meta["name"],
        "version": faces.meta["version"],
        "fingerprint": faces.fingerprint,
        "shown": shown,
        "protocols": [],
    }
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if shown and not record.diverged and record["data"]["fingerprint"] == faces.fingerprint:
            found.setdefault((record.protocol, record["protocol_hash"]), []).append(record)
    with replacing_directory(out) as temporary:
        for (protocol, protocol_hash), own in sorted(found.items()):
            entry, chosen = _protocol(faces, own)
            name = f"{protocol}-{protocol_hash}.jpg"
            _picture(faces, chosen, 2 * EACH).save(temporary / name, quality=QUALITY, optimize=True)
            contents["protocols"].append({"protocol": protocol, "protocol_hash": protocol_hash, "picture": name} | entry)
        write_json(temporary / "faces.json", contents)
    return contents


def scores(records: Sequence[Record]) -> tuple[np.ndarray, list[str]]:
    """(difficulty of each test face for the networks, float64 (N,), larger = harder; the networks' answer in words).

    Args:
        records: finished runs of one protocol on the same faces.
    """
    outputs = [record.outputs(SPLIT) for record in records]
    targets = outputs[0][0]
    if records[0]["protocol"]["task"] == "dimensional":
        every = np.stack([own for _, own in outputs]).astype(np.float64)
        distance = np.linalg.norm(every - targets, axis=2).mean(axis=0)
        mean = every.mean(axis=0)
        return distance, [f"valence {v:+.2f}, arousal {a:+.2f}" for v, a in mean]
    classes = records[0]["classes"]
    predictions = [Predictions(targets, own) for _, own in outputs]
    probability = np.mean([p.probabilities[np.arange(p.n), targets] for p in predictions], axis=0)
    votes = np.sum([np.eye(len(classes), dtype=int)[p.predicted] for p in predictions], axis=0)
    answers = [f"{classes[k]} in {votes[row, k]} of {len(records)} runs" for row, k in enumerate(votes.argmax(axis=1))]
    return 1 - probability, answers


def _protocol(faces: FaceSet, records: Sequence[Record]) -> tuple[dict, list[int]]:
    """(entry of one protocol, without the names of protocol and picture; rows of the faces in the order of the picture, -1
    for an empty place)."""
    ids, task = records[0].predictions[f"{SPLIT}_ids"], records[0]["protocol"]["task"]
    row_of = {name: row for row, name in enumerate(faces.id)}
    if unknown := [name for name in ids if name not in row_of]:
        raise BadInput(records[0].directory / "predictions.npz", f"{SPLIT} id {unknown[0]}", f"an id of {faces.directory}")
    rows = np.array([row_of[name] for name in ids])
    hard, answers = scores(records)
    label = faces.expression[rows] if task == "dimensional" else records[0].outputs(SPLIT)[0]
    names = list(faces.classes) if task == "dimensional" else records[0]["classes"]
    members_of = {name: np.flatnonzero(label == k) for k, name in enumerate(names)} or {"all": np.arange(len(ids))}
    groups, chosen = [], []
    for name, members in members_of.items():
        if not len(members):
            continue
        order = members[np.argsort(hard[members], kind="stable")]
        easy, worst = order[: min(EACH, -(-len(order) // 2))], order[::-1][: min(EACH, len(order) // 2)]
        group = {"class": name}
        for key, picked in (("easiest", easy), ("hardest", worst)):
            start = len(chosen)
            chosen += [int(rows[at]) for at in picked] + [-1] * (EACH - len(picked))
            group[key] = [
                {
                    "id": str(ids[at]),
                    "at": start + place,
                    "score": round(float(hard[at] if task == "dimensional" else 1 - hard[at]), 4),
                    "answer": answers[at],
                }
                for place, at in enumerate(picked.tolist())
            ]
        groups.append(group)
    side = min(SIDE, max(faces.pictures.shape[1:3]))
    return {"task": task, "runs": len(records), "side": side, "columns": 2 * EACH, "groups": groups}, chosen


def _picture(faces: FaceSet, chosen: Sequence[int], columns: int):
    """The faces side by side without gaps, `columns` per row, as an RGB (or grey) Pillow image."""
    from PIL import Image

    channels = faces.pictures.shape[3]
    side = min(SIDE, max(faces.pictures.shape[1:3]))
    lines = -(-len(chosen) // columns)
    sheet = Image.new("RGB" if channels == 3 else "L", (columns * side, lines * side), "white")
    for at, row in enumerate(chosen):
        if row < 0:
            continue
        pixels = np.asarray(faces.pictures[row])
        picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        if picture.size != (side, side):
            picture = picture.resize((side, side), Image.Resampling.BOX)
        sheet.paste(picture, (at % columns * side, at // columns * side))
    return sheet
