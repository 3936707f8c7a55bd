"""Groups records into comparisons: sets of runs that may appear in one table. Every metric is computed once, here."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.errors import BadInput
from benchmark.faces.fingerprints import is_other, known_as
from benchmark.files import Json
from benchmark.protocol.protocol import SELECTION_METRIC, protocol_names
from benchmark.records import metrics
from benchmark.records.axes import sort_key
from benchmark.records.grouping import cell_labels, folder_of, identity_of, on_other_bytes, slugs_of, without_duplicates
from benchmark.records.intervals import Interval, t_interval
from benchmark.records.record import Record
from benchmark.records.trust import PREDICTIONS, Entries, level, lowest

SPLIT = "test"


@dataclass(frozen=True)
class ScoredRun:
    """A record with the metrics of its test predictions. `scores`: test-time augmentation -> metric name -> value.
    `trust`: its level (`benchmark.records.trust`)."""

    record: Record
    scores: Mapping[str, Mapping[str, Json]]
    trust: str = PREDICTIONS


@dataclass(frozen=True)
class Comparison:
    """Runs under one protocol file on one edition of the data.

    Attributes:
        slug: name of its tables and figures: the protocol's name, plus version, hash or data fingerprint if records of
            that protocol name differ in them.
        runs: cell label -> its runs, sorted by seed; the cells are in the order of the tables.
        targets: test labels int (N,), or valence and arousal float (N, 2); None if every run diverged.
        unfinished: cell label -> how many of its planned seeds have a record, for cells that may be compared only when all
            planned seeds have one (`benchmark.report.plans`).
    """

    slug: str
    protocol: Mapping[str, Json]
    protocol_hash: str
    data: Mapping[str, Json]
    runs: Mapping[str, tuple[ScoredRun, ...]]
    targets: np.ndarray | None
    unfinished: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether the protocol is one that the suite does not have: somebody's own. It then shares no table, figure or claim
        with the suite's."""
        return self.protocol["name"] not in protocol_names()

    @property
    def task(self) -> str:
        """ "categorical" or "dimensional"."""
        task: str = self.protocol["task"]
        return task

    @property
    def classes(self) -> list[str]:
        """Class names in label order; empty for valence and arousal."""
        return list(self.protocol["classes"])

    @property
    def primary(self) -> str:
        """The metric that selects epochs and in which differences are tested, by its name in `benchmark.records.metrics`."""
        return metrics.PRIMARY[self.task]

    @property
    def selection_metric(self) -> str:
        """The key of the `primary` metric in a record's history."""
        return SELECTION_METRIC[self.task]

    def trust(self, label: str) -> str:
        """The trust level of a cell: the lowest of its runs."""
        return lowest(run.trust for run in self.runs[label])

    def cell(self, label: str) -> Mapping[str, Json]:
        """Name, model, options and loss of a cell."""
        cell: Mapping[str, Json] = self.runs[label][0].record["cell"]
        return cell

    def diverged(self, label: str) -> int:
        """How many of a cell's runs diverged."""
        return sum(run.record.diverged for run in self.runs[label])

    def finished(self, label: str) -> int:
        """How many of a cell's runs finished."""
        return len(self.runs[label]) - self.diverged(label)

    def waits(self, *labels: str) -> str:
        """Why these cells are not compared yet; "" if nothing prevents it."""
        return "; ".join(f"{label}: {self.unfinished[label]}" for label in labels if label in self.unfinished)

    def values(
        self, label: str, value: Callable[[Mapping[str, Json]], float | None], tta: str = "none"
    ) -> dict[int, float | None]:
        """Seed -> `value` of the metrics of each finished run that was evaluated with `tta`."""
        return {run.record.seed: value(run.scores[tta]) for run in self.runs[label] if tta in run.scores}

    def metric(self, label: str, name: str, tta: str = "none") -> dict[int, float | None]:
        """Seed -> metric `name` of each finished run that was evaluated with `tta`."""
        return self.values(label, lambda scores: scores[name], tta)

    @property
    def edition(self) -> str:
        """The name of the data's edition in parentheses, or the remark that its bytes are none of the known editions. "" if
        no editions of the data are known."""
        data = self.data["name"], self.data["version"], self.data["fingerprint"]
        what = "other bytes than the known editions" if is_other(*data) else known_as(*data)
        return f" ({what})" if what else ""

    @cached_property
    def header(self) -> str:
        """Protocol, test images and selection rule: the first note of every table and figure caption."""
        protocol = self.protocol
        images = "number not known (every run diverged)" if self.targets is None else f"{len(self.targets):,} images"
        rules = {
            "last": "last (the last epoch of the budget)",
            "best-validation": f"best-validation (first epoch of the best validation {self.selection_metric})",
        }
        data = f"{self.data['name']} {self.data['version']}"
        if folds := protocol.get("folds"):
            tested = f"test: every face of {data} once, out of fold ({len(folds)} folds)"
        else:
            tested = f"test split {protocol['splits'][SPLIT]} of {data}"
        what = "Own protocol, which the suite does not have," if self.own else "Protocol"
        if base := protocol.get("based_on"):
            what = f"{base} with other values, as the name says: protocol"
        return (
            f"{what} {protocol['name']} version {protocol['version']} (hash {self.protocol_hash}); "
            f"{tested}{self.edition}, {images}; "
            f"selection rule: {rules[protocol['selection']]}"
        )


