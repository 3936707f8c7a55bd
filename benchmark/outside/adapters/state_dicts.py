"""Finds, in what a file of weights holds, the tensors of a network: whatever key they lie under and whatever prefix their
names have.

**Rule**: a mapping is taken only if its tensors fit the network exactly, by name, shape and kind of number, after one prefix
common to all names was taken off or put before them. So nothing depends on a list of keys ("state_dict", "net", "model",
"ema" ...): what does not fit is not taken, and two mappings with different tensors that both fit are refused by name.
"""

import dataclasses
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.errors import BadInput
from benchmark.outside.adapters.torch_file import STATE

DEEPEST = 2  # keys above the tensors
COUNTER = "num_batches_tracked"  # BatchNorm has it since torch 0.4.1 and uses it in training only
SHOWN = 3  # names that a message lists


@dataclass(frozen=True)
class Tensors:
    """Tensors of a file under the names that the network would use.

    Attributes:
        keys: under which they lie in the file.
        state: name -> tensor.
        whole: the mapping in the file.
        taken, put: prefixes that were taken off and put before the names.
    """

    keys: tuple[str, ...]
    state: Mapping[str, Tensor]
    whole: Mapping[str, object]
    taken: str = ""
    put: str = ""

    @property
    def place(self) -> str:
        """Where they lie in the file, for a message."""
        return f"key {' > '.join(map(repr, self.keys))}" if self.keys else "the file"


def fitting(contents: object, model: nn.Module, where: object, whose: str) -> tuple[dict[str, object], list[str]]:
    """(the state dict for `model`, what was done to find it, in words). With the tensors comes what else a state dict may
    have: the extra state of modules, packed weights of quantised ones, and the versions of modules.

    Args:
        contents: of the file, as `benchmark.outside.adapters.torch_file.read_contents` gives them.
        where: the file, for messages.
        whose: description of the network for messages.

    Raises:
        BadInput: nothing in the file fits; or several mappings fit, with different tensors; the extra state of a module is
            not there.
    """
    beside = [name for name, value in model.state_dict().items() if not isinstance(value, Tensor)]
    expected = {name: value for name, value in model.state_dict().items() if isinstance(value, Tensor)}
    found = list(_mappings(contents))
    if not found:
        what = f"keys {_few(contents)}" if isinstance(contents, Mapping) and contents else f"a {type(contents).__name__}"
        raise BadInput(where, f"{what}, no tensors", STATE)
    tried = [each for one in found for each in _renamed(one, expected)]
    fit = [each for each in tried if not _missing(each, expected) and not _surplus(each, expected)]
    good = [each for each in fit if not _odd(each, expected)]
    for other in good[1:]:
        rests = [_renamed_rest(each) for each in (good[0], other)]
        same = all(repr(rests[0].get(name)) == repr(rests[1].get(name)) for name in beside)
        if not (same and _equal(good[0].state, other.state)):
            keys = f"{good[0].place} and {other.place}"
            raise BadInput(where, f"two sets of weights that fit: {keys}", "a file with the one that is meant")
    if good:
        return _with_the_rest(good[0], beside, where, whose), _said(good[0], expected)
    if fit:
        raise _other_shape(fit[0], expected, where, whose)
    nearest = max(tried, key=lambda each: len(set(each.state) & set(expected)))
    raise _other_names(nearest, found, contents, expected, where, whose)


def _with_the_rest(given: Tensors, beside: Sequence[str], where: object, whose: str) -> dict[str, object]:
    """The tensors with what a state dict has `beside` them, and the versions of the modules, as load_state_dict wants it."""

    rest = _renamed_rest(given)
    if absent := [name for name in beside if name not in rest]:
        raise BadInput(where, f"no {_few(absent)}", f"the whole state dict of {whose}, extra state too, in a file of torch")
    state: OrderedDict[str, object] = OrderedDict({**given.state, **{name: rest[name] for name in beside}})
    versions = getattr(given.whole, "_metadata", None)
    if isinstance(versions, Mapping):
        taken, _ = _shortest(given)
        own = {f"{name}." if name else "": value for name, value in versions.items()}
        state._metadata = {  # noqa: SLF001  # where torch keeps them
            _as_here(given, name).removesuffix("."): value for name, value in own.items() if name.startswith(taken)
        }
    return state


def _renamed_rest(given: Tensors) -> dict[str, object]:
    """Everything in the mapping, under the names that the network would use."""
    return {_as_here(given, name): value for name, value in given.whole.items() if isinstance(name, str)}


def _as_here(given: Tensors, name: str) -> str:
    """The name that the network would use for one of the mapping."""
    taken, put = _shortest(given)
    return put + name.removeprefix(taken)


def _shortest(given: Tensors) -> tuple[str, str]:
    """The prefixes taken off and put before, without the end that both have: what is no tensor may not lie so deep."""
    taken, put = given.taken.split(".")[:-1], given.put.split(".")[:-1]
    while taken and put and taken[-1] == put[-1]:
        taken, put = taken[:-1], put[:-1]
    return "".join(f"{part}." for part in taken), "".join(f"{part}." for part in put)


def _mappings(contents: object, keys: tuple[str, ...] = ()) -> Iterator[Tensors]:
    """Every mapping with tensors, at most `DEEPEST` keys below the top. Other values in it are left aside."""
    if not isinstance(contents, Mapping):
        return
    state = {name: _tensor(value) for name, value in contents.items() if isinstance(name, str)}
    if state := {name: value for name, value in state.items() if value is not None}:
        yield Tensors(keys, state, contents)
    if len(keys) < DEEPEST:
        for key, value in contents.items():
            yield from _mappings(value, (*keys, str(key)))


