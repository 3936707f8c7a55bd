"""Makes the leaderboard's row of a package that ships its weights, from the package alone.

python examples/outside/make.py NAME
"""

import argparse
import contextlib
import csv
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark import stopping

if __name__ == "__main__":
    stopping.heed()  # before the imports that take time

import environments
import shipped
from children import run

from benchmark import leftovers, progress
from benchmark.cli import failures
from benchmark.cli.main import parser as verbs
from benchmark.cli.terminal import plain_output
from benchmark.errors import BadInput, Interrupted
from benchmark.faces.faceset import open_faceset
from benchmark.files import file_digest, write_text
from benchmark.outside.blind_faces import export_faces
from benchmark.outside.entry import check_entry
from benchmark.protocol.protocol import Protocol, load_protocol

ROOT = shipped.FOLDER.parents[1]
STOPPED = "stopped; what was made on the way is removed, and an entry is whole or not there"


def make(arguments: argparse.Namespace, folder: Path = shipped.FOLDER) -> int:
    """Make the predictions of a package and its entries. Returns the exit status: that of `ferbench score`, if it fails.

    Args:
        folder: of the folders of packages.
    """
    name, entry = arguments.name, shipped.read(arguments.name, folder)
    protocols = [load_protocol(each) for each in shipped.protocols_of(entry, arguments.protocols, name)]
    if arguments.no_score and arguments.work is None:
        raise BadInput("make.py", "--no-score without --work", "--work FOLDER, where the predictions stay")
    if not arguments.no_score:
        for protocol in protocols:
            stated = entry.protocols[protocol.name]["stated"]
            check_entry(protocol, name, arguments.out, stated=stated, replace=arguments.replace)
    made: dict[str, Path] = {}
    with work_folder(arguments.work) as work:
        faces = {protocol.name: _timed(f"faces of {protocol.name}", _export, protocol, arguments.prepared, work)
                 for protocol in protocols}  # fmt: skip
        log, home = work / "log.txt", work / "home"
        home.mkdir()
        command = _timed("environment", environments.make, entry, folder / name, work, log)
        for protocol in protocols:
            said = f"{name} {protocol.name}"
            parts = _timed(f"predictions of {said}", _predict, command, faces[protocol.name], said, log, home)
            made[protocol.name] = join(parts, entry.classes, work / f"{name}-{protocol.name}.csv")
            progress.say(f"{made[protocol.name].name}: SHA-256 {file_digest(made[protocol.name])}")
        if arguments.no_score:
            return 0
        for protocol in protocols:
            how = ["--prepared", str(arguments.prepared), "--out", str(arguments.out), *["--replace"] * arguments.replace]
            if status := ferbench([*score_command(name, entry, protocol, made[protocol.name]), *how]):
                return status
    return 0


def ferbench(command: Sequence[str]) -> int:
    """Run a command line of `ferbench`. Returns its exit status. KeyboardInterrupt if it is stopped: only the caller knows
    what is then kept."""
    try:
        with plain_output():
            arguments = verbs().parse_args(command)
            arguments.function(arguments)
    except Exception as error:  # noqa: BLE001  # as in `main`
        return failures.status_of(error)
    return 0


def score_command(name: str, entry: shipped.Shipped, protocol: Protocol, predictions: Path) -> list[str]:
    """The arguments of `ferbench` that enter the predictions with what is known of the model."""
    under = entry.protocols[protocol.name]
    known = ["--parameters", str(entry.parameters["number"]), "--extra-training-data", entry.extra_training_data]
    known += ["--seen", under["seen"]]
    for key, value in (under["stated"] or {}).items():
        known += [f"--stated-{key}", str(value)]
    if protocol.task == "categorical":
        known += ["--scores", "probabilities"]
    return ["score", str(predictions), "--protocol", protocol.name, "--name", name, *known]


@contextlib.contextmanager
def work_folder(given: Path | None) -> Iterator[Path]:
    """The folder for everything that is made on the way: temporary, or a new one that stays, unless the work in it fails or
    is stopped. Temporary ones of killed processes are removed: with an environment in it, one takes some GB.

    Raises:
        BadInput: `given` is there and not an empty folder.
    """
    if given is None:
        target = Path(tempfile.gettempdir()) / "ferbench-outside"
        leftovers.clear(target)
        with leftovers.temporary(target, folder=True, mode=0o700) as folder:
            yield folder
        return
    given = given.resolve()
    if given.exists() and (not given.is_dir() or any(given.iterdir())):
        raise BadInput(given, "something that exists", "a new folder")
    given.mkdir(parents=True, exist_ok=True)
    try:
        yield given
    except BaseException:
        leftovers.remove(given)
        raise


