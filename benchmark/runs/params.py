"""params.yaml: the plan in the form that DVC tracks, written by `ferbench profile NAME`. Its keys:

* ``protocols``: name of a protocol of the plan -> the values that can be turned (`benchmark.protocol.turned`), as they are;
* ``packages``: the packages that offer the plan's networks -> where their sources and those of what they build on lie;
* ``data``: FaceSet name -> options of `prepare`, and the paths that this stage depends on;
* ``gradients``: the plans of benchmark/measures/gradients/gradients.yaml to measure, with their protocol, recipe, data
  and the package that offers their networks;
* ``runs``: one entry per protocol and cell. It holds the cell's whole definition, so that only the stages whose own
  parameters changed go stale;
* ``seeds``: the seeds of every entry of ``runs`` that has no ``seeds`` of its own.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces import data_sets
from benchmark.files import Json, read_yaml, write_text
from benchmark.protocol.cells import Cell, Run
from benchmark.protocol.protocol import Protocol, load_protocol
from benchmark.protocol.turned import listed
from benchmark.runs import sources
from benchmark.runs.checked_params import check_params
from benchmark.runs.plan import balanced, plan, profile_entry
from benchmark.suggesting import unknown

GRADIENTS = sources.PACKAGE / "measures" / "gradients" / "gradients.yaml"


def write_params(profile: str, path: Path) -> dict[str, Json]:
    """Write the plan `profile` to `path` and return its contents.

    Raises:
        BadInput: an unknown profile, or one whose data options contradict those of its protocols.
    """
    import yaml

    runs = plan(profile)
    wanted = profile_entry(profile)
    options = wanted.get("data", {})
    data: dict[str, dict[str, Json]] = {}
    packages: dict[str, dict[str, str]] = {}
    entries: dict[str, dict[str, Json]] = {}
    seeds: dict[str, list[int]] = {}
    offering = {model: sources.package_of(model) for model in dict.fromkeys(run.cell.model for run in runs)}
    for run in runs:
        name = run.protocol.data
        entry = data.setdefault(name, {"options": dict(options.get(name, {})), **stage_dependencies(name)})
        for option, value in (run.protocol.data_options or {}).items():
            if (chosen := entry["options"].setdefault(option, value)) != value:
                where = f"profile {profile}, data {name}, {option}"
                raise BadInput(where, chosen, f"{value}, which protocol {run.protocol.name} fixes")
        package = offering[run.cell.model]
        if package not in packages:
            packages[package] = _package_dependencies(package)
        key = f"{run.protocol.name}_{run.cell.name}"
        entries[key] = {
            "protocol": run.protocol.name,
            "data": name,
            "package": package,
            "recipe": run.protocol.recipe_name,
            "cell": run.cell.name,
            **run.cell.definition,
        }
        seeds.setdefault(key, []).append(run.seed)
    for key, own in seeds.items():
        if own != wanted["seeds"]:
            entries[key]["seeds"] = own
    gradients = _gradients(wanted.get("gradients", []), data, f"profile {profile}, gradients")
    for package in [each["package"] for each in gradients.values()]:
        if package not in packages:
            packages[package] = _package_dependencies(package)
    contents: dict[str, Json] = {
        "profile": profile,
        "seeds": wanted["seeds"],
        "protocols": {run.protocol.name: listed(run.protocol) for run in runs},
        "packages": packages,
        "data": data,
        "gradients": gradients,
        "runs": entries,
    }
    contents = json.loads(json.dumps(contents))  # no shared lists, which YAML would write as anchors
    header = (
        f"# Written by `ferbench profile {profile}`. To be changed here or by `dvc exp run -S` (docs/experiments.md):\n"
        "# seeds, values of protocols, options of data. What a cell is stands in a cells.yaml, the plan in profiles.yaml.\n"
    )
    write_text(path, header + yaml.safe_dump(contents, sort_keys=False))
    return contents


def _gradients(names: Sequence[str], data: Mapping[str, Json], where: str) -> dict[str, dict[str, str]]:
    """Plan of gradients -> its protocol, recipe, data and the package that offers its networks. BadInput for an unknown
    plan, one on data that the profile does not prepare, or one with networks of several packages."""
    contents = read_yaml(GRADIENTS)
    plans, found = contents["plans"], {}
    for name in names:
        if name not in plans:
            raise BadInput(where, f"'{name}'", f"some of {', '.join(plans)}")
        protocol = load_protocol(plans[name]["protocol"])
        if protocol.data not in data:
            raise BadInput(where, f"'{name}', which measures on {protocol.data}", f"plans on {', '.join(data)}")
        networks = {*plans[name]["initialisation"], *plans[name]["training"]["networks"]}
        packages = sorted({sources.package_of(contents["networks"][each]["model"]) for each in networks})
        if len(packages) != 1:
            raise BadInput(where, f"'{name}' with networks of {', '.join(packages) or 'no package'}", "those of one package")
        found[name] = {
            "protocol": protocol.name,
            "recipe": protocol.recipe_name,
            "data": protocol.data,
            "package": packages[0],
        }
    return found


def _package_dependencies(package: str) -> dict[str, str]:
    """The paths that the stage `sources` of a package depends on: its own sources, and those of the package that it builds
    on. A package that builds on none gets a module that the stage depends on anyway; of several, DVC watches the first."""
    others = [sources.place_of(each) for each in sources.built_on(package)]
    return {"code": sources.place_of(package), "built_on": [*others, "benchmark/protocol/registry.py"][0]}


def stage_dependencies(name: str) -> dict[str, str]:
    """The paths that the `prepare` stage of the data set `name` depends on, besides the code that all readers use: its
    reader, and two sources.

    DVC cannot insert a list into a templated stage, so there are always exactly two sources. They are folders of raw data;
    a reader with fewer than two gets modules that it depends on anyway.
    """
    reader = data_sets.reader(name)
    assert reader.__file__ is not None  # a reader is always a module with a file
    code = Path(reader.__file__)
    code = (code.parent if code.name == "reader.py" else code).relative_to(sources.PACKAGE.parent)
    if len(reader.RAW) > 2:
        raise BadInput(f"data set {name}, RAW", ", ".join(reader.RAW), "two folders at most, which the pipeline can watch")
    read = [*(f"data/raw/{folder}" for folder in reader.RAW), "benchmark/files.py", "benchmark/errors.py"]
    return {"code": str(code), "source": read[0], "second_source": read[1]}


def runs_of(params: Mapping[str, Json], key: str, where: object = "params.yaml") -> list[Run]:
    """The runs of the entry `key` of ``runs``, one per seed. BadInput for an unknown entry, and as of `check_params`: a
    mistake anywhere in the file is said before the first run."""
    checked = check_params(params, where)
    if key not in checked:
        raise unknown(f"{where}, runs", key, checked, str(where))
    return _runs_of(params, key, *checked[key])


def all_runs(params: Mapping[str, Json], where: object = "params.yaml") -> list[Run]:
    """Every run of params.yaml: first the first seed of every cell, then the second, and so on (`balanced`). BadInput as of
    `check_params`."""
    return balanced(list(runs_by_key(params, where).values()))


def runs_by_key(params: Mapping[str, Json], where: object = "params.yaml") -> dict[str, list[Run]]:
    """Key of ``runs`` -> its runs, one per seed. BadInput as of `check_params`."""
    return {key: _runs_of(params, key, *own) for key, own in check_params(params, where).items()}


def _runs_of(params: Mapping[str, Json], key: str, protocol: Protocol, cell: Cell) -> list[Run]:
    return [Run(protocol, cell, seed) for seed in params["runs"][key].get("seeds", params["seeds"])]
