"""The known fingerprints of prepared FaceSets, from fingerprints.yaml."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.files import Json, read_yaml

FILE = Path(__file__).with_name("fingerprints.yaml")


@cache
def _known() -> Mapping[tuple[str, str], Mapping[str, str]]:
    table: dict[str, Json] = {}
    for name, versions in read_yaml(FILE).items():
        for version, entries in versions.items():
            own = table[name, str(version)] = {}
            for entry in entries:
                if set(entry) != {"fingerprint", "what"} or len(str(entry["fingerprint"])) != 64:
                    raise BadInput(f"{FILE}, {name} {version}", entry, "a fingerprint of 64 digits and what it is")
                own[entry["fingerprint"]] = entry["what"]
    return table


def known_as(name: str, version: str, fingerprint: str) -> str | None:
    """A short description of the FaceSet with this fingerprint; None if the fingerprint is not listed."""
    return _known().get((name, version), {}).get(fingerprint)


def is_other(name: str, version: str, fingerprint: str) -> bool:
    """Whether fingerprints of this version of the data set are known, but not this one."""
    known = _known().get((name, version))
    return known is not None and fingerprint not in known


def at_hand(name: str) -> bool:
    """Whether any edition of a data set is listed, that is, has been prepared in this project."""
    return any(known == name for known, _ in _known())
