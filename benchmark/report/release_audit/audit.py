"""Makes reports/release-audit.md: what the authors' release proves, from a checkpoint's index file or the recorded facts."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmark.files import read_yaml, replacing_file, write_text
from benchmark.outside.release.findings import FACTS, Findings, differences, find_index, read_findings, recorded
from benchmark.outside.release.flops import profiler_terms
from benchmark.outside.release.layers import Network, macs, parameters, units
from benchmark.report.release_audit.figure import coefficients_figure
from benchmark.report.rendering import render
from benchmark.report.style import styled, svg

FIGURE = "release/shortcut-scalars.svg"
NETWORK = Network()  # BReG-NeXt-50 with 8 classes, as released


def audit(path: Path | None, out: Path) -> None:
    """Write `out`/release-audit.md and `out`/release/shortcut-scalars.svg. The same input gives the same bytes.

    Args:
        path: a clone of the authors' repository, or the index file of one of their TensorFlow checkpoints. None: the facts
            recorded in facts.yaml are used. Neither the weights nor TensorFlow are needed.
        out: folder of the reports.

    Raises:
        BadInput: no index file, a damaged one, or one of another network. Nothing has been written then.
    """
    facts = read_yaml(FACTS)
    known = recorded(facts)
    found = known if path is None else read_findings(find_index(Path(path)), NETWORK)
    page = _page(facts, found, differences(found, known))
    with styled():
        down_sampling = [number for number, unit in enumerate(units(NETWORK), 1) if unit.stride > 1]
        drawing = svg(coefficients_figure(found.coefficients, down_sampling))
    with replacing_file(out / FIGURE) as temporary:
        temporary.write_bytes(drawing)
    write_text(out / "release-audit.md", page)


def _page(facts: Mapping, found: Findings, other: list[str]) -> str:
    identity = NETWORK._replace(adaptive=False)
    cost, count = macs(NETWORK, 64), facts["profiler"]["unknown_batch"]
    values: dict[str, object] = {
        "facts": facts,
        "found": found,
        "different": other,
        "figure": FIGURE,
        "layer_list": parameters(NETWORK),
        "identity_parameters": sum(parameters(identity).values()),
        "terms": profiler_terms(NETWORK),
        "totals": _totals(facts["profiler"]),
        "derived": _counted(NETWORK),
        "derived_identity": _counted(identity),
        "without_l2": sum(t.count for t in profiler_terms(NETWORK) if t.operator != "L2Loss" and "L2" not in t.purpose),
        "depths": _depths(facts),
        "macs": cost,
        "macs_48": macs(NETWORK, 48),
        "ratios": {
            "macs": cost / facts["claims"]["flops"]["value"],
            "flops": 2 * cost / facts["claims"]["flops"]["value"],
            "profiler": facts["profiler"]["batch_of_one"] / count,
        },
        "scalars": _scalars(found),
    }
    return render(Path(__file__).parent, "release-audit.md.j2", values)


def _counted(network: Network) -> int:
    return sum(term.count for term in profiler_terms(network))


def _totals(profiler: Mapping) -> list[tuple[str, int, int]]:
    """(operator, derived total, recorded total). Operators without a separate recorded total are combined in one row."""
    derived: Counter[str] = Counter()
    for term in profiler_terms(NETWORK):
        derived[term.operator if term.operator in profiler["operators"] else ""] += term.count
    rows = [(operator, derived[operator], count) for operator, count in profiler["operators"].items()]
    return [*rows, ("all others", derived[""], profiler["others"])]


def _depths(facts: Mapping) -> list[tuple[int, str, int, int, float]]:
    """(layers, units of the groups, derived count with adaptive shortcuts, with identity shortcuts, recorded count in
    millions) for each depth."""
    rows = []
    for depth, groups in facts["depth_units"].items():
        network = Network(units=groups)
        counts = [_counted(network._replace(adaptive=adaptive)) for adaptive in (True, False)]
        rows.append((network.depth, ", ".join(map(str, groups)), *counts, facts["profiler"]["depths"][depth]))
    return rows


def _scalars(found: Findings) -> dict:
    """The shortcut scalars for the page: rows of (number, scope, stride, a, c, slope at 0), one per unit, and values over
    all units."""
    rows = [
        (number, unit.scope, unit.stride, a, c, 1 / (1 + c**2))
        for number, (unit, (a, c)) in enumerate(zip(units(NETWORK), found.coefficients, strict=True), 1)
    ]
    a, c, slopes = ([row[place] for row in rows] for place in (3, 4, 5))
    return {
        "rows": rows,
        "a": (min(a), max(a)),
        "c": (min(c), max(c)),
        "slopes": (min(slopes), max(slopes)),
        "furthest": max(abs(value - 1) for value in a + c),
        "product": math.prod(slopes),
        "product_at_start": 0.5 ** len(rows),
    }
