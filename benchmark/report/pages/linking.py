"""Links out of a text: addresses, papers on arXiv, and the names of homes.yaml."""

import re
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from benchmark.errors import visible
from benchmark.escaping import link_target
from benchmark.files import read_yaml

HOMES = Path(__file__).with_name("homes.yaml")
_ARXIV = r"arXiv[ :](?P<paper>\d{4}\.\d{4,5})"
_ADDRESS = r"(?P<address>https?://[^\s<>\"']*[^\s<>\"'.,;:)])"


def linked(text: str) -> Markup:
    """The escaped text, with links."""
    found, at = Markup(), 0
    shown = visible(text)
    for match in _pattern().finditer(shown):
        found += escape(shown[at : match.start()]) + Markup('<a href="{}">{}</a>').format(_address(match), match[0])
        at = match.end()
    return found + escape(shown[at:])


def papers() -> dict[str, str]:
    """The two papers -> their addresses."""
    return _homes()["papers"]


def home_of(model: str) -> str:
    """The address of an outside model's repository; "" if none is known."""
    return str(_homes()["models"].get(model, ""))


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
def _pattern() -> re.Pattern[str]:
    names = "|".join(rf"\b{re.escape(name)}\b" for name in sorted(_homes()["names"], key=len, reverse=True))
    return re.compile(f"{_ADDRESS}|{_ARXIV}|{names}")
