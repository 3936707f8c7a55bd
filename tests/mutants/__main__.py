"""The share of planted mistakes that the tests catch, room by room; README.md beside this file says more."""

import argparse
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import reach
import server
import yaml
from mutations import ROOMS, Mutant, sample

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "mutants"
EQUIVALENTS = Path(__file__).with_name("equivalents.yaml")
# A mutant's own limit, in seconds and in multiples of what its tests took when recorded.
LEAST, PATIENCE = 180, 10
FIRST = ("records", "protocol", "claims", "report", "cli", "runs/training", "runs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; all if none is named")
    parser.add_argument("--sample", type=int, default=50, help="mutants per room (50)")
    parser.add_argument("--seed", type=int, default=1, help="which mutants are drawn (1)")
    parser.add_argument("--reach", action="store_true", help="only record which tests reach which lines")
    parser.add_argument("--seconds", type=float, default=60, help="of tests per mutant, as they were recorded (60)")
    parser.add_argument("--as-recorded", action="store_true", help="use what was recorded, run no test file anew")
    parser.add_argument("--again", action="store_true", help="only those of this sample that survived the last time")
    arguments = parser.parse_args()
    if unknown := set(arguments.rooms) - set(ROOMS):
        parser.error(f"no room {', '.join(sorted(unknown))}; there are {', '.join(ROOMS)}")
    KEPT.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave no copy running, no tree behind
    with tempfile.TemporaryDirectory(prefix="ferbench-mutants-") as temporary:
        tree = Path(temporary) / "tree"
        server.copy_of(ROOT, tree)
        server.warm(tree)
        parts = sorted((KEPT / "reach").glob("*.json")) if arguments.as_recorded else recorded(tree)
        reached = reach.Reach(parts)
        if arguments.reach:
            return 0
        for room in arguments.rooms or ROOMS:
            measure(tree, reached, room, arguments)
    return 0


def digest(*paths: Path) -> str:
    """Of the files' bytes."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def recorded(tree: Path) -> list[Path]:
    """What is known of the suite; test files that are new or changed, or that reach a changed module, are run."""
    tests = [path for path in sorted((tree / "tests").rglob("test_*.py")) if str(path.relative_to(tree)) not in reach.TEXT]
    shared = digest(*sorted((tree / "tests").rglob("conftest.py")))

    def place(path: Path) -> tuple:
        name = str(path.relative_to(tree / "tests" / "benchmark")) if "benchmark" in path.parts else "~"
        return next((n for n, room in enumerate(FIRST) if name.startswith(room + "/")), len(FIRST)), name

    parts = []
    for path in sorted(tests, key=place):
        name = str(path.relative_to(tree))
        part = KEPT / "reach" / (name.replace("/", "+") + ".json")
        part.parent.mkdir(exist_ok=True)
        key = shared + digest(path)
        if not _valid(part, key, tree):
            begin = time.monotonic()
            output, bare = tree.parent / "output.txt", part.with_suffix(".new")
            status = server.forked(tree, lambda name=name, bare=bare: reach.record(tree, [name], bare), output, 900)
            if not bare.exists():
                print(f"{name}: not recorded, status {status}: {output.read_text()[-300:]}", file=sys.stderr)
                continue
            noted = json.loads(bare.read_text())
            noted |= {"key": key, "modules": {module: digest(tree / module) for module in noted["lines"]}}
            bare.write_text(json.dumps(noted))
            bare.replace(part)
            failed = [test for test, of in noted["tests"].items() if of["outcome"] == "failed"]
            print(f"{name}: {len(noted['tests'])} tests, {time.monotonic() - begin:.0f} s", *failed, flush=True)
        parts.append(part)
    return parts


def _valid(part: Path, key: str, tree: Path) -> bool:
    if not part.is_file():
        return False
    noted = json.loads(part.read_text())
    same = all((tree / name).is_file() and digest(tree / name) == of for name, of in noted["modules"].items())
    return noted["key"] == key and same


def measure(tree: Path, reached: reach.Reach, room: str, arguments: argparse.Namespace) -> None:
    """Try the room's sample, mutant by mutant; what came of each goes to a file of its own, and to the screen."""
    mutants, every = sample(tree, room, arguments.sample, arguments.seed)
    kept = KEPT / f"{room}-{arguments.sample}-{arguments.seed}.json"
    part = kept.with_suffix(".part")  # of a run that was stopped
    before = {tuple(each["key"]): each for old in (part, kept) if old.is_file() for each in json.loads(old.read_text())}
    judged = {(each["path"], each["function"], each["diff"].strip()): each["why"] for each in _equivalents()}
    canary(tree, reached, next((each for each in mutants if reached.hits(each)), mutants[0]))
    found, begin = [], time.monotonic()
    for number, mutant in enumerate(mutants, 1):
        known = before.get(mutant.key)
        if arguments.again and known and known["outcome"] == "caught":
            found.append(known)
            continue
        result = attempt(tree, reached, mutant, arguments.seconds)
        if result["outcome"] != "caught" and mutant.key in judged:
            result |= {"outcome": "equivalent", "why": judged[mutant.key]}
        found.append(result)
        place = f"{mutant.path}:{mutant.first} {mutant.function}"
        print(f"{room} {number}/{len(mutants)} {result['outcome']} {place}", flush=True)
        part.write_text(json.dumps(found, indent=1))
    part.write_text(json.dumps(found, indent=1))
    part.replace(kept)
    counts = Counter(each["outcome"] for each in found)
    score = counts["caught"] / max(1, len(found) - counts["equivalent"])
    print(
        f"\n{room}: {len(found)} of {every} mutants (seed {arguments.seed}): {dict(counts)}; "
        f"caught of those not equivalent: {score:.1%}; {(time.monotonic() - begin) / 60:.1f} min\n"
    )
    for each in found:
        if each["outcome"] not in {"caught", "equivalent"}:
            path, function, diff = each["key"]
            print(f"{each['outcome']}: {path}:{each['line']} {function} ({each['tests']} tests)\n{diff}\n")


