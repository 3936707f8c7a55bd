"""How long a report takes, of what, and how large it is. No test: it prints.

python tests/benchmark/report/speed.py [FOLDER OF REPORTS] [--records N]

Processor seconds of this process, by kind of function (`FUNCTIONS`); the imports apart, in a process of their own.
`--records`: the runs in the folder are copied, as other seeds and as other cells, until there are N records.
"""

import argparse
import functools
import inspect
import itertools
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np

from benchmark.protocol.cells import named_cell
from benchmark.records.record import read_records, write_record
from benchmark.report.build import build

# What a function's time counts as: by its name, else by its module, else by what it returns.
FUNCTIONS = {
    "benchmark.report.material.read_material": "reading",
    "benchmark.records.comparisons.summarise": "metrics",
    "benchmark.claims.judge.judge": "judging",
    "benchmark.report.build.made_contents": "tables",
    "benchmark.report.build.made_files": "tables",
    "benchmark.report.rendering.render": "pages",
}
MODULES = {"benchmark.report.style": "figures", "benchmark.report.pages.": "pages"}
FIGURES = ("Figure", "Drawing")
REST = "the rest, such as writing"
IMPORTS = "import time; start = time.process_time(); import benchmark.report.build; print(time.process_time() - start)"


class Clock:
    """Processor seconds by kind. While a timed function runs, its kind is charged, and its caller's is not."""

    def __init__(self, now: Callable[[], float] = time.process_time):
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._now, self._running, self._since = now, [REST], now()

    def _charge(self) -> None:
        now = self._now()
        self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def timed(self, kind: str, function: Callable) -> Callable:
        """The same function, which charges its kind."""

        @functools.wraps(function)
        def charging(*args, **kwargs):
            self._charge()
            self._running.append(kind)
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                self._running.pop()

        return charging


def kind_of(function: Callable) -> str | None:
    """The kind of a function of the suite; None: its time is that of its caller."""
    name = f"{function.__module__}.{function.__qualname__}"
    by_module = (kind for module, kind in MODULES.items() if f"{function.__module__}.".startswith(module))
    returned = str(getattr(function, "__annotations__", {}).get("return"))
    drawing = "figures" if any(each in returned for each in FIGURES) else None
    return FUNCTIONS.get(name) or next(by_module, None) or drawing


def timing(clock: Clock, modules: Iterable[ModuleType]) -> None:
    """From now on, every function in these modules that has a kind charges it, wherever it comes from."""
    timed: dict[Callable, Callable] = {}
    for module in modules:
        for own, value in list(vars(module).items()):
            if inspect.isfunction(value) and (kind := kind_of(value)):
                setattr(module, own, timed.setdefault(value, clock.timed(kind, value)))


def multiply(records: Path, many: int) -> None:
    """Copy the finished runs in a folder of records, with seals of their own, until there are `many` records: by turns as
    another seed and as another cell. Each copy differs from its original in one output, by as little as float32 allows: two
    seeds with equal predictions would be set apart."""
    found = read_records(records)
    runs = [record for record in found if record.outside is None and not record.diverged]
    for number, record in zip(range(many - len(found)), itertools.cycle(runs), strict=False):
        turn = number // len(runs) + 1
        arrays = {name: array.copy() for name, array in record.predictions.items()}
        outputs = arrays["test_outputs_none"]
        outputs.flat[turn] = np.nextafter(outputs.flat[turn], np.float32(np.inf))
        cell, seed, copied = dict(record["cell"]), record.seed, "seeds"
        if turn % 2:
            seed += 100 * turn
        else:
            cell["name"], copied = f"{cell['name']}-again{turn}", "cells"
        own = {"cell": cell, "cell_hash": named_cell(cell, records).hash, "seed": seed}
        place = record.directory.relative_to(records).parts[:-2]
        contents = {name: value for name, value in record.contents.items() if name != "schema"} | own
        write_record(records / f"{copied}{turn}" / Path(*place, cell["name"], f"seed{seed}"), contents, arrays)


def sizes(reports: Path) -> Mapping[str, int]:
    """Folder or file of a report -> bytes, the largest first."""
    found: Counter[str] = Counter()
    for path in reports.rglob("*"):
        if path.is_file():
            found[path.relative_to(reports).parts[0]] += path.stat().st_size
    return dict(found.most_common())


def main(reports: Path, many: int | None) -> None:
    """Build the report of a folder such as reports/ into a temporary one."""
    imports = float(subprocess.run([sys.executable, "-c", IMPORTS], check=True, capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "reports"
        shutil.copytree(reports, copy)
        if many is not None:
            multiply(copy / "records", many)
        records = len(list((copy / "records").rglob("record.json")))
        clock = Clock()
        timing(clock, [module for name, module in list(sys.modules.items()) if name.startswith("benchmark.")])
        clock.timed(REST, build)(copy / "records", copy / "complexity.json", copy / "data", copy)
        bytes_of = sizes(copy)
    seconds = sum(clock.seconds.values())
    print(f"{records} records: {seconds:.1f} s, {seconds / records:.3f} s a record; imports {imports:.1f} s")
    for kind, own in sorted(clock.seconds.items(), key=lambda each: -each[1]):
        print(f"{own:8.2f} s   {kind}")
    for name, size in bytes_of.items():
        print(f"{size / 1e6:8.2f} MB  {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", nargs="?", type=Path, default=Path("reports"))
    parser.add_argument("--records", type=int)
    main(*vars(parser.parse_args()).values())
