"""Writes the table of packages in README.md from their entry.yaml.

python examples/outside/table.py
"""

import re
from collections.abc import Mapping

import shipped

from benchmark.files import Json, write_text

PAGE = shipped.FOLDER / "README.md"
HEAD = "| row | package | licence: code; weights | parameters | its authors state | may have seen the test faces |"
BETWEEN = re.compile(r"(?<=<!-- packages -->\n).*(?=<!-- /packages -->)", re.DOTALL)


def table() -> str:
    """The rows of all packages, as Markdown."""
    lines = [HEAD, "|---" * HEAD.count(" | ") + "|---|"]
    for name in shipped.names():
        entry = shipped.read(name)
        package = f"{entry.index} `{entry.package}` {entry.version}: {entry.model}"
        licence = f"{entry.licence['code']}; {entry.licence['weights']}"
        stated, seen = (_by_protocol(entry.protocols, say) for say in (_stated, _seen))
        lines.append(f"| [{name}]({name}) | {package} | {licence} | {entry.parameters['number']:,} | {stated} | {seen} |")
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """The text of the page with its table made again."""
    return BETWEEN.sub(lambda _: table(), text)


def _by_protocol(protocols: Mapping[str, Json], say) -> str:
    """What `say` says of each protocol; once if it is the same for all."""
    said = {name: say(under) for name, under in protocols.items()}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {text}" for name, text in said.items())


def _stated(under: Mapping[str, Json]) -> str:
    stated = under["stated"]
    if stated is None:
        return "nothing"
    number = f"{100 * stated['accuracy']:g} %" if "accuracy" in stated else stated["words"]
    return f"{number} ({stated['source']})"


def _seen(under: Mapping[str, Json]) -> str:
    return str(under["seen"])


if __name__ == "__main__":
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8")))
    print(f"wrote {PAGE}")
