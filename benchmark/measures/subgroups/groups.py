"""Which faces form a group: the values of an attribute, or bins of them if they are numbers."""

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import BadInput

# Lower ends of the age groups, in years: those of FairFace (Karkkainen and Joo 2021, WACV), so that results compare.
AGES = (0, 3, 10, 20, 30, 40, 50, 60, 70)
CODES = 12  # numbers with at most this many different values are codes: each one is a group
QUARTERS = (0.25, 0.5, 0.75)
UNKNOWN = -1


class Groups(NamedTuple):
    """The groups of one attribute.

    Attributes:
        of: int64 (N,), the group of each face, an index into `names`; -1: the attribute is not known.
        names: of the groups. Bins are in ascending order, other values sorted.
        how: a sentence without a full stop: how the groups were made.
    """

    of: NDArray[np.int64]
    names: tuple[str, ...]
    how: str


def groups_of(name: str, values: NDArray[np.str_], where: object) -> Groups:
    """The groups of an attribute.

    If every known value is a finite number, an attribute called "age" is cut at `AGES`, and another one with more than
    `CODES` different values at its quartiles. Else every value is a group of its own.

    Args:
        name: of the attribute.
        values: str (N,), "" unknown.
        where: names the FaceSet in errors.

    Raises:
        BadInput: an age below 0.
    """
    known = values != ""
    numbers = _numbers(values[known])
    found = np.full(len(values), UNKNOWN)
    if numbers is None or (name != "age" and len(np.unique(numbers)) <= CODES):
        names, found[known] = np.unique(values[known], return_inverse=True)
        return Groups(found, tuple(names.tolist()), "each value is a group")
    if name == "age":
        if numbers.min() < 0:
            raise BadInput(f"{where}, age", f"{numbers.min():g}", "years from 0; an age that is not known is empty")
        edges, how = np.array(AGES[1:], np.float64), "in years, the age groups of FairFace"
        labels = [f"{low} to {high - 1}" for low, high in itertools.pairwise(AGES)] + [f"{AGES[-1]} or more"]
    else:
        edges, how = np.unique(np.quantile(numbers, QUARTERS)), "cut at the quartiles of all faces"
        inner = [f"{low:g} to below {high:g}" for low, high in itertools.pairwise(edges)]
        labels = [f"below {edges[0]:g}", *inner, f"{edges[-1]:g} or more"]
    found[known] = np.digitize(numbers, edges)
    return Groups(found, tuple(labels), how)


def _numbers(values: NDArray[np.str_]) -> NDArray[np.float64] | None:
    """The values as float64; None if there is none, or if one is no finite number."""
    try:
        numbers = values.astype(np.float64)
    except ValueError:
        return None
    return numbers if len(numbers) and np.isfinite(numbers).all() else None