def _tensor(value: object) -> Tensor | None:
    """A tensor, a parameter, or numpy's numbers as a tensor; None for anything else."""
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind in "bif":
        array = np.array(value)
        return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
    return None


def _renamed(given: Tensors, expected: Mapping[str, Tensor]) -> Iterator[Tensors]:
    """The tensors as they are named; without a prefix that all have; with one that all names of the network have."""
    for taken in _common(given.state):
        for put in _common(expected):
            state = {put + name.removeprefix(taken): value for name, value in given.state.items()}
            yield dataclasses.replace(given, state=state, taken=taken, put=put)


def _common(names: Mapping[str, Tensor]) -> list[str]:
    """The prefixes that end in a dot and that all names have, the empty one first."""
    parts = [name.split(".")[:-1] for name in names]
    found, first = [""], parts[0] if parts else []
    for number, part in enumerate(first):
        if not all(len(each) > number and each[number] == part for each in parts):
            break
        found.append(".".join(first[: number + 1]) + ".")
    return found


def _missing(given: Tensors, expected: Mapping[str, Tensor]) -> list[str]:
    return [name for name in expected if name not in given.state and not name.endswith(COUNTER)]


def _surplus(given: Tensors, expected: Mapping[str, Tensor]) -> list[str]:
    return [name for name in given.state if name not in expected]


def _odd(given: Tensors, expected: Mapping[str, Tensor]) -> list[str]:
    """The names of the tensors that can not become the network's: of another shape, or whole numbers for fractions. (The
    counters of a network in half precision are fractions too.)"""

    def same(name: str, found: Tensor, wanted: Tensor) -> bool:
        kind = found.is_floating_point() == wanted.is_floating_point() or name.endswith(COUNTER)
        return found.shape == wanted.shape and kind

    return [name for name, tensor in given.state.items() if not same(name, tensor, expected[name])]


def _equal(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def _said(given: Tensors, expected: Mapping[str, Tensor]) -> list[str]:
    words = [f"taken from {given.place}"] if given.keys else []
    words += [f"prefix '{given.taken}' taken off"] if given.taken else []
    words += [f"prefix '{given.put}' put before the names"] if given.put else []
    if absent := len(set(expected) - set(given.state)):
        words.append(f"{COUNTER} absent in {absent} layer{'s' * (absent > 1)}")
    kinds = {(value.dtype, expected[name].dtype) for name, value in given.state.items() if not name.endswith(COUNTER)}
    for found, wanted in sorted(kinds, key=str):
        if found != wanted:
            words.append(f"{_dtype(found)} converted to {_dtype(wanted)}")
    return words


def _dtype(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _other_shape(given: Tensors, expected: Mapping[str, Tensor], where: object, whose: str) -> BadInput:
    """What is wrong where every name is right."""
    odd = _odd(given, expected)
    shapes = [(tuple(given.state[name].shape), tuple(expected[name].shape)) for name in odd]
    (found, wanted), layer = shapes[0], odd[0].rpartition(".")[0]
    if {name.rpartition(".")[0] for name in odd} == {layer} and all(
        f and w and f[0] != w[0] and f[1:] == w[1:] for f, w in shapes
    ):
        number = f"the file's layer '{layer}' has {found[0]} outputs, the network's {wanted[0]}"
        return BadInput(where, number, f"if it is the last layer: `classes` declared with its {found[0]} names")
    if len(odd) == 1 and len(found) == len(wanted) == 4 and {found[1], wanted[1]} == {1, 3}:
        number = f"the file's layer '{layer}' has {found[1]} input channels, the network's {wanted[1]}"
        return BadInput(where, number, f"`channels: {found[1]}` declared")
    tensors, more = (
        (given.state[odd[0]], expected[odd[0]]),
        f" (and {len(odd) - 1} more that differ)" if len(odd) > 1 else "",
    )
    kinds = [_dtype(each.dtype) if found == wanted else f"shape {tuple(each.shape)}" for each in tensors]
    return BadInput(f"{where}, {odd[0]}", kinds[0] + more, f"{kinds[1]}, as in {whose}")


def _other_names(
    near: Tensors, found: Sequence[Tensors], contents: object, expected: Mapping[str, Tensor], where: object, whose: str
) -> BadInput:
    """What is wrong where names differ, by the mapping with the most names of the network."""
    own = next(each for each in found if each.keys == near.keys)
    missing, surplus = _missing(near, expected), _surplus(near, expected)
    words = [f"keys {_few(contents)}"] if near.keys else []
    words.append(f"{len(own.state)} tensor{'s' * (len(own.state) > 1)} in {near.place}")
    if near.taken or near.put:
        words.append(f"the nearest names {'without' if near.taken else 'with'} the prefix '{near.taken or near.put}'")
    if missing:
        words.append(f"{len(missing)} of the network's {len(expected)} missing ({_few(missing)})")
    if surplus:
        words.append(f"{len(surplus)} surplus ({_few(surplus)})")
    prefixes = sorted({name[: at + 1] for name in own.state for at, letter in enumerate(name) if letter == "."})
    names = {each: {name.removeprefix(each) for name in own.state if name.startswith(each)} for each in prefixes}
    best = max(prefixes, key=lambda each: len(names[each] & set(expected)), default="")
    if best and len(names[best] & set(expected)) > len(set(near.state) & set(expected)):
        words.append(f"prefix '{best}' taken off, {len(names[best] & set(expected))} would fit, but not all names have it")
    return BadInput(where, "; ".join(words), f"exactly the tensors of {whose}")


def _few(names: object) -> str:
    listed = [f"'{name}'" for name in names]  # type: ignore[attr-defined]
    return ", ".join(listed[:SHOWN]) + (f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")