def _export(protocol: Protocol, prepared: Path, work: Path) -> list[Path]:
    """Write the blind faces of a protocol, test and validation. Returns their folders."""
    faces, folders = open_faceset(prepared / protocol.data), []
    for part in ("test",) if protocol.folds else ("test", "validation"):
        folders.append(work / f"faces-{protocol.name}-{part}")
        export_faces(protocol, faces, part, folders[-1])
    return folders


def _predict(command: Sequence[str], folders: Sequence[Path], what: str, log: Path, home: Path) -> list[Path]:
    """Run the script of a package for each folder of faces. Returns its files, named ``<folder>.csv``."""
    total = sum(len(ids_of(folder)) for folder in folders)
    parts = [folder.with_name(f"{folder.name}.csv") for folder in folders]
    with progress.bar(total=total, desc=what, unit="img") as bar:
        for folder, part in zip(folders, parts, strict=True):
            run([*command, str(folder), str(part)], log, environments.variables(home), advanced=bar.update)
    return parts


def ids_of(folder: Path) -> list[str]:
    """The blind ids of a folder of faces."""
    with open(folder / "ids.csv", encoding="utf-8", newline="") as stream:
        return [row["id"] for row in csv.DictReader(stream)]


def join(parts: Sequence[Path], classes: Sequence[str], out: Path) -> Path:
    """Write the predictions of several parts as one file, and return its path.

    Args:
        parts: files of the script; ``<part>.csv`` lies beside the folder ``<part>`` of its faces.

    Raises:
        BadInput: other columns than id and the classes; other ids than those of the faces, in their order.
    """
    lines = []
    for part in parts:
        if not part.is_file():
            raise BadInput(part, "no such file", "the answers of the script, which ended as if all were well")
        header, *rows = part.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        if header.split(",") != ["id", *classes]:
            raise BadInput(f"{part}, columns", header or "nothing", f"those of entry.yaml: {','.join(['id', *classes])}")
        found, wanted = [row.partition(",")[0] for row in rows], ids_of(part.with_suffix(""))
        if found != wanted:
            place = next((k for k, pair in enumerate(zip(found, wanted, strict=False)) if pair[0] != pair[1]), len(wanted))
            first = f"{len(found)} rows" if len(found) != len(wanted) else f"id {found[place]} in row {place + 1}"
            raise BadInput(part, first, f"the {len(wanted)} ids of ids.csv, in its order")
        lines += [header, *rows] if not lines else rows
    write_text(out, "\n".join(lines) + "\n")
    return out


def _timed(what: str, function, *given):
    """The result of a step, which is printed with its seconds."""
    began = time.monotonic()
    result = function(*given)
    progress.say(f"{what}: {time.monotonic() - began:.0f} s")
    return result


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    top = argparse.ArgumentParser(prog="make.py", description=__doc__.partition("\n")[0])
    top.add_argument("name", metavar="NAME", help="a package: one of the folders beside this file")
    top.add_argument("--protocols", nargs="+", metavar="PROTOCOL", help="default: all of its entry.yaml")
    top.add_argument("--work", type=Path, metavar="FOLDER", help="new folder for what is made on the way (default: a "
                     "temporary one, removed at the end)")  # fmt: skip
    top.add_argument("--prepared", type=Path, default=ROOT / "data/prepared",
                     help="folder of FaceSets (default: data/prepared)")  # fmt: skip
    top.add_argument("--out", type=Path, default=ROOT / "reports/records/outside",
                     help="folder of entries (default: reports/records/outside)")  # fmt: skip
    top.add_argument("--replace", action="store_true", help="replace entries of that name")
    top.add_argument("--no-score", action="store_true", help="make the predictions, and no entry")
    return top


def main(argv: Sequence[str] | None = None, folder: Path = shipped.FOLDER) -> int:
    """Run the command. Returns the exit status, as of `ferbench`. `folder`: as of `make`."""
    try:
        return make(parser().parse_args(argv), folder)
    except KeyboardInterrupt:
        return failures.status_of(Interrupted(STOPPED))
    except Exception as error:  # noqa: BLE001  # what is no mistake of the suite is told apart there
        return failures.status_of(error)


if __name__ == "__main__":
    sys.exit(main())