def _equivalents() -> list[dict]:
    return yaml.safe_load(EQUIVALENTS.read_text(encoding="utf-8"))["equivalents"]


def attempt(tree: Path, reached: reach.Reach, mutant: Mutant, seconds: float) -> dict:
    """Put the mutant in its place, run the tests chosen for it, take it out again."""
    tests = reached.choose(mutant, seconds)
    result = {"key": mutant.key, "line": mutant.first, "tests": len(tests), "by": ""}
    if not tests:
        return result | {"outcome": "survived", "seconds": 0.0}
    path = tree / mutant.path
    original, times = path.read_bytes(), path.stat()
    begin = time.monotonic()
    try:
        path.write_text(mutant.code, encoding="utf-8")
        status, failed = run(tree, tests, LEAST + PATIENCE * reached.seconds(tests))
    finally:
        path.write_bytes(original)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # so that what is compiled stays good
    outcome = "timeout" if status is None else "survived" if status == 0 else "caught"
    return result | {"outcome": outcome, "status": status, "by": failed, "seconds": time.monotonic() - begin}


class _First:
    """A plugin of pytest that writes the name of what failed."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed:
            self.place.write_text(f"{report.nodeid} ({report.when})")

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self.place.write_text(f"{report.nodeid} (import)")


def run(tree: Path, tests: list[str], limit: float) -> tuple[int | None, str]:
    """pytest's exit status for these tests in the tree as it is, None if over the limit, and what failed first."""
    failed, output = tree.parent / "failed.txt", tree.parent / "output.txt"
    failed.unlink(missing_ok=True)

    def work() -> int:
        import pytest

        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        options = ["-x", "-q", "--no-header", "--tb=short", "-p", "no:cacheprovider"]
        return int(pytest.main([*options, *tests], plugins=[_First(failed)]))

    status = server.forked(tree, work, output, limit)
    return status, failed.read_text() if failed.is_file() else ""


def canary(tree: Path, reached: reach.Reach, mutant: Mutant) -> None:
    """The tool's own check: a change that changes nothing survives, and one that no test can miss is caught.

    Raises SystemExit with what is wrong otherwise.
    """
    path = tree / mutant.reader
    original = path.read_text(encoding="utf-8")
    for added, wanted in (("\nNOTHING_NEW = None\n", "survived"), ("\nraise SystemError('planted')\n", "caught")):
        changed = Mutant(mutant.reader, "", mutant.first, mutant.last, "", original + added, mutant.reader)
        result = attempt(tree, reached, changed, 10)
        if result["outcome"] != wanted:
            text = (tree.parent / "output.txt").read_text()[-2000:]
            raise SystemExit(f"{mutant.path}: {added.strip()} was to be {wanted}, is {result}\n{text}")


if __name__ == "__main__":
    sys.exit(main())
