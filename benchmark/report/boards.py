"""The leaderboards as data: the contents of leaderboard.json, from which the tables and pages are made.

A board is one protocol version on one edition of its data. Its rows are of four kinds that are made by different rules, so
they are never ranked against each other: a run was trained and selected by the protocol; an outside model was only tested by
it; one that may have seen the test faces proves nothing by a high score; a published number was made by rules that its
authors chose. `leaderboard.schema.json` describes every key.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmark.claims.load import published
from benchmark.files import Json, rounded
from benchmark.measures.complexity.file import measured_network
from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.records.comparisons import Comparison, ScoredRun, Summary, seeds_interval
from benchmark.records.face_intervals import interval_of
from benchmark.records.grouping import folder_of
from benchmark.records.intervals import Interval, accuracy_interval
from benchmark.records.metrics import METRICS, PRIMARY
from benchmark.records.outside_record import NO, UNKNOWN, seen_in

FILE, SCHEMA = "leaderboard.json", 1
RUN, OUTSIDE, SEEN, PUBLISHED = KINDS = (
    "trained here",
    "outside model",
    "outside model that may have seen the test faces",
    "published, not measured here",
)
RANKED = (RUN, OUTSIDE)
OVER_SEEDS, OVER_FACES = "seeds", "test faces"
DIGITS = 10  # significant ones of a number, as in the CSV files: the last ones differ between machines
Row = dict[str, Json]


class Board(NamedTuple):
    """One protocol version on one edition of its data. `comparison`: its runs; None if there are only outside models."""

    slug: str
    protocol: Mapping
    protocol_hash: str
    data: Mapping
    comparison: Comparison | None
    outside: Sequence[ScoredRun]


def boards(summary: Summary) -> list[Board]:
    """A board for every comparison, with the outside models of the same protocol and data; then boards for outside models
    without any runs."""
    of: dict[tuple, list[ScoredRun]] = {}
    for run in summary.outside:
        of.setdefault(_identity(run.record["protocol"], run.record["protocol_hash"], run.record["data"]), []).append(run)
    found, taken = [], set()
    for c in summary.comparisons:
        own = of.pop(_identity(c.protocol, c.protocol_hash, c.data), [])
        found.append(Board(c.slug, c.protocol, c.protocol_hash, c.data, c, own))
        taken.add(c.slug)
    for (name, protocol_hash, fingerprint), runs in sorted(of.items()):
        installed = name not in protocol_names() or load_protocol(name).hash == protocol_hash
        slug = name if installed and name not in taken else f"{name}-{protocol_hash[:8]}-{fingerprint[:8]}"
        taken.add(slug)
        record = runs[0].record
        found.append(Board(slug, record["protocol"], protocol_hash, record["data"], None, runs))
    return found


def leaderboard(summary: Summary, counted: Mapping | None, anchors: Mapping[str, Mapping], records: Path) -> dict[str, Json]:
    """The contents of leaderboard.json.

    Args:
        counted: contents of complexity.json, or None.
        anchors: `benchmark.claims.load.load_anchors`.
        records: the folder of the records; a row names its records relative to it.
    """
    return {"schema": SCHEMA, "boards": [_board(board, counted, anchors, records) for board in boards(summary)]}


def _board(board: Board, counted: Mapping | None, anchors: Mapping[str, Mapping], records: Path) -> dict[str, Json]:
    protocol = board.protocol
    metric = METRICS[PRIMARY[protocol["task"]]]
    rows = [*_runs(board.comparison, counted, records), *_outside(board.outside, records), *_published(board, anchors)]
    return {
        "name": board.slug,
        "protocol": {
            "name": protocol["name"],
            "version": protocol["version"],
            "hash": board.protocol_hash,
            "task": protocol["task"],
            "of_the_suite": protocol["name"] in protocol_names(),
        },
        "data": {key: board.data[key] for key in ("name", "version", "fingerprint")},
        "metric": {"name": PRIMARY[protocol["task"]], "title": metric.title, "shown_in": metric.unit or None},
        "test_faces": _faces(board),
        "rows": _ranked([rounded(row, DIGITS) for row in rows]),
    }


def _row(kind: str, entry: str, **known: Json) -> Row:
    """A row with what is known of it; every key is there."""
    nothing: Row = {
        "kind": kind, "entry": entry, "rank": None, "view": None, "value": None, "low": None, "high": None,
        "interval_over": None, "seeds": None, "diverged": None, "metrics": {}, "seen_test_faces": UNKNOWN, "selection": None,
        "extra_training_data": None, "stated": None, "came_in_as": None, "warnings": [],
        "cost": {"parameters": None, "macs": None}, "trust": None, "records": [], "source": None,
    }  # fmt: skip
    return nothing | known


def _runs(comparison: Comparison | None, counted: Mapping | None, records: Path) -> Iterable[Row]:
    """One row per cell and test-time augmentation; one for a cell whose every run diverged."""
    if comparison is None:
        return
    for label, runs in comparison.runs.items():
        entry = measured_network(counted, comparison, label)
        row = _row(
            RUN,
            label,
            seeds=comparison.finished(label),
            diverged=comparison.diverged(label),
            seen_test_faces=NO,
            selection=comparison.protocol["selection"],
            extra_training_data="none",
            cost={"parameters": runs[0].record["parameters"], "macs": entry["macs"] if entry else None},
            trust=comparison.trust(label),
            records=[folder_of(run.record, records) for run in runs],
        )
        if not comparison.finished(label):
            yield row | {"view": "none"}
            continue
        for view in comparison.protocol["tta"]:
            scored = [run.scores[view] for run in runs if view in run.scores]
            if scored:
                names = [name for name in METRICS if all(name in scores for scores in scored)]
                own = {name: _numbers(seeds_interval(comparison.metric(label, name, view))) for name in names}
                yield row | {"view": view, "metrics": own, "interval_over": OVER_SEEDS} | own[comparison.primary]


def _outside(runs: Sequence[ScoredRun], records: Path) -> Iterable[Row]:
    for run in runs:
        record, outside = run.record, run.record.outside
        task = record["protocol"]["task"]
        seen = seen_in(outside)
        row = _row(
            OUTSIDE if seen == NO else SEEN,
            record.cell,
            seen_test_faces=seen,
            extra_training_data=outside["extra_training_data"],
            stated=outside["stated"],
            came_in_as={key: outside[key] for key in ("kind", "source")},
            warnings=list(outside["warnings"]),
            cost={"parameters": record["parameters"], "macs": outside.get("macs")},
            trust=run.trust,
            records=[folder_of(record, records)],
        )
        for view, scores in run.scores.items():
            own = {name: _numbers(_alone(scores[name])) for name in METRICS if name in scores}
            own[PRIMARY[task]] = _numbers(_over_faces(run, view))
            yield row | {"view": view, "metrics": own, "interval_over": OVER_FACES} | own[PRIMARY[task]]


def _published(board: Board, anchors: Mapping[str, Mapping]) -> Iterable[Row]:
    """The rows of published figures that are a single number; only for protocols of the suite with classes."""
    if board.protocol["task"] != "categorical" or board.protocol["name"] not in protocol_names():
        return
    sources = {f["name"]: f["source"] for f in anchors.get(board.data["name"], {}).get("figures", ())}
    for name, value in published(board.data["name"], anchors):
        yield _row(PUBLISHED, name, value=value, source=sources[name])


def _over_faces(run: ScoredRun, view: str) -> Interval | None:
    """The primary metric of an outside model with its interval over test faces, as in `ferbench score`."""
    task = run.record["protocol"]["task"]
    scores = run.scores[view]
    if scores[PRIMARY[task]] is None:
        return None
    if task == "categorical":
        return accuracy_interval(round(scores["accuracy"] * scores["n"]), scores["n"])
    return interval_of(run.record, PRIMARY[task], view)


def _alone(value: Json) -> Interval | None:
    return Interval(value, None, None, 1) if isinstance(value, int | float) else None


def _numbers(interval: Interval | None) -> dict[str, Json]:
    if interval is None:
        return {"value": None, "low": None, "high": None}
    return {"value": interval.mean, "low": interval.low, "high": interval.high}


def _faces(board: Board) -> int | None:
    """The number of test faces; None if every run diverged and there is no outside model."""
    if board.comparison is not None and board.comparison.targets is not None:
        return len(board.comparison.targets)
    return next((scores["n"] for run in board.outside for scores in run.scores.values()), None)


def _ranked(rows: Iterable[Row]) -> list[Row]:
    """The rows by kind; highest value first, except for models that may have seen the faces, which are sorted by name. Only
    kinds of `RANKED` have a rank: one among the rows of the same kind and view, equal values sharing one. The rows must be
    rounded: digits that differ between machines would order equal means."""
    found, given = [], list(rows)
    for kind in KINDS:
        own = [row for row in given if row["kind"] == kind]
        if kind == SEEN:
            own.sort(key=lambda row: row["entry"])
        else:
            own.sort(key=lambda row: (row["value"] is None, -(row["value"] or 0)))
        found += [row | {"rank": _rank(row, own)} for row in own] if kind in RANKED else own
    return found


def _rank(row: Row, others: Sequence[Row]) -> int | None:
    """One more than the number of better rows with the same view; None for a row without a value."""
    if row["value"] is None:
        return None
    rivals = (other["value"] for other in others if other["view"] == row["view"] and other["value"] is not None)
    return 1 + sum(value > row["value"] for value in rivals)


def _identity(protocol: Mapping, protocol_hash: str, data: Mapping) -> tuple[str, str, str]:
    return protocol["name"], protocol_hash, data["fingerprint"]
