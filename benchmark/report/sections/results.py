"""The results tables of one protocol: results, classes, selection rules and test-time augmentation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmark.records import metrics
from benchmark.records.comparisons import Comparison, seeds_interval
from benchmark.records.metrics import METRICS, Range, possible, possible_difference
from benchmark.records.optimism import run_picks
from benchmark.records.statistics import paired_t_over_seeds
from benchmark.records.written import number
from benchmark.report.sections.videos import videos
from benchmark.report.tables import (
    INTERVAL_NOTE,
    TRUST_NOTE,
    UNMARKED,
    Best,
    Entry,
    Table,
    differing,
    measured,
    not_tested,
    seeds,
    text,
    title,
)

CLASSES_A_BLOCK = 4  # so few that a printed table fits on the page


def tables(comparison: Comparison, references: Sequence[Mapping[str, Entry]] = (), best: Best = UNMARKED) -> list[Table]:
    """The results tables of a protocol, in the order of its page. Arguments as of `results`."""
    own = [results(comparison, references, best)]
    if comparison.task == "categorical":
        own.append(per_class(comparison))
    if comparison.protocol.get("frames_of"):
        own.append(videos(comparison, metrics.blocks(comparison.task)))
    return [*own, selection(comparison), augmentation(comparison)]


def results(comparison: Comparison, references: Sequence[Mapping[str, Entry]] = (), best: Best = UNMARKED) -> Table:
    """Every metric without test-time augmentation. Below are the scores of a constant prediction and the rows `references`
    (people). `best`: the cells whose primary metric is marked."""
    blocks = metrics.blocks(comparison.task)
    names = [name for block in blocks for name in block]
    rows = [{"cell": text(label)} | _n(comparison, label) for label in comparison.runs]
    rates = {label: rate for label in comparison.runs if (rate := comparison.cell(label).get("learning_rate")) is not None}
    of_recipe = comparison.protocol["recipe"]["learning_rate"]
    for row, label in zip(rows, comparison.runs, strict=True):
        row["trust"] = text(comparison.trust(label))
        if rates:
            row["rate"] = Entry(f"{rates.get(label, of_recipe):g}", {"": rates.get(label, of_recipe)})
        for name in names:
            row[name] = value_entry(comparison, label, name)
        row[comparison.primary] = replace(row[comparison.primary], best=label in best.cells)
    if comparison.targets is not None:
        rows.append(_constant(comparison, names))
    rows.extend(references)
    rate = {"rate": "Learning rate"} if rates else {}
    return Table(
        name=f"{comparison.slug}-results",
        title=f"{comparison.slug}: results on the test split",
        notes=(comparison.header, "TTA: none", INTERVAL_NOTE, TRUST_NOTE, *best.note),
        columns={"cell": "Cell", "n": "Seeds"} | rate | {"trust": "Trust"} | {name: title(name) for name in names},
        rows=rows,
        labels=("cell", "n", *rate),
        blocks=[(*blocks[0], "trust"), *blocks[1:]],
    )


def per_class(comparison: Comparison) -> Table:
    """Recall and precision of every class."""
    columns, blocks = {"cell": "Cell", "n": "Seeds"}, []
    for measure in ("recall", "precision"):
        keys = {f"{measure}_{name}": f"{measure} {name}, %" for name in comparison.classes}
        columns |= keys
        blocks += [list(keys)[i : i + CLASSES_A_BLOCK] for i in range(0, len(keys), CLASSES_A_BLOCK)]
    rows = []
    for label in comparison.runs:
        row = {"cell": text(label)} | _n(comparison, label)
        for measure in ("recall", "precision"):
            for k, name in enumerate(comparison.classes):
                values = comparison.values(label, lambda scores, m=measure, k=k: scores[m][k])
                row[f"{measure}_{name}"] = _measured(values, "%", possible(measure))
        rows.append(row)
    support = np.bincount(comparison.targets, minlength=len(comparison.classes)) if comparison.targets is not None else ()
    images = ", ".join(f"{name} {count}" for name, count in zip(comparison.classes, support, strict=False))
    return Table(
        name=f"{comparison.slug}-classes",
        title=f"{comparison.slug}: recall and precision of each class on the test split",
        notes=(comparison.header, "TTA: none", INTERVAL_NOTE, f"Test images: {images or 'not known'}"),
        columns=columns,
        rows=rows,
        labels=("cell", "n"),
        blocks=blocks,
    )


def selection(comparison: Comparison) -> Table:
    """The test metric at the epoch that each selection rule picks, from the histories of the runs."""
    metric, unit, within = comparison.selection_metric, METRICS[comparison.primary].unit, possible(comparison.primary)
    beyond = (0.0, possible_difference(comparison.primary)[1])  # the best epoch is never below another one
    rules = {"last": "Last", "best_validation": "Best on validation", "oracle": "Best on test (oracle)"}
    rows = []
    for label, runs in comparison.runs.items():
        row = {"cell": text(label)}
        picked = {
            run.record.seed: run_picks(run.record, metric)
            for run in runs
            if not run.record.diverged and run.record["history"]
        }
        finished = comparison.finished(label)
        if finished and len(picked) < finished:
            entry = not_tested("a record has no per-epoch history")
            row |= {"n": seeds(0, comparison.diverged(label))} | dict.fromkeys([*rules, "optimism"], entry)
        else:
            row |= _n(comparison, label)
            for rule in rules:
                row[rule] = _measured({seed: pick[rule] for seed, pick in picked.items()}, unit, within)
            if picked:
                gain = [[pick[rule] for pick in picked.values()] for rule in ("oracle", "best_validation")]
                row["optimism"] = differing(paired_t_over_seeds(*gain), unit, beyond)
            else:
                row["optimism"] = row["oracle"]
        rows.append(row)
    shown = title(comparison.primary)
    points = "points" if unit == "%" else METRICS[comparison.primary].title
    return Table(
        name=f"{comparison.slug}-selection",
        title=f"{comparison.slug}: what the selection rule is worth ({shown})",
        notes=(
            comparison.header,
            "TTA: none",
            INTERVAL_NOTE,
            "Best on test picks the epoch by the test images themselves: it shows how optimistic that would be and is "
            "used nowhere else",
        ),
        columns={"cell": "Cell", "n": "Seeds"} | rules | {"optimism": f"Oracle minus best on validation, {points}"},
        rows=rows,
        labels=("cell", "n"),
    )


def augmentation(comparison: Comparison) -> Table:
    """The primary metric with each test-time augmentation, and its paired difference to "none"."""
    metric, within = METRICS[comparison.primary], possible(comparison.primary)
    change = possible_difference(comparison.primary)
    kinds = list(comparison.protocol["tta"])
    columns = {"cell": "Cell", "n": "Seeds"} | {f"tta_{kind}": f"TTA {kind}" for kind in kinds}
    points = "points" if metric.unit == "%" else metric.title
    columns |= {f"gain_{kind}": f"{kind} minus none, {points}" for kind in kinds[1:]}
    rows = []
    for label in comparison.runs:
        row = {"cell": text(label)} | _n(comparison, label)
        plain = comparison.metric(label, comparison.primary)
        for kind in kinds:
            values = comparison.metric(label, comparison.primary, kind)
            if comparison.finished(label) and set(values) != set(plain):
                row[f"tta_{kind}"] = not_tested(f"{len(values)} of {len(plain)} records have {kind}")
            else:
                row[f"tta_{kind}"] = _measured(values, metric.unit, within)
            common = sorted(set(values) & set(plain))
            if kind == "none":
                continue
            pairs = [[chosen[seed] for seed in common] for chosen in (values, plain)]
            if not common or None in pairs[0] + pairs[1]:
                row[f"gain_{kind}"] = row[f"tta_{kind}"]
            else:
                row[f"gain_{kind}"] = differing(paired_t_over_seeds(*pairs), metric.unit, change)
        rows.append(row)
    return Table(
        name=f"{comparison.slug}-tta",
        title=f"{comparison.slug}: test-time augmentation ({title(comparison.primary)})",
        notes=(comparison.header, "TTA: one column each", INTERVAL_NOTE),
        columns=columns,
        rows=rows,
        labels=("cell", "n"),
    )


def value_entry(comparison: Comparison, label: str, name: str) -> Entry:
    """The entry for a metric of a cell without test-time augmentation. All tables use it."""
    return _measured(comparison.metric(label, name), METRICS[name].unit, possible(name))


def constant_answer(comparison: Comparison) -> tuple[str, dict]:
    """(name, metrics) of the best constant prediction on the test split: its most frequent class, or its mean targets."""
    targets = comparison.targets
    if comparison.task == "dimensional":
        constant = np.broadcast_to(targets.mean(axis=0, dtype=np.float64), targets.shape)
        return "constant: mean test target", metrics.dimensional(targets, constant)
    majority = int(np.bincount(targets).argmax())
    scores = np.zeros((len(targets), len(comparison.classes)))
    scores[:, majority] = 1
    name = f"constant: majority class of the test split ({comparison.classes[majority]})"
    return name, metrics.categorical(targets, scores, comparison.classes)


def _constant(comparison: Comparison, names: list[str]) -> dict[str, Entry]:
    name, values = constant_answer(comparison)
    # A constant class has no scores, so metrics that need scores are left out.
    own = names if comparison.task == "dimensional" else [n for n in names if METRICS[n].block != metrics.SCORES]
    row = {"cell": text(name), "n": Entry("reference", {"note": "reference"})}
    for metric in own:
        value, unit = values[metric], METRICS[metric].unit
        row[metric] = (
            Entry("not defined", {"note": "not defined"}) if value is None else Entry(number(value, unit), {"mean": value})
        )
    return row


def _n(comparison: Comparison, label: str) -> dict[str, Entry]:
    return {"n": seeds(comparison.finished(label), comparison.diverged(label))}


def _measured(values: Mapping[int, float | None], unit: str, within: Range) -> Entry:
    if not values:
        return Entry("diverged", {"note": "diverged"})
    return measured(seeds_interval(values), lambda v: number(v, unit), within)