@dataclass(frozen=True)
class Summary:
    """All comparisons, with remarks and outside entries.

    Attributes:
        comparisons: sorted by slug; those under protocols that the suite does not have come last.
        remarks: one sentence about each thing that was kept apart or left out.
        outside: models that were not trained here, by protocol and name. They are in no comparison: a comparison is between
            networks trained in the same way.
    """

    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...] = field(default=())
    outside: tuple[ScoredRun, ...] = field(default=())

    @property
    def runs(self) -> tuple[ScoredRun, ...]:
        """Every run and every outside model."""
        return (*(run for c in self.comparisons for own in c.runs.values() for run in own), *self.outside)

    @property
    def of_suite(self) -> tuple[Comparison, ...]:
        """The comparisons under protocols of the suite."""
        return tuple(comparison for comparison in self.comparisons if not comparison.own)


def seeds_interval(values: Mapping[int, float | None]) -> Interval | None:
    """t-interval over seeds; None if there is no value or if one is not defined (None)."""
    numbers = metrics.defined(values.values())
    return t_interval(numbers) if numbers else None


def summarise(
    records: Iterable[Record],
    root: Path,
    apart: Mapping[Path, Sequence[str]] | None = None,
    verified: Entries | None = None,
    *,
    without_runs: bool = False,
) -> Summary:
    """Group and score records that were examined (`benchmark.records.examine.gather`).

    What is kept apart:

    * outside entries (`Record.outside`), which are in no comparison;
    * records of one protocol name with different protocol versions, protocol hashes or data fingerprints;
    * records made on bytes that are none of the known editions of their data. They are marked even if there are no others;
    * records of one cell name with different cell hashes.

    A second record of the same run is left out. One in the pipeline's folder, <protocol>/<cell>/seed<k>, takes precedence
    over one elsewhere, such as below ``imported/``.

    Args:
        root: the folder of the records; remarks name records relative to it.
        apart: folders of records that were set apart -> what is wrong with them; each gets a remark.
        verified: what was verified here (`trust.read_verification`); it decides the trust levels.
        without_runs: outside entries alone are enough. A report wants a run.

    Raises:
        BadInput: no record of a run, or none at all; records of one comparison whose test ids or targets differ; damaged
            predictions.
    """
    records = list(records)
    remarks = [
        f"{folder.relative_to(root).as_posix()}: set apart: {'; '.join(why)}." for folder, why in (apart or {}).items()
    ]
    outside = sorted((r for r in records if r.outside is not None), key=lambda r: (r.protocol, r.cell, folder_of(r, root)))
    records = [record for record in records if record.outside is None]
    if not records and not (without_runs and outside):
        found = f"no record that is in order; {remarks[0]}" if remarks else "no record"
        raise BadInput(root, found, "at least one run's record (ferbench run, or ferbench import)")
    groups = defaultdict(list)
    for record in records:
        groups[identity_of(record)].append(record)
    slugs = slugs_of(list(groups), remarks)
    comparisons = []
    names = protocol_names()
    for identity in sorted(groups, key=lambda each: (each[0] not in names, slugs[each])):
        slug = slugs[identity]
        kept = without_duplicates(groups[identity], root, remarks)
        labels = cell_labels(slug, kept, remarks)
        _check_targets(kept)
        runs = defaultdict(list)
        for record in sorted(kept, key=lambda r: r.seed):
            runs[labels[record.cell, record["cell_hash"]]].append(_scored(record, root, verified or {}))
        cells = {label: tuple(runs[label]) for label in sorted(runs, key=lambda c: sort_key(c, runs[c][0].record["cell"]))}
        finished = next((record for record in kept if not record.diverged), None)
        targets = None if finished is None else finished.predictions[f"{SPLIT}_targets"]
        first = kept[0]
        if on_other_bytes(first):
            remarks.append(
                f"{slug}: these records were made on other bytes of {first['data']['name']} {first['data']['version']} than "
                f"the known ones of benchmark/faces/fingerprints.yaml (fingerprint {first['data']['fingerprint'][:16]}), "
                "so they stand in tables of their own."
            )
        comparisons.append(Comparison(slug, first["protocol"], first["protocol_hash"], first["data"], cells, targets))
    scored = tuple(_scored(record, root, verified or {}) for record in outside)
    return Summary(tuple(comparisons), tuple(remarks), scored)


