"""A project with two trained runs, their published records and their report, in a git repository of its own; and spies in
place of the functions that do a verb's work."""

import dataclasses
import importlib
import inspect
import pydoc
import shutil
import subprocess
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

PROTOCOL = {
    "name": "tiny",
    "version": "1.0",
    "data": "tiny",
    "data_version": "1.0",
    "task": "categorical",
    "classes": ["low", "middle", "high"],
    "splits": {"train": "train", "validation": "validation", "test": "test"},
    "input_size": 16,
    "channels": 3,
    "recipe": "quick",
    "epochs": 2,
    "selection": "best-validation",
    "tta": ["none", "flip"],
}
CELL = "mini-xception-plain"
ENTRY = {"protocol": "tiny.yaml", "data": "tiny", "package": "baselines", "recipe": "quick", "cell": CELL,
         "model": "mini-xception", "options": {}, "loss": "plain"}  # fmt: skip


def git(root: Path, *arguments: str) -> str:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="session")
def trained(made_once, tiny_faces) -> Path:
    """The project; not to be changed."""
    return made_once("trained", lambda root: train(root, tiny_faces))


def train(root: Path, tiny_faces) -> None:
    """Make the project in an empty folder: runs, their records, a report, all committed."""
    import torch

    from benchmark.records.importing import copy_record
    from benchmark.records.record import read_record
    from benchmark.report.build import build
    from benchmark.runs.params import runs_of
    from benchmark.runs.runner import Site, run_all

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        (root / "tiny.yaml").write_text(yaml.safe_dump(PROTOCOL))
        contents = {"seeds": [0, 1], "runs": {f"tiny_{CELL}": ENTRY}}
        (root / "params.yaml").write_text(yaml.safe_dump(contents))
        prepared = root / "data" / "prepared"
        shutil.copytree(tiny_faces.directory, prepared / "tiny")
        runs = runs_of(contents, f"tiny_{CELL}")
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            run_all(runs, Site(prepared, root / "runs", torch.device("cpu")))
        finally:
            torch.set_num_threads(before)
        reports = root / "reports"
        for run in runs:
            copy_record(read_record(root / "runs" / run.place), reports / "records" / run.place)
        build(reports / "records", reports / "complexity.json", reports / "data", reports)
        (root / ".gitignore").write_text("/runs/\n/data/\n")
        git(root, "init", "-q")
        git(root, "add", "-A")
        git(root, "commit", "-qm", "published")


@pytest.fixture
def project(trained, tmp_path, monkeypatch) -> Path:
    """A copy of the project, as the working directory."""
    root = tmp_path / "project"
    shutil.copytree(trained, root)
    monkeypatch.chdir(root)
    return root


class Spies:
    """What reaches the functions that do a verb's work: ``function.argument`` -> value. The second call of a function is
    ``function 2`` and so on."""

    def __init__(self, patch: pytest.MonkeyPatch):
        self.patch, self.seen, self.calls = patch, {}, Counter()
        self.own: dict[str, Callable] = {}  # the functions that were replaced

    def put(self, place: str, result: object = None) -> None:
        """Replace the function at the dotted name `place`. The spy returns `result`; if this is callable, what it returns
        for the arguments by name; if it is ``...``, what the function itself returns."""
        module, name = place.rsplit(".", 1)
        holder = pydoc.locate(module)  # a module, or a class in one
        function = self.own.setdefault(place, getattr(holder, name))
        self.patch.setattr(holder, name, self.like(function, name, result))

    def like(self, function: Callable, name: str, result: object = None) -> Callable:
        """A spy that takes the arguments of `function`."""
        signature = inspect.signature(function)
        loose = [each.name for each in signature.parameters.values() if each.kind is each.VAR_KEYWORD]

        def spy(*arguments, **named):
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            given = {key: value for key, value in bound.arguments.items() if key not in loose}
            given |= {key: value for each in loose for key, value in bound.arguments[each].items()}
            self.calls[name] += 1
            label = name if self.calls[name] == 1 else f"{name} {self.calls[name]}"
            for argument, value in given.items():
                self.seen |= {f"{label}.{key}": one for key, one in _flat(argument, value)}
            if result is ...:
                return function(*arguments, **named)
            return result(**given) if callable(result) else result

        return spy


def _flat(name: str, value: object) -> Iterator[tuple[str, object]]:
    """An argument in values that are easily compared: runs, cells and protocols by name; a site by its fields. Without
    functions that only stop the work or show how far it is."""
    from benchmark.protocol.cells import Cell, Run
    from benchmark.protocol.protocol import Protocol
    from benchmark.records.checks.known import Known
    from benchmark.records.examine import Examined
    from benchmark.records.record import Record

    if isinstance(value, Run):
        yield name, value.place.as_posix()
    elif isinstance(value, Examined):
        yield name, value.place
    elif isinstance(value, Record):
        yield name, value.directory
    elif isinstance(value, Known):  # of the records below a folder of FaceSets
        yield name, (value.rows.__self__.folder, value.rows.__self__.verify) if inspect.ismethod(value.rows) else None
    elif isinstance(value, Cell | Protocol):
        yield name, value.name
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _flat(f"{name}.{field.name}", getattr(value, field.name))
    elif isinstance(value, list | tuple):
        yield name, [one for each in value for _, one in _flat("", each)]
    elif type(value).__name__ == "device":
        yield name, str(value)
    elif not callable(value):
        yield name, value


class Opened(str):
    """What stands for an opened FaceSet, and is compared as its folder."""

    __slots__ = ()


@pytest.fixture
def arriving(tmp_path, monkeypatch, capsys) -> Callable[[Mapping, str], dict]:
    """A function (entry of a table, command) -> what reached the spies of the entry, the exit status, what was printed.

    It works in an empty folder with the `files` of the entry. The only device is the CPU, unless one is named. By the
    clock of the verbs, choosing it takes 7 seconds. They have no other: mixed with time.time(), a budget would be over
    fifty years ago."""
    from benchmark.cli import main as cli

    monkeypatch.chdir(tmp_path)
    spies = Spies(monkeypatch)

    def run(entry: Mapping, command: str) -> dict:
        import torch

        for name, text in entry.get("files", {}).items():
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(text)
        now = [1000.0]

        def pick_device(name: str) -> torch.device:
            now[0] += 7
            return torch.device("cpu" if name == "auto" else name)

        monkeypatch.setattr("benchmark.runs.environment.pick_device", pick_device)
        monkeypatch.setattr("benchmark.runs.runner.default_jobs", lambda device: 5 if device.type == "cpu" else 6)
        monkeypatch.setattr("torch.cuda.is_available", lambda: True)
        clock = types.SimpleNamespace(monotonic=lambda: now[0])
        for module in ("training", "studying", "verifying", "machines", "shared"):
            monkeypatch.setattr(importlib.import_module(f"benchmark.cli.{module}"), "time", clock, raising=False)
        for place, result in entry.get("spies", {}).items():
            spies.put(place, result)
        before = set(_files())
        status = cli.main(command.split())
        told, written = capsys.readouterr(), sorted(set(_files()) - before)
        return spies.seen | {"status": status, "written": written, "printed": told.out, "error": told.err}

    return run


def _files() -> Iterator[str]:
    return (path.as_posix() for path in Path().rglob("*") if path.is_file())


GONE = object()  # in a table: with this option, nothing arrives here


def named(function: str, given: Mapping[str, object]) -> dict[str, object]:
    """Arguments of a function as `Spies` names them."""
    return {f"{function}.{name}": value for name, value in given.items()}
