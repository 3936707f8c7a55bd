"""Records and complexity -> reports/: everything is made in memory first, then written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from benchmark.claims.judge import judge
from benchmark.claims.load import load_anchors, load_claims, published
from benchmark.files import replacing_directory, write_text
from benchmark.measures.complexity.file import read_complexity
from benchmark.measures.extremes.file import read_faces
from benchmark.measures.gradients import file as gradients_file
from benchmark.measures.robustness.file import Measured, read_robustness
from benchmark.measures.speed.file import read_benches
from benchmark.records.comparisons import Comparison, Summary, frame, summarise
from benchmark.records.record import read_records
from benchmark.report.answer import answer
from benchmark.report.chapters import (
    audits,
    costs,
    gradients,
    humans,
    leaderboard,
    learning_rates,
    robustness,
    training_speed,
)
from benchmark.report.chapters.verdicts import claims_table, optimism_table
from benchmark.report.pages.page import Chapter, Picture, Section, claims_page, link, read_data, readme
from benchmark.report.pages.webpage import webpage
from benchmark.report.plans import held_back
from benchmark.report.sections import figures, grid, pairs, plots, results
from benchmark.report.sections.circumplex import SHOWN, circumplex
from benchmark.report.sections.cost_figure import accuracy_against_cost
from benchmark.report.sections.reliability import reliability
from benchmark.report.style import styled, svg
from benchmark.runs.plan import waiting_for_rates

LEADERBOARDS = (
    "Runs of this suite, models of others evaluated here, and published numbers: three kinds that are made by different "
    "rules and stand in tables of their own, one set a protocol version."
)
ROBUSTNESS = (
    "Corrupted, mirrored and foreign faces as far as ferbench robustness measured them where the weights are; calibration "
    "from the records alone."
)
SPEED = "How this suite's training and evaluation compare with a plain loop over the same network (docs/speed.md)."
CAPTIONS = {
    "headline": (
        "What a bounded shortcut changes against the identity shortcut in the runs that are there; drawn and generated "
        "faces are evidence for no claim, and intervals are not adjusted for their number"
    ),
    "shortcuts": "The shortcuts H(x) = atan(a x / s) / (a s), s = sqrt(1 + c^2), and slopes; adaptive starts at (1, 1)",
    "curves": (
        "loss that the cell is trained with against epoch; thin: seeds, thick: their mean, grey: validation range of all "
        "cells with this loss"
    ),
    "confusion": "confusion in percent of the true class, mean over seeds",
    "reliability": (
        "how often a cell is right against how sure it says it is, all finished seeds together; grey: share of answers"
    ),
    "circumplex": (
        f"valence and arousal of up to {SHOWN} test faces: labels, and predictions of each cell's first finished seed"
    ),
    "costs": "test metric against what a network costs; networks of equal cost stand side by side",
    "scalars": "The shortcut coefficients of the released checkpoint, and the slopes that they give",
}


def build(
    records: Path = Path("reports/records"),
    complexity: Path = Path("reports/complexity.json"),
    data: Path = Path("reports/data"),
    out: Path = Path("reports"),
) -> None:
    """Make tables, figures, metrics, plots and both pages in `out` from the records alone; same input, same bytes.

    Args:
        records: folder of records, at any depth; see `benchmark.records.record`.
        complexity: as `benchmark.measures.complexity.file` describes it; without the file its columns say "not tested".
        data: <name>/audit.json and <name>/contact-sheet.png of prepared data sets; may be missing.
        out: its folders tables, figures, metrics and plots are replaced as a whole; its folders humans (what
            `ferbench ceilings` measured), gradients, robustness, bench and tuning (of the verbs of that name, the last of
            `tune` and `study`) are read, where there are.

    Raises:
        BadInput: no record, a damaged one, or records that claim the same data and hold other test images; a
            complexity.json, audit.json, file of humans, gradients, robustness or bench that can not be read. Nothing has
            been written then.
    """
    records, complexity, data, out = (Path(path) for path in (records, complexity, data, out))
    summary = summarise(read_records(records), records)
    counted = read_complexity(complexity)
    sets, people = read_data(data, out), humans.read_humans(out / "humans")
    faces, anchors = read_faces(out / "faces", summary), load_anchors()
    followed = gradients_file.read(out / "gradients")
    tried = read_robustness(out / "robustness", summary)
    benches = read_benches(out / "bench")
    judged = judge(load_claims(), summary, counted, followed, waiting_for_rates())
    summary = held_back(summary, judged)
    files: dict[str, bytes] = {}
    with styled():
        sections = [_section(comparison, counted, anchors, people, files) for comparison in summary.comparisons]
        headline = Picture("figures/headline.svg", CAPTIONS["headline"], svg(figures.headline(summary)))
        added = chapters(summary, counted, people, followed, tried, benches, anchors, data, out)
    claims, found = claims_table(judged), answer(judged).sentence
    for picture in [headline, *(picture for part in [*sections, *added] for picture in part.pictures)]:
        files[picture.file] = picture.content
    of_sections = [table for section in sections for table in (*section.tables, *section.details)]
    for table in [claims, *of_sections, *(table for chapter in added for table in chapter.tables)]:
        rendered = {"md": table.markdown(), "csv": table.csv(), "tex": table.latex()}
        files |= {f"tables/{table.name}.{kind}": content.encode() for kind, content in rendered.items()}
    files["tables/runs.csv"] = _csv(frame(summary, records))
    files["plots/history.csv"] = _csv(plots.history(summary))
    files |= {f"plots/learning/{name}.csv": _csv(curve) for name, curve in plots.learning(summary).items()}
    page = readme(summary, sections, added, claims, headline, sets, link(records, out), found)
    ledger = claims_page(claims, optimism_table(summary), judged, anchors, records, link(records, out))
    web = webpage(summary, sections, added, claims, judged, anchors, headline, sets, faces, records, out, found)
    for slug, cells in plots.headline_metrics(summary).items():
        for label, values in cells.items():
            files[f"metrics/{slug}/{label}.json"] = (json.dumps(values, indent=1) + "\n").encode()

    for folder in ("tables", "figures", "metrics", "plots"):
        with replacing_directory(out / folder) as temporary:
            for name, content in files.items():
                if name.startswith(f"{folder}/"):
                    path = temporary / name.removeprefix(f"{folder}/")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
    write_text(out / "claims.md", ledger)
    write_text(out / "README.md", page)
    write_text(out / "index.html", web)


def chapters(
    summary: Summary,
    counted: Mapping | None,
    people: humans.Humans,
    followed: Sequence[Mapping],
    tried: Measured,
    benches: Sequence[Mapping],
    anchors: Mapping[str, Mapping],
    data: Path,
    out: Path,
) -> Sequence[Chapter]:
    """The parts of the pages after the protocols, in their order. Call it within `styled`.

    Args:
        counted: contents of complexity.json, or None.
        people: how well people agree.
        followed: contents of the files of gradients.
        tried: what was measured of robustness.
        benches: contents of the files of bench.
        anchors: published figures by data set.
        data: folder of the audits.
        out: the report's folder, where other stages have left their pictures.
    """
    drawn = Picture("figures/shortcuts.svg", CAPTIONS["shortcuts"], svg(figures.shortcut_functions()))
    curves = [Picture(f"figures/{d.name}.svg", d.caption, svg(d.figure)) for d in robustness.drawings(summary, tried)]
    own = [
        Chapter("Leaderboards", [LEADERBOARDS], tables=leaderboard.tables(summary, counted, anchors)),
        Chapter("Robustness and calibration", [ROBUSTNESS], robustness.tables(summary, tried), curves),
        Chapter("Choosing by the test split", tables=[optimism_table(summary)]),
        Chapter(
            "Networks and cost",
            tables=[
                *filter(None, [costs.network_table(counted)]),
                costs.complexity_table(summary, counted),
                costs.cost_table(summary),
            ],
            pictures=[drawn],
        ),
    ]
    if benches:
        growth = training_speed.drawings(benches)
        shown = [Picture(f"figures/{each.name}.svg", each.caption, svg(each.figure)) for each in growth]
        own.append(Chapter("Speed of training", [SPEED], tables=training_speed.tables(benches), pictures=shown))
    if searched := learning_rates.tables(out / "tuning"):
        own.append(Chapter("Learning rates", tables=searched))
    audited = [*audits.tables(summary, data), *humans.tables(people, load_claims())]
    if audited:
        own.append(Chapter("The data, audited", tables=audited))
    if followed:
        along = [drawing for contents in followed for drawing in gradients.drawings(contents)]
        drawings = [Picture(f"figures/{each.name}.svg", each.caption, svg(each.figure)) for each in along]
        own.append(Chapter("Gradients along the units", tables=[gradients.table(c) for c in followed], pictures=drawings))
    scalars = out / "release" / "shortcut-scalars.svg"
    if scalars.is_file():
        picture = Picture("release/shortcut-scalars.svg", CAPTIONS["scalars"], scalars.read_bytes())
        intro = "What the authors' repository proves without its weights: parameters, operations, normalisation, shortcuts."
        pages = [("release-audit.md", "The audit, term by term")]
        own.append(Chapter("The release, audited", [intro], pictures=[picture], links=pages))
    return own


def _section(
    comparison: Comparison, counted: Mapping | None, anchors: Mapping, people: humans.Humans, files: dict[str, bytes]
) -> Section:
    slug = comparison.slug
    drawn = {"curves": figures.learning_curves(comparison)}
    if comparison.task == "categorical":
        drawn["confusion"] = figures.confusion(comparison)
        drawn["reliability"] = reliability(comparison)
        for label, predicted in plots.confusion(comparison).items():
            files[f"plots/confusion/{slug}/{label}.csv"] = _csv(predicted)
    else:
        drawn["circumplex"] = circumplex(comparison)
    others = published(comparison.data["name"], anchors) if comparison.task == "categorical" else []
    drawn["costs"] = accuracy_against_cost(comparison, counted, others)
    pictures = []
    for kind, figure in drawn.items():
        caption = f"{slug}: {CAPTIONS[kind]}. {comparison.header}; TTA: none"
        pictures.append(Picture(f"figures/{slug}-{kind}.svg", caption, svg(figure)))
    own = results.tables(comparison, humans.references(comparison.data["name"], comparison.task, people))
    paired = pairs.table(comparison)
    details = [*own[1:], *([paired] if paired else [])]
    return Section(comparison, [own[0], *grid.tables(comparison)], details, pictures)


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()
