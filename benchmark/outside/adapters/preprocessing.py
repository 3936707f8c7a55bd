"""The input that a model needs and the order of its outputs: declared once with the model, and applied by the suite."""

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.outside import class_scores
from benchmark.outside.class_names import Columns, output_names, understood
from benchmark.protocol.known import PROTOCOL_RANGES
from benchmark.protocol.protocol import Protocol
from benchmark.suggesting import near

LARGEST = PROTOCOL_RANGES["input_size"][1]  # pixels
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in benchmark.runs.training.resampling
CHOICES = {
    "channels": (None, 1, 3),
    "colour": ("RGB", "BGR"),
    "layout": ("NCHW", "NHWC"),
    "outputs": ("scores", "probabilities"),
}
OTHER_WORDS = {"std": "deviation", "size": "input_size", "color": "colour"}  # that others use for a key
KEPT = ("classes", "outputs", "layout", "batch")  # how a model is called and what it returns


@dataclass(frozen=True)
class Preprocessing:
    """What a model from outside the suite expects. It can also be declared as a mapping with some of these keys: in YAML, or
    as an attribute `preprocessing` of a class, factory or module, which then need not import this package.

    A pixel of 0..255 becomes ``low + pixel / 255 * (high - low)``, then ``(value - mean) / deviation``.

    Attributes:
        input_size: side of the square picture; None: the protocol's. The FaceSet's pictures are resized to it as in training
            (`benchmark.runs.training.resampling`).
        channels: 1 or 3; None: the protocol's. Grey faces are repeated over three channels; colour becomes grey by BT.601.
        colour: order of the three channels, RGB or BGR.
        range: the values of black and white, (low, high): for instance (0, 1), (0, 255) or (-1, 1).
        mean, deviation: in units of `range`; one number, or one per channel in the model's own order of channels.
        layout: NCHW or NHWC.
        outputs: "scores", whose softmax gives probabilities, or "probabilities" (their logarithm is stored). Not used for
            valence and arousal.
        classes: the names of the model's outputs in its order: words for expressions, 'none' for what is none, valence,
            arousal (`benchmark.outside.class_names`). None: those of the protocol. What the protocol has not is left out.
        batch: the number of pictures that the model takes at a time, for a model that can not take any number. A smaller
            last batch is filled up with black pictures, whose outputs are dropped. None: any number.
        stated: the keys of the mapping that it was made of.
    """

    input_size: int | None = None
    channels: int | None = None
    colour: str = "RGB"
    range: tuple[float, float] = (0.0, 1.0)
    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)
    layout: str = "NCHW"
    outputs: str = "scores"
    classes: tuple[str, ...] | None = None
    batch: int | None = None
    stated: frozenset[str] = dataclasses.field(default=frozenset(), compare=False, repr=False)

    def as_dict(self) -> dict:
        """JSON-able contents, without `stated`."""
        own = {key: value for key, value in dataclasses.asdict(self).items() if key != "stated"}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in own.items()}

    def over(self, own: "Preprocessing") -> tuple["Preprocessing", tuple[str, ...]]:
        """(this input in the place of the one that the model itself declares, what was kept of the latter in a sentence).

        A person who says which pictures a model gets need not repeat what it returns: of `KEPT`, the model's own words stand
        where this declaration has none.
        """
        plain = Preprocessing()
        kept = {
            key: getattr(own, key)
            for key in KEPT
            if key not in self.stated and getattr(self, key) == getattr(plain, key) != getattr(own, key)
        }
        said = (f"preprocessing: {' and '.join(kept)} as the model itself declares",) if kept else ()
        return dataclasses.replace(self, **kept), said

    def filled(self, protocol: Protocol) -> "Preprocessing":
        """A copy with the protocol's size, channels and classes where none are declared.

        Raises:
            BadInput: declared classes as of `benchmark.outside.class_names.understood`; a number of means or deviations that
                is neither 1 nor the number of channels.
        """
        channels = self.channels or protocol.channels
        declared = self.columns(protocol).declared
        for key in ("mean", "deviation"):
            if len(getattr(self, key)) not in (1, channels):
                raise BadInput(f"preprocessing, {key}", f"{len(getattr(self, key))} numbers", f"1 or {channels}")
        size = self.input_size or protocol.input_size
        return dataclasses.replace(self, input_size=size, channels=channels, classes=tuple(declared))

    def columns(self, protocol: Protocol) -> Columns:
        """What the model's outputs stand for. BadInput as of `benchmark.outside.class_names.understood`."""
        return understood(self.classes or output_names(protocol), protocol, "order of the outputs")


