"""predict: what a network answers for pictures of one's own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from benchmark import progress
from benchmark.errors import BadInput
from benchmark.interface.given import protocol_of, weights_of
from benchmark.interface.places import places
from benchmark.interface.prediction import AnsweredFace, AnsweredPicture, Answering, Prediction
from benchmark.photographs.reading import Given, Picture, check_readable, read_picture
from benchmark.protocol.protocol import Protocol
from benchmark.suggesting import unknown

if TYPE_CHECKING:
    import torch
    from torch import nn

    from benchmark.outside.adapters.preprocessing import Preprocessing
    from benchmark.photographs.networks import Network


def predict(
    pictures: Given | Sequence[Given],
    model: "str | Path | nn.Module | Callable[..., Any] | None" = None,
    *,
    protocol: str | Path | Protocol | None = None,
    weights: str | Path | None = None,
    preprocessing: "str | Path | Mapping[str, Any] | Preprocessing | None" = None,
    options: Mapping[str, Any] | None = None,
    trust: bool = False,
    crop: str = "auto",
    device: str = "auto",
    prepared: str | Path | None = None,
    project: str | Path | None = None,
) -> Prediction:
    """What a network answers for the faces in pictures of one's own. Nothing is written.

    Every picture is read once before the first answer, so that one that can not be read ends the call at once. The faces are
    found (docs/predict.md), or a picture that is a face crop already is taken as given; the result says which. The answers
    are of looks; they do not say what a person feels (docs/intended-use.md).

    Args:
        pictures: one or several of: a file, a Pillow image, a uint8 array (H, W), (H, W, 3) in RGB or (H, W, 4); or an array
            of several, (N, H, W, 3).
        model: None: the networks that the package carries (docs/reference/carried.md). The folder of a run,
            ``runs/PROTOCOL/CELL/seedK``. Or a finished model as for `evaluate`, or the name of an outside entry.
        protocol: of a finished model, gives its classes and its input. An outside entry under one protocol alone needs none.
        weights, preprocessing, options, trust: of a finished model, as of `evaluate`.
        crop: "auto"; or "none": every picture is taken as given, whatever it shows.
        device: "auto", "cpu", "cuda", ...
        prepared: folder of FaceSets, for the one preprocessing that is measured on faces; None: the project's.
        project: as of `evaluate`.

    Returns:
        a Prediction: the faces with their boxes, probabilities, and valence and arousal where the networks have them.

    Raises:
        BadInput: pictures that can not be read, all of them by name; a model, file or declaration that is not as described.
    """
    from benchmark.photographs.framing import CROPS

    given = _listed(pictures)
    if crop not in CROPS:
        raise unknown("crop", crop, CROPS)
    own = None if protocol is None else protocol_of(protocol)
    where, file = places(project, prepared), weights_of(weights)
    read = check_readable(given)
    from benchmark.outside.ready import How
    from benchmark.outside.sized import left_as_it_was
    from benchmark.photographs.opening import networks
    from benchmark.runs.environment import pick_device

    place = pick_device(str(device or "auto"))
    how: How = {"weights": file, "options": options, "preprocessing": preprocessing, "trust": trust}
    model = str(model) if isinstance(model, Path) else model
    with left_as_it_was(model):
        found = networks(model, own, entries=where.outside, prepared=where.prepared, device=place, **how)
        answered = []
        with progress.bar(total=len(given), desc="pictures", unit="picture") as bar:
            for number, one in enumerate(given, 1):
                picture = read[number - 1] or read_picture(one, number)
                read[number - 1] = None
                answered.append(_answered(picture, crop, found, place))
                bar.update()
    about = [Answering("expression" if n.categorical else "affect", n.title, n.protocol.name, n.card) for n in found]
    return Prediction(answered, about, [sentence for network in found for sentence in network.said])


def _listed(pictures: Given | Sequence[Given]) -> list[Given]:
    if isinstance(pictures, np.ndarray) and pictures.ndim == 4:
        return list(pictures)
    if isinstance(pictures, list | tuple):
        return list(pictures)
    if isinstance(pictures, set | frozenset | Mapping | Iterator):
        raise BadInput("pictures", f"an object of {type(pictures).__qualname__}", "one picture or a list of them")
    return [cast(Given, pictures)]


def _answered(picture: Picture, crop: str, networks: "Sequence[Network]", device: "torch.device") -> AnsweredPicture:
    from benchmark.photographs.framing import framed

    frame = framed(picture, crop)
    fields: list[dict[str, Any]] = [{} for _ in frame.faces]
    for network in networks if frame.faces else ():
        for own, row in zip(fields, network.answers([face.of(picture.pixels) for face in frame.faces], device), strict=True):
            if network.categorical:
                own["probabilities"] = dict(zip(network.protocol.classes, row.tolist(), strict=True))
            else:
                own["valence"], own["arousal"] = row.tolist()
    faces = tuple(
        AnsweredFace(picture.name, face.box, face.cut, **own) for face, own in zip(frame.faces, fields, strict=True)
    )
    return AnsweredPicture(picture.name, picture.width, picture.height, frame.taken, frame.said, faces)
