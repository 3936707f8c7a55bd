"""Which output of a model, or column of a file, stands for which output of a protocol: by its name.

One rule for all ways in. A declared name is (1) a name of the protocol, exactly or but for case, spaces, '-' and '_'; else
(2) a word for an expression (`benchmark.faces.expressions`), which is the protocol's class of the same meaning; else (3)
valence or arousal, in any case. An output that the protocol has not is left out: another expression, what is no expression,
valence and arousal beside classes, classes beside valence and arousal. A class that the model has not is never its answer;
at least two must be there. Any other name is refused, and two names of one class, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.expressions import NO_EXPRESSION, meaning_of, plain, words
from benchmark.protocol.protocol import Protocol
from benchmark.records.selection_metric import DIMENSIONS
from benchmark.suggesting import near, one_of

FEWEST = 2  # classes of the protocol that a model must tell apart


@dataclass(frozen=True)
class Columns:
    """The outputs of a model, or the columns of a file, under a protocol.

    Attributes:
        protocol: the name of the protocol.
        names: of the protocol's outputs.
        declared: the names of the model's outputs, in its order.
        places: for each output of the protocol, the number of the model's output; None: the model has none.
        left: numbers of the outputs that are left out and are expressions, when the protocol has classes.
        ignored: numbers of the other outputs that are left out: what is no expression, or belongs to the other task.
        beside: those of `ignored` that are no alternatives of a face's class, such as valence.
    """

    protocol: str
    names: tuple[str, ...]
    declared: tuple[str, ...]
    places: tuple[int | None, ...]
    left: tuple[int, ...]
    ignored: tuple[int, ...]
    beside: tuple[int, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the protocol's outputs that the model has not."""
        return tuple(k for k, place in enumerate(self.places) if place is None)

    @property
    def held(self) -> list[int]:
        """Numbers of the model's outputs that the protocol has, in the protocol's order."""
        return [place for place in self.places if place is not None]

    @cached_property
    def alternatives(self) -> list[int]:
        """Numbers of the model's outputs among which it chooses one for a face: all but valence and the like."""
        return [k for k in range(len(self.declared)) if k not in self.beside]

    @property
    def said(self) -> tuple[str, ...]:
        """What was understood of the names, in sentences: only what is not as in the protocol, but for case and the like."""
        pairs = [(name, self.declared[k]) for name, k in zip(self.names, self.places, strict=True) if k is not None]
        changed = [f"{own} as {name}" for name, own in pairs if plain(own) != plain(name)]
        ignored = [self.declared[k] for k in self.ignored]
        return tuple(
            sentence
            for wanted, sentence in (
                (changed, f"classes understood: {', '.join(changed)}"),
                (ignored, f"outputs that {self.protocol} does not ask for left out: {', '.join(ignored)}"),
            )
            if wanted
        )

    def warnings(self, targets: np.ndarray, elsewhere: np.ndarray | None = None) -> list[str]:
        """Sentences about classes that only one of the two has.

        Args:
            targets: int (N,), the classes of the test faces.
            elsewhere: int (N,), for each of them the number of the model's output that had been its answer if that is left
                out, else -1 (`benchmark.outside.class_scores.Notes`). None: not known.
        """
        found = []
        for k in self.left:
            often = "" if elsewhere is None else f"; it had been the answer for {_of_faces(elsewhere == k)}"
            found.append(f"outputs: {self.declared[k]} left out, which {self.protocol} has not{often}")
        for k in self.missing:
            own = f"its {_of_faces(targets == k)} can only be answered wrongly"
            found.append(f"outputs: none for {self.names[k]}, which {self.protocol} has; {own}")
        return found


def _of_faces(chosen: np.ndarray) -> str:
    return f"{int(chosen.sum())} of {len(chosen)} test faces"


def output_names(protocol: Protocol) -> tuple[str, ...]:
    """The names of the protocol's outputs."""
    return protocol.classes or DIMENSIONS


