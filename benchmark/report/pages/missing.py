"""The commands that make missing runs."""

from collections.abc import Sequence

from benchmark.claims.finding import Planned
from benchmark.protocol.protocol import protocol_names
from benchmark.report.pages.run_list import command
from benchmark.runs.plan import studies


def missing_runs(planned: Sequence[Planned]) -> list[str]:
    """The commands that make the missing planned runs; empty if no command can.

    All missing runs of a study have one command, because the study finds the learning rates of its cells first.
    """
    known = studies()
    commands = [
        f"python -m benchmark study {known[run.protocol]}"
        if run.protocol in known
        else command(run.protocol, run.cell, run.missing)
        for run in planned
        if run.missing and run.protocol in protocol_names()
    ]
    return list(dict.fromkeys(commands))
