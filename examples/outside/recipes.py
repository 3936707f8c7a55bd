"""Writes recipes.md from the entry.yaml of each recipe: a model whose weights a user must get, and which was not run here.

python examples/outside/recipes.py
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.files import read_yaml

FOLDER = Path(__file__).parent
PAGE = FOLDER / "recipes.md"
TOP = """# Recipes for models whose weights you must get

Made by `python examples/outside/recipes.py` from the `entry.yaml` of each folder; edit those, not this page.

**None of these was run here**: the weights were not at hand. Each fact has its source; what could not be checked is under
*not verified*. The commands were run with networks of random weights that have the same inputs and outputs, and `predict.py`
against stand-ins of the packages (`tests/examples/outside/test_recipes.py`). Beside that, deepface 0.0.103 and rmn 3.3.0
themselves and upstream's own code of EmoNet, DDAMFN++ and ResMaskingNet ran once with random weights. A stated number is
the authors', on their faces and with their preparation: an entry made by a command shows it beside what is measured. The
commands are for the top folder of a clone, with the file of weights in it.

*Seen*: whether the model was trained or chosen with the help of the protocol's test faces.
"""


def recipes(folder: Path = FOLDER) -> dict[str, dict]:
    """The contents of entry.yaml of every model that was not run here, by the name of its folder, in order."""
    found = {path.parent.name: read_yaml(path) for path in sorted(folder.glob("*/entry.yaml"))}
    return {name: each for name, each in found.items() if each.get("ran") is False}


def commands(name: str, recipe: Mapping, protocol: str, folder: Path = FOLDER) -> list[str]:
    """The command lines that make the entry of a recipe under a protocol: one for each way that its folder has."""
    under, lines = recipe["protocols"][protocol], []
    where = f"examples/outside/{name}"
    about = ["--seen", under["seen"], "--extra-training-data", recipe["extra_training_data"]]
    for key, value in (under["stated"] or {}).items():
        about += [f"--stated-{key}", str(value)]
    if recipe["way"]:
        start = f"PYTHONPATH={recipe['pythonpath']} " if "pythonpath" in recipe else ""
        declared = ["--protocol", protocol, "--preprocessing", f"{where}/preprocessing.yaml", "--name", name]
        lines.append(f"{start}ferbench evaluate {recipe['way']} {shlex.join([*declared, *about])}")
    if (folder / name / "predict.py").is_file():
        entry = f"{name}-package" if recipe["way"] else name
        lines += [
            f"ferbench export-test --protocol {protocol} faces",
            f"PYTHONPATH=examples/outside ENVIRONMENT/bin/python {where}/predict.py faces {name}.csv",
            f"ferbench score {name}.csv {shlex.join(['--protocol', protocol, '--name', entry, *about])}",
        ]
    return lines


def stated_of(under: Mapping) -> str:
    """What the authors state, as in a table."""
    stated = under["stated"]
    if stated is None:
        return "none found"
    return f"{100 * stated['accuracy']:.2f} %" if "accuracy" in stated else stated["words"]


def page(found: Mapping[str, Mapping], folder: Path = FOLDER) -> str:
    """The text of recipes.md."""
    rows = [
        f"| [{name}](#{name}) | {each['model']} | {protocol} | {stated_of(under)} | {under['seen']} | {_way(each)} |"
        for name, each in found.items()
        for protocol, under in each["protocols"].items()
    ]
    head = ["| recipe | model | protocol | stated by the authors | seen | way (not run here) |", "|---|---|---|---|---|---|"]
    return "\n".join([TOP, *head, *rows, "", *(_section(name, each, folder) for name, each in found.items())])


def _way(recipe: Mapping) -> str:
    return "`ferbench evaluate`" if recipe["way"] else "`predict.py`, `ferbench score`"


def _section(name: str, recipe: Mapping, folder: Path) -> str:
    weights, licence = recipe["weights"], recipe["licence"]
    first = next(iter(recipe["protocols"]))
    lines = [
        f"## {name}",
        f"{recipe['model']}. **Not run here.** {recipe['project']}. Read: {recipe['read']}.",
        "",
        f"- **Weights**: `{weights['file']}`, from {weights['from']}. Check: {weights['check']}.",
        f"- **Order of the classes**: {recipe['classes_source']}.",
        f"- **Input**: {recipe['input_source'].strip()}.",
        f"- **Licence**: code {licence['code']}; weights {licence['weights']}.",
        f"- **Training data beside the protocol's**: {recipe['extra_training_data']}.",
        *([f"- **Needs**: {recipe['needs']}"] if "needs" in recipe else []),
        *(_under(protocol, under) for protocol, under in recipe["protocols"].items()),
        *_listed("Traps", recipe["traps"]),
        *_listed("Not verified", recipe["not_verified"]),
        "",
        "```",
        *(line for line in _environment(name, folder)),
        *commands(name, recipe, first, folder),
        "```",
        "",
    ]
    return "\n".join(lines)


def _environment(name: str, folder: Path) -> list[str]:
    if not (folder / name / "requirements.txt").is_file():
        return []
    install = f"ENVIRONMENT/bin/pip install --no-deps --require-hashes -r examples/outside/{name}/requirements.txt"
    return ["python3 -m venv ENVIRONMENT", install]


def _under(protocol: str, under: Mapping) -> str:
    source = f" ({under['stated']['source']})" if under["stated"] else ""
    return f"- **{protocol}**: stated: {stated_of(under)}{source}. Seen: {under['seen']}: {under['why']}."


def _listed(title: str, texts: Sequence[str]) -> list[str]:
    return [f"- **{title}**", *(f"    - {text.rstrip('.')}." for text in texts)]


if __name__ == "__main__":
    PAGE.write_text(page(recipes()), encoding="utf-8")
    print(f"wrote {PAGE}")