def understood(declared: Sequence[str], protocol: Protocol, where: object) -> Columns:
    """The columns of declared names.

    Raises:
        BadInput: an unknown name; two names for one class; fewer than two of the protocol's classes; no valence or no
            arousal. The message names `where`.
    """
    names, by_plain, by_meaning = output_names(protocol), _by_plain(protocol), _by_meaning(protocol)
    places: dict[str, int] = {}
    expressions: dict[str, int] = {}  # those that the protocol lacks
    left, ignored, beside = [], [], []
    if not protocol.classes and not set(names) <= {by_plain.get(plain(word)) for word in declared}:
        raise BadInput(where, ", ".join(declared) or "nothing", ", ".join(names))
    for k, word in enumerate(declared):
        meaning = meaning_of(word, protocol.data)
        name = word if word in names else by_plain.get(plain(word)) or by_meaning.get(meaning)
        if name is not None:
            _once(places, name, k, declared, where, f"each class of {protocol.name} once: {', '.join(names)}")
        elif protocol.classes and meaning not in (None, NO_EXPRESSION, *_meanings(protocol)):
            _once(expressions, meaning, k, declared, where, "each expression once")
            left.append(k)
        elif meaning not in (None, *_meanings(protocol)) or word.casefold() in DIMENSIONS:
            ignored.append(k)
            beside += [k] if word.casefold() in DIMENSIONS else []
        else:
            raise BadInput(where, f"'{word}'", _expected(word, names))
    if protocol.classes and len(places) < FEWEST:
        found = f"{' and '.join(places) or 'none'} of the classes of {protocol.name} ({', '.join(declared) or 'no name'})"
        raise BadInput(where, found, f"at least {FEWEST} of them: {', '.join(names)}")
    order = tuple(places.get(name) for name in names)
    return Columns(protocol.name, names, tuple(declared), order, tuple(left), tuple(ignored), tuple(beside))


def class_of(word: str, protocol: Protocol) -> str | None:
    """The protocol's class that `word` stands for; None: it has none such."""
    if word in protocol.classes:
        return word
    return _by_plain(protocol).get(plain(word)) or _by_meaning(protocol).get(meaning_of(word, protocol.data))


def is_word(word: str, protocol: Protocol) -> bool:
    """Whether `word` is known: the name of an expression, or of what is none."""
    return meaning_of(word, protocol.data) is not None


def _once(taken: dict[str, int], name: str, k: int, declared: Sequence[str], where: object, expected: str) -> None:
    """Note that the output `k` stands for `name`. BadInput if another one does."""
    if name in taken:
        first, second = declared[taken[name]], declared[k]
        found = f"{first} twice" if first == second else f"{first} and {second}, which are one class"
        raise BadInput(where, found, expected)
    taken[name] = k


def _by_plain(protocol: Protocol) -> dict[str, str]:
    return _unambiguous([(plain(name), name) for name in output_names(protocol)])


def _by_meaning(protocol: Protocol) -> dict[str | None, str]:
    """Meaning -> the protocol's class."""
    pairs = zip(_meanings(protocol), protocol.classes, strict=True)
    return _unambiguous([(meaning, name) for meaning, name in pairs if meaning not in (None, NO_EXPRESSION)])


def _meanings(protocol: Protocol) -> list[str | None]:
    """Of the protocol's classes."""
    return [meaning_of(name, protocol.data) for name in protocol.classes]


def _unambiguous(pairs: Sequence[tuple]) -> dict:
    keys = [key for key, _ in pairs]
    return {key: name for key, name in pairs if keys.count(key) == 1}


def _expected(word: str, names: Sequence[str]) -> str:
    further = ", another word for an expression, or 'none' for what is no expression"
    text = one_of(word, names, further=further)
    meant = [] if near(word, names) else near(word, words())
    return text + (f"; did you mean {' or '.join(meant)}?" if meant else "")
