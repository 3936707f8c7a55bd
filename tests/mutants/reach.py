"""Which tests reach which line: the suite run once under coverage, and the tests chosen for a mutant by it.

Lines that a shared fixture reaches belong to every test that uses it. A line that no test reaches in its own process may be
reached in one that a test starts: for it, those of the room's tests are chosen that start processes.
"""

import ast
import collections
import json
import multiprocessing.util
import sys
from pathlib import Path

import coverage
import pytest
from mutations import Mutant

# Tests of the source text itself, which every change fails or none: style, types, rooms, packaging, the pipeline's file.
TEXT = ["tests/test_rooms.py", "tests/test_types.py", "tests/test_wheel.py", "tests/test_pipeline.py"]


class Recorder:
    """A plugin of pytest that notes for each test its seconds, its outcome, its shared fixtures, and the lines reached."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.measured = coverage.Coverage(data_file=None, config_file=False, include=[str(root / "benchmark" / "*")])
        self.tests: dict[str, dict] = {}
        self.context = ""
        self.starting = [False]
        sys.addaudithook(self._notice)
        spawn = multiprocessing.util.spawnv_passfds

        def noticed(*arguments):
            self.starting[0] = True
            return spawn(*arguments)

        multiprocessing.util.spawnv_passfds = noticed

    def _notice(self, event: str, arguments: tuple) -> None:
        if event in {"subprocess.Popen", "os.fork", "os.posix_spawn"}:
            self.starting[0] = True

    def _switch(self, context: str) -> None:
        self.context = context
        self.measured.switch_context(context)

    def pytest_collection_modifyitems(self, items: list) -> None:
        for item in items:
            self.tests[item.nodeid] = {"seconds": 0.0, "outcome": "passed", "fixtures": [], "starts": False}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.starting[0] = False
        self._switch(nodeid)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        shared = fixturedef.scope != "function"
        before = self.context
        if shared:
            self._switch(f"fixture {fixturedef.baseid} {fixturedef.argname}")
        yield
        if shared:
            self._switch(before)

    def pytest_runtest_teardown(self, item) -> None:
        found = []
        for name in item.fixturenames:
            for definition in item._fixtureinfo.name2fixturedefs.get(name, ()):
                if definition.scope != "function":
                    found.append(f"fixture {definition.baseid} {name}")
        self.tests[item.nodeid]["fixtures"] = found

    def pytest_runtest_logreport(self, report) -> None:
        test = self.tests[report.nodeid]
        test["seconds"] += report.duration
        test["starts"] |= self.starting[0]
        if report.outcome != "passed":
            test["outcome"] = report.outcome

    def lines(self) -> dict[str, dict[int, list[str]]]:
        """Per module (relative to the root) the contexts of each line."""
        data, found = self.measured.get_data(), {}
        for name in data.measured_files():
            by_line = data.contexts_by_lineno(name)
            found[str(Path(name).relative_to(self.root))] = {line: [c for c in of if c] for line, of in by_line.items()}
        return found


def record(root: Path, arguments: list[str], out: Path) -> int:
    """Run pytest in this process with these arguments and write what was noted to `out`; pytest's exit status."""
    recorder = Recorder(root)
    recorder.measured.start()
    status = pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", *arguments], plugins=[recorder])
    recorder.measured.stop()
    out.write_text(json.dumps({"tests": recorder.tests, "lines": recorder.lines()}))
    return int(status)


class Reach:
    """What was recorded, of all parts of the suite together."""

    def __init__(self, parts: list[Path]) -> None:
        self.tests: dict[str, dict] = {}
        self.contexts: dict[str, dict[int, set[str]]] = {}
        for part in parts:
            noted = json.loads(part.read_text())
            self.tests |= {name: test for name, test in noted["tests"].items() if test["outcome"] == "passed"}
            for path, by_line in noted["lines"].items():
                mine = self.contexts.setdefault(path, collections.defaultdict(set))
                for line, of in by_line.items():
                    mine[int(line)] |= set(of)
        self.users: dict[str, set[str]] = collections.defaultdict(set)
        for name, test in self.tests.items():
            for fixture in test["fixtures"]:
                self.users[fixture].add(name)

    def _tests(self, contexts: set[str]) -> set[str]:
        found = {each for each in contexts if each in self.tests}
        return found.union(*(self.users[each] for each in contexts if each.startswith("fixture ")))

    def hits(self, mutant: Mutant) -> set[str]:
        """The tests that reach the mutant's own lines."""
        by_line = self.contexts.get(mutant.path, {})
        return self._tests(set().union(*(by_line.get(line, set()) for line in range(mutant.first, mutant.last + 1))))

    def choose(self, mutant: Mutant, limit: float) -> list[str]:
        """The tests for a mutant's lines, those of its own room first, the quick before the slow, up to `limit` seconds in
        sum (one test at least)."""
        path, found = mutant.path, self.hits(mutant)
        room = "tests/" + str(Path(path).parent)
        near = "tests/" + "/".join(Path(path).parts[:2])
        if path.endswith(".py") and _while_importing(mutant):  # a constant, a default: used by tests after the import
            found |= self._tests(set().union(*self.contexts.get(path, {}).values()))
            found |= {name for name in self.tests if name.startswith(near + "/")}
        if not found:  # run while importing, or in another process
            found = self._tests(set().union(*self.contexts.get(mutant.reader, {}).values()))
            starters = {name for name, test in self.tests.items() if test["starts"] and name.startswith(near)}
            found |= starters
        own = f"{room}/test_{Path(path).stem}.py"
        files: dict[str, list[str]] = collections.defaultdict(list)
        for name in found:
            files[name.partition("::")[0]].append(name)

        def seconds(name: str) -> float:
            return self.tests[name]["seconds"]

        def place(file: str) -> tuple:
            return (
                file != own,
                not file.startswith(room + "/"),
                not file.startswith(near + "/"),
                sum(map(seconds, files[file])),
            )

        chosen, total = [], 0.0
        for file in sorted(files, key=place):
            # Whichever test comes first pays for what the file's tests share: as much as the slowest took.
            price = max(map(seconds, files[file])) if len(files[file]) > 1 else 0.0
            for name in sorted(files[file], key=seconds):
                if total + price + seconds(name) <= limit:
                    chosen.append(name)
                    total, price = total + price + seconds(name), 0.0
        return chosen or sorted(found, key=seconds)[:1]

    def seconds(self, tests: list[str]) -> float:
        """What these tests took when recorded."""
        return sum(self.tests[name]["seconds"] for name in tests)


def _while_importing(mutant: Mutant) -> bool:
    """Whether the mutant's first line is outside the body of every function."""
    functions = [each for each in ast.walk(ast.parse(mutant.code)) if isinstance(each, ast.FunctionDef)]
    return not any(each.body[0].lineno <= mutant.first <= (each.end_lineno or 0) for each in functions)
