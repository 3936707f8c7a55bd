"""The seeds of a plan, as people write them."""

from benchmark.errors import BadInput
from benchmark.files import Json

LARGEST = 2**63  # seeds are smaller: a record takes no larger number


def checked_seeds(seeds: Json, where: object) -> list[int]:
    """`seeds`, if it is a list of different whole numbers from 0 with at least one entry. BadInput for anything else; it
    shows the first entry that is wrong."""
    if not isinstance(seeds, list | tuple) or not seeds:
        raise BadInput(where, f"{seeds!r}"[:200], "a list of whole numbers")
    for place, seed in enumerate(seeds):
        if type(seed) is not int or not 0 <= seed < LARGEST:
            raise BadInput(where, f"{seed!r}"[:200], "whole numbers from 0")
        if seed in seeds[:place]:
            raise BadInput(where, f"{seed} twice", "whole numbers that differ")
    return list(seeds)
