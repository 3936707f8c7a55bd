"""The verbs of the command `ferbench`. docs/design.md shows how they work together.

Exit status: 0 done; 1 found something wrong; 2 bad input; 3 stopped, and the same command resumes; 4 the system said no;
70 a mistake of the suite. `benchmark.cli.failures` tells them apart and says what each means.
"""

import argparse
import warnings
from collections.abc import Callable, Sequence

from benchmark.cli import (
    checking,
    completing,
    data,
    failures,
    listing,
    machines,
    measuring,
    outside,
    predicting,
    protocols,
    reports,
    studying,
    training,
    verifying,
)
from benchmark.cli.missing import explained
from benchmark.cli.parsing import Command, Parser, groups_of
from benchmark.cli.terminal import plain_output
from benchmark.cli.version import Version
from benchmark.errors import BadInput

TEXT = "A benchmark of facial expression recognition. `ferbench VERB --help` explains a verb and shows an example."


def parser() -> argparse.ArgumentParser:
    """The argument parser of `ferbench`."""
    top = Command(prog="ferbench", description=TEXT, epilog=failures.STATUSES, formatter_class=argparse.RawTextHelpFormatter)
    top.add_argument("--version", action=Version, help="print the version and the commit, and end")
    verbs = top.add_subparsers(metavar="VERB", required=True, parser_class=Parser)

    def verb(name: str, function: Callable, text: str, example: str, to=verbs, group: str = "") -> argparse.ArgumentParser:
        made = to.add_parser(
            name,
            help=text.partition("\n")[0],
            description=text,
            epilog=f"example: {example}",
            formatter_class=argparse.RawTextHelpFormatter,
        )
        made.set_defaults(function=function, verb=made, group=group)
        return made

    listing.add(verb)
    data.add(verb, verbs)
    protocols.add(verb, verbs)
    for module in (training, studying, checking, verifying, machines, measuring, outside, predicting, reports):
        module.add(verb)
    completing.add(verb, top)
    return top


def groups() -> dict[str, list[str]]:
    """What verbs are for -> the verbs ("data add" is one), in the order of `ferbench --help`."""
    return groups_of(parser())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit status. SystemExit for a command line that does not parse (2), and after --help (0)."""
    try:
        with plain_output(), warnings.catch_warnings():
            # timm says so whenever it is imported; whoever runs a command can do nothing about it.
            warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
            arguments = parser().parse_args(argv)
            arguments.function(arguments)
    except SystemExit:
        raise
    except BadInput as error:
        return failures.status_of(explained(error))
    except BaseException as error:  # noqa: BLE001  # what is no mistake of the suite is told apart there
        return failures.status_of(error)
    return 0
