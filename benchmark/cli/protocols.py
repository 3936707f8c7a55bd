"""Verbs for protocols of one's own."""

import shlex
from collections.abc import Callable
from pathlib import Path

from benchmark.cli.parsing import START
from benchmark.cli.shared import PREPARED


def protocol_check(arguments) -> None:
    from benchmark.protocol.protocol import load_protocol
    from benchmark.protocol.told import told

    lines = told(load_protocol(arguments.protocol), arguments.prepared)
    print("\n  ".join([f"{arguments.protocol}: in order", *lines]))
    print(f"next: ferbench run {shlex.quote(arguments.protocol)} CELL (`ferbench cells` lists the cells)")


def protocol_template(_arguments) -> None:
    from benchmark.protocol.protocol import TEMPLATE

    print(TEMPLATE.read_text(encoding="utf-8"), end="")


def add(verb: Callable, verbs) -> None:
    """Add the verbs of this module. `verbs`: the subparsers to which `protocol check` and `protocol template` are added."""
    below = verbs.add_parser("protocol", help="check a protocol of your own, or print a template of one")
    two = below.add_subparsers(metavar="VERB", required=True)
    one = verb("check", protocol_check, "check a protocol file: say what it means, or every mistake in it, a line for each",
               "ferbench protocol check my-protocol.yaml", to=two, group=START)  # fmt: skip
    one.add_argument("protocol", help="a file such as my-protocol.yaml, or the name of a protocol of the suite")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    verb("template", protocol_template, "print a protocol file with every field explained",
         "ferbench protocol template > my-protocol.yaml", to=two, group=START)  # fmt: skip
