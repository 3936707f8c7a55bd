"""Records and complexity -> reports/: everything is made in memory first, then written."""

import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from benchmark.atomic import replacing_directory, write_text
from benchmark.claim_list import load_anchors, load_claims
from benchmark.claims import judge
from benchmark.errors import BadInput
from benchmark.records import read_records
from benchmark.report import costs, figures, gradients, grid, plots, results
from benchmark.report.page import Picture, Section, claims_page, link, read_data, readme
from benchmark.report.style import styled, svg
from benchmark.report.summary import Comparison, frame, summarise
from benchmark.report.verdicts import claims_table, optimism_table

SCHEMA = 1
CAPTIONS = {
    "headline": "What a bounded shortcut changes against the identity shortcut",
    "shortcuts": "The shortcuts H(x) = atan(a x / s) / (a s), s = sqrt(1 + c^2), and slopes; adaptive starts at (1, 1)",
    "curves": "loss against epoch; thin: seeds, thick: their mean, grey: validation range of all cells with this loss",
    "confusion": "confusion in percent of the true class, mean over seeds",
    "macs": "test metric against multiply-adds; networks with equal ones stand side by side",
}


def build(
    records: Path = Path("reports/records"),
    complexity: Path = Path("reports/complexity.json"),
    data: Path = Path("reports/data"),
    out: Path = Path("reports"),
) -> None:
    """Make tables, figures, metrics, plots and both pages in `out` from the records alone; same input, same bytes.

    Args:
        records: folder of records, at any depth; see `benchmark.records`.
        complexity: {"schema": 1, "environment": ..., "cells": {"<protocol>/<cell>": what `complexity.measure`
            returns}}; without the file its columns say "not tested".
        data: <name>/audit.json and <name>/contact-sheet.png of prepared data sets; may be missing.
        out: its folders tables, figures, metrics and plots are replaced as a whole; gradients/*.json in it is read.

    Raises:
        BadInput: no record, a damaged one, or records that claim the same data and hold other test images; a
            complexity.json, audit.json or file of gradients that can not be read. Nothing has been written then.
    """
    records, complexity, data, out = (Path(path) for path in (records, complexity, data, out))
    summary = summarise(read_records(records), records)
    counted = _read_complexity(complexity)
    sets = read_data(data, out)
    followed = gradients.read(out / "gradients")
    files: dict[str, bytes] = {}
    with styled():
        sections = [_section(comparison, counted, files) for comparison in summary.comparisons]
        pictures = {name: Picture(f"figures/{name}.svg", CAPTIONS[name]) for name in ("headline", "shortcuts")}
        files["figures/headline.svg"] = svg(figures.headline(summary))
        files["figures/shortcuts.svg"] = svg(figures.shortcut_functions())
        drawn = [drawing for contents in followed for drawing in gradients.drawings(contents)]
        files |= {f"figures/{each.name}.svg": svg(each.figure) for each in drawn}
    along = [gradients.table(contents) for contents in followed]
    along_pictures = [Picture(f"figures/{each.name}.svg", each.caption) for each in drawn]
    judged = judge(load_claims(), summary, counted, followed)
    claims, optimism = claims_table(judged), optimism_table(summary)
    general = [costs.complexity_table(summary, counted), costs.cost_table(summary)]
    of_sections = [table for section in sections for table in (*section.tables, *section.details)]
    for table in [claims, optimism, *of_sections, *general, *along]:
        rendered = {"md": table.markdown(), "csv": table.csv(), "tex": table.latex()}
        files |= {f"tables/{table.name}.{kind}": content.encode() for kind, content in rendered.items()}
    files["tables/runs.csv"] = _csv(frame(summary, records))
    files["plots/history.csv"] = _csv(plots.history(summary))
    files |= {f"plots/learning/{name}.csv": _csv(curve) for name, curve in plots.learning(summary).items()}
    page = readme(summary, sections, claims, optimism, general, pictures, sets, link(records, out), along, along_pictures)
    ledger = claims_page(claims, optimism, judged, load_anchors(), records, link(records, out))
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


def _section(comparison: Comparison, counted: Mapping | None, files: dict[str, bytes]) -> Section:
    slug = comparison.slug
    drawn = {"curves": figures.learning_curves(comparison)}
    if comparison.task == "categorical":
        drawn["confusion"] = figures.confusion(comparison)
        for label, pairs in plots.confusion(comparison).items():
            files[f"plots/confusion/{slug}/{label}.csv"] = _csv(pairs)
    drawn["macs"] = figures.accuracy_against_macs(comparison, counted)
    pictures = []
    for kind, figure in drawn.items():
        caption = f"{slug}: {CAPTIONS[kind]}. {comparison.header}; TTA: none"
        picture = Picture(f"figures/{slug}-{kind}.svg", caption)
        files[picture.file] = svg(figure)
        pictures.append(picture)
    own = results.tables(comparison)
    return Section(comparison, [own[0], *grid.tables(comparison)], own[1:], pictures)


def _read_complexity(path: Path) -> Mapping | None:
    if not path.is_file():
        return None
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise BadInput(path, error, "valid JSON") from error
    if contents.get("schema") != SCHEMA or "cells" not in contents:
        raise BadInput(
            path, f"schema {contents.get('schema')}", f"schema {SCHEMA} with cells; run ferbench complexity again"
        )
    return contents


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()
