"""The mutations of files of values: a number one larger, a truth turned round, two neighbours exchanged."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import yaml

# Patterns below the root, and the module that reads the files: tests that reach it are those to run.
FILES = {
    "benchmark/claims/claims.yaml": "benchmark/claims/load.py",
    "benchmark/protocol/protocols/*.yaml": "benchmark/protocol/protocol.py",
    "benchmark/protocol/recipes.yaml": "benchmark/protocol/protocol.py",
    "benchmark/runs/profiles.yaml": "benchmark/runs/plan.py",
    "ablations/cells.yaml": "benchmark/protocol/cells.py",
    "baselines/cells.yaml": "benchmark/protocol/cells.py",
}
# Texts for people, which may be worded otherwise.
WORDING = {
    "sentence",
    "quote",
    "note",
    "needs",
    "would_test",
    "source",
    "paper",
    "mark",
    "earlier",
    "anchors",
    "says",
    "about",
}


def changes(root: Path) -> Iterator[tuple[Path, str, int, str, str]]:
    """(file, module that reads it, line, dotted place, changed text), file by file."""
    for pattern, reader in FILES.items():
        for path in sorted(root.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            for place, line, spans in _of(yaml.compose(text), ""):
                changed = text
                for begin, end, new in sorted(spans, reverse=True):
                    changed = changed[:begin] + new + changed[end:]
                yield path, reader, line, place, changed


def _of(node: yaml.Node, place: str) -> Iterator[tuple[str, int, list[tuple[int, int, str]]]]:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        kind = node.tag.rpartition(":")[2]
        new = {"int": lambda v: str(int(v) + 1), "float": lambda v: repr(float(v) + 1)}.get(kind)
        if kind == "bool":
            yield place, line, [_span(node, "false" if node.value.lower() in {"true", "yes", "on"} else "true")]
        elif new:
            yield place, line, [_span(node, new(node.value))]
        return
    if isinstance(node, yaml.MappingNode):
        kept = [(key.value, value) for key, value in node.value if key.value not in WORDING]
    else:
        kept = [(str(n), value) for n, value in enumerate(node.value)]
    for name, value in kept:
        yield from _of(value, f"{place}.{name}".lstrip("."))
    for (a, one), (b, two) in itertools.pairwise(kept):
        if isinstance(one, yaml.ScalarNode) and isinstance(two, yaml.ScalarNode) and one.value != two.value:
            yield f"{place}.{a}, {b}".lstrip("."), line, [_span(one, _text(two)), _span(two, _text(one))]


def _span(node: yaml.Node, new: str) -> tuple[int, int, str]:
    return node.start_mark.index, node.end_mark.index, new


def _text(node: yaml.ScalarNode) -> str:
    return f"{node.style}{node.value}{node.style}" if node.style in {"'", '"'} else node.value
