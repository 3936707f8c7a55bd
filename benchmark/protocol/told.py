"""What a protocol means, in lines for a person who wrote one; whether its faces are there."""

from pathlib import Path

import numpy as np

from benchmark.errors import BadInput, refuse
from benchmark.faces import data_sets
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.protocol.protocol import ROLES, Protocol, protocol_names
from benchmark.protocol.roles import check_faces, labelled


def told(protocol: Protocol, prepared: Path) -> list[str]:
    """Lines about a protocol: its name and hash, its data, its training.

    Args:
        prepared: the folder of FaceSets.

    Raises:
        BadInput: the FaceSet of that name is prepared and is not the protocol's, or lacks splits (a fault for each).
    """
    own = protocol.name not in protocol_names()
    origin = "a protocol that the suite does not have: its records get sections of their own" if own else "the suite's own"
    if protocol.task == "categorical":
        task = f"{len(protocol.classes)} classes in label order: {', '.join(protocol.classes)}"
    else:
        task = "valence and arousal"
    recipe, size = protocol.recipe, protocol.input_size
    return [
        f"protocol {protocol.name} version {protocol.version}, hash {protocol.hash}: {origin}",
        f"data: {_data(protocol, prepared)}",
        f"task: {protocol.task}, {task}",
        f"training: recipe {protocol.recipe_name} ({recipe.optimizer}, learning rate {recipe.learning_rate:g}, batches of "
        f"{recipe.batch_size}), {protocol.epochs} epochs, input {size} x {size}, {protocol.channels} channels",
        f"evaluation: the {protocol.selection} epoch; test-time augmentation: {', '.join(protocol.tta)}",
    ]


def _data(protocol: Protocol, prepared: Path) -> str:
    named, folder = f"{protocol.data} {protocol.data_version}", prepared / protocol.data
    if (folder / "meta.json").is_file():
        return f"{named} in {folder}, {_counts(protocol, open_faceset(folder))}"
    wanted = ", ".join(protocol.folds or [protocol.splits[role] for role in ROLES])
    try:
        data_sets.reader(protocol.data)
    except BadInput:
        first = "no data set that the suite can prepare; docs/data/folder.md says how to bring pictures of your own"
    else:
        first = f"not prepared yet; first: ferbench prepare {protocol.data}"
    return f"{named} with the splits {wanted}; {folder}: {first}"


def _counts(protocol: Protocol, faces: FaceSet) -> str:
    """How many labelled faces each role or fold has."""
    check_faces(protocol, faces)
    names = {fold: fold for fold in protocol.folds or ()} or {role: protocol.splits[role] for role in ROLES}
    there = set(np.unique(faces.split).tolist())
    faults = [
        BadInput(f"{faces.directory / 'faces.csv'}, {role}", f"no split '{split}'", f"one of {', '.join(sorted(there))}")
        for role, split in names.items()
        if split not in there
    ]
    refuse(faults)
    counts = {role: len(labelled(protocol, faces, faces.rows(split))) for role, split in names.items()}
    return "labelled faces: " + ", ".join(f"{role} {count:,}" for role, count in counts.items())
