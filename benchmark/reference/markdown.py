"""What the pages are made of: tables, the texts of a YAML file of this folder, and what docstrings say."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmark.files import Json, read_yaml_once

HERE = Path(__file__).parent


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. Line breaks in an entry become spaces, vertical bars are escaped."""
    lines = [_row(head), "|" + "---|" * len(head)]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def _row(entries: Sequence[object]) -> str:
    return "| " + " | ".join(re.sub(r"\s+", " ", str(entry)).strip().replace("|", "\\|") for entry in entries) + " |"


def value(of: object) -> str:
    """A value of a YAML file as it is written there, in code; "none" for None."""
    if of is None:
        return "none"
    if isinstance(of, Mapping):
        return ", ".join(f"`{key}: {_plain(each)}`" for key, each in of.items())
    if isinstance(of, list | tuple):
        return ", ".join(map(value, of)) or "none"
    return f"`{of}`"


def _plain(of: object) -> str:
    if isinstance(of, Mapping):
        return "{" + ", ".join(f"{key}: {_plain(each)}" for key, each in of.items()) + "}"
    return f"[{', '.join(map(_plain, of))}]" if isinstance(of, list) else str(of)


def texts(name: str) -> Mapping[str, Json]:
    """The file NAME.yaml of this folder: "sections", each with a title, parts (a text, or the head and rows of a table) and
    perhaps `code`: what carries out what the section says."""
    return read_yaml_once(HERE / f"{name}.yaml")


def sections(name: str, level: int = 2, *, only: Sequence[str] | None = None) -> list[str]:
    """The sections of NAME.yaml as Markdown, those with the titles `only` if given."""
    return [section(one, level) for one in texts(name)["sections"] if only is None or one["title"] in only]


def section(one: Mapping[str, Json], level: int) -> str:
    """One section as Markdown, with the heading of a level."""
    shown = [f"{'#' * level} {one['title']}"]
    shown += [part["text"].strip() if "text" in part else table(part["head"], part["rows"]) for part in one["parts"]]
    if code := one.get("code"):
        shown.append(f"Code: {', '.join(f'`{each}`' for each in code)}.")
    return "\n\n".join(shown)


def attributes(of: type) -> dict[str, str]:
    """Field -> what the docstring of a class says of it under "Attributes:". Fields that one entry names together
    (``data, data_version: ...``) share its text."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in _block(of, "Attributes:"):
        if entry := re.match(r"    (\w+(?:, \w+)*): (.*)", line):
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2])
        else:
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def _block(of: object, head: str) -> list[str]:
    """The lines below a head in a docstring, up to the next line that is not indented."""
    lines = (inspect.getdoc(of) or "").splitlines()
    below = lines[lines.index(head) + 1 :] if head in lines else []
    ends = next((place for place, line in enumerate(below) if not line.startswith(" ")), len(below))
    return below[:ends]


def first_paragraph(of: object) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(of) or "").split("\n\n")[0].split())


def labelled(of: object, label: str) -> str:
    """What a docstring says in the paragraph or line that begins with ``Label:``, on one line; "" without one."""
    found = re.search(rf"^{label}: (.*?)(?=\n\n|\n\w[\w ]*: |\Z)", inspect.getdoc(of) or "", re.DOTALL | re.MULTILINE)
    return " ".join(found[1].split()).rstrip(".") if found else ""


def page(title: str, source: str, *parts: str) -> str:
    """A whole page. `source`: what it is made from, named below its title."""
    note = f"Made by `python -m benchmark.reference` from {source}; edit that, not this page."
    return "\n\n".join([f"# {title}", note, *(part.strip() for part in parts if part.strip())]) + "\n"
