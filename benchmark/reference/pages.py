"""All pages by their file names."""

from collections.abc import Callable
from pathlib import Path

from benchmark.reference import carried, commands, measures, metrics, outside, protocols, python, runs, verdicts
from benchmark.reference.markdown import page, table

FOLDER = Path("docs/reference")
# File name without .md -> (the page, what it holds in one line). In the order of the index.
PAGES: dict[str, tuple[Callable[[], str], str]] = {
    "commands": (commands.commands, "every command with its options; exit statuses"),
    "python": (python.python, "every function and result of the Python interface"),
    "profiles": (runs.profiles, "every plan: its data, protocols, cells and seeds"),
    "protocols": (protocols.protocols, "every protocol with all its values, and what each field means"),
    "recipes": (protocols.recipes, "every training recipe; what differs from the authors' script"),
    "tuning": (runs.tuning, "which values were tried, on the validation split, and what came out"),
    "metrics": (metrics.metrics, "every metric: definition, range, special cases, source"),
    "statistics": (metrics.statistics, "intervals and tests: methods, assumptions, simulated coverage"),
    "rules": (verdicts.rules, "the rules of the verdicts on the papers' claims, and every change of them"),
    "checks": (verdicts.checks, "what a record is checked for, and what no check finds"),
    "gradients": (measures.gradients, "what `ferbench gradients` measures, and its plans"),
    "robustness": (
        measures.robustness,
        "corruptions and their parameters; comparing two rows; calibration",
    ),
    "models": (outside.models, "files of predictions, kinds of models, their declared input, mistakes"),
    "carried": (carried.carried, "the networks that `ferbench predict` carries: a model card; the face finder"),
    "leaderboard": (outside.leaderboard, "every key of reports/leaderboard.json"),
    "release": (outside.release, "what the authors' release proves, how its weights are converted, what is not known"),
    "audit": (measures.audit, "how copies and odd labels are found, with the figures behind each limit; raters"),
    "bias": (measures.bias, "what is known of bias in each data set; results by subgroup"),
    "speed": (measures.speed, "what makes training fast, with measured figures"),
    "machines": (runs.machines, "time budgets, the first use of a GPU, Ray: in detail"),
}


def written() -> dict[str, str]:
    """File name -> contents of every page, the index among them."""
    made = {f"{name}.md": function() for name, (function, _) in PAGES.items()}
    return {"README.md": _index(), **made}


def _index() -> str:
    rows = ((f"[{name}]({name}.md)", holds) for name, (_, holds) in PAGES.items())
    return page("Reference", "the code", table(("page", "holds"), rows))
