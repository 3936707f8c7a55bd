"""What a page finds, in a sentence or two, computed from what its tables show."""

from collections.abc import Callable, Sequence
from functools import partial

from benchmark.claims.judge import Judged
from benchmark.records.comparisons import Comparison, seeds_interval
from benchmark.records.metrics import METRICS, possible
from benchmark.records.written import bracketed, number
from benchmark.report.extremes import at_end, comparable, equal, held
from benchmark.report.pages import prose
from benchmark.report.parts import Contents, Section
from benchmark.report.tables import Table
from benchmark.report.wording import count, numeral


def shown_value(comparison: Comparison, label: str) -> str:
    """The primary metric of a cell, mean over seeds with its interval; why there is none, if there is none."""
    interval = seeds_interval(comparison.metric(label, comparison.primary))
    if interval is None:
        return "diverged" if not comparison.finished(label) else "not defined"
    unit = METRICS[comparison.primary].unit
    return bracketed(interval, partial(number, unit=unit), possible(comparison.primary)) + (" %" if unit == "%" else "")


def primary_in_words(comparison: Comparison) -> str:
    """The primary metric within a sentence: "test accuracy", "test CCC mean"."""
    title = METRICS[comparison.primary].title
    return f"test {title.lower() if title[1:].islower() else title}"  # CCC is written so


def shortcut_tables(contents: Contents) -> dict[str, Table]:
    """Protocol of the suite -> its table of bounded shortcuts against identity."""
    return {s.comparison.slug: table for s in contents.sections if (table := _shortcuts(s)) is not None}


def of_section(section: Section, words: Callable[[str, str], str], judged: Sequence[Judged]) -> list[str]:
    """The highest mean under a protocol, and how many differences of bounded shortcuts to identity are significant."""
    comparison, slug = section.comparison, section.comparison.slug
    metric = METRICS[comparison.primary]
    means = {
        label: interval.mean
        for label in comparison.runs
        if (interval := seeds_interval(comparison.metric(label, comparison.primary))) is not None
    }
    own = {label: means[label] for label in comparable(comparison, means)}
    found = []
    if own:
        best = at_end(own, partial(number, unit=metric.unit), highest=metric.direction == "higher")
        lost = comparison.diverged(best[0])
        many = count(comparison.finished(best[0]), "seed") + (f", {numeral(lost)} diverged" if lost else "")
        others = f"; {equal(best)}" if len(best) > 1 else ""
        others += ", without TTA" if comparison.protocol["tta"] != ["none"] else ""
        which = primary_in_words(comparison)
        which = f"Highest {which} of this suite's cells" if len(own) > 1 else f"{which[0].upper()}{which[1:]}"
        found.append(f"{which}: {shown_value(comparison, best[0])}, {words(slug, best[0])} ({many}{others}).")
    found += held(comparison, means)
    table = _shortcuts(section)
    return found if table is None else [*found, *prose.shortcut_sentences({slug: table}, judged)]


def _shortcuts(section: Section) -> Table | None:
    slug = section.comparison.slug
    own = () if section.comparison.own else section.tables
    return next((table for table in own if table.name == f"{slug}-shortcuts"), None)