def preprocessing_from(contents: "Mapping | Preprocessing", where: object) -> Preprocessing:
    """A checked Preprocessing. BadInput for an unknown key or an invalid value; the message names `where`."""
    if isinstance(contents, Preprocessing):
        return dataclasses.replace(preprocessing_from(contents.as_dict(), where), stated=contents.stated)
    if not isinstance(contents, Mapping):
        raise BadInput(f"{where}, preprocessing", type(contents).__name__, "a mapping")
    known = list(Preprocessing().as_dict())
    if odd := sorted(map(str, set(contents) - set(known))):
        meant = next((each for key in odd for each in [OTHER_WORDS.get(key.lower()), *near(key, known)] if each), None)
        hint = f"; did you mean {meant}?" if meant else ""
        raise BadInput(f"{where}, preprocessing", ", ".join(odd), f"keys among {', '.join(known)}{hint}")
    values = {}
    for key, value in contents.items():
        here, value = f"{where}, {key}", _plain(value)
        if key == "outputs" and value == "logits":  # the word that files of predictions use
            value = "scores"
        if key in CHOICES and (value not in CHOICES[key] or isinstance(value, bool)):
            raise BadInput(here, repr(value), f"one of {', '.join(str(each) for each in CHOICES[key] if each)}")
        if key == "input_size" and value is not None and (type(value) is not int or not 1 <= value <= LARGEST):
            raise BadInput(here, repr(value), f"a whole number of pixels, at most {LARGEST}")
        if key == "batch" and value is not None and (type(value) is not int or value < 1):
            raise BadInput(here, repr(value), "a whole number of pictures")
        if key in ("range", "mean", "deviation"):
            value = _numbers(value, here)
            if key == "deviation" and min(map(abs, value)) == 0:
                raise BadInput(here, "0", "numbers other than 0")
            if key == "range" and (len(value) != 2 or value[0] >= value[1]):
                raise BadInput(here, value, "two numbers, the lower first")
        if key == "classes" and value is not None:
            if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(v, str) for v in value):
                raise BadInput(here, repr(value), "a list of names")
            value = tuple(value)
        values[key] = value
    return Preprocessing(**values, stated=frozenset(values))


def chosen_from(
    given: Preprocessing | None, own: "Mapping | Preprocessing | None", where: object
) -> tuple[Preprocessing | None, tuple[str, ...]]:
    """(the input that counts, what is to be said of it): `given` over the model's `own` attribute `preprocessing`, as
    `Preprocessing.over` says; or one of the two alone.

    Raises:
        BadInput: an attribute that is no declaration, if nothing is given. Else it is something else of that name.
    """
    if own is None:
        return given, ()
    if given is None:
        return preprocessing_from(own, where), ()
    try:
        itself = preprocessing_from(own, where)
    except BadInput:
        return given, ()
    return given.over(itself)


def _plain(value: object) -> object:
    """Numbers and lists of numpy or torch as those of Python."""
    return value.tolist() if hasattr(value, "tolist") else value


def _numbers(value: object, where: str) -> tuple[float, ...]:
    values = [_plain(each) for each in value] if isinstance(value, list | tuple) else [value]
    if not values or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        raise BadInput(where, repr(value), "a number, or one per channel (with an exponent, write 1.0e-3)")
    if not all(map(math.isfinite, values)):
        raise BadInput(where, repr(value), "finite numbers")
    return tuple(map(float, values))


