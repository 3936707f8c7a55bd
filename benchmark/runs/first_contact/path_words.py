"""What was found about the paths, in words: a line for a check or a rate, and a table of all."""

from collections.abc import Mapping, Sequence

from benchmark.files import Json
from benchmark.runs.first_contact.step_check import BF16_TOLERANCES, TOLERANCES


def plain(entry: Mapping[str, Json]) -> dict[str, Json]:
    """The entry of a check in a form that JSON can represent: infinite deviations become null."""
    found = dict(entry)
    for precision in ("float32", "bf16"):
        if precision in found:
            found[precision] = {key: None if value == float("inf") else value for key, value in found[precision].items()}
    return found


def verdict(entry: Mapping[str, Json]) -> str:
    """The result of a check in one line."""
    if "failed" in entry:
        return f"failed, so the path is not used: {entry['failed']}"
    found = f"float32: {_shown(entry['float32'], TOLERANCES)}; furthest: {entry['float32']['worst']}"
    found += f"; bf16: {_shown(entry['bf16'], BF16_TOLERANCES)}"
    if entry["agrees"]:
        return f"agrees. {found}"
    return f"DISAGREES in {', '.join(entry['beyond'])}, so the path is not used. {found}"


def _shown(found: Mapping[str, Json], tolerances: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {found[name]:.1e} (at most {limit:.0e})" for name, limit in tolerances.items())


def said(rate: Mapping[str, Json]) -> str:
    """A measured rate in a few words."""
    name = f"{rate['path']}, {rate['jobs']} at once"
    return f"{name}: failed, {rate['failed']}" if "failed" in rate else f"{name}: {rate['images_per_second']:,.1f} images/s"


def table(checks: Sequence[Mapping[str, Json]], rates: Sequence[Mapping[str, Json]]) -> list[str]:
    """Lines of a table: for each path whether it is correct (for all networks that were checked), and images per second by
    the number of runs at once."""
    paths, numbers = list(dict.fromkeys(each["path"] for each in checks)), sorted({each["jobs"] for each in rates})
    rows = [["path", "correct", *(f"images/s, {number} at once" for number in numbers)]]
    for path in paths:
        own = [each for each in checks if each["path"] == path]
        wrong = next((each for each in own if not each["agrees"]), None)
        correct = "yes" if wrong is None else "failed" if "failed" in wrong else "NO"
        known = {each["jobs"]: each for each in rates if each["path"] == path}
        rows.append([path, correct, *(_cell(known.get(number)) for number in numbers)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cell(rate: Mapping[str, Json] | None) -> str:
    if rate is None:
        return "-"
    return "failed" if "failed" in rate else f"{rate['images_per_second']:,.1f}"
