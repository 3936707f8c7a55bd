"""Compares the files of two reports that machines read: tables as CSV, the leaderboard, the shares of a table of confusion
with the predictions that they come from."""

import csv
import json
import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from tests.benchmark.report.pages.comparing_tables import CUT, Report, numbers

Rows = list[dict[str, str]]


def tables_in(folder: Path) -> dict[str, Rows]:
    """Name of a table -> the rows of its CSV."""
    found = {}
    for path in sorted([*folder.glob("tables/*.csv"), *folder.glob("costs/tables/*.csv")]):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def same_tables(old: dict[str, Rows], new: dict[str, Rows], report: Report) -> None:
    """Every field of every CSV. A changed sentence of a claim is accepted if it has the same numbers; a new table too."""
    for name, rows in old.items():
        report.counts["CSV files"] += 1
        theirs = new.get(name, [])
        if len(rows) != len(theirs):
            report.differs(f"{name}.csv, rows", len(rows), len(theirs))
        for at, (one, other) in enumerate(zip(rows, theirs, strict=False), 1):
            for key in dict.fromkeys([*one, *other]):
                report.counts["fields of CSV files"] += 1
                before, after = one.get(key), other.get(key)
                if before == after:
                    continue
                where = f"{name}.csv, row {at}, {key}"
                if (name, key) == ("claims", "sentence") and numbers(before or "") == numbers(after or ""):
                    report.accept("sentence of a claim said otherwise", f"{where}: {before!r} as {after!r}")
                else:
                    report.differs(where, before, after)
    for name in sorted(new.keys() - old.keys()):
        report.accept("new table", f"{name}.csv")


def same_markdown(old: Path, new: Path, report: Report) -> None:
    """claims.md and the tables as Markdown, line by line. An interval may be cut, with the mark; a note may say more; other
    words have to have the same numbers."""
    paths = [old / "claims.md", *sorted(old.glob("tables/*.md")), *sorted(old.glob("costs/tables/*.md"))]
    for path in paths:
        name = path.relative_to(old).as_posix()
        lines, theirs = ((folder / name).read_text("utf-8").splitlines() for folder in (old, new))
        report.counts["lines of Markdown"] += len(lines)
        if len(lines) != len(theirs):
            report.differs(name, f"{len(lines)} lines", len(theirs))
        for at, (one, other) in enumerate(zip(lines, theirs, strict=False), 1):
            if one != other:
                _same_line(f"{name}, line {at}", one, other, report)


def _same_line(where: str, old: str, new: str, report: Report) -> None:
    if not old.startswith("|"):
        theirs = iter(numbers(new))
        if all(each in theirs for each in numbers(old)):  # all of the old ones, in their order
            report.accept("line of Markdown that says more, or the same with other words", where)
        else:
            report.differs(where, old, new)
        return
    before, after = old.split(" | "), new.split(" | ")
    if len(before) != len(after):
        report.differs(where, old, new)
    for one, other in zip(before, after, strict=False):
        if one == other:
            continue
        shown = other.replace("**", "")
        if CUT in shown and _cut_from(one, shown):
            report.accept("interval cut at what is possible, marked, in Markdown", where)
        elif one != shown and numbers(one) != numbers(shown):
            report.differs(where, one, other)
        else:
            report.accept("line of Markdown that says more, or the same with other words", where)


def _cut_from(old: str, new: str) -> bool:
    """Whether "mean [low, high]" is as before but for ends with the mark, which lie within the old interval."""
    before, after = (re.sub(r"[\[\]|]", " ", text.replace(", ", " ")).replace(",", "").split() for text in (old, new))
    if len(before) != len(after) or before[0] != after[0]:
        return False
    for side, (one, other) in enumerate(zip(before[1:], after[1:], strict=True)):
        if one != other:
            end = float(other.removesuffix(CUT))
            if not other.endswith(CUT) or (float(one) >= end if side == 0 else float(one) <= end):
                return False
    return True


def boards_in(folder: Path) -> dict[str, list[dict]]:
    """Protocol -> its rows of leaderboard.json."""
    boards = json.loads((folder / "leaderboard.json").read_text("utf-8"))["boards"]
    return {board["name"]: board["rows"] for board in boards}


def same_leaderboard(old: Path, new: Path, report: Report) -> None:
    """leaderboard.json, as values."""
    one, other = (json.loads((folder / "leaderboard.json").read_text("utf-8")) for folder in (old, new))
    report.counts["leaderboard.json"] += 1
    if one != other:
        keys = [key for key in one if one[key] != other.get(key)] if isinstance(one, dict) else "entries"
        report.differs("leaderboard.json", "as it was", f"other {keys}")


def true_confusion(name: str, rows: Rows, records: Path, report: Report) -> None:
    """The shares of a table of confusion, computed again from the predictions of its protocol's runs."""
    slug = name.removesuffix("-confusion")
    shares: dict[str, list[np.ndarray]] = defaultdict(list)
    classes: list[str] = []
    for path in sorted(records.glob(f"**/{slug}/*/*/record.json")):
        record = json.loads(path.read_text("utf-8"))
        if record["protocol"]["name"] != slug or not (path.parent / "predictions.npz").exists():
            continue
        with np.load(path.parent / "predictions.npz") as kept:
            true, guessed = kept["test_targets"], kept["test_outputs_none"].argmax(axis=1)
        classes = record["classes"]
        counts = np.array([[np.sum((true == a) & (guessed == b)) for b in range(len(classes))] for a in range(len(classes))])
        shares[record["cell"]["name"]].append(counts / counts.sum(axis=1, keepdims=True))
    for row in rows:
        mean = np.mean(shares[row["cell"]], axis=0)[classes.index(row["true"])]
        for each, value in zip(classes, mean, strict=True):
            report.counts["shares computed again"] += 1
            if abs(float(row[f"predicted_{each}"]) - value) > 1e-9:
                report.differs(f"{name}.csv, {row['cell']}, {row['true']} as {each}", row[f"predicted_{each}"], value)
        if int(row["n"]) != len(shares[row["cell"]]):
            report.differs(f"{name}.csv, {row['cell']}, n", row["n"], len(shares[row["cell"]]))
