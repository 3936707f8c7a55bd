"""`python -m benchmark.reference` writes docs/reference; with --check it names pages that are not up to date (exit 1)."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.files import write_text
from benchmark.reference.pages import FOLDER, written


def main(argv: Sequence[str] | None = None) -> int:
    """Write the pages, or compare them. Returns the exit status."""
    one = argparse.ArgumentParser(prog="python -m benchmark.reference", description=__doc__)
    one.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a page is not up to date")
    one.add_argument("--out", type=Path, default=FOLDER, help="folder of the pages (default: docs/reference)")
    arguments = one.parse_args(argv)
    pages = written()
    if arguments.check:
        other = sorted(set(pages) ^ {path.name for path in arguments.out.glob("*.md")})
        other += [name for name, text in pages.items() if name not in other and text != _read(arguments.out / name)]
        for name in other:
            print(f"{arguments.out / name}: not what the code says; expected: python -m benchmark.reference")
        return int(bool(other))
    for path in arguments.out.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        write_text(arguments.out / name, text)
    return 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
