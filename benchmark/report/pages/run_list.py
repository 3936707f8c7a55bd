"""The cells of a protocol and their runs, as pages show them: how each was made, its course, the command that repeats it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.protocol.protocol import load_protocol, protocol_names
from benchmark.protocol.turned import changes
from benchmark.records.comparisons import Comparison, ScoredRun
from benchmark.records.metrics import METRICS, blocks
from benchmark.records.record import Record
from benchmark.records.written import number
from benchmark.report.pages.addresses import Addresses
from benchmark.report.pages.sparkline import sparkline
from benchmark.report.wording import counted


@dataclass(frozen=True)
class RunView:
    """One run.

    Attributes:
        address: of its page.
        folder: its record's folder, relative to the report's.
        score: the primary metric as shown, or "diverged".
        facts: name -> value, from the record.
        scores: name -> value as shown, for the first block of metrics in the results table.
        history: rows of epoch, learning rate, losses and metrics, as shown.
        curve: the validation metric per epoch as SVG; "" for fewer than two epochs.
        command: repeats this run.
    """

    address: str
    record: Record
    folder: str
    score: str
    facts: Mapping[str, str]
    scores: Mapping[str, str]
    history: Sequence[Sequence[str]]
    curve: str
    command: str


@dataclass(frozen=True)
class CellView:
    """A cell under a protocol, with its runs. `options`: name -> value as shown. `command`: repeats all its runs."""

    label: str
    cell: Mapping
    options: Mapping[str, str]
    cell_hash: str
    parameters: int
    runs: Sequence[RunView]
    command: str


def command(protocol: str, cell: str, seeds: Sequence[int]) -> str:
    """The command line that makes these runs. A protocol that the suite does not have is a file of that name."""
    if protocol not in protocol_names():
        protocol = f"./{protocol}.yaml"
    return shlex.join(["python", "-m", "benchmark", "run", protocol, cell, "--seeds", *map(str, seeds)])


def _command(comparison: Comparison, cell: str, seeds: Sequence[int]) -> str:
    """As `command`; a turned protocol is in no file, and DVC makes its runs."""
    values = changes(comparison.protocol)
    if not values:
        return command(comparison.protocol["name"], cell, seeds)
    base = comparison.protocol["based_on"].partition(" ")[0]
    turning = [word for key, value in values.items() for word in ("-S", f"protocols.{base}.{key}={value}")]
    return shlex.join(["dvc", "exp", "run", *turning])


def cells_of(comparison: Comparison, addresses: Addresses, records: str, root: Path) -> list[CellView]:
    """The cells of a protocol, in the order of the tables.

    Args:
        records: link from the report's folder to that of the records.
        root: that folder.
    """
    found = []
    for label, runs in comparison.runs.items():
        cell, first = comparison.cell(label), runs[0].record
        seeds = [run.record.seed for run in runs]
        found.append(
            CellView(
                label=label,
                cell=cell,
                options={key: _plain(value) for key, value in cell["options"].items()},
                cell_hash=first["cell_hash"],
                parameters=first["parameters"],
                runs=[_run(comparison, run, addresses, records, root) for run in runs],
                command=_command(comparison, cell["name"], seeds),
            )
        )
    return found


def present_version(comparison: Comparison) -> bool:
    """Whether the suite's protocol of that name still has the hash under which these runs were made."""
    name = comparison.protocol["name"]
    return name in protocol_names() and load_protocol(name).hash == comparison.protocol_hash


def _run(comparison: Comparison, run: ScoredRun, addresses: Addresses, records: str, root: Path) -> RunView:
    record, task = run.record, comparison.task
    scores = {}
    for name in blocks(task)[0]:
        value = run.scores["none"][name] if "none" in run.scores else None
        if value is not None:
            scores[METRICS[name].title] = _shown(value, name)
    primary = run.scores["none"][comparison.primary] if "none" in run.scores else None
    data = record["data"]
    selected, epochs = record["selected_epoch"], len(record["history"])
    facts = {
        "Selected epoch": f"{selected or 'no single one'}, of {counted(epochs, 'epoch')}",
        "Data": f"{data['name']} {data['version']}, fingerprint {data['fingerprint']}",
        "Training sources": f"digest {record['code']}",
        "Predictions": f"SHA-256 {record['predictions_sha256'] or 'none: diverged'}",
    }
    metric = comparison.selection_metric
    return RunView(
        address=addresses.run(record),
        record=record,
        folder=f"{records}/{record.directory.relative_to(root).as_posix()}",
        score="diverged" if record.diverged else "not defined" if primary is None else _shown(primary, comparison.primary),
        facts=facts,
        scores=scores,
        history=[_epoch(entry, metric, METRICS[comparison.primary].unit) for entry in record["history"]],
        curve=_curve(record, metric),
        command=_command(comparison, record.cell, [record.seed]),
    )


def _curve(record: Record, metric: str) -> str:
    values = [entry["validation"][metric] for entry in record["history"] if entry["validation"]]
    if len(values) < 2:
        return ""
    words = f"validation {metric.replace('_', ' ')} by epoch, from {values[0]:.3f} to {values[-1]:.3f}"
    marked = record["selected_epoch"]
    return sparkline(values, words + (f"; epoch {marked} selected" if marked else ""), marked - 1 if marked else None)


def _epoch(entry: Mapping, metric: str, unit: str) -> list[str]:
    def shown(part: str, key: str) -> str:
        value = (entry[part] or {}).get(key)
        return "" if value is None else f"{value:.4g}" if key == "loss" else number(value, unit)

    loss = entry["train_loss"]
    return [
        str(entry["epoch"]),
        f"{entry['learning_rate']:.3g}",
        "not finite" if loss is None else f"{loss:.4g}",
        shown("validation", "loss"),
        shown("validation", metric),
        shown("test", metric),
    ]


def _shown(value: float, name: str) -> str:
    unit = METRICS[name].unit
    return number(value, unit) + (" %" if unit == "%" else "")


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if value is None:
        return "not recorded"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}" if isinstance(value, float) else str(value)
