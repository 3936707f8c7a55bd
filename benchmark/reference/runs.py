"""The pages of plans, of searches and of machines."""

from collections.abc import Iterator
from pathlib import Path

from benchmark.files import Json, read_yaml
from benchmark.protocol.protocol import load_protocol
from benchmark.reference.markdown import page, section, sections, table, texts, value
from benchmark.runs.plan import PROFILES, parts
from benchmark.runs.tuning import table as trials
from benchmark.runs.tuning_log import SEARCHES, read_log

FINISHED = ("fer2013-small-recipe",)  # searches whose log is complete; that of the learning rates is a table of the report
RUNS = ("seeds", "runs", "parts")  # what the table of a profile's runs shows; the rest of its entry is told above it
RATES = "Learning rates of the study"  # the section of tuning.yaml that belongs to a log
LOGS = Path(__file__).parents[2] / "reports" / "tuning"


def profiles() -> str:
    """Every plan of profiles.yaml."""
    every: dict[str, Json] = read_yaml(PROFILES)
    return page(
        "Profiles",
        "`benchmark/runs/profiles.yaml`",
        "A profile is a plan: protocols x cells x seeds. `ferbench profile NAME` writes it into params.yaml; `dvc repro` or "
        "`ferbench run --profile NAME` carries it out.",
        table(("profile", "data", "protocols", "cells", "runs"), (_row(name) for name in every)),
        *(part for name, entry in every.items() for part in _profile(name, entry)),
    )


def _row(name: str) -> list[str]:
    runs = [run for part in parts(name) for run in part]
    names = dict.fromkeys(run.protocol.name for run in runs)
    data = dict.fromkeys(load_protocol(one).data for one in names)
    cells = len({(run.protocol.name, run.cell.name) for run in runs})
    return [f"[{name}](#{name})", ", ".join(data), ", ".join(names), str(cells), str(len(runs))]


def _profile(name: str, entry: dict[str, Json]) -> Iterator[str]:
    yield f"## {name}"
    said = {key: each if isinstance(each, str) else value(each) for key, each in entry.items() if key not in RUNS}
    if said:
        yield "\n".join(f"- {key}: {each}" for key, each in said.items())
    several = len(parts(name)) > 1
    cells: dict[tuple[int, str, str], list[str]] = {}
    for number, part in enumerate(parts(name), start=1):
        seeds: dict[tuple[str, str], list[int]] = {}
        for run in part:
            seeds.setdefault((run.protocol.name, run.cell.name), []).append(run.seed)
        for (protocol, cell), own in seeds.items():
            cells.setdefault((number, protocol, ", ".join(map(str, own))), []).append(f"`{cell}`")
    head = ("part", "protocol", "seeds", "cells") if several else ("protocol", "seeds", "cells")
    rows = ((*place, ", ".join(own)) for place, own in cells.items())
    yield table(head, (row if several else row[1:] for row in rows))


def tuning() -> str:
    """What was tried for each recipe, and the searches that there are."""
    logs = (part for name in FINISHED for part in (f"### {name}", "\n".join(trials(read_log(LOGS / f"{name}.jsonl")))))
    return page(
        "Tuning",
        "`benchmark/runs/tuning.yaml`, `reports/tuning` and `benchmark/reference/tuning.yaml`",
        "Values are tried on the validation split alone; the test split is never loaded. `standard` was not tuned: its "
        "search, `fer2013`, needs a GPU and has not been made ([recipes](recipes.md#standard)).",
        "## Searches",
        table(("search", "protocol", "cells", "seeds", "epochs", "trials"), map(_search, read_yaml(SEARCHES).items())),
        "## Logs of searches",
        "The best validation accuracy of any epoch in percent, and in brackets the number of seeds. How the learning rates "
        "of the study were found, trial by trial, is a table of the report, "
        "[learning rates](../../reports/tables/fer2013-small-learning-rates.md), made from "
        "`reports/tuning/fer2013-small.jsonl`.",
        *logs,
        *sections("tuning", 3, only=[RATES]),
        "## Before there were logs",
        *(section(one, 3) for one in texts("tuning")["sections"] if one["title"] != RATES),
    )


def _search(entry: tuple[str, dict[str, Json]]) -> list[str]:
    name, of = entry
    tried = "; ".join(value(one) or "as it is" for one in of.get("trials", []))
    rates = f"learning rates {value(of['rates'])}, then one more beside the best" if "rates" in of else ""
    cells = ", ".join(f"`{cell}`" for cell in of["cells"]) if "cells" in of else "every cell of the study"
    return [f"`{name}`", of["protocol"], cells, ", ".join(map(str, of["seeds"])), str(of["epochs"]), tried or rates]


def machines() -> str:
    """Time budgets, the first use of a GPU, Ray."""
    return page(
        "Machines",
        "`benchmark/reference/machines.yaml`",
        "[Many machines](../cluster.md) has the commands.",
        *sections("machines"),
    )
