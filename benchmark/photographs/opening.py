"""Opens the network that a person names for pictures of their own: the carried ones, a run, or a finished model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Unpack

import torch

from benchmark.errors import BadInput
from benchmark.faces.faceset import FaceSet, open_faceset
from benchmark.outside.adapters.preprocessing import Input, Preprocessing, Scores
from benchmark.outside.entry_models import find_model
from benchmark.outside.ready import How, Model, of_recipe, open_as, recipe_or_declared
from benchmark.photographs.carried import KINDS, carried_network
from benchmark.photographs.networks import Member, Network
from benchmark.photographs.runs import is_run, network_of_run
from benchmark.protocol.protocol import Protocol, load_protocol

WHAT = "answers to pictures"  # what predictions lack


def networks(
    model: Model | Path | None,
    protocol: Protocol | None,
    *,
    entries: Path,
    prepared: Path,
    device: torch.device,
    **how: Unpack[How],
) -> list[Network]:
    """The networks that answer.

    Args:
        model: None: the carried ones; the folder of a run; else as of `benchmark.outside.ready.made_ready`, or the name of
            an outside entry.
        protocol: gives the classes and the input of a finished model; None for one whose record says it.
        entries: folder of outside entries.
        prepared: folder of FaceSets, read only where a preprocessing is to be "as in training" and was measured on faces.
        how: as of `made_ready`.

    Raises:
        BadInput: options for a network that needs none; a finished model without its protocol; and as of `network_of_run`,
            `find_model` and `made_ready`.
    """
    if model is None or is_run(model):
        given = [name for name, value in (*how.items(), ("protocol", protocol)) if value]
        if given:
            own = "the carried networks" if model is None else f"the run {model}"
            raise BadInput("predict", f"{', '.join(given)} for {own}", "it with a finished model alone: `--model`")
        found = [carried_network(kind) for kind in KINDS] if model is None else [network_of_run(Path(str(model)))]
        for each in (member.model for network in found for member in network.members):
            each.to(device)
        return found
    if isinstance(model, str | Path):
        model = _named(str(model))
    own_protocol = protocol or _of_entry(model, entries)
    return [_finished(model, own_protocol, entries, prepared, device, how)]


def _named(model: str) -> str:
    """A model's name or file. BadInput for a folder that is no run, a file within a run, and a path where nothing is."""
    path = Path(model)
    if path.is_file() and is_run(path.parent):
        raise BadInput(model, "a file of a run", f"its folder: {path.parent}")
    if path.is_dir() or ("/" in model and ":" not in model and not path.exists()):
        found = "a folder without record.json" if path.is_dir() else "no such file or folder"
        raise BadInput(model, found, "the folder of a run, runs/PROTOCOL/CELL/seedK; or the file of a model")
    return model


def _of_entry(model: Model, entries: Path) -> Protocol:
    """The protocol of the outside entry of that name, if it has one alone."""
    found = _protocols(model, entries)
    if len(found) != 1:
        expected = (
            f"one of {', '.join(found)}, for which it has an entry" if found else "the one whose classes it answers with"
        )
        raise BadInput("predict, protocol", "none", f"{expected}: --protocol NAME")
    return load_protocol(found[0])


def _protocols(model: Model, entries: Path) -> Sequence[str]:
    if not isinstance(model, str) or "/" in model or ":" in model or "*" in model:
        return []
    return sorted(path.parts[-4] for path in entries.glob(f"*/{model}/seed0/record.json"))


def _finished(model: Model, protocol: Protocol, entries: Path, prepared: Path, device: torch.device, how: How) -> Network:
    found = find_model(model, protocol, entries, WHAT, how.get("preprocessing"))
    declared = found.preprocessing
    chosen = recipe_or_declared(declared, protocol) if declared is not None else None
    if isinstance(chosen, Protocol):
        chosen = _measured(chosen, prepared)
    given = open_as(found.model, protocol, device, chosen, how)
    own = given.preprocessing
    if own is None and given.kind == "weights":
        own = _measured(protocol, prepared)
    if own is None:
        raise BadInput(f"{given.source}, preprocessing", "none declared", "--preprocessing FILE.yaml (docs/model-files.md)")
    full = own.filled(protocol)
    scores = Scores(given.model, full, protocol, given.source)
    card = given.source if found.record is None else str(found.record.directory)
    title = f"{given.source}, given as {given.kind}; trained elsewhere"
    size, channels = full.input_size or protocol.input_size, full.channels or protocol.channels  # `filled` gave both
    member = Member(scores, Input(full), size, channels)
    return Network(title, card, protocol, (member,), (*given.said, *scores.said))


def _measured(protocol: Protocol, prepared: Path) -> Preprocessing:
    """The input of the protocol's recipe. Faces are opened only if the mean or the deviation was measured on them."""
    recipe, folder = protocol.recipe, prepared / protocol.data
    mean, deviation = recipe.input_mean, recipe.input_deviation
    if not isinstance(mean, str) and not isinstance(deviation, str):
        return Preprocessing(mean=mean, deviation=deviation)
    if not (folder / "meta.json").is_file():
        found = f"mean and deviation of the training faces of {protocol.name}, and no faces in {folder}"
        raise BadInput("predict, preprocessing", found, "--preprocessing FILE.yaml with both; or the folder of the run")
    faces: FaceSet = open_faceset(folder)
    return of_recipe(protocol, faces)