@dataclass(frozen=True)
class Input:
    """uint8 pictures -> a model's input. It has the two methods that `evaluation.predict` calls, like `Standardiser`."""

    preprocessing: Preprocessing  # after `filled`
    grey: bool = False  # remove the colour first (for a probe)

    def unit(self, images: Tensor) -> Tensor:
        """float32 (N, C, S, S) in [0, 1], RGB, from uint8 (N, 1 or C, S, S)."""
        images = images.float() / 255
        if self.grey and images.shape[1] == 3:
            images = (images * torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
        return images.expand(-1, self.preprocessing.channels, -1, -1) if images.shape[1] == 1 else images

    def standardise(self, images: Tensor) -> Tensor:
        """The model's input from pictures in [0, 1], in its colour order, range and layout."""
        own, device = self.preprocessing, images.device
        if own.colour == "BGR":
            images = images.flip(1)
        low, high = own.range
        mean, deviation = (torch.tensor(v, device=device).view(1, -1, 1, 1) for v in (own.mean, own.deviation))
        images = (low + images * (high - low) - mean) / deviation
        return images.permute(0, 2, 3, 1) if own.layout == "NHWC" else images


class Scores(nn.Module):
    """A model whose outputs are brought into the form of the protocol (`benchmark.outside.class_scores`).

    `forward` maps the model's input to float32 (N, K).

    Attributes:
        columns: what the model's outputs stand for.
        said: what was understood of their names, a sentence each.

    Raises:
        BadInput: the model fails on its input; its outputs have another shape; they are declared as probabilities but are
            not.
    """

    def __init__(self, model: nn.Module, preprocessing: Preprocessing, protocol: Protocol, where: object):
        super().__init__()
        self.model, self.where = model, where
        self.columns = preprocessing.columns(protocol)
        self.said = self.columns.said
        self.probabilities = preprocessing.outputs == "probabilities" and protocol.task == "categorical"
        self.categorical = protocol.task == "categorical"
        self.told: Callable[[int], object] | None = None
        self.notes: dict[str, list[class_scores.Notes]] = {}
        self.noting: str | None = None

    @contextlib.contextmanager
    def telling(self, told: Callable[[int], object]) -> Iterator[None]:
        """A context in which `told` is called with the number of pictures after every batch."""
        self.told = told
        try:
            yield
        finally:
            self.told = self.noting = None

    def note_as(self, role: str | None) -> None:
        """Take notes of the answers from now on as those to a split, once for each face; None: take none."""
        self.noting = role
        if role is not None:
            self.notes[role] = []

    def judged(self, arrays: Mapping[str, np.ndarray]) -> "Judged":
        """What is to be said of predictions, after the notes on them were taken.

        Args:
            arrays: as in a record, made by this module.
        """
        if not self.categorical:
            return Judged(arrays, "valence and arousal", [])
        notes = {role: class_scores.Notes.joined(parts) for role, parts in self.notes.items()}
        found = class_scores.warnings(self.columns, notes["test"], arrays["test_targets"], self.probabilities)
        if not all(own.labels.all() for own in notes.values()):
            return Judged(arrays, "probabilities" if self.probabilities else "logits", found)
        for role, own in notes.items():
            if without := int((own.elsewhere >= 0).sum()):
                raise class_scores.no_answer(f"{self.where}, outputs for the {role} faces", without, self.columns)
        own = {name: class_scores.one_hot(values) if "_outputs_" in name else values for name, values in arrays.items()}
        return Judged(own, "classes", found)

    def forward(self, images: Tensor) -> Tensor:
        found = self._answers(images)
        if self.told is not None:
            self.told(len(images))
        return found

    def _answers(self, images: Tensor) -> Tensor:
        try:
            outputs = self.model(images)
        except BadInput:
            raise
        except Exception as error:  # a model from outside may raise any kind of error
            found = f"{type(error).__name__} ({' '.join(str(error).split())[:200]})"
            raise BadInput(self.where, found, f"a model that takes float32 {tuple(images.shape)}, as declared") from error
        names = self.columns.declared
        expected = f"a tensor of shape ({len(images)}, {len(names)}): {', '.join(names)}"
        if not isinstance(outputs, Tensor) or outputs.shape != (len(images), len(names)):
            found = f"shape {tuple(outputs.shape)}" if isinstance(outputs, Tensor) else type(outputs).__name__
            if self.categorical and isinstance(outputs, Tensor):
                expected += "; a model of other classes declares them: `classes`"
            raise BadInput(f"{self.where}, outputs", found, expected)
        outputs = outputs.float()
        if not self.categorical:
            return outputs[:, self.columns.held]
        if self.probabilities and not class_scores.are_probabilities(outputs, self.columns):
            raise BadInput(f"{self.where}, outputs", "numbers that are no probabilities", "ones, as declared")
        if self.noting is not None:
            self.notes[self.noting].append(class_scores.noted(outputs, self.columns))
        return class_scores.brought(outputs, self.columns, self.probabilities, lambda _row: f"{self.where}, outputs")


@dataclass(frozen=True)
class Judged:
    """Predictions of a model, and what was noticed about its outputs.

    Attributes:
        arrays: as in a record; one-hot rows if the outputs are labels.
        given: what the outputs are, one of `benchmark.records.outside_record.OUTPUTS`.
        warnings: of `benchmark.outside.class_scores.warnings`.
    """

    arrays: Mapping[str, np.ndarray]
    given: str
    warnings: list[str]
