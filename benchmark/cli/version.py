"""`ferbench --version`: the version of the package, and the commit where it is a checkout."""

import argparse
import importlib.metadata


class Version(argparse.Action):
    """Prints the version and ends the command. git is asked only then."""

    def __init__(self, option_strings, dest, **given):  # as argparse calls it
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **given)

    def __call__(self, parser, *_):
        print(version())
        parser.exit()


def version() -> str:
    """Such as ``ferbench 0.1.0, commit 9f220d5ca1f0+changes``; without a commit outside a checkout."""
    from benchmark.runs.commit import commit

    made, _, changes = (commit() or "").partition("+")
    return f"ferbench {number()}" + (f", commit {made[:12]}{changes and '+changes'}" if made else "")


def number() -> str:
    """Of a checkout's pyproject.toml, else of the installed package: another version may be installed beside a checkout."""
    from benchmark.protocol.registry import PROJECT, checkout

    return str(checkout().get("version") or importlib.metadata.version(PROJECT))
