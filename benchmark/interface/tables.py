"""leaderboard, claims and records: what the project's report shows, as DataFrames. Each function imports what it needs, so
that `records` loads no matplotlib."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmark.interface.given import protocol_of
from benchmark.interface.places import Places, places
from benchmark.protocol.protocol import Protocol
from benchmark.records.checks.known import Known
from benchmark.records.comparisons import Summary, frame, summarise
from benchmark.records.examine import gather
from benchmark.records.trust import FILE, read_verification
from benchmark.suggesting import unknown

if TYPE_CHECKING:
    from benchmark.report.tables import Table

KINDS = {"own": "trained here", "outside": "outside model", "published": "published, not measured here"}
PARTS = {
    "value_mean": "value", "value": "value", "value_low": "low", "value_high": "high", "n": "seeds", "tta": "view",
    "stated": "stated", "extra": "extra_training_data", "parameters": "parameters", "macs": "macs", "trust": "trust",
    "kind": "came_in_as", "source": "source",
}  # fmt: skip


def leaderboard(protocol: str | Path | Protocol, *, project: str | Path | None = None) -> pd.DataFrame:
    """The leaderboard of a protocol, from the project's records: a row per entry and view.

    Args:
        protocol: its name, a file of one's own, or a Protocol.
        project: as of `evaluate`.

    Returns:
        columns kind ("trained here", "outside model" or "published, not measured here": three kinds that are no one
        ranking), entry, value (accuracy as a fraction, or mean CCC), low and high (95 %: over seeds, or over test images for
        an outside model; missing where there is none), seeds, view, parameters, macs, trust, stated (accuracy that its
        authors state), extra_training_data, came_in_as, source. Highest value first within a kind.

    Raises:
        BadInput: an unknown protocol, or one without a record; records that can not be read.
    """
    from benchmark.claims.load import load_anchors
    from benchmark.measures.complexity.file import read_complexity
    from benchmark.report.chapters.leaderboard import boards
    from benchmark.report.chapters.leaderboard import tables as leaderboards

    own, where = protocol_of(protocol), places(project)
    summary = _summary(where, without_runs=True)
    slugs = {board.slug: board.protocol_hash for board in boards(summary)}
    names = {f"leaderboard-{slug}" for slug, digest in slugs.items() if digest == own.hash}
    tables = leaderboards(summary, read_complexity(where.reports / "complexity.json"), load_anchors())
    found = [table for table in tables if table.name in names]
    if not found:
        raise unknown(f"{where.records}, leaderboard", own.name, list(slugs))
    return pd.concat([_entries(table) for table in found], ignore_index=True)


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


def _entries(table: "Table") -> pd.DataFrame:
    rows = []
    for row in table.rows:
        numbers = {f"{key}_{part}" if part else key: n for key, one in row.items() for part, n in one.numbers.items()}
        block = next(each for each in KINDS if any(key.startswith(f"{each}_") for key in numbers))
        own = {PARTS[key]: n for key, n in _of_block(numbers, block).items() if key in PARTS}
        rows.append({"kind": KINDS[block], "entry": numbers["cell"], **own})
    columns = ["kind", "entry", "value", "low", "high", *PARTS.values()]
    return pd.DataFrame(rows).reindex(columns=list(dict.fromkeys(columns)))


def _of_block(row: Mapping[str, object], block: str) -> dict[str, object]:
    return {key.removeprefix(f"{block}_"): value for key, value in row.items() if key.startswith(f"{block}_")}
