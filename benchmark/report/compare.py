"""Compares any two rows (cells trained here, or outside entries) on the same test images of one protocol.

Runs are paired by seed. An outside entry is a single network, so it is paired with every seed of the other row. The test
over seeds then asks whether training the other row gives a different mean than that network. The test over images is about
all pairs. The tests are the same as in the report (`benchmark.report.sections.pairs`), with the methods of
docs/reference/statistics.md, "Pairs".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.errors import BadInput
from benchmark.faces.card import card
from benchmark.measures.complexity import file as counted
from benchmark.measures.complexity.file import read_complexity, read_latency
from benchmark.records.checks.known import Known
from benchmark.records.comparisons import SPLIT, ScoredRun, Summary, summarise
from benchmark.records.examine import gather
from benchmark.records.metrics import METRICS, PRIMARY
from benchmark.records.outside_record import NO, YES, seen_in
from benchmark.records.pairs import resample, right, tested
from benchmark.records.statistics import holm, mcnemar_exact, sign_flip_exact
from benchmark.suggesting import one_of

SCHEMA = 1
FAR = 0.25  # two outputs of valence and arousal disagree if their distance is above this
FACES = 60  # largest number of faces in the picture
COLUMNS = 10
SIDE = 64


@dataclass(frozen=True)
class Row:
    """One of the two rows. `runs`: seed -> finished run. `outside`: whether it is an outside entry."""

    name: str
    runs: Mapping[int, ScoredRun]
    outside: bool

    @property
    def identity(self) -> tuple[str, str, str]:
        """What must be equal for both rows: protocol name, protocol hash, fingerprint of the data."""
        record = next(iter(self.runs.values())).record
        return record.protocol, record["protocol_hash"], record["data"]["fingerprint"]


def find(summary: Summary, records: Path, name: str, protocol: str | None) -> list[Row]:
    """The rows with the given name: one for each protocol under which there are finished runs.

    Args:
        summary: of the records.
        records: their folder, for errors.

    Raises:
        BadInput: no row of that name, or only diverged runs.
    """
    rows, diverged = rows_of(summary, name, protocol)
    if not rows:
        found = "only diverged runs" if diverged else "no record of that name"
        under = f" under protocol {protocol}" if protocol else ""
        names = dict.fromkeys(each for comparison in summary.comparisons for each in comparison.runs)
        names |= dict.fromkeys(run.record.cell for run in summary.outside)
        expected = "another protocol, or a finished run" if name in names else one_of(name, names)
        raise BadInput(f"{records}, '{name}'{under}", found, expected)
    return rows


def rows_of(summary: Summary, name: str, protocol: str | None) -> tuple[list[Row], list[Row]]:
    """As `find`, without an error: (the rows of finished runs, those that have only diverged runs)."""
    rows, diverged = [], []
    for comparison in summary.comparisons:
        if name in comparison.runs and protocol in (
            None,
            comparison.protocol["name"],
            comparison.slug,
            comparison.protocol_hash,
        ):
            finished = {run.record.seed: run for run in comparison.runs[name] if not run.record.diverged}
            (rows if finished else diverged).append(Row(name, finished, False))
    for run in summary.outside:
        if run.record.cell == name and protocol in (None, run.record.protocol, run.record["protocol_hash"]):
            rows.append(Row(name, {0: run}, True))
    return rows, diverged


def compare(
    records: Path,
    a: str,
    b: str,
    protocol: str | None = None,
    *,
    complexity: Path | None = None,
    latency: Path | None = None,
) -> dict:
    """Compare row A with row B: A minus B.

    Args:
        records: folder of records, at any depth.
        a, b: names of cells or outside entries.
        protocol: its name, its hash or the name of its section; required if both rows have runs under several protocols.
        complexity, latency: complexity.json and latency.json; without them, MACs and latency are null.

    Returns:
        JSON-able: schema, protocol, protocol_hash, data, a and b ({name, outside, seen: whether the network may have seen
        the test faces, no, unknown or yes; value: mean of the primary metric, parameters, macs, latency_ms}), metric, pairs
        (seeds of A and B), images and seeds (tests over test images and over seeds: {mean, low, high, n, p}), discordant,
        test_images, mcnemar (one per pair: {seed_a, seed_b, p, only_a, only_b}; empty for valence and arousal), classes (one
        per class: {class, n, difference: of recall, p, p_holm}), disagree (ids of the faces on which A and B disagree; those
        with the most disagreement first).

    Raises:
        BadInput: an unknown name; no common protocol, or several and none chosen; no common seed.
    """
    summary = gathered_summary(records)
    return compare_rows(*(find(summary, records, name, protocol) for name in (a, b)), complexity=complexity, latency=latency)


def gathered_summary(records: Path, *, none: bool = False) -> Summary:
    """The records of a folder that are in order, grouped and scored. `none`: there may be none. BadInput as of
    `summarise`."""
    gathered = gather(records, Known())
    if none and not gathered.records:
        return Summary(())
    return summarise(gathered.records, records, gathered.apart, without_runs=True)


def compare_rows(
    left: Sequence[Row], right_rows: Sequence[Row], *, complexity: Path | None = None, latency: Path | None = None
) -> dict:
    """As `compare`, for rows at hand. Each side has one row for each protocol under which it has finished runs; exactly one
    of them must be of the same protocol and data as one of the other side."""
    a, b = left[0].name, right_rows[0].name
    common = [(x, y) for x in left for y in right_rows if x.identity == y.identity]
    if not common:
        raise BadInput(f"{a} and {b}", "no protocol and data that both have finished runs on", "one in common")
    if len(common) > 1:
        names = list(dict.fromkeys(x.identity[0] for x, _ in common))
        if len(names) < len(common):  # one name, several protocols
            names = [f"{x.identity[0]} (hash {x.identity[1]})" for x, _ in common]
        raise BadInput(f"{a} and {b}", f"several comparisons: {', '.join(names)}", "one; choose it by --protocol")
    x, y = common[0]
    pairs = _pairs(x, y)
    runs = list({id(run): run for pair in pairs for run in pair}.values())
    task = runs[0].record["protocol"]["task"]
    _check_images(runs)
    if undefined := [run.record.directory for run in runs if run.scores["none"][PRIMARY[task]] is None]:
        raise BadInput(undefined[0], f"{PRIMARY[task]} that is not defined", "a number for every run")
    drawn = dict(zip(map(id, runs), resample(runs, task), strict=True))
    of_a, of_b = ([pair[side] for pair in pairs] for side in (0, 1))
    result = tested(of_a, of_b, [drawn[id(run)] for run in of_a], [drawn[id(run)] for run in of_b], task)
    networks = read_complexity(complexity), read_latency(latency)
    ids, disputed = _disagree(of_a, of_b, task)
    name, protocol_hash, _ = x.identity
    return {
        "schema": SCHEMA,
        "protocol": name,
        "protocol_hash": protocol_hash,
        "data": dict(runs[0].record["data"]),
        "metric": PRIMARY[task],
        "a": _side(x, of_a, task, *networks),
        "b": _side(y, of_b, task, *networks),
        "pairs": [[p.record.seed, q.record.seed] for p, q in pairs],
        "images": result.over_images._asdict(),
        "seeds": result.over_seeds._asdict(),
        "discordant": list(result.discordant) if result.discordant else None,
        "mcnemar": _mcnemar(pairs) if task == "categorical" else [],
        "classes": _classes(of_a, of_b) if task == "categorical" else [],
        "test_images": len(runs[0].record.outputs(SPLIT)[0]),
        "disagree": ids[disputed].tolist(),
    }


def sentences(found: Mapping) -> list[str]:
    """The result of `compare` as lines of text."""
    metric = METRICS[found["metric"]]
    scale, unit = (100, " points") if metric.unit == "%" else (1, "")
    a, b = found["a"], found["b"]

    def number(value: float | None, signed: bool = False) -> str:
        return "not defined" if value is None else f"{scale * value:{'+' if signed else ''}.3f}"

    def interval(part: Mapping) -> str:
        ends = "no interval" if part["low"] is None else f"95 % [{number(part['low'], True)}, {number(part['high'], True)}]"
        return f"{number(part['mean'], True)}{unit} {ends}, p {_p(part['p'])}"

    lines = [
        f"{found['protocol']} (hash {found['protocol_hash']}), {found['test_images']:,} test images, {metric.title}, no TTA",
        f"A {a['name']}: {number(a['value'])}; B {b['name']}: {number(b['value'])}; {_pairs_of(len(found['pairs']))}",
        f"A minus B over test images: {interval(found['images'])} (these networks)",
        f"A minus B over seeds: {interval(found['seeds'])} (n = {found['seeds']['n']})",
    ]
    for each in found["mcnemar"]:
        seeds = (
            f"seed {each['seed_a']}" if each["seed_a"] == each["seed_b"] else f"seeds {each['seed_a']} and {each['seed_b']}"
        )
        lines.append(f"McNemar, {seeds}: right in A alone {each['only_a']}, in B alone {each['only_b']}, p {_p(each['p'])}")
    for each in found["classes"]:
        change = f"{100 * each['difference']:+.2f} points, p {_p(each['p_holm'])} (Holm)"
        lines.append(f"recall of {each['class']} (n = {each['n']}): {change}")
    for key, title in (("parameters", "parameters"), ("macs", "MACs"), ("latency_ms", "CPU latency, ms")):
        lines.append(f"{title}: {_cost(a[key])} against {_cost(b[key])}{_ratio(a[key], b[key])}")
    for side in (a, b):
        if side["seen"] != NO:
            lines.append(f"{side['name']} {'has' if side['seen'] == YES else 'may have'} seen these faces in training")
    lines.append(f"they disagree on {len(found['disagree']):,} of {found['test_images']:,} faces")
    return lines


def picture(found: Mapping, faces, out: Path) -> None:
    """Write the first faces of `disagree` as one JPEG, in rows of `COLUMNS` faces, atomically.

    Args:
        found: result of `compare`.
        faces: the FaceSet of the comparison.

    Raises:
        BadInput: the terms of the data set do not allow showing its pictures; the FaceSet has another fingerprint; there is
            no face on which the rows disagree.
    """
    from PIL import Image

    from benchmark.files import replacing_file

    if not card(faces.meta["name"]).may_be_shown:
        raise BadInput(
            f"pictures of {faces.meta['name']}", "terms that do not allow showing them", "a card with may_be_shown"
        )
    if faces.fingerprint != found["data"]["fingerprint"]:
        raise BadInput(faces.directory, f"fingerprint {faces.fingerprint[:16]}", found["data"]["fingerprint"][:16])
    chosen = found["disagree"][:FACES]
    if not chosen:
        raise BadInput("faces where they disagree", "none", "some")
    row_of = {name: row for row, name in enumerate(faces.id.tolist())}
    side = min(SIDE, max(faces.pictures.shape[1:3]))
    sheet = Image.new("RGB", (min(COLUMNS, len(chosen)) * side, -(-len(chosen) // COLUMNS) * side), "white")
    for at, name in enumerate(chosen):
        pixels = faces.pictures[np.array([row_of[name]])][0]
        own = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        sheet.paste(own.resize((side, side), Image.Resampling.BOX), (at % COLUMNS * side, at // COLUMNS * side))
    with replacing_file(out) as temporary:
        sheet.save(temporary, "JPEG", quality=85, optimize=True)


def _pairs(a: Row, b: Row) -> list[tuple[ScoredRun, ScoredRun]]:
    if a.outside and b.outside:
        return [(a.runs[0], b.runs[0])]
    if a.outside:
        return [(a.runs[0], run) for _, run in sorted(b.runs.items())]
    if b.outside:
        return [(run, b.runs[0]) for _, run in sorted(a.runs.items())]
    common = sorted(set(a.runs) & set(b.runs))
    if not common:
        raise BadInput(f"{a.name} and {b.name}", f"seeds {sorted(a.runs)} and {sorted(b.runs)}", "a seed that both finished")
    return [(a.runs[seed], b.runs[seed]) for seed in common]


def _check_images(runs: Sequence[ScoredRun]) -> None:
    first = runs[0].record
    for run in runs[1:]:
        for name in (f"{SPLIT}_ids", f"{SPLIT}_targets"):
            if not np.array_equal(run.record.predictions[name], first.predictions[name]):
                raise BadInput(f"{run.record.directory}, {name}", "other values", f"those of {first.directory}")


def _side(row: Row, runs: Sequence[ScoredRun], task: str, counts: Mapping | None, times: Mapping | None) -> dict:
    record = runs[0].record
    found = [None if row.outside else counted.of_cell(file, record["protocol"], record["cell"]) for file in (counts, times)]
    macs = (record.outside or {}).get("macs") if found[0] is None else found[0]["macs"]
    return {
        "name": row.name,
        "outside": row.outside,
        "seen": seen_in(record.outside or {}) if row.outside else NO,
        "value": float(np.mean([run.scores["none"][PRIMARY[task]] for run in runs])),
        "parameters": record["parameters"],
        "macs": macs,
        "latency_ms": found[1]["latency"]["median_ms"] if found[1] else None,
    }


def _mcnemar(pairs: Sequence[tuple[ScoredRun, ScoredRun]]) -> list[dict]:
    found = []
    for a, b in pairs:
        test = mcnemar_exact(right(a), right(b))
        found.append({"seed_a": a.record.seed, "seed_b": b.record.seed, "p": test.p, "only_a": test.b, "only_b": test.c})
    return found


def _classes(of_a: Sequence[ScoredRun], of_b: Sequence[ScoredRun]) -> list[dict]:
    """For each class: the difference of recall (mean over the pairs), and the sign-flip test on the images of that class."""
    names, labels = of_a[0].record["classes"], of_a[0].record.outputs(SPLIT)[0]
    a, b = (np.stack([right(run) for run in runs]).astype(np.int64) for runs in (of_a, of_b))
    difference = a.sum(axis=0) - b.sum(axis=0)
    found = []
    for k, name in enumerate(names):
        own = difference[labels == k]
        if len(own):
            found.append({"class": name, "n": len(own), "difference": float(own.mean() / len(a)), "p": sign_flip_exact(own)})
    for entry, p in zip(found, holm([entry["p"] for entry in found]), strict=True):
        entry["p_holm"] = p
    return found


def _disagree(of_a: Sequence[ScoredRun], of_b: Sequence[ScoredRun], task: str) -> tuple[np.ndarray, np.ndarray]:
    """(all test ids; row numbers, int64, of the faces on which A and B disagree). Faces on which most pairs disagree come
    first; for valence and arousal, those with the largest distance."""
    ids = of_a[0].record.predictions[f"{SPLIT}_ids"]
    a, b = (np.stack([run.record.outputs(SPLIT)[1] for run in runs]).astype(np.float64) for runs in (of_a, of_b))
    if task == "categorical":
        apart = (a.argmax(axis=2) != b.argmax(axis=2)).mean(axis=0)
        rows = np.flatnonzero(apart > 0)
    else:
        apart = np.linalg.norm(a - b, axis=2).mean(axis=0)
        rows = np.flatnonzero(apart > FAR)
    return ids, rows[np.argsort(-apart[rows], kind="stable")]


def _pairs_of(number: int) -> str:
    return "1 pair of networks" if number == 1 else f"{number} pairs of networks"


def _p(value: float | None) -> str:
    return "not defined" if value is None else ("< 0.001" if value < 0.001 else f"{value:.3f}")


def _cost(value: float | None) -> str:
    return "not known" if value is None else (f"{value:,}" if isinstance(value, int) else f"{value:.2f}")


def _ratio(a: float | None, b: float | None) -> str:
    return f" (A / B = {a / b:.3g})" if a and b else ""
