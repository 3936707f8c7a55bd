"""The model card of the networks that the package carries."""

from collections.abc import Mapping
from pathlib import Path

from benchmark.faces.card import card
from benchmark.files import Json, read_yaml_once
from benchmark.photographs.choosing import CANDIDATES
from benchmark.records.metrics import METRICS
from benchmark.reference.markdown import page, sections, table

FOLDER = Path(__file__).parents[1] / "photographs/carried"
TITLES = {"expression": "Expression", "affect": "Valence and arousal"}


def carried() -> str:
    """What each carried network is, its figures, how it was chosen, its limits."""
    every = {kind: read_yaml_once(FOLDER / f"{kind}.yaml") for kind in TITLES}
    return page(
        "The carried networks: a model card",
        "`benchmark/photographs/carried` and `benchmark/reference/carried.yaml`",
        "`ferbench predict` answers with these networks unless `--model` names another ([predict](../predict.md)).",
        *(part for kind, known in every.items() for part in _card(kind, known)),
        *sections("carried"),
    )


def _card(kind: str, known: Mapping[str, Json]) -> list[str]:
    parts = [f"## {TITLES[kind]}", table(("", ""), _facts(known))]
    test = known["scores"]["test"]
    if known["classes"]:
        rows = zip(known["classes"], test["support"], test["recall"], strict=True)
        parts += [
            "Recall of each class on the test faces:",
            table(("class", "faces", "recall"), ((name, n, _shown(value, "%")) for name, n, value in rows)),
        ]
    return [*parts, *_choice(kind, known), *_again(known)]


def _facts(known: Mapping[str, Json]) -> list[tuple[str, str]]:
    data, metric, networks = known["data"], METRICS[known["metric"]], len(known["input"])
    validation, test = known["scores"]["validation"], known["scores"]["test"]
    low, high = (_shown(end, metric.unit) for end in test["interval"])
    folds = f"; {networks} networks, one per fold, whose answers are averaged" if networks > 1 else ""
    facts = [
        ("network", f"cell `{known['cell']['name']}`, seed {known['seed']}; {known['parameters']:,} parameters{folds}"),
        ("protocol", f"[`{known['protocol']}`](protocols.md#values), hash `{known['protocol_hash']}`"),
        ("answers", ", ".join(known["classes"]) or "valence, arousal"),
        ("data", f"{data['name']} {data['version']}: {card(data['name']).about}; [terms](../data/{data['name']}.md#terms)"),
        (f"{metric.title}, validation", f"{_shown(validation[known['metric']], metric.unit)} of {validation['n']:,} faces"),
        (
            f"{metric.title}, test",
            f"{_shown(test[known['metric']], metric.unit)} of {test['n']:,} faces, 95 % [{low}, {high}]",
        ),
        *_further(test),
        ("record", f"`reports/records/{known['record']}`, predictions `{known['predictions_sha256'][:16]}`"),
        ("weights", f"`{known['weights']['file']}`, {known['weights']['bytes']:,} bytes, {_made(known['made'])}"),
        ("SHA-256", f"`{known['weights']['sha256']}`"),
    ]
    if networks > 1:
        own = "each face is scored by the network of its fold; the mean of all, which has seen every face, has no score"
        facts.append(("the figures", own))
    return facts


def _further(test: Mapping[str, Json]) -> list[tuple[str, str]]:
    names = [name for name in ("balanced_accuracy", "ccc_valence", "ccc_arousal") if name in test]
    return [(f"{METRICS[name].title}, test", _shown(test[name], METRICS[name].unit)) for name in names]


def _made(made: Mapping[str, Json]) -> str:
    if not made["largest_difference"]:
        return "those of the record, bit for bit"
    return f"of a run made again, whose answers differ from the record's by {made['largest_difference']:.2g} at most"


def _choice(kind: str, known: Mapping[str, Json]) -> list[str]:
    profile, protocol = CANDIDATES[kind]
    metric = METRICS[known["metric"]]
    rows = (
        (f"`{one['cell']}`, seed {one['seed']}", f"{one['parameters']:,}", _shown(one["validation"], metric.unit),
         _shown(one["test"], metric.unit)) for one in known["candidates"]
    )  # fmt: skip
    of = f"the finished runs of the plan `{profile}`" if protocol == known["protocol"] else "the finished candidates"
    return [
        f"**How it was chosen.** By the [rule](rules.md#the-carried-network): of {of}, the one with the highest "
        f"{metric.title} on the validation faces. The test figures decided nothing.",
        table(("candidate", "parameters", "validation", "test"), rows),
    ]


def _again(known: Mapping[str, Json]) -> list[str]:
    cell, seed, protocol = known["cell"]["name"], known["seed"], known["protocol"]
    switch = "FERBENCH_KERNELS=off " if known["implementation"] == "torch" else ""
    why = (
        " The record is older than the compiled kernels, which round otherwise; so they are switched off." if switch else ""
    )
    place = Path("reports/records", known["record"]).parent.as_posix()
    return [
        "**The weights again**, from the prepared faces, bit-identical on one kind of processor. The second command "
        f"compares their predictions with the record.{why}",
        f"```sh\n{switch}ferbench run {protocol} {cell} --seeds {seed}\n{switch}ferbench verify {place} --weights runs\n```",
    ]


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "not defined"
    return f"{100 * value:.1f} %" if unit == "%" else f"{value:.3f}"
