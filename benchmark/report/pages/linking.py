"""Links out of a text: addresses, papers on arXiv, and the names of homes.yaml."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from markupsafe import Markup, escape

from benchmark.errors import visible
from benchmark.escaping import link_target
from benchmark.files import read_yaml

HOMES = Path(__file__).with_name("homes.yaml")
_ARXIV = r"arXiv[ :](?P<paper>\d{4}\.\d{4,5})"
_ADDRESS = r"(?P<address>https?://[^\s<>\"']*[^\s<>\"'.,;:)])"


def linked(text: str, own: Mapping[str, str] = MappingProxyType({})) -> Markup:
    """The escaped text, with links.

    Args:
        own: further names -> where each leads, seen from the page.
    """
    found, at = Markup(), 0
    shown = visible(text)
    for match in _pattern(frozenset(own)).finditer(shown):
        target = _within(own[match[0]]) if match[0] in own else _address(match)
        found += escape(shown[at : match.start()]) + Markup('<a href="{}">{}</a>').format(target, match[0])
        at = match.end()
    return found + escape(shown[at:])


def papers() -> dict[str, str]:
    """The two papers -> their addresses."""
    return _homes()["papers"]


def home_of(model: str) -> str:
    """The address of an outside model's repository; "" if none is known."""
    return str(_homes()["models"].get(model, ""))


def _within(address: str) -> Markup:
    """The target of a link to a page of the report, or to a place in one."""
    file, hash_, place = address.partition("#")
    return Markup(link_target(file) + hash_ + link_target(place))  # noqa: S704  # escaped


def _address(match: re.Match[str]) -> Markup:
    if match["paper"]:
        address = f"https://arxiv.org/abs/{match['paper']}"
    else:
        address = match["address"] or _homes()["names"][match[0]]
    return Markup(link_target(address))  # noqa: S704  # escaped


@cache
def _homes() -> dict[str, dict[str, str]]:
    return read_yaml(HOMES)


@cache
def _pattern(own: frozenset[str]) -> re.Pattern[str]:
    all_names = sorted({*_homes()["names"], *own}, key=len, reverse=True)
    names = "|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in all_names)
    return re.compile(f"{_ADDRESS}|{_ARXIV}|{names}")
