"""leaderboard, claims and records: what the project's report shows, as DataFrames. Each function imports what it needs, so
that `records` loads no matplotlib."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmark.interface.given import protocol_of
from benchmark.interface.places import Places, places
from benchmark.protocol.protocol import Protocol
from benchmark.records.checks.known import Known
from benchmark.records.comparisons import Summary, frame, summarise
from benchmark.records.examine import gather
from benchmark.records.trust import FILE, read_verification
from benchmark.suggesting import unknown


def leaderboard(protocol: str | Path | Protocol, *, project: str | Path | None = None) -> pd.DataFrame:
    """The leaderboard of a protocol, from the project's records: a row per entry and view.

    Args:
        protocol: its name, a file of one's own, or a Protocol.
        project: as of `evaluate`.

    Returns:
        columns board (its name: a protocol has one for each edition of its data), kind ("trained here", "outside model",
        "outside model that may have seen the test faces" or "published, not measured here": four kinds that are no one
        ranking), entry, rank (among rows of one board, kind and view; missing where there is none), value (accuracy as a
        fraction, or mean CCC), low and high (95 %: over seeds, or test faces for an outside model; missing where there is
        none), seeds, view, parameters, macs, trust, seen_test_faces ("no", "yes" or "unknown"), extra_training_data, stated
        (accuracy that its authors state), stated_words, stated_source, came_in_as, source (of a published number). Highest
        value first within a kind, but by name where the faces may have been seen. reports/leaderboard.json has the same,
        with every metric.

    Raises:
        BadInput: an unknown protocol, or one without a record; records that can not be read.
    """
    from benchmark.claims.load import load_anchors
    from benchmark.measures.complexity.file import read_complexity
    from benchmark.report import boards

    own, where = protocol_of(protocol), places(project)
    counted = read_complexity(where.reports / "complexity.json")
    contents = boards.leaderboard(_summary(where, without_runs=True), counted, load_anchors(), where.records)
    found = [board for board in contents["boards"] if board["protocol"]["hash"] == own.hash]
    if not found:
        raise unknown(f"{where.records}, leaderboard", own.name, [board["name"] for board in contents["boards"]])
    return pd.DataFrame([{"board": board["name"]} | _entry(row) for board in found for row in board["rows"]])


def claims(*, project: str | Path | None = None) -> pd.DataFrame:
    """The papers' claims, judged by the project's records: a row per claim, indexed by its name.

    Returns:
        columns paper, sentence, value (claimed), mark (of the claimed value), verdict (of the deciding test), found (by it),
        scaled_down and machinery (what smaller networks or drawn faces show; they never decide). docs/check-a-claim.md
        explains the words.

    Raises:
        BadInput: records or measurements that can not be read.
    """
    from benchmark.claims.judge import judge
    from benchmark.claims.load import load_claims
    from benchmark.measures.complexity.file import read_complexity
    from benchmark.measures.gradients.file import read as read_gradients
    from benchmark.report.pages.verdicts import claims_table
    from benchmark.runs.plan import waiting_for_rates

    where = places(project)
    judged = judge(
        load_claims(),
        _summary(where),
        read_complexity(where.reports / "complexity.json"),
        read_gradients(where.reports / "gradients"),
        waiting_for_rates(),
    )
    table = claims_table(judged)
    rows = [{key: entry.text for key, entry in row.items()} for row in table.rows]
    order = ["paper", "sentence", "value", "mark", "verdict", "found", "scaled_down", "machinery"]
    return pd.DataFrame(rows).set_index("claim")[order]


def records(*, project: str | Path | None = None) -> pd.DataFrame:
    """The project's records of runs that are in order: a row per run and view, with every metric (fractions, not percent).

    Returns:
        columns protocol, cell, seed, status, tta (the view), the metrics, trust, selected_epoch, code, predictions_sha256,
        record (its folder below reports/records): those of reports/tables/runs.csv.

    Raises:
        BadInput: no record; records of one comparison that differ in their test faces.
    """
    where = places(project)
    return frame(_summary(where), where.records)


def _summary(where: Places, without_runs: bool = False) -> Summary:
    gathered = gather(where.records, Known())
    verified = read_verification(where.reports / FILE)
    return summarise(gathered.records, where.records, gathered.apart, verified, without_runs=without_runs)


def _entry(row: Mapping[str, Any]) -> dict[str, object]:  # Any: a row of leaderboard.json
    """A row of the DataFrame, from one of leaderboard.json."""
    stated, came = row["stated"] or {}, row["came_in_as"]
    own = {key: row[key] for key in ("kind", "entry", "rank", "value", "low", "high", "seeds", "view")} | row["cost"]
    own |= {key: row[key] for key in ("trust", "seen_test_faces", "extra_training_data")}
    own |= {"stated": stated.get("accuracy"), "stated_words": stated.get("words"), "stated_source": stated.get("source")}
    return own | {"came_in_as": came and f"{came['kind']} ({came['source']})", "source": row["source"]}