def frame(summary: Summary, root: Path) -> pd.DataFrame:
    """A table with one row per protocol, cell, seed and test-time augmentation, and every scalar metric (fractions, not
    percent).

    A diverged run has one row without metrics. The column `record` is the record's folder relative to `root`.
    """
    rows = []
    for comparison in summary.comparisons:
        for label, runs in comparison.runs.items():
            for run in runs:
                record = run.record
                row = {"protocol": comparison.slug, "cell": label, "seed": record.seed, "status": record["status"]}
                known = {
                    "trust": run.trust,
                    "selected_epoch": record["selected_epoch"],
                    "code": record["code"],
                    "predictions_sha256": record["predictions_sha256"],
                    "record": folder_of(record, root),
                }
                for tta, scores in run.scores.items() or [(None, {})]:
                    numbers = {name: scores.get(name) for name, m in metrics.METRICS.items() if m.task == comparison.task}
                    rows.append(row | {"tta": tta} | numbers | known)
    # Rows lack the metrics of the other task. The columns that tell the origin of a row come last.
    table = pd.DataFrame(rows)
    last = ["trust", "selected_epoch", "code", "predictions_sha256", "record"]
    table["selected_epoch"] = table["selected_epoch"].astype("Int64")
    return table[[c for c in table.columns if c not in last] + last]


def _check_targets(records: list[Record]) -> None:
    finished = [record for record in records if not record.diverged]
    for record in finished[1:]:
        for name in (f"{SPLIT}_ids", f"{SPLIT}_targets"):
            if not np.array_equal(record.predictions[name], finished[0].predictions[name]):
                where = record.directory / "predictions.npz"
                raise BadInput(f"{where}, {name}", "other values", f"those of {finished[0].directory} (same data)")


def _scored(record: Record, root: Path, verified: Entries) -> ScoredRun:
    return ScoredRun(record, scores_of(record), level(record, folder_of(record, root), verified))


def scores_of(record: Record) -> dict[str, dict[str, Json]]:
    """`ScoredRun.scores` of a record: test-time augmentation -> every metric of its test predictions; {} if it diverged."""
    scores = {}
    for tta in record.tta if not record.diverged else ():
        if f"{SPLIT}_outputs_{tta}" in record.predictions:
            scores[tta] = metrics_of(record, SPLIT, tta)
    return scores


def metrics_of(record: Record, split: str = SPLIT, tta: str = "none") -> dict[str, Json]:
    """Every metric of a record's outputs for one split and test-time augmentation (`benchmark.records.metrics`)."""
    targets, outputs = record.outputs(split, tta)
    if record["protocol"]["task"] == "categorical":
        return metrics.categorical(targets, outputs, record["classes"], hard=record.hard)
    return metrics.dimensional(targets, outputs)
